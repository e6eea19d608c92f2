// PartFileSystem: the only files that DuckDB reaches; strata://<path> where <path> is a part of the
// running statement's snapshot. Read only; every block is checked against its checksum before a
// byte of it is given out. Internal to module duck.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "duckdb/common/file_system.hpp"

namespace strata::duck {

inline constexpr const char* kPartScheme = "strata://";

class PartFileSystem final : public duckdb::FileSystem {
 public:
  duckdb::unique_ptr<duckdb::FileHandle> OpenFile(
      const duckdb::string& path, duckdb::FileOpenFlags flags,
      duckdb::optional_ptr<duckdb::FileOpener> opener) override;
  void Read(duckdb::FileHandle& handle, void* buffer, std::int64_t bytes,
            duckdb::idx_t location) override;
  std::int64_t Read(duckdb::FileHandle& handle, void* buffer, std::int64_t bytes) override;
  std::int64_t GetFileSize(duckdb::FileHandle& handle) override;
  duckdb::timestamp_t GetLastModifiedTime(duckdb::FileHandle& handle) override;
  duckdb::string GetVersionTag(duckdb::FileHandle& handle) override;
  duckdb::FileType GetFileType(duckdb::FileHandle& handle) override;
  bool FileExists(const duckdb::string& path,
                  duckdb::optional_ptr<duckdb::FileOpener> opener) override;
  void Seek(duckdb::FileHandle& handle, duckdb::idx_t location) override;
  duckdb::idx_t SeekPosition(duckdb::FileHandle& handle) override;
  bool CanSeek() override { return true; }
  // So that whole column chunks are fetched at once.
  bool OnDiskFile(duckdb::FileHandle&) override { return false; }
  bool CanHandleFile(const duckdb::string& path) override;
  duckdb::vector<duckdb::OpenFileInfo> Glob(const duckdb::string&, duckdb::FileOpener*) override {
    return {};
  }
  std::string GetName() const override { return "strata"; }
};

}  // namespace strata::duck
