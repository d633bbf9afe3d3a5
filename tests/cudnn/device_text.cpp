// SPDX-License-Identifier: Apache-2.0
// Device descriptions: what cuDNN takes, what is refused and how.
#include "nascent/executor/cudnn/device_text.hpp"

#include "driver.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/executor/cudnn/planner.hpp"

using namespace nascent::cudnn;
namespace cd = nascent::cudnn::detail;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  return text.replace(text.find(what), what.size(), with);
}

/// The key that the error names; empty where there is none.
std::string fault_of(const std::string& text) {
  try {
    parse_device_properties(text);
    return {};
  } catch (const device_properties_error& e) {
    return e.key;
  }
}

}  // namespace

TEST_CASE("device_text: descriptions are read back, and cuDNN takes them") {
  for (const auto& [name, device] : devices::all()) {
    CHECK(parse_device_properties(to_json(device)) == device);
    CHECK_NOTHROW(cd::describe(device));
  }
}

TEST_CASE("device_text: a missing key is named, whichever it is") {
  int keys = 0;
  const device_properties device = devices::h200();
  for_each_property(device, [&](const std::string& key, const auto&) {
    ++keys;
    const std::string text = replaced(to_json(device), '"' + key + '"', "\"other\"");
    CHECK(fault_of(text) == key);
    // cuDNN misses it too: the list of keys is its own.
    cd::descriptor d(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
    CHECK_THROWS_AS(d.set_text(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, text).finalise(), library_error);
  });
  CHECK(keys == 23);
  CHECK_THROWS_MATCHES(
      parse_device_properties(replaced(to_json(device), "l2CacheSize", "l2")), device_properties_error,
      MessageMatches(ContainsSubstring("device description 'NVIDIA H200', key 'l2CacheSize': found no such key")));
}

TEST_CASE("device_text: what is no description is refused where it goes wrong") {
  const std::string good = to_json(devices::a100());
  CHECK(fault_of("") == "/");
  CHECK(fault_of("hello") == "/");
  CHECK(fault_of("{}") == "maxGridSize");
  CHECK(fault_of(replaced(good, "108", "\"108\"")) == "multiProcessorCount");
  CHECK(fault_of(replaced(good, "108", "108.5")) == "multiProcessorCount");
  CHECK(fault_of(replaced(good, "108", "1e400")) == "multiProcessorCount");
  CHECK(fault_of(replaced(good, "[1024, 1024, 64]", "[1024, 1024]")) == "maxBlockSize");
  CHECK(fault_of(replaced(good, "[1024, 1024, 64]", "[1024, 1024, 64, 1]")) == "maxBlockSize");
  CHECK(fault_of(replaced(good, "[1024, 1024, 64]", "1024")) == "maxBlockSize");
  CHECK(fault_of(replaced(good, "\"warpSize\": 32", "\"warpSize\": 32, \"warpSize\": 32")) == "warpSize");
  for (std::size_t length = 0; length + 2 < good.size(); length += 7) CHECK(!fault_of(good.substr(0, length)).empty());
}

TEST_CASE("device_text: descriptions are compared property by property") {
  device_properties real = devices::h200();
  CHECK(differences(real, devices::h200()).empty());
  real.clock_khz = 1755000;
  real.block_size = {1024, 1024, 32};
  real.others = {{"tensorMemoryBytes", "262144"}};
  const auto found = differences(real, devices::h200());
  REQUIRE(found.size() == 3);
  CHECK(found[0].key == "maxBlockSize");
  CHECK(found[0].first == "[1024, 1024, 32]");
  CHECK(found[1].key == "smClockRateKHz");
  CHECK(found[1].second == "1980000");
  CHECK(found[2].key == "tensorMemoryBytes");
  CHECK(found[2].second.empty());
  CHECK(differences(devices::h200(), real)[2].second == "262144");
}

TEST_CASE("device_text: truths are numbers") {
  const std::string text =
      replaced(to_json(devices::h200()), "\"supportCoopLaunch\": 1", "\"supportCoopLaunch\": true");
  CHECK(parse_device_properties(text) == devices::h200());
}

TEST_CASE("device_text: a description of a newer cuDNN is refused, and what only that knows is kept") {
  device_properties device = devices::h200();
  device.others = {{"tensorMemoryBytes", "262144"}};
  device.cudnn_version = static_cast<std::int64_t>(cudnnGetVersion());
  CHECK(parse_device_properties(to_json(device)) == device);
  CHECK_NOTHROW(cd::describe(device));
  device.cudnn_version += 100;
  CHECK_THROWS_MATCHES(parse_device_properties(to_json(device)), device_properties_error,
                       MessageMatches(ContainsSubstring("key 'cudnnVersion'")));
}

TEST_CASE("device_text: a device that no planner can use is refused") {
  device_properties device = devices::h200();
  device.compute_capability = 90;
  CHECK_THROWS_MATCHES(planner(device), device_properties_error,
                       MessageMatches(ContainsSubstring("key 'deviceVer': found 90")));
  device.compute_capability = 370;  // Kepler
  CHECK_THROWS_AS(planner(device), device_properties_error);
  device.compute_capability = 520;  // Maxwell: too old for cuDNN of CUDA 13
  if (cudnnGetCudartVersion() >= 13000)
    CHECK_THROWS_MATCHES(planner(device), device_error, MessageMatches(ContainsSubstring("compute capability 5.2")));
  device.compute_capability = 750;  // Turing has no bf16
  CHECK_THROWS_MATCHES(planner(device, {.type = nascent::data_type::bf16}), device_error,
                       MessageMatches(ContainsSubstring("7.5 with type bf16")));
  CHECK_NOTHROW(planner(device));
  CHECK_THROWS_MATCHES(planner(devices::h200(), {.type = nascent::data_type::int8}), device_error,
                       MessageMatches(ContainsSubstring("found type int8; allowed: f32, bf16 or f16")));
  CHECK_THROWS_AS(planner(devices::h200(), {.batch = 0}), nascent::executor_error);
}

TEST_CASE("device_text: this machine's device cannot be read without a driver") {
  test::need_no_driver_library();
  CHECK_THROWS_MATCHES(read_device(), device_error, MessageMatches(ContainsSubstring("device 0: found no device")));
}

TEST_CASE("device_text: this machine's device describes itself", "[gpu]") {
  test::need_device();
  const device_properties real = read_device();
  CHECK(parse_device_properties(to_json(real)) == real);
  CHECK(real.compute_capability == cd::session(0).compute_capability());
  for (const auto& [name, by_hand] : devices::all())
    if (by_hand.name == real.name)
      for (const property_difference& d : differences(real, by_hand))
        WARN(d.key << " is " << d.first << ", by hand it was " << d.second);
}
