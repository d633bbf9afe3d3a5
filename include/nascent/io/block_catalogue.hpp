// SPDX-License-Identifier: Apache-2.0
/// \file
/// The blocks that files of spaces may name. Fields, what they hold and what they may hold are read off the blocks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/block/library.hpp"
#include "nascent/block/make_value.hpp"
#include "nascent/io/block_text.hpp"
#include "nascent/io/detail/described_values.hpp"
#include "nascent/io/space_description.hpp"

namespace nascent {

/// A field of a block.
struct known_field {
  std::string_view name{};
  field_role role{};
  typed_value usual{};             ///< what it holds where nothing is said
  std::string_view enumeration{};  ///< of its values, with namespaces: "nascent::activation"; empty where they are none
  std::vector<std::string_view> enumerators{};
  /// Checks what stands in it as the compiler would.
  void (*check)(detail::fault_finder&, const detail::place&, const value_rule&, const described_field&,
                bool independent) = nullptr;
  /// The same of the values of a choice that it is tied to.
  void (*check_tied)(detail::fault_finder&, const detail::place&, const value_rule&, const described_field&) = nullptr;
};

/// A block.
struct known_block {
  std::string_view name{};  ///< "mbconv"
  std::string_view type{};  ///< with namespaces: "nascent::mbconv"
  std::string header{};     ///< that declares it
  bool states_roles = true;
  bool is_skip = false;
  std::vector<known_field> fields{};

  const known_field* find(std::string_view field) const {
    const auto found = std::ranges::find(fields, field, &known_field::name);
    return found == fields.end() ? nullptr : &*found;
  }
};

/// Blocks by name. `library_blocks()` has those of the library; a block of yours is added with the header that declares
/// it, which what is generated includes: `library_blocks().add<mine::separable<>>("mine/separable.hpp")`.
class block_catalogue {
 public:
  /// \throws error for a second block of one name, and for a type that no other file can name
  template <class Block>
  block_catalogue& add(const std::string& header) {
    using natural = natural_block<Block>;
    constexpr std::string_view name = block_name<natural>;
    constexpr std::string_view type = qualified_name<natural>;
    if (type.find_first_of("{(") != std::string_view::npos)
      throw error("io.block", "block catalogue", "the type " + std::string(type),
                  "types that other files can name: in a header, and in a namespace with a name");
    if (const known_block* other = find(name); other != nullptr && other->type != type)
      throw error("io.block", "block catalogue",
                  "'" + std::string(name) + "' of two types, " + std::string(other->type) + " and " + std::string(type),
                  "one block of a name");
    if (find(name) != nullptr) return *this;
    known_block block{.name = name,
                      .type = type,
                      .header = header,
                      .states_roles = detail::states_roles<natural>,
                      .is_skip = is_skip<natural>};
    [&]<class... Natural>(detail::field_types<Natural...>) {
      const plain_block<natural> usual{};
      with_fields(usual, [&](const auto&... fields) { (block.fields.push_back(describe<Natural>(fields)), ...); });
    }(detail::natural_fields_of<natural>{});
    for (std::size_t j = 0; j < block.fields.size(); ++j) {
      block.fields[j].name = detail::field_names<natural>[j];
      block.fields[j].role = detail::roles_of<natural>[j];
    }
    blocks_.push_back(std::move(block));
    return *this;
  }

  const std::vector<known_block>& blocks() const& { return blocks_; }
  const std::vector<known_block>& blocks() && = delete;  // they would be gone with it
  /// Null where there is none.
  const known_block* find(std::string_view name) const {
    const auto found = std::ranges::find(blocks_, name, &known_block::name);
    return found == blocks_.end() ? nullptr : &*found;
  }
  /// A field whose values are of an enumeration, "activation": for choices without a block. Null where there is none.
  const known_field* find_enumeration(std::string_view name) const {
    for (const known_block& b : blocks_)
      for (const known_field& f : b.fields)
        if (!f.enumeration.empty() && detail::last_word(f.enumeration) == name) return &f;
    return nullptr;
  }
  /// "conv, depthwise_conv, ...".
  std::string names() const {
    std::string all;
    for (const known_block& b : blocks_) all += (all.empty() ? "" : ", ") + std::string(b.name);
    return all;
  }

 private:
  template <class Natural, class Value>
  static known_field describe(const Value& usual) {
    known_field f{.usual = make_value(usual)};
    if constexpr (std::is_enum_v<Natural>) {
      f.enumeration = qualified_name<Natural>;
      for (const Natural e : detail::enumerators<Natural>()) f.enumerators.emplace_back(to_string(e));
    }
    f.check = &detail::check_described_field<Natural>;
    f.check_tied = &detail::check_described_values<Natural>;
    return f;
  }

  std::vector<known_block> blocks_;
};

/// The blocks of the library.
inline block_catalogue library_blocks() {
  block_catalogue all;
  for_each_block([&]<class Block>(const Block&) { all.add<Block>("nascent/block/library.hpp"); });
  all.add<skip>("nascent/choice/either.hpp");
  return all;
}

}  // namespace nascent
