// AnswerWriter: turns the chunks of a result into the body of an answer. Internal to module duck.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "duck/engine.h"
#include "duckdb/common/types/data_chunk.hpp"
#include "duckdb/main/client_context.hpp"

namespace strata::duck {

struct ResultColumns {
  std::vector<std::string> names;
  duckdb::vector<duckdb::LogicalType> types;
};

// What JSON says behind the rows.
struct AnswerStats {
  std::uint64_t rows = 0;
  double elapsed_ms = 0;
  std::uint64_t bytes_read = 0;
  std::vector<std::string> tiers;
  Position position = 0;
  bool complete = true;
  std::optional<std::uint64_t> missing_rows;
};

class AnswerWriter {
 public:
  virtual ~AnswerWriter() = default;
  // Rows [0, count) of the chunk.
  virtual void Add(duckdb::DataChunk& chunk, duckdb::idx_t count) = 0;
  virtual void Finish(const AnswerStats& stats) = 0;
  virtual std::string ContentType() const = 0;
  // Memory that the answer takes so far.
  virtual std::size_t bytes() const { return body_.size(); }
  std::string TakeBody() { return std::move(body_); }

 protected:
  std::string body_;
};

// The context lives longer than the writer. Throws what DuckDB throws.
std::unique_ptr<AnswerWriter> MakeAnswerWriter(Format format, const ResultColumns& columns,
                                               duckdb::ClientContext& context);

}  // namespace strata::duck
