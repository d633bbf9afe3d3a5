// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/model_hub.hpp"

#include <string>
#include <thread>
#include <vector>

#include "../temporary_folder.hpp"
#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/base/random.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

using small_type = std::remove_cvref_t<decltype(test::small)>;

const device_description epyc{.device = "EPYC", .library = "oneDNN 2.6", .isa = "avx512", .threads = 1};
const device_description gpu{
    .device = "H200", .library = "cuDNN 9", .isa = "any", .threads = 1, .type = data_type::f16};

family_level<small_type> level(std::uint64_t rank, double ms, double top1, bool measured = true) {
  const auto network = scaled(test::small.unrank(rank), {});
  family_level<small_type> l{.name = "network " + std::to_string(rank),
                             .network = network,
                             .cost = cost(network),
                             .accuracy = {.top1 = top1, .source = "accuracy model"}};
  (measured ? l.latency.measured_ms : l.latency.predicted_ms) = ms;
  return l;
}
hub_entry entry(std::uint64_t rank, double ms, double top1, double tier_ms = 10, const device_description& d = epyc) {
  return {d, tier_ms, level(rank, ms, top1), "a test", "2026-11-29T12:00:00Z"};
}

std::string fault_of(const json& j) {
  try {
    static_cast<void>(hub_from_json(j));
  } catch (const error& e) {
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a hub keeps all, and answers with the best of a tier") {
  model_hub hub;
  CHECK(hub.add(entry(1, 8, 75)) == hub_change::first);
  CHECK(hub.add(entry(2, 9, 76)) == hub_change::better);
  CHECK(hub.add(entry(3, 7, 74)) == hub_change::worse);
  CHECK(hub.add(entry(4, 8.5, 76)) == hub_change::better);  // as accurate, and faster
  CHECK(hub.add(entry(4, 8.5, 76)) == hub_change::known);
  CHECK(hub.add(entry(5, 18, 79, 20)) == hub_change::first);
  CHECK(hub.add(entry(6, 0.5, 80, 1, gpu)) == hub_change::first);
  CHECK(hub.entries().size() == 6);
  const auto best = hub.best();
  REQUIRE(best.size() == 3);
  CHECK(best[0]->rank() == "4");
  CHECK(best[1]->rank() == "5");
  CHECK(best[2]->rank() == "6");
  CHECK(hub.best_under(12, epyc).rank() == "4");
  CHECK(hub.best_under(20, {.device = "EPYC"}).rank() == "5");
  CHECK(hub.best_under(7.5, {.dtype = "f32"}).rank() == "3");
  CHECK(hub.best_under(1, gpu).level(test::small) == level(6, 0.5, 80));
}

TEST_CASE("a network exactly at a limit keeps it, and of equal ones the first is the best") {
  model_hub hub;
  CHECK(hub.add(entry(1, 10, 75)) == hub_change::first);  // in the tier up to 10 ms
  CHECK(hub.add(entry(2, 10, 75)) == hub_change::worse);  // as good, and later
  CHECK(hub.best()[0]->rank() == "1");
  CHECK(hub.best_under(10, epyc).rank() == "1");
  CHECK_THROWS_AS(hub.best_under(9.99, epyc), hub_error);
  CHECK_THROWS_AS(entry(3, 10.01, 75), hub_error);
  // Accuracy counts before latency.
  CHECK(hub.add(entry(4, 2, 74.9)) == hub_change::worse);
  CHECK(hub.best_under(10, epyc).rank() == "1");
  CHECK(hub.add(entry(5, 9, 75)) == hub_change::better);
}

TEST_CASE("networks compete in one tier, on one device, with one batch and one source of accuracy only") {
  const hub_entry first = entry(1, 8, 75);
  CHECK(first.competes_with(entry(2, 9, 70)));
  CHECK_FALSE(first.competes_with(entry(2, 8, 75, 20)));
  CHECK_FALSE(first.competes_with(entry(2, 8, 75, 10, gpu)));
  auto trained = level(1, 8, 75);
  trained.accuracy.source = "trained";
  CHECK_FALSE(first.competes_with({epyc, 10, trained, "", ""}));
  auto batched = level(1, 8, 75);
  batched.cost.batch = 4;
  CHECK_FALSE(first.competes_with({epyc, 10, batched, "", ""}));
  // The same network: its decisions and its dimensions.
  CHECK(first.same_network(entry(1, 3, 60)));
  CHECK_FALSE(first.same_network(entry(2, 8, 75)));
  auto wider = level(1, 8, 75);
  wider.network = scaled(test::small.unrank(1), {.width = 2});
  CHECK_FALSE(first.same_network({epyc, 10, wider, "", ""}));
  // A filter's questions, one by one.
  CHECK(hub_filter{}.matches(first));
  CHECK(hub_filter{.device = "oneDNN"}.matches(first));
  CHECK_FALSE(hub_filter{.device = "Xeon"}.matches(first));
  CHECK(hub_filter{.dtype = "f32"}.matches(first));
  CHECK_FALSE(hub_filter{.dtype = "f16"}.matches(first));
  CHECK(hub_filter{.batch = 1}.matches(first));
  CHECK_FALSE(hub_filter{.batch = 4}.matches(first));
  CHECK(hub_filter{.source = "accuracy model"}.matches(first));
  CHECK_FALSE(hub_filter{.source = "trained"}.matches(first));
}

TEST_CASE("a network that was measured anew counts by the new numbers") {
  model_hub hub;
  hub.add(entry(1, 8, 75));
  hub.add(entry(2, 9, 76));
  CHECK(hub.add(entry(2, 9.5, 74)) == hub_change::remeasured);
  CHECK(hub.best_under(10, epyc).rank() == "1");
  CHECK(hub.entries().size() == 3);
}

TEST_CASE("questions without a single answer are refused, with what there is") {
  model_hub hub;
  CHECK_THROWS_MATCHES(hub.best_under(10, epyc), hub_error,
                       MessageMatches(ContainsSubstring("a hub that is not empty")));
  hub.add(entry(1, 8, 75));
  hub.add(entry(6, 0.5, 80, 1, gpu));
  CHECK_THROWS_MATCHES(
      hub.best_under(5, epyc), hub_error,
      MessageMatches(ContainsSubstring("found nothing under 5 ms; allowed: 8 ms or more: the fastest one is "
                                       "'network 1', rank 1 of 'Small'")));
  CHECK_THROWS_MATCHES(
      hub.best_under(10, {.device = "Xeon"}), hub_error,
      MessageMatches(ContainsSubstring("model hub, device 'Xeon': found no network; allowed: one of: EPYC, oneDNN 2.6, "
                                       "avx512, 1 thread, f32, batch 1, accuracy by 'accuracy model'; H200")));
  CHECK_THROWS_MATCHES(hub.best_under(10), hub_error, MessageMatches(ContainsSubstring("found several: EPYC")));
  auto trained = level(2, 8, 74);
  trained.accuracy.source = "trained";
  hub.add({epyc, 10, trained, "a test", "now"});
  CHECK_THROWS_MATCHES(hub.best_under(10, epyc), hub_error, MessageMatches(ContainsSubstring("accuracy by 'trained'")));
  CHECK(hub.best_under(10, {.device = "EPYC", .source = "trained"}).rank() == "2");
}

TEST_CASE("an entry says where it belongs, or is refused") {
  CHECK_THROWS_MATCHES(entry(1, 11, 75), hub_error,
                       MessageMatches(ContainsSubstring("found 11 ms in the tier up to 10 ms")));
  auto untimed = level(1, 1, 75);
  untimed.latency.measured_ms.reset();
  CHECK_THROWS_MATCHES(hub_entry(epyc, 10, untimed, "", ""), hub_error,
                       MessageMatches(ContainsSubstring("found no latency")));
  CHECK(hub_entry(epyc, 10, level(1, 9, 75, false), "", "").ms() == 9);
  CHECK_FALSE(hub_entry(epyc, 10, level(1, 9, 75, false), "", "").is_measured());
  CHECK_THROWS_AS(hub_entry(epyc, 10, json::object(), "", ""), json_error);
}

TEST_CASE("a hub survives the way through its file, which later runs extend") {
  const test::temporary_folder folder;
  const auto path = folder / "hub.json";
  CHECK(update_hub(path, [](model_hub& hub) { return hub.add(entry(1, 8, 75)); }) == hub_change::first);
  CHECK(update_hub(path, [](model_hub& hub) { return hub.add(entry(2, 9, 76)); }) == hub_change::better);
  CHECK(update_hub(path, [](model_hub& hub) { return hub.add(entry(2, 9, 76)); }) == hub_change::known);
  const model_hub hub = read_hub(path);
  REQUIRE(hub.entries().size() == 2);
  CHECK(json(hub.entries()[1]) == json(entry(2, 9, 76)));
  CHECK(hub.entries()[0].by() == "a test");
  // What a change throws leaves the file as it was.
  const std::string before = read_file(path);
  CHECK_THROWS(update_hub(path, [](model_hub& all) {
    all.add(entry(3, 5, 80));
    return all.add(entry(4, 50, 80));
  }));
  CHECK(read_file(path) == before);
}

TEST_CASE("two that extend a hub at once both do") {
  const test::temporary_folder folder;
  const auto path = folder / "hub.json";
  const auto extend = [&](std::uint64_t from) {
    for (std::uint64_t i = 0; i < 5; ++i)
      update_hub(path, [&](model_hub& hub) { return hub.add(entry(from + i, 8, 75)); });
  };
  std::thread other(extend, 20);
  extend(10);
  other.join();
  CHECK(read_hub(path).entries().size() == 10);
}

TEST_CASE("a fault in a hub's file is named with its place") {
  model_hub hub;
  hub.add(entry(1, 8, 75));
  hub.add(entry(2, 9, 76));
  const json good = hub;
  CHECK(fault_of(good).empty());
  const auto with = [&](const char* pointer, const json& value) {
    json j = good;
    j[json::json_pointer(pointer)] = value;
    return fault_of(j);
  };
  CHECK(with("/format", 2) ==
        "nascent: JSON at '/format': found 2; allowed: 1; a newer nascent wrote this: use that one");
  CHECK(with("/kind", "cake") == "nascent: JSON at '/kind': found \"cake\"; allowed: \"nascent model hub\"");
  CHECK(with("/tiers", 1) == "nascent: JSON at '/tiers': found an unknown key; allowed: format, kind, entries");
  CHECK(with("/entries", 1) == "nascent: JSON at '/entries': found 1; allowed: a list");
  CHECK(with("/entries/1/colour", 1)
            .starts_with("nascent: JSON at '/entries/1/colour': found an unknown key; allowed: device"));
  CHECK(with("/entries/1/device/cores", 1)
            .starts_with("nascent: JSON at '/entries/1/device/cores': found an unknown key"));
  CHECK(with("/entries/1/device/dtype", "f8") ==
        "nascent: JSON at '/entries/1/device/dtype': found \"f8\"; allowed: \"f32\", \"bf16\", \"f16\", \"int8\"");
  CHECK(with("/entries/1/device/threads", 0) ==
        "nascent: JSON at '/entries/1/device/threads': found 0; allowed: a whole number of 1 or more, below 2^31");
  CHECK(with("/entries/1/network/latency/measured_ms", "x") ==
        "nascent: JSON at '/entries/1/network/latency/measured_ms': found \"x\"; allowed: a number of 0 or more");
  CHECK(with("/entries/1/tier_ms", 4) ==
        "nascent: model hub, network 'network 2': found 9 ms in the tier up to 4 ms; allowed: networks that keep the "
        "limit of their tier");
  CHECK(with("/entries/1", good["entries"][0]) ==
        "nascent: JSON at '/entries/1': found a group of keys; allowed: each network with its numbers once");
  CHECK(fault_of(json(7)) == "nascent: JSON at '/': found 7; allowed: a group of keys");
  // The candidate is read when it is asked for, by its space.
  CHECK_THROWS_AS(hub.entries()[0].level(test::odd), json_error);
}
