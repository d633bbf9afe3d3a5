// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/check.hpp"

#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/space/constraint.hpp"

using namespace nascent;

namespace {

// What `define` does before it refuses: each step relies on the one before.
template <class F>
consteval declaration_fault first_fault(F) {
  constexpr declaration_fault declaration = detail::find_fault<F>();
  if constexpr (declaration.what != fault::none) {
    return declaration;
  } else {
    constexpr declaration_fault reference = detail::find_reference_fault<F>();
    if constexpr (reference.what != fault::none) {
      return reference;
    } else {
      constexpr declaration_fault network = detail::find_network_fault<F>();
      if constexpr (network.what != fault::none) return network;
      else return detail::find_count_fault<F>();
    }
  }
}

/// Whether a declaration has this fault, and says so in these words.
template <class F>
consteval bool refused(F declaration, fault what, std::string_view where, std::string_view found,
                       std::string_view allowed) {
  const declaration_fault f = first_fault(declaration);
  return f.what == what && f.where == where && f.found == found && f.allowed == allowed && !f.where.truncated &&
         !f.found.truncated && !f.allowed.truncated;
}
template <class F>
consteval bool accepted(F declaration) {
  return !first_fault(declaration);
}

constexpr auto start = search_space("s").input(3, 32);

/// A block of a user's that cannot be built.
template <class Filters = int>
struct unfinished {
  Filters filters{8};
};

template <class Filters = int, class Stride = int>
struct own_stride {
  Filters filters{8};
  Stride stride{2};
  struct roles {
    role::width filters;
    role::stride stride;
  };
  constexpr auto operator()(auto& net, auto input, int) const {
    return net.conv(input, {.filters = filters, .stride = stride});
  }
};

/// Does not care for the stride of its stage.
template <class Filters = int>
struct stubborn {
  Filters filters;
  constexpr auto operator()(auto& net, auto input, int) const { return net.conv(input, {.filters = filters}); }
};

/// 2^16 configurations of each layer.
template <class Layers>
constexpr auto wide(Layers layers) {
  constexpr auto r = range(1, 16);
  return start.stage("1", mbconv{.filters = r, .kernel = r, .expand = range(1, 256)}).layers(layers);
}

}  // namespace

TEST_CASE("a space has an input and a name, its stages too") {
  STATIC_CHECK(refused([] { return search_space("s").stage("1", conv{.filters = 8}); }, fault::no_input, "space s",
                       "found no input", "allowed: .input(3, 224) first"));
  STATIC_CHECK(first_fault([] { return search_space("").input(3, 32).stage("1", conv{.filters = 8}); }).what ==
               fault::no_name);
  STATIC_CHECK(refused([] { return start.stage("", conv{.filters = 8}); }, fault::no_name, "stage number 1",
                       "found 0 characters", "allowed: 1 to 24"));
  STATIC_CHECK(first_fault([] { return start.stage("a name of twenty-five ...", conv{.filters = 8}); }).what ==
               fault::no_name);
  STATIC_CHECK(accepted([] { return start.stage("a name of twenty-four ..", conv{.filters = 8}); }));
}

TEST_CASE("two stages do not share a name") {
  STATIC_CHECK(refused(
      [] { return start.stage("1", conv{.filters = 8}).stage("2", conv{.filters = 8}).stage("1", conv{.filters = 8}); },
      fault::stage_declared_twice, "stage 1", "found 1", "allowed: a new name"));
  STATIC_CHECK(first_fault([] { return start.stage("input", conv{.filters = 8}); }).what ==
               fault::stage_declared_twice);
  STATIC_CHECK(accepted([] { return start.head(global_pool{}, dense{.units = 1}, dense{.units = 2}); }));
}

TEST_CASE("choices are not empty, go up and hold each value once") {
  STATIC_CHECK(refused([] { return start.stage("1", conv{.filters = range(64, 32)}); }, fault::reversed_range,
                       "stage 1, field filters", "found 64 to 32 by 1", "allowed: first <= last, step >= 1"));
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = range(32, 64, 0)}); }).what ==
               fault::reversed_range);
  STATIC_CHECK(refused([] { return start.stage("1", conv{.filters = range(32, 80, 32)}); }, fault::range_misses_end,
                       "stage 1, field filters", "found 32 to 80 by 32", "allowed: last = first + n * step"));
  STATIC_CHECK(refused([] { return start.stage("1", conv{.filters = 8, .kernel = one_of(3, 5, 3)}); },
                       fault::value_repeated, "stage 1, field kernel", "found 3", "allowed: each value once"));
  STATIC_CHECK(refused([] { return start.stage("1", conv{.filters = 8, .act = one_of(relu, swish, relu)}); },
                       fault::value_repeated, "stage 1, field act", "found relu", "allowed: each value once"));
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = one_of_values<int, 0>{}}); }).what ==
               fault::empty_choice);
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = range(1, 40'000)}); }).what ==
               fault::too_many_options);
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = 8}).layers(range(3, 1)); }).what ==
               fault::reversed_range);
}

TEST_CASE("values are what networks can have, in choices too") {
  STATIC_CHECK(refused([] { return start.stage("1", conv{.filters = 0}); }, fault::value_not_allowed,
                       "stage 1, field filters", "found 0", "allowed: 1 or more"));
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = range(0, 8)}); }).what ==
               fault::value_not_allowed);
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = 8, .kernel = one_of(3, -1)}); }).what ==
               fault::value_not_allowed);
  STATIC_CHECK(refused([] { return start.stage("1", mbconv{.filters = 8, .se = 1.5}); }, fault::value_not_allowed,
                       "stage 1, field se", "found 1.5", "allowed: 0 to 1"));
  STATIC_CHECK(refused([] { return start.stage("1", mbconv{.filters = 8, .expand = one_of(0., .5)}); },
                       fault::value_not_allowed, "stage 1, field expand", "found 0", "allowed: above 0"));
  STATIC_CHECK(first_fault([] { return start.stage("1", space_to_depth{.factor = 1}); }).what ==
               fault::value_not_allowed);
  STATIC_CHECK(first_fault([] {
                 return search_space("s").input(3, one_of(32, 0)).stage("1", conv{.filters = 8});
               }).what == fault::value_not_allowed);
}

TEST_CASE("strides are 1, 2 or 4, in the first layer of a stage") {
  STATIC_CHECK(refused([] { return start.stage("1", conv{.filters = 8}).stride(3); }, fault::stride_not_allowed,
                       "stage 1, field stride", "found 3", "allowed: 1, 2 or 4"));
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = 8}).stride(one_of(1, 8)); }).what ==
               fault::stride_not_allowed);
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = 8}).stride(independent(2)); }).what ==
               fault::stride_in_later_layer);
  STATIC_CHECK(refused([] { return start.stage("1", own_stride{.filters = 8}).layers(2); },
                       fault::stride_in_later_layer, "stage 1, field stride", "found 2", "allowed: 1 in later layers"));
  STATIC_CHECK(accepted([] { return start.stage("1", own_stride{.filters = 8}); }));
}

TEST_CASE("layers: at least one, or a choice from 0 up") {
  STATIC_CHECK(refused([] { return start.stage("1", conv{.filters = 8}).layers(0); }, fault::layers_not_allowed,
                       "stage 1, field layers", "found 0", "allowed: 1 or more"));
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = 8}).layers(range(-1, 2)); }).what ==
               fault::layers_not_allowed);
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = 8}).layers(one_of(0)); }).what ==
               fault::layers_not_allowed);
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = 8}).layers(range(1, 65)); }).what ==
               fault::too_many_options);
  STATIC_CHECK(accepted([] { return start.stage("1", conv{.filters = 8}).layers(range(0, 63)); }));
}

TEST_CASE("skip{} comes last, among layers that choose on their own") {
  STATIC_CHECK(refused([] { return start.stage("1", either(conv{.filters = 8}, skip{})).layers(2); },
                       fault::skip_block_misplaced, "stage 1", "found skip{}", "allowed: last, of independent layers"));
  STATIC_CHECK(first_fault([] {
                 return start.stage("1", either(skip{}, conv{.filters = 8})).layers(independent(2));
               }).what == fault::skip_block_misplaced);
  STATIC_CHECK(first_fault([] { return start.stage("1", skip{}); }).what == fault::skip_block_misplaced);
}

TEST_CASE("shared(...) needs layers that choose on their own") {
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = shared(one_of(8, 16))}).layers(2); }).what ==
               fault::shared_outside_independent);
}

// Where no layer chooses the block, its shared fields would take part in nothing and still count.
TEST_CASE("shared(...) needs a stage of one block type; .choose serves several") {
  STATIC_CHECK(first_fault([] {
                 return start
                     .stage("1",
                            either(mbconv{.filters = shared(one_of(8, 16))}, conv{.filters = shared(one_of(8, 16))}))
                     .layers(independent(2));
               }).what == fault::shared_between_alternatives);
  STATIC_CHECK(accepted([] {
    return start.choose("width", one_of(8, 16))
        .stage("1", either(mbconv{.filters = tied_to("width")}, conv{.filters = tied_to("width")}, skip{}))
        .layers(independent(2));
  }));
}

TEST_CASE("ties name a choice that every network makes") {
  STATIC_CHECK(refused([] { return start.stage("1", conv{.filters = tied_to("stem.filters")}); },
                       fault::tie_to_unknown_choice, "stage 1, field filters", "found stem.filters",
                       "allowed: a path, e.g. stem.filters"));
  STATIC_CHECK(refused(
      [] {
        return start.stage("1", conv{.filters = one_of(8, 16)})
            .layers(range(0, 1))
            .stage("2", conv{.filters = tied_to("1.filters")});
      },
      fault::tie_to_optional_choice, "stage 2, field filters", "found 1.filters", "allowed: a choice always made"));
  // A fixed value is no choice.
  STATIC_CHECK(first_fault([] {
                 return start.stage("1", conv{.filters = 8}).stage("2", conv{.filters = tied_to("1.filters")});
               }).what == fault::tie_to_unknown_choice);
}

TEST_CASE("a choice of its own is used by a stage that every network has") {
  STATIC_CHECK(refused([] { return start.choose("width", one_of(8, 16)).stage("1", conv{.filters = 8}); },
                       fault::choice_without_use, "choice width", "found no certain tie",
                       "allowed: a tie in a sure stage"));
  STATIC_CHECK(
      first_fault([] {
        return start.choose("width", one_of(8, 16)).stage("1", conv{.filters = tied_to("width")}).layers(range(0, 1));
      }).what == fault::choice_without_use);
  STATIC_CHECK(first_fault([] {
                 return start.choose("width", one_of(8, 16))
                     .stage("1", either(conv{.filters = tied_to("width")}, depthwise_conv{}));
               }).what == fault::choice_without_use);
}

TEST_CASE("connections come from earlier stages") {
  STATIC_CHECK(refused([] { return start.stage("1", conv{.filters = 8}).skip("0"); }, fault::skip_from_unknown_stage,
                       "stage 1, field skip", "found 0", "allowed: a stage's name"));
  STATIC_CHECK(refused(
      [] { return start.stage("1", conv{.filters = 8}).skip(one_of("none", "2")).stage("2", conv{.filters = 8}); },
      fault::skip_from_later_stage, "stage 1, field skip", "found 2", "allowed: an earlier stage"));
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = 8}).skip("1"); }).what ==
               fault::skip_from_later_stage);
  STATIC_CHECK(first_fault([] { return start.stage("1", conv{.filters = 8}).skip(one_of("none", "none")); }).what ==
               fault::value_repeated);
}

TEST_CASE("constraints name choices, leave a network and stay small") {
  STATIC_CHECK(refused(
      [] { return start.stage("1", conv{.filters = one_of(8, 16)}).require("2.filters", [](int) { return true; }); },
      fault::constraint_on_unknown_choice, "constraint 0", "found 2.filters",
      "allowed: a path, did you mean 1.filters?"));
  STATIC_CHECK(refused(
      [] { return start.stage("1", conv{.filters = one_of(8, 16)}).require("width", [](int) { return true; }); },
      fault::constraint_on_unknown_choice, "constraint 0", "found width", "allowed: a path, e.g. 2.filters"));
  STATIC_CHECK(refused([] { return start.stage("1", conv{.filters = one_of(8, 16)}).require(sum("*.layers") <= 3); },
                       fault::constraint_on_unknown_choice, "constraint 0", "found *.layers",
                       "allowed: a pattern of choices, e.g. *.layers"));
  STATIC_CHECK(refused(
      [] { return start.stage("1", conv{.filters = one_of(8, 16)}).require("1.filters", [](int) { return false; }); },
      fault::no_candidate_left, "space s", "found 0 networks", "allowed: 1 or more"));
  STATIC_CHECK(refused(
      [] {
        constexpr auto r = range(1, 300);
        return start.stage("1", conv{.filters = r})
            .stage("2", conv{.filters = r})
            .stage("3", conv{.filters = r})
            .require("1.filters", "2.filters", "3.filters", [](int a, int b, int c) { return a + b > c; });
      },
      fault::constraint_table_too_large, "space s", "found 90302 states", "allowed: at most 65536 states"));
  STATIC_CHECK(refused(
      [] {
        constexpr auto r = range(1, 200);
        return start.stage("1", conv{.filters = r})
            .stage("2", conv{.filters = r})
            .stage("3", conv{.filters = r})
            .require("1.filters", "2.filters", "3.filters", [](int a, int b, int c) { return a + b > c; });
      },
      fault::constraint_table_too_large, "space s", "found 8040200 decisions", "allowed: at most 524288 decisions"));
  STATIC_CHECK(refused(
      [] {
        constexpr auto r = range(1, 64);
        return start.stage("1", conv{.filters = r})
            .stage("2", conv{.filters = r})
            .stage("3", conv{.filters = r})
            .stage("4", conv{.filters = r})
            .require(product("1.filters", "2.filters", "3.filters", "4.filters") == 5040);
      },
      fault::constraint_table_too_large, "constraint 0", "found over 65536 totals to try",
      "allowed: at most 65536 totals to try"));
}

TEST_CASE("constraints ask what values can answer, of choices") {
  const auto one = [](auto declaration) { return first_fault(declaration); };
  STATIC_CHECK(refused(
      [] { return start.stage("1", conv{.filters = one_of(8, 16)}).require(value_of("1.kernel") < 4); },
      fault::constraint_on_fixed_field, "constraint 0", "found 1.kernel, fixed", "allowed: a field with a choice"));
  STATIC_CHECK(refused(
      [] {
        return start.stage("1", conv{.filters = one_of(8, 16)})
            .stage("2", conv{.filters = tied_to("1.filters")})
            .require("2.filters", [](int) { return true; });
      },
      fault::constraint_on_fixed_field, "constraint 0", "found 2.filters, tied", "allowed: the choice it is tied to"));
  static constexpr auto acts = start.stage("1", conv{.filters = one_of(8, 16), .act = one_of(relu, swish)});
  constexpr auto unfit = fault::constraint_does_not_fit;
  STATIC_CHECK(refused([] { return acts.require(sum("1.filters", "1.act") <= 3); }, unfit, "constraint 0", "found relu",
                       "allowed: numbers"));
  STATIC_CHECK(refused([] { return acts.require(value_of("1.act") < swish); }, unfit, "constraint 0", "found relu",
                       "allowed: numbers"));
  STATIC_CHECK(refused([] { return acts.require(all_equal("1.filters", "1.act")); }, unfit, "constraint 0",
                       "found relu", "allowed: values of one kind"));
  STATIC_CHECK(refused([] { return acts.require(count("*.filters", 9) == 1); }, unfit, "constraint 0", "found 9",
                       "allowed: a value that the choice offers"));
  STATIC_CHECK(refused(
      [] {
        return acts.require(table({"1.filters", "1.act"}, {{8, relu}, {8, sigmoid}}));
      },
      unfit, "constraint 0", "found sigmoid", "allowed: a value that the choice offers"));
  STATIC_CHECK(refused([] { return acts.require(sum(priced("1.filters", 1, 2, 3)) <= 3); }, unfit, "constraint 0",
                       "found 3 prices for 2 options", "allowed: a price for each option"));
  STATIC_CHECK(refused([] { return acts.require(product(priced("1.filters", -1, 2)) <= 3); }, unfit, "constraint 0",
                       "found -1", "allowed: factors of 0 or more"));
  STATIC_CHECK(one([] { return acts.require(sum(priced("1.filters", 1. / 3, 2)) <= 3); }).allowed ==
               "allowed: up to 6 decimal places");
  STATIC_CHECK(accepted([] { return acts.require(sum(priced("1.filters", .000001, 2)) <= 3); }));
}

TEST_CASE("alternatives of one type that choose the same field need another type") {
  STATIC_CHECK(refused(
      [] {
        return start.stage(
            "1", either(conv{.filters = 8, .kernel = one_of(3, 5)}, conv{.filters = 16, .kernel = one_of(3, 5)}));
      },
      fault::choice_declared_twice, "choice 1.conv.kernel", "found twice", "allowed: one choice a path"));
  STATIC_CHECK(accepted(
      [] { return start.stage("1", either(conv{.filters = 8, .kernel = one_of(3, 5)}, conv{.filters = 16})); }));
}

TEST_CASE("a block says how it is built") {
  STATIC_CHECK(refused([] { return start.stage("1", unfinished{.filters = one_of(8, 16)}); },
                       fault::block_cannot_be_built, "stage 1", "found unfinished", "allowed: a block"));
}

TEST_CASE("no map of the space shrinks below 1x1") {
  STATIC_CHECK(refused(
      [] {
        return search_space("s")
            .input(3, one_of(16, 8))
            .stage("1", conv{.filters = 8})
            .stride(4)
            .stage("2", conv{.filters = 8, .pad = padding::valid});
      },
      fault::map_vanishes, "stage 2", "found 2", "allowed: a map of 3"));
  STATIC_CHECK(accepted([] {
    return search_space("s")
        .input(3, one_of(16, 9))
        .stage("1", conv{.filters = 8})
        .stride(4)
        .stage("2", conv{.filters = 8, .pad = padding::valid});
  }));
  // SAME windows leave ceil(size / stride) of every map.
  STATIC_CHECK(accepted([] {
    return search_space("s")
        .input(3, 4)
        .stage("1", conv{.filters = 8})
        .stride(4)
        .stage("2", conv{.filters = 8})
        .stride(2);
  }));
  // A stage that may be absent, and a stride that may be smaller, count as well.
  STATIC_CHECK(first_fault([] {
                 return search_space("s")
                     .input(3, 4)
                     .stage("1", conv{.filters = 8})
                     .stride(4)
                     .layers(range(0, 2))
                     .stage("2", conv{.filters = 8, .pad = padding::valid})
                     .stride(one_of(1, 2));
               }).what == fault::map_vanishes);
}

TEST_CASE("a block follows the stride of its stage") {
  STATIC_CHECK(refused([] { return start.stage("1", stubborn{.filters = 8}).stride(2); }, fault::stride_ignored,
                       "stage 1", "found 32 after stubborn", "allowed: a map of 16"));
  STATIC_CHECK(refused([] { return start.stage("1", stubborn{.filters = one_of(8, 16)}).stride(one_of(1, 4)); },
                       fault::stride_ignored, "stage 1", "found 32 after stubborn", "allowed: a map of 8"));
  // Also as another alternative, and with a factor in place of it.
  STATIC_CHECK(refused(
      [] { return start.stage("1", either(conv{.filters = 8}, stubborn{.filters = 8})).stride(2).layers(range(1, 2)); },
      fault::stride_ignored, "stage 1", "found 32 after stubborn", "allowed: a map of 16"));
  STATIC_CHECK(first_fault([] { return start.stage("1", space_to_depth{}).stride(4); }).what == fault::stride_ignored);
  STATIC_CHECK(accepted([] { return start.stage("1", space_to_depth{.factor = 4}).stride(2); }));
  STATIC_CHECK(accepted([] { return start.stage("1", stubborn{.filters = 8}); }));
  STATIC_CHECK(
      accepted([] { return start.stage("1", conv{.filters = 8}).stride(2).stage("2", global_pool{}).stride(2); }));
}

TEST_CASE("shapes that can never fit are found") {
  STATIC_CHECK(
      first_fault([] {
        return start.stage("1", conv{.filters = 8}).stage("2", conv{.filters = 16}).skip("1", residual::identity);
      }).what == fault::shapes_do_not_match);
  STATIC_CHECK(first_fault([] {
                 return search_space("s").input(3, 9).stage("1", space_to_depth_copy{.factor = 2});
               }).what == fault::shapes_do_not_match);
}

TEST_CASE("a space of 2^128 networks or more is refused, one below is not") {
  STATIC_CHECK(accepted([] { return wide(independent(7)); }));                                  // 2^112
  STATIC_CHECK(first_fault([] { return wide(independent(8)); }).what == fault::size_overflow);  // 2^128
  STATIC_CHECK(first_fault([] { return wide(independent(60)); }).what == fault::size_overflow);
}
