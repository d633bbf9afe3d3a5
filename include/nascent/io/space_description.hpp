// SPDX-License-Identifier: Apache-2.0
/// \file
/// A declaration of a space as data: what `.stage(...)`, `.layers(...)` and the other calls said, no more. Files of
/// spaces are written from it (io/space_file.hpp), and C++ is (io/space_cpp.hpp). What follows from a declaration,
/// slots and sizes, is the compiler's to find.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "nascent/base/uint128.hpp"
#include "nascent/choice/choice.hpp"
#include "nascent/choice/rounding.hpp"
#include "nascent/network/activation.hpp"
#include "nascent/space/constraint_description.hpp"
#include "nascent/space/detail/block_layout.hpp"
#include "nascent/space/image_size.hpp"

namespace nascent {

/// A value in a declaration: a truth value, a number, a height and a width, or a name (of an enumerator, a stage).
using declared_value = std::variant<bool, std::int64_t, double, image_size, std::string>;

/// `fixed(...)` or `scaled(...)` around it.
enum class scaling_mark : std::uint8_t { none, fixed, scaled };

/// What stands in a field, or in a call: a value, a choice, a choice that is shared, a tie.
struct described_field {
  field_kind how = field_kind::fixed;
  std::vector<declared_value> values{};  ///< the only one where fixed; none of a range or a tie
  std::optional<int_range> range{};      ///< of a choice, instead of values
  std::string source{};                  ///< path that it is tied to
  scaling_mark mark = scaling_mark::none;

  static described_field of(declared_value value) { return {.values = {std::move(value)}}; }
};

/// A block, and the fields that are said, in the order in which the block has them.
struct described_block {
  std::string name{};
  std::vector<std::pair<std::string, described_field>> fields{};

  /// Null where nothing is said.
  const described_field* find(std::string_view field) const {
    for (const auto& [key, said] : fields)
      if (key == field) return &said;
    return nullptr;
  }
};

struct described_stage {
  enum class kind : std::uint8_t { stage, choice, head };

  kind role = kind::stage;
  std::string name{};                       ///< none in the head
  std::vector<described_block> blocks{};    ///< the alternatives; none of a choice
  described_field value{};                  ///< of a choice
  std::string enumeration{};                ///< of the values of a choice: "activation"; empty where they are none
  std::optional<described_field> layers{};  ///< none: one layer that depth scaling leaves alone
  bool independent = false;                 ///< each layer chooses on its own
  std::optional<described_field> stride{};
  std::optional<described_field> skip{};
  residual skip_kind = residual::project;
};

/// A constraint that is data: see constraint_description.
struct described_constraint {
  constraint_kind kind = constraint_kind::compare;
  relation compares = relation::equal;
  double bound = 0;
  relation condition = relation::equal;
  std::vector<std::string> paths{};
  std::vector<constraint_term> terms{};
  std::vector<declared_value> values{};  ///< real numbers and names
};

/// What a declaration says.
struct space_description {
  std::string name{};
  uint128 size = 0;  ///< of the space that it was written from; 0 where nothing is known
  int channels = 0;  ///< of the input
  described_field resolution{};
  width_rounding rounding{};
  std::vector<described_stage> stages{};
  std::vector<described_constraint> constraints{};
};

}  // namespace nascent
