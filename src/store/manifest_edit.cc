#include "store/manifest_edit.h"

#include <memory>
#include <optional>

#include "store/coding.h"

namespace strata::store {
namespace {

enum class OperationType : std::uint8_t {
  kAddCollection = 1,
  kAddPart = 2,
  kRemovePart = 3,
  kSetSealed = 4,
  kDropRange = 5,
  kLoseRows = 6,
  kLosePart = 7,  // LoseRows of which the part is known
  kFindRows = 8,
};

void PutInfo(const duck::PartInfo& info, FieldWriter& out) {
  out.Put(info.bytes);
  out.Put(info.rows);
  out.Put(info.min_position);
  out.Put(info.max_position);
  out.Put(info.min_time);
  out.Put(info.max_time);
  out.Put(info.filter_bytes);
  out.Put(info.filter_hash);
  out.Put(static_cast<std::uint32_t>(info.block_crcs.size()));
  for (const std::uint32_t crc : info.block_crcs) out.Put(crc);
  out.Put(static_cast<std::uint32_t>(info.columns.size()));
  for (const duck::PartColumn& column : info.columns) {
    out.Put(static_cast<char>(column.scope));
    out.Put(static_cast<char>(column.type));
    out.PutText(column.name);
    out.PutText(column.key);
  }
}

bool IsKnownScope(char letter) {
  return letter == 'a' || letter == 'r' || letter == 's';
}

duck::PartColumn TakeColumn(FieldReader& in) {
  duck::PartColumn column;
  const char scope = in.Take<char>();
  const char type = in.Take<char>();
  if (!IsKnownScope(scope) || !model::IsKnownAnyType(type)) in.Fail();
  column.scope = static_cast<duck::AttributeScope>(scope);
  column.type = static_cast<model::AnyType>(type);
  column.name = in.TakeText();
  column.key = in.TakeText();
  return column;
}

duck::PartInfo TakeInfo(FieldReader& in) {
  duck::PartInfo info;
  info.bytes = in.Take<std::uint64_t>();
  info.rows = in.Take<std::uint64_t>();
  info.min_position = in.Take<std::uint64_t>();
  info.max_position = in.Take<std::uint64_t>();
  info.min_time = in.Take<std::int64_t>();
  info.max_time = in.Take<std::int64_t>();
  info.filter_bytes = in.Take<std::uint64_t>();
  info.filter_hash = in.Take<std::uint64_t>();
  const auto crcs = in.Take<std::uint32_t>();
  if (!in.Has(crcs, sizeof(std::uint32_t))) return info;
  info.block_crcs.reserve(crcs);
  for (std::uint32_t i = 0; i < crcs; ++i) info.block_crcs.push_back(in.Take<std::uint32_t>());
  constexpr std::uint64_t kColumnBytesMin = 10;  // two letters, two lengths
  const auto columns = in.Take<std::uint32_t>();
  if (!in.Has(columns, kColumnBytesMin)) return info;
  info.columns.reserve(columns);
  for (std::uint32_t i = 0; i < columns && in.ok(); ++i) info.columns.push_back(TakeColumn(in));
  return info;
}

struct Encoder {
  FieldWriter& out;

  void operator()(const AddCollection& op) const {
    out.Put(OperationByte(OperationType::kAddCollection));
    out.Put(op.collection);
    out.Put(static_cast<std::uint8_t>(op.kind));
    out.PutText(op.name);
  }
  void operator()(const AddPart& op) const {
    out.Put(OperationByte(OperationType::kAddPart));
    out.Put(op.part->collection);
    out.PutText(op.part->path);
    out.Put(op.part->first_arrival_ns);
    out.Put(op.part->last_arrival_ns);
    PutInfo(*op.part->info, out);
  }
  void operator()(const RemovePart& op) const {
    out.Put(OperationByte(OperationType::kRemovePart));
    out.Put(op.collection);
    out.Put(op.min_position);
    out.PutText(op.path);
  }
  void operator()(const SetSealed& op) const {
    out.Put(OperationByte(OperationType::kSetSealed));
    out.Put(op.collection);
    out.Put(op.position);
  }
  void operator()(const DropRange& op) const {
    out.Put(OperationByte(OperationType::kDropRange));
    out.Put(op.collection);
    out.Put(op.positions.first);
    out.Put(op.positions.last);
  }
  void operator()(const LoseRows& op) const {
    const Part* part = op.lost.part.get();
    out.Put(OperationByte(part == nullptr ? OperationType::kLoseRows : OperationType::kLosePart));
    out.Put(op.collection);
    out.Put(op.lost.positions.first);
    out.Put(op.lost.positions.last);
    out.Put(op.lost.rows);
    out.Put(op.lost.min_time);
    out.Put(op.lost.max_time);
    out.Put(op.lost.last_arrival_ns);
    out.Put(op.lost.found_ns);
    out.PutText(op.lost.file);
    out.PutText(op.lost.reason);
    if (part == nullptr) return;
    out.PutText(part->path);
    out.Put(part->first_arrival_ns);
    PutInfo(*part->info, out);
  }
  void operator()(const FindRows& op) const {
    out.Put(OperationByte(OperationType::kFindRows));
    out.Put(op.collection);
    out.Put(op.positions.first);
    out.Put(op.positions.last);
    out.PutText(op.file);
  }
  static std::uint8_t OperationByte(OperationType type) { return static_cast<std::uint8_t>(type); }
};

AddCollection TakeAddCollection(FieldReader& in) {
  AddCollection op;
  op.collection = in.Take<model::CollectionId>();
  const auto kind = in.Take<std::uint8_t>();
  if (!model::IsKnownKind(kind)) in.Fail();
  op.kind = static_cast<model::Kind>(kind);
  op.name = in.TakeText();
  return op;
}

AddPart TakeAddPart(FieldReader& in) {
  Part part;
  part.collection = in.Take<model::CollectionId>();
  part.path = in.TakeText();
  part.first_arrival_ns = in.Take<std::int64_t>();
  part.last_arrival_ns = in.Take<std::int64_t>();
  part.info = std::make_shared<const duck::PartInfo>(TakeInfo(in));
  return {.part = std::make_shared<const Part>(std::move(part))};
}

LoseRows TakeLoseRows(FieldReader& in) {
  LoseRows op;
  op.collection = in.Take<model::CollectionId>();
  op.lost.positions.first = in.Take<std::uint64_t>();
  op.lost.positions.last = in.Take<std::uint64_t>();
  op.lost.rows = in.Take<std::uint64_t>();
  op.lost.min_time = in.Take<std::int64_t>();
  op.lost.max_time = in.Take<std::int64_t>();
  op.lost.last_arrival_ns = in.Take<std::int64_t>();
  op.lost.found_ns = in.Take<std::int64_t>();
  op.lost.file = in.TakeText();
  op.lost.reason = in.TakeText();
  return op;
}

LoseRows TakeLosePart(FieldReader& in) {
  LoseRows op = TakeLoseRows(in);
  Part part{.collection = op.collection, .last_arrival_ns = op.lost.last_arrival_ns};
  part.path = in.TakeText();
  part.first_arrival_ns = in.Take<std::int64_t>();
  part.info = std::make_shared<const duck::PartInfo>(TakeInfo(in));
  op.lost.part = std::make_shared<const Part>(std::move(part));
  return op;
}

FindRows TakeFindRows(FieldReader& in) {
  FindRows op;
  op.collection = in.Take<model::CollectionId>();
  op.positions.first = in.Take<std::uint64_t>();
  op.positions.last = in.Take<std::uint64_t>();
  op.file = in.TakeText();
  return op;
}

std::optional<Operation> TakeOperation(FieldReader& in) {
  switch (static_cast<OperationType>(in.Take<std::uint8_t>())) {
    case OperationType::kAddCollection:
      return TakeAddCollection(in);
    case OperationType::kAddPart:
      return TakeAddPart(in);
    case OperationType::kRemovePart: {
      RemovePart op;
      op.collection = in.Take<model::CollectionId>();
      op.min_position = in.Take<std::uint64_t>();
      op.path = in.TakeText();
      return op;
    }
    case OperationType::kSetSealed: {
      SetSealed op;
      op.collection = in.Take<model::CollectionId>();
      op.position = in.Take<std::uint64_t>();
      return op;
    }
    case OperationType::kDropRange: {
      DropRange op;
      op.collection = in.Take<model::CollectionId>();
      op.positions.first = in.Take<std::uint64_t>();
      op.positions.last = in.Take<std::uint64_t>();
      return op;
    }
    case OperationType::kLoseRows:
      return TakeLoseRows(in);
    case OperationType::kLosePart:
      return TakeLosePart(in);
    case OperationType::kFindRows:
      return TakeFindRows(in);
  }
  return std::nullopt;
}

}  // namespace

bool LostRows::operator==(const LostRows& other) const {
  const bool same_part =
      part == nullptr || other.part == nullptr ? part == other.part : *part == *other.part;
  return same_part && positions == other.positions && rows == other.rows &&
         min_time == other.min_time && max_time == other.max_time &&
         last_arrival_ns == other.last_arrival_ns && found_ns == other.found_ns &&
         file == other.file && reason == other.reason;
}

Bytes EncodeEdit(const Edit& edit) {
  FieldWriter out;
  for (const Operation& operation : edit) std::visit(Encoder{out}, operation);
  return out.Take();
}

Result<Edit> DecodeEdit(ByteSpan payload) {
  FieldReader in(payload);
  Edit edit;
  while (!in.empty()) {
    auto operation = TakeOperation(in);
    if (!operation) return Error{Code::kInvalidInput, "unknown operation"};
    if (!in.ok()) return Error{Code::kInvalidInput, "short or invalid operation"};
    edit.push_back(*std::move(operation));
  }
  return edit;
}

}  // namespace strata::store
