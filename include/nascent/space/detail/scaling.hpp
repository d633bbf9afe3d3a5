// SPDX-License-Identifier: Apache-2.0
/// \file
/// What compound scaling does to each field of a space, found from the roles of blocks and the marks of their uses; and
/// the refusal of what nothing is said about.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "nascent/space/detail/counting.hpp"
#include "nascent/space/detail/paths.hpp"
#include "nascent/space/error.hpp"
#include "nascent/space/fault.hpp"

namespace nascent {

/// Compound scaling of a candidate (EfficientNet). `width` multiplies the fields that blocks declare as widths
/// (block/roles.hpp), and rounds as the space declares; `depth` makes ceil(depth * layers) of the layers of stages that
/// declare `.layers(...)`; what is marked `fixed` stays. `resolution` replaces the
/// longer side of the input unless it is 0, and the other side keeps the aspect (`at_resolution`). A width, or
/// a depth, of 1 changes nothing.
struct dimensions {
  double width = 1;
  double depth = 1;
  int resolution = 0;

  friend constexpr bool operator==(const dimensions&, const dimensions&) = default;
};

namespace detail {

/// Of one block in one stage: a bit for each field.
struct block_scaling {
  std::uint16_t scaled = 0;
  std::uint16_t unsaid = 0;  ///< fields of which their use should have said whether they scale
  bool declared = true;      ///< the block has roles, or its use has marks

  constexpr bool refuses() const { return !declared || unsaid != 0; }
};

template <class F, std::size_t I>
constexpr field_marks marks_at(std::size_t alternative) {
  const field_marks* marks = stage_at<F, I>().marks;
  return marks ? marks[alternative] : field_marks{};
}

/// What is said of field J of alternative A of stage I by itself.
template <class F, std::size_t I, std::size_t A, std::size_t J>
constexpr width_scaling own_scaling() {
  constexpr field_marks marks = marks_at<F, I>(A);
  constexpr unsigned bit = 1U << J;
  if constexpr ((marks.fixed & bit) != 0) return width_scaling::none;
  else if constexpr ((marks.scaled & bit) != 0) return width_scaling::scaled;
  else return roles_of<typename stage_layout<F, I>::template alternative_type<A>>[J].scaling;
}
/// A tied field does as its source does, or the tie would break. A choice that is no field of a block leaves it to the
/// tied field, unless it is marked.
template <class F, std::size_t I, std::size_t A, std::size_t J>
constexpr width_scaling scaling_of_field() {
  using block = typename stage_layout<F, I>::template alternative_type<A>;
  constexpr field_marks marks = marks_at<F, I>(A);
  if constexpr (field_kinds<block>[J] == field_kind::tied && ((marks.fixed | marks.scaled) & 1U << J) == 0) {
    constexpr slot_place from = slot_places<F>[static_cast<std::size_t>(tie_source<F, I, A, J>)];
    if constexpr (from.role == slot_role::field) {
      constexpr auto stage = static_cast<std::size_t>(from.stage);
      constexpr auto alternative = static_cast<std::size_t>(from.alternative);
      constexpr field_marks said = marks_at<F, stage>(alternative);
      if constexpr (!all_stage_facts<F>[stage].named_choice || ((said.fixed | said.scaled) & 1U << from.field) != 0)
        return own_scaling<F, stage, alternative, static_cast<std::size_t>(from.field)>();
    }
  }
  return own_scaling<F, I, A, J>();
}

template <class F, std::size_t I, std::size_t A, std::size_t... J>
consteval block_scaling find_scaling(std::index_sequence<J...>) {
  constexpr field_marks marks = marks_at<F, I>(A);
  block_scaling found;
  found.declared = states_roles<natural_block<typename stage_layout<F, I>::template alternative_type<A>>> ||
                   (marks.fixed | marks.scaled) != 0;
  [[maybe_unused]] unsigned bit = 1;
  [[maybe_unused]] const auto one = [&](width_scaling how) {
    if (how == width_scaling::scaled) found.scaled = static_cast<std::uint16_t>(found.scaled | bit);
    // Its last stage gives the network's output.
    if (how == width_scaling::unsaid && I + 1 < declared<F>::stage_count)
      found.unsaid = static_cast<std::uint16_t>(found.unsaid | bit);
    bit <<= 1;
  };
  (one(scaling_of_field<F, I, A, J>()), ...);
  return found;
}
template <class F, std::size_t I, std::size_t... A>
consteval auto list_scalings(std::index_sequence<A...>) {
  return std::array<block_scaling, sizeof...(A)>{find_scaling<F, I, A>(
      std::make_index_sequence<field_count<typename stage_layout<F, I>::template alternative_type<A>>>{})...};
}
/// By alternative.
template <class F, std::size_t I>
inline constexpr auto stage_scalings =
    list_scalings<F, I>(std::make_index_sequence<stage_layout<F, I>::alternatives>{});

/// Multiplies the fields of a block whose bits are set.
struct field_scaler {
  unsigned scaled;
  double width;
  const width_rounding& rounding;

  template <class... Fields>
  constexpr void operator()(Fields&... fields) const {
    [[maybe_unused]] unsigned bit = 1;
    [[maybe_unused]] const auto one = [&](auto& field) {
      using value = std::remove_cvref_t<decltype(field)>;
      if constexpr (std::is_arithmetic_v<value> && !std::is_same_v<value, bool>)
        if ((scaled & bit) != 0) field = static_cast<value>(rounding(width * static_cast<double>(field)));
      bit <<= 1;
    };
    (one(fields), ...);
  }
};

/// Refuses to scale a block by width. No constant expression: in one, compilers name it, and with it what the texts
/// say. \throws space_error
template <literal Where, literal Found, literal Allowed>
[[noreturn]] void cannot_scale_by_width(const char* space) {
  throw space_error("space.width", place_in(space, Where.chars), Found.chars, Allowed.chars);
}

template <class F, std::size_t I, std::size_t A>
constexpr void refuse_width_if(bool chosen) {
  using block = typename stage_layout<F, I>::template alternative_type<A>;
  constexpr block_scaling scaling = stage_scalings<F, I>[A];
  constexpr short_text where = [] {
    short_text t = short_text{}.add("stage ").add(stage_names<F>[I].view());
    if (scaling.declared)
      for (std::size_t j = 0; j < field_count<block>; ++j)
        if ((scaling.unsaid >> j & 1U) != 0) return t.add(", field ").add(field_names<block>[j]);
    return t;
  }();
  constexpr short_text found = scaling.declared
                                   ? short_text{}.add("a number that may be a width or not")
                                   : short_text{}.add("the block ").add(block_name<block>).add(" without roles");
  constexpr basic_text<128> allowed =
      basic_text<128>{}.add(scaling.declared ? "fixed(...) or scaled(...), or width 1"
                                             : "blocks with `struct roles { role::width filters; };`, or width 1");
  if (chosen)
    cannot_scale_by_width<literal<where.length + 1>(where.view()), literal<found.length + 1>(found.view()),
                          literal<allowed.length + 1>(allowed.view())>(declared<F>::value.name());
}

/// The alternative that layer `layer` of stage I decided on.
template <class F, std::size_t I>
constexpr std::size_t chosen_alternative(const digit* digits, int layer) {
  using layout = stage_layout<F, I>;
  if constexpr (layout::alternatives == 1) return 0;
  else
    return static_cast<std::size_t>(
        digits[stage_slots<F>[I] + layout::block_slot + (layout::independent ? layer : 0) * layout::slots_per_layer]);
}

template <class F, std::size_t I>
constexpr void check_stage_width(const digit* digits) {
  constexpr bool may_refuse = [] {
    for (const block_scaling& each : stage_scalings<F, I>)
      if (each.refuses()) return true;
    return false;
  }();
  if constexpr (may_refuse) {
    const int layers = stage_counter<F, I>::layers(digits + stage_slots<F>[I]);
    for (int j = 0; j < layers; ++j)
      stage_layout<F, I>::for_each_alternative([&](auto a) {
        if constexpr (stage_scalings<F, I>[a()].refuses())
          refuse_width_if<F, I, a()>(chosen_alternative<F, I>(digits, j) == a());
      });
  }
}

[[noreturn]] inline void refuse_dimension(const char* space, const char* which, double found, const char* allowed) {
  throw space_error("space.scale", place_in(space, joined("scaling, ", which)), joined(found), allowed);
}

/// \throws space_error for dimensions that no network has, and for a width where a block does not say what scales
template <class F>
constexpr void check_dimensions(const digit* digits, const dimensions& by) {
  const char* const space = declared<F>::value.name();
  if (!(by.width > 0 && by.width <= 1e4)) refuse_dimension(space, "width", by.width, "above 0, up to 10000");
  if (!(by.depth > 0 && by.depth <= 1e4)) refuse_dimension(space, "depth", by.depth, "above 0, up to 10000");
  if (by.resolution < 0 || by.resolution > 65536)
    refuse_dimension(space, "resolution", by.resolution, "1 to 65536, or 0 for the candidate's own");
  if (by.width == 1) return;
  for_each_stage<F>([&](auto i) {
    if constexpr (i() > 0) check_stage_width<F, i()>(digits);
  });
}

}  // namespace detail
}  // namespace nascent
