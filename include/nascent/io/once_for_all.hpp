// SPDX-License-Identifier: Apache-2.0
/// \file
/// Latency dictionaries of Once-for-All (Cai et al., 2020) and ProxylessNAS: one time for each block, under a key such
/// as "expanded_conv-input:56x56x24-output:28x28x32-expand:6-kernel:3-stride:2-idskip:0", as {"mean": ms, "count":
/// samples}.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "nascent/io/latency_json.hpp"
#include "nascent/latency/table.hpp"

namespace nascent {

/// Which of the two kinds of keys.
enum class once_for_all_keys : std::uint8_t {
  proxylessnas,  ///< `expand` is the ratio; pooling belongs to the classifier ("Logits")
  mobilenet_v3,  ///< `expand` is the number of channels, se and hs (hard swish) are told; pooling ("AvgPool2D") and
                 ///< "Conv_2" are blocks
};

/// A part of a network under its key.
struct once_for_all_block {
  std::string key{};
  std::size_t first_layer = 0;
  std::size_t last_layer = 0;
};

namespace detail {

/// Gives the blocks of a network their keys.
class once_for_all_parser {
 public:
  once_for_all_parser(const network& graph, once_for_all_keys keys)
      : graph_(&graph),
        layers_(graph.layers()),
        mobilenet_v3_(keys == once_for_all_keys::mobilenet_v3),
        end_(layers_.size()) {}

  std::vector<once_for_all_block> parse() {
    if (layers_.empty() || layers_[0].kind != layer_kind::convolution || layers_[0].is_depthwise() ||
        layers_[0].kernel_height != 3 || layers_[0].kernel_width != 3 || layers_[0].stride_height != 2 ||
        layers_[0].stride_width != 2)
      refuse(0, "a first convolution of 3x3 and stride 2");
    take("Conv", 1, map(layers_[0].input), map(layers_[0].output));
    const std::vector<network_part> parts = graph_->parts();
    if (parts[0].layer_count != 1) refuse(1, "one convolution as the first block");
    for (std::size_t i = 1; i < parts.size() && !is_head(); ++i) {
      end_ = parts[i].end_layer();
      take_block();
      if (at_ != end_) refuse(at_, "inverted bottlenecks: 1x1, depthwise, 1x1");
      end_ = layers_.size();
    }
    take_head();
    return std::move(blocks_);
  }

 private:
  [[noreturn]] void refuse(std::size_t i, const std::string& allowed) const {
    const std::string found = i < layers_.size() ? fuse_name(i) : "the end";
    const std::string& stage = i < layers_.size() ? graph_->stage_of(i) : "";
    throw latency_table_error("io.once_for_all",
                              "Once-for-All dictionary of network '" + graph_->name() + "', layer " +
                                  std::to_string(i) + (stage.empty() ? std::string() : " of stage '" + stage + "'"),
                              "'" + found + "'", allowed);
  }
  std::string fuse_name(std::size_t i) const { return kernel{.core = layers_[i]}.signature(); }

  static std::string map(const shape& s) {
    return std::to_string(s.height) + "x" + std::to_string(s.width) + "x" + std::to_string(s.channels);
  }

  void take(const std::string& type, std::size_t count, const std::string& in, const std::string& out,
            const std::string& more = {}) {
    blocks_.push_back({type + "-input:" + in + "-output:" + out + more, at_, at_ + count - 1});
    at_ += count;
  }

  /// A layer of the present block, or null past its end.
  const layer* peek(std::size_t ahead) const { return at_ + ahead < end_ ? &layers_[at_ + ahead] : nullptr; }
  static bool is_pointwise(const layer* l) {
    return l != nullptr && l->kind == layer_kind::convolution && l->kernel_height == 1 && l->kernel_width == 1 &&
           l->groups == 1 && l->stride_height == 1 && l->stride_width == 1 && l->dilation == 1;
  }
  static bool is_depthwise(const layer* l) {
    return l != nullptr && l->is_depthwise() && l->kernel_height == l->kernel_width && l->dilation == 1;
  }

  /// A pointwise convolution that no depthwise one follows, then the pool.
  bool is_head() const {
    const layer* next = peek(1);
    return is_pointwise(peek(0)) && next != nullptr && next->kind == layer_kind::global_average_pool;
  }

  void take_block() {
    std::size_t n = 0;
    const bool expands = is_pointwise(peek(0)) && is_depthwise(peek(1));
    const layer& first = layers_[at_];
    if (expands) ++n;
    if (!is_depthwise(peek(n))) refuse(at_ + n, "inverted bottlenecks: 1x1, depthwise, 1x1");
    const layer& middle = *peek(n++);
    if (middle.stride_height != middle.stride_width)
      refuse(at_ + n - 1, "a stride that is the same for rows and columns");
    const activation act = middle.act;
    const bool relus = act == activation::relu || act == activation::relu6;
    const bool hard = mobilenet_v3_ && act == activation::hswish;
    if (!relus && !hard) refuse(at_ + n - 1, mobilenet_v3_ ? "relu, relu6 or hswish" : "relu or relu6");
    if (expands && first.act != act) refuse(at_, "the same activation as the depthwise layer's");
    bool se = false;
    if (peek(n) != nullptr && peek(n)->kind == layer_kind::global_average_pool) {
      if (!mobilenet_v3_ || !is_pointwise(peek(n + 1)) || !is_pointwise(peek(n + 2)) || peek(n + 3) == nullptr ||
          peek(n + 3)->kind != layer_kind::multiply)
        refuse(at_ + n, mobilenet_v3_ ? "squeeze-and-excite: pool, two 1x1, product"
                                      : "no squeeze-and-excite; use the keys of MobileNetV3");
      se = true;
      n += 4;
    }
    if (!is_pointwise(peek(n)) || peek(n)->act != activation::identity) refuse(at_ + n, "a linear 1x1 convolution");
    const layer& last = *peek(n++);
    const bool adds = peek(n) != nullptr && peek(n)->kind == layer_kind::add;
    if (adds && peek(n)->act != activation::identity) refuse(at_ + n, "a sum without an activation");
    n += adds ? 1 : 0;
    const int in = expands ? first.input.channels : middle.input.channels;
    int expand = middle.input.channels;
    if (!mobilenet_v3_) {
      if (expand % in != 0) refuse(at_, "whole expansion ratios");
      expand /= in;
    }
    std::string more = "-expand:" + std::to_string(expand) + "-kernel:" + std::to_string(middle.kernel_height) +
                       "-stride:" + std::to_string(middle.stride_height) + "-idskip:" + (adds ? "1" : "0");
    if (mobilenet_v3_) more += std::string("-se:") + (se ? "1" : "0") + "-hs:" + (hard ? "1" : "0");
    take("expanded_conv", n, map(expands ? first.input : middle.input), map(last.output), more);
  }

  void take_head() {
    if (at_ >= layers_.size()) refuse(at_, "a 1x1 convolution, a pool and a classifier");
    take("Conv_1", 1, map(layers_[at_].input), map(layers_[at_].output));
    const std::size_t pool = at_;
    const auto dense_at = [&](std::size_t i) {
      if (i >= layers_.size() ||
          !(layers_[i].kind == layer_kind::dense || (is_pointwise(&layers_[i]) && layers_[i].input.height == 1)))
        refuse(i, "a dense layer");
    };
    if (mobilenet_v3_) {
      take("AvgPool2D", 1, map(layers_[pool].input), map(layers_[pool].output));
      dense_at(at_);
      take("Conv_2", 1, map(layers_[at_].input), map(layers_[at_].output));
      dense_at(at_);
      take("Logits", 1, map(layers_[at_].input), std::to_string(layers_[at_].output.channels));
    } else {
      dense_at(pool + 1);
      take("Logits", 2, map(layers_[pool].input), std::to_string(layers_[pool + 1].output.channels));
    }
    if (at_ < layers_.size()) refuse(at_, "nothing after the classifier");
  }

  const network* graph_;
  const std::vector<layer>& layers_;
  bool mobilenet_v3_;
  std::size_t at_ = 0;
  std::size_t end_;  ///< of the present block
  std::vector<once_for_all_block> blocks_;
};

}  // namespace detail

/// The blocks of a network and their keys. \throws latency_table_error that names the first layer which is part of no
/// such block
inline std::vector<once_for_all_block> once_for_all_blocks(const network& graph, once_for_all_keys keys) {
  return detail::once_for_all_parser(graph, keys).parse();
}

/// Times of blocks by their keys, in milliseconds.
class once_for_all_dictionary {
 public:
  explicit once_for_all_dictionary(once_for_all_keys keys) : keys_(keys) {}

  /// From JSON (or YAML read into JSON): {"<key>": {"mean": ms, ..}, ..}. \throws json_error
  once_for_all_dictionary(once_for_all_keys keys, json times) : keys_(keys), times_(std::move(times)) {
    const detail::json_reader<json> all(times_, "");
    if (!times_.is_object()) all.fail("a group of blocks");
    for (const auto& [key, value] : times_.items())
      static_cast<void>(detail::json_reader<json>(value, "/" + key).at("mean").real());
  }

  /// Adds the blocks of a network from the kernels of a table: `count` is the smallest number of samples, and
  /// "estimated" is true where a kernel was not measured. Blocks that are there stay. \throws latency_table_error for
  /// layers without a key, and kernels that the table lacks
  void add(const network& graph, const latency_table& table) {
    const std::vector<kernel> kernels = fuse(graph);
    for (const once_for_all_block& block : once_for_all_blocks(graph, keys_)) {
      if (times_.contains(block.key)) continue;
      double ms = 0;
      std::optional<std::size_t> count;
      bool estimated = false;
      for (const kernel& k : kernels) {
        if (k.first_layer < block.first_layer || k.first_layer > block.last_layer) continue;
        const std::optional<latency_entry> e = table.find(k);
        if (!e)
          throw latency_table_error("latency.lacks_kernels", "latency table '" + table.path().string() + "'",
                                    "no kernel '" + k.signature() + "' of block '" + block.key + "'",
                                    "tables that know it; measure network '" + graph.name() + "' first");
        ms += e->time.trimmed_mean_ms;
        count = count ? std::min(*count, e->time.count) : e->time.count;
        estimated = estimated || e->estimated;
      }
      times_[block.key] = {{"mean", ms}, {"count", count.value_or(0)}};
      if (estimated) times_[block.key]["estimated"] = true;
    }
  }

  /// The sum over the blocks of a network. \throws latency_table_error for layers without a key, and keys that are not
  /// there
  double ms(const network& graph) const {
    double sum = 0;
    for (const once_for_all_block& block : once_for_all_blocks(graph, keys_)) {
      const auto found = times_.find(block.key);
      if (found == times_.end())
        throw latency_table_error("io.once_for_all", "Once-for-All dictionary, network '" + graph.name() + "'",
                                  "no block '" + block.key + "' among " + std::to_string(times_.size()),
                                  "networks whose blocks are all there");
      sum += (*found)["mean"].get<double>();
    }
    return sum;
  }
  double operator()(const network& graph) const { return ms(graph); }

  std::size_t size() const { return times_.size(); }
  const json& to_json() const { return times_; }

 private:
  once_for_all_keys keys_;
  json times_ = json::object();
};

}  // namespace nascent
