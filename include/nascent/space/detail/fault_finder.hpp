// SPDX-License-Identifier: Apache-2.0
/// \file
/// The checks of a declaration, one by one: the first fault is kept.
#pragma once

#include "nascent/base/utf8.hpp"
#include "nascent/space/detail/path_advice.hpp"
#include "nascent/space/detail/rules.hpp"
#include "nascent/space/detail/smallest.hpp"

namespace nascent::detail {

/// Where a fault is; made into text only when there is one.
struct place {
  const char* kind;  ///< "stage", "choice", "constraint", "space"
  std::string_view name;
  std::string_view field;  ///< may be empty
};

/// Keeps the first fault.
struct fault_finder {
  declaration_fault first{};

  constexpr bool ok() const { return !first; }
  constexpr void report(fault what, const place& where, const short_text& found, std::string_view allowed) {
    if (!ok()) return;
    first = {what, short_text{}.add(where.kind).add(' ').add(where.name), found,
             short_text{}.add("allowed: ").add(allowed)};
    if (!where.field.empty()) first.where.add(", field ").add(where.field);
  }

  template <class Value>
  static constexpr short_text found(const Value& value) {
    short_text t;
    t.add("found ");
    if constexpr (std::is_arithmetic_v<Value> || std::is_convertible_v<Value, std::string_view>) t.add(value);
    else if constexpr (requires { t.add(to_string(value)); }) t.add(to_string(value));
    else if constexpr (is_size<Value>) t.add(value.height).add('x').add(value.width);
    else t.add("a ").add(block_name<Value>);
    return t;
  }

  /// A height and a width.
  template <class Value>
  static constexpr bool is_size = requires(const Value& v) {
    v.height + v.width;
  };

  /// A choice by itself: not empty, in order, without repetitions.
  template <class Choice>
  constexpr void check_choice(const place& where, const Choice& c) {
    if constexpr (std::is_same_v<Choice, int_range>) {
      if (c.step < 1 || c.last < c.first)
        return report(fault::reversed_range, where,
                      short_text{}.add("found ").add(c.first).add(" to ").add(c.last).add(" by ").add(c.step),
                      "first <= last, step >= 1");
      if ((std::int64_t{c.last} - c.first) % c.step != 0)
        return report(fault::range_misses_end, where,
                      short_text{}.add("found ").add(c.first).add(" to ").add(c.last).add(" by ").add(c.step),
                      "last = first + n * step");
    }
    if (c.size() == 0) return report(fault::empty_choice, where, found(0), "1 value or more");
    if (c.size() > 32767)
      return report(fault::too_many_options, where, found(static_cast<int>(c.size())), "at most 32767");
    if constexpr (!std::is_same_v<Choice, int_range>) {
      for (std::size_t i = 0; i < c.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
          if (same_value(c[i], c[j])) return report(fault::value_repeated, where, found(c[i]), "each value once");
    }
  }
  template <class Value>
  static constexpr bool same_value(const Value& a, const Value& b) {
    if constexpr (std::is_convertible_v<Value, std::string_view>) return std::string_view(a) == std::string_view(b);
    else if constexpr (std::equality_comparable<Value>) return a == b;
    else return false;
  }

  template <class Natural, class Value>
  constexpr void check_value(const place& where, const value_rule& rule, const Value& value) {
    if constexpr (std::is_enum_v<Natural> && !std::is_same_v<Natural, Value>) {
      report(fault::value_of_another_kind, where, found(value), block_name<Natural>);
    } else if constexpr (std::is_arithmetic_v<Value>) {
      if (std::is_floating_point_v<Value> && rule.whole)
        report(fault::value_of_another_kind, where,
               short_text{}.add("found ").add(block_name<Value>).add(' ').add(value), "whole numbers");
      if (!rule.admits(static_cast<double>(value))) report(fault::value_not_allowed, where, found(value), rule.allowed);
    } else if constexpr (is_size<Value>) {
      if (!rule.admits(value.height) || !rule.admits(value.width))
        report(fault::value_not_allowed, where, found(value), rule.allowed);
    } else if constexpr (std::is_enum_v<Value> || std::is_convertible_v<Value, std::string_view>) {
      if (std::is_arithmetic_v<Natural> || rule.allowed)
        report(fault::value_of_another_kind, where, found(value), "numbers");
    }
  }

  template <class Natural, class Values>
  constexpr void check_values(const place& where, const value_rule& rule, const Values& values) {
    check_choice(where, values);
    for (std::size_t i = 0; i < values.size() && ok(); ++i) {
      check_value<Natural>(where, rule, values[i]);
      // All rules but that of strides are intervals: the ends of a range speak for it.
      if constexpr (std::is_same_v<Values, int_range>)
        if (i == 0 && !rule.strides && values.size() > 2) i = values.size() - 2;
    }
  }

  template <class Natural, class Field>
  constexpr void check_field(const place& where, const value_rule& rule, const Field& f, bool independent) {
    if constexpr (is_shared<Field>) {
      if (!independent)
        report(fault::shared_outside_independent, where, short_text{}.add("found shared(...)"), "a choice");
      check_values<Natural>(where, rule, f.values);
    } else if constexpr (choice<Field>) {
      check_values<Natural>(where, rule, f);
    } else if constexpr (!is_tie<Field>) {
      check_value<Natural>(where, rule, f);
    }
  }

  template <class Block>
  constexpr void check_block(const Block& block, std::size_t number, const place& stage, const stage_facts& facts,
                             std::size_t stage_number) {
    if constexpr (is_skip<Block>)
      if (stage_number > 0) check_skip_block(stage, static_cast<int>(number), facts);
    if constexpr (!can_decide<Block>)
      report(fault::block_cannot_choose, stage, short_text{}.add("found ").add(block_name<Block>),
             "template <class...>");
    if (count_kind<Block>(field_kind::shared) > 0) check_shared(stage, facts);
    if (!roles_of<Block>.unknown.empty())
      report(fault::role_without_field, place{"stage", stage.name, roles_of<Block>.unknown},
             short_text{}.add("found a role"), short_text{}.add("a field of ").add(block_name<Block>).view());
    check_fields(stage, block, facts.independent, facts.max_layers > 1, natural_fields_of<Block>{},
                 std::make_index_sequence<field_count<Block>>{});
  }

  constexpr void check_skip_block(const place& stage, int alternative, const stage_facts& facts) {
    if (alternative + 1 != facts.alternatives || !facts.independent || alternative == 0)
      report(fault::skip_block_misplaced, stage, short_text{}.add("found skip{}"), "last, of independent layers");
  }
  /// Where no layer chooses the block, its shared fields take part in nothing, and would still count.
  constexpr void check_shared(const place& stage, const stage_facts& facts) {
    if (facts.alternatives - (facts.offers_skip ? 1 : 0) > 1)
      report(fault::shared_between_alternatives, stage, short_text{}.add("found shared(...)"),
             "in stages of one block type");
  }

  /// Stages of one block type share this.
  template <class Block, class... Natural, std::size_t... J>
  constexpr void check_fields(const place& stage, const Block& block, bool independent, bool repeats,
                              field_types<Natural...>, std::index_sequence<J...>) {
    with_fields(block, field_checker<Block, field_types<Natural...>, std::index_sequence<J...>>{*this, stage,
                                                                                                independent, repeats});
  }
  template <class Block, class Natural, class Indices>
  struct field_checker;
  template <class Block, class... Natural, std::size_t... J>
  struct field_checker<Block, field_types<Natural...>, std::index_sequence<J...>> {
    fault_finder& finder;
    const place& stage;
    bool independent;
    bool repeats;
    template <class... Fields>
    constexpr void operator()(const Fields&... f) const {
      (finder.check_field<Natural>(place{"stage", stage.name, field_name<Block, J>}, roles_of<Block>[J].rule, f,
                                   independent),
       ...);
      if (repeats) ((roles_of<Block>[J].rule.strides ? finder.check_own_stride(stage, f) : void()), ...);
    }
  };

  /// A block with a stride of its own must not repeat.
  template <class Field>
  constexpr void check_own_stride(const place& stage, const Field& own) {
    const auto one = [&](int value) {
      if (value > 1)
        report(fault::stride_in_later_layer, place{"stage", stage.name, "stride"}, found(value), "1 in later layers");
    };
    if constexpr (std::is_arithmetic_v<Field>) one(static_cast<int>(own));
    else if constexpr (choice<Field>) {
      if constexpr (std::is_arithmetic_v<typename Field::value_type>)
        for (std::size_t i = 0; i < own.size(); ++i) one(static_cast<int>(own[i]));
    }
  }

  /// What a stage says by itself. Stages of one type share this.
  template <class Block, class Layers, class Stride, class Skip>
  constexpr void check_stage(const stage_declaration<Block, Layers, Stride, Skip>& declared, const stage_facts& facts,
                             std::size_t number, std::string_view full_name) {
    const std::string_view name = facts.declared_name;
    if constexpr (block_layout<Block>::alternatives == 1)
      check_block(declared.block, 0, place{"stage", full_name, ""}, facts, number);
    else
      block_layout<Block>::for_each_alternative([&](auto a) {
        check_block(alternative_of<a()>(declared.block), a(), place{"stage", full_name, ""}, facts, number);
      });
    check_stride(place{"stage", name, "stride"}, declared.stride);
    const place layers{"stage", name, "layers"};
    if constexpr (is_independent<Layers>) {
      if constexpr (choice<decltype(declared.layers.count)>) check_choice(layers, declared.layers.count);
    } else if constexpr (choice<Layers>) {
      check_choice(layers, declared.layers);
    }
    check_layer_counts(layers, facts);
  }

  template <class Stride>
  constexpr void check_stride(const place& where, const Stride& stride) {
    if constexpr (is_independent<Stride>) {
      report(fault::stride_in_later_layer, where, short_text{}.add("found independent(...)"), "a stride, or a choice");
    } else if constexpr (choice<Stride>) {
      check_choice(where, stride);
      for (std::size_t i = 0; i < stride.size() && ok(); ++i)
        if (!is_stride(stride[i])) report(fault::stride_not_allowed, where, found(stride[i]), "1, 2 or 4");
    } else if (!is_stride(stride)) {
      report(fault::stride_not_allowed, where, found(stride), "1, 2 or 4");
    }
  }
  constexpr void check_layer_counts(const place& where, const stage_facts& facts) {
    if (facts.min_layers < (facts.layers_chosen ? 0 : 1))
      report(fault::layers_not_allowed, where, found(facts.min_layers),
             facts.layers_chosen ? "0 or more" : "1 or more");
    if (facts.max_layers < 1) report(fault::layers_not_allowed, where, found(facts.max_layers), "1 or more");
    if (facts.layer_options > 64 || facts.alternatives > 64)
      report(fault::too_many_options, where, found(static_cast<int>(facts.layer_options)), "at most 64");
  }

  /// The name of stage i.
  constexpr void check_name(const stage_facts* facts, const short_text* names, const std::uint64_t* hashes,
                            std::size_t i) {
    const std::string_view name = facts[i].declared_name;
    if (name.empty() || name.size() > 24)
      report(fault::no_name, place{"stage number", to_decimal(i).c_str(), ""},
             short_text{}.add("found ").add(name.size()).add(" characters"), "1 to 24");
    if (!is_utf8(name))
      report(fault::no_name, place{"stage number", to_decimal(i).c_str(), ""}, short_text{}.add("found no UTF-8"),
             "UTF-8");
    // Compared by hashes first: a comparison of texts for every pair of stages would be most of the compiler's work.
    for (std::size_t j = 0; j < i; ++j)
      if (hashes[j] == hashes[i] && names[j] == names[i].view())
        report(fault::stage_declared_twice, place{"stage", name, ""}, short_text{}.add("found ").add(name),
               "a new name");
  }

  /// Ties and skip connections: what refers to something by name.
  template <class F, std::size_t I, std::size_t A, std::size_t J>
  constexpr void check_tie() {
    using layout = stage_layout<F, I>;
    constexpr const auto& f = field<J>(alternative_of<A>(layout::declared_stage.block));
    if constexpr (is_tie<decltype(f)>) {
      constexpr std::string_view name = field_name<typename layout::template alternative_type<A>, J>;
      const place where = place{"stage", stage_names<F>[I].view(), name};
      constexpr int source = tie_source<F, I, A, J>;
      if constexpr (source < 0 || slot_places<F>[static_cast<std::size_t>(source)].parent >= 0) {
        report_tie(where, paths_of<F>, f.path, source);
      } else {
        check_values<typename nth_field<J, natural_fields_of<typename layout::template alternative_type<A>>>::type>(
            where, roles_of<typename layout::template alternative_type<A>>[J].rule,
            choice_at<F, static_cast<std::size_t>(source)>());
      }
    }
  }

  /// A tie to no choice, or to one that is not always made.
  constexpr void report_tie(const place& where, const path_parts& parts, std::string_view path, int source) {
    const short_text named = short_text{}.add("found ").add(path);
    if (source < 0) report(fault::tie_to_unknown_choice, where, named, advise_path(parts, path, "stem.filters").view());
    else report(fault::tie_to_optional_choice, where, named, "a choice always made");
  }

  /// All ties of the blocks of stage I.
  template <class F, std::size_t I>
  constexpr void check_ties() {
    using layout = block_layout<std::remove_cvref_t<decltype(stage_at<F, I>().block)>>;
    layout::for_each_alternative([&](auto a) {
      using block = typename layout::template alternative_type<a()>;
      if constexpr (has_ties<block>) [&]<std::size_t... J>(std::index_sequence<J...>) {
          (check_tie<F, I, a(), J>(), ...);
        }
      (std::make_index_sequence<field_count<block>>{});
    });
  }

  /// The connection from another stage.
  template <class Skip>
  constexpr void check_connection(const Skip& skip, const short_text* names, std::size_t stages, std::size_t number) {
    if constexpr (choice<decltype(skip.from)>) {
      check_choice(place{"stage", names[number].view(), "skip"}, skip.from);
      for (std::size_t i = 0; i < skip.from.size(); ++i) check_skip(names, stages, number, skip.from[i]);
    } else {
      check_skip(names, stages, number, skip.from);
    }
  }

  constexpr void check_skip(const short_text* names, std::size_t stages, std::size_t number, std::string_view from) {
    if (from == "none") return;
    const place where{"stage", names[number].view(), "skip"};
    if (stage_named(names, number, from) >= 0) return;
    const bool later = stage_named(names, stages, from) >= 0;
    report(later ? fault::skip_from_later_stage : fault::skip_from_unknown_stage, where,
           short_text{}.add("found ").add(from), later ? "an earlier stage" : "a stage's name");
  }

  /// Alternatives of one type that choose the same field would share a path: a slot for which that is so, or -1.
  static constexpr int shared_path(const stage_facts& facts) {
    for (std::size_t k = 0; k < facts.field_total; ++k)
      for (std::size_t m = 0; m < k; ++m) {
        const field_entry& a = facts.fields[m];
        const field_entry& b = facts.fields[k];
        if (a.slot >= 0 && b.slot >= 0 && a.alternative != b.alternative && a.name == b.name &&
            facts.block_names[a.alternative] == facts.block_names[b.alternative])
          return b.slot;
      }
    return -1;
  }
  template <std::size_t Stages>
  static constexpr int shared_path(const std::array<stage_facts, Stages>& all,
                                   const std::array<int, Stages + 1>& first) {
    for (std::size_t i = 0; i < Stages; ++i)
      if (all[i].alternatives > 1)
        if (const int slot = shared_path(all[i]); slot >= 0) return first[i] + slot;
    return -1;
  }

  /// `Step` is what the stage gives it as its stride.
  template <class Block, class Step>
  constexpr void check_block_builds([[maybe_unused]] const place& where) {
    if constexpr (is_not_a_block<Block>) {
      report(fault::block_cannot_be_built, where, short_text{}.add("found ").add(found_instead<Block>), "a block");
    } else if constexpr (!takes_a_net<Block, Step>) {
      if constexpr (!std::is_same_v<Step, int> && takes_a_net<Block>)
        report(fault::block_cannot_be_built, where,
               short_text{}.add("found ").add(block_name<Block>).add(" with int stride"), "strides stride");
      else report(fault::block_cannot_be_built, where, short_text{}.add("found ").add(block_name<Block>), "a block");
    } else if constexpr (!std::is_convertible_v<built_type<Block, Step>, tensor>) {
      report(
          fault::block_cannot_be_built, where,
          short_text{}.add("found ").add(block_name<Block>).add(" returns ").add(block_name<built_type<Block, Step>>),
          "a tensor");
    }
  }
};

}  // namespace nascent::detail
