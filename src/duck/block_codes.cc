#include "duck/block_codes.h"

#include <algorithm>
#include <array>

#include "duck/block_origins.h"
#include "duck/plain_json.h"
#include "model/schema.h"

namespace strata::duck {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::string_t;
using duckdb::Vector;
using model::Chunk;
using model::Column;
using model::ColumnType;

std::unique_ptr<Vector> TextsAt(const void* texts) {
  return std::make_unique<Vector>(duckdb::LogicalType::VARCHAR, DataOf(texts));
}

// A mask of `vector` with room for `size` values.
duckdb::ValidityMask& MakeMask(Vector& vector, idx_t size) {
  auto& mask = FlatVector::Validity(vector);
  mask.Initialize(std::max<idx_t>(size, STANDARD_VECTOR_SIZE));
  return mask;
}

// The same for all blocks.
struct EnumDictionary {
  std::vector<string_t> texts;
  std::unique_ptr<Vector> values;
  std::string id;
};

EnumDictionary MakeEnumDictionary(model::Kind kind, std::uint16_t fixed) {
  EnumDictionary dictionary;
  for (unsigned number = 0; number < 256; ++number) {
    const auto name = EnumName(kind, fixed, static_cast<std::uint8_t>(number));
    dictionary.texts.emplace_back(name.data(), static_cast<std::uint32_t>(name.size()));
  }
  dictionary.values = TextsAt(dictionary.texts.data());
  dictionary.id = "e" + std::to_string(static_cast<int>(kind)) + "/" + std::to_string(fixed);
  return dictionary;
}

const EnumDictionary& EnumDictionaryOf(model::Kind kind, std::uint16_t fixed) {
  using model::Kind;
  static const auto span_kind = MakeEnumDictionary(Kind::kSpans, model::kSpanKind);
  static const auto status = MakeEnumDictionary(Kind::kSpans, model::kSpanStatusCode);
  static const auto type = MakeEnumDictionary(Kind::kMetrics, model::kMetricType);
  static const auto temporality = MakeEnumDictionary(Kind::kMetrics, model::kMetricTemporality);
  if (kind == Kind::kSpans) return fixed == model::kSpanKind ? span_kind : status;
  return fixed == model::kMetricType ? type : temporality;
}

}  // namespace

std::span<const string_t> EnumTexts(model::Kind kind, std::uint16_t fixed) {
  return EnumDictionaryOf(kind, fixed).texts;
}

void BlockCodes::Start(const model::Block& block) {
  block_ = &block;
  for (Dictionary& dictionary : dictionaries_) dictionary.started = false;
}

void BlockCodes::StartColumn(std::size_t index) {
  Dictionary& dictionary = dictionaries_[index];
  if (dictionary.started) return;
  dictionary.started = true;
  const ViewColumn& view = plan_.columns[index];
  if (IsOriginText(view)) {
    StartOriginTexts(dictionary, view);
  } else if (view.source == ViewSource::kFixed) {
    const Column& column = block_->fixed(view.fixed);
    if (column.type() == ColumnType::kLabel) StartLabels(dictionary, column, column.nullable());
  } else if (view.source == ViewSource::kAttribute) {
    for (const auto* attribute : attributes_.Of(index)) {
      if (attribute->type != model::AnyType::kString) continue;
      StartLabels(dictionary, *attribute->column, /*nullable=*/true);
    }
  }
}

void BlockCodes::StartLabels(Dictionary& dictionary, const Column& column, bool nullable) {
  const model::Dictionary* labels = column.dictionary();
  dictionary.size = labels == nullptr ? 0 : labels->size();
  if (labels == nullptr) return;
  dictionary.values = TextsAt(labels->entries());
  if (nullable) MakeMask(*dictionary.values, dictionary.size).SetInvalid(0);
  dictionary.id = "c" + std::to_string(reinterpret_cast<std::uintptr_t>(&column)) + "/" +
                  std::to_string(dictionary.size);
}

void BlockCodes::StartOriginTexts(Dictionary& dictionary, const ViewColumn& view) {
  const std::size_t size = OriginCount(*block_, view);
  dictionary.size = size;
  dictionary.owned.clear();
  dictionary.texts.assign(std::max<std::size_t>(size, 1), model::Text());
  dictionary.values = TextsAt(dictionary.texts.data());
  auto& mask = MakeMask(*dictionary.values, size);
  for (std::size_t i = 0; i < size; ++i) {
    const auto entry = OriginText(*block_, view, i);
    std::string scratch;
    const auto text = entry ? SqlText(entry->type, entry->text, scratch) : std::nullopt;
    if (!text) {
      mask.SetInvalid(i);
    } else if (text->data() == scratch.data()) {
      dictionary.owned.push_back(std::make_unique<std::string>(std::move(scratch)));
      dictionary.texts[i] = model::Text(*dictionary.owned.back());
    } else {
      dictionary.texts[i] = model::Text(*text);
    }
  }
  dictionary.id = "o" + std::to_string(reinterpret_cast<std::uintptr_t>(block_)) + "/" +
                  std::to_string(size) + "/" + view.name;
}

bool BlockCodes::FindLabels(const Dictionary& dictionary, const Chunk* chunk,
                            CodedValues& coded) const {
  if (chunk == nullptr || chunk->encoding != Chunk::Encoding::kCodes) return false;
  // The dictionary may have come after the column was started here.
  if (dictionary.size == 0) return false;
  coded = {.codes16 = chunk->values<std::uint16_t>(),
           .dictionary = dictionary.values.get(),
           .size = dictionary.size,
           .id = &dictionary.id};
  return true;
}

bool BlockCodes::FindOrigins(const Dictionary& dictionary, const ViewColumn& view,
                             std::uint32_t chunk_index, CodedValues& coded) const {
  static const std::array<std::uint32_t, model::kChunkRows> zeros{};
  if (dictionary.size == 0) return false;
  const Chunk* chunk =
      block_->fixed(IsOfScope(view) ? model::kScope : model::kResource).chunk(chunk_index);
  coded = {.codes32 = chunk == nullptr ? zeros.data() : chunk->values<std::uint32_t>(),
           .dictionary = dictionary.values.get(),
           .size = dictionary.size,
           .id = &dictionary.id};
  return true;
}

bool BlockCodes::FindEnum(const ViewColumn& view, const Chunk* chunk, CodedValues& coded) const {
  if (chunk == nullptr || chunk->validity != nullptr) return false;
  const EnumDictionary& dictionary = EnumDictionaryOf(plan_.kind, view.fixed);
  coded = {.codes8 = chunk->values<std::uint8_t>(),
           .dictionary = dictionary.values.get(),
           .size = dictionary.texts.size(),
           .id = &dictionary.id};
  return true;
}

bool BlockCodes::Find(std::size_t index, std::uint32_t chunk, CodedValues& coded) {
  StartColumn(index);
  const ViewColumn& view = plan_.columns[index];
  const Dictionary& dictionary = dictionaries_[index];
  if (IsOriginText(view)) return FindOrigins(dictionary, view, chunk, coded);
  switch (view.source) {
    case ViewSource::kFixed: {
      const Column& column = block_->fixed(view.fixed);
      return column.type() == ColumnType::kLabel &&
             FindLabels(dictionary, column.chunk(chunk), coded);
    }
    case ViewSource::kEnum:
      return FindEnum(view, block_->fixed(view.fixed).chunk(chunk), coded);
    case ViewSource::kAttribute: {
      const AttributeSource only = attributes_.Only(index, chunk);
      return only.chunk != nullptr && only.attribute->type == model::AnyType::kString &&
             FindLabels(dictionary, only.chunk, coded);
    }
    default:
      return false;
  }
}

}  // namespace strata::duck
