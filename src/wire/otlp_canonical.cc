#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "wire/decode_state.h"
#include "wire/group_writer.h"
#include "wire/otlp_encode.h"
#include "wire/otlp_schema.h"

namespace strata::wire {
namespace {

// One field of a message as it came.
struct Occurrence {
  const FieldSpec* field;
  std::string_view bytes;  // of fields with a length
  std::uint64_t bits;      // of others
};

const FieldSpec* FindField(const MessageSpec& spec, std::uint32_t number) {
  const auto found = std::ranges::find(spec.fields, number, &FieldSpec::number);
  return found == spec.fields.end() ? nullptr : &*found;
}

std::uint64_t ReadBits(ProtoCursor& cursor, std::uint32_t wire_type) {
  return wire_type == kFixed64   ? cursor.Fixed64()
         : wire_type == kFixed32 ? cursor.Fixed32()
                                 : cursor.Varint();
}

// The number as its type has it: protobuf cuts what is too long.
std::uint64_t Normalize(FieldType type, std::uint64_t bits) {
  switch (type) {
    case FieldType::kBool:
      return bits != 0 ? 1 : 0;
    case FieldType::kUint32:
    case FieldType::kSint32:
      return static_cast<std::uint32_t>(bits);
    default:
      return bits;
  }
}

class Canonicalizer {
 public:
  explicit Canonicalizer(bool& malformed) : malformed_(malformed) {}

  // The fields of a message whose numbers are in [first, last]. Requires: `message` nests no deeper
  // than the decoder takes; what is deeper counts as malformed.
  std::string Message(std::string_view message, const MessageSpec& spec, std::uint32_t first = 0,
                      std::uint32_t last = UINT32_MAX);

 private:
  std::vector<Occurrence> Read(std::string_view message, const MessageSpec& spec);
  void ReadPacked(const FieldSpec& field, std::string_view packed,
                  std::vector<Occurrence>& occurrences);
  void Append(const FieldSpec& field, const std::vector<Occurrence>& occurrences, std::string& out);
  void AppendMessages(const FieldSpec& field, const std::vector<Occurrence>& occurrences,
                      std::string& out);
  void AppendAttributes(const FieldSpec& field, const std::vector<Occurrence>& occurrences,
                        std::string& out);
  static void AppendPacked(const FieldSpec& field, const std::vector<Occurrence>& occurrences,
                           std::string& out);
  static void AppendScalar(const FieldSpec& field, const Occurrence& last, std::string& out);

  static constexpr int kDepthMax = 500;  // messages; each of limits.nesting levels is two or three
  bool& malformed_;
  int depth_ = 0;
};

std::vector<Occurrence> Canonicalizer::Read(std::string_view message, const MessageSpec& spec) {
  std::vector<Occurrence> occurrences;
  std::uint64_t known = 0;
  for (const FieldSpec& field : spec.fields) known |= Fields(field.number);
  ProtoCursor cursor(message, malformed_);
  while (const std::uint32_t tag = cursor.NextTag()) {
    const FieldSpec* field = FindField(spec, tag >> 3);
    if (field == nullptr) {
      cursor.Skip(tag, known);
      continue;
    }
    const std::uint32_t wire_type = WireType(field->type);
    if ((tag & 7) == wire_type && wire_type == kBytes) {
      occurrences.push_back({.field = field, .bytes = cursor.Bytes(), .bits = 0});
    } else if ((tag & 7) == wire_type) {
      occurrences.push_back({.field = field, .bytes = {}, .bits = ReadBits(cursor, wire_type)});
    } else if ((tag & 7) == kBytes && field->rule == FieldRule::kRepeated) {
      ReadPacked(*field, cursor.Bytes(), occurrences);
    } else {
      cursor.Skip(tag, known);
    }
  }
  return occurrences;
}

void Canonicalizer::ReadPacked(const FieldSpec& field, std::string_view packed,
                               std::vector<Occurrence>& occurrences) {
  ProtoCursor cursor(packed, malformed_);
  while (!cursor.AtEnd()) {
    const std::uint64_t bits = ReadBits(cursor, WireType(field.type));
    occurrences.push_back({.field = &field, .bytes = {}, .bits = bits});
  }
}

std::string Canonicalizer::Message(std::string_view message, const MessageSpec& spec,
                                   std::uint32_t first, std::uint32_t last) {
  std::string out;
  if (++depth_ > kDepthMax) malformed_ = true;
  if (malformed_) return out;
  const std::vector<Occurrence> all = Read(message, spec);
  const FieldSpec* chosen = nullptr;
  for (const Occurrence& occurrence : all) {
    if (occurrence.field->rule == FieldRule::kOneof) chosen = occurrence.field;
  }
  for (const FieldSpec& field : spec.fields) {
    if (field.number < first || field.number > last) continue;
    if (field.rule == FieldRule::kOneof && chosen != &field) continue;
    std::vector<Occurrence> occurrences;
    std::ranges::copy_if(all, std::back_inserter(occurrences),
                         [&](const Occurrence& one) { return one.field == &field; });
    Append(field, occurrences, out);
  }
  --depth_;
  return out;
}

void Canonicalizer::Append(const FieldSpec& field, const std::vector<Occurrence>& occurrences,
                           std::string& out) {
  if (occurrences.empty() && field.rule != FieldRule::kAlways) return;
  if (field.rule == FieldRule::kAttributes) {
    AppendAttributes(field, occurrences, out);
  } else if (field.type == FieldType::kMessage) {
    AppendMessages(field, occurrences, out);
  } else if (field.is_repeated()) {
    AppendPacked(field, occurrences, out);
  } else {
    AppendScalar(field, occurrences.back(), out);
  }
}

void Canonicalizer::AppendMessages(const FieldSpec& field,
                                   const std::vector<Occurrence>& occurrences, std::string& out) {
  ProtoWriter writer(out);
  if (field.is_repeated()) {
    for (const Occurrence& one : occurrences) {
      writer.Bytes(field.number, Message(one.bytes, *field.message));
    }
    return;
  }
  std::string merged;
  for (const Occurrence& one : occurrences) merged += one.bytes;
  writer.Bytes(field.number, Message(merged, *field.message));
}

void Canonicalizer::AppendAttributes(const FieldSpec& field,
                                     const std::vector<Occurrence>& occurrences, std::string& out) {
  std::map<std::string, std::string> pairs;  // encoded pairs by key; the last of a key stays
  for (const Occurrence& one : occurrences) {
    std::string key;
    ProtoCursor cursor(one.bytes, malformed_);
    while (const std::uint32_t tag = cursor.NextTag()) {
      if (tag == Tag(1, kBytes)) {
        key = cursor.Bytes();
      } else {
        cursor.Skip(tag, Fields(1));
      }
    }
    pairs[std::move(key)] = Message(one.bytes, *field.message);
  }
  for (const auto& [key, pair] : pairs) ProtoWriter(out).Bytes(field.number, pair);
}

void Canonicalizer::AppendPacked(const FieldSpec& field, const std::vector<Occurrence>& occurrences,
                                 std::string& out) {
  ProtoWriter writer(out);
  const std::size_t begin = writer.BeginMessage(field.number);
  for (const Occurrence& one : occurrences) {
    if (WireType(field.type) == kFixed64) {
      writer.RawFixed64(one.bits);
    } else {
      writer.RawVarint(one.bits);
    }
  }
  writer.EndMessage(begin);
}

void Canonicalizer::AppendScalar(const FieldSpec& field, const Occurrence& last, std::string& out) {
  ProtoWriter writer(out);
  const bool keeps_default = field.rule != FieldRule::kPlain;
  const std::uint32_t wire_type = WireType(field.type);
  if (wire_type == kBytes) {
    // An id of zeros means that there is none.
    const bool is_id = field.type == FieldType::kTraceId || field.type == FieldType::kSpanId;
    const bool is_default = last.bytes.empty() ||
                            (is_id && last.bytes.find_first_not_of('\0') == std::string_view::npos);
    if (!is_default || keeps_default) writer.Bytes(field.number, last.bytes);
    return;
  }
  const std::uint64_t bits = Normalize(field.type, last.bits);
  if (bits == 0 && !keeps_default) return;
  if (wire_type == kFixed64) {
    writer.Fixed64(field.number, bits);
  } else if (wire_type == kFixed32) {
    writer.Fixed32(field.number, static_cast<std::uint32_t>(bits));
  } else {
    writer.Varint(field.number, bits);
  }
}

// Walks the groups of a request; records go to the GroupWriter in canonical form.
class RequestWalk {
 public:
  RequestWalk(model::Kind kind, bool& malformed)
      : kind_(kind), malformed_(malformed), canonical_(malformed) {}

  std::string Walk(std::string_view request) {
    ForEach(request, 1, [this](std::string_view resource) { Resource(resource); });
    return groups_.Finish();
  }

 private:
  template <class Callback>
  void ForEach(std::string_view message, std::uint32_t field, const Callback& callback) {
    ProtoCursor cursor(message, malformed_);
    while (const std::uint32_t tag = cursor.NextTag()) {
      if (tag == Tag(field, kBytes)) {
        callback(cursor.Bytes());
      } else {
        cursor.Skip(tag, Fields(field));
      }
    }
  }
  GroupLevel LevelOf(std::string_view message, std::uint32_t field, const MessageSpec& head) {
    GroupMessage group;
    ReadGroupMessage(message, malformed_, group);
    GroupLevel level{.field = field, .before = {}, .after = {}, .child = {}};
    if (group.present) {
      ProtoWriter(level.before).Bytes(1, canonical_.Message(group.head, head));
    }
    ProtoWriter(level.after).BytesUnlessEmpty(3, group.schema_url);
    return level;
  }
  void Resource(std::string_view message) {
    const GroupLevel resource = LevelOf(message, 1, ResourceSpec());
    ForEach(message, 2, [&](std::string_view bytes) {
      levels_ = {resource, LevelOf(bytes, 2, ScopeSpec())};
      ForEach(bytes, 2, [this](std::string_view record) { Record(record); });
    });
  }
  void Record(std::string_view record) {
    if (kind_ == model::Kind::kMetrics) return Metric(record);
    groups_.SetLevels(levels_);
    groups_.AddRecord(2, canonical_.Message(record, RecordSpec(kind_)));
  }
  void Metric(std::string_view message) {
    std::uint32_t data_field = 0;
    std::string_view data;
    ProtoCursor cursor(message, malformed_);
    while (const std::uint32_t tag = cursor.NextTag()) {
      if ((tag & 7) == kBytes && MetricDataSpec(tag >> 3) != nullptr) {
        data_field = tag >> 3;
        data = cursor.Bytes();
      } else {
        cursor.Skip(tag, 0);
      }
    }
    const MessageSpec* spec = MetricDataSpec(data_field);
    if (spec == nullptr) return;
    GroupLevel data_level{.field = data_field,
                          .before = {},
                          .after = canonical_.Message(data, *spec, 2, 3),
                          .child = {}};
    levels_.resize(2);
    levels_.push_back({.field = 2,
                       .before = canonical_.Message(message, MetricSpec(), 1, 3),
                       .after = canonical_.Message(message, MetricSpec(), 12, 12),
                       .child = static_cast<char>(data_field) + data_level.after});
    levels_.push_back(std::move(data_level));
    ForEach(data, 1, [&](std::string_view point) {
      groups_.SetLevels(levels_);
      groups_.AddRecord(1, canonical_.Message(point, PointSpec(*spec)));
    });
  }

  const model::Kind kind_;
  bool& malformed_;
  Canonicalizer canonical_;
  GroupWriter groups_;
  std::vector<GroupLevel> levels_;
};

std::uint64_t CountIn(std::string_view message, model::Kind kind, int level, bool& malformed) {
  // Levels: the request, a resource, a scope; of metrics also a Metric and its data.
  const int record_level = kind == model::Kind::kMetrics ? 5 : 3;
  if (level == record_level) return 1;
  std::uint64_t count = 0;
  ProtoCursor cursor(message, malformed);
  while (const std::uint32_t tag = cursor.NextTag()) {
    const std::uint32_t field = tag >> 3;
    if (level == 3 && (tag & 7) == kBytes && MetricDataSpec(field) != nullptr) {
      count = CountIn(cursor.Bytes(), kind, level + 1, malformed);  // the last one counts
    } else if (level != 3 && tag == Tag(level == 0 || level == 4 ? 1 : 2, kBytes)) {
      count += CountIn(cursor.Bytes(), kind, level + 1, malformed);
    } else {
      cursor.Skip(tag, 0);
    }
  }
  return count;
}

Error Malformed() {
  return {Code::kInvalidInput, "the request is not valid OTLP protobuf"};
}

}  // namespace

Result<std::string> CanonicalOtlp(model::Kind kind, ByteSpan request) {
  bool malformed = false;
  std::string canonical = RequestWalk(kind, malformed).Walk(AsText(request));
  if (malformed) return Malformed();
  return canonical;
}

Result<std::uint64_t> CountRecords(model::Kind kind, ByteSpan request) {
  bool malformed = false;
  const std::uint64_t count = CountIn(AsText(request), kind, 0, malformed);
  if (malformed) return Malformed();
  return count;
}

}  // namespace strata::wire
