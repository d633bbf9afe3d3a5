// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/catalog.hpp"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/zoo/public_modules.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;

namespace {

/// Parameters of every fourth model: compilers limit the work of one constant evaluation.
template <int First>
constexpr std::int64_t params_of_a_quarter() {
  std::int64_t params = 0;
  int i = 0;
  zoo::for_each_model([&](const auto& m) {
    if (i++ % 4 == First) params += count(m).params;
  });
  return params;
}

}  // namespace

// Counting is constexpr for every model.
static_assert(params_of_a_quarter<0>() > 500'000'000);
static_assert(params_of_a_quarter<1>() > 500'000'000);
static_assert(params_of_a_quarter<2>() > 500'000'000);
static_assert(params_of_a_quarter<3>() > 500'000'000);

TEST_CASE("every name is there once, whatever its case and punctuation") {
  std::set<std::string> names;
  for (const std::string_view name : zoo::model_names()) CHECK(names.insert(zoo::detail::plain_name(name)).second);
  CHECK(static_cast<int>(names.size()) == zoo::model_count);
}

TEST_CASE("every public module belongs to a model, and stands there once") {
  const std::vector<std::string_view> names = zoo::model_names();
  std::set<std::string> rows;
  for (const zoo::public_module& m : zoo::public_modules) {
    CAPTURE(m.model, m.name);
    CHECK(std::ranges::count(names, m.model) == 1);
    CHECK((m.library == "timm" || m.library == "torchvision"));
    CHECK(rows.insert(std::string(m.library) + " " + std::string(m.name)).second);
  }
  CHECK(zoo::same_outputs_as("ResNet-50") == "timm resnet50, torchvision resnet50");
  CHECK(zoo::same_outputs_as("MobileNetV2") ==
        "timm mobilenetv2_100(pad_type='same'), torchvision mobilenet_v2 where all maps are odd, as at 225 px");
  CHECK(zoo::same_outputs_as("GPUNet-0").empty());
}

TEST_CASE("a model is found by name, at its own size or another") {
  CHECK(zoo::make_model("ResNet-50").input() == shape{1, 224, 224, 3});
  CHECK(zoo::make_model("efficientnet_b7").input() == shape{1, 600, 600, 3});
  CHECK(zoo::make_model("resnet50", 160).output() == shape{1, 1, 1, 1000});
}

TEST_CASE("an unknown name lists near ones") {
  CHECK_THROWS_WITH(zoo::make_model("resnet5O"),
                    ContainsSubstring("'resnet5O'") && ContainsSubstring("near ones: ResNet-50"));
  CHECK_THROWS_WITH(zoo::make_model("EfficientNetB8"), ContainsSubstring("EfficientNet-B"));
  CHECK_THROWS_WITH(zoo::make_model("regnety"), ContainsSubstring("RegNetY-200MF"));
  CHECK_THROWS_AS(zoo::make_model(""), zoo::unknown_model);
}

TEST_CASE("an input that is too small names the model and the stage") {
  CHECK_THROWS_WITH(zoo::make_model("Inception-v3", 40),
                    ContainsSubstring("Inception-v3") && ContainsSubstring("40 px") && ContainsSubstring("stage '"));
}

TEST_CASE("a graph has the parameters and MACs that are counted without one") {
  zoo::for_each_model([](const auto& m) {
    INFO(m.name);
    counts of_graph;
    const network graph = to_network(m);
    for (const layer& l : graph.layers()) {
      of_graph.params += params(l);
      of_graph.macs += macs(l);
      ++of_graph.layers;
    }
    CHECK(of_graph == count(m));
  });
}

TEST_CASE("a count that is more than 1 % off a printed figure has a remark") {
  zoo::for_each_model([](const auto& m) {
    INFO(m.name);
    const counts c = count(m);
    const auto off = [](double counted, double printed) {
      return printed > 0 && (counted > 1.01 * printed || counted < .99 * printed);
    };
    const bool differs = off(static_cast<double>(c.params) / 1e6, m.printed.params_m) ||
                         off(static_cast<double>(c.macs) / 1e9, m.printed.macs_g);
    CHECK((!differs || !m.printed.remark.empty()));
    if (m.printed.params_m > 0 || m.printed.macs_g > 0) CHECK(!m.printed.source.empty());
  });
}
