// What every file system behind the seam must do: the machine's and the simulated one.
#include "os/file_system.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "os/aligned_buffer.h"
#include "os/real_file_system.h"
#include "os/simulated_disk.h"

namespace strata::os {
namespace {

// A file system and an empty folder of it.
class Place {
 public:
  virtual ~Place() = default;
  virtual FileSystem& files() = 0;
  virtual std::filesystem::path folder() const = 0;
};

class RealPlace final : public Place {
 public:
  RealPlace() {
    const char* base = std::getenv("TMPDIR");
    std::string name = std::string(base == nullptr ? "/tmp" : base) + "/strata_os_XXXXXX";
    CHECK(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
  }
  ~RealPlace() override { std::filesystem::remove_all(folder_); }
  FileSystem& files() override { return RealFileSystem(); }
  std::filesystem::path folder() const override { return folder_; }

 private:
  std::filesystem::path folder_;
};

template <bool kDirect>
class SimulatedPlace final : public Place {
 public:
  SimulatedPlace() : disk_({.direct = kDirect}) { CHECK(disk_.CreateDirectory("/place")); }
  FileSystem& files() override { return disk_; }
  std::filesystem::path folder() const override { return "/place"; }

 private:
  SimulatedDisk disk_;
};

template <class Kind>
class Conformance : public testing::Test {
 protected:
  FileSystem& files() { return place_.files(); }
  std::filesystem::path At(std::string_view name) { return place_.folder() / name; }
  std::unique_ptr<File> Create(std::string_view name, std::string_view text = "") {
    auto file = files().Open(At(name), {.access = Access::kReadWrite, .create = true});
    CHECK(file);
    CHECK((*file)->WriteAt(0, AsBytes(text)));
    return *std::move(file);
  }
  std::string Read(std::string_view name) {
    auto bytes = files().ReadAll(At(name), 1_MiB);
    return bytes ? std::string(AsText(*bytes)) : "error: " + bytes.error().message;
  }
  Kind place_;
};

using Places = testing::Types<RealPlace, SimulatedPlace<true>, SimulatedPlace<false>>;
TYPED_TEST_SUITE(Conformance, Places);

TYPED_TEST(Conformance, ReadsWhatWasWritten) {
  const auto file = this->Create("a", "hello");
  ASSERT_TRUE(file->WriteAt(3, AsBytes("p me")));
  EXPECT_EQ(*file->Size(), 7U);
  Bytes bytes(100);
  EXPECT_EQ(*file->ReadAt(0, bytes), 7U);
  EXPECT_EQ(AsText(ByteSpan(bytes).first(7)), "help me");
  EXPECT_EQ(*file->ReadAt(7, bytes), 0U);
  EXPECT_EQ(*file->ReadAt(1000, bytes), 0U);
  EXPECT_FALSE(file->direct());
  ASSERT_TRUE(file->Sync());
}

TYPED_TEST(Conformance, AHoleReadsAsZeros) {
  const auto file = this->Create("a");
  ASSERT_TRUE(file->WriteAt(3000, AsBytes("x")));
  Bytes bytes(3001, std::byte{7});
  EXPECT_EQ(*file->ReadAt(0, bytes), 3001U);
  EXPECT_TRUE(
      std::all_of(bytes.begin(), bytes.end() - 1, [](std::byte b) { return b == std::byte{0}; }));
}

TYPED_TEST(Conformance, TruncatesAndAllocates) {
  const auto file = this->Create("a", "hello");
  ASSERT_TRUE(file->Truncate(2));
  EXPECT_EQ(this->Read("a"), "he");
  ASSERT_TRUE(file->Allocate(4));
  EXPECT_EQ(this->Read("a"), std::string("he\0\0", 4));
  ASSERT_TRUE(file->Allocate(1));
  EXPECT_EQ(*file->Size(), 4U);
}

TYPED_TEST(Conformance, OpenOptionsMeanWhatTheySay) {
  auto& files = this->files();
  const auto path = this->At("a");
  EXPECT_EQ(files.Open(path, {}).error().code, Code::kNotFound);
  EXPECT_TRUE(files.Open(path, {.access = Access::kReadWrite, .create = true, .exclusive = true}));
  EXPECT_EQ(files.Open(path, {.access = Access::kReadWrite, .create = true, .exclusive = true})
                .error()
                .code,
            Code::kConflict);
  ASSERT_TRUE((*files.Open(path, {.access = Access::kReadWrite}))->WriteAt(0, AsBytes("old")));
  EXPECT_EQ(this->Read("a"), "old");
  EXPECT_TRUE(files.Open(path, {.access = Access::kReadWrite, .truncate = true}));
  EXPECT_EQ(this->Read("a"), "");
  const auto reader = files.Open(path, {});
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->WriteAt(0, AsBytes("x")).error().code, Code::kIo);
  EXPECT_FALSE(
      files.Open(this->At("missing") / "b", {.access = Access::kReadWrite, .create = true}));
}

TYPED_TEST(Conformance, DirectFilesReadAndWriteBlocks) {
  const OpenOptions options{
      .access = Access::kReadWrite, .create = true, .mode = WriteMode::kDirectSync};
  auto opened = this->files().Open(this->At("a"), options);
  ASSERT_TRUE(opened) << opened.error().message;
  File& file = **opened;
  AlignedBuffer buffer(8192);
  std::ranges::fill(buffer.span(), std::byte{5});
  ASSERT_TRUE(file.WriteAt(4096, ByteSpan(buffer.span()).first(4096)));
  AlignedBuffer read(16384);
  EXPECT_EQ(*file.ReadAt(0, read.span()), 8192U);
  EXPECT_EQ(read.data()[0], std::byte{0});
  EXPECT_EQ(read.data()[8191], std::byte{5});
  if (file.direct()) {
    EXPECT_EQ(file.alignment(), 4096U);
    EXPECT_EQ(file.WriteAt(1, ByteSpan(buffer.span()).first(4096)).error().code, Code::kIo);
    EXPECT_EQ(file.WriteAt(0, ByteSpan(buffer.span()).first(100)).error().code, Code::kIo);
  }
  // A file that does not end at a block is read to its end.
  ASSERT_TRUE(file.Truncate(5000));
  EXPECT_EQ(*file.ReadAt(4096, read.span()), 904U);
}

TYPED_TEST(Conformance, RenameReplacesAndRemoveRemoves) {
  auto& files = this->files();
  this->Create("a", "first");
  this->Create("b", "second");
  ASSERT_TRUE(files.Rename(this->At("a"), this->At("b")));
  EXPECT_EQ(this->Read("b"), "first");
  EXPECT_FALSE(*files.Exists(this->At("a")));
  EXPECT_EQ(files.Rename(this->At("a"), this->At("b")).error().code, Code::kNotFound);
  ASSERT_TRUE(files.Remove(this->At("b")));
  EXPECT_EQ(files.Remove(this->At("b")).error().code, Code::kNotFound);
}

TYPED_TEST(Conformance, AnOpenFileOutlivesItsName) {
  const auto file = this->Create("a", "still here");
  ASSERT_TRUE(this->files().Remove(this->At("a")));
  Bytes bytes(10);
  EXPECT_EQ(*file->ReadAt(0, bytes), 10U);
  EXPECT_EQ(AsText(bytes), "still here");
}

TYPED_TEST(Conformance, FoldersAreMadeListedAndRemoved) {
  auto& files = this->files();
  ASSERT_TRUE(files.CreateDirectories(this->At("x/y/z")));
  ASSERT_TRUE(files.CreateDirectories(this->At("x/y/z/")));
  ASSERT_TRUE(files.CreateDirectory(this->At("x")));
  this->Create("x/file", "");
  ASSERT_TRUE(files.SyncDirectory(this->At("x")));
  const auto entries = files.List(this->At("x"));
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2U);
  EXPECT_EQ((*entries)[0].name, "file");
  EXPECT_EQ((*entries)[0].type, EntryType::kFile);
  EXPECT_EQ((*entries)[1].name, "y");
  EXPECT_EQ((*entries)[1].type, EntryType::kDirectory);
  EXPECT_EQ(files.Remove(this->At("x")).error().code, Code::kIo);  // not empty
  EXPECT_TRUE(files.Remove(this->At("x/y/z")));
  EXPECT_EQ(files.List(this->At("x/y/z")).error().code, Code::kNotFound);
  EXPECT_EQ(files.CreateDirectory(this->At("x/file")).error().code, Code::kNotFound);
  EXPECT_EQ(files.CreateDirectories(this->At("x/file")).error().code, Code::kNotFound);
  EXPECT_EQ(files.SyncDirectory(this->At("none")).error().code, Code::kNotFound);
}

TYPED_TEST(Conformance, StatTellsTypeAndSize) {
  this->Create("a", "12345");
  const auto stat = this->files().GetStat(this->At("a"));
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->type, EntryType::kFile);
  EXPECT_EQ(stat->size, 5U);
  EXPECT_EQ(this->files().GetStat(this->At("b")).error().code, Code::kNotFound);
  const auto space = this->files().FreeSpace(this->At(""));
  ASSERT_TRUE(space);
  EXPECT_GT(space->free_bytes, 0U);
  EXPECT_LE(space->free_bytes, space->total_bytes);
}

TYPED_TEST(Conformance, ALockIsHeldOnce) {
  auto& files = this->files();
  {
    const auto lock = files.Lock(this->At("LOCK"));
    ASSERT_TRUE(lock);
    EXPECT_EQ(files.Lock(this->At("LOCK")).error().code, Code::kConflict);
  }
  EXPECT_TRUE(files.Lock(this->At("LOCK")));
}

TYPED_TEST(Conformance, ReplaceAllReplaces) {
  auto& files = this->files();
  ASSERT_TRUE(files.ReplaceAll(this->At("a"), AsBytes("a longer text")));
  ASSERT_TRUE(files.ReplaceAll(this->At("a"), AsBytes("short")));
  EXPECT_EQ(this->Read("a"), "short");
  EXPECT_EQ(files.ReadAll(this->At("a"), 4).error().code, Code::kTooLarge);
  EXPECT_EQ(files.List(this->At(""))->size(), 1U);
}

TYPED_TEST(Conformance, ManyThreadsReadOneFile) {
  const auto file = this->Create("a", std::string(100'000, 'q'));
  std::vector<std::jthread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      Bytes bytes(1000);
      for (std::uint64_t at = 0; at < 100'000; at += 1000) {
        const auto n = file->ReadAt(at, bytes);
        if (!n || *n != 1000 || bytes[999] != std::byte{'q'}) ++wrong;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace strata::os
