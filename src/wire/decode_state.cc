#include "wire/decode_state.h"

#include <algorithm>
#include <new>

namespace strata::wire {

namespace {

// Also tells a message that is there and empty from one that is not there.
Hash128 HashOfGroup(const GroupMessage& group) {
  const std::uint64_t seed = Hash64(AsBytes(group.schema_url)) * 2 + (group.present ? 1 : 0);
  return HashOf(AsBytes(group.head), seed);
}

void BeginGroup(const GroupMessage& group, ValueDecoder& values, GroupHead& head) {
  values.ClearProblem();
  head.hash = HashOfGroup(group);
  head.present = group.present;
  head.dropped = 0;
  head.name = {};
  head.version = {};
  head.attributes.Clear();
  head.index.reset();
  head.schema_url = values.CheckText("schema_url", group.schema_url);
}

// Whether a KeyValue is encoded as nearly all are: a key, then a string, all lengths below 128,
// nothing else.
bool IsPlainText(std::string_view bytes, std::string_view& key, std::string_view& text) {
  const auto at = [bytes](std::size_t i) { return static_cast<unsigned char>(bytes.data()[i]); };
  if (bytes.size() < 6 || at(0) != Tag(1, kBytes)) return false;
  const std::size_t key_bytes = at(1);
  if (key_bytes >= 128 || key_bytes + 6 > bytes.size()) return false;
  const std::size_t text_bytes = bytes.size() - key_bytes - 6;
  if (text_bytes >= 126 || at(2 + key_bytes) != Tag(2, kBytes) ||
      at(3 + key_bytes) != text_bytes + 2 || at(4 + key_bytes) != Tag(1, kBytes) ||
      at(5 + key_bytes) != text_bytes) {
    return false;
  }
  key = bytes.substr(2, key_bytes);
  text = bytes.substr(6 + key_bytes);
  return true;
}

}  // namespace

void ReadGroupMessage(std::string_view bytes, bool& malformed, GroupMessage& group) {
  ProtoCursor message(bytes, malformed);
  group.present = false;
  group.head = {};
  group.schema_url = {};
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(1, kBytes): {
        const std::string_view head = message.Bytes();
        if (!group.present) {
          group.head = head;
        } else {
          // To protobuf, two pieces of one message are the same as their bytes in a row.
          group.merged = std::string(group.head).append(head);
          group.head = group.merged;
        }
        group.present = true;
        break;
      }
      case Tag(3, kBytes):
        group.schema_url = message.Bytes();
        break;
      case Tag(2, kBytes):
        message.Bytes();
        break;
      default:
        message.Skip(tag, Fields(1, 2, 3));
    }
  }
}

void DecodeState::BeginResource(const GroupMessage& group) {
  BeginGroup(group, values, resource_);
  std::uint32_t cut = 0;
  ProtoCursor message(group.head, malformed);
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(1, kBytes):
        values.AddAttribute(message.Bytes(), resource_.attributes, cut);
        break;
      case Tag(2, kVarint):
        resource_.dropped = static_cast<std::uint32_t>(message.Varint());
        break;
      default:
        message.Skip(tag, Fields(1, 2));
    }
  }
  resource_.dropped += cut;
  resource_.problem = values.has_problem() ? "resource: " + values.problem() : "";
  UpdateGroupProblem();
}

void DecodeState::BeginScope(const GroupMessage& group) {
  BeginGroup(group, values, scope_);
  std::uint32_t cut = 0;
  ProtoCursor message(group.head, malformed);
  while (const std::uint32_t tag = message.NextTag()) {
    switch (tag) {
      case Tag(1, kBytes):
        scope_.name = values.CheckText("scope name", message.Bytes());
        break;
      case Tag(2, kBytes):
        scope_.version = values.CheckText("scope version", message.Bytes());
        break;
      case Tag(3, kBytes):
        values.AddAttribute(message.Bytes(), scope_.attributes, cut);
        break;
      case Tag(4, kVarint):
        scope_.dropped = static_cast<std::uint32_t>(message.Varint());
        break;
      default:
        message.Skip(tag, Fields(1, 2, 3, 4));
    }
  }
  scope_.dropped += cut;
  scope_.problem = values.has_problem() ? "scope: " + values.problem() : "";
  UpdateGroupProblem();
}

bool DecodeState::BeginRecord() {
  if (group_is_bad_) {
    const std::string& problem = !resource_.problem.empty() ? resource_.problem
                                 : !scope_.problem.empty()  ? scope_.problem
                                                            : metric_problem_;
    report.AddRejected(report.records(), problem);
    return false;
  }
  values.ClearProblem();
  cut_attributes_ = 0;
  attribute_count_ = 0;
  writer.BeginRow();
  if (writer.BlockChanged()) {
    resource_.index.reset();
    scope_.index.reset();
  }
  if (!resource_.index) InternResource();
  if (!scope_.index) InternScope();
  SetUnlessZero(model::kOrdinal, static_cast<std::uint32_t>(report.records()));
  SetUnlessZero(model::kResource, *resource_.index);
  SetUnlessZero(model::kScope, *scope_.index);
  return true;
}

void DecodeState::AddAttribute(std::string_view key_value) {
  if (attribute_count_ == limits_.attributes) {
    ++cut_attributes_;
    report.AddCutAttribute();
    return;
  }
  ++attribute_count_;
  std::string_view plain_key;
  std::string_view plain_text;
  if (IsPlainText(key_value, plain_key, plain_text) && IsAscii(plain_text) &&
      plain_text.size() <= limits_.value_bytes && writer.AddPredictedText(plain_key, plain_text)) {
    return;
  }
  const RawKeyValue pair = ReadRawKeyValue(key_value, malformed);
  const std::string_view key = values.CheckText("an attribute key", pair.key);
  writer.AddAttribute(key, values.Value("an attribute value", pair.value));
}

void DecodeState::EndRecord(std::uint32_t dropped_attributes, bool has_time) {
  if (malformed || values.has_problem()) [[unlikely]] {
    writer.AbandonRow();
    report.AddRejected(report.records(), values.problem());
    return;
  }
  SetUnlessZero(model::kDroppedAttributes, dropped_attributes + cut_attributes_);
  writer.CommitRow();
  report.AddAccepted();
  every_record_has_time &= has_time;
}

const model::Attribute* DecodeState::KeepAttributes(AttributeList& list, std::uint32_t& count) {
  const std::span<const AttributeList::Entry> entries = list.Finish();
  count = static_cast<std::uint32_t>(entries.size());
  if (entries.empty()) return nullptr;
  model::Arena& arena = writer.block().arena();
  auto* kept = static_cast<model::Attribute*>(
      arena.Allocate(entries.size() * sizeof(model::Attribute), alignof(model::Attribute)));
  for (std::size_t i = 0; i < entries.size(); ++i) {
    new (&kept[i]) model::Attribute{.key = arena.Copy(entries[i].key),
                                    .type = entries[i].type,
                                    .text = arena.Copy(entries[i].text)};
  }
  return kept;
}

void DecodeState::InternResource() {
  model::Block& block = writer.block();
  resource_.index = block.FindResource(resource_.hash);
  if (resource_.index) return;
  model::Resource resource;
  resource.attributes = KeepAttributes(resource_.attributes, resource.attribute_count);
  resource.dropped_attributes_count = resource_.dropped;
  resource.schema_url = block.arena().Copy(resource_.schema_url);
  resource.present = resource_.present;
  const std::span kept(resource.attributes, resource.attribute_count);
  const auto service = std::ranges::find_if(kept, [](const model::Attribute& attribute) {
    return attribute.type == model::AnyType::kString && attribute.key.view() == "service.name";
  });
  if (service != kept.end()) resource.service_name = service->text;
  resource_.index = block.AddResource(resource_.hash, resource);
}

void DecodeState::InternScope() {
  model::Block& block = writer.block();
  scope_.index = block.FindScope(scope_.hash);
  if (scope_.index) return;
  model::Arena& arena = block.arena();
  model::Scope scope;
  scope.attributes = KeepAttributes(scope_.attributes, scope.attribute_count);
  scope.dropped_attributes_count = scope_.dropped;
  scope.name = arena.Copy(scope_.name);
  scope.version = arena.Copy(scope_.version);
  scope.schema_url = arena.Copy(scope_.schema_url);
  scope.present = scope_.present;
  scope_.index = block.AddScope(scope_.hash, scope);
}

}  // namespace strata::wire
