// SPDX-License-Identifier: Apache-2.0
#include "nascent/network/layer_fields.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include <catch2/catch_test_macros.hpp>

#include "nascent/network/fingerprint.hpp"
#include "nascent/network/kernel.hpp"

using namespace nascent;

namespace {

constexpr layer usual{.input = {1, 8, 8, 16}, .output = {1, 8, 8, 16}};

constexpr layer usual_slice{.kind = layer_kind::slice, .input = {1, 8, 8, 16}, .output = {1, 8, 8, 16}};

/// A usual layer with one attribute changed, each in turn, under the name of its field.
struct change {
  std::string field;
  layer changed;
  layer before = usual;
};
std::vector<change> changes() {
  std::vector<change> all;
  const auto add = [&](const char* field, auto alter) {
    layer l = usual;
    alter(l);
    all.push_back({field, l});
  };
  const auto add_function = [&](const activation_function& from, const activation_function& to) {
    layer before = usual;
    before.act = from.act;
    before.first_channel_or_numbers = from.numbers.bits();
    layer l = before;
    l.first_channel_or_numbers = to.numbers.bits();
    all.push_back({"act_numbers", l, before});
  };
  add("kind", [](layer& l) { l.kind = layer_kind::max_pool; });
  add("act", [](layer& l) { l.act = relu; });
  add("batch_norm", [](layer& l) { l.batch_norm = true; });
  add("bias", [](layer& l) { l.bias = true; });
  add("epsilon_digits", [](layer& l) { l.epsilon_digits = 6; });
  for (const padding pad : {padding::symmetric, padding::valid, padding::narrow})
    add("padding", [=](layer& l) { l.pad = pad; });
  add("kernel", [](layer& l) { l.kernel_height = 3; });
  add("kernel", [](layer& l) { l.kernel_width = 3; });
  add("stride", [](layer& l) { l.stride_height = 2; });
  add("stride", [](layer& l) { l.stride_width = 2; });
  add("dilation", [](layer& l) { l.dilation = 2; });
  add("groups", [](layer& l) { l.groups = 4; });
  layer part = usual_slice;
  part.first_channel_or_numbers = 4;
  all.push_back({"first_channel", part, usual_slice});
  add_function(leaky_relu, {leaky_relu, 0.2});
  add_function({elu, 0.5}, {elu, 2});
  add_function({activation::clamp, -2, 2}, {activation::clamp, -2, 3});
  add("offset", [](layer& l) { l.top = 4; });
  add("offset", [](layer& l) { l.left = 4; });
  for (const broadcast over : {broadcast::positions, broadcast::channels, broadcast::all})
    add("over", [=](layer& l) { l.over = over; });
  for (shape layer::*s : {&layer::input, &layer::output})
    for (int shape::*size : {&shape::batch, &shape::height, &shape::width, &shape::channels})
      add(s == &layer::input ? "input" : "output", [=](layer& l) { l.*s.*size = 32; });
  add("count_padding", [](layer& l) { l.count_padding = true; });
  add("operand_count", [](layer& l) { l.operand_count = 2; });
  return all;
}

uint128 fingerprint_of(const layer& l) {
  network_fingerprint f;
  f(l);
  return f.value();
}

}  // namespace

TEST_CASE("every attribute of a layer is a field, and none is named twice") {
  std::set<std::string> names;
  int fields = 0;
  for_each_field(usual, [&](const layer_field& field, const auto& value, const auto& plain) {
    STATIC_CHECK(std::is_same_v<decltype(value), decltype(plain)>);
    names.insert(field.name);
    ++fields;
  });
  CHECK(static_cast<int>(names.size()) == fields);
  std::set<std::string> changed;
  for (const change& c : changes()) changed.insert(c.field);
  CHECK(changed == names);
}

TEST_CASE("one changed attribute changes its own field and no other") {
  for (const change& c : changes()) {
    INFO(c.field);
    std::vector<std::string> differing;
    const auto values = [](const layer& l) {
      std::vector<std::string> all;
      for_each_field(l, [&]<class Value>(const layer_field&, const Value& value, const Value&) {
        if constexpr (std::is_same_v<Value, shape>)
          all.push_back(std::to_string(value.batch) + "," + std::to_string(value.height) + "," +
                        std::to_string(value.width) + "," + std::to_string(value.channels));
        else if constexpr (std::is_same_v<Value, activation_numbers>) all.push_back(std::to_string(value.bits()));
        else if constexpr (std::is_same_v<Value, std::array<int, 2>>)
          all.push_back(std::to_string(value[0]) + "," + std::to_string(value[1]));
        else if constexpr (std::is_same_v<Value, strides>)
          all.push_back(std::to_string(value.height) + "," + std::to_string(value.width));
        else all.push_back(std::to_string(static_cast<int>(value)));
      });
      return all;
    };
    std::vector<std::string> names;
    for_each_field(usual, [&](const layer_field& field, const auto&, const auto&) { names.emplace_back(field.name); });
    const auto before = values(c.before);
    const auto after = values(c.changed);
    for (std::size_t i = 0; i < names.size(); ++i)
      if (before[i] != after[i]) differing.push_back(names[i]);
    CHECK(differing == std::vector{c.field});
  }
}

TEST_CASE("fingerprints tell all attributes apart, padding and a slice's first channel too") {
  std::set<uint128> seen{fingerprint_of(usual)};
  std::size_t layers = 1;
  for (const change& c : changes()) {
    INFO(c.field);
    CHECK(seen.insert(fingerprint_of(c.changed)).second);
    ++layers;
  }
  CHECK(seen.size() == layers);
  layer read = usual;
  read.operands[0] = 3;
  CHECK(fingerprint_of(read) != fingerprint_of(usual));
}

TEST_CASE("fingerprints depend on the order of layers, not on the network's name") {
  const auto of = [](std::string name, int first, int second) {
    const network graph = make_network(std::move(name), {1, 8, 8, 16}, [&](auto& n, auto x) {
      n.conv(n.conv(x, {.filters = 16, .kernel = first}), {.filters = 16, .kernel = second});
    });
    return fingerprint_of(graph);
  };
  CHECK(of("a", 3, 5) == of("b", 3, 5));
  CHECK(of("a", 3, 5) != of("a", 5, 3));
}

TEST_CASE("fingerprints depend on which maps are given out, not on their names and order") {
  const auto of = [](bool first, const char* name, bool in_reverse) {
    const network graph = make_network("outputs", {1, 8, 8, 16}, [&](auto& n, auto x) {
      x = n.conv(x, {.filters = 16});
      const auto y = n.conv(x, {.filters = 16});
      if (in_reverse) n.output(y, "y");
      if (first) n.output(x, name);
      if (!in_reverse) n.output(y, "y");
    });
    return fingerprint_of(graph);
  };
  CHECK(of(true, "a", false) == of(true, "b", true));
  CHECK(of(true, "a", false) != of(false, "a", false));
}

TEST_CASE("a gate is a product's usual second operand, equal maps are a sum's") {
  const auto over = [](layer_kind kind, broadcast b) {
    return kernel{.core = {.kind = kind, .over = b, .operand_count = 2, .input = usual.input, .output = usual.output}}
        .signature();
  };
  CHECK(over(layer_kind::multiply, broadcast::positions) == "multiply 8x8x16>8x8x16");
  CHECK(over(layer_kind::multiply, broadcast::nothing) == "multiply 8x8x16>8x8x16 over nothing");
  CHECK(over(layer_kind::add, broadcast::nothing) == "add 8x8x16>8x8x16");
  CHECK(over(layer_kind::add, broadcast::channels) == "add 8x8x16>8x8x16 over channels");
}

TEST_CASE("keys of a table have every attribute that time depends on") {
  for (const change& c : changes()) {
    INFO(c.field);
    const bool timed =
        c.field != "batch_norm" && c.field != "bias" && c.field != "epsilon_digits" && c.field != "operand_count";
    CHECK((kernel{.core = c.changed}.signature() != kernel{.core = c.before}.signature()) == timed);
  }
}
