// What tests of module duck share: an engine, snapshots, answers.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "duck/engine.h"
#include "duck/part_writer.h"
#include "duck/test_rows.h"
#include "os/real_file_system.h"
#include "os/simulated_disk.h"

namespace strata::duck {

// A disk in memory with one folder, /parts.
class TestDisk {
 public:
  TestDisk() { CHECK(disk_.CreateDirectory("/parts").has_value()); }
  os::SimulatedDisk& files() { return disk_; }

 private:
  os::SimulatedDisk disk_;
};

inline std::unique_ptr<Engine> OpenEngine(os::FileSystem& files,
                                          EngineConfig config = {.concurrency = 1, .threads = 2}) {
  auto engine = Engine::Open(config, files);
  CHECK(engine.has_value());
  return *std::move(engine);
}

inline std::shared_ptr<Snapshot> SnapshotOf(model::Kind kind, std::vector<model::BlockSlice> hot,
                                            std::vector<PartRef> parts = {}) {
  auto snapshot = std::make_shared<Snapshot>();
  snapshot->position = 77;
  snapshot->kinds[kind].push_back({.collection = std::string(model::KindName(kind)),
                                   .hot = std::move(hot),
                                   .parts = std::move(parts)});
  return snapshot;
}

inline PartRef MustWritePart(model::Kind kind, const std::vector<model::BlockSlice>& slices,
                             os::FileSystem& files, const std::string& path,
                             const PartOptions& options = {}) {
  auto info = WritePart(kind, slices, options, files, path);
  EXPECT_TRUE(info.has_value()) << (info ? "" : info.error().message);
  CHECK(info.has_value());
  return {.path = path, .info = std::make_shared<PartInfo>(*std::move(info))};
}

// The answer as CSV, or "error: <code>: <message>".
inline std::string Ask(Engine& engine, const std::shared_ptr<const Snapshot>& snapshot,
                       const std::string& sql, Format format = Format::kCsv) {
  const auto outcome = engine.Run({.sql = sql, .format = format}, snapshot);
  if (const auto* error = std::get_if<SqlError>(&outcome)) {
    return "error: " + std::string(CodeName(error->code)) + ": " + error->message;
  }
  return std::get<Answer>(outcome).body;
}

// The rows of the JSON answer as text.
inline std::string Rows(Engine& engine, const std::shared_ptr<const Snapshot>& snapshot,
                        const std::string& sql) {
  const std::string body = Ask(engine, snapshot, sql, Format::kJson);
  const std::size_t begin = body.find(R"("rows":)");
  const std::size_t end = body.rfind(R"(,"stats":)");
  if (begin == std::string::npos || end == std::string::npos) return body;
  return body.substr(begin + 7, end - begin - 7);
}

}  // namespace strata::duck
