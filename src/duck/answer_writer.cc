#include "duck/answer_writer.h"

#include "base/check.h"
#include "duck/parquet_output.h"
#include "duck/plain_json.h"
#include "duck/value_writer.h"

namespace strata::duck {
namespace {

using duckdb::idx_t;

std::vector<ValueWriter> ValuesOf(duckdb::DataChunk& chunk, idx_t count) {
  std::vector<ValueWriter> values;
  values.reserve(chunk.ColumnCount());
  for (auto& vector : chunk.data) values.emplace_back(vector, count);
  return values;
}

class JsonWriter final : public AnswerWriter {
 public:
  explicit JsonWriter(const ResultColumns& columns) {
    body_ = R"({"columns":[)";
    for (std::size_t i = 0; i < columns.names.size(); ++i) {
      if (i != 0) body_ += ',';
      body_ += R"({"name":)";
      AppendJsonString(body_, columns.names[i]);
      body_ += R"(,"type":)";
      AppendJsonString(body_, columns.types[i].ToString());
      body_ += '}';
    }
    body_ += R"(],"rows":[)";
  }
  void Add(duckdb::DataChunk& chunk, idx_t count) override {
    const auto values = ValuesOf(chunk, count);
    for (idx_t row = 0; row < count; ++row) {
      if (!first_) body_ += ',';
      first_ = false;
      body_ += '[';
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (i != 0) body_ += ',';
        values[i].AppendJson(row, body_);
      }
      body_ += ']';
    }
  }
  void Finish(const AnswerStats& stats) override {
    char buffer[40];
    body_ += R"(],"stats":{"rows":)" + std::to_string(stats.rows);
    body_ += R"(,"elapsed_ms":)";
    body_ += FormatDouble(
        static_cast<double>(static_cast<std::int64_t>(stats.elapsed_ms * 1000)) / 1000, buffer);
    body_ += R"(,"bytes_read":)" + std::to_string(stats.bytes_read) + R"(,"tiers":[)";
    for (std::size_t i = 0; i < stats.tiers.size(); ++i) {
      body_ += (i == 0 ? "\"" : ",\"") + stats.tiers[i] + '"';
    }
    body_ += R"(],"position":)" + std::to_string(stats.position);
    body_ += R"(,"complete":)";
    body_ += stats.complete ? "true}}" : "false}}";
  }
  std::string ContentType() const override { return "application/json"; }

 private:
  bool first_ = true;
};

class NdjsonWriter final : public AnswerWriter {
 public:
  explicit NdjsonWriter(const ResultColumns& columns) {
    for (const auto& name : columns.names) {
      std::string key = keys_.empty() ? "{" : ",";
      AppendJsonString(key, name);
      key += ':';
      keys_.push_back(std::move(key));
    }
  }
  void Add(duckdb::DataChunk& chunk, idx_t count) override {
    const auto values = ValuesOf(chunk, count);
    for (idx_t row = 0; row < count; ++row) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        body_ += keys_[i];
        values[i].AppendJson(row, body_);
      }
      body_ += "}\n";
    }
  }
  void Finish(const AnswerStats&) override {}
  std::string ContentType() const override { return "application/x-ndjson"; }

 private:
  std::vector<std::string> keys_;
};

// RFC 4180 with a header; NULL is an empty field, an empty text is "".
class CsvWriter final : public AnswerWriter {
 public:
  explicit CsvWriter(const ResultColumns& columns) {
    for (std::size_t i = 0; i < columns.names.size(); ++i) {
      if (i != 0) body_ += ',';
      AppendField(columns.names[i]);
    }
    body_ += "\r\n";
  }
  void Add(duckdb::DataChunk& chunk, idx_t count) override {
    const auto values = ValuesOf(chunk, count);
    std::string text;
    for (idx_t row = 0; row < count; ++row) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (i != 0) body_ += ',';
        if (values[i].IsNull(row)) continue;
        text.clear();
        values[i].AppendText(row, text);
        AppendField(text);
      }
      body_ += "\r\n";
    }
  }
  void Finish(const AnswerStats&) override {}
  std::string ContentType() const override { return "text/csv; charset=utf-8"; }

 private:
  void AppendField(std::string_view text) {
    if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
      body_ += text;
      return;
    }
    body_ += '"';
    for (const char c : text) {
      if (c == '"') body_ += '"';
      body_ += c;
    }
    body_ += '"';
  }
};

class ParquetAnswer final : public AnswerWriter {
 public:
  ParquetAnswer(const ResultColumns& columns, duckdb::ClientContext& context)
      : output_(context, {.names = columns.names, .types = columns.types}) {}
  void Add(duckdb::DataChunk& chunk, idx_t count) override {
    chunk.SetCardinality(count);
    output_.Append(chunk);
    body_ = {};
  }
  void Finish(const AnswerStats&) override { body_ = output_.Finish(); }
  std::string ContentType() const override { return "application/vnd.apache.parquet"; }

 private:
  ParquetBuffer output_;
};

}  // namespace

std::unique_ptr<AnswerWriter> MakeAnswerWriter(Format format, const ResultColumns& columns,
                                               duckdb::ClientContext& context) {
  switch (format) {
    case Format::kJson:
      return std::make_unique<JsonWriter>(columns);
    case Format::kNdjson:
      return std::make_unique<NdjsonWriter>(columns);
    case Format::kCsv:
      return std::make_unique<CsvWriter>(columns);
    case Format::kParquet:
      return std::make_unique<ParquetAnswer>(columns, context);
  }
  CHECK(false);
}

}  // namespace strata::duck
