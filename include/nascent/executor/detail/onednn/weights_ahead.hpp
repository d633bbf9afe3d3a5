// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which kernels bring the weights of later ones into the second cache.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <unistd.h>

#include "nascent/executor/detail/onednn/step.hpp"
#include "nascent/executor/onednn/version.hpp"
#include "nascent/executor/page_memory.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent::onednn::detail {

/// Bytes of the second cache of one core, as the system says; 0 where it does not.
inline std::size_t second_cache_bytes() {
  const long bytes = ::sysconf(_SC_LEVEL2_CACHE_SIZE);
  return bytes > 0 ? static_cast<std::size_t>(bytes) : 0;
}

/// The packed weights that a step reads; empty where it has none, or they are not known.
inline std::span<const std::byte> weights_of(const step& s) {
  if (s.own.run) return s.own.weights;
  for (const auto& [index, constant] : s.constants)
    if (index == DNNL_ARG_WEIGHTS)
      return {static_cast<const std::byte*>(constant.get_data_handle()), constant.get_desc().get_size()};
  return {};
}

/// How much a kernel brings for others while it computes: a core that waits for nothing else gets a line from the third
/// cache in the time of some 250 products.
inline std::size_t can_bring(const step& s, int batch) {
  return s.own.bring ? static_cast<std::size_t>(macs(s.what.core) * batch / 250) * page_memory::line : 0;
}

/// What these steps read and write, each tensor once.
inline std::size_t bytes_touched(std::span<const step> steps, std::span<const std::size_t> tensor_bytes) {
  std::vector<int> tensors;
  std::size_t bytes = 0;
  for (const step& s : steps) {
    bytes += weights_of(s).size();
    tensors.insert(tensors.end(), s.use.reads.begin(), s.use.reads.end());
    tensors.push_back(s.use.writes);
  }
  std::ranges::sort(tensors);
  tensors.erase(std::unique(tensors.begin(), tensors.end()), tensors.end());
  for (const int t : tensors) bytes += tensor_bytes[static_cast<std::size_t>(t)];
  return bytes;
}

/// A gate of squeeze-and-excite, or a classifier, uses each weight once for each image: it takes as long as its weights
/// need from the third cache, while the convolutions before it compute and ask for little. So these bring the weights
/// of such kernels, as much as the second caches hold beside all that is touched until then.
inline void bring_weights(std::vector<step>& steps, std::span<const std::size_t> tensor_bytes, int batch, int threads) {
  constexpr std::int64_t few_products = 4;  // for each byte of weights
  constexpr std::size_t least = 16 << 10;
  constexpr std::size_t farthest =
      4;  // kernels: from the second half of a gate to the expansion before the depthwise convolution
  const std::size_t cache = second_cache_bytes() * static_cast<std::size_t>(threads);
  std::vector<std::vector<std::span<const std::byte>>> brought(steps.size());
  std::vector<std::size_t> bytes(steps.size(), 0);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::span<const std::byte> wanted = weights_of(steps[i]);
    if (wanted.size() < least ||
        macs(steps[i].what.core) * batch > few_products * static_cast<std::int64_t>(wanted.size()))
      continue;
    const std::size_t first = i < farthest ? 0 : i - farthest;
    for (std::size_t j = i; j-- > first && !wanted.empty();) {
      const std::size_t able = can_bring(steps[j], batch);
      if (able <= bytes[j] + least) continue;
      std::size_t used = bytes_touched(std::span(steps).subspan(j, i - j), tensor_bytes);
      for (std::size_t k = first; k < i; ++k) used += bytes[k];
      if (cache <= used + least) continue;
      const std::size_t now = std::min({wanted.size(), able - bytes[j], cache - used});
      brought[j].push_back(wanted.first(now));
      wanted = wanted.subspan(now);
      bytes[j] += now;
    }
  }
  for (std::size_t j = 0; j < steps.size(); ++j)
    if (!brought[j].empty()) steps[j].own.bring(std::move(brought[j]));
}

}  // namespace nascent::onednn::detail
