// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/space_file.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "../temporary_folder.hpp"
#include "space_files/own_block.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/block/block.hpp"
#include "nascent/erased/any_space.hpp"
#include "nascent/io/build_space.hpp"
#include "nascent/io/space_cpp.hpp"
#include "nascent/network/fingerprint.hpp"
#include "nascent/space/constraint.hpp"

#ifndef NASCENT_TEST_COMPILER
#define NASCENT_TEST_COMPILER "c++"
#endif

using namespace nascent;

namespace {

/// All that a declaration can say as data.
constexpr auto everything = define([] {
  return search_space("All \"of\" it \\ \xC3\xA9")
      .input(3, one_of(image_size{64, 96}, image_size{96, 128}))
      .round_widths({.divisor = 4, .limit = .95})
      .choose("width", one_of(16, 24, 40))
      .choose("act", one_of(relu, activation::tanh))
      .stage("stem", conv{.filters = tied_to("width"),
                          .kernel = one_of(kernel_size{3, 5}, kernel_size{5, 3}),
                          .act = tied_to("act")})
      .stride({2, 1})
      .stage("one", either(mbconv{.filters = one_of(16, 24), .se = one_of(0, .0625, .3)}, conv{.filters = 32}, skip{}))
      .stride(one_of(1, 2))
      .layers(independent(range(1, 3)))
      .stage("two", mbconv{.filters = shared(one_of(16, 24)), .kernel = one_of(3, 5), .expand = one_of(1, 1.5)})
      .layers(fixed(independent(range(1, 2))))
      .skip(one_of("none", "one"), residual::strided)
      .stage("three", conv{.filters = fixed(tied_to("width"))})
      .layers(range(0, 4, 2))
      .stage("four", conv{.filters = fixed(32), .kernel = range(1, 7, 2)})
      .layers(2)
      .skip("stem")
      .stage("five", layer_norm<>{})
      .head(conv{.filters = 64, .kernel = 1}, global_pool{}, dense{.units = scaled(one_of(80, 96))}, dense{10})
      .require(sum("*.layers") <= 9)
      .require(sum("three.layers", priced("four.kernel", 1, 2.5, 4, 8)) <= 8)
      .require(product("width", "three.layers") < 100)
      .require(sum(priced({"width", "four.kernel"}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})) >= 2)
      .require(value_of("act") == "tanh")
      .require(value_of("width") <= value_of("head.dense.units"))
      .require(count({"two[0].kernel", "four.kernel"}, at_least(3)) >= 1)
      .require(count({"two[0].kernel", "two[1].kernel"}, 3, 5) > 0)
      .require(all_equal("two[0].kernel", "two[1].kernel"))
      .require(monotone("two[0].expand", "two[1].expand").strict().falling())
      .require(table({"act", "four.kernel"}, {{"tanh", 1}, {"tanh", 3}, {"relu", 1}}));
});

constexpr auto small = define([] {
  return search_space("small")
      .input(3, 32)
      .stage("1", conv{.filters = one_of(8, 16), .act = swish})
      .layers(range(1, 2))
      .stride(2)
      .head(global_pool{}, dense{.units = 10});
});
constexpr std::string_view small_file = R"({
  "format": "nascent space", "version": 1, "name": "small", "size": "4",
  "input": {"channels": 3, "resolution": 32},
  "stages": [
    {"name": "1", "block": {"conv": {"filters": {"one_of": [8, 16]}, "act": "swish"}}, "stride": 2, "layers": {"range": [1, 2]}}
  ],
  "head": [{"block": {"global_pool": {}}}, {"block": {"dense": {"units": 10}}}]
})";

/// What tells a candidate's layers from those of others.
template <class Space, class Candidate>
uint128 layers_of(const Space& space, const Candidate& c) {
  network_fingerprint hash;
  net<network_fingerprint> n(hash);
  space.build(c, n);
  return hash.value();
}

/// The small file, with one thing in it replaced.
json changed(std::string_view pointer, const char* value) {
  json j = parse_json(small_file);
  j[json::json_pointer(std::string(pointer))] = json::parse(value);
  return j;
}

}  // namespace

TEST_CASE("a small space as a file, and as C++") {
  CHECK(write_space(small) == parse_json(small_file));
  CHECK(to_cpp(read_space(parse_json(small_file))) == R"(#pragma once

#include <nascent/block/library.hpp>
#include <nascent/nascent.hpp>

inline constexpr auto small_space = nascent::define([] {
  using namespace nascent;
  return search_space("small")
      .input(3, 32)
      .stage("1", conv{.filters = one_of(8, 16), .act = swish})
      .stride(2)
      .layers(range(1, 2))
      .head(global_pool{}, dense{.units = 10});
});
)");
}

TEST_CASE("everything that is data comes back from a file") {
  const json file = write_space(everything);
  CHECK(json_text(file).find("0.0625") != std::string::npos);
  CHECK(write_space(read_space(parse_json(json_text(file)))) == file);
}

TEST_CASE("everything that is data comes back from the C++ that is written from a file", "[long]") {
  const json file = write_space(everything);
  const space_description read = read_space(file);
  const test::temporary_folder folder;
  const build_space_options how{.compiler = NASCENT_TEST_COMPILER, .flags = "-O0", .cache = folder.path()};
  const any_space built = build_space(read, library_blocks(), how);
  CHECK(write_space(built) == file);  // what scales and what is tied, too
  REQUIRE(built.slot_count == everything.slot_count);
  random_engine rng(5);
  for (int i = 0; i < 200; ++i) {
    const auto c = everything.sample(rng);
    const auto same = built.unrank(everything.rank(c));
    REQUIRE(std::equal(same.digits.begin(), same.digits.end(), c.digits.begin(), c.digits.end()));
    REQUIRE(count(built, same) == count(c));
    const dimensions larger{.width = 1.5, .depth = 2};
    REQUIRE(layers_of(built, scaled(same, larger)) == layers_of(everything, scaled(c, larger)));
  }
}

TEST_CASE("a space is compiled once; a module that is cut off is made anew, and another size is refused", "[long]") {
  const space_description read = read_space(parse_json(small_file));
  const test::temporary_folder folder;
  const build_space_options how{.compiler = NASCENT_TEST_COMPILER, .flags = "-O0", .cache = folder.path()};
  CHECK(build_space(read, library_blocks(), how).size() == 4);
  std::filesystem::path module;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
    CHECK(module.empty());
    module = entry.path();
  }
  const auto made = std::filesystem::last_write_time(module);
  CHECK(build_space(read, library_blocks(), how).size() == 4);
  CHECK(std::filesystem::last_write_time(module) == made);
  std::filesystem::remove(module);
  std::ofstream(module) << "cut";
  CHECK(build_space(read, library_blocks(), how).size() == 4);

  space_description other = read;
  other.size = 5;
  CHECK_THROWS_AS(build_space(other, library_blocks(), how), json_error);
}

TEST_CASE("a block of one's own is written where the catalogue has it, and refused by name where not") {
  constexpr auto own = define(
      [] { return search_space("own").input(3, 32).stage("1", own_blocks::separable{.channels = one_of(8, 16)}); });
  try {
    write_space(own);
    FAIL("it was written");
  } catch (const json_error& e) {
    CHECK(std::string(e.where()) == "JSON at '/stages/0/block'");
    CHECK(std::string(e.found()) == "the block own_blocks::separable");
  }
  block_catalogue blocks = library_blocks();
  blocks.add<own_blocks::separable<>>("own_block.hpp");
  const json file = write_space(own, blocks);
  CHECK(file["stages"][0]["block"] == json::parse(R"({"separable": {"channels": {"one_of": [8, 16]}}})"));
  const std::string text = to_cpp(read_space(file, blocks), blocks);
  CHECK(text.find("#include <own_block.hpp>") != std::string::npos);
  CHECK(text.find("own_blocks::separable{.channels = one_of(8, 16)}") != std::string::npos);
  CHECK_THROWS_AS(read_space(file), json_error);

  // Named and made like a block of the library, and none of it.
  constexpr auto alike =
      define([] { return search_space("alike").input(3, 32).stage("1", own_blocks::dense{.units = 4}); });
  CHECK_THROWS_AS(write_space(alike), json_error);
  CHECK_THROWS_AS(library_blocks().add<own_blocks::dense<>>("own_block.hpp"), error);
}

TEST_CASE("what is code is refused with its place") {
  constexpr auto predicate = define([] {
    return search_space("predicate")
        .input(3, 32)
        .stage("1", conv{.filters = one_of(8, 16), .kernel = one_of(3, 5)})
        .require(sum("1.filters") <= 99)
        .require("1.filters", "1.kernel", [](int f, int k) { return f > k; });
  });
  try {
    write_space(predicate);
    FAIL("it was written");
  } catch (const json_error& e) {
    CHECK(std::string(e.where()) == "JSON at '/constraints/1'");
    CHECK(std::string(e.found()).find("1.filters, 1.kernel") != std::string::npos);
  }
}

TEST_CASE("mistakes in a file are refused in the words of the compiler") {
  struct mistake {
    const char* pointer;
    const char* value;
    fault reason;
    const char* at;
    const char* place;
    const char* found;
    const char* allowed;
  };
  // Place, found and allowed as in the table of docs/errors.md.
  using enum fault;
  for (const mistake& m : {
           mistake{"/stages/0/stride", "3", stride_not_allowed, "/stages/0/stride", "stage 1, field stride", "3",
                   "1, 2 or 4"},
           {"/stages/0/stride", R"("2x3")", stride_not_allowed, "/stages/0/stride", "stage 1, field stride", "2x3",
            "1, 2 or 4"},
           {"/stages/0/block/conv/filters", R"({"range": [96, 32, 16]})", reversed_range,
            "/stages/0/block/conv/filters", "stage 1, field filters", "96 to 32 by 16", "first <= last, step >= 1"},
           {"/stages/0/block/conv/filters", R"({"range": [32, 80, 20]})", range_misses_end,
            "/stages/0/block/conv/filters", "stage 1, field filters", "32 to 80 by 20", "last = first + n * step"},
           {"/stages/0/block/conv/kernel", R"({"one_of": [3, 5, 3]})", value_repeated, "/stages/0/block/conv/kernel",
            "stage 1, field kernel", "3", "each value once"},
           {"/stages/0/block", R"({"mbconv": {"filters": 8, "se": 4}})", value_not_allowed, "/stages/0/block/mbconv/se",
            "stage 1, field se", "4", "0 to 1"},
           {"/stages/0/block", R"({"conv": {}})", value_not_allowed, "/stages/0/block/conv/filters",
            "stage 1, field filters", "0", "1 or more"},
           {"/stages/0/block/conv/act", "6", value_of_another_kind, "/stages/0/block/conv/act", "stage 1, field act",
            "6", "activation"},
           {"/stages/0/block/conv/filters", R"("many")", value_of_another_kind, "/stages/0/block/conv/filters",
            "stage 1, field filters", "many", "numbers"},
           {"/stages/0/block/conv/filters", "1.5", value_of_another_kind, "/stages/0/block/conv/filters",
            "stage 1, field filters", "double 1.5", "whole numbers"},
           {"/stages/0/layers", "0", layers_not_allowed, "/stages/0/layers", "stage 1, field layers", "0", "1 or more"},
           {"/stages/0/layers", R"({"range": [1, 100]})", too_many_options, "/stages/0/layers", "stage 1, field layers",
            "65", "at most 64"},
           {"/stages/0/block", R"({"either": [{"conv": {"filters": 8}}, {"skip": {}}]})", skip_block_misplaced,
            "/stages/0/block/either/1/skip", "stage 1", "skip{}", "last, of independent layers"},
           {"/stages/0/block/conv/filters", R"({"shared": {"one_of": [8, 16]}})", shared_outside_independent,
            "/stages/0/block/conv/filters", "stage 1, field filters", "shared(...)", "a choice"},
           {"/stages/0/block",
            R"({"either": [{"conv": {"filters": {"one_of": [8, 16]}}}, {"conv": {"filters": {"one_of": [8, 24]}}}]})",
            choice_declared_twice, "/stages/0/block", "choice 1.conv.filters", "twice", "one choice a path"},
           {"/head/1/block/dense/units", R"({"tied_to": "1.filter"})", tie_to_unknown_choice,
            "/head/1/block/dense/units", "stage head.dense, field units", "1.filter",
            "a path, did you mean 1.filters?"},
           {"/head/1/block/dense/units", R"({"tied_to": "1.layers"})", none, "", "", "", ""},
           {"/head/1/block/dense/units", R"({"tied_to": "1.filters"})", none, "", "", "", ""},
           {"/stages/0/skip", R"("0")", skip_from_unknown_stage, "/stages/0/skip", "stage 1, field skip", "0",
            "a stage's name"},
           {"/stages/0/skip", R"({"one_of": ["none", "1"]})", skip_from_later_stage, "/stages/0/skip",
            "stage 1, field skip", "1", "an earlier stage"},
           {"/stages/0/name", R"("input")", stage_declared_twice, "/stages/0/name", "stage input", "input",
            "a new name"},
           {"/stages/0/name", R"("a name of more than twenty-four")", no_name, "/stages/0/name", "stage number 1",
            "31 characters", "1 to 24"},
           {"/name", R"("")", no_name, "/name", "space ", "no name", "1 to 24 characters"},
           {"/input/channels", "0", value_not_allowed, "/input/channels", "stage input, field channels", "0",
            "1 or more"},
           {"/input/resolution", "70000", value_not_allowed, "/input/resolution", "stage input, field resolution",
            "70000", "1 to 65536"},
           {"/round_widths", R"({"divisor": 0})", value_not_allowed, "/round_widths", "space small, field divisor", "0",
            "1 to 4096"},
           {"/stages/1", R"({"name": "width", "choice": {"one_of": [8, 16]}})", choice_without_use, "/stages/1",
            "choice width", "no certain tie", "a tie in a sure stage"},
           {"/constraints/0", R"({"kind": "sum", "paths": ["1.kernels"], "compares": "<=", "bound": 3})",
            constraint_on_unknown_choice, "/constraints/0/paths", "constraint 0", "1.kernels",
            "a path, e.g. 2.filters"},
           {"/constraints/0", R"({"kind": "sum", "paths": ["1.kernel"], "compares": "<=", "bound": 3})",
            constraint_on_fixed_field, "/constraints/0/paths", "constraint 0", "1.kernel, fixed",
            "a field with a choice"},
       }) {
    INFO(m.pointer << " = " << m.value);
    if (m.reason == fault::none) {
      CHECK_NOTHROW(read_space(changed(m.pointer, m.value)));
      continue;
    }
    try {
      read_space(changed(m.pointer, m.value));
      FAIL("it was read");
    } catch (const declaration_error& e) {
      CHECK(e.reason == m.reason);
      CHECK(std::string(e.where()) == "JSON at '" + std::string(m.at) + "'");
      CHECK(e.place == m.place);
      CHECK(e.value == m.found);
      CHECK(std::string(e.allowed()) == m.allowed);
    }
  }
}

TEST_CASE("what is no description is refused with its place") {
  const auto refused_at = [](const json& j) -> std::string {
    try {
      read_space(j);
    } catch (const json_error& e) {
      return std::string(e.where());
    }
    return "read";
  };
  for (
      const auto& [pointer, value, at] : std::vector<std::array<const char*, 3>>{
          {"/format", R"("another")", "/format"},
          {"/version", "2", "/version"},
          {"/sizes", "1", "/"},
          {"/size", R"("-1")", "/size"},
          {"/stages", R"({"a": 1})", "/stages"},
          {"/stages/0", "[]", "/stages/0"},
          {"/stages/0/name", "1", "/stages/0/name"},
          {"/stages/0/name", R"("a\u0000b")", "/stages/0/name"},
          {"/stages/0/block", R"({"conv": {}, "dense": {}})", "/stages/0/block"},
          {"/stages/0/block", R"({"convolution": {}})", "/stages/0/block"},
          {"/stages/0/block", R"({"either": [{"conv": {"filters": 8}}]})", "/stages/0/block/either"},
          {"/stages/0/block/conv", "8", "/stages/0/block/conv"},
          {"/stages/0/block/conv/filter", "8", "/stages/0/block/conv"},
          {"/stages/0/block/conv/act", R"("relu7")", "/stages/0/block/conv/act"},
          {"/stages/0/block/conv/act", R"({"one_of": ["relu", "relu7"]})", "/stages/0/block/conv/act"},
          {"/stages/0/block/conv/act", R"({"fixed": "relu"})", "/stages/0/block/conv/act/fixed"},
          {"/stages/0/block/conv/filters", R"({"one_of": []})", "/stages/0/block/conv/filters/one_of"},
          {"/stages/0/block/conv/filters", R"({"one_of": [8, "x"]})", "/stages/0/block/conv/filters/one_of"},
          {"/stages/0/block/conv/filters", R"({"some_of": [8]})", "/stages/0/block/conv/filters"},
          {"/stages/0/block/conv/filters", R"({"range": [1]})", "/stages/0/block/conv/filters/range"},
          {"/stages/0/block/conv/filters", R"({"range": [1, 9.5]})", "/stages/0/block/conv/filters/range/1"},
          {"/stages/0/block/conv/filters", "99999999999", "/stages/0/block/conv/filters"},
          {"/stages/0/block/conv/filters", "null", "/stages/0/block/conv/filters"},
          {"/stages/0/layers", R"({"tied_to": "1.filters"})", "/stages/0/layers"},
          {"/stages/0/layers", "1.5", "/stages/0/layers"},
          {"/stages/0/layers", R"({"independent": 2000000000})", "/stages/0/layers"},
          {"/stages/0/stride", R"("two")", "/stages/0/stride"},
          {"/stages/0/skip", "1", "/stages/0/skip"},
          {"/stages/0/skip_kind", R"("some")", "/stages/0/skip_kind"},
          {"/stages/1", R"({"name": "a", "choice": {"one_of": ["relu"]}})", "/stages/1/of"},
          {"/stages/1", R"({"name": "a", "choice": {"one_of": ["relu"]}, "of": "act"})", "/stages/1/of"},
          {"/head/0", R"({"name": "a", "block": {"dense": {}}})", "/head/0"},
          {"/constraints", R"([{"kind": "predicate", "paths": ["1.filters"]}])", "/constraints/0/kind"},
          {"/constraints", R"([{"kind": "sum", "paths": [], "compares": "<", "bound": 1}])", "/constraints/0/paths"},
          {"/constraints", R"([{"kind": "sum", "paths": ["1.filters"], "bound": 1}])", "/constraints/0/compares"},
          {"/constraints", R"([{"kind": "all_equal", "paths": ["1.filters"], "bound": 1}])", "/constraints/0/bound"},
          {"/constraints", R"([{"kind": "table", "paths": ["1.filters"], "rows": [[8, 3]]}])", "/constraints/0/rows/0"},
          {"/constraints", R"([{"kind": "compare", "paths": ["1.filters"], "compares": "<"}])", "/constraints/0"},
          {"/constraints",
           R"([{"kind": "sum", "paths": ["1.filters", "1.layers"], "compares": "<", "bound": 1, "terms": [{"paths": 3, "prices": []}]}])",
           "/constraints/0/terms/0/paths"},
      }) {
    INFO(pointer << " = " << value);
    CHECK(refused_at(changed(pointer, value)) == "JSON at '" + std::string(at) + "'");
  }
  CHECK(refused_at(json::array()) == "JSON at '/'");
  for (const char* text : {"", "{", "{\"name\": \"\xFF\"}", R"({"name": "a", "name": "b"})", "[1e999]"})
    CHECK_THROWS_AS(parse_json(text), json_error);
  CHECK_THROWS_AS(parse_json(std::string(200, '[')), json_error);
}

TEST_CASE("names cannot become code") {
  const json j = changed("/name", R"("a\"); } int evil = 1; /* \n \\ ?/")");
  const std::string text = to_cpp(read_space(j));
  CHECK(text.find("search_space(\"a\\\"); } int evil = 1; /* \\012 \\\\ ?/\")") != std::string::npos);
  CHECK(text.find("auto a_int_evil_1_space = ") != std::string::npos);
}

TEST_CASE("what only the compiler finds has its place in the file, too") {
  const test::temporary_folder folder;
  const build_space_options how{.compiler = NASCENT_TEST_COMPILER, .flags = "-O0", .cache = folder.path()};
  json j = parse_json(small_file);
  j["head"].erase(0);  // no pool before the dense layer
  try {
    build_space(read_space(j), library_blocks(), how);
    FAIL("it was built");
  } catch (const declaration_error& e) {
    CHECK(std::string(e.where()) == "JSON at '/head/0'");
    CHECK(e.place == "stage head.dense");
    CHECK(e.value == "16 rows or columns");
    CHECK(std::string(e.allowed()).find("a map of 1x1; dense, and softmax over channels") == 0);
    CHECK(e.output.find("nascent: ") != std::string::npos);
  }
  CHECK(std::filesystem::is_empty(folder.path()));

  const space_description good = read_space(parse_json(small_file));
  try {
    build_space(good, library_blocks(), {.compiler = "no_such_compiler", .cache = folder.path()});
    FAIL("it was built");
  } catch (const module_error& e) {
    CHECK(e.code() == "module.compiler");
    CHECK(std::string(e.found()) == "no compiler 'no_such_compiler'");
  }
  CHECK_THROWS_AS(build_space(good, library_blocks(), {.include = folder.path(), .cache = folder.path()}),
                  module_error);
}
