#include "app/table.h"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <simdjson.h>

#include "base/units.h"

namespace strata::app {
namespace {

namespace dom = simdjson::dom;

struct Cell {
  std::string text = {};
  std::size_t width = 0;  // code points
  bool number = false;
};

// One line, and nothing that a terminal would obey.
std::string Printable(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

std::size_t CodePoints(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

Cell MakeCell(dom::element value) {
  Cell cell;
  std::string_view text;
  if (value.is_null()) {
    cell.text = "NULL";
  } else if (value.get(text) == simdjson::SUCCESS) {
    cell.text = Printable(text);
  } else {
    cell.text = simdjson::minify(value);
    cell.number = value.is_number();
  }
  cell.width = CodePoints(cell.text);
  return cell;
}

using Row = std::vector<Cell>;

void AppendRow(std::string& out, const Row& row, const std::vector<std::size_t>& widths) {
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::string padding(widths[i] - row[i].width, ' ');
    const bool last = i + 1 == row.size();
    out += i == 0 ? " " : " | ";
    if (row[i].number) out += padding;
    out += row[i].text;
    if (!row[i].number && !last) out += padding;
  }
  out += '\n';
}

std::string Layout(const Row& head, const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Cell& cell : head) widths.push_back(cell.width);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].width);
  }
  std::string out;
  AppendRow(out, head, widths);
  for (std::size_t i = 0; i < widths.size(); ++i) {
    out += (i == 0 ? "" : "+") + std::string(widths[i] + 2, '-');
  }
  out += '\n';
  for (const Row& row : rows) AppendRow(out, row, widths);
  return out;
}

std::string Summary(dom::element answer, std::size_t rows) {
  std::string text = std::to_string(rows) + (rows == 1 ? " row" : " rows");
  dom::element elapsed;
  if (answer["stats"]["elapsed_ms"].get(elapsed) == simdjson::SUCCESS) {
    text += " in " + std::string(simdjson::minify(elapsed)) + " ms";
  }
  std::uint64_t bytes = 0;
  if (answer["stats"]["bytes_read"].get(bytes) == simdjson::SUCCESS) {
    text += ", " + FormatSize(bytes) + " read";
  }
  return text;
}

Error Malformed() {
  return {Code::kCorrupt,
          "the answer is not what POST /api/v1/sql promises; is that a strata "
          "server?"};
}

}  // namespace

Result<RenderedTable> RenderTable(std::string_view answer) {
  dom::parser parser;
  dom::element root;
  dom::array columns;
  dom::array rows;
  if (parser.parse(answer.data(), answer.size()).get(root) != simdjson::SUCCESS ||
      root["columns"].get(columns) != simdjson::SUCCESS ||
      root["rows"].get(rows) != simdjson::SUCCESS) {
    return Malformed();
  }
  Row head;
  for (const dom::element column : columns) {
    std::string_view name;
    if (column["name"].get(name) != simdjson::SUCCESS) return Malformed();
    head.push_back({.text = Printable(name), .width = CodePoints(Printable(name))});
  }
  std::vector<Row> cells;
  for (const dom::element row : rows) {
    dom::array values;
    if (row.get(values) != simdjson::SUCCESS || values.size() != head.size()) return Malformed();
    Row line;
    for (const dom::element value : values) line.push_back(MakeCell(value));
    cells.push_back(std::move(line));
  }
  RenderedTable table{.text = Layout(head, cells), .summary = Summary(root, cells.size())};
  bool complete = true;
  if (root["stats"]["complete"].get(complete) == simdjson::SUCCESS) table.complete = complete;
  return table;
}

std::string AlignColumns(const std::vector<std::string>& head,
                         const std::vector<std::vector<std::string>>& rows) {
  const auto line = [](const std::vector<std::string>& texts) {
    Row cells;
    cells.reserve(texts.size());
    for (const std::string& text : texts) {
      Cell cell{.text = Printable(text)};
      cell.width = CodePoints(cell.text);
      cell.number = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
      cells.push_back(std::move(cell));
    }
    return cells;
  };
  std::vector<Row> lines;
  lines.reserve(rows.size());
  for (const auto& row : rows) lines.push_back(line(row));
  return Layout(line(head), lines);
}

std::string RenderError(std::string_view answer) {
  dom::parser parser;
  dom::element root;
  std::string_view message;
  std::string_view hint;
  if (parser.parse(answer.data(), answer.size()).get(root) != simdjson::SUCCESS ||
      root["error"]["message"].get(message) != simdjson::SUCCESS) {
    return Printable(answer);
  }
  std::string text(message);
  if (root["error"]["hint"].get(hint) == simdjson::SUCCESS && !hint.empty()) {
    text += "\nhint: " + std::string(hint);
  }
  return text;
}

}  // namespace strata::app
