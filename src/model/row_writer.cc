#include "model/row_writer.h"

#include <algorithm>

#include "base/check.h"
#include "model/cell.h"

namespace strata::model {
namespace {

struct Id16 {
  std::uint64_t words[2];
};

bool HasColumn(AnyType type) {
  return type == AnyType::kString || type == AnyType::kInt || type == AnyType::kDouble ||
         type == AnyType::kBool;
}

}  // namespace

RowWriter::RowWriter(BlockSource& source) : source_(source) {}

void RowWriter::BeginRow() {
  block_changed_ = block_ == nullptr;
  if (block_ == nullptr) StartBlock();
  if (row_ == block_->capacity()) {
    source_.Roll();
    block_changed_ = true;
    StartBlock();
  }
  if (row_ % kChunkRows == 0) flat_values_.fill(nullptr);
}

void RowWriter::StartBlock() {
  const std::shared_ptr<Block>& block = source_.current();
  block_ = block.get();
  next_row_ = &source_.next_row();
  row_ = *next_row_;
  slots_.clear();
  flat_values_.fill(nullptr);
  if (!ranges_.empty() && ranges_.back().begin == ranges_.back().end) ranges_.pop_back();
  ranges_.push_back({.block = block, .begin = row_, .end = row_});
}

std::vector<RowRange> RowWriter::Rows() const {
  std::vector<RowRange> rows = ranges_;
  if (!rows.empty() && rows.back().begin == rows.back().end) rows.pop_back();
  return rows;
}

void RowWriter::SetId(std::uint16_t column, std::string_view bytes) {
  Column& target = block_->fixed(column);
  Id16 id{};
  CHECK(bytes.empty() || bytes.size() == ValueBytes(target.type()));
  if (bytes.size() == sizeof id) {
    std::memcpy(&id, bytes.data(), sizeof id);
  } else if (bytes.size() == sizeof id.words[0]) {
    std::memcpy(&id, bytes.data(), sizeof id.words[0]);
  }
  if ((id.words[0] | id.words[1]) == 0) {
    target.SetZeroSeen();
  } else if (bytes.size() == sizeof id) {
    Set(column, id);
  } else {
    Set(column, id.words[0]);
  }
}

void RowWriter::AddAttribute(std::string_view key, const AnyValue& value) {
  const std::uint32_t order = attribute_count_++;
  if (order < slots_.size()) {
    const Slot& predicted = slots_[order];
    if (predicted.key != nullptr && predicted.type == value.type &&
        SameBytes(predicted.key->name, key)) {
      SetCell(predicted, value, order);
      return;
    }
  } else {
    slots_.emplace_back();
  }
  slots_[order] = FindSlot(key, value.type);
  if (slots_[order].key == nullptr) {
    AddRest(key, value, order);
  } else {
    SetCell(slots_[order], value, order);
  }
}

RowWriter::Slot RowWriter::FindSlot(std::string_view key, AnyType type) {
  if (!HasColumn(type)) return {};
  Slot slot{.type = type};
  slot.key = block_->KeyWithColumn(key, type, &slot.column);
  return slot;
}

void RowWriter::SetCell(const Slot& slot, const AnyValue& value, std::uint32_t order) {
  Claim(slot, order);
  Arena& arena = block_->arena();
  switch (value.type) {
    case AnyType::kString:
      slot.column->SetText(row_, value.text, arena);
      return;
    case AnyType::kInt:
      slot.column->Set(row_, value.integer, arena);
      return;
    case AnyType::kDouble:
      slot.column->Set(row_, value.number, arena);
      return;
    case AnyType::kBool:
      slot.column->Set(row_, static_cast<std::uint8_t>(value.integer != 0), arena);
      return;
    default:
      CHECK(false);
  }
}

void RowWriter::AddRest(std::string_view key, const AnyValue& value, std::uint32_t order) {
  RestEntry entry{.key_begin = rest_bytes_.size(), .type = value.type, .order = order};
  rest_bytes_ += key;
  entry.text_begin = rest_bytes_.size();
  AppendText(rest_bytes_, value);
  entry.text_end = rest_bytes_.size();
  rest_.push_back(entry);
}

// Whether a column holds a later value of the key; an earlier one is taken back.
bool RowWriter::IsSetLater(std::string_view key, std::uint32_t order) {
  AttributeKey* entry = block_->FindKey(key);
  if (entry == nullptr || entry->row != row_) return false;
  if (entry->order > order) return true;
  entry->set->Clear(row_);
  entry->row = AttributeKey::kNoRow;
  return false;
}

void RowWriter::WriteRest() {
  std::ranges::sort(rest_, [this](const RestEntry& left, const RestEntry& right) {
    const int compared = RestKey(left).compare(RestKey(right));
    return compared != 0 ? compared < 0 : left.order < right.order;
  });
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rest_.size(); ++i) {
    const bool last = i + 1 == rest_.size() || RestKey(rest_[i + 1]) != RestKey(rest_[i]);
    if (last && !IsSetLater(RestKey(rest_[i]), rest_[i].order)) rest_[kept++] = rest_[i];
  }
  rest_.resize(kept);
  if (kept != 0) {
    cell_.clear();
    CellWriter cell(cell_);
    cell.Varint(kept);
    for (const RestEntry& entry : rest_) {
      cell.Byte(static_cast<char>(entry.type));
      cell.String(RestKey(entry));
      cell.String(std::string_view(rest_bytes_)
                      .substr(entry.text_begin, entry.text_end - entry.text_begin));
    }
    SetText(kRest, cell_);
  }
  rest_.clear();
  rest_bytes_.clear();
}

void RowWriter::CommitRow() {
  if (!rest_.empty()) WriteRest();
  attribute_count_ = 0;
  ++committed_;
  *next_row_ = ++row_;
  ranges_.back().end = row_;
}

// Whatever a row set is taken back, so that the record that comes next in its place finds nothing.
void RowWriter::AbandonRow() {
  const std::size_t fixed_columns = FixedColumns(block_->kind()).size();
  for (std::size_t i = 0; i < fixed_columns; ++i) {
    block_->fixed(static_cast<std::uint16_t>(i)).Clear(row_);
  }
  for (std::uint32_t i = 0; i < attribute_count_; ++i) {
    if (slots_[i].key == nullptr) continue;
    slots_[i].column->Clear(row_);
    slots_[i].key->row = AttributeKey::kNoRow;
  }
  attribute_count_ = 0;
  rest_.clear();
  rest_bytes_.clear();
}

}  // namespace strata::model
