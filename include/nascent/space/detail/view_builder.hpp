// SPDX-License-Identifier: Apache-2.0
/// \file
/// From a declaration to its description.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/space/constraint_description.hpp"
#include "nascent/space/space_view.hpp"

namespace nascent::detail {

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

/// What a constraint leaves, by trying it: `holds` is asked for decisions of all slots, of which it looks at its own.
template <class Holds>
void try_constraint(constraint_view& c, const std::vector<slot_view>& slots, Holds holds) {
  constexpr std::size_t most_combinations = 1'000'000;
  const auto values_of = [&](std::size_t i) -> const std::vector<typed_value>& {
    return slots[static_cast<std::size_t>(c.slots[i])].values;
  };
  c.combinations = 1;
  bool numeric = c.slots.size() == 2 && c.paths.size() == 2;
  for (std::size_t i = 0; i < c.slots.size(); ++i) {
    c.combinations *= values_of(i).size();
    if (c.combinations > most_combinations) return;
    for (const typed_value& v : values_of(i)) numeric = numeric && v.is_number();
  }
  std::vector<std::array<double, 2>> pairs;
  std::vector<bool> allowed;
  std::vector<digit> decisions(slots.size() + 1, inactive);
  for (std::size_t n = 0; n < c.combinations; ++n) {  // like the digits of a counter
    std::array<double, 2> numbers{};
    std::size_t rest = n;
    for (std::size_t i = 0; i < c.slots.size(); ++i) {
      const std::size_t option = rest % values_of(i).size();
      rest /= values_of(i).size();
      decisions[static_cast<std::size_t>(c.slots[i])] = static_cast<digit>(option);
      if (numeric) numbers[i] = values_of(i)[option].number();
    }
    allowed.push_back(holds(decisions.data()));
    pairs.push_back(numbers);
    c.allowed += allowed.back() ? 1U : 0U;
    if (allowed.back() && c.kind == constraint_kind::predicate)
      for (const int k : c.slots) c.rows.push_back(decisions[static_cast<std::size_t>(k)]);
  }
  if (numeric) c.relation = name_relation(pairs, allowed, c.paths[0], c.paths[1]);
}

/// A block with nothing said, of the same template; void where there is none.
template <class Block>
struct unsaid {
  using type = void;
};
template <template <class...> class Block, class... Fields>
requires requires { Block<>{}; }
struct unsaid<Block<Fields...>> {
  using type = Block<>;
};

/// Whether a field of a block is as it is where nothing is said.
template <class Block, std::size_t J, class Value>
constexpr bool is_usual(const Value& value) {
  using usual = typename unsaid<Block>::type;
  if constexpr (std::is_void_v<usual>) {
    return false;
  } else if constexpr (!std::is_same_v<std::remove_cvref_t<decltype(field<J>(usual{}))>, Value>) {
    return false;
  } else {
    const usual all{};
    return field<J>(all) == value;
  }
}

/// Describes the space that F declares.
template <class F>
class view_builder {
 public:
  space_view build() {
    out_.name = declared<F>::value.name();
    out_.size = joint_counter<F>::size.value;
    out_.channels = declared<F>::value.channels();
    out_.rounding = declared<F>::value.rounding();
    for (std::size_t k = 0; k < slot_total<F>; ++k) {
      const slot_place& place = slot_places<F>[k];
      out_.slots.push_back({.path = std::string(slot_paths<F>[k].view()),
                            .role = place.role,
                            .stage = place.stage,
                            .layer = place.layer,
                            .alternative = place.alternative,
                            .parent = place.parent,
                            .when = place.when});
    }
    for_each_stage<F>([&](auto i) { add_stage<i()>(); });
    for (stage_view& s : out_.stages)
      for (block_view& b : s.blocks)
        for (field_view& f : b.fields)
          if (f.how == field_kind::tied) f.values = out_.slots[static_cast<std::size_t>(f.slot)].values;
    [&]<std::size_t... C>(std::index_sequence<C...>) { (add_constraint<C>(), ...); }
    (std::make_index_sequence<constraint_total<F>>{});
    return std::move(out_);
  }

 private:
  template <class Choice>
  static std::vector<typed_value> values_of(const Choice& c) {
    std::vector<typed_value> values;
    if constexpr (choice<Choice>)
      for (std::size_t o = 0; o < c.size(); ++o) values.push_back(make_value(c[o]));
    else values.push_back(make_value(c));
    return values;
  }

  /// A field with the decision behind it, which the slots of all layers share: `layers` of them, `step` apart.
  field_view decided(std::string name, field_kind how, std::vector<typed_value> values, int slot, int layers = 1,
                     int step = 0) {
    for (int j = 0; j < layers; ++j) out_.slots[static_cast<std::size_t>(slot + j * step)].values = values;
    return {.name = std::move(name), .how = how, .values = std::move(values), .slot = slot};
  }
  static field_view fixed(std::string name, std::vector<typed_value> values) {
    return {.name = std::move(name), .values = std::move(values)};
  }

  template <std::size_t I, std::size_t A, std::size_t J>
  field_view describe_field() {
    using layout = stage_layout<F, I>;
    using block = typename layout::template alternative_type<A>;
    constexpr field_kind kind = field_kinds<block>[J];
    const auto& f = field<J>(alternative_of<A>(layout::declared_stage.block));
    std::string name(field_name<block, J>);
    if constexpr (kind == field_kind::fixed) {
      field_view view = fixed(std::move(name), {make_value(f)});
      view.usual = is_usual<block, J>(f);
      return view;
    } else if constexpr (kind == field_kind::tied) {
      return {.name = std::move(name), .how = kind, .source = f.path, .slot = tie_source<F, I, A, J>};
    } else if constexpr (kind == field_kind::shared) {
      return decided(std::move(name), kind, values_of(f.values), stage_slots<F>[I] + layout::template field_slot<A, J>);
    } else {
      return decided(std::move(name), kind, values_of(f), stage_slots<F>[I] + layout::template field_slot<A, J>,
                     layout::configurations, layout::slots_per_layer);
    }
  }

  template <std::size_t I, std::size_t A>
  block_view describe_block() {
    using block = typename stage_layout<F, I>::template alternative_type<A>;
    block_view b{
        .name = std::string(block_name<block>), .type = std::string(qualified_name<block>), .is_skip = is_skip<block>};
    b.says_scaling = stage_scalings<F, I>[A].declared;
    const auto add = [&](field_view field, width_scaling scaling) {
      field.scaling = scaling;
      b.fields.push_back(std::move(field));
    };
    [&]<std::size_t... J>(std::index_sequence<J...>) {
      (add(describe_field<I, A, J>(), scaling_of_field<F, I, A, J>()), ...);
    }
    (std::make_index_sequence<field_count<block>>{});
    return b;
  }

  template <std::size_t I>
  void add_stage() {
    using layout = stage_layout<F, I>;
    constexpr int first = stage_slots<F>[I];
    stage_view s{.name = std::string(stage_names<F>[I].view()),
                 .independent = layout::independent,
                 .single_layer = std::is_same_v<typename layout::layers_type, single_layer>,
                 .first_slot = first,
                 .first_layer_slot = first + layout::block_slot,
                 .slots_per_layer = layout::slots_per_layer,
                 .after_layers = first + layout::stride_slot,
                 .end_slot = first + layout::slot_count};
    if constexpr (I == 0) s.role = stage_view::kind::input;
    else if constexpr (is_named_choice<typename layout::block_type>) s.role = stage_view::kind::choice;
    else if constexpr (layout::declared_stage.in_head()) s.role = stage_view::kind::head;
    layout::for_each_alternative([&](auto a) { s.blocks.push_back(describe_block<I, a()>()); });
    if constexpr (layout::alternatives > 1) {
      for (int j = 0; j < layout::configurations; ++j) {
        const auto k = static_cast<std::size_t>(s.first_layer_slot + j * s.slots_per_layer);
        for (int a = 0; a < slot_places<F>[k].size; ++a)
          out_.slots[k].values.push_back(typed_value::of_block(layout::block_names[static_cast<std::size_t>(a)]));
      }
    }
    std::vector<typed_value> counts;
    for (std::size_t o = 0; o < layout::layer_options; ++o) counts.push_back(make_value(layout::layers_at(o)));
    if constexpr (layout::layers_chosen)
      s.layers = decided("layers", field_kind::chosen, std::move(counts), first + layout::layers_slot);
    else s.layers = fixed("layers", std::move(counts));
    if (!s.single_layer && !layout::declared_stage.keeps_depth()) s.layers.scaling = width_scaling::scaled;
    if constexpr (layout::stride_chosen)
      s.stride =
          decided("stride", field_kind::chosen, values_of(layout::declared_stage.stride), first + layout::stride_slot);
    else s.stride = fixed("stride", {make_value(layout::declared_stage.stride)});
    if constexpr (layout::has_skip) {
      if constexpr (layout::skip_chosen)
        s.skip =
            decided("skip", field_kind::chosen, values_of(layout::declared_stage.skip.from), first + layout::skip_slot);
      else s.skip = fixed("skip", {make_value(layout::declared_stage.skip.from)});
      s.skip_kind = layout::declared_stage.skip.kind;
    }
    out_.stages.push_back(std::move(s));
  }

  template <std::size_t C>
  void add_constraint() {
    const auto said = joint_counter<F>::describe(C);
    constraint_view c{.kind = said.kind,
                      .paths = {said.paths.begin(), said.paths.end()},
                      .compares = said.compares,
                      .bound = said.bound,
                      .condition = said.condition,
                      .terms = {said.terms.begin(), said.terms.end()},
                      .values = {said.values.begin(), said.values.end()}};
    for (const int k : said.slots)
      if (std::find(c.slots.begin(), c.slots.end(), k) == c.slots.end()) c.slots.push_back(k);
    try_constraint(c, out_.slots, [](const digit* d) { return joint_counter<F>::keeps(C, d); });
    if (said.kind != constraint_kind::predicate && (c.relation.empty() || said.kind != constraint_kind::compare))
      c.relation = to_text(said).c_str();
    out_.constraints.push_back(std::move(c));
  }

  space_view out_;
};

}  // namespace nascent::detail
