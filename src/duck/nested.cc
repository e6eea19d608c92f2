#include "duck/nested.h"

#include "base/check.h"
#include "duck/attribute_values.h"
#include "duck/plain_json.h"
#include "duckdb/common/types/value.hpp"
#include "model/cell.h"

namespace strata::duck {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::list_entry_t;
using duckdb::ListVector;
using duckdb::string_t;
using duckdb::StringVector;
using duckdb::StructVector;
using duckdb::Vector;

string_t AddText(Vector& vector, std::string_view text) {
  return StringVector::AddStringOrBlob(vector, text.data(), text.size());
}

// Writes the items of all rows of one list column, field by field.
class ListAppender {
 public:
  ListAppender(Vector& list, Shape shape) : list_(list), shape_(shape) {
    ListVector::SetListSize(list, 0);
    capacity_ = ListVector::GetListCapacity(list);
  }
  void BeginRow(idx_t row) {
    row_ = row;
    begin_ = size_;
  }
  void EndRow() {
    FlatVector::GetData<list_entry_t>(list_)[row_] = list_entry_t(begin_, size_ - begin_);
    ListVector::SetListSize(list_, size_);
  }
  void NullRow(idx_t row) {
    FlatVector::GetData<list_entry_t>(list_)[row] = list_entry_t(size_, 0);
    FlatVector::SetNull(list_, row, true);
  }
  // Makes room for one more item and returns its index in the child vector.
  idx_t NextItem() {
    if (size_ == capacity_) {
      capacity_ = std::max<idx_t>(capacity_ * 2, 64);
      ListVector::SetListSize(list_, size_);
      ListVector::Reserve(list_, capacity_);
    }
    return size_++;
  }
  Vector& items() { return ListVector::GetEntry(list_); }
  Vector& field(idx_t index) { return *StructVector::GetEntries(items())[index]; }
  Shape shape() const { return shape_; }

  void SetTime(idx_t field_index, idx_t item, std::uint64_t nanos) {
    FlatVector::GetData<std::int64_t>(field(field_index))[item] = static_cast<std::int64_t>(nanos);
    if (nanos == 0) FlatVector::SetNull(field(field_index), item, true);
  }
  void SetText(idx_t field_index, idx_t item, std::string_view text) {
    FlatVector::GetData<string_t>(field(field_index))[item] = AddText(field(field_index), text);
  }
  void SetId(idx_t field_index, idx_t item, std::string_view bytes) {
    Vector& vector = field(field_index);
    if (bytes.empty()) {
      FlatVector::SetNull(vector, item, true);
    } else if (shape_ == Shape::kPart) {
      SetText(field_index, item, bytes);
    } else {
      FlatVector::GetData<string_t>(vector)[item] = HexString(vector, bytes);
    }
  }
  template <class T>
  void Set(idx_t field_index, idx_t item, T value) {
    FlatVector::GetData<T>(field(field_index))[item] = value;
  }
  // Reads an attributes cell inline from `cell` into the MAP at `field_index`, the types behind it.
  void SetAttributes(idx_t field_index, idx_t item, model::CellReader& cell) {
    Vector* types = shape_ == Shape::kPart ? &field(field_index + 1) : nullptr;
    MapAppender map(field(field_index), types, shape_);
    map.BeginRow(item);
    for (std::uint64_t left = cell.Varint(); left > 0; --left) {
      const auto type = static_cast<model::AnyType>(cell.Byte());
      const std::string_view key = cell.String();
      map.Add({.key = key, .type = type, .text = cell.String()});
    }
    map.EndRow();
  }
  // Index of the field behind an attributes MAP that stands at `map_index`.
  idx_t AfterMap(idx_t map_index) const { return map_index + (shape_ == Shape::kPart ? 2 : 1); }

 private:
  Vector& list_;
  const Shape shape_;
  idx_t row_ = 0;
  idx_t begin_ = 0;
  idx_t size_ = 0;
  idx_t capacity_ = 0;
};

void AppendEvent(ListAppender& list, model::CellReader& cell) {
  const idx_t item = list.NextItem();
  list.SetTime(0, item, cell.Fixed64());
  list.SetText(1, item, cell.String());
  const auto dropped = static_cast<std::uint32_t>(cell.Varint());
  list.SetAttributes(2, item, cell);
  list.Set<std::uint32_t>(list.AfterMap(2), item, dropped);
}

void AppendLink(ListAppender& list, model::CellReader& cell) {
  const idx_t item = list.NextItem();
  list.SetId(0, item, cell.String());
  list.SetId(1, item, cell.String());
  list.SetText(2, item, cell.String());
  list.Set<std::uint32_t>(3, item, static_cast<std::uint32_t>(cell.Varint()));
  const auto dropped = static_cast<std::uint32_t>(cell.Varint());
  list.SetAttributes(4, item, cell);
  list.Set<std::uint32_t>(list.AfterMap(4), item, dropped);
}

void AppendExemplar(ListAppender& list, model::CellReader& cell) {
  const idx_t item = list.NextItem();
  list.SetTime(0, item, cell.Fixed64());
  const char type = cell.Byte();
  const std::uint64_t bits = cell.Fixed64();
  list.Set<double>(1, item, std::bit_cast<double>(bits));
  list.Set<std::int64_t>(2, item, static_cast<std::int64_t>(bits));
  if (type == 'i' && list.shape() == Shape::kView) {
    list.Set<double>(1, item, static_cast<double>(static_cast<std::int64_t>(bits)));
  } else if (type != 'd') {
    FlatVector::SetNull(list.field(1), item, true);
  }
  if (type != 'i') FlatVector::SetNull(list.field(2), item, true);
  list.SetId(3, item, cell.String());
  list.SetId(4, item, cell.String());
  list.SetAttributes(5, item, cell);
}

void AppendItem(CellType type, ListAppender& list, model::CellReader& cell) {
  switch (type) {
    case CellType::kEvents:
      return AppendEvent(list, cell);
    case CellType::kLinks:
      return AppendLink(list, cell);
    case CellType::kExemplars:
      return AppendExemplar(list, cell);
    case CellType::kQuantiles: {
      const idx_t item = list.NextItem();
      list.Set<double>(0, item, cell.Double());
      list.Set<double>(1, item, cell.Double());
      return;
    }
    case CellType::kUint64s:
    case CellType::kDoubles: {
      const idx_t item = list.NextItem();
      FlatVector::GetDataUnsafe<std::uint64_t>(list.items())[item] = cell.Fixed64();
      return;
    }
    case CellType::kAttributes:
    case CellType::kNone:
      break;
  }
  CHECK(false);
}

void AttributeCellsToVector(const CellList& cells, Shape shape, Vector& out, Vector* types) {
  ListVector::SetListSize(out, 0);
  MapAppender map(out, types, shape);
  for (idx_t row = 0; row < cells.size(); ++row) {
    if (!cells[row]) {
      map.NullRow(row);
      continue;
    }
    map.BeginRow(row);
    EntryReader reader(*cells[row]);
    TypedEntry entry;
    while (reader.Next(entry)) map.Add(entry);
    map.EndRow();
  }
}

// Reading: one vector with its selection, and typed access by row.
class FieldReader {
 public:
  FieldReader(Vector& vector, idx_t count) : vector_(vector) {
    vector.ToUnifiedFormat(count, format_);
  }
  bool IsNull(idx_t row) const { return !format_.validity.RowIsValid(format_.sel->get_index(row)); }
  template <class T>
  T Get(idx_t row) const {
    return duckdb::UnifiedVectorFormat::GetData<T>(format_)[format_.sel->get_index(row)];
  }
  std::string_view Text(idx_t row) const {
    if (IsNull(row)) return {};
    const auto& text =
        duckdb::UnifiedVectorFormat::GetData<string_t>(format_)[format_.sel->get_index(row)];
    return {text.GetData(), text.GetSize()};
  }
  // The 8 bytes of a value, whatever its type.
  std::uint64_t Uint64OrZero(idx_t row) const {
    if (IsNull(row)) return 0;
    return duckdb::UnifiedVectorFormat::GetDataUnsafe<std::uint64_t>(
        format_)[format_.sel->get_index(row)];
  }
  std::uint32_t Uint32OrZero(idx_t row) const { return IsNull(row) ? 0 : Get<std::uint32_t>(row); }
  list_entry_t List(idx_t row) const { return Get<list_entry_t>(row); }
  Vector& vector() { return vector_; }

 private:
  Vector& vector_;
  duckdb::UnifiedVectorFormat format_;
};

// Nested children of a flat struct vector inside a list.
FieldReader Field(Vector& items, idx_t index, idx_t count) {
  return {*StructVector::GetEntries(items)[index], count};
}

void WriteAttributes(model::CellWriter& cell, Vector& map, Vector& types, idx_t row, idx_t count) {
  const FieldReader entries(map, count);
  const FieldReader letters(types, count);
  if (entries.IsNull(row)) return cell.Varint(0);
  const list_entry_t range = entries.List(row);
  const idx_t items = ListVector::GetListSize(map);
  auto& pairs = StructVector::GetEntries(ListVector::GetEntry(map));
  const FieldReader keys(*pairs[0], items);
  const FieldReader values(*pairs[1], items);
  const std::string_view row_letters = letters.Text(row);
  cell.Varint(range.length);
  for (idx_t i = 0; i < range.length; ++i) {
    cell.Byte(i < row_letters.size() ? row_letters[i] : 's');
    cell.String(keys.Text(range.offset + i));
    cell.String(values.Text(range.offset + i));
  }
}

void WriteEvent(model::CellWriter& cell, Vector& items, idx_t item, idx_t count) {
  cell.Fixed64(Field(items, 0, count).Uint64OrZero(item));
  cell.String(Field(items, 1, count).Text(item));
  cell.Varint(Field(items, 4, count).Uint32OrZero(item));
  auto& fields = StructVector::GetEntries(items);
  WriteAttributes(cell, *fields[2], *fields[3], item, count);
}

void WriteLink(model::CellWriter& cell, Vector& items, idx_t item, idx_t count) {
  for (const idx_t text : {0, 1, 2}) cell.String(Field(items, text, count).Text(item));
  cell.Varint(Field(items, 3, count).Uint32OrZero(item));
  cell.Varint(Field(items, 6, count).Uint32OrZero(item));
  auto& fields = StructVector::GetEntries(items);
  WriteAttributes(cell, *fields[4], *fields[5], item, count);
}

void WriteExemplar(model::CellWriter& cell, Vector& items, idx_t item, idx_t count) {
  cell.Fixed64(Field(items, 0, count).Uint64OrZero(item));
  const FieldReader number = Field(items, 1, count);
  const FieldReader integer = Field(items, 2, count);
  const bool is_integer = !integer.IsNull(item);
  cell.Byte(is_integer ? 'i' : number.IsNull(item) ? 'n' : 'd');
  cell.Fixed64(is_integer ? integer.Uint64OrZero(item) : number.Uint64OrZero(item));
  for (const idx_t id : {3, 4}) cell.String(Field(items, id, count).Text(item));
  auto& fields = StructVector::GetEntries(items);
  WriteAttributes(cell, *fields[5], *fields[6], item, count);
}

void WriteItem(CellType type, model::CellWriter& cell, Vector& items, idx_t item, idx_t count) {
  switch (type) {
    case CellType::kEvents:
      return WriteEvent(cell, items, item, count);
    case CellType::kLinks:
      return WriteLink(cell, items, item, count);
    case CellType::kExemplars:
      return WriteExemplar(cell, items, item, count);
    case CellType::kQuantiles:
      cell.Fixed64(Field(items, 0, count).Uint64OrZero(item));
      return cell.Fixed64(Field(items, 1, count).Uint64OrZero(item));
    case CellType::kUint64s:
    case CellType::kDoubles:
      return cell.Fixed64(FieldReader(items, count).Uint64OrZero(item));
    case CellType::kAttributes:
    case CellType::kNone:
      break;
  }
  CHECK(false);
}

}  // namespace

MapAppender::MapAppender(Vector& map, Vector* types, Shape shape)
    : map_(map),
      types_(types),
      shape_(shape),
      size_(ListVector::GetListSize(map)),
      capacity_(ListVector::GetListCapacity(map)) {}

void MapAppender::BeginRow(idx_t row) {
  row_ = row;
  begin_ = size_;
  letters_.clear();
}

void MapAppender::Grow() {
  capacity_ = std::max<idx_t>(capacity_ * 2, 64);
  ListVector::SetListSize(map_, size_);
  ListVector::Reserve(map_, capacity_);
}

void MapAppender::Add(const TypedEntry& entry) {
  if (size_ == capacity_) Grow();
  auto& pair = StructVector::GetEntries(ListVector::GetEntry(map_));
  Vector& keys = *pair[0];
  Vector& values = *pair[1];
  FlatVector::GetData<string_t>(keys)[size_] = AddText(keys, entry.key);
  const auto text = shape_ == Shape::kPart ? std::optional(entry.text)
                                           : SqlText(entry.type, entry.text, scratch_);
  if (text) {
    FlatVector::GetData<string_t>(values)[size_] = AddText(values, *text);
  } else {
    FlatVector::SetNull(values, size_, true);
  }
  ++size_;
  letters_ += static_cast<char>(entry.type);
}

void MapAppender::EndRow() {
  FlatVector::GetData<list_entry_t>(map_)[row_] = list_entry_t(begin_, size_ - begin_);
  ListVector::SetListSize(map_, size_);
  if (types_ != nullptr) {
    FlatVector::GetData<string_t>(*types_)[row_] = AddText(*types_, letters_);
  }
}

void MapAppender::NullRow(idx_t row) {
  FlatVector::GetData<list_entry_t>(map_)[row] = list_entry_t(size_, 0);
  FlatVector::SetNull(map_, row, true);
  if (types_ != nullptr) FlatVector::SetNull(*types_, row, true);
}

void CellsToVector(CellType type, const CellList& cells, Shape shape, Vector& out, Vector* types) {
  out.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  if (type == CellType::kAttributes) return AttributeCellsToVector(cells, shape, out, types);
  ListAppender list(out, shape);
  for (idx_t row = 0; row < cells.size(); ++row) {
    if (!cells[row]) {
      list.NullRow(row);
      continue;
    }
    list.BeginRow(row);
    if (!cells[row]->empty()) {
      model::CellReader cell(*cells[row]);
      for (std::uint64_t left = cell.Varint(); left > 0; --left) AppendItem(type, list, cell);
    }
    list.EndRow();
  }
}

std::optional<std::string> CellFromVector(CellType type, Vector& vector, idx_t row, idx_t count,
                                          Vector* types) {
  const FieldReader rows(vector, count);
  if (rows.IsNull(row)) return std::nullopt;
  std::string bytes;
  model::CellWriter cell(bytes);
  if (type == CellType::kAttributes) {
    CHECK(types != nullptr);
    WriteAttributes(cell, vector, *types, row, count);
    return bytes;
  }
  const list_entry_t range = rows.List(row);
  Vector& items = ListVector::GetEntry(vector);
  const idx_t item_count = ListVector::GetListSize(vector);
  cell.Varint(range.length);
  for (idx_t i = 0; i < range.length; ++i) {
    WriteItem(type, cell, items, range.offset + i, item_count);
  }
  return bytes;
}

string_t HexString(Vector& out, std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  string_t text = StringVector::EmptyString(out, bytes.size() * 2);
  char* to = text.GetDataWriteable();
  for (const char c : bytes) {
    *to++ = kDigits[(static_cast<unsigned char>(c) >> 4) & 15];
    *to++ = kDigits[static_cast<unsigned char>(c) & 15];
  }
  text.Finalize();
  return text;
}

}  // namespace strata::duck
