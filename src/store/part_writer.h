// What the store needs of whoever writes part files. Implementations: DuckPartWriter, and a small
// one in tests, so that thousands of crashes can be tried in seconds.
#pragma once

#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "duck/part_describe.h"
#include "duck/part_writer.h"
#include "model/block.h"
#include "model/kind.h"
#include "os/file_system.h"
#include "os/stoppable_file_system.h"

namespace strata::store {

class PartWriter {
 public:
  virtual ~PartWriter() = default;

  // Both: a new file at `path`, as module os opens it. Success: it is durable under its name, and
  // so are the files beside it. Failure: what lies at `path` is not to be used.
  virtual Result<duck::PartInfo> Write(model::Kind kind, std::span<const model::BlockSlice> slices,
                                       const std::string& path) = 0;
  // Ends with kUnavailable soon after a stop is requested.
  virtual Result<duck::PartInfo> Merge(model::Kind kind, std::span<const duck::PartRef> inputs,
                                       const std::string& path, const std::stop_token& stop) = 0;
  // What a part tells of itself, for a manifest that lost its entry. kCorrupt: it is not whole.
  virtual Result<duck::PartInfo> Describe(model::Kind kind, const std::string& path) = 0;
};

// Parquet.
class DuckPartWriter final : public PartWriter {
 public:
  DuckPartWriter(const duck::PartOptions& options, os::FileSystem& files)
      : options_(options), files_(files) {}

  Result<duck::PartInfo> Write(model::Kind kind, std::span<const model::BlockSlice> slices,
                               const std::string& path) override {
    return duck::WritePart(kind, slices, options_, files_, path);
  }
  Result<duck::PartInfo> Merge(model::Kind kind, std::span<const duck::PartRef> inputs,
                               const std::string& path, const std::stop_token& stop) override {
    os::StoppableFileSystem files(files_, stop);
    return duck::MergeParts(kind, inputs, options_, files, path);
  }

  Result<duck::PartInfo> Describe(model::Kind kind, const std::string& path) override {
    return duck::DescribePart(kind, path, files_);
  }

 private:
  const duck::PartOptions options_;
  os::FileSystem& files_;
};

}  // namespace strata::store
