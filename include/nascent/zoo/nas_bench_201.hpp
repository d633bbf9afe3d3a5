// SPDX-License-Identifier: Apache-2.0
/// \file
/// NAS-Bench-201 (Dong and Yang, 2020): one cell of four nodes and six edges, repeated fifteen times, on CIFAR-10. By
/// its public code, D-X-Y/AutoDL-Projects (MIT).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/block/block.hpp"
#include "nascent/network/net.hpp"
#include "nascent/space/space.hpp"

namespace nascent::zoo {

/// What an edge of the cell does. Convolutions are relu, convolution, batch normalisation.
enum class cell_operation : std::uint8_t { none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3 };

/// The name in the public benchmark.
constexpr const char* to_string(cell_operation operation) {
  switch (operation) {
    case cell_operation::none: return "none";
    case cell_operation::skip_connect: return "skip_connect";
    case cell_operation::nor_conv_1x1: return "nor_conv_1x1";
    case cell_operation::nor_conv_3x3: return "nor_conv_3x3";
    case cell_operation::avg_pool_3x3: return "avg_pool_3x3";
  }
  return "unknown";
}

/// Which operations take more parameters and multiply-adds than others.
constexpr int work_of(cell_operation operation) {
  return operation == cell_operation::nor_conv_3x3 ? 2 : operation == cell_operation::nor_conv_1x1 ? 1 : 0;
}

/// The cell: node 0 is its input, node 3 its output; every node is the sum of what its edges bring from the nodes
/// before it. A node without edges is a map of zeros.
template <class A = cell_operation, class B = cell_operation, class C = cell_operation, class D = cell_operation,
          class E = cell_operation, class G = cell_operation>
struct nas_bench_201_cell {
  A edge_01;
  B edge_02;
  C edge_12;
  D edge_03;
  E edge_13;
  G edge_23;

  using roles = role::by_field<role::work, role::work, role::work, role::work, role::work, role::work>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, int /*stride*/) const {
    const tensor one = node(net, {input}, {edge_01});
    const tensor two = node(net, {input, one}, {edge_02, edge_12});
    return node(net, {input, one, two}, {edge_03, edge_13, edge_23});
  }

 private:
  template <std::size_t N>
  static constexpr tensor node(auto& net, const tensor (&from)[N], const cell_operation (&edges)[N]) {
    tensor sum{};
    bool any = false;
    for (std::size_t i = 0; i < N; ++i) {
      if (edges[i] == cell_operation::none) continue;
      tensor x = from[i];
      if (edges[i] == cell_operation::avg_pool_3x3) {
        x = net.average_pool(x, {.kernel = 3, .stride = 1});
      } else if (edges[i] != cell_operation::skip_connect) {
        x = net.activate(x, activation::relu);
        x = net.conv(x, {.filters = x.channels, .kernel = edges[i] == cell_operation::nor_conv_1x1 ? 1 : 3});
      }
      sum = any ? net.add(x, sum) : x;
      any = true;
    }
    return any ? sum : net.activate(from[0], activation::zero);
  }
};

/// Between cells: two 3x3 convolutions, each after a relu, the first with the stride; around them average pooling and a
/// plain 1x1 convolution.
template <class Filters = int>
struct preactivated_reduction {
  Filters filters;

  struct roles {
    role::width filters;
  };
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, int stride) const {
    tensor around = net.average_pool(input, {.kernel = stride, .stride = stride, .pad = padding::valid});
    around = net.conv(around, {.filters = filters, .batch_norm = false});
    tensor x = net.activate(input, activation::relu);
    x = net.conv(
        x, {.filters = filters, .kernel = 3, .stride = stride, .act = activation::relu, .pad = padding::symmetric});
    x = net.conv(x, {.filters = filters, .kernel = 3});
    return net.add(x, around);
  }
};

/// A batch normalisation and an activation that no convolution precedes, as what they are at inference: each channel
/// times a factor, plus a summand. Two parameters a channel, and unlike other normalisations a multiply-add for each
/// element.
template <class Act = activation>
struct normalization {
  Act act{activation::relu};

  using roles = role::by_field<role::costless>;
  static constexpr bool grows_with_map = true;

  constexpr auto operator()(auto& net, auto input, int /*stride*/) const {
    return net.depthwise_conv(input, {.kernel = 1, .act = act, .bias = true});
  }
};

/// The space: the cell's six edges are chosen once, and all fifteen cells are alike. 5^6 = 15625 cells.
inline constexpr auto nas_bench_201 = define([] {
  constexpr auto any = one_of(cell_operation::none, cell_operation::skip_connect, cell_operation::nor_conv_1x1,
                              cell_operation::nor_conv_3x3, cell_operation::avg_pool_3x3);
  constexpr auto chosen = nas_bench_201_cell{any, any, any, any, any, any};
  constexpr auto same = nas_bench_201_cell{tied_to("1.edge_01"), tied_to("1.edge_02"), tied_to("1.edge_12"),
                                           tied_to("1.edge_03"), tied_to("1.edge_13"), tied_to("1.edge_23")};
  return search_space("NAS-Bench-201")
      .input(3, 32)
      .stage("stem", conv{.filters = 16, .act = identity})
      .stage("1", chosen)
      .layers(5)
      .stage("1 to 2", preactivated_reduction{.filters = 32})
      .stride(2)
      .stage("2", same)
      .layers(5)
      .stage("2 to 3", preactivated_reduction{.filters = 64})
      .stride(2)
      .stage("3", same)
      .layers(5)
      .head(normalization{}, global_pool{}, dense{10});
});
static_assert(nas_bench_201.size() == 15'625);

/// The edges of a cell in the order of the block's fields: 0-1, 0-2, 1-2, 0-3, 1-3, 2-3.
using cell_edges = std::array<cell_operation, 6>;

constexpr cell_edges edges_of(const decltype(nas_bench_201)::candidate_type& c) {
  cell_edges edges{};
  for (std::size_t i = 0; i < edges.size(); ++i) edges[i] = static_cast<cell_operation>(c.digits[i]);
  return edges;
}

/// The candidate of a cell. A template so that only programs that call it pay for the space's vectors.
template <class Space = decltype(nas_bench_201)>
constexpr auto nas_bench_201_candidate(const cell_edges& edges) {
  std::array<int, Space::slot_count> digits{};
  for (std::size_t i = 0; i < edges.size(); ++i) digits[i] = static_cast<int>(edges[i]);
  return Space::decode(digits);
}

/// When two cells are the same. As in the paper, a convolution of zeros counts as zero: the shift of its normalisation
/// is left out.
enum class cell_equality : std::uint8_t {
  edges,    ///< all edges agree: 15625 cells
  inlined,  ///< their inlined expressions agree: a skip is what it passes on; `none` is an operation like any other:
            ///< 12751 cells
  reduced,  ///< the same, and what is `none` or begins at a node of one zero is a zero: 6466 cells, the paper's count
  isomorphic,  ///< they compute the same functions of their input and their convolutions' weights: 5260 cells
};

namespace detail {

/// Expressions of a cell's nodes. In those of the public code (`inlined`, `reduced`) a node that is passed on stays
/// together as one term, so that (A + B) + C and (A + C) + B may differ, and zeros remain terms. `isomorphic` has
/// neither fault: terms of sums are sorted, zeros vanish, and a convolution is written with the label of its weights,
/// which tells one that is used twice from two that look alike.
template <class Text>
struct cell_writer {
  using terms_type = std::vector<Text>;
  cell_equality equality;
  std::array<char, 6> labels{};

  static Text sum_of(const terms_type& terms) {
    Text text;
    for (const Text& term : terms) text += (text.empty() ? "" : "+") + term;
    return text;
  }

  /// Keeps the terms sorted.
  static void add(terms_type& terms, Text term) {
    auto at = terms.begin();
    while (at != terms.end() && *at <= term) ++at;
    terms.insert(at, std::move(term));
  }

  Text write(const cell_edges& edges) const {
    const bool isomorphic = equality == cell_equality::isomorphic;
    std::array<terms_type, 4> nodes;
    nodes[0] = {"0"};
    std::size_t edge = 0;
    for (std::size_t to = 1; to < nodes.size(); ++to) {
      terms_type& terms = nodes[to];
      for (std::size_t from = 0; from < to; ++from, ++edge) {
        const cell_operation operation = edges[edge];
        const Text source = sum_of(nodes[from]);
        const bool nothing = isomorphic ? source.empty() : source == "#";
        if (equality >= cell_equality::reduced && (operation == cell_operation::none || nothing)) {
          if (!isomorphic) add(terms, "#");
        } else if (operation != cell_operation::skip_connect || equality == cell_equality::edges) {
          add(terms, "(" + source + ")@" + to_string(operation) + (labels[edge] == 0 ? Text() : Text(1, labels[edge])));
        } else if (isomorphic) {
          for (const Text& term : nodes[from]) add(terms, term);
        } else {
          add(terms, source);
        }
      }
    }
    return sum_of(nodes[3]);
  }
};

}  // namespace detail

/// A text that two cells share if and only if they are the same. Empty for a cell whose output is zero (`isomorphic`):
/// 341 of the 15625. `Text` is a string; a parameter so that only programs that write forms compile this.
template <class Text = std::string>
Text canonical_form(const cell_edges& edges, cell_equality equality) {
  detail::cell_writer<Text> writer{.equality = equality};
  if (equality != cell_equality::isomorphic) return writer.write(edges);
  // The least text over all ways to label the convolutions.
  std::array<std::size_t, 6> convolutions{};
  std::size_t count = 0;
  for (std::size_t i = 0; i < edges.size(); ++i)
    if (edges[i] == cell_operation::nor_conv_1x1 || edges[i] == cell_operation::nor_conv_3x3) convolutions[count++] = i;
  std::size_t ways = 1;
  for (std::size_t i = 2; i <= count; ++i) ways *= i;
  Text least;
  for (std::size_t way = 0; way < ways; ++way) {
    Text labels("abcdef", count);
    std::size_t rest = way;
    for (std::size_t left = count; left > 0; rest /= left--) {
      writer.labels[convolutions[count - left]] = labels[rest % left];
      labels.erase(rest % left, 1);
    }
    Text text = writer.write(edges);
    if (way == 0 || text < least) least = std::move(text);
  }
  return least;
}

/// The name of a cell in the public benchmark: "|none~0|+|none~0|skip_connect~1|+|none~0|none~1|nor_conv_3x3~2|".
inline std::string nas_bench_201_name(const cell_edges& edges) {
  std::string name;
  std::size_t edge = 0;
  for (int to = 1; to < 4; ++to) {
    name += to == 1 ? "|" : "+|";
    for (int from = 0; from < to; ++from)
      name += std::string(to_string(edges[edge++])) + "~" + std::to_string(from) + "|";
  }
  return name;
}

}  // namespace nascent::zoo
