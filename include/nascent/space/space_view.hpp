// SPDX-License-Identifier: Apache-2.0
/// \file
/// A search space as plain data: stages, blocks, fields, slots, typed values. What files, pictures, encodings and the
/// trellis of kernels read, so that each of them is written once for every space, whether a declaration or a file says
/// what it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "nascent/base/typed_value.hpp"
#include "nascent/block/roles.hpp"
#include "nascent/choice/rounding.hpp"
#include "nascent/network/activation.hpp"
#include "nascent/space/constraint_description.hpp"
#include "nascent/space/space.hpp"

namespace nascent {

/// A hyper-parameter of a block: one value, the values it chooses from, or those of the choice that it is tied to.
struct field_view {
  std::string name{};
  field_kind how = field_kind::fixed;
  std::vector<typed_value> values{};  ///< in the order of the options; the only one where fixed
  std::string source{};               ///< path that it is tied to
  int slot = -1;  ///< the decision behind it, in the first layer; that of the source where tied; -1 where fixed
  /// What compound scaling does to it, from the block's roles and the marks of its use: width scaling to a field of a
  /// block, depth scaling to a stage's layers.
  width_scaling scaling = width_scaling::none;
  bool usual = false;  ///< fixed at what the block has where nothing is said

  /// Its value in the first layer of a candidate with these decisions.
  const typed_value& value(std::span<const digit> decisions) const {
    return values[slot < 0 ? 0 : static_cast<std::size_t>(decisions[static_cast<std::size_t>(slot)])];
  }
};

/// One of the blocks that a stage chooses between, or its only one.
struct block_view {
  std::string name{};
  std::string type{};        ///< the same with its namespaces: what tells a block of the library from one named alike
  bool is_skip = false;      ///< passes its input on
  bool says_scaling = true;  ///< false: neither roles nor marks say what scales, so a width other than 1 is refused
  std::vector<field_view> fields{};
};

struct stage_view {
  enum class kind : std::uint8_t { stage, input, choice, head };

  std::string name{};
  kind role = kind::stage;
  std::vector<block_view> blocks{};  ///< the alternatives
  field_view layers{};
  field_view stride{};
  field_view skip{};  ///< names of earlier stages, "none" for no connection; no values where none is declared
  residual skip_kind = residual::none;
  bool independent = false;   ///< each layer chooses on its own
  bool single_layer = false;  ///< does not say .layers(...)
  int first_slot = 0;         ///< first come those of shared fields,
  int first_layer_slot = 0;   ///< then those of each layer, once where layers are alike: the block's, its fields',
  int slots_per_layer = 0;
  int after_layers = 0;  ///< then those of the stride, the skip connection and the layers,
  int end_slot = 0;      ///< up to here

  int max_layers() const {
    std::int64_t most = 0;
    for (const typed_value& v : layers.values) most = v.integer() > most ? v.integer() : most;
    return static_cast<int>(most);
  }
};

/// A decision, and when it takes part: always, or where `parent` decided for an option of `when`.
struct slot_view {
  std::string path{};
  slot_role role = slot_role::field;
  std::vector<typed_value> values{};
  int stage = 0;
  int layer = -1;       ///< -1 unless the layers choose independently
  int alternative = 0;  ///< block of the stage that has the field
  int parent = -1;
  std::uint64_t when = 0;  ///< bit i for option i of the parent
};

/// A constraint: what it says, as it was declared (see constraint_description), what it joins, and how many
/// combinations of values it leaves.
struct constraint_view {
  constraint_kind kind = constraint_kind::predicate;
  std::vector<std::string> paths{};              ///< with patterns
  std::vector<int> slots{};                      ///< each once
  nascent::relation compares = relation::equal;  ///< with the bound, the other choice, the value or the next choice
  double bound = 0;
  nascent::relation condition = relation::equal;  ///< of what is counted
  std::vector<constraint_term> terms{};
  std::vector<constraint_value> values{};  ///< prices; what is counted or compared with; the rows of a table
  /// What a predicate stands for: the options of `slots` that it allows, row after row; none where there are too many
  /// combinations to try.
  std::vector<digit> rows{};
  std::string relation{};   ///< such as "sum(*.layers) <= 14"; of a predicate, where the values show that it is this
  std::size_t allowed = 0;  ///< 0 where there are too many combinations to try
  std::size_t combinations = 0;
};

struct space_view {
  std::string name{};
  uint128 size = 0;
  int channels = 0;           ///< of the input
  width_rounding rounding{};  ///< of scaled widths
  std::vector<stage_view> stages{};
  std::vector<slot_view> slots{};
  std::vector<constraint_view> constraints{};
};

namespace detail {
/// A value of an input's resolution, and one of a stage's stride: a size, or a number for both sides.
constexpr image_size image_size_of(const typed_value& v) {
  if (v.kind() == value_kind::size) return {v.height(), v.width()};
  return image_size_of(static_cast<int>(v.integer()));
}
constexpr strides strides_of(const typed_value& v) {
  if (v.kind() == value_kind::size) return {v.height(), v.width()};
  return static_cast<int>(v.integer());
}
}  // namespace detail

}  // namespace nascent
