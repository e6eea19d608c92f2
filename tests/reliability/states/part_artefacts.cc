// The files of a part: Parquet and the filter of its trace ids.
#include "base/hash.h"
#include "duck/part_cache.h"
#include "duck/part_filter.h"
#include "duck/part_loader.h"
#include "duck/part_writer.h"
#include "model/schema.h"
#include "model/test_lane.h"
#include "os/simulated_disk.h"
#include "states/artefact.h"
#include "states/part_reader.h"
#include "states/random_bytes.h"

namespace strata::reliability {
namespace {

constexpr const char* kFolder = "parts";

class PartFile final : public Artefact {
 public:
  explicit PartFile(std::uint64_t seed) : random_(seed), disk_({.seed = seed}) {
    CHECK(disk_.CreateDirectories(kFolder));
    older_ = disk_.Content(Write("1-60").path);
    bodies_.clear();
    part_ = Write("61-120");
    good_ = disk_.Content(part_.path);
    CHECK(good_.size() > duck::kPartBlockBytes);
  }

  Finding Look(const Bytes& bytes) override {
    disk_.SetContent(part_.path, bytes);
    model::TestLane lane(model::Kind::kLogs, 256);
    std::string wrong;
    std::size_t rows = 0;
    const auto loaded = duck::LoadPart(
        model::Kind::kLogs, part_, disk_, lane,
        [&](duck::Position position, const std::vector<model::RowRange>& ranges) {
          const bool known = ranges.size() == 1 && position >= 1 && position <= bodies_.size();
          const bool same = known && BodyOf(*ranges[0].block, ranges[0].begin, ranges[0].end) ==
                                         bodies_[position - 1];
          if (!same) wrong = "other rows at position " + std::to_string(position);
          ++rows;
        });
    if (!wrong.empty()) return Finding::Broken(wrong);
    if (loaded) {
      return rows == bodies_.size() ? Finding::Harmless() : Finding::Broken("rows are gone");
    }
    const Error& error = loaded.error();
    if (error.code != Code::kCorrupt) return Finding::Broken("no damage: " + error.message);
    const bool names_file = error.message.find(part_.path) != std::string::npos;
    return names_file ? Finding::Noticed() : Finding::Broken("names no file: " + error.message);
  }

 private:
  static constexpr int kRows = 60;

  duck::PartRef Write(const std::string& name) {
    model::TestLane lane(model::Kind::kLogs, 256);
    for (int i = 1; i <= kRows; ++i) {
      bodies_.push_back(RandomText(random_, 1800));
      model::RowWriter writer(lane);
      writer.BeginRow();
      writer.SetText(model::kLogBody, bodies_.back());
      writer.CommitRow();
      lane.Publish(writer, static_cast<std::uint64_t>(i));
    }
    const std::string path = std::string(kFolder) + "/" + name + ".parquet";
    const auto slices = lane.Slices();
    auto info = duck::WritePart(model::Kind::kLogs, slices, {}, disk_, path);
    CHECK(info);
    return {.path = path, .info = std::make_shared<const duck::PartInfo>(*std::move(info))};
  }

  std::mt19937_64 random_;
  os::SimulatedDisk disk_;
  std::vector<std::string> bodies_;  // of positions 1, 2, …
  duck::PartRef part_;
};

class FilterFile final : public Artefact {
 public:
  explicit FilterFile(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    CHECK(disk_.CreateDirectories(kFolder));
    older_ = Make(random);
    good_ = Make(random);
    duck::PartInfo info{.filter_bytes = good_.size(), .filter_hash = Hash64(good_)};
    part_ = {.path = std::string(kFolder) + "/1-2.parquet",
             .info = std::make_shared<const duck::PartInfo>(std::move(info))};
  }

  // Without a filter all row groups are read: only a filter that is not this part's is wrong.
  Finding Look(const Bytes& bytes) override {
    disk_.SetContent(duck::FilterPath(part_.path), bytes);
    const auto filter = duck::LoadFilter(disk_, part_);
    if (filter == nullptr || filter->Encode() == good_) return Finding::Harmless();
    return Finding::Broken("rows are left out by the filter of another part");
  }

 private:
  static Bytes Make(std::mt19937_64& random) {
    duck::PartFilter filter;
    for (int group = 0; group < 4; ++group) {
      std::vector<std::uint64_t> hashes(11'000);
      for (std::uint64_t& hash : hashes) hash = random();
      filter.AddGroup(hashes);
    }
    return filter.Encode();
  }

  os::SimulatedDisk disk_;
  duck::PartRef part_;
};

}  // namespace

std::unique_ptr<Artefact> MakePart(std::uint64_t seed) {
  return std::make_unique<PartFile>(seed);
}

std::unique_ptr<Artefact> MakePartFilter(std::uint64_t seed) {
  return std::make_unique<FilterFile>(seed);
}

}  // namespace strata::reliability
