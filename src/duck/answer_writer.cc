#include "duck/answer_writer.h"

#include <algorithm>

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
    body_ += stats.complete ? "true" : "false";
    if (stats.missing_rows) body_ += R"(,"missing_rows":)" + std::to_string(*stats.missing_rows);
    body_ += "}}";
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

// About how much memory the values of a flat vector take.
std::size_t BytesOf(duckdb::Vector& vector, idx_t count) {
  std::size_t bytes = duckdb::GetTypeIdSize(vector.GetType().InternalType()) * count;
  switch (vector.GetType().InternalType()) {
    case duckdb::PhysicalType::VARCHAR: {
      const auto* texts = duckdb::FlatVector::GetData<duckdb::string_t>(vector);
      for (idx_t i = 0; i < count; ++i) {
        if (!duckdb::FlatVector::IsNull(vector, i)) bytes += texts[i].GetSize();
      }
      return bytes;
    }
    case duckdb::PhysicalType::LIST:
      return bytes +
             BytesOf(duckdb::ListVector::GetEntry(vector), duckdb::ListVector::GetListSize(vector));
    case duckdb::PhysicalType::ARRAY:
      return BytesOf(duckdb::ArrayVector::GetEntry(vector),
                     count * duckdb::ArrayType::GetSize(vector.GetType()));
    case duckdb::PhysicalType::STRUCT:
      for (auto& field : duckdb::StructVector::GetEntries(vector)) bytes += BytesOf(*field, count);
      return bytes;
    default:
      return bytes;
  }
}

class ParquetAnswer final : public AnswerWriter {
 public:
  ParquetAnswer(const ResultColumns& columns, duckdb::ClientContext& context)
      : context_(context),
        types_(columns.types),
        output_(context, {.names = columns.names, .types = columns.types},
                [this](const void* data, std::size_t bytes) {
                  body_.append(static_cast<const char*>(data), bytes);
                }) {}
  void Add(duckdb::DataChunk& chunk, idx_t count) override {
    chunk.SetCardinality(count);
    auto& copy = *chunks_.emplace_back(std::make_unique<duckdb::DataChunk>());
    copy.Initialize(context_, types_, std::max<idx_t>(count, STANDARD_VECTOR_SIZE));
    chunk.Copy(copy);
    for (auto& vector : copy.data) chunk_bytes_ += BytesOf(vector, count);
    rows_ += count;
    if (rows_ >= kGroupRows || chunk_bytes_ >= kGroupBytes) WriteRowGroup();
  }
  void Finish(const AnswerStats&) override {
    if (rows_ > 0) WriteRowGroup();
    output_.Finish();
  }
  std::size_t bytes() const override { return body_.size() + chunk_bytes_; }
  std::string ContentType() const override { return "application/vnd.apache.parquet"; }

 private:
  // A row group is written when either is reached: what waits is not compressed.
  static constexpr idx_t kGroupRows = 32'768;
  static constexpr std::size_t kGroupBytes = 16U << 20;

  void WriteRowGroup() {
    output_.BeginRowGroup(rows_);
    std::vector<ColumnBatch> batches(chunks_.size());
    for (std::size_t column = 0; column < types_.size(); ++column) {
      for (std::size_t i = 0; i < chunks_.size(); ++i) {
        batches[i] = {.vector = &chunks_[i]->data[column], .rows = chunks_[i]->size()};
      }
      output_.WriteColumn(batches, /*may_repeat=*/true);
    }
    output_.EndRowGroup();
    chunks_.clear();
    rows_ = 0;
    chunk_bytes_ = 0;
  }

  duckdb::ClientContext& context_;
  const duckdb::vector<duckdb::LogicalType> types_;
  ParquetOutput output_;
  std::vector<std::unique_ptr<duckdb::DataChunk>> chunks_;  // of the row group at hand, flat
  idx_t rows_ = 0;
  std::size_t chunk_bytes_ = 0;
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
