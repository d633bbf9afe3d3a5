// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/family.hpp"

#include <limits>
#include <string>

#include "../temporary_folder.hpp"
#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/base/random.hpp"

using namespace nascent;

namespace {

using small_type = std::remove_cvref_t<decltype(test::small)>;

family_record<small_type> sample() {
  random_engine rng(2);
  const auto base = test::small.sample(rng);
  family_record<small_type> f{.name = "demo", .about = {{"device", "a processor"}, {"threads", 1}}};
  for (int i = 0; i < 3; ++i) {
    const auto network =
        scaled(base, {.width = 1 + 0.1 * i, .depth = 1 + 0.2 * i, .resolution = i == 0 ? 0 : 256 + 32 * i});
    f.levels.push_back({.name = "B" + std::to_string(i),
                        .network = network,
                        .cost = cost(network),
                        .latency = {.predicted_ms = 1.25 * i, .samples = 3},
                        .accuracy = {.top1 = 77.5, .standard_error = 0.9, .source = "accuracy model"}});
  }
  f.levels[1].latency.measured_ms = 3.125;
  return f;
}

std::string fault_of(const json& j) {
  try {
    static_cast<void>(family_from_json(test::small, j));
  } catch (const json_error& e) {
    return e.what();
  }
  return "";
}

TEST_CASE("a family survives the way through its file") {
  const test::temporary_folder folder;
  const auto f = sample();
  write_family(folder / "family.json", f);
  CHECK(read_family(test::small, folder / "family.json") == f);
}

TEST_CASE("every number of a level comes back, none in another's place") {
  const test::temporary_folder folder;
  auto f = sample();
  auto& l = f.levels[1];
  l.cost = {.params = 11, .macs = 12, .activations = 13, .layers = 14, .traffic = 15, .batch = 16};
  l.latency = {.predicted_ms = 1.5, .measured_ms = 2.5, .spread_ms = .25, .samples = 7};
  l.accuracy = {.top1 = 71.5, .standard_error = 1.25, .source = "trained"};
  write_family(folder / "family.json", f);
  const auto back = read_family(test::small, folder / "family.json");
  CHECK(back.levels[1].cost == l.cost);
  CHECK(back.levels[1].latency == l.latency);
  CHECK(back.levels[1].accuracy == l.accuracy);
  const json j = json(f)["levels"][1];
  CHECK(j["costs"]["macs"] == 12);
  CHECK(j["costs"]["activations"] == 13);
  CHECK(j["costs"]["layers"] == 14);
  CHECK(j["costs"]["traffic_bytes"] == 15);
  CHECK(j["costs"]["batch"] == 16);
  CHECK(j["latency"]["predicted_ms"] == 1.5);
  CHECK(j["latency"]["spread_ms"] == .25);
  CHECK(j["latency"]["samples"] == 7);
  CHECK(j["accuracy"]["top1"] == 71.5);
  CHECK(j["accuracy"]["standard_error"] == 1.25);
  // What is not known stays so, each for itself.
  for (auto latency_record::*field :
       {&latency_record::predicted_ms, &latency_record::measured_ms, &latency_record::spread_ms}) {
    auto partly = f;
    (partly.levels[1].latency.*field).reset();
    CHECK(family_from_json(test::small, json(partly)) == partly);
  }
  auto partly = f;
  partly.levels[1].accuracy.standard_error.reset();
  CHECK(family_from_json(test::small, json(partly)) == partly);
  // Best and worst are percentages too.
  for (const double top1 : {0., 100.}) {
    auto edge = f;
    edge.levels[1].accuracy.top1 = top1;
    CHECK(family_from_json(test::small, json(edge)) == edge);
  }
}

TEST_CASE("a family's file says everything about each level") {
  const json j = sample();
  CHECK(j["about"]["threads"] == 1);
  REQUIRE(j["levels"].size() == 3);
  const json& level = j["levels"][1];
  CHECK(level["name"] == "B1");
  CHECK(level["dimensions"]["resolution"] == 288);
  CHECK(level["candidate"]["space"] == "Small");
  CHECK(level["costs"]["params"] == cost(sample().levels[1].network).params);
  CHECK(level["latency"]["measured_ms"] == 3.125);
  CHECK(level["latency"]["spread_ms"].is_null());  // not known, and said so
  CHECK(level["accuracy"]["source"] == "accuracy model");
}

TEST_CASE("a fault in a family's file is named with its place") {
  const json good = sample();
  json j = good;
  j["levels"][1]["candidate"]["rank"] = "x";
  CHECK(fault_of(j).starts_with(
      "nascent: JSON at '/levels/1/candidate/rank': found \"x\"; allowed: a decimal number below "));
  j = good;
  j["levels"][2]["dimensions"]["width"] = 0;
  CHECK(fault_of(j) == "nascent: JSON at '/levels/2/dimensions/width': found 0; allowed: a number above 0");
  j = good;
  j["levels"][0]["latency"]["predicted_ms"] = "fast";
  CHECK(fault_of(j) ==
        "nascent: JSON at '/levels/0/latency/predicted_ms': found \"fast\"; allowed: a number of 0 or more");
  j = good;
  j["levels"][0].erase("accuracy");
  CHECK(fault_of(j) == "nascent: JSON at '/levels/0/accuracy': found nothing; allowed: a value");
  j = good;
  j["levels"] = 4;
  CHECK(fault_of(j) == "nascent: JSON at '/levels': found 4; allowed: a list");
  j = good;
  j["levels"][0]["costs"]["batch"] = 4'294'967'297;
  CHECK(fault_of(j) ==
        "nascent: JSON at '/levels/0/costs/batch': found 4294967297; allowed: a whole number of 1 or more, below 2^31");
  j = good;
  j["format"] = 2;
  CHECK(fault_of(j) == "nascent: JSON at '/format': found 2; allowed: 1");
  CHECK(fault_of(json(7)) == "nascent: JSON at '/': found 7; allowed: a group of keys");
}

TEST_CASE("numbers are read as they stand or not at all") {
  const json good = sample();
  const auto refused = [&](const std::string& pointer, const json& value, const std::string& found,
                           const std::string& allowed) {
    json j = good;
    j[json::json_pointer(pointer)] = value;
    CHECK(fault_of(j) == "nascent: JSON at '" + pointer + "': found " + found + "; allowed: " + allowed);
  };
  const std::string counts = "a whole number of 0 or more, below 2^63";
  const std::string ints = "a whole number of 0 or more, below 2^31";
  refused("/levels/1/dimensions/resolution", 4'294'967'301, "4294967301", ints);
  refused("/levels/1/dimensions/resolution", 2.5, "2.5", ints);
  refused("/levels/1/costs/params", -5, "-5", counts);
  refused("/levels/1/costs/macs", 1e30, "1e+30", counts);
  refused("/levels/1/costs/layers", 4'294'967'297, "4294967297", ints);
  refused("/levels/1/costs/batch", -3, "-3", "a whole number of 1 or more, below 2^31");
  refused("/levels/1/latency/samples", -5, "-5", ints);
  refused("/levels/1/latency/measured_ms", -7, "-7", "a number of 0 or more");
  refused("/levels/1/accuracy/top1", 101, "101", "a number from 0 to 100");
  refused("/levels/1/accuracy/standard_error", -1, "-1", "a number from 0 to 100");
  json j = good;
  j["levels"][1]["dimensions"]["resolution"] = 2'147'483'647;
  CHECK(fault_of(j) ==
        "nascent: JSON at '/levels/1/dimensions (space 'Small', scaling, resolution)': found 2147483647; allowed: 1 to "
        "65536, or 0 for the candidate's own");
  const test::temporary_folder folder;
  auto f = sample();
  f.levels[0].latency.predicted_ms = -1;
  CHECK_THROWS_AS(write_family(folder / "family.json", f), json_error);  // could not be read back
}

TEST_CASE("numbers that JSON cannot hold are refused, and the old file stays") {
  const test::temporary_folder folder;
  auto f = sample();
  write_family(folder / "family.json", f);
  f.levels[0].latency.measured_ms = std::numeric_limits<double>::infinity();
  CHECK_THROWS_AS(write_family(folder / "family.json", f), json_error);
  CHECK(read_family(test::small, folder / "family.json") == sample());
}

}  // namespace
