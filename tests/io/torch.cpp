// SPDX-License-Identifier: Apache-2.0
// What PyTorch says of the modules is asked by check_torch.py; here is how they read, and weights both ways.
#include "nascent/io/torch.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "../executor/networks.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/block/library.hpp"
#include "nascent/block/place.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;

namespace {

network two_stages() {
  return make_network("two-stages", {1, 32, 32, 3}, [](auto& net, tensor x) {
    net.stage("stem");
    x = place(net, conv{.filters = 16, .kernel = 3, .act = swish}, x, 2);
    net.stage("1");
    for (const int k : {3, 5, 5, 5}) x = place(net, mbconv{.filters = 16, .kernel = k, .expand = 4, .act = relu}, x);
    net.stage("head");
    return net.dense(net.global_pool(x), {.units = 10});
  });
}

bool same(const network_parameters& a, const network_parameters& b) {
  const auto all = [](const layer_parameters& p) {
    return std::vector{p.kernel, p.bias, p.norm.gamma, p.norm.beta, p.norm.mean, p.norm.variance};
  };
  return a.size() == b.size() &&
         std::ranges::equal(a, b, [&](const auto& x, const auto& y) { return all(x) == all(y); });
}

const std::string& name_of(const torch_source& s, std::size_t layer) { return s.modules[layer].own; }

}  // namespace

TEST_CASE("A PyTorch module has a class for each kind of block, and stages under their names") {
  const network graph = two_stages();
  const torch_source source = to_torch(graph);
  CAPTURE(source.text);
  CHECK(source.class_name == "TwoStages");
  // A map of 32 pixels and a stride of 2: SAME pads one row, after the map.
  CHECK_THAT(source.text, ContainsSubstring("F.silu(self.norm(self.conv(F.pad(x, (0, 1, 0, 1)))))"));
  CHECK_THAT(source.text, ContainsSubstring("class Mbconv(nn.Module):"));
  CHECK_THAT(source.text, !ContainsSubstring("class Mbconv2"));
  CHECK_THAT(source.text, ContainsSubstring("def __init__(self, kernel):"));
  CHECK_THAT(source.text, ContainsSubstring("nn.Conv2d(64, 64, kernel, padding=kernel // 2, groups=64, bias=False)"));
  CHECK_THAT(source.text, ContainsSubstring("            Mbconv(kernel=3),\n"
                                            "            *(Mbconv(kernel=5) for _ in range(3)),\n"));
  CHECK_THAT(source.text, ContainsSubstring("return y + x\n"));
  CHECK_THAT(source.text, ContainsSubstring("self.head_linear = nn.Linear(16, 10)"));
  CHECK(name_of(source, 0) == "stem.conv");
  CHECK(name_of(source, 2) == "stage_1.0.conv2");
  CHECK(source.modules[2].norm == "stage_1.0.norm2");
  CHECK(name_of(source, graph.layers().size() - 1) == "head_linear");
}

TEST_CASE("Weights go to a state dict and come back, for networks of every layer kind") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    const network graph = test::random_network(seed, 1 + static_cast<int>(seed % 5), seed % 2 == 0);
    const torch_source source = to_torch(graph);
    const network_parameters values = random_parameters(graph, seed);
    std::vector<safetensor> tensors = to_state_dict(graph, source, values);
    std::ranges::reverse(tensors);  // the order says nothing
    CHECK(same(from_state_dict(graph, source, tensors), values));
  }
}

TEST_CASE("A state dict has PyTorch's order: output, input, row, column") {
  const network graph = make_network("one", {1, 4, 4, 2}, [](auto& net, tensor x) {
    return net.conv(x, {.filters = 3, .kernel = {1, 2}, .bias = true, .batch_norm = false});
  });
  network_parameters values(1);
  for (int o = 0; o < 3; ++o)
    for (int column = 0; column < 2; ++column)
      for (int c = 0; c < 2; ++c) values[0].kernel.push_back(static_cast<float>(100 * o + 10 * c + column));
  values[0].bias = {1, 2, 3};
  const auto all = to_state_dict(graph, to_torch(graph), values);
  REQUIRE(all.size() == 2);
  CHECK(all[0].shape == std::vector<std::int64_t>{3, 2, 1, 2});
  CHECK(numbers_of(all[0]) == std::vector<float>{0, 1, 10, 11, 100, 101, 110, 111, 200, 201, 210, 211});
}

TEST_CASE("A state dict of another module is refused by the tensor's name") {
  const network graph = two_stages();
  const torch_source source = to_torch(graph);
  const auto good = to_state_dict(graph, source, random_parameters(graph, 1));
  auto bad = good;
  bad.erase(bad.begin());
  CHECK_THROWS_WITH(from_state_dict(graph, source, bad), ContainsSubstring("no tensor 'stem.conv.weight'"));
  bad = good;
  bad.push_back(make_safetensor("fc.weight", {1}, {1}));
  CHECK_THROWS_WITH(from_state_dict(graph, source, bad), ContainsSubstring("'fc.weight'"));
  bad = good;
  bad.push_back(good[0]);
  CHECK_THROWS_WITH(from_state_dict(graph, source, bad), ContainsSubstring("twice"));
  bad = good;
  std::swap(bad[0].shape[2], bad[0].shape[1]);
  bad[0].shape[1] = 9;
  CHECK_THROWS_WITH(from_state_dict(graph, source, bad),
                    ContainsSubstring("'stem.conv.weight'") && ContainsSubstring("16 x 3 x 3 x 3"));
  bad = good;
  bad[0].type = "I32";
  CHECK_THROWS_AS(from_state_dict(graph, source, bad), safetensors_error);
  CHECK_THROWS_AS(to_state_dict(graph, source, {}), network_error);
  CHECK_THROWS_WITH(to_torch(network("empty", {1, 4, 4, 3})), ContainsSubstring("no layer"));
}

TEST_CASE("Names that Python or PyTorch keeps are given other ones") {
  const network graph = make_network("3 \"nets\" \\ class", {1, 8, 8, 3}, [](auto& net, tensor x) {
    net.stage("train");
    x = place(net, conv{.filters = 4}, x);
    net.stage("caf\xc3\xa9/1");
    x = place(net, conv{.filters = 4}, x);
    net.stage("class");
    return place(net, conv{.filters = 4}, x);
  });
  const torch_source source = to_torch(graph);
  CHECK(source.class_name == "Network3NetsClass");
  CHECK(name_of(source, 0) == "train_2.conv");
  CHECK(name_of(source, 1) == "caf___1.conv");
  CHECK(name_of(source, 2) == "class_2.conv");
}
