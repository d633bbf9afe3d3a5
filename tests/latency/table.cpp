// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/table.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "../timing/fake.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/base/signal_stop.hpp"
#include "nascent/executor/onednn.hpp"
#include "nascent/latency/exchange.hpp"

namespace {

namespace fs = std::filesystem;
using Catch::Approx;
using nascent::fill_result;
using nascent::kernel;
using nascent::latency_entry;
using nascent::latency_table;
using nascent::latency_table_error;
using nascent::latency_table_options;
using nascent::network;

latency_table_options fake_options() {
  return {.placements = {.least = 1, .most = 1},
          .measure = {.warm_up = 1, .min_samples = 8, .budget_ms = 1e6, .clocks = fake::clocks}};
}

/// The time that the fake device takes for a network.
double truth_ms(const network& graph) {
  double ns = 0;
  for (const kernel& k : nascent::fuse(graph)) ns += static_cast<double>(fake::kernel_ns(k.signature()));
  return ns * 1e-6;
}

std::set<std::string> signatures(const network& graph) {
  std::set<std::string> all;
  for (const kernel& k : nascent::fuse(graph)) all.insert(k.signature());
  return all;
}

std::vector<network> family(int count, int layers = 4) {
  std::vector<network> networks;
  for (int i = 0; i < count; ++i) networks.push_back(fake::residual_network(8 + i, layers));
  return networks;
}

TEST_CASE("the latency of a network is the sum of its kernels, repeated ones included") {
  fake::executor device;
  latency_table table(":memory:", device, fake_options());
  for (const network& graph : family(5, 7)) {
    CHECK(table.latency(graph) == Approx(truth_ms(graph)));
    const auto p = table.predict(graph);
    CHECK(p.complete());
    CHECK(p.ms == Approx(truth_ms(graph)));
    CHECK(p.low_ms <= p.ms);
    CHECK(p.high_ms >= p.ms);
    CHECK(p.kernels == nascent::fuse(graph).size());
    CHECK(p.estimated == 0);
  }
}

TEST_CASE("a network never run is predicted from kernels of others") {
  fake::executor device;
  latency_table table(":memory:", device, fake_options());
  table.measure_missing(fake::residual_network(8, 3));
  const network longer = fake::residual_network(8, 9);
  int compiled = 0;
  device.on_compile = [&](const network&) { ++compiled; };
  CHECK(table(longer) == Approx(truth_ms(longer)));
  CHECK(compiled == 0);
}

TEST_CASE("a kernel whose time depends on its place has the mean over its places") {
  fake::executor device;
  device.act = [](const kernel&, std::size_t place) { fake::work(static_cast<std::int64_t>(1000 * (place + 1))); };
  latency_table table(":memory:", device, fake_options());
  const network graph = fake::residual_network(8, 7);
  const std::size_t n = nascent::fuse(graph).size();
  CHECK(table(graph) == Approx(1e-3 * static_cast<double>(n * (n + 1)) / 2));
}

TEST_CASE("a device without a fusion has its parts counted in the kernel's entry") {
  fake::executor device;
  device.plan = [](const network& graph) {
    std::vector<kernel> single;
    for (std::size_t i = 0; i < graph.layers().size(); ++i)
      single.push_back({.core = graph.layers()[i], .first_layer = i, .last_layer = i});
    return single;
  };
  device.act = [](const kernel&, std::size_t) { fake::work(1000); };
  latency_table table(":memory:", device, fake_options());
  const network graph = fake::residual_network(8, 5);
  CHECK(table(graph) == Approx(1e-3 * static_cast<double>(graph.layers().size())));
  for (const kernel& k : nascent::fuse(graph)) CHECK(table.find(k)->time.median_ms == Approx(k.residual ? 2e-3 : 1e-3));
}

TEST_CASE("entries tell where they come from") {
  fake::executor device;
  latency_table table(":memory:", device, fake_options());
  const network graph = fake::residual_network(8, 3);
  CHECK(!table.find(nascent::fuse(graph)[0]));
  table.measure_missing(graph);
  const auto e = table.find(nascent::fuse(graph)[0]);
  REQUIRE(e);
  CHECK(e->signature == nascent::fuse(graph)[0].signature());
  CHECK(e->network == "w8");
  CHECK(!e->estimated);
  CHECK(e->time.count == 8);
  CHECK(e->time.median_ms == Approx(1e-6 * static_cast<double>(fake::kernel_ns(e->signature))));
  CHECK(e->measured_at.size() == 20);
  CHECK(table.id(e->signature).has_value());
  CHECK(!table.id("nothing"));
  CHECK(table.entries()[*table.id(e->signature)].signature == e->signature);
}

TEST_CASE("predictions count what is missing and what is estimated") {
  fake::executor device;
  latency_table table(":memory:", device, fake_options());
  const network graph = fake::residual_network(8, 3);
  CHECK(table.predict(graph).missing == nascent::fuse(graph).size());
  CHECK(table.predict(graph).ms == 0);
  std::vector<latency_entry> estimates;
  for (const std::string& s : signatures(graph))
    estimates.push_back({.signature = s,
                         .time = {.median_ms = 1, .trimmed_mean_ms = 1, .low_ms = 0.5, .high_ms = 2},
                         .estimated = true});
  table.add(estimates);
  auto p = table.predict(graph);
  CHECK(p.complete());
  CHECK(p.estimated == p.kernels);
  CHECK(p.ms == Approx(static_cast<double>(p.kernels)));
  CHECK(p.low_ms == Approx(0.5 * p.ms));
  CHECK(p.high_ms == Approx(2 * p.ms));
  CHECK(table.measure_missing(graph).networks == 0);  // estimates are entries
  CHECK(table.measure_missing(graph, {.replace_estimates = true}).measured == signatures(graph).size());
  p = table.predict(graph);
  CHECK(p.estimated == 0);
  CHECK(p.ms == Approx(truth_ms(graph)));
}

TEST_CASE("filling measures each distinct kernel once, in as few networks as it needs") {
  fake::executor device;
  std::vector<std::string> order;
  device.on_compile = [&](const network& g) { order.push_back(g.name()); };
  latency_table table(":memory:", device, fake_options());
  auto networks = family(6);
  std::set<std::string> distinct;
  for (const network& g : networks) distinct.merge(signatures(g));
  networks.push_back(fake::residual_network(10, 2));  // brings nothing new
  const fill_result r = table.measure_missing(networks);
  CHECK(r.measured == distinct.size());
  CHECK(r.networks == 6);
  CHECK(r.missing == 0);
  CHECK(r.duplicates == 0);
  CHECK(table.size() == distinct.size());
  CHECK(std::set<std::string>(order.begin(), order.end()).size() == order.size());
  CHECK(table.measure_missing(networks).networks == 0);
}

// --- placements

/// A device whose kernels take another time in every compilation: `deviation` to either side, in turns of three.
fake::executor uneasy_device(double deviation, int& compilations) {
  return {.act =
              [deviation, &compilations](const kernel& k, std::size_t) {
                const double factor = 1 + deviation * (compilations % 3 - 1);
                fake::work(static_cast<std::int64_t>(factor * static_cast<double>(fake::kernel_ns(k.signature()))));
              },
          .on_compile = [&compilations](const network&) { ++compilations; }};
}

TEST_CASE("a table measures every kernel in three placements, and averages them") {
  int compilations = 0;
  fake::executor device = uneasy_device(0.01, compilations);
  latency_table_options options = fake_options();
  options.placements = {};
  latency_table table(":memory:", device, options);
  const network graph = fake::residual_network(8, 3);
  const fill_result r = table.measure_missing(graph);
  CHECK(r.networks == 3);
  CHECK(r.measured == signatures(graph).size());
  CHECK(r.placements == 3 * signatures(graph).size());
  CHECK(r.missing == 0);
  for (const latency_entry& e : table.entries()) {
    CHECK(e.placements == 3);
    CHECK(e.placement_deviation_ms == Approx(0.01 * e.time.trimmed_mean_ms).epsilon(0.01));
    CHECK(e.standard_error() < 0.01);
  }
  const auto p = table.predict(graph);
  CHECK(p.ms == Approx(truth_ms(graph)).epsilon(1e-4));
  double squares = 0;
  for (const kernel& k : nascent::fuse(graph))
    squares += std::pow(table.find(k)->placement_deviation_ms, 2) * (1 + 1. / 3);
  CHECK(p.placement_deviation_ms == Approx(std::sqrt(squares)));
  CHECK(p.low_ms == Approx(p.ms - 2 * p.placement_deviation_ms).epsilon(1e-3));
  CHECK(table.measure_missing(graph).networks == 0);
}

TEST_CASE("kernels whose placements disagree are measured again, up to a limit") {
  int compilations = 0;
  fake::executor device = uneasy_device(0.1, compilations);
  latency_table_options options = fake_options();
  options.placements = {.least = 3, .most = 7};
  latency_table table(":memory:", device, options);
  const network graph = fake::residual_network(8, 3);
  CHECK(table.measure_missing(graph).networks == 7);
  for (const latency_entry& e : table.entries()) CHECK(e.placements == 7);
  CHECK(table.measure_missing(graph).networks == 0);
  CHECK(table.wanted("something else") == 3);
  CHECK(table.wanted("something else", {.placements = 2}) == 2);
}

TEST_CASE("a fill may ask for more placements than the table's options") {
  fake::executor device;
  const latency_table_options options = fake_options();  // one placement is enough
  latency_table table(":memory:", device, options);
  const network graph = fake::residual_network(8, 3);
  CHECK(table.measure_missing(graph).networks == 1);
  // The budget is there for a fill that does not see what it has measured.
  nascent::watch limit({.seconds = 20, .style = nascent::progress_style::quiet});
  const fill_result more = table.measure_missing(graph, {.watch = &limit, .placements = 3});
  CHECK(more.networks == 2);
  CHECK(more.missing == 0);
  for (const latency_entry& e : table.entries()) CHECK(e.placements == 3);
}

TEST_CASE("a machine that becomes slower while a table is filled does not make it wrong") {
  const auto error_of = [](bool common_effects) {
    int compilations = 0;
    fake::executor device{
        .act =
            [&](const kernel& k, std::size_t) {
              const double slowdown =
                  compilations > 4 ? 1.12 : 1.0;  // not in most placements, but in most of some kernels
              fake::work(static_cast<std::int64_t>(slowdown * static_cast<double>(fake::kernel_ns(k.signature()))));
            },
        .on_compile = [&](const network&) { ++compilations; }};
    latency_table_options options = fake_options();
    options.placements = {.least = 1, .most = 1, .common_effects = common_effects};
    latency_table table(":memory:", device, options);
    // Each network has kernels of its own behind ten that all have.
    std::vector<network> networks;
    for (int i = 0; i < 7; ++i)
      networks.push_back(nascent::make_network("n", {.height = 8, .width = 8, .channels = 3}, [&](auto& net, auto x) {
        for (int k = 0; k < 10; ++k) x = net.conv(x, {.filters = 8 + k, .kernel = 3});
        for (int k = 0; k < 5; ++k) x = net.conv(x, {.filters = 20 + 10 * i + k, .kernel = 3});
        x = net.global_pool(x);
        net.dense(x, {.units = 10});
      }));
    for (const network& graph : networks) table.measure_missing(graph);
    if (common_effects) {
      CHECK(table.effects().range().second == Approx(1.12).epsilon(.01));
      const auto p = table.predict(networks[0]);
      CHECK(p.high_ms - p.ms > p.ms * table.effects().deviation());  // a network that is run now may meet either
    }
    double worst = 0;
    for (const network& graph : networks)
      worst = std::max(worst, std::abs(table.predict(graph).ms / truth_ms(graph) - 1));
    return worst;
  };
  CHECK(error_of(false) > .05);
  CHECK(error_of(true) < .12 * nascent::placement_effects::taken_as_usual + .001);
}

TEST_CASE("placements come from different networks where there are several") {
  fake::executor device;
  std::map<std::string, int> runs;
  device.on_compile = [&](const network& g) { ++runs[g.name() + " " + std::to_string(g.layers().size())]; };
  latency_table_options options = fake_options();
  options.placements = {};
  latency_table table(":memory:", device, options);
  const std::vector<network> networks{fake::residual_network(8, 3), fake::residual_network(8, 4),
                                      fake::residual_network(8, 5), fake::residual_network(8, 6)};
  CHECK(table.measure_missing(networks).networks == 3);
  CHECK(runs.size() == 3);
}

TEST_CASE("the latency of one network takes one placement") {
  fake::executor device;
  int compiled = 0;
  device.on_compile = [&](const network&) { ++compiled; };
  latency_table_options options = fake_options();
  options.placements = {};
  latency_table table(":memory:", device, options);
  const network graph = fake::residual_network(8, 3);
  CHECK(table(graph) == Approx(truth_ms(graph)));
  CHECK(compiled == 1);
  CHECK(table.measure_missing(graph).networks == 2);  // what a filled table wants beside
}

TEST_CASE("the median over placements passes over one in a bad minute") {
  fake::executor device;
  int compilations = 0;
  device.on_compile = [&](const network&) { ++compilations; };
  device.act = [&](const kernel& k, std::size_t) {
    fake::work((compilations == 2 ? 5 : 1) * fake::kernel_ns(k.signature()));
  };
  latency_table_options options = fake_options();
  options.placements = {.least = 3, .most = 3, .average = nascent::placement_average::median};
  latency_table table(":memory:", device, options);
  const network graph = fake::residual_network(8, 3);
  table.measure_missing(graph);
  CHECK(table.predict(graph).ms == Approx(truth_ms(graph)));
}

TEST_CASE("placement options that make no sense are refused") {
  fake::executor device;
  for (const nascent::placement_options& bad :
       {nascent::placement_options{.least = 0}, nascent::placement_options{.least = 3, .most = 2},
        nascent::placement_options{.standard_error = 0}}) {
    auto options = fake_options();
    options.placements = bad;
    CHECK_THROWS_AS(latency_table(":memory:", device, options), nascent::error);
  }
}

TEST_CASE("each cache context has its own entries, measured as it says") {
  const fake::folder folder;
  fake::executor device;
  std::vector<std::size_t> order;
  std::size_t last = 99;
  // Hot is a kernel that ran right before, evicted one whose predecessor did.
  device.act = [&](const kernel& k, std::size_t place) {
    order.push_back(place);
    fake::work(fake::kernel_ns(k.signature()) / (last == place ? 4 : 1));
    last = place;
  };
  const network graph = fake::residual_network(8, 3);
  const std::size_t n = nascent::fuse(graph).size();
  for (const auto context : {nascent::cache_context::in_network, nascent::cache_context::evicted,
                             nascent::cache_context::hot, nascent::cache_context::cold}) {
    auto options = fake_options();
    options.context = context;
    latency_table table(folder / "a.db", device, options);
    CHECK(table.size() == 0);
    order.clear();
    const double ms = table(graph);
    const bool hot = context == nascent::cache_context::hot;
    CHECK(ms == Approx(truth_ms(graph) / (hot ? 4 : 1)).epsilon(1e-3));
    const std::size_t pass = hot ? 2 * n : context == nascent::cache_context::evicted ? 2 * n - 1 : n;
    const std::vector<std::size_t> end(order.end() - static_cast<std::ptrdiff_t>(pass), order.end());
    CHECK(end.back() == n - 1);
    if (context == nascent::cache_context::evicted)
      CHECK(std::vector(end.begin(), end.begin() + 5) == std::vector<std::size_t>{0, 0, 1, 1, 2});
    if (hot) CHECK(std::vector(end.begin(), end.begin() + 4) == std::vector<std::size_t>{0, 0, 1, 1});
  }
  CHECK(nascent::database(folder / "a.db").number("SELECT count(DISTINCT context) FROM entry") == 4);
}

TEST_CASE("a budget ends filling between networks") {
  fake::executor device;
  // Time passes with networks only: what else a busy machine does in between does not count.
  device.on_compile = [](const network&) { fake::now += 10'000'000'000; };
  latency_table table(":memory:", device, fake_options());
  nascent::watch limit({.seconds = 50, .style = nascent::progress_style::quiet, .clock = fake::clocks.wall});
  const fill_result r = table.measure_missing(family(30), {.watch = &limit});
  CHECK(r.networks == 5);
  CHECK(r.missing > 0);
  CHECK(r.measured == table.size());
  CHECK(table.measure_missing(family(30), {.watch = &limit}).networks == 0);
}

TEST_CASE("filling shows its progress") {
  std::ostringstream out;
  nascent::watch all({.style = nascent::progress_style::lines, .write = [&](std::string_view text) { out << text; }});
  fake::executor device;
  latency_table table(":memory:", device, fake_options());
  const auto r = table.measure_missing(family(3), {.watch = &all});
  const std::string job = "measuring " + std::to_string(r.measured) + " kernels in networks: ";
  CHECK(out.str().find(job + "0/3\n") != std::string::npos);
  CHECK(out.str().find(job + "3/3 in ") != std::string::npos);
}

TEST_CASE("a table is kept in its file, and predicts without it") {
  const fake::folder folder;
  const network graph = fake::residual_network(8, 3);
  {
    fake::executor device;
    latency_table(folder / "a.db", device, fake_options()).measure_missing(graph);
  }
  fake::executor other;
  other.on_compile = [](const network&) { FAIL("nothing is missing"); };
  latency_table table(folder / "a.db", other, fake_options());
  CHECK(table(graph) == Approx(truth_ms(graph)));
  const latency_table moved(std::move(table));
  fs::remove(folder / "a.db");
  CHECK(moved.predict(graph).ms == Approx(truth_ms(graph)));
}

TEST_CASE("a temporary executor is kept by the table") {
  latency_table table(":memory:", fake::executor{}, fake_options());
  const network graph = fake::residual_network(8, 3);
  CHECK(table(graph) == Approx(truth_ms(graph)));
}

TEST_CASE("tables of two devices share a file") {
  const fake::folder folder;
  fake::executor fast;
  fake::executor slow{.act = [](const kernel& k, std::size_t) { fake::work(3 * fake::kernel_ns(k.signature())); }};
  slow.device.isa = "old";
  latency_table a(folder / "a.db", fast, fake_options());
  latency_table b(folder / "a.db", slow, fake_options());
  const network graph = fake::residual_network(8, 3);
  CHECK(b(graph) == Approx(3 * a(graph)));
  CHECK(a(graph) == Approx(truth_ms(graph)));
  CHECK(a.measure_missing(graph).networks == 0);
}

TEST_CASE("a table that cannot measure says so, and predicts what it has") {
  const fake::folder folder;
  fake::executor device;
  const network known = fake::residual_network(8, 3);
  const network unknown = fake::residual_network(9, 3);
  latency_table(folder / "a.db", device, fake_options()).measure_missing(known);
  const auto refusal = [&](latency_table table) {
    CHECK(table.predict(known).complete());
    CHECK(table(known) == Approx(truth_ms(known)));
    return fake::message_of<latency_table_error>([&] { table(unknown); });
  };
  const std::string without = refusal(latency_table(folder / "a.db", device.device));
  CHECK(without.find("no executor") != std::string::npos);
  CHECK(without.find("found 6 kernels that are not in it, e.g. '") != std::string::npos);
  auto options = fake_options();
  options.read_only = true;
  CHECK(refusal(latency_table(folder / "a.db", device, options)).find("read-only") != std::string::npos);
}

TEST_CASE("what was measured before a network is refused is kept") {
  const fake::folder folder;
  fake::executor device;
  device.on_compile = [](const network& g) {
    if (g.name() == "w10") throw nascent::executor_error("executor.library", "a test", "no", "yes");
  };
  latency_table table(folder / "a.db", device, fake_options());
  CHECK_THROWS_AS(table.measure_missing(family(4)), nascent::executor_error);
  CHECK(latency_table(folder / "a.db", device.device).predict(family(4)[1]).complete());
  device.on_compile = [](const network&) {};
  CHECK(table.measure_missing(family(4)).missing == 0);
}

TEST_CASE("options that make no sense are refused") {
  fake::executor device;
  auto options = fake_options();
  options.measure.warm_up = 0;
  CHECK_THROWS_AS(latency_table(":memory:", device, options), nascent::error);
}

// --- processes

/// Takes real time, and notes in a file which networks it compiles.
fake::executor slow_device(const fs::path& log) {
  return {.act =
              [](const kernel& k, std::size_t) {
                std::this_thread::sleep_for(std::chrono::nanoseconds(fake::kernel_ns(k.signature()) / 20));
              },
          .on_compile = [log](const network& g) { std::ofstream(log, std::ios::app) << g.name() << std::endl; }};
}

latency_table_options slow_options() {
  return {.placements = {.least = 1, .most = 1}, .measure = {.warm_up = 1, .min_samples = 8, .max_samples = 8}};
}

std::vector<std::string> lines_of(const fs::path& path) {
  std::vector<std::string> lines;
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// What a file holds: for each kernel everything that was measured.
std::map<std::string, std::pair<nascent::sample_summary, std::string>> rows_of(const fs::path& path) {
  std::map<std::string, std::pair<nascent::sample_summary, std::string>> rows;
  const latency_table table(path, fake::executor{}.device);
  for (const latency_entry& e : table.entries()) rows[e.signature] = {e.time, e.network + e.measured_at};
  return rows;
}

TEST_CASE("a fill that is interrupted keeps its rows, says how to go on, and goes on") {
  const fake::folder folder;
  const fs::path path = folder / "a.db";
  const std::vector<network> networks = family(30);
  { latency_table(path, fake::executor{}.device); }
  for (const int number : {SIGINT, SIGTERM}) {
    CAPTURE(number);
    const std::size_t before = nascent::load_rows(path).size();
    const fs::path words = folder / ("words" + std::to_string(number));
    const pid_t child = fake::start_child([&] {
      if (std::freopen(words.c_str(), "w", stderr) == nullptr) return 98;
      return nascent::until_signal("run the same again, the table goes on", [&](const nascent::signal_stop& signals) {
        nascent::watch all({.seconds = 300, .style = nascent::progress_style::quiet, .stop = &signals.received()});
        // The first network is done at once, the second one waits for the signal.
        fake::executor device;
        int compiled = 0;
        device.on_compile = [&](const network&) {
          if (++compiled == 1) return;
          for (int i = 0; i < 6000 && !signals; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
        };
        latency_table table(path, device, slow_options());
        return table.measure_missing(networks, {.watch = &all}).missing == 0 ? 97 : 96;
      });
    });
    while (nascent::load_rows(path).size() == before) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ::kill(child, number);
    CHECK(fake::wait_for(child) == 128 + number);
    const std::size_t after = nascent::load_rows(path).size();
    CHECK(after > before);
    std::ifstream said(words);
    std::string line;
    std::getline(said, line);
    CHECK(line == std::string("nascent: stopped by ") + (number == SIGINT ? "SIGINT" : "SIGTERM") +
                      "; run the same again, the table goes on");
    CHECK(!std::getline(said, line));
  }
  fake::executor device;
  latency_table table(path, device, slow_options());
  const std::size_t kept = nascent::load_rows(path).size();
  const fill_result rest = table.measure_missing(networks);
  CHECK(rest.missing == 0);
  CHECK(rest.placements + kept == nascent::load_rows(path).size());
}

/// Fills a table in child processes that are killed at random moments, until nothing is missing: `least_kills` times at
/// least.
void fill_and_kill(int least_kills, int family_size, int placements, std::uint64_t seed) {
  CAPTURE(seed);
  const fake::folder folder;
  const fs::path path = folder / "a.db";
  const fs::path log = folder / "log";
  const std::vector<network> networks = family(family_size);
  std::size_t distinct = 0;
  for (const network& g : networks) distinct += signatures(g).size();  // each width has its own
  const auto fill = [&] {
    fake::executor device = slow_device(log);
    latency_table_options options = slow_options();
    options.placements = {.least = placements, .most = placements};
    latency_table table(path, device, options);
    return table.measure_missing(networks).missing == 0 ? 0 : 1;
  };
  const auto rows = [&] {
    std::map<std::pair<std::string, std::int64_t>, std::pair<nascent::sample_summary, std::string>> all;
    for (const nascent::table_row& r : nascent::load_rows(path))
      all[{r.entry.signature, r.entry.placement}] = {r.entry.time, r.entry.network + r.entry.measured_at};
    return all;
  };
  { latency_table(path, fake::executor{}.device); }

  std::mt19937_64 rng(seed);
  auto before = rows();
  int kills = 0;
  int in_vain = 0;  // kills in a row before a network was done
  int status = 1;
  for (int attempt = 0; attempt < 1000 && status != 0; ++attempt) {
    const pid_t child = fake::start_child(fill);
    // While kills are still due, most come before the first network is done: the work must last for them. Then there is
    // time, and the more of it the longer a busy machine gets nothing done.
    const auto most_us = kills < least_kills ? 25'000U : 400'000U << std::min(in_vain, 6);
    std::this_thread::sleep_for(std::chrono::microseconds(rng() % most_us));
    ::kill(child, SIGKILL);
    status = fake::wait_for(child);
    CHECK((status == -SIGKILL || status == 0));
    kills += status == -SIGKILL;

    {
      nascent::database d(path);
      REQUIRE(d.text("PRAGMA integrity_check") == "ok");
    }
    const auto after = rows();
    std::map<std::string, int> times_measured;
    for (const auto& [row, content] : after) ++times_measured[row.first];
    for (const auto& [row, content] : before) {  // nothing lost, nothing replaced
      REQUIRE(after.contains(row));
      REQUIRE(after.at(row) == content);
    }
    for (const network& g : networks) {
      const std::set<std::string> mine = signatures(g);
      std::set<int> counts;
      for (const std::string& s : mine) counts.insert(times_measured[s]);
      REQUIRE(counts.size() == 1);             // a network's rows come together
      REQUIRE(*counts.begin() <= placements);  // and are not measured again when they are there
    }
    in_vain = after.size() == before.size() ? in_vain + 1 : 0;
    before = after;
  }
  CHECK(status == 0);
  CHECK(kills >= least_kills);
  CHECK(before.size() == distinct * static_cast<std::size_t>(placements));
  // Every further run of a network was one that a kill had cut off.
  CHECK(lines_of(log).size() <=
        networks.size() * static_cast<std::size_t>(placements) + static_cast<std::size_t>(kills));
}

TEST_CASE("a kill at any moment loses only the network at work, and nothing is measured twice") {
  fill_and_kill(15, 30, 1, 20260131);
}

TEST_CASE("100 kills at random moments lose nothing that was done", "[long]") { fill_and_kill(100, 60, 2, 20260201); }

TEST_CASE("two processes fill one table together") {
  const fake::folder folder;
  const fs::path path = folder / "a.db";
  const std::vector<network> networks = family(40);
  std::vector<pid_t> children;
  for (const std::string name : {"first", "second"})
    children.push_back(fake::start_child([&] {
      fake::executor device = slow_device(folder / name);
      latency_table table(path, device, slow_options());
      const fill_result r = table.measure_missing(networks);
      std::ofstream(folder / (name + ".result")) << r.measured << '\n' << r.duplicates << '\n';
      return r.missing == 0 && table.predict(networks.back()).complete() ? 0 : 1;
    }));
  for (const pid_t child : children) CHECK(fake::wait_for(child) == 0);
  std::size_t distinct = 0;
  for (const network& g : networks) distinct += signatures(g).size();
  CHECK(rows_of(path).size() == distinct);
  CHECK(nascent::database(path).text("PRAGMA integrity_check") == "ok");
  const auto first = lines_of(folder / "first.result");
  const auto second = lines_of(folder / "second.result");
  REQUIRE(first.size() == 2);
  REQUIRE(second.size() == 2);
  CHECK(std::stoul(first[0]) + std::stoul(second[0]) == distinct);  // each row has one author
  // They share the work: once they notice each other, few networks are run by both.
  const std::size_t runs = lines_of(folder / "first").size() + lines_of(folder / "second").size();
  CHECK(runs >= networks.size());
  CHECK(runs <= networks.size() * 3 / 2);
}

// --- a real device

TEST_CASE("a table of oneDNN kernels predicts a network that is a different mix of them", "[measures]") {
  nascent::onednn::executor cpu{{.threads = 1}};
  latency_table table(":memory:", cpu, {.measure = {.budget_ms = 300}});
  const auto graph = [](int layers) {
    return nascent::make_network("n" + std::to_string(layers), {.height = 56, .width = 56, .channels = 3},
                                 [&](auto& net, auto x) {
                                   x = net.conv(x, {.filters = 32, .kernel = 3, .stride = 2, .act = nascent::relu});
                                   for (int i = 0; i < layers; ++i) {
                                     const auto before = x;
                                     x = net.conv(x, {.filters = 128, .act = nascent::swish});
                                     x = net.depthwise_conv(x, {.kernel = 3, .act = nascent::swish});
                                     x = net.add(net.conv(x, {.filters = 32}), before);
                                   }
                                   net.dense(net.global_pool(x), {.units = 10});
                                 });
  };
  table.measure_missing(graph(3));
  const auto predicted = table.predict(graph(9));
  REQUIRE(predicted.complete());
  auto compiled = nascent::prepare(cpu, graph(9));
  const auto measured = nascent::measure(compiled, {.budget_ms = 500});
  // A busy machine may slow either: only gross errors (a kernel counted twice or not at all) are excluded.
  CHECK(predicted.ms / measured.median_ms > 0.5);
  CHECK(predicted.ms / measured.median_ms < 2);
  CHECK(predicted.high_ms >= predicted.low_ms);
}

}  // namespace
