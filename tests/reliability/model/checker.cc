#include "model/checker.h"

#include <algorithm>
#include <deque>
#include <span>

#include "base/check.h"
#include "base/hash.h"
#include "model/invariants.h"
#include "model/steps.h"

namespace strata::protocol {
namespace {

using Index = std::uint32_t;
constexpr Index kNone = ~Index{0};

// All states that were met, each once, in the order in which they were met.
class Known {
 public:
  Known() : table_(1U << 16, kNone) {}

  // True when it is new.
  bool Add(const State& state, Index from) {
    if (states_.size() * 2 > table_.size()) Grow();
    Index& place = Find(state);
    if (place != kNone) return false;
    place = static_cast<Index>(states_.size());
    states_.push_back(state);
    from_.push_back(from);
    return true;
  }
  std::size_t size() const { return states_.size(); }
  const State& operator[](Index index) const { return states_[index]; }
  Index From(Index index) const { return from_[index]; }

 private:
  Index& Find(const State& state) {
    const std::size_t mask = table_.size() - 1;
    std::size_t at = Hash64(std::as_bytes(std::span(&state, 1))) & mask;
    while (table_[at] != kNone && states_[table_[at]] != state) at = (at + 1) & mask;
    return table_[at];
  }
  void Grow() {
    table_.assign(table_.size() * 2, kNone);
    for (Index i = 0; i < states_.size(); ++i) Find(states_[i]) = i;
  }

  std::deque<State> states_;  // stay where they are while more are added
  std::vector<Index> from_;
  std::vector<Index> table_;
};

std::vector<std::string> Trace(const Known& known, Index last, const Config& config) {
  std::vector<std::string> trace;
  for (Index at = last; known.From(at) != kNone; at = known.From(at)) {
    std::string text;
    ForEachStep(known[known.From(at)], config, [&](const State& next, const Step& step) {
      if (text.empty() && next == known[at]) text = step.Text();
    });
    CHECK(!text.empty());
    trace.push_back(std::move(text));
  }
  std::ranges::reverse(trace);
  return trace;
}

}  // namespace

Verdict Explore(const Config& config, std::uint64_t states_max) {
  Verdict verdict;
  Known known;
  known.Add(State{}, kNone);
  std::size_t end_of_depth = 1;
  for (Index at = 0; at < known.size() && verdict.broken.empty(); ++at) {
    if (at == end_of_depth) {
      ++verdict.depth;
      end_of_depth = known.size();
    }
    ForEachStep(known[at], config, [&](const State& next, const Step&) {
      ++verdict.steps;
      if (!verdict.broken.empty() || !known.Add(next, at)) return;
      const char* broken = BrokenInvariant(next);
      if (broken == nullptr) return;
      verdict.broken = broken;
      verdict.trace = Trace(known, static_cast<Index>(known.size() - 1), config);
    });
    if (known.size() >= states_max) {
      verdict.complete = at + 1 == known.size();
      break;
    }
  }
  verdict.states = known.size();
  return verdict;
}

}  // namespace strata::protocol
