// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a network costs: parameters, MACs, activations, memory traffic, operational intensity. All of it in constant
/// expressions too.
#pragma once

#include <concepts>
#include <cstdint>

#include "nascent/network/fusion.hpp"
#include "nascent/network/net.hpp"
#include "nascent/space/space.hpp"

namespace nascent {

class network;

/// Totals over the layers of a network, for one image.
struct counts {
  std::int64_t params = 0;  ///< convolutions, biases, dense layers, gamma and beta of batch normalisations
  std::int64_t macs = 0;    ///< multiply-adds of convolutions and dense layers
  int layers = 0;           ///< primitive layers

  friend constexpr bool operator==(const counts&, const counts&) = default;
};

/// An interpreter that adds up counts.
class layer_counter {
 public:
  [[gnu::always_inline]] constexpr void operator()(const layer& l) {
    params_ += static_cast<std::uint64_t>(nascent::params(l));
    macs_ += static_cast<std::uint64_t>(nascent::macs(l));
    ++layers_;
  }
  /// Adds what has come since `before` another `times` times.
  constexpr void repeat(const layer_counter& before, int times) {
    const auto more = static_cast<std::uint64_t>(times);
    params_ += (params_ - before.params_) * more;
    macs_ += (macs_ - before.macs_) * more;
    layers_ += (layers_ - before.layers_) * times;
  }
  constexpr counts total() const {
    return {static_cast<std::int64_t>(params_), static_cast<std::int64_t>(macs_), static_cast<int>(layers_)};
  }
  constexpr int layers() const { return static_cast<int>(layers_); }
  /// So large that a layer may be beyond `network_limits`.
  constexpr bool is_large() const { return (macs_ | params_) >> network_limits::work_bits != 0; }

 private:
  // Not side by side: g++ would add the two sums as one vector, which waits for both stores of the layer before.
  // Unsigned: they may wrap only in a network of so many layers that it is refused (`network_limits`).
  std::uint64_t params_ = 0;
  std::int64_t layers_ = 0;
  std::uint64_t macs_ = 0;
};

/// The conditions that traffic depends on.
struct cost_options {
  data_type type = data_type::f32;
  int batch = 1;
};

/// Costs of a network: counts for one image, traffic for a whole batch.
struct costs {
  std::int64_t params = 0;
  std::int64_t macs = 0;
  std::int64_t activations = 0;  ///< elements that convolutions and dense layers put out
  int layers = 0;
  std::int64_t traffic =
      0;  ///< bytes to and from memory for the batch, after fusion of convolution, bias, activation, residual sum
  int batch = 1;

  /// Operations per byte, two operations per MAC (equation 1 of the EfficientNet-X paper).
  constexpr double operational_intensity() const {
    return traffic == 0 ? 0 : 2.0 * static_cast<double>(macs) * batch / static_cast<double>(traffic);
  }
  friend constexpr bool operator==(const costs&, const costs&) = default;
};

/// An interpreter that adds up counts and traffic. Layers come one by one, so a convolution before a sum is taken to
/// have no other reader (`sum_fusion`).
class cost_counter {
 public:
  /// \throws error for a batch that no network runs in
  constexpr explicit cost_counter(cost_options options = {}) : options_(options) {
    if (options.batch < 1 || options.batch > network_limits::batch) [[unlikely]]
      throw error("cost.option", "cost_options.batch", detail::joined(options.batch), "1 to 65536");
  }

  constexpr void operator()(const layer& l) {
    const bool fused = fusion_(l, counter_.layers()) != sum_fusion::none;
    counter_(l);
    add(nascent::traffic(l, fused, options_.type, options_.batch));
    activations_ += static_cast<std::uint64_t>(nascent::activations(l));
  }
  constexpr void repeat(const cost_counter& before, int times) {
    counter_.repeat(before.counter_, times);
    std::int64_t more = 0;
    if (__builtin_mul_overflow(traffic_ - before.traffic_, times, &more)) overflow_ = true;
    else add(more);
    activations_ += (activations_ - before.activations_) * static_cast<std::uint64_t>(times);
  }
  constexpr bool is_large() const { return counter_.is_large(); }
  /// \throws error where the traffic is 2^63 bytes or more
  constexpr costs total() const {
    if (overflow_) [[unlikely]]
      throw error("cost.traffic", "cost of a network, traffic of a batch", "2^63 bytes or more",
                  "below 2^63 bytes; use a smaller batch or network");
    const counts c = counter_.total();
    return {c.params, c.macs, static_cast<std::int64_t>(activations_), c.layers, traffic_, options_.batch};
  }

 private:
  constexpr void add(std::int64_t traffic) {
    if (__builtin_add_overflow(traffic_, traffic, &traffic_)) overflow_ = true;
  }

  cost_options options_;
  layer_counter counter_;
  std::int64_t traffic_ = 0;
  std::uint64_t activations_ = 0;
  bool overflow_ = false;
  sum_fusion fusion_;
};

/// What can build itself with any net: a candidate, a candidate at other dimensions, a model of the literature.
template <class T>
concept network_candidate = requires(const T& c, net<layer_counter>& n) {
  build(c, n);
};

namespace detail {

/// `c` is a space or a model.
template <class Candidate>
[[noreturn]] constexpr void refuse(const Candidate& c, const fault_record& fault) {
  const auto found = fault.numbers();
  if constexpr (network_space<Candidate>) {
    const auto stage = c.stage(static_cast<std::size_t>(fault.stage < 0 ? 0 : fault.stage));
    throw space_error("network.shape", detail::joined("space '", c.name(), "', stage ", stage.view()), found,
                      to_string(fault.what));
  } else
    throw space_error("network.shape", detail::joined("model '", c.name, "', stage ", fault.stage_name), found,
                      to_string(fault.what));
}

/// Looks at all bounds of a net, which one that only counts does not; `build` builds the network.
template <class Of, class Build>
[[gnu::noinline, gnu::cold]] constexpr void check_bounds(const Of& of, const Build& build) {
  null_interpreter none;
  net<null_interpreter> n(none);
  build(n);
  if (n.fault()) refuse(of, n.fault());
}

template <class Interpreter>
constexpr bool is_large(const Interpreter& sink) {
  if constexpr (requires { sink.is_large(); }) return sink.is_large();
  else return false;
}

template <class Candidate>
inline constexpr bool has_own_scale = requires(const Candidate& c) {
  c.scale;
};

template <class Candidate, class Interpreter>
constexpr void interpret(const Candidate& c, Interpreter& sink) {
  net<Interpreter> n(sink);
  build(c, n);
  if (n.failed() || is_large(sink) || has_own_scale<Candidate>) [[unlikely]] {
    const auto again = [&](net<null_interpreter>& bounded) { build(c, bounded); };
    if constexpr (requires { typename Candidate::space_type; }) check_bounds(typename Candidate::space_type{}, again);
    else check_bounds(c, again);
  }
}

/// The same as one function without calls: ten times faster for sinks that do as little as adding up, and a minute of
/// the compiler's for each space where a sink does more.
template <class Candidate, class Interpreter>
#if !defined(__SANITIZE_ADDRESS__)  // whose checks would take that minute for any sink
[[gnu::flatten]]
#endif
constexpr void
interpret_flattened(const Candidate& c, Interpreter& sink) {
  interpret(c, sink);
}

template <class Space, class Candidate, class Interpreter>
constexpr void interpret(const Space& s, const Candidate& c, Interpreter& sink) {
  net<Interpreter> n(sink);
  s.build(c, n);
  if (n.failed() || is_large(sink) || has_own_scale<Candidate>) [[unlikely]]
    check_bounds(s, [&](net<null_interpreter>& bounded) { s.build(c, bounded); });
}
}  // namespace detail

/// Parameters, MACs, layers: the fast subset of `cost`. \throws space_error where the network cannot exist.
template <network_candidate Candidate>
constexpr counts count(const Candidate& c) {
  layer_counter sink;
  detail::interpret_flattened(c, sink);
  return sink.total();
}

/// Counts, traffic and operational intensity. \throws space_error where the network cannot exist.
template <network_candidate Candidate>
constexpr costs cost(const Candidate& c, cost_options options = {}) {
  cost_counter sink(options);
  detail::interpret_flattened(c, sink);
  return sink.total();
}

/// The same of a network that is built already. A template: who counts candidates has no need of graphs, and of their
/// header.
template <std::same_as<network> Network>
costs cost(const Network& graph, cost_options options = {}) {
  cost_counter sink(options);
  for (const layer& l : graph.layers()) sink(l);
  return sink.total();
}

/// Both for a candidate of a space with state, which alone can build it.
template <network_space Space>
constexpr counts count(const Space& s, const candidate<Space>& c) {
  layer_counter sink;
  detail::interpret(s, c, sink);
  return sink.total();
}
template <network_space Space>
constexpr costs cost(const Space& s, const candidate<Space>& c, cost_options options = {}) {
  cost_counter sink(options);
  detail::interpret(s, c, sink);
  return sink.total();
}

}  // namespace nascent
