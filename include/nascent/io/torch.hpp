// SPDX-License-Identifier: Apache-2.0
/// \file
/// Networks as PyTorch modules: source text that reads as a person's, and weights both ways.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "nascent/cost/cost.hpp"
#include "nascent/io/detail/channels_first.hpp"
#include "nascent/io/detail/torch_builder.hpp"
#include "nascent/io/safetensors.hpp"
#include "nascent/network/parameters.hpp"

namespace nascent {

struct torch_options {
  float epsilon = usual_epsilon;  ///< of batch normalisations
};

/// A network as the source of one PyTorch module (torch 2.1 or later). Blocks are classes, what differs between blocks
/// of one kind are arguments, stages are attributes under their names; batch normalisations are kept; what PyTorch's
/// padding cannot say is an F.pad. The module takes NCHW and gives the network's output, images x classes where a dense
/// layer makes it; several outputs are a dict by name. It is for the network's own input size: paddings belong to it.
/// \throws torch_error for a network without layers
inline torch_source to_torch(const network& graph, const torch_options& options = {}) {
  if (graph.layers().empty())
    throw torch_error("io.torch", "PyTorch module of network '" + graph.name() + "'", "no layer", "one or more");
  const costs total = cost(graph);
  const shape& in = graph.input();
  std::string name;
  for (const char c : graph.name()) name += c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20 ? '\'' : c;
  return detail::torch_builder(graph, options.epsilon)
      .build((name.empty() ? "Network" : name) + ": " + std::to_string(total.params) + " parameters, " +
             std::to_string(total.macs) + " multiply-adds for an image of " + std::to_string(in.channels) + " x " +
             std::to_string(in.height) + " x " + std::to_string(in.width) + ".");
}

namespace detail {

/// A tensor of a state dict, and where its numbers are: `Parameters` is network_parameters, const or not.
template <class Vector>
struct state_entry {
  std::string name{};
  std::vector<std::int64_t> shape{};
  Vector* numbers = nullptr;         ///< none: the count of batches that a batch normalisation has seen
  const layer* kernel_of = nullptr;  ///< of which the numbers are to be turned
};

/// All of a module, in the order of layers.
template <class Parameters>
auto state_entries(const network& graph, const torch_source& source, Parameters& values) {
  using vector = std::remove_reference_t<decltype((values[0].kernel))>;
  std::vector<state_entry<vector>> all;
  for (std::size_t i = 0; i < graph.layers().size(); ++i) {
    const layer& l = graph.layers()[i];
    if (!l.has_constants()) continue;
    const auto& [own, norm] = source.modules[i];
    auto& p = values[i];
    const auto batch_norm = [&](const std::string& module) {
      const std::vector<std::int64_t> each{l.output.channels};
      all.push_back({module + ".weight", each, &p.norm.gamma});
      all.push_back({module + ".bias", each, &p.norm.beta});
      all.push_back({module + ".running_mean", each, &p.norm.mean});
      all.push_back({module + ".running_var", each, &p.norm.variance});
      all.push_back({module + ".num_batches_tracked", {}});
    };
    if (l.scales_channels() && l.batch_norm) {
      batch_norm(own);
      continue;
    }
    std::vector<std::int64_t> shape{l.output.channels};
    if (l.kind == layer_kind::convolution)
      shape = {l.output.channels, l.input.channels / l.groups, l.kernel_height, l.kernel_width};
    if (l.kind == layer_kind::transposed_convolution)
      shape = {l.input.channels, l.output.channels / l.groups, l.kernel_height, l.kernel_width};
    if (l.kind == layer_kind::dense) shape = {l.output.channels, l.input.channels};
    if (l.kind == layer_kind::class_token) shape = {l.output.channels, 1, 1};
    if (l.kind == layer_kind::position_embedding) shape = {l.output.channels, l.output.height, l.output.width};
    const bool turns = l.kind == layer_kind::convolution || l.kind == layer_kind::transposed_convolution ||
                       l.kind == layer_kind::position_embedding;
    all.push_back({own + ".weight", shape, &p.kernel, turns ? &l : nullptr});
    if (l.bias) all.push_back({own + ".bias", {l.output.channels}, &p.bias});
    if (has_torch_norm(l)) batch_norm(norm);
  }
  return all;
}

/// What is embedded, from [position][channel] to [channel][position] or back.
inline std::vector<float> turned_embedding(const std::vector<float>& from, std::size_t rows) {
  const std::size_t columns = from.size() / rows;
  std::vector<float> to(from.size());
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
  return to;
}

}  // namespace detail

/// The state dict of `to_torch`'s module. \throws network_error where the parameters are not the network's
inline std::vector<safetensor> to_state_dict(const network& graph, const torch_source& source,
                                             const network_parameters& values) {
  detail::check_parameters(graph, values);
  std::vector<safetensor> all;
  for (const auto& e : detail::state_entries(graph, source, values)) {
    if (e.numbers == nullptr) {
      all.push_back({e.name, "I64", {}, std::string(8, '\0')});
    } else if (e.kernel_of == nullptr) {
      all.push_back(make_safetensor(e.name, e.shape, *e.numbers));
    } else if (const layer& l = *e.kernel_of; l.embeds()) {
      all.push_back(make_safetensor(
          e.name, e.shape,
          detail::turned_embedding(*e.numbers, e.numbers->size() / static_cast<std::size_t>(l.output.channels))));
    } else {
      all.push_back(make_safetensor(e.name, e.shape, detail::channels_first_kernel(l, *e.numbers)));
    }
  }
  return all;
}

/// The parameters of a network from a state dict of `to_torch`'s module, in any order. \throws torch_error for a tensor
/// that is missing, of another shape or type, or that the network does not have
inline network_parameters from_state_dict(const network& graph, const torch_source& source,
                                          const std::vector<safetensor>& tensors) {
  const std::string where = "weights of network '" + graph.name() + "' from PyTorch";
  std::map<std::string_view, const safetensor*> given;
  for (const safetensor& t : tensors)
    if (!given.emplace(t.name, &t).second)
      throw torch_error("io.torch", where, "tensor '" + t.name + "' twice", "once");
  network_parameters values(graph.layers().size());
  for (const auto& e : detail::state_entries(graph, source, values)) {
    const auto found = given.find(e.name);
    if (found == given.end()) {
      if (e.numbers == nullptr) continue;  // older files lack it
      throw torch_error("io.torch", where, "no tensor '" + e.name + "'",
                        "the state dict of the module that to_torch wrote for this network");
    }
    const safetensor& t = *found->second;
    given.erase(found);
    if (e.numbers == nullptr) continue;
    if (t.shape != e.shape)
      throw torch_error("io.torch", where + ", tensor '" + e.name + "'", "a shape of " + shape_text(t.shape),
                        shape_text(e.shape));
    *e.numbers = numbers_of(t);
    if (e.kernel_of == nullptr) continue;
    const layer& l = *e.kernel_of;
    *e.numbers = l.embeds() ? detail::turned_embedding(*e.numbers, static_cast<std::size_t>(l.output.channels))
                            : detail::channels_last_kernel(l, *e.numbers);
  }
  if (!given.empty())
    throw torch_error("io.torch", where, "tensor '" + std::string(given.begin()->first) + "', which it does not have",
                      "the state dict of the module that to_torch wrote for this network");
  detail::check_parameters(graph, values);
  return values;
}

}  // namespace nascent
