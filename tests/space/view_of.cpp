// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/view_of.hpp"

#include <string>
#include <vector>

#include "run_time_space.hpp"
#include "spaces.hpp"
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/space/constraint.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/nas_bench_201.hpp"
#include "nascent/zoo/once_for_all.hpp"
#include "nascent/zoo/tunas.hpp"

using namespace nascent;
using namespace test;

namespace {

static_assert(layered_space<decltype(zoo::gpunet)> && layered_space<listed_space>);

/// Everything at once: alternatives, layers that choose on their own, ties, a searched stride, skip connections,
/// constraints.
constexpr auto mixed = define([] {
  return search_space("mixed")
      .input(3, one_of(192, 224, 256))
      .choose("width", 16 * one_of(.5, 1., 1.5, 2.))
      .stage("stem", conv{.filters = tied_to("width"), .act = hswish})
      .stride(2)
      .stage(
          "a",
          either(mbconv{.filters = one_of(24, 32, 40), .kernel = one_of(3, 5, 7), .se = one_of(0, .25), .act = swish},
                 fused_mbconv{.filters = one_of(24, 32), .kernel = 3, .expand = range(1, 6)}, skip{}))
      .stride(one_of(1, 2))
      .layers(independent(range(2, 4)))
      .stage("b", bottleneck{.filters = 48 * one_of(.5, .75, 1.), .groups = one_of(1, 2, 4)})
      .layers(2)
      .stage("c", mbconv{.filters = range(64, 128, 8), .act = one_of(relu, swish)})
      .layers(range(0, 3))
      .skip(one_of("none", "stem", "b"))
      .stage("own", conv{.filters = shared(one_of(16, 24)), .kernel = one_of(3, 5)})
      .layers(independent(range(1, 3)))
      .stage("d", conv{.filters = range(8, 512, 8)})
      .layers(2)
      .skip("own", residual::strided)
      .head(conv{.filters = 1280, .kernel = 1}, global_pool{}, dense{1000})
      .require("b.filters", "d.filters", [](int b, int d) { return b <= d; })
      .require("b.filters", "b.groups", "c.layers",
               [](int filters, int groups, int layers) { return filters % (8 * groups) == 0 || layers == 0; });
});

struct without_roles {
  int filters;

  constexpr auto operator()(auto& net, auto input, int stride) const {
    return net.conv(input, {.filters = filters, .stride = stride});
  }
};

template <class Number>
std::vector<typed_value> values(std::initializer_list<Number> all) {
  std::vector<typed_value> v;
  for (const Number n : all) v.push_back(make_value(n));
  return v;
}

/// What a description says of slots is what the space says, one by one.
template <class Space>
void check_slots(const Space& s) {
  const space_view v = view_of(s);
  CHECK(v.name == s.name());
  CHECK(v.size == s.size());
  REQUIRE(v.slots.size() == s.slot_count);
  for (std::size_t k = 0; k < s.slot_count; ++k) {
    const slot_info info = s.slot(k);
    CAPTURE(info.path.view());
    CHECK(v.slots[k].path == info.path.view());
    CHECK(v.slots[k].role == info.role);
    CHECK(v.slots[k].parent == info.parent);
    REQUIRE(v.slots[k].values.size() == static_cast<std::size_t>(info.options));
    for (int o = 0; o < info.options; ++o) CHECK(v.slots[k].values[static_cast<std::size_t>(o)] == s.value(k, o));
  }
  random_engine rng(3);
  for (int i = 0; i < 50; ++i) {
    const auto c = s.sample(rng);
    for (std::size_t k = 0; k < s.slot_count; ++k) {
      const slot_view& slot = v.slots[k];
      const int decided = slot.parent < 0 ? 0 : c.digits[static_cast<std::size_t>(slot.parent)];
      CHECK(s.is_active(c, k) == (slot.parent < 0 || (decided >= 0 && (slot.when >> decided & 1) != 0)));
    }
  }
}

}  // namespace

TEST_CASE("a description holds every slot with its values and when it takes part") {
  check_slots(mixed);
  check_slots(zoo::gpunet);
  check_slots(zoo::once_for_all);
  check_slots(zoo::mobilenet_v3_like);
  check_slots(zoo::nas_bench_201);
  check_slots(make_listed_space());
}

TEMPLATE_LIST_TEST_CASE("a description of each way to choose", "", small_spaces) { check_slots(TestType::space); }

TEST_CASE("a description holds stages, blocks and fields as they were declared") {
  const space_view v = view_of(mixed);
  REQUIRE(v.stages.size() == 11);
  CHECK(v.channels == 3);
  CHECK(v.stages[0].role == stage_view::kind::input);
  CHECK(v.stages[0].blocks[0].fields[0].values == values({192, 224, 256}));
  CHECK(v.stages[1].role == stage_view::kind::choice);
  CHECK(v.stages[8].role == stage_view::kind::head);
  CHECK(v.stages[10].name == "head.dense");

  const stage_view& stem = v.stages[2];
  CHECK(stem.single_layer);
  CHECK(stem.stride.values == values({2}));
  CHECK(stem.blocks[0].name == "conv");
  CHECK(stem.blocks[0].fields[0].how == field_kind::tied);
  CHECK(stem.blocks[0].fields[0].source == "width");
  CHECK(stem.blocks[0].fields[0].values == values({8, 16, 24, 32}));
  CHECK(stem.blocks[0].fields[0].slot == static_cast<int>(mixed.find("width")));
  CHECK(stem.blocks[0].fields[2].name == "act");
  CHECK(stem.blocks[0].fields[2].values == values({hswish}));

  const stage_view& a = v.stages[3];
  CHECK(a.independent);
  CHECK(a.max_layers() == 4);
  REQUIRE(a.blocks.size() == 3);
  CHECK(a.blocks[2].is_skip);
  CHECK(a.blocks[0].fields[3].values == values({0., .25}));
  CHECK(a.stride.values == values({1, 2}));
  CHECK(a.layers.values == values({2, 3, 4}));
  // The block, three fields of the first alternative, two of the second.
  CHECK(a.slots_per_layer == 6);
  CHECK(v.slots[static_cast<std::size_t>(a.first_layer_slot)].values.size() == 2);  // the first layer is there
  CHECK(v.slots[static_cast<std::size_t>(a.first_layer_slot + a.slots_per_layer)].values.size() == 3);
  CHECK(a.end_slot - a.first_slot == 4 * 6 + 2);

  CHECK(v.stages[5].skip.values == values({"none", "stem", "b"}));
  CHECK(v.stages[5].skip_kind == residual::project);
  CHECK(v.stages[6].blocks[0].fields[0].how == field_kind::shared);
  CHECK(v.stages[7].skip.values == values({"own"}));
  CHECK(v.stages[7].skip.slot == -1);
  CHECK(v.stages[7].skip_kind == residual::strided);
}

TEST_CASE("a description says what scales") {
  const space_view v = view_of(define([] {
    return search_space("scales")
        .input(3, 64)
        .stage("stem", conv{.filters = fixed(16)})
        .stage("a", mbconv{.filters = one_of(16, 24)})
        .layers(range(1, 3))
        .stage("b", conv{.filters = tied_to("a.filters")})
        .layers(fixed(2))
        .stage("c", without_roles{.filters = 8})
        .head(global_pool{}, dense{.units = scaled(1280)}, dense{1000})
        .round_widths({.divisor = 4, .limit = 0});
  }));
  const auto scaling = [&](std::size_t stage, std::size_t field) {
    return v.stages[stage].blocks[0].fields[field].scaling;
  };
  CHECK(v.rounding.divisor == 4);
  CHECK(v.rounding.limit == 0);
  CHECK(scaling(1, 0) == width_scaling::none);  // its use says so
  CHECK(scaling(2, 0) == width_scaling::scaled);
  CHECK(scaling(2, 1) == width_scaling::none);  // a kernel
  CHECK(scaling(3, 0) == width_scaling::scaled);
  CHECK(scaling(6, 0) == width_scaling::scaled);
  CHECK(scaling(7, 0) == width_scaling::unsaid);
  CHECK(v.stages[1].layers.scaling == width_scaling::none);  // a single one
  CHECK(v.stages[2].layers.scaling == width_scaling::scaled);
  CHECK(v.stages[3].layers.scaling == width_scaling::none);
  CHECK(v.stages[3].blocks[0].says_scaling);
  CHECK_FALSE(v.stages[4].blocks[0].says_scaling);
}

TEST_CASE("a description says what constraints join and leave") {
  const space_view v = view_of(mixed);
  REQUIRE(v.constraints.size() == 2);
  CHECK(v.constraints[0].paths == std::vector<std::string>{"b.filters", "d.filters"});
  CHECK(v.constraints[0].relation == "b.filters \xE2\x89\xA4 d.filters");
  CHECK(v.constraints[0].combinations == 3 * 64);
  CHECK(v.constraints[0].allowed == 62 + 60 + 59);  // widths of 24, 40 and 48
  CHECK(v.constraints[1].relation.empty());
  // 24: groups 1; 40: 1; 48: 1 and 2 with any of 4 layer counts, the other five pairs with one.
  CHECK(v.constraints[1].allowed == 4 * 4 + 5);
  // The rows of a predicate are what it allows.
  CHECK(v.constraints[0].kind == constraint_kind::predicate);
  const std::vector<digit>& rows = v.constraints[0].rows;
  REQUIRE(rows.size() == 2 * v.constraints[0].allowed);
  for (std::size_t i = 0; i < rows.size(); i += 2) {
    const auto value = [&](std::size_t slot, digit option) {
      return v.slots[slot].values[static_cast<std::size_t>(option)].integer();
    };
    CHECK(value(mixed.find("b.filters"), rows[i]) <= value(mixed.find("d.filters"), rows[i + 1]));
  }
}

TEST_CASE("a description holds all that a constraint was declared with") {
  const space_view v = view_of(define([] {
    return search_space("stated")
        .input(3, 32)
        .stage("a", conv{.filters = one_of(8, 16), .kernel = one_of(3, 5)})
        .layers(range(1, 3))
        .stage("b", conv{.filters = one_of(8, 16), .kernel = one_of(3, 5)})
        .layers(range(1, 3))
        .require(sum("*.layers") <= 5)
        .require(sum(priced("a.layers", 1, 2, 4), "b.layers") < 6)
        .require(value_of("a.filters") <= value_of("b.filters"))
        .require(count("*.kernel", at_least(5)) <= 1);
  }));
  REQUIRE(v.constraints.size() == 4);
  const constraint_view& layers = v.constraints[0];
  CHECK(layers.kind == constraint_kind::sum);
  CHECK(layers.paths == std::vector<std::string>{"*.layers"});
  CHECK(layers.slots.size() == 2);
  CHECK(layers.compares == relation::less_equal);
  CHECK(layers.bound == 5);
  const constraint_view& priced_layers = v.constraints[1];
  REQUIRE(priced_layers.terms.size() == 2);
  CHECK(priced_layers.terms[0].prices == 3);
  CHECK(priced_layers.terms[1].prices == 0);
  CHECK(priced_layers.values[2].number == 4);
  CHECK(priced_layers.compares == relation::less);
  CHECK(v.constraints[2].kind == constraint_kind::compare);
  CHECK(v.constraints[2].paths == std::vector<std::string>{"a.filters", "b.filters"});
  CHECK(v.constraints[3].condition == relation::greater_equal);
  CHECK(v.constraints[3].values[0].number == 5);
  for (const constraint_view& c : v.constraints) CHECK(c.rows.empty());  // they are data by themselves
}

TEST_CASE("layers built one by one are those of the network") {
  random_engine rng(8);
  for (int i = 0; i < 20; ++i) {
    const auto c = zoo::gpunet.sample(rng);
    const network whole = to_network(c);
    const space_view v = view_of(zoo::gpunet);
    network parts("parts", whole.input());
    net<network> n(parts);
    tensor x{1, whole.input().height, whole.input().width, whole.input().channels, 0};
    for (std::size_t s = 1; s < v.stages.size(); ++s) {
      const auto layers = v.stages[s].layers.value(c.digits).integer();
      for (int layer = 0; layer < layers; ++layer)
        x = zoo::gpunet.build_layer(c.digits, s, layer, n, x,
                                    layer == 0 ? static_cast<int>(v.stages[s].stride.value(c.digits).integer()) : 1);
    }
    CHECK(parts.layers() == whole.layers());
  }
}
