// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/onnx.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "../executor/networks.hpp"
#include "../temporary_folder.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/shape_inference/implementation.h>

#include "nascent/space/to_network.hpp"
#include "nascent/zoo/catalog.hpp"
#include "nascent/zoo/spaces.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;

namespace {

std::vector<std::int64_t> dimensions_of(const onnx::ValueInfoProto& value) {
  std::vector<std::int64_t> all;
  for (const auto& d : value.type().tensor_type().shape().dim()) all.push_back(d.has_dim_value() ? d.dim_value() : -1);
  return all;
}

/// ONNX's own checker and shape inference: every tensor that a layer makes has the shape that the layer says.
void check_model(const network& graph, onnx::ModelProto model, int batch) {
  CAPTURE(graph.name(), batch);
  REQUIRE_NOTHROW(onnx::checker::check_model(model));
  REQUIRE_NOTHROW(onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), {true, 1, false}));
  std::map<std::string, std::vector<std::int64_t>> shapes;
  for (const auto& value : model.graph().value_info()) shapes[value.name()] = dimensions_of(value);
  for (const auto& value : model.graph().output()) shapes[value.name()] = dimensions_of(value);
  // The last node of each layer is the one before the first node of the next.
  const std::vector<std::string> names = layer_names(graph);
  std::size_t compared = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::string last;
    for (const auto& node : model.graph().node()) {
      const std::string& name = node.name();
      if (name == names[i] || (name.starts_with(names[i] + "/") && !name.ends_with("/map") && !name.ends_with("/flat")))
        last = node.output(0);
    }
    if (last.empty()) continue;  // an activation of its own that does nothing has a name of its own
    const shape& s = graph.layers()[i].output;
    const std::int64_t images = batch == 0 ? -1 : std::int64_t{batch} * s.batch;
    const auto found = shapes.at(last);
    CAPTURE(last);
    REQUIRE((found.size() == 2 || found.size() == 4));
    if (found[0] != -1) CHECK(found[0] == images);
    CHECK(found[1] == s.channels);
    if (found.size() == 4) CHECK((found[2] == s.height && found[3] == s.width));
    else CHECK((s.height == 1 && s.width == 1));
    ++compared;
  }
  CHECK(compared == names.size());
}

}  // namespace

TEST_CASE("ONNX's checker and shape inference agree with random networks of every layer kind") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    const network graph = test::random_network(seed, 1 + static_cast<int>(seed % 5), seed % 2 == 0);
    const int batch = static_cast<int>(seed % 3);
    check_model(graph, to_onnx(graph, random_weights(graph, seed), {.batch = batch}), batch);
    check_model(graph, to_onnx(graph, random_parameters(graph, seed), {.type = data_type::f16, .batch = batch}), batch);
  }
}

TEST_CASE("networks of the spaces of the literature are ONNX models") {
  random_engine rng(5);
  zoo::for_each_space([&](std::string_view key, const auto& s) {
    CAPTURE(key);
    auto c = s.sample(rng);
    for (int i = 0; i < 7; ++i)  // the smallest of some: large ones only take time
      if (const auto other = s.sample(rng); count(other).params < count(c).params) c = other;
    const network graph = to_network(s, c);
    check_model(graph, to_onnx(graph, random_parameters(graph, 1)), 1);
  });
}

TEST_CASE("every output has its name and shape, and is read on under it") {
  const auto build = [](const char* name) {
    return make_network("heads", {1, 8, 8, 3}, [&](auto& net, tensor x) {
      x = net.conv(x, {.filters = 4, .act = swish});
      net.output(x, name);
      const tensor y = net.conv(x, {.filters = 6, .kernel = 3, .stride = 2});
      return net.dense(net.global_pool(y), {.units = 5});
    });
  };
  const network graph = build("features");
  const onnx::ModelProto model = to_onnx(graph, random_parameters(graph, 1));
  check_model(graph, model, 1);
  REQUIRE(model.graph().output_size() == 2);
  CHECK(model.graph().output(0).name() == "features");
  CHECK(dimensions_of(model.graph().output(0)) == std::vector<std::int64_t>{1, 4, 8, 8});
  CHECK(model.graph().output(1).name() == "output");
  CHECK(dimensions_of(model.graph().output(1)) == std::vector<std::int64_t>{1, 5});
  int readers = 0;
  for (const auto& node : model.graph().node()) readers += node.input(0) == "features";
  CHECK(readers == 1);
  for (const char* taken : {"input", "convolution_2", "convolution/gate"}) {
    CAPTURE(taken);
    const network clash = build(taken);
    CHECK_THROWS_AS(to_onnx(clash, random_weights(clash, 1)), onnx_error);
  }
}

TEST_CASE("layers are named by stage, layer and block, each once") {
  const network graph = zoo::make_model("EfficientNet-B0");
  const std::vector<std::string> names = layer_names(graph);
  CHECK(names[0] == "stem/0/conv/convolution");
  CHECK(names[1] == "1/0/mbconv/convolution");  // depthwise: the first block has no expansion
  CHECK(names[2] == "1/0/mbconv/global_average_pool");
  CHECK(names[3] == "1/0/mbconv/convolution_2");
  CHECK(names.back().ends_with("/dense"));
  CHECK(std::set<std::string>(names.begin(), names.end()).size() == names.size());
  const onnx::ModelProto model = to_onnx(graph, random_weights(graph, 1));
  std::set<std::string> nodes;
  for (const auto& node : model.graph().node()) nodes.insert(node.name());
  CHECK(nodes.size() == static_cast<std::size_t>(model.graph().node_size()));
  for (const std::string& name : names) CHECK(nodes.contains(name));
}

TEST_CASE("batch normalisations are folded or kept, the numbers are the network's") {
  const network graph = make_network(
      "one", {1, 4, 4, 2}, [](auto& net, tensor x) { net.conv(x, {.filters = 3, .kernel = 3, .act = relu}); });
  const network_parameters p = random_parameters(graph, 3);
  const onnx::ModelProto kept = to_onnx(graph, p);
  REQUIRE(kept.graph().node_size() == 3);
  CHECK(kept.graph().node(0).op_type() == "Conv");
  CHECK(kept.graph().node(0).input_size() == 2);  // no bias of its own
  CHECK(kept.graph().node(1).op_type() == "BatchNormalization");
  CHECK(kept.graph().initializer_size() == 5);
  const onnx::ModelProto folded = to_onnx(graph, fold(graph, p));
  REQUIRE(folded.graph().node_size() == 2);
  const auto& kernel = folded.graph().initializer(0);
  CHECK(std::vector<std::int64_t>(kernel.dims().begin(), kernel.dims().end()) == std::vector<std::int64_t>{3, 2, 3, 3});
  std::vector<float> numbers(3 * 2 * 3 * 3);
  REQUIRE(kernel.raw_data().size() == numbers.size() * sizeof(float));
  std::memcpy(numbers.data(), kernel.raw_data().data(), kernel.raw_data().size());
  const std::vector<float> ours = fold(graph, p)[0].kernel;  // [output][height][width][input]
  for (std::size_t o = 0; o < 3; ++o)
    for (std::size_t t = 0; t < 9; ++t)
      for (std::size_t c = 0; c < 2; ++c) CHECK(numbers[(o * 2 + c) * 9 + t] == ours[(o * 9 + t) * 2 + c]);
}

TEST_CASE("what ONNX cannot hold is refused by name") {
  const network graph =
      make_network("one", {1, 4, 4, 2}, [](auto& net, tensor x) { net.conv(x, {.filters = 3, .kernel = 1}); });
  weights values = random_weights(graph, 1);
  const auto refusal = [&](const onnx_options& options) {
    try {
      static_cast<void>(to_onnx(graph, values, options));
    } catch (const error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(refusal({}).empty());
  CHECK_THAT(refusal({.batch = -1}), ContainsSubstring("options.batch: found -1; allowed: 1 or more images, or 0"));
  values[0].kernel[1] = 7e4F;
  CHECK_THAT(refusal({.type = data_type::f16}), ContainsSubstring("found 70000; allowed: finite numbers up to 65504"));
  CHECK(refusal({.type = data_type::f32}).empty());
  CHECK_THAT(refusal({.type = data_type::int8}), ContainsSubstring("type: found int8; allowed: f32, bf16, f16"));
  values[0].kernel[1] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THAT(refusal({}), ContainsSubstring("convolution/kernel: found nan"));
  values[0].kernel.pop_back();
  CHECK_THAT(refusal({}), ContainsSubstring("layer 0 (convolution), numbers in the kernel: found 5; allowed: 6"));
  values.clear();
  CHECK_THAT(refusal({}), ContainsSubstring("entries of weights: found 0; allowed: 1"));
  const network nothing("nothing", {1, 4, 4, 2});
  CHECK_THROWS_AS(to_onnx(nothing, weights{}), onnx_error);
}

TEST_CASE("a model is written whole, and reads back as itself") {
  const test::temporary_folder folder;
  const network graph = zoo::make_model("MobileNetV3-Small", 32);
  const onnx::ModelProto model = to_onnx(graph, random_weights(graph, 2), {.batch = 0});
  write_onnx(folder / "model.onnx", model);
  onnx::ModelProto read;
  REQUIRE(read.ParseFromString(read_file(folder / "model.onnx")));
  CHECK(read.SerializeAsString() == model.SerializeAsString());
  CHECK(read.producer_name() == "nascent");
  CHECK(read.graph().input(0).type().tensor_type().shape().dim(0).dim_param() == "N");
  CHECK_THROWS_AS(write_onnx(folder / "no" / "such" / "folder" / "model.onnx", model), file_error);
}
