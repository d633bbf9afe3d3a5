// SPDX-License-Identifier: Apache-2.0
#include "nascent/latency/plan.hpp"

#include <algorithm>
#include <numeric>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "../timing/fake.hpp"
#include <catch2/catch_test_macros.hpp>

namespace {

using nascent::executor_error;
using nascent::fill_plan;
using nascent::kernel;
using nascent::kernel_groups;
using nascent::network;

constexpr auto everything = [](std::string_view) { return true; };

std::set<std::string> signatures(const network& graph) {
  std::set<std::string> all;
  for (const kernel& k : nascent::fuse(graph)) all.insert(k.signature());
  return all;
}

/// Marks all kernels of a network; how many were news.
std::size_t mark(fill_plan& plan, const network& graph) {
  std::size_t news = 0;
  for (const std::string& s : signatures(graph)) news += plan.mark(s);
  return news;
}

TEST_CASE("kernels are grouped by signature") {
  const network graph = fake::residual_network(8, 7);  // 7 convolutions, kernels 1 3 5 1 3 5 1
  const kernel_groups groups(graph);
  CHECK(groups.signatures.size() == signatures(graph).size());
  CHECK(groups.signatures.size() == 6);  // stem, three residual convolutions, pooling, dense
  CHECK(std::accumulate(groups.occurrences.begin(), groups.occurrences.end(), std::size_t{0}) ==
        nascent::fuse(graph).size());
  CHECK(std::ranges::max(groups.occurrences) == 3);
}

TEST_CASE("kernels of a device without a fusion belong to the fused one") {
  const network graph = fake::residual_network(8, 3);
  const kernel_groups groups(graph);
  std::vector<kernel> single;
  for (std::size_t i = 0; i < graph.layers().size(); ++i)
    single.push_back({.core = graph.layers()[i], .first_layer = i, .last_layer = i});
  const auto of = groups.of(single, graph.name());
  REQUIRE(of.size() == graph.layers().size());
  CHECK(of[1] == of[2]);  // convolution and its sum
  CHECK(of[1] != of[3]);
}

TEST_CASE("a kernel that spans what the table keeps apart is refused by name") {
  const network graph = fake::residual_network(8, 3);
  std::vector<kernel> wide{{.core = graph.layers()[0], .first_layer = 0, .last_layer = 2}};
  const std::string message =
      fake::message_of<executor_error>([&] { (void)kernel_groups(graph).of(wide, graph.name()); });
  CHECK(message.find("'w8'") != std::string::npos);
  CHECK(message.find("layers 0 to 2") != std::string::npos);
}

TEST_CASE("the network that brings most comes first, and a tie goes to the first given") {
  std::vector<network> networks;
  for (const int layers : {1, 3, 2, 3}) networks.push_back(fake::residual_network(8, layers));
  networks.push_back(fake::residual_network(16, 2));
  fill_plan plan(networks, everything);
  CHECK(plan.remaining() == 6 + 5);
  CHECK(plan.networks_left() == 2);
  CHECK(plan.next() == 1);
  CHECK(mark(plan, networks[1]) == 6);
  CHECK(plan.networks_left() == 1);
  CHECK(plan.next() == 4);  // the others have nothing left to bring
  CHECK(mark(plan, networks[4]) == 5);
  CHECK(plan.remaining() == 0);
  CHECK(!plan.next());
}

TEST_CASE("what the table has is not in the plan") {
  const std::vector<network> networks{fake::residual_network(8, 3)};
  const std::set<std::string> known = signatures(networks[0]);
  fill_plan plan(networks, [&](std::string_view s) { return !known.contains(std::string(s)); });
  CHECK(plan.remaining() == 0);
  CHECK(!plan.next());
  CHECK(plan.example().empty());
}

TEST_CASE("kernels that are wanted several times are planned so often, and marks say what was news") {
  const std::vector<network> networks{fake::residual_network(8, 1), fake::residual_network(16, 1)};
  const std::set<std::string> first = signatures(networks[0]);
  const std::set<std::string> second = signatures(networks[1]);
  fill_plan plan(networks, [&](std::string_view s) { return first.contains(std::string(s)) ? 2 : 1; });
  CHECK(plan.remaining() == first.size() + second.size());
  CHECK(plan.networks_left() == 3);
  const std::string one = *first.begin();
  CHECK(plan.is_missing(one));
  CHECK(first.contains(std::string(plan.example())) != second.contains(std::string(plan.example())));
  CHECK_FALSE(plan.is_missing("no such kernel"));
  CHECK_FALSE(plan.mark("no such kernel"));
  CHECK_FALSE(plan.mark(one, 1));  // measured once: wanted once more
  CHECK(plan.is_missing(one));
  CHECK(plan.remaining() == first.size() + second.size());
  CHECK(plan.mark(one));
  CHECK_FALSE(plan.is_missing(one));
  CHECK(plan.remaining() == first.size() + second.size() - 1);
  CHECK_FALSE(plan.mark(one));     // no news
  CHECK_FALSE(plan.mark(one, 1));  // wanted again: its placements disagree
  CHECK(plan.is_missing(one));
  CHECK(plan.remaining() == first.size() + second.size());
  // Where both bring as much, the one that ran less often is next.
  plan.restart();
  const auto a = plan.next();
  for (const std::string& s : a == 0U ? first : second) plan.mark(s, 1);
  CHECK(plan.next() != a);
}

TEST_CASE("a kernel that is the last of its network's is told from one beyond it") {
  const network graph = fake::residual_network(8, 1);
  const kernel_groups groups(graph);
  const std::size_t layers = graph.layers().size();
  const std::vector<kernel> last{
      {.core = graph.layers()[layers - 1], .first_layer = layers - 1, .last_layer = layers - 1}};
  CHECK(groups.of(last, graph.name()) == std::vector<std::size_t>{groups.group_of_layer[layers - 1]});
  const std::vector<kernel> beyond{
      {.core = graph.layers()[layers - 1], .first_layer = layers - 1, .last_layer = layers}};
  CHECK_THROWS_AS(groups.of(beyond, graph.name()), executor_error);
}

TEST_CASE("the lazy choice is the greedy one") {
  std::mt19937_64 rng(3);
  for (int trial = 0; trial < 20; ++trial) {
    std::vector<network> networks;
    for (int n = 0; n < 25; ++n)
      networks.push_back(nascent::make_network("n", {.height = 4, .width = 4, .channels = 8}, [&](auto& net, auto x) {
        for (int i = 0; i < 6; ++i) {
          const auto filters = static_cast<int>(8 + 8 * (rng() % 4));
          x = net.conv(x, {.filters = filters, .kernel = 3});
        }
      }));
    fill_plan plan(networks, everything);
    std::set<std::string> done;
    const auto gain = [&](const network& g) {
      return std::ranges::count_if(signatures(g), [&](const std::string& s) { return !done.contains(s); });
    };
    while (const auto chosen = plan.next()) {
      const auto best = std::ranges::max_element(networks, {}, gain);
      CHECK(*chosen == static_cast<std::size_t>(best - networks.begin()));
      mark(plan, networks[*chosen]);
      done.merge(signatures(networks[*chosen]));
    }
    CHECK(plan.remaining() == 0);
  }
}

TEST_CASE("scattered choices still cover everything, each network at most once") {
  std::vector<network> networks;
  for (int width = 8; width < 8 + 30; ++width) networks.push_back(fake::residual_network(width, 2));
  std::mt19937_64 rng(1);
  fill_plan plan(networks, everything);
  std::vector<std::size_t> order;
  while (const auto chosen = plan.next(&rng)) {
    order.push_back(*chosen);
    mark(plan, networks[*chosen]);
  }
  CHECK(plan.remaining() == 0);
  CHECK(order.size() == 30);
  CHECK(!std::ranges::is_sorted(order));
  CHECK(std::set<std::size_t>(order.begin(), order.end()).size() == 30);
}

}  // namespace
