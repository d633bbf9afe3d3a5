// SPDX-License-Identifier: Apache-2.0
/// \file
/// The check that layers fit together, on the smallest network of a space.
#pragma once

#include "nascent/space/detail/fault_finder.hpp"
#include "nascent/space/detail/smallest.hpp"

namespace nascent::detail {

/// What a net found wrong, in the words of declarations.
constexpr void report_network(fault_finder& finder, const fault_record& f, place where) {
  short_text what{};
  what.add("found ").add(f.found);
  short_text allowed{};
  switch (f.what) {
    case network_fault::none: return;
    case network_fault::input:
      return finder.report(fault::network_too_large, where, what, allowed.add("1 to ").add(f.allowed).view());
    case network_fault::filters:
      where.field = "filters";
      return finder.report(fault::value_not_allowed, where, what, "1 to 1048576");
    case network_fault::kernel:
      where.field = "kernel";
      return finder.report(fault::value_not_allowed, where, what, "1 to 1024");
    case network_fault::work:
      return finder.report(fault::network_too_large, where, what.add(" bits"), "multiply-adds, maps below 2^42");
    case network_fault::layers:
      return finder.report(fault::network_too_large, where, what.add(" layers"), "at most 65536 layers");
    case network_fault::stride:
      where.field = "stride";
      return finder.report(fault::value_not_allowed, where, what, "1 to 32768");
    case network_fault::dilation:
      where.field = "dilation";
      return finder.report(fault::value_not_allowed, where, what, "1 to 65536");
    case network_fault::reshape:
      return finder.report(fault::shapes_do_not_match, where, what.add(" elements"),
                           allowed.add("a shape of ").add(f.allowed).view());
    case network_fault::epsilon:
      where.field = "epsilon_digits";
      return finder.report(fault::value_not_allowed, where, what, "1 to 12");
    case network_fault::stride_ignored:
      return finder.report(fault::stride_ignored, where, what.add(" after ").add(f.block),
                           allowed.add("a map of ").add(f.allowed).view());
    case network_fault::groups:
      return finder.report(fault::shapes_do_not_match, where, what.add(" groups"),
                           allowed.add("dividing ").add(f.allowed).add(" and filters").view());
    case network_fault::map_vanishes:
      return finder.report(fault::map_vanishes, where, what, allowed.add("a map of ").add(f.allowed).view());
    case network_fault::not_divisible:
      return finder.report(fault::shapes_do_not_match, where, what, allowed.add("divisors of ").add(f.allowed).view());
    case network_fault::channels:
      return finder.report(fault::shapes_do_not_match, where, what,
                           allowed.add("in or dividing ").add(f.allowed).add(" channels").view());
    case network_fault::not_pooled:
      return finder.report(fault::map_not_pooled, where, what.add(" rows or columns"), "a map of 1x1");
    case network_fault::padding_count:
      where.field = "count_padding";
      return finder.report(fault::value_not_allowed, where, what.add(" beside ceil"), "in means without ceil");
    case network_fault::gate:
      return finder.report(fault::gate_does_not_fit, where, what.add(" against ").add(f.allowed), "a gate of 1x1");
    case network_fault::shape_mismatch:
    case network_fault::operands: break;
    case network_fault::activation_numbers:
      where.field = "act";
      return finder.report(fault::value_not_allowed, where, what.add(" numbers"), allowed.add(f.allowed).view());
    case network_fault::decimal:
      where.field = "act";
      return finder.report(fault::value_not_allowed, where, what.add(" digits or more"), "4 digits, as 0.2292 has");
    case network_fault::bounds:
      where.field = "act";
      return finder.report(fault::value_not_allowed, where, short_text{}.add("found bounds out of order"), "low, high");
    case network_fault::size:
    case network_fault::scale:
    case network_fault::margin:
    case network_fault::output_padding:
    case network_fault::part: return finder.report(fault::value_not_allowed, where, what, to_string(f.what));
  }
  if (f.found == f.allowed) what = short_text{}.add("found maps of different sizes");
  else what.add(" against ").add(f.allowed);
  finder.report(fault::shapes_do_not_match, where, what, "equal shapes");
}

/// Of a space that the compiler cannot build: is it this stage's first block?
template <class F, std::size_t I>
constexpr void check_is_constant(fault_finder& finder) {
  if constexpr (!requires { typename std::bool_constant<(static_cast<void>(build_alone<F, I>()), true)>; })
    finder.report(fault::block_cannot_be_built, place{"stage", stage_names<F>[I].view(), ""},
                  short_text{}
                      .add("found ")
                      .add(block_name<typename stage_layout<F, I>::template alternative_type<0>>)
                      .add(", not constexpr"),
                  "constexpr operator()");
}

/// The smallest map with every stage present and the largest strides: SAME sizes grow with the input, so no other
/// network has a smaller map. Constraints could forbid that very network; then the check is left to building.
template <class F>
constexpr void check_smallest(fault_finder& finder) {
  if constexpr (requires { typename std::bool_constant<(static_cast<void>(build_smallest<F>()), true)>; }) {
    const fault_record f = build_smallest<F>();
    if (f)
      report_network(finder, f,
                     place{"stage", stage_names<F>[f.stage < 0 ? 0 : static_cast<std::size_t>(f.stage)].view(), ""});
  } else {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (check_is_constant<F, I>(finder), ...); }
    (std::make_index_sequence<declared<F>::stage_count>{});
    if (finder.ok()) build_smallest<F>();  // no block by itself: the compiler says why, such as a limit of its own
  }
}

}  // namespace nascent::detail
