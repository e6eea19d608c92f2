// GroupWriter: nests records into the groups of an OTLP request. Internal to wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "wire/proto_writer.h"

namespace strata::wire {

// A message that contains records or other groups: its fields before and after them.
struct GroupLevel {
  std::uint32_t field = 0;  // in the message around it
  std::string before;
  std::string after;
  // Two levels are one group when field, before, after and this are equal; for what a level's only
  // child says (a Metric and its data).
  std::string child;
  bool operator==(const GroupLevel&) const = default;
};

class GroupWriter {
 public:
  GroupWriter() : writer_(request_) {}
  GroupWriter(const GroupWriter&) = delete;
  GroupWriter& operator=(const GroupWriter&) = delete;

  // The groups around the records to come, outermost first. Groups that stay equal stay open.
  void SetLevels(const std::vector<GroupLevel>& levels);
  void AddRecord(std::uint32_t field, std::string_view record) { writer_.Bytes(field, record); }
  // Closes all groups and hands out the request; the writer is empty again.
  std::string Finish();

 private:
  struct Open {
    GroupLevel level;
    std::size_t begin;  // as ProtoWriter::BeginMessage returned it
  };
  void CloseDownTo(std::size_t depth);

  std::string request_;
  ProtoWriter writer_;
  std::vector<Open> open_;
};

}  // namespace strata::wire
