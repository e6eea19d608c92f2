// Artefact: a file of strata in its place, to be damaged and looked at through the code that reads
// it. One thread each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"

namespace strata::reliability {

// What came of one damage.
struct Finding {
  bool noticed = false;  // strata says that something is wrong
  std::string broken;    // the promise that does not hold; empty: all do

  static Finding Noticed() { return {.noticed = true, .broken = {}}; }
  static Finding Harmless() { return {}; }
  static Finding Broken(std::string why) { return {.noticed = false, .broken = std::move(why)}; }
};

class Artefact {
 public:
  virtual ~Artefact() = default;

  const Bytes& good() const { return good_; }
  // An earlier content of the same file, or another file of its kind.
  const Bytes& older() const { return older_; }

  // The promises on a machine where the file holds `bytes`: what is damaged is noticed, or all
  // answers are equal; what is not damaged is served; nothing else is.
  virtual Finding Look(const Bytes& bytes) = 0;

 protected:
  Bytes good_;
  Bytes older_;
};

// The same for the same seed. Each has at least 60 KiB that count.
std::unique_ptr<Artefact> MakeClosedSegment(std::uint64_t seed);
std::unique_ptr<Artefact> MakeOpenSegment(std::uint64_t seed);  // a kill left it so
std::unique_ptr<Artefact> MakeCursorFile(std::uint64_t seed);
std::unique_ptr<Artefact> MakeManifestFile(std::uint64_t seed);
std::unique_ptr<Artefact> MakeCarryFile(std::uint64_t seed);
std::unique_ptr<Artefact> MakeDedupFile(std::uint64_t seed);
std::unique_ptr<Artefact> MakePart(std::uint64_t seed);
std::unique_ptr<Artefact> MakePartFilter(std::uint64_t seed);

}  // namespace strata::reliability
