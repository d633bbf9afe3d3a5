// SPDX-License-Identifier: Apache-2.0
/// \file
/// The fluent builder of a search space. It only collects; `define` checks, counts and finishes.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#include "nascent/block/roles.hpp"
#include "nascent/choice/choice.hpp"
#include "nascent/choice/either.hpp"
#include "nascent/network/activation.hpp"
#include "nascent/network/strides.hpp"
#include "nascent/space/detail/marks.hpp"
#include "nascent/space/image_size.hpp"

namespace nascent {

/// The layer count of a stage that does not say `.layers(...)`: one, and depth scaling leaves it alone.
struct single_layer {};

/// No connection from another stage.
struct no_skip {};

/// The output of stage `from` is added to the output of the stage that declares it. `From` is a name or a choice of
/// names, where "none" stands for no connection.
template <class From>
struct skip_connection {
  From from;
  residual kind;
};

/// A pseudo-stage's block: the input's resolution.
template <class Resolution>
struct input_size {
  Resolution resolution;
  using roles = role::by_field<role::resolution>;

  constexpr auto operator()(auto& /*net*/, auto input, auto /*stride*/) const { return input; }
};

/// A pseudo-stage's block: a choice of its own, for ties.
template <class Value>
struct named_choice {
  Value value;
  struct roles {};

  constexpr auto operator()(auto& /*net*/, auto input, auto /*stride*/) const { return input; }
};

template <class Block, class Layers = single_layer, class Stride = int, class Skip = no_skip>
struct stage_declaration {
  /// Flags in one number: a declaration copies its stages for each call, and each member costs the compiler.
  static constexpr unsigned part_of_head = 1;
  static constexpr unsigned fixed_depth = 2;

  const char* name;
  unsigned flags;
  Block block;
  Layers layers{};
  Stride stride;
  Skip skip{};
  const detail::field_marks* marks = nullptr;  ///< by alternative; null where no field has one

  /// A part of the head: its full name is "head." and the block's name.
  constexpr bool in_head() const { return (flags & part_of_head) != 0; }
  /// Depth scaling leaves its layers alone.
  constexpr bool keeps_depth() const { return (flags & fixed_depth) != 0; }
};

namespace detail {

/// A flat list of values of different types: element I is found by one base-class conversion.
template <class... T>
using flat_list = alternative_storage<std::index_sequence_for<T...>, T...>;

template <class... T>
struct pack {
  flat_list<T...> items;
  static constexpr std::size_t size = sizeof...(T);

  template <class U>
  constexpr pack<T..., U> with(U item) const {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      // The types are spelled out: to deduce them would search all stages for every stage.
      return pack<T..., U>{{{static_cast<const alternative<I, T>&>(items).block}..., {item}}};
    }
    (std::index_sequence_for<T...>{});
  }
};

template <std::size_t I, class... T>
constexpr const auto& get(const pack<T...>& p) {
  return alternative_at<I>(p.items);
}

/// While a chain of calls grows, its stages are nested pairs: a new call then names two types, not all of them. They
/// are laid flat once.
struct no_stages {};
template <class Before, class Stage>
struct stage_chain {
  Before before;
  Stage stage;
};

template <class... T>
constexpr pack<T...> flatten(const no_stages&, const T&... stages) {
  return {{{stages}...}};
}
template <class Before, class Stage, class... T>
constexpr auto flatten(const stage_chain<Before, Stage>& chain, const T&... later) {
  return flatten(chain.before, chain.stage, later...);
}

/// A `Value`, or a choice of them. Fractions are no whole numbers.
template <class T, class Value>
inline constexpr bool is_value_or_choice = std::is_convertible_v<T, Value> && !std::is_floating_point_v<T>;
template <choice T, class Value>
inline constexpr bool is_value_or_choice<T, Value> = is_value_or_choice<typename T::value_type, Value>;
template <class T, class Value>
inline constexpr bool is_value_or_choice<independent_layers<T>, Value> = is_value_or_choice<T, Value>;

/// A stage of one layer, with the marks of its block's fields beside it.
template <class Block>
constexpr auto named_stage(const char* name, bool in_head, const Block& block) {
  if constexpr (has_marks<Block>) {
    const auto plain = without_marks(block);
    return stage_declaration<std::remove_const_t<decltype(plain)>>{name, in_head ? 1U : 0U,     plain, {}, 1,
                                                                   {},   marks_of<Block>.data()};
  } else {
    return stage_declaration<Block>{name, in_head ? 1U : 0U, block, {}, 1, {}};
  }
}

/// Before the first stage.
using no_stage = stage_declaration<nothing>;

/// Stages that .stride, .layers and .skip can say something about.
template <class Stage>
inline constexpr bool has_layers = true;
template <>
inline constexpr bool has_layers<no_stage> = false;
template <class Resolution>
inline constexpr bool has_layers<stage_declaration<input_size<Resolution>>> = false;
template <class Value>
inline constexpr bool has_layers<stage_declaration<named_choice<Value>>> = false;

/// What to do with the arguments of `.require`: space/constraint.hpp says it.
template <class... What>
struct constraint_arguments;

/// What the size of something without a size compares as: true, since that mistake was already reported.
struct unknown_size {
  friend constexpr bool operator==(unknown_size, auto&&) { return true; }
  friend constexpr bool operator<(unknown_size, auto&&) { return true; }
  friend constexpr bool operator>(unknown_size, auto&&) { return true; }
};

/// Sizes, samples and ranks belong to the finished space.
struct unfinished {
  template <class Self = unfinished>
  constexpr auto size() const {
    static_assert(!std::is_same_v<Self, unfinished>,
                  "nascent: size() found an unfinished declaration; allowed: a defined space; wrap it: define([] { "
                  "return search_space(...)...; })");
    return unknown_size{};
  }
  template <class Rng, class Self = unfinished>
  constexpr int sample(Rng&&) const {
    static_assert(!std::is_same_v<Self, unfinished>,
                  "nascent: sample() found an unfinished declaration; allowed: a defined space; wrap it: define([] { "
                  "return search_space(...)...; })");
    return 0;
  }
};

}  // namespace detail

/// What a chain of builder calls has collected so far; give it to `define`. `Last` is the stage that .stride, .layers
/// and .skip refer to.
template <class Stages, class Last, class Constraints>
class space_declaration : public detail::unfinished {
 public:
  constexpr space_declaration(const char* name, int channels, Stages stages, Last last, Constraints constraints,
                              width_rounding rounding = {})
      : name_(name),
        channels_(channels),
        stages_(stages),
        last_(last),
        constraints_(constraints),
        rounding_(rounding) {}

  /// The network's input: channels and resolution. Comes first. `.input(3, 224)`, or a choice of numbers, where images
  /// are square; `.input(3, {.height = 480, .width = 640})`, or a choice of `image_size`, where they are not.
  template <class Resolution = image_size>
  constexpr auto input(int channels, Resolution resolution) const {
    static_assert(!detail::is_marked<Resolution>,
                  "nascent: .input() found fixed() or scaled(); allowed: a resolution; scaling says another");
    const auto plain = detail::unmarked(resolution);
    using input_stage = stage_declaration<input_size<std::remove_const_t<decltype(plain)>>>;
    return next(input_stage{"input", 0, {plain}, {}, 1, {}}, channels);
  }

  /// A choice of its own that `tied_to(name)` can refer to from several stages.
  template <class Choice>
  constexpr auto choose(const char* name, Choice values) const {
    return next(detail::named_stage(name, false, named_choice<Choice>{values}), channels_);
  }

  /// Adds a stage of one layer; .layers, .stride and .skip say more about it.
  template <class Block>
  constexpr auto stage(const char* name, Block block) const {
    return next(detail::named_stage(name, false, detail::as_block(block)), channels_);
  }

  /// How many layers the stage has: a number, a choice (0 allowed) of layers that share one configuration, or
  /// `independent(...)` for layers that choose each on their own. Depth scaling multiplies it unless it is
  /// `fixed(...)`.
  template <class Layers>
  constexpr auto layers(Layers count) const {
    using plain = std::remove_cvref_t<decltype(detail::unmarked(count))>;
    constexpr bool is_count = detail::is_value_or_choice<plain, int>;
    static_assert(is_count,
                  "nascent: .layers() found no whole number; allowed: a number, a choice such as range(1, 4), or "
                  "independent(...) of either");
    return replace_last<is_count>([&](const auto& before) {
      using block_type = std::remove_cvref_t<decltype(before.block)>;
      using stride_type = std::remove_cvref_t<decltype(before.stride)>;
      using skip_type = std::remove_cvref_t<decltype(before.skip)>;
      return stage_declaration<block_type, plain, stride_type, skip_type>{
          before.name,   before.flags | (detail::is_fixed<Layers> ? before.fixed_depth : 0U),
          before.block,  detail::unmarked(count),
          before.stride, before.skip,
          before.marks};
    });
  }

  /// The stride of the stage's first layer: 1, 2 or 4, or a choice of them; `{2, 1}`, or a choice of `strides`, where
  /// rows and columns differ.
  template <class Stride = strides>
  constexpr auto stride(Stride value) const {
    constexpr bool is_stride = detail::is_value_or_choice<Stride, strides>;
    static_assert(is_stride,
                  "nascent: .stride() found no whole number; allowed: 1, 2, 4, or a choice such as one_of(1, 2)");
    return replace_last<is_stride>([&](const auto& before) {
      using block_type = std::remove_cvref_t<decltype(before.block)>;
      using layers_type = std::remove_cvref_t<decltype(before.layers)>;
      using skip_type = std::remove_cvref_t<decltype(before.skip)>;
      return stage_declaration<block_type, layers_type, Stride, skip_type>{
          before.name, before.flags, before.block, before.layers, value, before.skip, before.marks};
    });
  }

  /// Adds the output of an earlier stage, by name, to the output of this one: `.skip("2")`, or searched:
  /// `.skip(one_of("none", "1", "2"))`. `kind` says what to do where shapes differ.
  template <class From>
  constexpr auto skip(From from, residual kind = residual::project) const {
    constexpr bool is_name = detail::is_value_or_choice<From, const char*>;
    static_assert(is_name,
                  "nascent: .skip() found no name; allowed: a stage's name such as \"2\", or a choice such as "
                  "one_of(\"none\", \"2\")");
    return replace_last<is_name>([&](const auto& before) {
      using block_type = std::remove_cvref_t<decltype(before.block)>;
      using layers_type = std::remove_cvref_t<decltype(before.layers)>;
      using stride_type = std::remove_cvref_t<decltype(before.stride)>;
      return stage_declaration<block_type, layers_type, stride_type, skip_connection<From>>{
          before.name, before.flags, before.block, before.layers, before.stride, {from, kind}, before.marks};
    });
  }

  /// What follows the last stage: blocks that become stages named head.conv, head.global_pool, head.dense, ...
  template <class... Blocks>
  constexpr auto head(Blocks... blocks) const {
    return add_head(*this, blocks...);
  }

  /// Keeps only candidates that keep a constraint: a predicate of the values of named choices, as many as there are
  /// paths before it, `.require("1.filters", "2.filters", [](int a, int b) { return a <= b; })`, or one that is data,
  /// `.require(sum("1.layers", "2.layers") <= 14)`. Needs space/constraint.hpp, which lists them. Counting, ranks and
  /// sampling know constraints; no sample is ever rejected.
  template <class... What>
  constexpr auto require(What... what) const {
    constexpr bool is_included = requires { sizeof(detail::constraint_arguments<What...>); };
    static_assert(is_included,
                  "nascent: .require() found no constraints; allowed: after #include <nascent/space/constraint.hpp>");
    if constexpr (is_included) return detail::constraint_arguments<What...>::add(*this, what...);
    else return *this;
  }

  /// How width scaling rounds: `.round_widths({.divisor = 4})`. Every width of the space, whatever its block.
  constexpr auto round_widths(width_rounding rounding) const {
    return space_declaration(name_, channels_, stages_, last_, constraints_, rounding);
  }

  constexpr const char* name() const { return name_; }
  constexpr int channels() const { return channels_; }
  constexpr const auto& stages() const { return stages_; }
  constexpr const auto& last() const { return last_; }
  constexpr const auto& constraints() const { return constraints_; }
  constexpr const width_rounding& rounding() const { return rounding_; }

 private:
  template <class Stage>
  constexpr auto next(Stage stage, int channels) const {
    if constexpr (std::is_same_v<Last, detail::no_stage>) {
      return space_declaration<Stages, Stage, Constraints>(name_, channels, stages_, stage, constraints_, rounding_);
    } else {
      using chain = detail::stage_chain<Stages, Last>;
      return space_declaration<chain, Stage, Constraints>(name_, channels, chain{stages_, last_}, stage, constraints_,
                                                          rounding_);
    }
  }

  /// After a mistake, `!IsValid`, things stay as they are.
  template <bool IsValid, class Change>
  constexpr auto replace_last(Change change) const {
    static_assert(detail::has_layers<Last>,
                  "nascent: .stride, .layers or .skip found before any stage; allowed: after .stage(name, block)");
    if constexpr (!IsValid || !detail::has_layers<Last>) {
      return *this;
    } else {
      auto last = change(last_);
      return space_declaration<Stages, decltype(last), Constraints>(name_, channels_, stages_, last, constraints_,
                                                                    rounding_);
    }
  }

  template <class Space>
  static constexpr auto add_head(const Space& space) {
    return space;
  }
  template <class Space, class Block, class... Rest>
  static constexpr auto add_head(const Space& space, Block block, Rest... rest) {
    return add_head(space.add_stage(detail::named_stage("head", true, detail::as_block(block))), rest...);
  }

 public:
  /// Appends a finished stage; what `head` and generators of spaces use.
  template <class Stage>
  constexpr auto add_stage(Stage stage) const {
    return next(stage, channels_);
  }

  /// Appends a constraint; what `require` does in the end.
  template <class Constraint>
  constexpr auto add_constraint(Constraint c) const {
    auto constraints = constraints_.with(c);
    return space_declaration<Stages, Last, decltype(constraints)>(name_, channels_, stages_, last_, constraints,
                                                                  rounding_);
  }

 private:
  const char* name_;
  int channels_;
  Stages stages_;
  Last last_;
  Constraints constraints_;
  width_rounding rounding_;
};

/// Starts the declaration of a search space; end it with `define`.
constexpr auto search_space(const char* name) {
  return space_declaration<detail::no_stages, detail::no_stage, detail::pack<>>(name, 0, {}, {"", 0, {}, {}, 1, {}},
                                                                                {});
}

}  // namespace nascent
