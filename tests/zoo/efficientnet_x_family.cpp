// SPDX-License-Identifier: Apache-2.0
#include "nascent/zoo/efficientnet_x_family.hpp"

#include <cmath>
#include <vector>

#include "../cost/published.hpp"
#include "efficientnet_x_b0_layers.hpp"
#include "family.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/scaling/published.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/efficientnet.hpp"

using namespace nascent;

namespace {

struct known_counts {
  std::int64_t params;
  std::int64_t macs;
  int blocks;
};

// After tensorflow/tpu models/official/efficientnet 7dc921f (Apache-2.0), counted
// independently.
constexpr std::array<known_counts, 8> single_objective{{{7584104, 920421088, 16},
                                                        {9571024, 1606191824, 23},
                                                        {9974470, 2306854656, 23},
                                                        {13293970, 4333620800, 26},
                                                        {21144322, 10521697408, 32},
                                                        {33433452, 24556434560, 39},
                                                        {47653344, 47476678944, 45},
                                                        {73156704, 91787133376, 55}}};
constexpr std::array<known_counts, 8> tpu{{{7584104, 920421088, 16},
                                           {10419068, 1592590848, 23},
                                           {11493130, 2697179808, 24},
                                           {15768856, 4206825696, 29},
                                           {33978936, 10930231968, 42},
                                           {59919646, 24382384880, 48},
                                           {137204266, 53825271552, 55},
                                           {198638730, 85471623096, 58}}};
constexpr std::array<known_counts, 8> gpu{{{7584104, 920421088, 16},
                                           {10419068, 1592590848, 23},
                                           {10753924, 2530040728, 23},
                                           {16807232, 4262041792, 29},
                                           {37106070, 10041668408, 42},
                                           {72087216, 24529500416, 56},
                                           {122194334, 46838937184, 72},
                                           {196730150, 84538368384, 90}}};
constexpr std::array<known_counts, 6> h{{{45876724, 28714435584, 39},
                                         {64652902, 51762270528, 45},
                                         {99745876, 101378226240, 55},
                                         {77506246, 26218466480, 48},
                                         {152999020, 48528823296, 55},
                                         {228143260, 79181543920, 58}}};

template <std::size_t N>
void check_counts(const std::array<zoo::efficientnet_x_model, N>& family, const std::array<known_counts, N>& known) {
  for (std::size_t i = 0; i < N; ++i) {
    CAPTURE(family[i].name);
    CHECK(count(family[i]).params == known[i].params);
    CHECK(count(family[i]).macs == known[i].macs);
    CHECK(blocks_of(family[i]) == known[i].blocks);
  }
}

/// The graph as rows of the published table: a squeeze-and-excite is one row, a sum belongs to the row before it.
std::vector<::published::layer_row> rows_of(const network& graph) {
  std::vector<::published::layer_row> rows;
  for (const layer& l : graph.layers()) {
    if (l.kind == layer_kind::add) rows.back().sum = true;
    if (l.kind == layer_kind::multiply) {
      const int hidden = rows.back().output;
      const int px = l.output.height;
      rows.back() = {1, 1, l.output.channels, l.output.channels, 1, px, px, hidden, rows.back().act, false};
    }
    if (l.has_weights() && l.act != sigmoid)
      rows.push_back({l.kernel_height, l.stride_height, l.input.channels, l.output.channels, l.groups, l.input.height,
                      l.output.height, 0, l.act, false});
  }
  return rows;
}

}  // namespace

static_assert(count(zoo::efficientnet_x_family[0]).params == 7'584'104);
static_assert(count(zoo::efficientnet_x_family[0]).macs == 920'421'088);
static_assert(count(zoo::efficientnet_x_gpu_family[7]).macs == 84'538'368'384);

TEST_CASE("EfficientNet-X B0 to B7: parameters, MACs and blocks of the public definition") {
  check_counts(zoo::efficientnet_x_family, single_objective);
}
TEST_CASE("EfficientNet-X for TPUs") { check_counts(zoo::efficientnet_x_tpu_family, tpu); }
TEST_CASE("EfficientNet-X for GPUs") { check_counts(zoo::efficientnet_x_gpu_family, gpu); }
TEST_CASE("EfficientNet-H") { check_counts(zoo::efficientnet_h_family, h); }

TEST_CASE("EfficientNet-X has the dimensions that scaling lists") {
  for (std::size_t i = 0; i < 8; ++i) {
    CHECK(dimensions_of(zoo::efficientnet_x_family[i]) == nascent::published::efficientnet[i].scale);
    CHECK(dimensions_of(zoo::efficientnet_x_tpu_family[i]) == nascent::published::efficientnet_x_tpu[i].scale);
    CHECK(dimensions_of(zoo::efficientnet_x_gpu_family[i]) == nascent::published::efficientnet_x_gpu[i].scale);
  }
}

TEST_CASE("EfficientNet-X-B0 is the public definition, layer by layer") {
  const auto rows = rows_of(to_network(zoo::efficientnet_x_family[0]));
  REQUIRE(rows.size() == ::published::efficientnet_x_b0_layers.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    CAPTURE(i);
    CHECK(rows[i] == ::published::efficientnet_x_b0_layers[i]);
  }
}

TEST_CASE("EfficientNet-X-B0 as a model is the network of its one-candidate space") {
  CHECK(to_network(zoo::efficientnet_x_family[0]).layers() == to_network(zoo::efficientnet_x_b0.only()).layers());
}

// Supplement, Table 5. 7.207 M and 0.456 G after the first step: EfficientNet-B0 with space-to-depth and
// squeeze-and-excite of ratio 1.
TEST_CASE("the steps from EfficientNet-B0 to EfficientNet-X-B0") {
  const auto& steps = zoo::efficientnet_x_steps;
  CHECK(std::lround(static_cast<double>(count(steps[0]).params) / 1e3) == 7207);
  CHECK(std::lround(static_cast<double>(count(steps[0]).macs) / 1e6) == 456);
  const auto acts = [](const network& graph) {
    std::vector<int> found(6);
    for (const layer& l : graph.layers()) ++found[static_cast<std::size_t>(l.act)];
    return found;
  };
  const auto relu_layers = [&](const auto& m) { return acts(to_network(m))[static_cast<std::size_t>(relu)]; };
  CHECK(relu_layers(steps[0]) == 0);
  CHECK(relu_layers(steps[1]) == 0);
  CHECK(count(steps[1]) == count(steps[2]));  // activations have no parameters
  CHECK(to_network(steps[2]).layers() == to_network(zoo::efficientnet_x_family[0]).layers());
}

TEST_CASE("EfficientNet-X: a difference of more than 1 % from the printed figures has its reason beside it") {
  for (const auto& m : zoo::efficientnet_x_family) check_printed(m);
  for (const auto& m : zoo::efficientnet_x_steps) check_printed(m);
}

TEST_CASE("EfficientNet-X: every input is large enough") {
  CHECK(count(zoo::efficientnet_x_gpu_family[2].at(8)).params == count(zoo::efficientnet_x_gpu_family[2]).params);
  CHECK(count(zoo::efficientnet_x_family[0].at(1)).params == count(zoo::efficientnet_x_family[0]).params);
}
