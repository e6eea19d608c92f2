// The files of the store and of ingest: manifest, carry file, table of requests.
#include <map>
#include <set>

#include "ingest/dedup.h"
#include "os/simulated_disk.h"
#include "states/artefact.h"
#include "states/random_bytes.h"
#include "store/carry_file.h"
#include "store/manifest.h"
#include "store/manifest_file.h"

namespace strata::reliability {
namespace {

using wal::Position;

constexpr std::uint64_t kLive = 64 << 10;  // bytes that each file has at least

std::string At(Position position) {
  return "position " + std::to_string(position);
}

bool IsIntact(const Bytes& bytes, const Bytes& good, std::uint64_t from, std::uint64_t to) {
  return bytes.size() >= to && AsText(ByteSpan(bytes).subspan(from, to - from)) ==
                                   AsText(ByteSpan(good).subspan(from, to - from));
}

// The newest generation. It is kept twice, so nothing of it may be lost, whatever becomes of one
// file.
class ManifestFile final : public Artefact {
 public:
  explicit ManifestFile(std::uint64_t seed) : random_(seed), disk_({.seed = seed}) {
    auto manifest = *store::Manifest::Open(kDataFolder, kNamespace, disk_);
    CHECK(manifest->Apply({store::AddCollection{kCollection, model::Kind::kLogs, "logs"}}));
    // Until a generation has been followed by another one, which has grown.
    while (Files().size() < 4 || manifest->file_bytes() < 2 * kLive) {
      if (Files().size() == 4 && older_.empty()) older_ = disk_.Content(Newest());
      Seal(*manifest);
    }
    path_ = Newest();
    good_ = disk_.Content(path_);
    CHECK(older_.size() < good_.size());
    state_ = store::EncodeEdit(store::CheckpointOf(*manifest->Pin()));
  }

  Finding Look(const Bytes& bytes) override {
    disk_.SetContent(path_, bytes);
    const auto opened = store::Manifest::Open(kDataFolder, kNamespace, disk_);
    if (!opened) return Finding::Broken("does not open: " + opened.error().message);
    if (store::EncodeEdit(store::CheckpointOf(*(*opened)->Pin())) != state_) {
      return Finding::Broken("another state, sequence " +
                             std::to_string((*opened)->Pin()->sequence));
    }
    const store::ManifestReport& report = (*opened)->report();
    if (report.lost_edits) return Finding::Broken("edits are reported as lost");
    return report.damage.empty() ? Finding::Harmless() : Finding::Noticed();
  }

 private:
  static constexpr const char* kDataFolder = "data";
  static constexpr const char* kNamespace = "prod";
  static constexpr model::CollectionId kCollection = 1;

  std::vector<std::string> Files() const { return disk_.Files(); }
  // Mirrors come before their files: by name, and Files() is sorted.
  std::string Newest() const { return Files()[Files().size() - 2]; }
  void Seal(store::Manifest& manifest) {
    const Position first = last_ + 1;
    last_ = first + random_() % 1000;
    duck::PartInfo info{.bytes = 1000 + random_() % 1'000'000,
                        .rows = 1 + random_() % 100'000,
                        .min_position = first,
                        .max_position = last_,
                        .min_time = 1,
                        .max_time = static_cast<std::int64_t>(random_() % 1'000'000),
                        .block_crcs = {static_cast<std::uint32_t>(random_())},
                        .filter_bytes = 64,
                        .columns = {{.name = "a.http.route", .key = "http.route"}}};
    auto part = std::make_shared<const store::Part>(
        store::Part{.collection = kCollection,
                    .path = "parts/prod/logs/2026-11-21/16/" + store::PartFileName(first, last_, 0),
                    .first_arrival_ns = 1,
                    .last_arrival_ns = 2,
                    .info = std::make_shared<const duck::PartInfo>(std::move(info))});
    CHECK(manifest.Apply({store::AddPart{part}, store::SetSealed{kCollection, last_}}));
  }

  std::mt19937_64 random_;
  os::SimulatedDisk disk_;
  std::string path_;
  Position last_ = 0;
  Bytes state_;
};

// Frames beside an index that says which they are: what is lost is told exactly.
class CarryFile final : public Artefact {
 public:
  explicit CarryFile(std::uint64_t seed) : random_(seed), disk_({.seed = seed}) {
    CHECK(disk_.CreateDirectories(kFolder));
    older_ = Write(kNumber - 1);
    good_ = Write(kNumber);
  }

  Finding Look(const Bytes& bytes) override {
    disk_.SetContent(PathOf(kNumber), bytes);
    std::map<Position, std::string> served;
    std::string wrong;
    const auto read =
        store::ReadCarry(kFolder, kNumber, disk_, [&](const wal::FrameView& frame) -> Status {
          const bool is_new = served.emplace(frame.position, AsText(frame.payload)).second;
          if (!is_new) wrong = At(frame.position) + " is served twice";
          return Done{};
        });
    if (!read) return Finding::Broken("does not open: " + read.error().message);
    if (!wrong.empty()) return Finding::Broken(wrong);
    wrong = Compare(*read, served, bytes);
    if (!wrong.empty()) return Finding::Broken(wrong);
    return read->sound() ? Finding::Harmless() : Finding::Noticed();
  }

 private:
  static constexpr const char* kFolder = "data/carry";
  static constexpr std::uint64_t kNumber = 3;
  struct Frame {
    std::string payload;
    std::uint64_t offset = 0;
    std::uint64_t end = 0;
  };

  static std::string PathOf(std::uint64_t number) {
    return std::string(kFolder) + "/" + store::CarryFileName(number);
  }
  std::string Compare(const store::CarryOutcome& read,
                      const std::map<Position, std::string>& served, const Bytes& bytes) const {
    for (const auto& [position, payload] : served) {
      const auto found = frames_.find(position);
      if (found == frames_.end()) return At(position) + " was never carried";
      if (found->second.payload != payload) return At(position) + " has other bytes";
    }
    if (read.lost_unnamed != 0) return "what is lost is not named";
    std::set<Position> lost;
    for (const store::CarryEntry& entry : read.lost) lost.insert(entry.position);
    for (const auto& [position, frame] : frames_) {
      if (served.contains(position) == lost.contains(position)) {
        return At(position) + (lost.contains(position) ? " is served and reported as lost"
                                                       : " is gone in silence");
      }
      if (IsIntact(bytes, good_, frame.offset, frame.end) && !served.contains(position)) {
        return At(position) + " is whole and not served";
      }
    }
    return "";
  }
  Bytes Write(std::uint64_t number) {
    frames_.clear();
    auto writer =
        store::CarryWriter::Create(kFolder, number, static_cast<std::uint32_t>(random_()), disk_);
    CHECK(writer);
    Position position = number * 1000;
    for (std::uint64_t at = store::kCarryHeaderBytes; at < kLive;) {
      position += 1 + random_() % 3;
      const std::string payload = RandomText(random_, random_() % 1500);
      CHECK(writer->Append({.position = position,
                            .info = {.namespace_id = 1, .collection_id = 2, .record_count = 1},
                            .payload = AsBytes(payload)}));
      const std::uint64_t end = at + wal::kFrameHeaderBytes + payload.size();
      frames_[position] = {.payload = payload, .offset = at, .end = end};
      at = wal::AlignUp(end, wal::kFrameAlignment);
    }
    CHECK(writer->Finish(position));
    return disk_.Content(PathOf(number));
  }

  std::mt19937_64 random_;
  os::SimulatedDisk disk_;
  std::map<Position, Frame> frames_;
};

class DedupFile final : public Artefact {
 public:
  explicit DedupFile(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    ingest::Dedup dedup({});
    for (std::uint64_t i = 1; i <= 1200; ++i) {
      dedup.Add({.position = i * 3,
                 .received_ns = static_cast<std::int64_t>(i),
                 .payload = {random(), random()},
                 .key = {random() % 4 == 0 ? random() : 0, 0},
                 .rejected = static_cast<std::uint32_t>(random() % 3),
                 .by_payload = true});
      if (i == 900) older_ = dedup.Encode();
    }
    good_ = dedup.Encode();
  }

  // An older table is a whole one: requests that it does not know are stored again when they are
  // sent again, as if their window had ended.
  Finding Look(const Bytes& bytes) override {
    ingest::Dedup dedup({});
    if (const Status decoded = dedup.Decode(bytes); !decoded) {
      const bool corrupt = decoded.error().code == Code::kCorrupt && dedup.size() == 0;
      return corrupt ? Finding::Noticed() : Finding::Broken(decoded.error().message);
    }
    const Bytes known = dedup.Encode();
    if (known == good_ || known == older_) return Finding::Harmless();
    return Finding::Broken("a table that never was");
  }
};

}  // namespace

std::unique_ptr<Artefact> MakeManifestFile(std::uint64_t seed) {
  return std::make_unique<ManifestFile>(seed);
}

std::unique_ptr<Artefact> MakeCarryFile(std::uint64_t seed) {
  return std::make_unique<CarryFile>(seed);
}

std::unique_ptr<Artefact> MakeDedupFile(std::uint64_t seed) {
  return std::make_unique<DedupFile>(seed);
}

}  // namespace strata::reliability
