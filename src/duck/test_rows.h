// Rows for tests of module duck, written into blocks the way ingest does.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "model/block.h"
#include "model/cell.h"
#include "model/schema.h"

namespace strata::duck {

struct TestValue {
  model::AnyType type = model::AnyType::kString;
  std::string text;
  std::int64_t integer = 0;
  double number = 0;
};
inline TestValue Str(std::string text) {
  return {.type = model::AnyType::kString, .text = std::move(text)};
}
inline TestValue Int(std::int64_t value) {
  return {.type = model::AnyType::kInt, .text = std::to_string(value), .integer = value};
}
inline TestValue Dbl(double value, std::string text) {
  return {.type = model::AnyType::kDouble, .text = std::move(text), .number = value};
}
inline TestValue Bool(bool value) {
  return {.type = model::AnyType::kBool, .text = value ? "true" : "false", .integer = value};
}
inline TestValue Other(model::AnyType type, std::string text) {
  return {.type = type, .text = std::move(text)};
}
using TestAttributes = std::vector<std::pair<std::string, TestValue>>;

// Writes rows of one block; Publish() makes those since the last one visible.
class TestBlock {
 public:
  explicit TestBlock(model::Kind kind, std::uint32_t capacity = model::kBlockRowsMax)
      : block_(std::make_shared<model::Block>(kind, capacity, model::BlockHints())) {}

  model::Block& block() { return *block_; }
  std::uint32_t rows() const { return row_; }
  bool full() const { return row_ == block_->capacity(); }

  // The row that the setters write.
  std::uint32_t BeginRow() {
    CHECK(!full());
    rest_.clear();
    block_->fixed(model::kOrdinal).Set<std::uint32_t>(row_, ordinal_++, block_->arena());
    return row_;
  }
  void CommitRow() {
    WriteRest();
    ++row_;
  }
  // Leaves the row behind without ever showing it.
  void HideRow() {
    CommitRow();
    begin_ = row_;
    ordinal_ = 0;
  }
  template <class T>
  void Set(std::uint16_t column, T value) {
    block_->fixed(column).Set<T>(row_, value, block_->arena());
  }
  void SetTime(std::uint16_t column, std::int64_t nanos) {
    Set<std::int64_t>(column, nanos);
    if (nanos == 0) block_->fixed(column).SetZeroSeen();
  }
  void SetId(std::uint16_t column, std::string_view bytes) {
    model::Column& ids = block_->fixed(column);
    if (ids.type() == model::ColumnType::kId16) {
      std::array<std::byte, 16> id{};
      std::memcpy(id.data(), bytes.data(), bytes.size());
      Set(column, id);
    } else {
      std::array<std::byte, 8> id{};
      std::memcpy(id.data(), bytes.data(), bytes.size());
      Set(column, id);
    }
    if (bytes.empty()) ids.SetZeroSeen();
  }
  void SetText(std::uint16_t column, std::string_view text) {
    block_->fixed(column).SetText(row_, text, block_->arena());
  }
  void Attribute(const std::string& key, const TestValue& value) {
    model::Column* column = nullptr;
    switch (value.type) {
      case model::AnyType::kString:
      case model::AnyType::kInt:
      case model::AnyType::kDouble:
      case model::AnyType::kBool:
        block_->KeyWithColumn(key, value.type, &column);
        break;
      default:
        break;
    }
    if (column == nullptr) {
      rest_.emplace_back(key, value);
    } else if (value.type == model::AnyType::kString) {
      column->SetText(row_, value.text, block_->arena());
    } else if (value.type == model::AnyType::kInt) {
      column->Set<std::int64_t>(row_, value.integer, block_->arena());
    } else if (value.type == model::AnyType::kDouble) {
      column->Set<double>(row_, value.number, block_->arena());
    } else {
      column->Set<std::uint8_t>(row_, static_cast<std::uint8_t>(value.integer), block_->arena());
    }
  }
  void Resource(const std::string& service, TestAttributes attributes, std::string url = "",
                std::uint32_t dropped = 0) {
    attributes.emplace_back("service.name", Str(service));
    const Hash128 hash = HashOf(AsBytes(Describe(attributes) + url));
    auto index = block_->FindResource(hash);
    if (!index) {
      model::Resource resource;
      resource.attributes = Intern(attributes);
      resource.attribute_count = static_cast<std::uint32_t>(attributes.size());
      resource.dropped_attributes_count = dropped;
      resource.service_name = block_->arena().Copy(service);
      resource.schema_url = block_->arena().Copy(url);
      resource.present = true;
      index = block_->AddResource(hash, resource);
    }
    Set<std::uint32_t>(model::kResource, *index);
  }
  void Scope(const std::string& name, const std::string& version, TestAttributes attributes,
             std::string url = "") {
    const Hash128 hash = HashOf(AsBytes(Describe(attributes) + name + "/" + version + url));
    auto index = block_->FindScope(hash);
    if (!index) {
      model::Scope scope;
      scope.attributes = Intern(attributes);
      scope.attribute_count = static_cast<std::uint32_t>(attributes.size());
      scope.name = block_->arena().Copy(name);
      scope.version = block_->arena().Copy(version);
      scope.schema_url = block_->arena().Copy(url);
      scope.present = true;
      index = block_->AddScope(hash, scope);
    }
    Set<std::uint32_t>(model::kScope, *index);
  }

  void Publish(std::uint64_t position) {
    block_->runs().Append({.position = position, .begin = begin_, .end = row_});
    begin_ = row_;
    ordinal_ = 0;
  }
  model::BlockSlice Slice() const {
    return {.block = block_, .first_run = 0, .last_run = block_->runs().size()};
  }

 private:
  static std::string Describe(TestAttributes& attributes) {
    std::ranges::sort(attributes, {}, &std::pair<std::string, TestValue>::first);
    std::string text;
    for (const auto& [key, value] : attributes) {
      text += key + "=" + static_cast<char>(value.type) + value.text + ";";
    }
    return text;
  }
  const model::Attribute* Intern(const TestAttributes& attributes) {
    auto* list = static_cast<model::Attribute*>(block_->arena().Allocate(
        std::max<std::size_t>(attributes.size(), 1) * sizeof(model::Attribute), 16));
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      list[i].key = block_->arena().Copy(attributes[i].first);
      list[i].type = attributes[i].second.type;
      list[i].text = block_->arena().Copy(attributes[i].second.text);
    }
    return list;
  }
  void WriteRest() {
    if (rest_.empty()) return;
    std::ranges::sort(rest_, {}, &std::pair<std::string, TestValue>::first);
    std::string bytes;
    model::CellWriter cell(bytes);
    cell.Varint(rest_.size());
    for (const auto& [key, value] : rest_) {
      cell.Byte(static_cast<char>(value.type));
      cell.String(key);
      cell.String(value.text);
    }
    SetText(model::kRest, bytes);
  }

  std::shared_ptr<model::Block> block_;
  std::uint32_t row_ = 0;
  std::uint32_t begin_ = 0;
  std::uint32_t ordinal_ = 0;
  TestAttributes rest_;
};

}  // namespace strata::duck
