// SPDX-License-Identifier: Apache-2.0
/// \file
/// What an executor is: it compiles a network for one device and runs it, whole or kernel by kernel.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/executor/cache_context.hpp"
#include "nascent/executor/weights.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent {

/// An executor that cannot do what was asked: the text names the kernel, what was found and what is allowed.
struct executor_error : error {
  using error::error;
};

namespace detail {

/// The type of a name, as `to_string` writes it; none where it is no type.
constexpr std::optional<data_type> parse_type(std::string_view name) {
  for (const data_type t : data_types)
    if (name == to_string(t)) return t;
  return std::nullopt;
}

/// All of them, for messages, each within `quote`: "f32, bf16, f16, int8".
inline std::string type_names(const std::string& quote = "") {
  std::string names;
  for (const data_type t : data_types) names += (names.empty() ? "" : ", ") + quote + to_string(t) + quote;
  return names;
}

}  // namespace detail

/// Where and how an executor runs: all that a measured time depends on beside the kernel. Part of a latency table's
/// key.
struct device_description {
  std::string device;   ///< processor model as the system names it
  std::string library;  ///< name and version, e.g. "oneDNN 2.6.3"
  std::string isa;      ///< e.g. "avx512_core_bf16"; "any" where it does not apply
  int threads = 1;
  data_type type = data_type::f32;

  friend bool operator==(const device_description&, const device_description&) = default;
};

/// In one line: "AMD EPYC 9654, oneDNN 2.6.3, avx512_core_bf16, 1 thread, f32".
inline std::string describe(const device_description& d) {
  return d.device + ", " + d.library + ", " + d.isa + ", " + std::to_string(d.threads) +
         (d.threads == 1 ? " thread, " : " threads, ") + to_string(d.type);
}

/// A network compiled for a device and a batch.
/// `kernels()` is what really runs, in order (a fusion that the device lacks appears as two kernels).
/// `run(in, out)` copies NHWC f32 in and out, several outputs one after another (`split_outputs`); `run()` executes on
/// the buffers as they are; `run_kernel(i)` executes one kernel, so that a timer can look inside a running network.
template <class T>
concept compiled_network = requires(T& c, const T& cc, std::span<const float> in, std::span<float> out, std::size_t i) {
  { cc.kernels() } -> std::convertible_to<std::span<const kernel>>;
  { cc.batch() } -> std::convertible_to<int>;
  c.run(in, out);
  c.run();
  c.run_kernel(i);
};

/// What a device's own clock says of one pass of a whole network.
struct device_time {
  double ms = 0;
  bool disturbed = false;  ///< the device was slower than it should be meanwhile, e.g. too hot: the time is no good
};

/// What a device's own clock says of one pass: the time of each kernel, in order. They add up to the network's.
struct device_times {
  std::vector<double> ms{};
  bool disturbed = false;
};

/// A compiled network whose device has a clock of its own. What times networks reads that clock then: around a call on
/// the processor, a clock of the processor sees the launch and the waiting as well.
/// `time_network()` is one pass; `time_kernels(context)` is one pass that finds the caches, before each kernel, as the
/// context says. Both run on the maps as they are.
template <class T>
concept self_timed_network = compiled_network<T> && requires(T& c, cache_context context) {
  { c.time_network() } -> std::convertible_to<device_time>;
  { c.time_kernels(context) } -> std::convertible_to<device_times>;
};

/// A compiled network whose every run binds its threads to cores at first and gives them back at last, which takes some
/// microseconds. `stay_on_cores()` binds them for longer: until what it returns is destroyed, runs in the thread that
/// holds it bind nothing. What times single kernels holds one, so that binding is no part of their times.
template <class T>
concept core_bound_network = compiled_network<T> && requires(const T& c) {
  { c.stay_on_cores() } -> std::destructible;
};

/// \throws executor_error from compile where a layer cannot run on the device.
template <class T>
concept executor = requires(T& e, const network& graph, const weights& values, int batch) {
  { e.description() } -> std::convertible_to<device_description>;
  { e.compile(graph, values, batch) } -> compiled_network;
};

}  // namespace nascent
