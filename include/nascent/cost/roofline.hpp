// SPDX-License-Identifier: Apache-2.0
/// \file
/// The roofline model (Williams et al., 2009) as the EfficientNet-X paper uses it, equation 1:
///
///     latency = W / C,  C = C_ideal x E,  I = W / Q,  C_ideal = I x b below the ridge point, else C_max
///
/// W is the work in operations, two per MAC; Q the bytes to and from memory; b the bandwidth; C_max the peak; E the
/// efficiency.
#pragma once

#include <cstdint>

#include "nascent/cost/cost.hpp"
#include "nascent/cost/device_profile.hpp"
#include "nascent/cost/roofs.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent {

/// The roofs of a device with data in its main memory. \throws profile_error where it lists no peak for the type
constexpr roofs roofs_of(const device_profile& device, data_type type) {
  return {.bytes_per_s = device.memory().bytes_per_s(), .ops_per_s = device.peak(type).ops_per_s()};
}

/// The roofs with data in the nearest memory that holds `bytes`. \throws profile_error where it lists no peak for the
/// type
constexpr roofs roofs_of(const device_profile& device, data_type type, double bytes) {
  return {.bytes_per_s = device.level_that_holds(bytes).bytes_per_s(), .ops_per_s = device.peak(type).ops_per_s()};
}

/// What there is to do, for a whole batch.
struct workload {
  double operations = 0;  ///< W, two per MAC
  double bytes = 0;       ///< Q

  /// I, operations per byte; 0 where no byte moves.
  constexpr double intensity() const { return bytes == 0 ? 0 : operations / bytes; }
  constexpr workload& operator+=(const workload& more) {
    operations += more.operations;
    bytes += more.bytes;
    return *this;
  }
  friend constexpr bool operator==(const workload&, const workload&) = default;
};

constexpr workload work_of(const costs& c) {
  return {2.0 * static_cast<double>(c.macs) * c.batch, static_cast<double>(c.traffic)};
}

/// Of one kernel with what is fused into it.
constexpr workload work_of(const kernel& k, data_type type, int batch = 1) {
  return {2.0 * static_cast<double>(macs(k.core)) * batch, static_cast<double>(traffic(k, type, batch))};
}

/// Bytes of maps among the traffic of a kernel: the rest are weights, read once per batch.
constexpr std::int64_t map_traffic(const kernel& k, data_type type, int batch = 1) {
  return (traffic(k, type, 2) - traffic(k, type, 1)) * batch;
}

/// Bytes that a network needs at once: all its weights and the maps of its largest kernel.
inline double working_set(const network& graph, data_type type, int batch = 1) {
  std::int64_t constants = 0;
  std::int64_t maps = 0;
  for (const kernel& k : fuse(graph)) {
    const std::int64_t own = map_traffic(k, type, batch);
    constants += traffic(k, type, batch) - own;
    maps = maps < own ? own : maps;
  }
  return static_cast<double>(constants + maps);
}

/// The roofs of a kernel that runs again and again within a network of that working set, on a device with caches: its
/// maps come from the nearest memory that holds them, since the kernels before it just made them; its weights from the
/// nearest that holds the whole network. The bandwidth is that of both together. \throws profile_error where the device
/// lists no peak for the type
constexpr roofs roofs_of(const device_profile& device, data_type type, const kernel& k, int batch,
                         double network_bytes) {
  const auto all = static_cast<double>(traffic(k, type, batch));
  const auto maps = static_cast<double>(map_traffic(k, type, batch));
  const double seconds = maps / device.level_that_holds(maps).bytes_per_s() +
                         (all - maps) / device.level_that_holds(network_bytes).bytes_per_s();
  return {.bytes_per_s = all / seconds, .ops_per_s = device.peak(type).ops_per_s()};
}

/// Of a network or one kernel under the roofs of a device: all terms of equation 1.
struct roofline {
  workload work{};
  roofs under{};
  double latency_ms = 0;  ///< measured or printed; 0 where there is none, then `rate` and `efficiency` are 0

  constexpr double intensity() const { return work.intensity(); }
  constexpr bound_by bound() const { return under.bound(intensity()); }
  /// C_ideal, operations per second.
  constexpr double ideal_rate() const { return under.ideal_rate(intensity()); }
  /// Time at E = 1: W / C_ideal. In this form it holds without any operation too, for copies, sums and pools.
  constexpr double ideal_ms() const {
    const double memory = work.bytes / under.bytes_per_s;
    const double arithmetic = work.operations / under.ops_per_s;
    return 1e3 * (memory < arithmetic ? arithmetic : memory);
  }
  /// C, operations per second.
  constexpr double rate() const { return latency_ms == 0 ? 0 : 1e3 * work.operations / latency_ms; }
  /// Whether more operations were counted than the device can have done: an algorithm saved some (Winograd's takes a
  /// quarter of the multiplications of a 3x3 window). `rate` is an effective rate then, and no rate of arithmetic.
  constexpr bool is_effective() const { return rate() > under.ops_per_s; }
  /// E. Above 1 where data came from a faster memory than the roof's, or where the rate is effective.
  constexpr double efficiency() const { return latency_ms == 0 ? 0 : ideal_ms() / latency_ms; }
};

/// A candidate or model under the roofs of a device's main memory, at the type and batch of `options`.
/// \throws space_error where it cannot exist, profile_error where the device lists no peak for the type
template <network_candidate Candidate>
constexpr roofline roofline_of(const Candidate& c, const device_profile& device, cost_options options = {},
                               double latency_ms = 0) {
  return {.work = work_of(cost(c, options)), .under = roofs_of(device, options.type), .latency_ms = latency_ms};
}

/// An interpreter that adds up the bytes that global average pools read.
class pooling_counter {
 public:
  constexpr explicit pooling_counter(cost_options options = {}) : options_(options) {}

  constexpr void operator()(const layer& l) {
    if (l.kind == layer_kind::global_average_pool)
      bytes_ += l.input.elements() * options_.batch * size_of(options_.type);
  }
  constexpr void repeat(const pooling_counter& before, int times) { bytes_ += (bytes_ - before.bytes_) * times; }
  constexpr std::int64_t bytes() const { return bytes_; }

 private:
  cost_options options_;
  std::int64_t bytes_ = 0;
};

/// Costs where every global average pool is fused into the layer that makes its input, as compilers for accelerators do
/// with reductions. Squeeze-and-excite then passes over its map twice (`cost` counts three times), the pool before a
/// classifier not at all. This is the traffic under which the operational intensities of the EfficientNet-X paper come
/// out best.
template <network_candidate Candidate>
constexpr costs cost_with_fused_pools(const Candidate& c, cost_options options = {}) {
  pooling_counter pools(options);
  detail::interpret(c, pools);
  costs total = cost(c, options);
  total.traffic -= pools.bytes();
  return total;
}

}  // namespace nascent
