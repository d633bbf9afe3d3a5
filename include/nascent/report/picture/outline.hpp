// SPDX-License-Identifier: Apache-2.0
/// \file
/// A search space as plain data: what its pictures are drawn from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/space/space.hpp"

namespace nascent {

/// A hyper-parameter of a block: one value, the values it chooses from, or the path it takes its value from.
struct field_outline {
  enum class kind : std::uint8_t { fixed, chosen, shared, tied };

  std::string name{};
  kind how = kind::fixed;
  std::vector<std::string> values{};  ///< the path where `how` is `tied`
  int slot = -1;  ///< the decision behind it, in the first layer; of the source where tied; -1 where fixed
};

struct block_outline {
  std::string name{};
  std::vector<field_outline> fields{};
};

struct stage_outline {
  enum class kind : std::uint8_t { stage, input, choice, head };

  std::string name{};
  kind role = kind::stage;
  std::vector<block_outline> blocks{};  ///< the alternatives
  field_outline layers{};
  field_outline stride{};
  field_outline skip{};  ///< names of earlier stages; no values without a skip connection
  std::string skip_kind{};
  bool independent = false;   ///< each layer chooses on its own
  bool single_layer = false;  ///< does not say .layers(...)
};

/// A constraint: what it joins, and how many of the combinations of values it leaves.
struct constraint_outline {
  std::vector<std::string> paths{};
  std::string relation{};   ///< such as "1.filters <= 2.filters", where the values show that it is this
  std::size_t allowed = 0;  ///< 0 where there are too many combinations to try
  std::size_t combinations = 0;
};

struct space_outline {
  std::string name{};
  std::string size{};  ///< decimal
  int channels = 0;    ///< of the input
  std::size_t slots = 0;
  std::vector<stage_outline> stages{};
  std::vector<constraint_outline> constraints{};
};

namespace detail {

/// Any value as text; a user's own types need `to_string` or are shown as an ellipsis.
template <class Value>
std::string show(const Value& value) {
  if constexpr (std::is_same_v<Value, bool>) return value ? "true" : "false";
  else if constexpr (std::is_enum_v<Value> && requires { std::string(to_string(value)); }) return to_string(value);
  else if constexpr (std::is_enum_v<Value>) return std::to_string(static_cast<long long>(value));
  else if constexpr (std::is_convertible_v<Value, std::string_view> || std::is_arithmetic_v<Value>)
    return std::string(short_text{}.add(value).view());
  else if constexpr (requires {
                       value.height;
                       value.width;
                     })
    return show(value.height) + "x" + show(value.width);
  else if constexpr (requires { std::string(to_string(value)); }) return to_string(value);
  else return "\xE2\x80\xA6";
}

/// The choice of a slot: its values through the space.
template <class Space>
field_outline outline_slot(std::string name, int slot, field_outline::kind how) {
  field_outline f{.name = std::move(name), .how = how, .slot = slot};
  const auto k = static_cast<std::size_t>(slot);
  for (int o = 0; o < Space::slot(k).options; ++o) f.values.emplace_back(Space::value(k, o).text().view());
  return f;
}

template <class Space, std::size_t I, std::size_t A>
block_outline outline_block() {
  using F = typename Space::declaration_type;
  using layout = stage_layout<F, I>;
  using block = typename layout::template alternative_type<A>;
  block_outline b{.name = std::string(block_name<block>)};
  const auto one = [&](auto j) {
    constexpr std::size_t at = j();
    constexpr field_kind kind = field_kinds<block>[at];
    const auto& f = field<at>(alternative_of<A>(layout::declared_stage.block));
    std::string name(field_name<block, at>);
    if constexpr (kind == field_kind::fixed) b.fields.push_back({.name = name, .values = {show(f)}});
    else if constexpr (kind == field_kind::tied)
      b.fields.push_back(
          {.name = name, .how = field_outline::kind::tied, .values = {f.path}, .slot = find_slot<F>(f.path)});
    else
      b.fields.push_back(
          outline_slot<Space>(name, stage_slots<F>[I] + layout::template field_slot<A, at>,
                              kind == field_kind::shared ? field_outline::kind::shared : field_outline::kind::chosen));
  };
  [&]<std::size_t... J>(std::index_sequence<J...>) { (one(std::integral_constant<std::size_t, J>{}), ...); }
  (std::make_index_sequence<field_count<block>>{});
  return b;
}

template <class Space, std::size_t I>
stage_outline outline_stage() {
  using F = typename Space::declaration_type;
  using layout = stage_layout<F, I>;
  constexpr int first = stage_slots<F>[I];
  stage_outline s{.name = std::string(Space::stage(I).view()),
                  .independent = layout::independent,
                  .single_layer = std::is_same_v<typename layout::layers_type, single_layer>};
  if constexpr (I == 0) s.role = stage_outline::kind::input;
  else if constexpr (is_named_choice<typename layout::block_type>) s.role = stage_outline::kind::choice;
  else if constexpr (layout::declared_stage.in_head) s.role = stage_outline::kind::head;
  layout::for_each_alternative([&](auto a) { s.blocks.push_back(outline_block<Space, I, a()>()); });
  constexpr auto chosen = field_outline::kind::chosen;
  if constexpr (layout::layers_chosen) s.layers = outline_slot<Space>("layers", first + layout::layers_slot, chosen);
  else s.layers = {.name = "layers", .values = {std::to_string(layout::layers_at(0))}};
  if constexpr (layout::stride_chosen) s.stride = outline_slot<Space>("stride", first + layout::stride_slot, chosen);
  else s.stride = {.name = "stride", .values = {show(layout::declared_stage.stride)}};
  if constexpr (layout::has_skip) {
    if constexpr (layout::skip_chosen) s.skip = outline_slot<Space>("skip", first + layout::skip_slot, chosen);
    else s.skip = {.name = "skip", .values = {layout::declared_stage.skip.from}};
    s.skip_kind = to_string(layout::declared_stage.skip.kind);
  }
  return s;
}

/// The values that a constraint is about, as numbers where they are numbers.
template <class Value>
double as_number(const Value& value, bool& numeric) {
  if constexpr (std::is_arithmetic_v<Value>) return static_cast<double>(value);
  else return numeric = false, 0;
}

/// Of the usual relations the first that holds for exactly the pairs allowed; empty where none does.
inline std::string name_relation(const std::vector<std::array<double, 2>>& pairs, const std::vector<bool>& allowed,
                                 const std::string& a, const std::string& b) {
  const auto fits = [&](auto relation) {
    for (std::size_t i = 0; i < pairs.size(); ++i)
      if (relation(pairs[i][0], pairs[i][1]) != allowed[i]) return false;
    return true;
  };
  const auto divides = [](double x, double y) {
    return x != 0 && y / x == static_cast<double>(static_cast<long long>(y / x));
  };
  if (fits(std::equal_to<>{})) return a + " = " + b;
  if (fits(std::less_equal<>{})) return a + " \xE2\x89\xA4 " + b;
  if (fits(std::less<>{})) return a + " < " + b;
  if (fits(std::greater_equal<>{})) return a + " \xE2\x89\xA5 " + b;
  if (fits(std::greater<>{})) return a + " > " + b;
  if (fits(std::not_equal_to<>{})) return a + " \xE2\x89\xA0 " + b;
  if (fits([&](double x, double y) { return divides(x, y); })) return a + " divides " + b;
  if (fits([&](double x, double y) { return divides(y, x); })) return b + " divides " + a;
  return {};
}

template <class F, std::size_t C>
constraint_outline outline_constraint() {
  constexpr const auto& slots = constraint_slots<F, C>;
  const auto& declaration = get<C>(declared<F>::value.constraints());
  constraint_outline c;
  for (const char* path : declaration.paths) c.paths.emplace_back(path);
  std::vector<std::array<double, 2>> pairs;
  std::vector<bool> allowed;
  bool numeric = slots.size() == 2;
  // Every combination of options, like the digits of a counter.
  std::array<std::size_t, slots.size()> digits{};
  c.combinations = 1;
  for (const int k : slots)
    c.combinations *= static_cast<std::size_t>(slot_places<F>[static_cast<std::size_t>(k)].size);
  if (c.combinations > 1'000'000) return c;  // too many to try for a picture
  for (std::size_t n = 0; n < c.combinations; ++n) {
    std::size_t rest = n;
    for (std::size_t i = 0; i < slots.size(); ++i) {
      const auto options = static_cast<std::size_t>(slot_places<F>[static_cast<std::size_t>(slots[i])].size);
      digits[i] = rest % options;
      rest /= options;
    }
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      const auto check = [&](const auto&... values) {
        allowed.push_back(static_cast<bool>(declaration.holds(values...)));
        if constexpr (sizeof...(values) == 2) pairs.push_back({as_number(values, numeric)...});
      };
      check(choice_at<F, static_cast<std::size_t>(slots[I])>()[digits[I]]...);
    }
    (std::make_index_sequence<slots.size()>{});
    c.allowed += allowed.back() ? 1 : 0;
  }
  if (numeric) c.relation = name_relation(pairs, allowed, c.paths[0], c.paths[1]);
  return c;
}

}  // namespace detail

/// Everything that a picture of a space shows.
template <space Space>
space_outline outline(const Space& s) {
  using F = typename Space::declaration_type;
  space_outline o{.name = s.name(),
                  .size = to_decimal(s.size()).c_str(),
                  .channels = detail::declared<F>::value.channels(),
                  .slots = Space::slot_count};
  detail::for_each_stage<F>([&](auto i) { o.stages.push_back(detail::outline_stage<Space, i()>()); });
  [&]<std::size_t... C>(std::index_sequence<C...>) {
    (o.constraints.push_back(detail::outline_constraint<F, C>()), ...);
  }
  (std::make_index_sequence<detail::constraint_total<F>>{});
  return o;
}

}  // namespace nascent
