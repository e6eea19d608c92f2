#include "duck/block_columns.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "duck/plain_json.h"
#include "model/cell.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::ConstantVector;
using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::sel_t;
using duckdb::SelectionVector;
using duckdb::string_t;
using duckdb::Vector;
using duckdb::VectorType;
using model::Chunk;
using model::Column;
using model::ColumnType;
using model::kChunkRows;

static_assert(sizeof(string_t) == sizeof(model::Text));
static_assert(string_t::INLINE_LENGTH == model::Text::kInlineBytes);
static_assert(kChunkRows == STANDARD_VECTOR_SIZE, "a chunk is read as one vector");
static_assert(std::is_same_v<sel_t, std::uint32_t>);

// DuckDB takes pointers to non-const and never writes through those of a scan's output.
duckdb::data_ptr_t DataOf(const void* data) {
  return const_cast<duckdb::data_ptr_t>(static_cast<const duckdb::data_t*>(data));
}

void SetConstantNull(Vector& out) {
  out.SetVectorType(VectorType::CONSTANT_VECTOR);
  ConstantVector::SetNull(out, true);
}

void SetConstantText(Vector& out, std::string_view text) {
  out.SetVectorType(VectorType::CONSTANT_VECTOR);
  ConstantVector::GetData<string_t>(out)[0] =
      duckdb::StringVector::AddString(out, text.data(), text.size());
}

template <class T>
void CopyValues(const Chunk& chunk, const ChunkRows& rows, Vector& out) {
  const T* values = chunk.values<T>();
  if (rows.selection == nullptr) {
    FlatVector::SetData(out, DataOf(values + rows.base));
    return;
  }
  T* to = FlatVector::GetData<T>(out);
  for (idx_t i = 0; i < rows.count; ++i) to[i] = values[rows.selection[i]];
}

template <class T>
void SetConstantZero(Vector& out) {
  out.SetVectorType(VectorType::CONSTANT_VECTOR);
  ConstantVector::GetData<T>(out)[0] = T{};
}

void CopyValidity(const Chunk& chunk, const ChunkRows& rows, Vector& out) {
  if (chunk.validity == nullptr) return;
  auto& mask = FlatVector::Validity(out);
  for (idx_t i = 0; i < rows.count; ++i) {
    if (!chunk.IsValid(rows[i])) mask.SetInvalid(i);
  }
}

// Calls f with a value of the column's physical type.
template <class F>
void WithType(ColumnType type, F f) {
  switch (type) {
    case ColumnType::kTime:
    case ColumnType::kInt64:
      return f(std::int64_t{});
    case ColumnType::kUint64:
      return f(std::uint64_t{});
    case ColumnType::kInt32:
      return f(std::int32_t{});
    case ColumnType::kUint32:
      return f(std::uint32_t{});
    case ColumnType::kUint8:
    case ColumnType::kBool:
      return f(std::uint8_t{});
    case ColumnType::kDouble:
      return f(double{});
    default:
      CHECK(false);
  }
}

std::size_t IdBytes(ColumnType type) {
  return type == ColumnType::kId16 ? 16 : 8;
}

bool IsZero(const std::byte* bytes, std::size_t size) {
  return std::all_of(bytes, bytes + size, [](std::byte b) { return b == std::byte{0}; });
}

// Dictionaries of enum names are the same for all blocks.
struct EnumDictionary {
  std::vector<string_t> texts;
  std::unique_ptr<Vector> values;
  std::string id;
};

const EnumDictionary& EnumDictionaryOf(model::Kind kind, std::uint16_t fixed) {
  const auto make = [](model::Kind k, std::uint16_t f) {
    EnumDictionary dictionary;
    for (unsigned number = 0; number < 256; ++number) {
      const auto name = EnumName(k, f, static_cast<std::uint8_t>(number));
      dictionary.texts.emplace_back(name.data(), static_cast<std::uint32_t>(name.size()));
    }
    dictionary.values =
        std::make_unique<Vector>(duckdb::LogicalType::VARCHAR, DataOf(dictionary.texts.data()));
    dictionary.id = "e" + std::to_string(static_cast<int>(k)) + "/" + std::to_string(f);
    return dictionary;
  };
  static const EnumDictionary span_kind = make(model::Kind::kSpans, model::kSpanKind);
  static const EnumDictionary status = make(model::Kind::kSpans, model::kSpanStatusCode);
  static const EnumDictionary type = make(model::Kind::kMetrics, model::kMetricType);
  static const EnumDictionary temporality = make(model::Kind::kMetrics, model::kMetricTemporality);
  if (kind == model::Kind::kSpans) return fixed == model::kSpanKind ? span_kind : status;
  return fixed == model::kMetricType ? type : temporality;
}

// One attribute of a resource or scope by key.
const model::Attribute* FindAttribute(const model::Attribute* attributes, std::size_t count,
                                      std::string_view key) {
  const auto* end = attributes + count;
  const auto* found = std::lower_bound(attributes, end, key,
                                       [](const model::Attribute& attribute, std::string_view k) {
                                         return attribute.key.view() < k;
                                       });
  return found != end && found->key.view() == key ? found : nullptr;
}

bool IsScopeSource(const ViewColumn& view) {
  return view.source == ViewSource::kScopeName || view.source == ViewSource::kScopeVersion ||
         view.source == ViewSource::kScopeUrl ||
         (view.source == ViewSource::kAttribute && view.scope == AttributeScope::kScope);
}

bool IsOriginText(const ViewColumn& view) {
  return view.source == ViewSource::kServiceName || view.source == ViewSource::kResourceUrl ||
         view.source == ViewSource::kScopeName || view.source == ViewSource::kScopeVersion ||
         view.source == ViewSource::kScopeUrl ||
         (view.source == ViewSource::kAttribute && view.scope != AttributeScope::kRecord);
}

}  // namespace

bool AttributeIsSet(const Chunk& chunk, std::uint32_t row) {
  if (chunk.encoding == Chunk::Encoding::kCodes) return chunk.values<std::uint16_t>()[row] != 0;
  return chunk.IsValid(row);
}

std::string_view AttributeText(const model::AttributeColumn& attribute, const Chunk& chunk,
                               std::uint32_t row, char (&buffer)[40]) {
  switch (attribute.type) {
    case model::AnyType::kInt:
      return FormatInt(chunk.values<std::int64_t>()[row], buffer);
    case model::AnyType::kDouble:
      return FormatDouble(chunk.values<double>()[row], buffer);
    case model::AnyType::kBool:
      return chunk.values<std::uint8_t>()[row] != 0 ? "true" : "false";
    default:
      break;
  }
  const model::Text* texts =
      chunk.encoding == Chunk::Encoding::kFlat
          ? &chunk.values<model::Text>()[row]
          : &attribute.column->dictionary()->entries()[chunk.values<std::uint16_t>()[row]];
  return texts->view();  // points into the block, short texts too
}

bool FindInCell(std::string_view cell, std::string_view key, TypedEntry& found) {
  if (cell.empty()) return false;
  model::CellReader reader(cell);
  for (std::uint64_t left = reader.Varint(); left > 0; --left) {
    found.type = static_cast<model::AnyType>(reader.Byte());
    found.key = reader.String();
    found.text = reader.String();
    if (found.key == key) return true;
  }
  return false;
}

BlockColumns::BlockColumns(const ScanPlan& plan) : plan_(plan), states_(plan.columns.size()) {}

void BlockColumns::Start(const model::BlockSlice& slice, const std::string& collection) {
  collection_ = &collection;
  slice_ = slice;
  // A block may grow between two slices of it; its dictionaries are taken anew.
  block_ = slice.block.get();
  sorted_ = false;
  for (auto& state : states_) state.started = false;
}

void BlockColumns::StartDictionary(std::size_t index, const Column& column, bool nullable) {
  CachedDictionary& cached = states_[index].dictionary;
  const model::Dictionary* dictionary = column.dictionary();
  cached.size = dictionary == nullptr ? 0 : dictionary->size();
  if (dictionary == nullptr) return;
  cached.values =
      std::make_unique<Vector>(duckdb::LogicalType::VARCHAR, DataOf(dictionary->entries()));
  if (nullable) {
    auto& mask = FlatVector::Validity(*cached.values);
    mask.Initialize(std::max<idx_t>(cached.size, STANDARD_VECTOR_SIZE));
    mask.SetInvalid(0);
  }
  cached.id = "c" + std::to_string(reinterpret_cast<std::uintptr_t>(&column)) + "/" +
              std::to_string(cached.size);
}

namespace {

// What a column shows for one resource or scope of the block; nullopt: NULL.
std::optional<TypedEntry> OriginText(const model::Block& block, const ViewColumn& view,
                                     std::size_t index) {
  const auto plain = [](const model::Text& text) {
    return TypedEntry{.key = {}, .type = model::AnyType::kString, .text = text.view()};
  };
  switch (view.source) {
    case ViewSource::kServiceName:
      return plain(block.resources()[index].service_name);
    case ViewSource::kResourceUrl:
      return plain(block.resources()[index].schema_url);
    case ViewSource::kScopeName:
      return plain(block.scopes()[index].name);
    case ViewSource::kScopeVersion:
      return plain(block.scopes()[index].version);
    case ViewSource::kScopeUrl:
      return plain(block.scopes()[index].schema_url);
    default:
      break;
  }
  const model::Attribute* attribute = nullptr;
  if (view.scope == AttributeScope::kResource) {
    const model::Resource& resource = block.resources()[index];
    attribute = FindAttribute(resource.attributes, resource.attribute_count, view.key);
  } else {
    const model::Scope& scope = block.scopes()[index];
    attribute = FindAttribute(scope.attributes, scope.attribute_count, view.key);
  }
  if (attribute == nullptr) return std::nullopt;
  return TypedEntry{.key = {}, .type = attribute->type, .text = attribute->text.view()};
}

}  // namespace

void BlockColumns::StartOriginTexts(std::size_t index) {
  const ViewColumn& view = plan_.columns[index];
  const std::size_t size =
      IsScopeSource(view) ? block_->scopes().size() : block_->resources().size();
  CachedDictionary& cached = states_[index].dictionary;
  cached = CachedDictionary();
  cached.size = size;
  cached.texts.resize(std::max<std::size_t>(size, 1));
  cached.values =
      std::make_unique<Vector>(duckdb::LogicalType::VARCHAR, DataOf(cached.texts.data()));
  auto& mask = FlatVector::Validity(*cached.values);
  mask.Initialize(std::max<idx_t>(size, STANDARD_VECTOR_SIZE));
  for (std::size_t i = 0; i < size; ++i) {
    const auto entry = OriginText(*block_, view, i);
    std::string scratch;
    const auto text = entry ? SqlText(entry->type, entry->text, scratch) : std::nullopt;
    if (!text) {
      mask.SetInvalid(i);
    } else if (text->data() == scratch.data()) {
      cached.owned.push_back(std::make_unique<std::string>(std::move(scratch)));
      cached.texts[i] = model::Text(*cached.owned.back());
    } else {
      cached.texts[i] = model::Text(*text);
    }
  }
  cached.id = "o" + std::to_string(reinterpret_cast<std::uintptr_t>(block_)) + "/" +
              std::to_string(size) + "/" + view.name;
}

void BlockColumns::StartColumn(std::size_t index) {
  ColumnState& state = states_[index];
  if (state.started) return;
  state.started = true;
  const ViewColumn& view = plan_.columns[index];
  if (IsOriginText(view)) {
    StartOriginTexts(index);
  } else if (view.source == ViewSource::kFixed) {
    const Column& column = block_->fixed(view.fixed);
    if (column.type() == ColumnType::kLabel) StartDictionary(index, column, column.nullable());
  } else if (view.source == ViewSource::kAttribute) {
    state.attributes.clear();
    const std::size_t count = block_->attributes().size();
    for (std::size_t i = 0; i < count; ++i) {
      const auto& attribute = block_->attributes()[i];
      if (attribute.key.view() == view.key) state.attributes.push_back(&attribute);
    }
    for (const auto* attribute : state.attributes) {
      if (attribute->type == model::AnyType::kString) {
        StartDictionary(index, *attribute->column, /*nullable=*/true);
      }
    }
  }
}

bool BlockColumns::CodedLabel(std::size_t index, const Column& column, std::uint32_t chunk_index,
                              CodedValues& coded) {
  const Chunk* chunk = column.chunk(chunk_index);
  if (chunk == nullptr || chunk->encoding != Chunk::Encoding::kCodes) return false;
  const CachedDictionary& cached = states_[index].dictionary;
  // The dictionary may have come after the column was started here.
  if (cached.size == 0) return false;
  coded.codes16 = chunk->values<std::uint16_t>();
  coded.dictionary = cached.values.get();
  coded.size = cached.size;
  coded.id = &cached.id;
  return true;
}

bool BlockColumns::CodedBy(std::size_t index, std::uint16_t fixed, std::uint32_t chunk_index,
                           CodedValues& coded) {
  const Chunk* chunk = block_->fixed(fixed).chunk(chunk_index);
  const CachedDictionary& cached = states_[index].dictionary;
  static const std::array<std::uint32_t, kChunkRows> zeros{};
  if (cached.size == 0) return false;
  coded.codes32 = chunk == nullptr ? zeros.data() : chunk->values<std::uint32_t>();
  coded.dictionary = cached.values.get();
  coded.size = cached.size;
  coded.id = &cached.id;
  return true;
}

bool BlockColumns::CodedAttribute(std::size_t index, std::uint32_t chunk, CodedValues& coded) {
  if (block_->fixed(model::kRest).chunk(chunk) != nullptr) return false;
  const model::AttributeColumn* only = nullptr;
  for (const auto* attribute : states_[index].attributes) {
    if (attribute->column->chunk(chunk) == nullptr) continue;
    if (only != nullptr) return false;
    only = attribute;
  }
  if (only == nullptr || only->type != model::AnyType::kString) return false;
  return CodedLabel(index, *only->column, chunk, coded);
}

bool BlockColumns::Coded(std::size_t index, std::uint32_t chunk, CodedValues& coded) {
  coded = CodedValues();
  StartColumn(index);
  const ViewColumn& view = plan_.columns[index];
  if (IsOriginText(view)) {
    return CodedBy(index, IsScopeSource(view) ? model::kScope : model::kResource, chunk, coded);
  }
  switch (view.source) {
    case ViewSource::kFixed: {
      const Column& column = block_->fixed(view.fixed);
      return column.type() == ColumnType::kLabel && CodedLabel(index, column, chunk, coded);
    }
    case ViewSource::kEnum: {
      const Column& column = block_->fixed(view.fixed);
      const Chunk* values = column.chunk(chunk);
      if (values == nullptr || values->validity != nullptr) return false;
      const EnumDictionary& dictionary = EnumDictionaryOf(plan_.kind, view.fixed);
      coded.codes8 = values->values<std::uint8_t>();
      coded.dictionary = dictionary.values.get();
      coded.size = dictionary.texts.size();
      coded.id = &dictionary.id;
      return true;
    }
    case ViewSource::kAttribute:
      return CodedAttribute(index, chunk, coded);
    default:
      return false;
  }
}

const void* BlockColumns::PlainValues(std::size_t index, std::uint32_t chunk_index) const {
  const ViewColumn& view = plan_.columns[index];
  if (view.source != ViewSource::kFixed) return nullptr;
  const Column& column = block_->fixed(view.fixed);
  switch (column.type()) {
    case ColumnType::kTime:
    case ColumnType::kInt64:
    case ColumnType::kUint64:
    case ColumnType::kInt32:
    case ColumnType::kUint32:
    case ColumnType::kUint8:
      break;
    default:
      return nullptr;
  }
  const Chunk* chunk = column.chunk(chunk_index);
  if (chunk == nullptr || chunk->validity != nullptr) return nullptr;
  if (column.type() == ColumnType::kTime && column.has_zero()) return nullptr;
  return chunk->data;
}

const std::byte* BlockColumns::IdValues(std::size_t index, std::uint32_t chunk_index) const {
  const Chunk* chunk = block_->fixed(plan_.columns[index].fixed).chunk(chunk_index);
  return chunk == nullptr ? nullptr : chunk->values<std::byte>();
}

void BlockColumns::Fill(std::size_t index, const ChunkRows& rows, Vector& out) {
  CodedValues coded;
  if (Coded(index, rows.chunk, coded)) return FillCoded(coded, rows, out);
  const ViewColumn& view = plan_.columns[index];
  switch (view.source) {
    case ViewSource::kFixed:
      return FillFixed(view, rows, out);
    case ViewSource::kEnum: {
      const Chunk* chunk = block_->fixed(view.fixed).chunk(rows.chunk);
      if (chunk == nullptr && block_->fixed(view.fixed).nullable()) return SetConstantNull(out);
      const EnumDictionary& names = EnumDictionaryOf(plan_.kind, view.fixed);
      auto* to = FlatVector::GetData<string_t>(out);
      for (idx_t i = 0; i < rows.count; ++i) {
        to[i] = names.texts[chunk == nullptr ? 0 : chunk->values<std::uint8_t>()[rows[i]]];
      }
      if (chunk != nullptr) CopyValidity(*chunk, rows, out);
      return;
    }
    case ViewSource::kBody:
      return FillBody(rows, out);
    case ViewSource::kValue:
      return FillValue(rows, out);
    case ViewSource::kDuration:
      return FillDuration(rows, out);
    case ViewSource::kAttributes:
      return view.scope == AttributeScope::kRecord ? FillRecordMap(rows, out)
                                                   : FillOriginMap(view, rows, out);
    case ViewSource::kCell:
      return FillCell(view, rows, out);
    case ViewSource::kCollection:
      return SetConstantText(out, *collection_);
    case ViewSource::kPosition:
      return FillPosition(rows, out);
    case ViewSource::kAttribute:
      return FillAttribute(index, rows, out);
    default:  // texts of resources and scopes of a block that has none; kNothing
      return SetConstantNull(out);
  }
}

void BlockColumns::FillCoded(const CodedValues& coded, const ChunkRows& rows, Vector& out) {
  if (coded.codes32 != nullptr && rows.selection == nullptr) {
    const SelectionVector codes(reinterpret_cast<sel_t*>(DataOf(coded.codes32 + rows.base)));
    out.Dictionary(*coded.dictionary, coded.size, codes, rows.count);
  } else {
    SelectionVector codes(std::max<idx_t>(rows.count, 1));
    sel_t* to = codes.data();
    if (coded.codes16 != nullptr && rows.selection == nullptr) {
      const std::uint16_t* from = coded.codes16 + rows.base;
      for (idx_t i = 0; i < rows.count; ++i) to[i] = from[i];
    } else {
      for (idx_t i = 0; i < rows.count; ++i) to[i] = coded[rows[i]];
    }
    out.Dictionary(*coded.dictionary, coded.size, codes, rows.count);
  }
  duckdb::DictionaryVector::SetDictionaryId(out, *coded.id);
}

void BlockColumns::FillFixed(const ViewColumn& view, const ChunkRows& rows, Vector& out) {
  const Column& column = block_->fixed(view.fixed);
  switch (column.type()) {
    case ColumnType::kText:
    case ColumnType::kLabel:
      return FillText(column, rows, out);
    case ColumnType::kId16:
    case ColumnType::kId8:
      return FillId(column, IdBytes(column.type()), rows, out);
    default:
      break;
  }
  const Chunk* chunk = column.chunk(rows.chunk);
  if (chunk == nullptr) {
    if (column.nullable() || column.type() == ColumnType::kTime) return SetConstantNull(out);
    return WithType(column.type(), [&]<class T>(T) { SetConstantZero<T>(out); });
  }
  WithType(column.type(), [&]<class T>(T) { CopyValues<T>(*chunk, rows, out); });
  CopyValidity(*chunk, rows, out);
  if (column.type() == ColumnType::kTime && column.has_zero()) {
    const std::int64_t* times = chunk->values<std::int64_t>();
    for (idx_t i = 0; i < rows.count; ++i) {
      if (times[rows[i]] == 0) FlatVector::SetNull(out, i, true);
    }
  }
}

void BlockColumns::FillText(const Column& column, const ChunkRows& rows, Vector& out) {
  const Chunk* chunk = column.chunk(rows.chunk);
  if (chunk == nullptr) return column.nullable() ? SetConstantNull(out) : SetConstantText(out, "");
  if (chunk->encoding == Chunk::Encoding::kFlat) {
    CopyValues<string_t>(*chunk, rows, out);
    return CopyValidity(*chunk, rows, out);
  }
  // Codes of a dictionary that came after the scan began: read through the column's own.
  const auto* entries = reinterpret_cast<const string_t*>(column.dictionary()->entries());
  auto* to = FlatVector::GetData<string_t>(out);
  for (idx_t i = 0; i < rows.count; ++i) {
    const std::uint16_t code = chunk->values<std::uint16_t>()[rows[i]];
    to[i] = entries[code];
    if (code == 0 && column.nullable()) FlatVector::SetNull(out, i, true);
  }
}

void BlockColumns::FillId(const Column& column, std::size_t bytes, const ChunkRows& rows,
                          Vector& out) {
  const Chunk* chunk = column.chunk(rows.chunk);
  if (chunk == nullptr) return SetConstantNull(out);
  const bool may_be_null = column.has_zero();
  const auto* ids = chunk->values<std::byte>();
  auto* to = FlatVector::GetData<string_t>(out);
  for (idx_t i = 0; i < rows.count; ++i) {
    const std::byte* id = ids + rows[i] * bytes;
    if (may_be_null && IsZero(id, bytes)) {
      FlatVector::SetNull(out, i, true);
    } else {
      to[i] = HexString(out, {reinterpret_cast<const char*>(id), bytes});
    }
  }
}

void BlockColumns::FillBody(const ChunkRows& rows, Vector& out) {
  const Column& body = block_->fixed(model::kLogBody);
  const Chunk* texts = body.chunk(rows.chunk);
  if (texts == nullptr) return SetConstantText(out, "");
  const Chunk* types = block_->fixed(model::kLogBodyType).chunk(rows.chunk);
  const auto type_of = [&](idx_t i) {
    return types == nullptr ? 's' : static_cast<char>(types->values<std::uint8_t>()[rows[i]]);
  };
  bool nested = false;
  for (idx_t i = 0; i < rows.count; ++i) nested |= type_of(i) == 'a' || type_of(i) == 'm';
  if (!nested) return CopyValues<string_t>(*texts, rows, out);
  std::string scratch;
  auto* to = FlatVector::GetData<string_t>(out);
  for (idx_t i = 0; i < rows.count; ++i) {
    const model::Text& text = texts->values<model::Text>()[rows[i]];
    const auto type = static_cast<model::AnyType>(type_of(i));
    if (type != model::AnyType::kArray && type != model::AnyType::kMap) {
      std::memcpy(static_cast<void*>(to + i), &text, sizeof text);
      continue;
    }
    const auto shown = SqlText(type, text.view(), scratch).value_or("");
    to[i] = duckdb::StringVector::AddString(out, shown.data(), shown.size());
  }
}

void BlockColumns::FillValue(const ChunkRows& rows, Vector& out) {
  const Chunk* doubles = block_->fixed(model::kMetricValue).chunk(rows.chunk);
  const Chunk* integers = block_->fixed(model::kMetricValueInt).chunk(rows.chunk);
  auto* to = FlatVector::GetData<double>(out);
  for (idx_t i = 0; i < rows.count; ++i) {
    if (doubles != nullptr && doubles->IsValid(rows[i])) {
      to[i] = doubles->values<double>()[rows[i]];
    } else if (integers != nullptr && integers->IsValid(rows[i])) {
      to[i] = static_cast<double>(integers->values<std::int64_t>()[rows[i]]);
    } else {
      FlatVector::SetNull(out, i, true);
    }
  }
}

void BlockColumns::FillDuration(const ChunkRows& rows, Vector& out) {
  const Chunk* starts = block_->fixed(model::kSpanStartTime).chunk(rows.chunk);
  const Chunk* ends = block_->fixed(model::kSpanEndTime).chunk(rows.chunk);
  if (starts == nullptr || ends == nullptr) return SetConstantNull(out);
  auto* to = FlatVector::GetData<std::int64_t>(out);
  for (idx_t i = 0; i < rows.count; ++i) {
    const std::int64_t start = starts->values<std::int64_t>()[rows[i]];
    const std::int64_t end = ends->values<std::int64_t>()[rows[i]];
    to[i] = end - start;
    if (start == 0 || end == 0) FlatVector::SetNull(out, i, true);
  }
}

void BlockColumns::FillPosition(const ChunkRows& rows, Vector& out) {
  const auto& runs = block_->runs();
  std::uint32_t low = slice_.first_run;
  std::uint32_t high = slice_.last_run;
  const std::uint32_t first = rows.chunk * kChunkRows + rows[0];
  while (low < high) {  // the first run that ends behind the first row
    const std::uint32_t middle = low + (high - low) / 2;
    if (runs[middle].end <= first) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  auto* to = FlatVector::GetData<std::uint64_t>(out);
  for (idx_t i = 0; i < rows.count; ++i) {
    const std::uint32_t row = rows.chunk * kChunkRows + rows[i];
    while (runs[low].end <= row) ++low;
    to[i] = runs[low].position;
  }
}

void BlockColumns::FillCell(const ViewColumn& view, const ChunkRows& rows, Vector& out) {
  const Column& column = block_->fixed(view.fixed);
  const Chunk* chunk = column.chunk(rows.chunk);
  CellList cells(rows.count);
  for (idx_t i = 0; i < rows.count; ++i) {
    if (chunk == nullptr) {
      if (!column.nullable()) cells[i] = std::string_view();
    } else if (chunk->IsValid(rows[i])) {
      cells[i] = chunk->values<model::Text>()[rows[i]].view();
    }
  }
  CellsToVector(view.cell, cells, Shape::kView, out);
}

void BlockColumns::FillAttribute(std::size_t index, const ChunkRows& rows, Vector& out) {
  const ViewColumn& view = plan_.columns[index];
  struct Source {
    const model::AttributeColumn* attribute;
    const Chunk* chunk;
  };
  std::vector<Source> sources;
  for (const auto* attribute : states_[index].attributes) {
    if (const Chunk* chunk = attribute->column->chunk(rows.chunk)) {
      sources.push_back({attribute, chunk});
    }
  }
  const Chunk* rest = block_->fixed(model::kRest).chunk(rows.chunk);
  if (sources.empty() && rest == nullptr) return SetConstantNull(out);
  auto* to = FlatVector::GetData<string_t>(out);
  char buffer[40];
  std::string scratch;
  for (idx_t i = 0; i < rows.count; ++i) {
    const std::uint32_t row = rows[i];
    const auto source = std::ranges::find_if(
        sources, [&](const Source& s) { return AttributeIsSet(*s.chunk, row); });
    std::optional<std::string_view> text;
    bool in_block = false;
    TypedEntry entry;
    if (source != sources.end()) {
      text = AttributeText(*source->attribute, *source->chunk, row, buffer);
      in_block = source->attribute->type == model::AnyType::kString;
    } else if (rest != nullptr &&
               FindInCell(rest->values<model::Text>()[row].view(), view.key, entry)) {
      text = SqlText(entry.type, entry.text, scratch);
    }
    if (!text) {
      FlatVector::SetNull(out, i, true);
    } else if (in_block) {
      to[i] = string_t(text->data(), static_cast<std::uint32_t>(text->size()));
    } else {
      to[i] = duckdb::StringVector::AddString(out, text->data(), text->size());
    }
  }
}

void BlockColumns::FillRecordMap(const ChunkRows& rows, Vector& out) {
  if (!sorted_) {
    sorted_attributes_.clear();
    const std::size_t count = block_->attributes().size();
    for (std::size_t i = 0; i < count; ++i) sorted_attributes_.push_back(&block_->attributes()[i]);
    std::ranges::stable_sort(sorted_attributes_, {}, [](const auto* a) { return a->key.view(); });
    sorted_ = true;
  }
  std::vector<std::pair<const model::AttributeColumn*, const Chunk*>> sources;
  for (const auto* attribute : sorted_attributes_) {
    if (const Chunk* chunk = attribute->column->chunk(rows.chunk)) {
      sources.emplace_back(attribute, chunk);
    }
  }
  const Chunk* rest = block_->fixed(model::kRest).chunk(rows.chunk);
  duckdb::ListVector::SetListSize(out, 0);
  MapAppender map(out, nullptr, Shape::kView);
  char buffer[40];
  for (idx_t i = 0; i < rows.count; ++i) {
    map.BeginRow(i);
    // Both lists ascend by key: merge them.
    const std::string_view cell =
        rest == nullptr ? std::string_view() : rest->values<model::Text>()[rows[i]].view();
    std::optional<model::CellReader> reader;
    std::uint64_t left = 0;
    if (!cell.empty()) {
      reader.emplace(cell);
      left = reader->Varint();
    }
    TypedEntry entry;
    const auto next = [&] {
      if (left-- == 0) return reader.reset();
      entry.type = static_cast<model::AnyType>(reader->Byte());
      entry.key = reader->String();
      entry.text = reader->String();
    };
    if (reader) next();
    for (const auto& [attribute, chunk] : sources) {
      if (!AttributeIsSet(*chunk, rows[i])) continue;
      const std::string_view key = attribute->key.view();
      for (; reader && entry.key < key; next()) map.Add(entry);
      map.Add({.key = key,
               .type = attribute->type,
               .text = AttributeText(*attribute, *chunk, rows[i], buffer)});
    }
    for (; reader; next()) map.Add(entry);
    map.EndRow();
  }
}

// The MAPs of all resources (or scopes) of the block, each once, and rows that point to them.
void BlockColumns::FillOriginMap(const ViewColumn& view, const ChunkRows& rows, Vector& out) {
  const bool of_scope = view.scope == AttributeScope::kScope;
  const Chunk* codes = block_->fixed(of_scope ? model::kScope : model::kResource).chunk(rows.chunk);
  std::vector<std::uint32_t> used;
  SelectionVector selection(std::max<idx_t>(rows.count, 1));
  for (idx_t i = 0; i < rows.count; ++i) {
    const std::uint32_t code = codes == nullptr ? 0 : codes->values<std::uint32_t>()[rows[i]];
    auto at = std::ranges::find(used.rbegin(), used.rend(), code);
    if (at == used.rend()) {
      used.push_back(code);
      at = used.rbegin();
    }
    selection.set_index(i, static_cast<idx_t>(used.rend() - at - 1));
  }
  Vector maps(out.GetType(), std::max<idx_t>(used.size(), 1));
  MapAppender map(maps, nullptr, Shape::kView);
  const std::size_t known = of_scope ? block_->scopes().size() : block_->resources().size();
  for (idx_t i = 0; i < used.size(); ++i) {
    map.BeginRow(i);
    if (used[i] < known) {
      const model::Attribute* attributes =
          of_scope ? block_->scopes()[used[i]].attributes : block_->resources()[used[i]].attributes;
      const std::uint32_t count = of_scope ? block_->scopes()[used[i]].attribute_count
                                           : block_->resources()[used[i]].attribute_count;
      for (std::uint32_t a = 0; a < count; ++a) {
        map.Add({.key = attributes[a].key.view(),
                 .type = attributes[a].type,
                 .text = attributes[a].text.view()});
      }
    }
    map.EndRow();
  }
  out.Slice(maps, selection, rows.count);
}

}  // namespace strata::duck
