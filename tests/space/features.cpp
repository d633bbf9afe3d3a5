// SPDX-License-Identifier: Apache-2.0
#include "nascent/space/features.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "run_time_space.hpp"
#include "spaces.hpp"
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/space/describe.hpp"
#include "nascent/zoo/gpunet.hpp"
#include "nascent/zoo/once_for_all.hpp"

using namespace nascent;
using namespace test;

namespace {

/// A candidate in words, taken apart again: "2.kernel" -> "5". Decisions that take no part are not in it.
std::map<std::string, std::string> words_of(std::string text) {
  std::map<std::string, std::string> words;
  text += ", ";
  for (std::size_t at = 0, end = 0; (end = text.find(", ", at)) != std::string::npos; at = end + 2) {
    const std::string one = text.substr(at, end - at);
    if (one.empty()) continue;
    const std::size_t equals = one.find(" = ");
    words[one.substr(0, equals)] = one.substr(equals + 3);
  }
  return words;
}

std::optional<double> number_of(const std::string& text) {
  if (text == "true" || text == "false") return text == "true" ? 1 : 0;
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  return *end == '\0' ? std::optional(value) : std::nullopt;
}

/// All values of all slots, as words.
template <class Space>
std::map<std::string, std::vector<std::string>> options_of(const Space& s) {
  std::map<std::string, std::vector<std::string>> all;
  for (std::size_t k = 0; k < s.slot_count; ++k)
    for (int o = 0; o < s.slot(k).options; ++o)
      all[std::string(s.slot(k).path.view())].emplace_back(s.value(k, o).text().view());
  return all;
}

/// What a column called `name` must hold for a candidate in words: found by the name alone.
double cell_by_force(const std::string& name, const std::map<std::string, std::string>& words,
                     const std::map<std::string, std::vector<std::string>>& options, const feature_options& how) {
  if (name.ends_with(":inactive")) return words.contains(name.substr(0, name.size() - 9)) ? 0 : 1;
  const std::size_t equals = name.find('=');
  const auto decided = words.find(name.substr(0, equals));
  if (decided == words.end()) return how.inactive == inactive_encoding::nan ? NAN : 0;
  if (equals != std::string::npos) return decided->second == name.substr(equals + 1) ? 1 : 0;
  if (how.numbers == number_encoding::value) return *number_of(decided->second);
  std::vector<double> all;
  for (const std::string& option : options.at(name)) all.push_back(*number_of(option));
  const auto [least, most] = std::ranges::minmax(all);
  return most > least ? (*number_of(decided->second) - least) / (most - least) : 0;
}

template <class Space>
void check_rows(const Space& s, const std::vector<candidate<Space>>& candidates) {
  const auto options = options_of(s);
  for (const number_encoding numbers : {number_encoding::value, number_encoding::unit, number_encoding::one_hot})
    for (const inactive_encoding missing : {inactive_encoding::indicator, inactive_encoding::nan}) {
      const feature_options how{.numbers = numbers, .inactive = missing};
      const candidate_features encode(s, how);
      std::vector<double> row(encode.size());
      for (const auto& c : candidates) {
        encode(c, row);
        const auto words = words_of(describe(s, c));
        for (std::size_t i = 0; i < row.size(); ++i) {
          const double expected = cell_by_force(encode.columns()[i].name, words, options, how);
          if (std::isnan(expected) ? !std::isnan(row[i]) : row[i] != expected) {
            CAPTURE(encode.columns()[i].name, describe(s, c));
            REQUIRE(row[i] == expected);
          }
        }
      }
    }
  SUCCEED();
}

template <class Space>
std::vector<candidate<Space>> samples(const Space& s, int n) {
  random_engine rng(17);
  std::vector<candidate<Space>> all;
  for (int i = 0; i < n; ++i) all.push_back(i % 2 == 0 ? s.sample(rng) : s.sample_decisions(rng));
  return all;
}

std::vector<std::string> names_of(const candidate_features& encode) {
  std::vector<std::string> names;
  for (const feature_column& c : encode.columns()) names.push_back(c.name);
  return names;
}

constexpr auto small = define([] {
  return search_space("small")
      .input(3, 16)
      .stage("1", mbconv{.filters = one_of(8, 24, 16), .se = one_of(0, .25), .act = one_of(relu, swish)})
      .layers(range(0, 2));
});

}  // namespace

TEMPLATE_LIST_TEST_CASE("rows are what the names of their columns say, for every candidate", "", small_spaces) {
  check_rows(std::remove_cvref_t<decltype(TestType::space)>{}, all_candidates(TestType::space));
}

TEST_CASE("rows of large spaces, and of one made at run time") {
  check_rows(std::remove_const_t<decltype(zoo::gpunet)>{}, samples(zoo::gpunet, 100));
  check_rows(std::remove_const_t<decltype(zoo::once_for_all)>{}, samples(zoo::once_for_all, 100));
  check_rows(make_listed_space(), samples(make_listed_space(), 100));
}

TEST_CASE("columns: numbers once, names by option, an indicator where a decision may take no part") {
  const candidate_features encode(small);
  CHECK(names_of(encode) == std::vector<std::string>{"1.filters", "1.filters:inactive", "1.se", "1.se:inactive",
                                                     "1.act=relu", "1.act=swish", "1.act:inactive", "1.layers"});
  CHECK(encode.columns()[5].what == feature_column::kind::option);
  CHECK(encode.columns()[5].slot == small.find("1.act"));
  CHECK(encode.columns()[5].option == 1);
  std::vector<double> row(encode.size());
  encode(small.decode(std::vector<int>{1, 1, 0, 2}), row);
  CHECK(row == std::vector<double>{24, 0, .25, 0, 1, 0, 0, 2});
  encode(small.decode(std::vector<int>{-1, -1, -1, 0}), row);
  CHECK(row == std::vector<double>{0, 1, 0, 1, 0, 0, 1, 0});
}

TEST_CASE("numbers from 0 to 1, and by option; what is missing as not a number") {
  const candidate_features unit(small, {.numbers = number_encoding::unit, .inactive = inactive_encoding::nan});
  CHECK(names_of(unit) == std::vector<std::string>{"1.filters", "1.se", "1.act=relu", "1.act=swish", "1.layers"});
  std::vector<double> row(unit.size());
  unit(small.decode(std::vector<int>{2, 0, 1, 1}), row);
  CHECK(row == std::vector<double>{.5, 0, 0, 1, .5});
  unit(small.decode(std::vector<int>{-1, -1, -1, 0}), row);
  CHECK(std::all_of(row.begin(), row.begin() + 4, [](double x) { return std::isnan(x); }));
  CHECK(row[4] == 0);
  const candidate_features one_hot(small, {.numbers = number_encoding::one_hot});
  CHECK(one_hot.size() == 3 + 1 + 2 + 1 + 2 + 1 + 3);
  CHECK(one_hot.columns()[1].name == "1.filters=24");
}

TEST_CASE("different candidates have different rows, also where blocks have one name") {
  constexpr auto alike = define([] {
    return search_space("alike").input(3, 16).stage(
        "1", either(mbconv{.filters = 8, .kernel = one_of(3, 5)}, mbconv{.filters = 16}, conv{.filters = 8}));
  });
  for (const inactive_encoding missing : {inactive_encoding::indicator, inactive_encoding::nan}) {
    const candidate_features encode(alike, {.inactive = missing});
    CHECK(encode.columns()[0].name == "1.block=mbconv#0");
    CHECK(encode.columns()[1].name == "1.block=mbconv#1");
    std::set<std::vector<double>> rows;
    for (const auto& c : all_candidates(alike)) {
      std::vector<double> row(encode.size());
      encode(c, row);
      for (double& x : row) x = std::isnan(x) ? -1 : x;
      CHECK(rows.insert(row).second);
    }
  }
}

TEST_CASE("a row of another length, or a candidate of another space, is refused") {
  const candidate_features encode(small);
  std::vector<double> row(7);
  try {
    encode(small.unrank(0), row);
    FAIL("a short row");
  } catch (const space_error& e) {
    CHECK(std::string(e.what()) == "nascent: space 'small', features: found a row of length 7; allowed: 8");
    CHECK(e.code() == "space.features");
  }
  row.resize(8);
  CHECK_THROWS_AS(encode(make_listed_space().unrank(0), row), space_error);
}
