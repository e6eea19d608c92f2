// PartOrigins: the fields of a part that say what a resource or scope is, but for its attributes.
// Internal to module duck.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "duck/part_rows.h"
#include "duck/part_schema.h"
#include "duck/part_vectors.h"

namespace strata::duck {

// Constant after construction.
class PartOrigins {
 public:
  explicit PartOrigins(std::span<const model::BlockSlice> slices);

  // Requires, here and below: the field's source is kServiceName, kResource… or kScope….
  // Any resource (or scope) has another value than the one that stands for a missing field.
  bool IsPresent(const PartField& field) const;
  void Gather(const PartField& field, const PartRows& rows, PartVectors& out) const;

 private:
  // Of each slice: a block may get more while its part is made.
  template <class Item>
  const std::vector<std::size_t>& Counts() const;

  std::span<const model::BlockSlice> slices_;
  std::vector<std::size_t> resources_;
  std::vector<std::size_t> scopes_;
};

}  // namespace strata::duck
