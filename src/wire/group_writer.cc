#include "wire/group_writer.h"

#include <algorithm>
#include <utility>

namespace strata::wire {

void GroupWriter::SetLevels(const std::vector<GroupLevel>& levels) {
  std::size_t same = 0;
  while (same < open_.size() && same < levels.size() && open_[same].level == levels[same]) ++same;
  CloseDownTo(same);
  for (std::size_t i = same; i < levels.size(); ++i) {
    const std::size_t begin = writer_.BeginMessage(levels[i].field);
    request_ += levels[i].before;
    open_.push_back({.level = levels[i], .begin = begin});
  }
}

void GroupWriter::CloseDownTo(std::size_t depth) {
  while (open_.size() > depth) {
    request_ += open_.back().level.after;
    writer_.EndMessage(open_.back().begin);
    open_.pop_back();
  }
}

std::string GroupWriter::Finish() {
  CloseDownTo(0);
  return std::exchange(request_, {});
}

}  // namespace strata::wire
