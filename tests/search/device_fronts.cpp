// SPDX-License-Identifier: Apache-2.0
#include "nascent/search/device_fronts.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "../temporary_folder.hpp"
#include "constrained_space.hpp"
#include "macro_space.hpp"
#include "made_up_table.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_floating_point.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/reward/named_reward.hpp"
#include "nascent/search/joint_front.hpp"
#include "nascent/search/limited_region.hpp"
#include "nascent/search/local_search.hpp"
#include "nascent/search/random_search.hpp"
#include "nascent/search/regularized_evolution.hpp"
#include "nascent/search/search.hpp"

namespace {

namespace fs = std::filesystem;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;
using Catch::Matchers::WithinRel;
using namespace nascent;

using macro_type = std::remove_const_t<decltype(macro_space)>;
using macro_trellis = kernel_trellis<macro_type>;

device_description server(data_type type = data_type::f32) {
  return {.device = "server", .library = "none", .isa = "any", .threads = 8, .type = type};
}
device_description phone() { return {.device = "phone", .library = "none", .isa = "any"}; }

/// Tables of two devices that do not agree about what is fast, each in a file, that nothing holds open.
struct two_files {
  explicit two_files(const macro_trellis& trellis) {
    test::made_up(trellis, 1, 0.8, 0, -1, a, server());
    test::made_up(trellis, 2, 0.8, 0.1, -1, b, phone());
  }

  test::temporary_folder folder{};
  fs::path a = folder.path() / "a.db";
  fs::path b = folder.path() / "b.db";
};

struct seen_network {
  std::vector<double> ms;
  double accuracy;
};

/// All 6,561 of them; some are priced through their graphs by the tables themselves, too.
std::vector<seen_network> all_networks(const std::vector<target_device<macro_type>>& devices,
                                       const std::vector<const latency_table*>& tables) {
  std::vector<seen_network> all;
  for (std::uint64_t rank = 0; rank < static_cast<std::uint64_t>(macro_space.size()); ++rank) {
    const macro_candidate c = macro_space.unrank(rank);
    all.push_back({{}, macro_accuracy(c)});
    for (const auto& d : devices) all.back().ms.push_back(d.predictor.ms(c));
    if (rank % 97 != 0) continue;
    const network graph = to_network(c);
    for (std::size_t d = 0; d < tables.size(); ++d)
      CHECK_THAT(tables[d]->predict(graph).ms, WithinRel(all.back().ms[d], 1e-12));
  }
  return all;
}

bool is_beaten(const seen_network& n, const std::vector<seen_network>& by) {
  return std::ranges::any_of(by, [&](const seen_network& other) {
    bool better = other.accuracy > n.accuracy;
    if (other.accuracy < n.accuracy) return false;
    for (std::size_t d = 0; d < n.ms.size(); ++d) {
      if (other.ms[d] > n.ms[d] * (1 + 1e-12)) return false;
      better = better || other.ms[d] < n.ms[d] * (1 - 1e-9);
    }
    return better;
  });
}

std::vector<macro_candidate> every_candidate() {
  std::vector<macro_candidate> all;
  for (std::uint64_t rank = 0; rank < static_cast<std::uint64_t>(macro_space.size()); ++rank)
    all.push_back(macro_space.unrank(rank));
  return all;
}

}  // namespace

TEST_CASE("fronts of two devices by their files alone are those of all networks, one by one") {
  const macro_trellis trellis(macro_space);
  const two_files files(trellis);
  const auto devices = read_devices(trellis, {{"server", files.a}, {"phone", files.b}});
  REQUIRE(devices.size() == 2);
  CHECK(devices[0].metric() == "server_ms");
  CHECK(devices[1].what.device == phone());
  CHECK(&devices[0].predictor.trellis() == &devices[1].predictor.trellis());
  const latency_table a = read_table(files.a);
  const latency_table b = read_table(files.b);
  const std::vector<seen_network> all = all_networks(devices, {&a, &b});

  // Every network is looked at, and kept apart from any other that takes another time.
  const auto candidates = every_candidate();
  const auto found = search_fronts(devices, macro_accuracy, {.networks = candidates.size(), .step = 1e-7}, candidates);
  CHECK(found.networks == candidates.size());
  std::vector<seen_network> points;
  for (const auto& p : found.all) {
    const seen_network& n = all[static_cast<std::size_t>(macro_space.rank(p.what))];
    CHECK(p.accuracy == n.accuracy);
    CHECK_THAT(p.ms[0], WithinRel(n.ms[0], 1e-12));
    CHECK_THAT(p.ms[1], WithinRel(n.ms[1], 1e-12));
    CHECK_FALSE(is_beaten(n, all));
    points.push_back(n);
  }
  std::size_t unbeaten = 0;
  for (const seen_network& n : all) {
    if (is_beaten(n, points) || is_beaten(n, all)) continue;  // the first of these is quicker
    ++unbeaten;
    CHECK(std::ranges::any_of(points, [&](const seen_network& p) {
      return p.accuracy == n.accuracy && std::fabs(p.ms[0] / n.ms[0] - 1) < 1e-6 &&
             std::fabs(p.ms[1] / n.ms[1] - 1) < 1e-6;
    }));
  }
  CHECK(unbeaten >= points.size());

  for (std::size_t d = 0; d < 2; ++d)
    for (const double quantile : {0.05, 0.3, 0.7}) {
      std::vector<double> times;
      for (const seen_network& n : all) times.push_back(n.ms[d]);
      std::ranges::sort(times);
      const double limit = times[static_cast<std::size_t>(quantile * static_cast<double>(times.size()))];
      double best = 0;
      for (const seen_network& n : all)
        if (n.ms[d] <= limit / 1.005) best = std::max(best, n.accuracy);
      const auto* point = found.each[d].best_under(limit);
      REQUIRE(point != nullptr);
      CHECK(point->accuracy >= best);
      CHECK(point->ms <= limit);
    }

  // Both limits at once.
  const std::vector<double> limits{found.each[0].points[found.each[0].points.size() / 2].ms,
                                   found.each[1].points[found.each[1].points.size() / 2].ms};
  double best = 0;
  for (const seen_network& n : all)
    if (n.ms[0] <= limits[0] && n.ms[1] <= limits[1]) best = std::max(best, n.accuracy);
  const auto* both = found.best_within(limits);
  REQUIRE((both != nullptr) == (best > 0));
  if (both != nullptr) CHECK(both->accuracy == best);
  CHECK(found.best_within({1e-9, 1e-9}) == nullptr);
}

TEST_CASE("a search that looks at some networks keeps limits on every device, and does the same again") {
  const macro_trellis trellis(macro_space);
  const two_files files(trellis);
  const auto devices = read_devices(trellis, {{"server", files.a}, {"phone", files.b}});
  const double server_ms = 2.5 * fastest(trellis, devices[0].predictor).cost;
  const double phone_ms = 3 * fastest(trellis, devices[1].predictor).cost;
  const device_search_options options{
      .networks = 20'000, .seed = 4, .most_ms = {server_ms, phone_ms}, .targets_ms = {server_ms, phone_ms}};
  const auto found = search_fronts(devices, macro_accuracy, options);
  double best = 0;
  for (const macro_candidate& c : every_candidate())
    if (devices[0].predictor.ms(c) <= server_ms && devices[1].predictor.ms(c) <= phone_ms)
      best = std::max(best, macro_accuracy(c));
  REQUIRE(best > 0);
  CHECK(found.all.front().accuracy == best);
  for (const auto& p : found.all) CHECK((p.ms[0] <= server_ms && p.ms[1] <= phone_ms));
  for (const auto& front : found.each)
    for (const auto& p : front.points) {
      CHECK(devices[0].predictor.ms(p.what) <= server_ms);
      CHECK(devices[1].predictor.ms(p.what) <= phone_ms);
    }
  const auto again = search_fronts(devices, macro_accuracy, options);
  REQUIRE(again.all.size() == found.all.size());
  for (std::size_t i = 0; i < found.all.size(); ++i) CHECK(again.all[i].what == found.all[i].what);
}

TEST_CASE("exact methods take the devices of files") {
  const macro_trellis trellis(macro_space);
  const two_files files(trellis);
  const auto devices = read_devices(trellis, {{"server", files.a}, {"phone", files.b}});
  // Kernels alone: what they do to each other is no sum.
  const auto sum = [&](std::size_t d, const macro_candidate& c) {
    double ms = 0;
    trellis.walk(c, [&](std::int32_t group, int times) {
      for (const std::int32_t k : trellis.groups()[static_cast<std::size_t>(group)])
        ms += times * devices[d].predictor.kernel_ms()[static_cast<std::size_t>(k)];
    });
    return ms;
  };
  const double server_ms = 1.4 * cheapest(trellis, devices[0].limit().sum).cost;
  const double phone_ms = 1.6 * cheapest(trellis, devices[1].limit().sum).cost;
  const std::vector<sum_limit> limits{devices[0].limit(server_ms), devices[1].limit(phone_ms)};
  const auto found = best_within(trellis, limits, macs_sum(trellis));
  std::int64_t most = 0;
  for (const macro_candidate& c : every_candidate())
    if (sum(0, c) <= server_ms && sum(1, c) <= phone_ms) most = std::max(most, count(c).macs);
  CHECK(found.gain == static_cast<double>(most));
  CHECK_THAT(found.costs[1], WithinRel(sum(1, found.what), 1e-12));
}

TEST_CASE("devices that do not belong together are refused by name") {
  const macro_trellis trellis(macro_space);
  const two_files files(trellis);
  const auto refused = [&](const std::vector<device_table>& tables, const std::string& words,
                           const read_devices_options& options = {}) {
    CHECK_THROWS_MATCHES(read_devices(trellis, tables, options), search_error,
                         MessageMatches(ContainsSubstring(words)));
  };
  refused({}, "devices: found none");
  refused({{"", files.a}}, "no name");
  refused({{"one", files.a}, {"one", files.b}}, "device 'one': found the name twice");
  fs::copy_file(files.a, files.folder.path() / "copy.db");
  refused({{"one", files.a}, {"two", files.folder.path() / "copy.db"}}, "the times of device 'one' again: server");
  const fs::path half = files.folder.path() / "half.db";
  test::made_up(trellis, 3, 0.5, 0, -1, half, server(data_type::bf16));
  refused({{"one", files.b}, {"two", half}}, "device 'two': found bf16, batch 1 beside f32, batch 1 of device 'one'");
  CHECK(read_devices(trellis, {{"one", files.b}, {"two", half}}, {.mixed = true}).size() == 2);
  const fs::path many = files.folder.path() / "many.db";
  test::made_up(trellis, 3, 0.5, 0, -1, many, server(), 32);
  refused({{"one", files.b}, {"two", many}}, "device 'two': found f32, batch 32 beside f32, batch 1");

  const fs::path lacking = files.folder.path() / "lacking.db";
  const int left_out = static_cast<int>(trellis.kernels().size()) / 2;
  test::made_up(trellis, 4, 0.5, 0, left_out, lacking, server());
  const std::string missing = trellis.kernels()[static_cast<std::size_t>(left_out)].signature;
  refused({{"phone", files.b}, {"server", lacking}}, "device 'server': found 1 of");
  refused({{"phone", files.b}, {"server", lacking}}, "first '" + missing + "'");
  const auto estimated = read_devices(trellis, {{"server", lacking}}, {.estimate_missing = true});
  CHECK(estimated[0].estimated == 1);
  CHECK(estimated[0].estimate_error > 0);
  CHECK(estimated[0].predictor.missing() == 0);
  CHECK_FALSE(read_table(lacking).id(missing));  // nothing was written

  // One file with times of two devices: which is meant has to be said.
  merge_tables(half, many);
  CHECK_THROWS_MATCHES(read_devices(trellis, {{"server", half}}), latency_table_error,
                       MessageMatches(ContainsSubstring("2 that are") && ContainsSubstring("bf16, batch 1") &&
                                      ContainsSubstring("f32, batch 32")));
  CHECK(read_devices(trellis, {{"server", half, {.batch = 32}}})[0].what.device.type == data_type::f32);
  CHECK_THROWS_MATCHES(read_devices(trellis, {{"server", half, {.batch = 7}}}), latency_table_error,
                       MessageMatches(ContainsSubstring("none that is meant")));
  CHECK_THROWS_AS(read_devices(trellis, {{"server", files.folder.path() / "no.db"}}), latency_table_error);
}

TEST_CASE("a search for devices refuses options that make no sense, and limits that nothing keeps") {
  const macro_trellis trellis(macro_space);
  const two_files files(trellis);
  const auto devices = read_devices(trellis, {{"server", files.a}, {"phone", files.b}});
  const auto refused = [&](const device_search_options& options, const std::string& words) {
    CHECK_THROWS_MATCHES(search_fronts(devices, macro_accuracy, options), search_error,
                         MessageMatches(ContainsSubstring(words)));
  };
  refused({.networks = 10, .most_ms = {1}}, "most_ms: found 1 numbers; allowed: 2");
  refused({.networks = 10, .targets_ms = {1, -1}}, "targets_ms: found -1");
  refused({.networks = 10, .step = 0}, "step: found 0");
  refused({.networks = 10, .most_ms = {1e9, 1e-6}}, "most_ms, device 'phone': found 1e-6; allowed: ");
  const auto none = [](const macro_candidate&) { return std::optional<double>(); };
  CHECK_THROWS_MATCHES(search_fronts(devices, none, {.networks = 50}), search_error,
                       MessageMatches(ContainsSubstring("none that can be used among 50 networks")));
  const auto nan = [](const macro_candidate&) { return std::nan(""); };
  CHECK_THROWS_MATCHES(search_fronts(devices, nan, {.networks = 50}), search_error,
                       MessageMatches(ContainsSubstring("an accuracy of nan")));
  CHECK_THROWS_AS(search_fronts(std::vector<target_device<macro_type>>{}, macro_accuracy), search_error);

  // A table in which nothing takes any time.
  const fs::path still = files.folder.path() / "still.db";
  std::vector<table_row> rows = load_rows(files.b);
  for (table_row& r : rows) r.entry.time = {};
  add_rows(still, rows);
  const auto stopped = read_devices(trellis, {{"stopped", still}});
  CHECK_THROWS_MATCHES(search_fronts(stopped, macro_accuracy, {.networks = 10}), search_error,
                       MessageMatches(ContainsSubstring("device 'stopped', rank ") &&
                                      ContainsSubstring("found 0 ms; allowed: latencies above 0")));
}

TEST_CASE("searchers never leave the limits of several devices") {
  const macro_trellis trellis(macro_space);
  const two_files files(trellis);
  const auto devices = read_devices(trellis, {{"server", files.a}, {"phone", files.b}});
  const double server_ms = 3 * fastest(trellis, devices[0].predictor).cost;
  const double phone_ms = 4 * fastest(trellis, devices[1].predictor).cost;
  const auto macs = [](const macro_candidate& c) { return static_cast<double>(count(c).macs); };
  const double most_macs = 1.1e8;
  const auto keeps = [&](const macro_candidate& c) {
    return devices[0].predictor.ms(c) <= server_ms && devices[1].predictor.ms(c) <= phone_ms && macs(c) <= most_macs;
  };
  std::size_t within = 0;
  for (const macro_candidate& c : every_candidate()) within += keeps(c);
  REQUIRE(within > 20);
  const limited_region region(macro_space, {{"server_ms", devices[0].predictor, server_ms},
                                            {"phone_ms", devices[1].predictor, phone_ms},
                                            {"macs", macs, most_macs}});
  local_search climb{region, {.seed = 3}};
  regularized_evolution evolve{region, {.population = 5, .sample = 3, .seed = 3}};
  const auto all_within = [&](auto& searching) {
    std::size_t seen = 0;
    for (; seen < 20; ++seen) {
      const auto c = searching.ask();
      if (!c || !keeps(*c)) return false;
      searching.tell(*c, macro_accuracy(*c));
    }
    return true;
  };
  CHECK(all_within(climb));
  CHECK(all_within(evolve));
  // Every network within is drawn as often as any other: by chi-squared.
  std::map<std::uint64_t, int> drawn;
  random_engine rng(5);
  const int draws = 10 * static_cast<int>(within);
  for (int i = 0; i < draws; ++i) ++drawn[static_cast<std::uint64_t>(macro_space.rank(region.sample(rng)))];
  double squares = static_cast<double>(within - drawn.size()) * 10;
  for (const auto& [rank, times] : drawn) squares += (times - 10.) * (times - 10.) / 10;
  const auto freedom = static_cast<double>(within - 1);
  INFO(within << " networks, chi squared " << squares);
  CHECK(std::fabs(squares - freedom) < 5 * std::sqrt(2 * freedom));

  CHECK_THROWS_MATCHES(
      (limited_region(macro_space, {{"server_ms", devices[0].predictor, server_ms}, {"macs", macs, 1}}, 2000)),
      search_error,
      MessageMatches(ContainsSubstring("limit 'macs': found 1, which 0 of 1000 networks keep") &&
                     ContainsSubstring("the least seen of this one: ")));
  CHECK_THROWS_AS((limited_region(macro_space, {{"macs", macs, std::nan("")}})), search_error);
  CHECK_THROWS_AS((limited_region(macro_space, {{"macs", {}, 1}})), search_error);
}

TEST_CASE("with limits first every searcher finds what going through all networks finds, or what is least beyond") {
  // Two made-up devices of a space of few networks, which searchers use up.
  constexpr auto space = test::constrained_space;
  using space_type = std::remove_const_t<decltype(space)>;
  using candidate_type = candidate<space_type>;
  const kernel_trellis trellis(space);
  const latency_predictor server(trellis, test::made_up(trellis, 1, 0.8, 0));
  const latency_predictor phone(trellis, test::made_up(trellis, 2, 0.8, 0));
  const auto measure = [&](const candidate_type& c) {
    return metric_map{{"accuracy", static_cast<double>((static_cast<std::uint64_t>(space.rank(c)) * 7) % 11)},
                      {"macs", static_cast<double>(count(c).macs)},
                      {"server_ms", server.ms(c)},
                      {"phone_ms", phone.ms(c)}};
  };
  const auto size = static_cast<std::uint64_t>(space.size());
  std::vector<metric_map> all;
  for (std::uint64_t rank = 0; rank < size; ++rank) all.push_back(measure(space.unrank(rank)));
  const auto sorted = [&](const char* name) {
    std::vector<double> values;
    for (const metric_map& m : all) values.push_back(m.at(name));
    std::ranges::sort(values);
    return values;
  };
  const double middle = sorted("server_ms")[size / 2];
  const double least = sorted("phone_ms").front();
  for (const bool feasible : {true, false}) {
    const std::vector<metric_limit> limits{{.metric = "server_ms", .most = middle},
                                           {.metric = "phone_ms", .most = feasible ? 1e9 : least / 2}};
    const weighted_product product{.targets = {{"server_ms", middle / 2}, {"phone_ms", least, -0.3}}};
    const feasible_first judge(product, limits);
    // By the definition: the best of those within, or the one that is least beyond.
    std::optional<std::size_t> expected;
    const auto beyond = [&](const metric_map& m) {
      double sum = 0;
      for (const metric_limit& l : limits) sum += std::max(0., m.at(l.metric) / l.most - 1);
      return sum;
    };
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (feasible && beyond(all[i]) > 0) continue;
      const auto worth = [&](std::size_t n) { return feasible ? product(all[n]) : -beyond(all[n]); };
      if (!expected || worth(i) > worth(*expected)) expected = i;
    }
    REQUIRE(expected);
    const auto check = [&](auto searching) {
      const auto found = search(searching, measure, judge, {.trials = 2 * all.size()});
      CHECK(found.exhausted);
      CHECK(judge(*found.best().metrics) == judge(all[*expected]));
      CHECK((violation(*found.best().metrics, limits) == 0) == feasible);
    };
    check(random_search{space, {.seed = 2}});
    check(local_search{space, {.seed = 2}});
    check(regularized_evolution{space, {.population = 5, .sample = 3, .seed = 2}});
  }
}
