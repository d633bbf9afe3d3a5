// SPDX-License-Identifier: Apache-2.0
/// \file
/// Memory planning: tensors that are never alive together share memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/error.hpp"

namespace nascent {

/// A piece of memory that must stay untouched by others from step `first` to step `last`, both included.
struct buffer_request {
  std::size_t bytes = 0;
  int first = 0;
  int last = 0;

  constexpr bool alive_with(const buffer_request& other) const { return first <= other.last && other.first <= last; }
};

/// Where each request lies in one block of `bytes` bytes, in the order of the requests.
struct buffer_plan {
  std::vector<std::size_t> offsets;
  std::size_t bytes = 0;
};

/// Places the largest request first, each at the lowest offset where it meets nothing that is alive with it (Pisarchyk
/// and Lee, 2020, "greedy by size"). Offsets are multiples of `alignment`. \throws nascent::error where a
/// request ends before it begins or the alignment is 0.
inline buffer_plan plan_buffers(std::span<const buffer_request> requests, std::size_t alignment = 64) {
  if (alignment == 0) throw error("executor.buffers", "plan_buffers, alignment", "0", "1 or more");
  for (std::size_t i = 0; i < requests.size(); ++i)
    if (requests[i].last < requests[i].first)
      throw error("executor.buffers", "plan_buffers, request " + std::to_string(i),
                  "a life from step " + std::to_string(requests[i].first) + " to " + std::to_string(requests[i].last),
                  "a last step that is not before the first");

  std::vector<std::size_t> order(requests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) {
    return requests[a].bytes != requests[b].bytes ? requests[a].bytes > requests[b].bytes : a < b;
  });

  buffer_plan plan{.offsets = std::vector<std::size_t>(requests.size(), 0)};
  std::vector<std::size_t> placed;  // by offset
  for (const std::size_t i : order) {
    if (requests[i].bytes == 0) continue;
    std::size_t offset = 0;
    for (const std::size_t j : placed) {
      if (!requests[i].alive_with(requests[j])) continue;
      if (plan.offsets[j] >= offset + requests[i].bytes) break;  // it fits before j, and all that follow lie higher
      const std::size_t end = plan.offsets[j] + requests[j].bytes;
      offset = std::max(offset, (end + alignment - 1) / alignment * alignment);
    }
    plan.offsets[i] = offset;
    plan.bytes = std::max(plan.bytes, offset + requests[i].bytes);
    placed.insert(std::ranges::upper_bound(placed, offset, {}, [&](std::size_t j) { return plan.offsets[j]; }), i);
  }
  return plan;
}

/// What one step of a program reads and writes, for `lifetimes`.
struct buffer_use {
  std::vector<int> reads;
  int writes = 0;
  bool in_place = false;  ///< `writes` takes over the memory of `reads.back()`, which nobody reads later
};

/// One request for each distinct piece of memory of a program, and which one each tensor lives in.
struct buffer_lifetimes {
  std::vector<buffer_request> requests;
  std::vector<int> request_of;  ///< by tensor; -1 for tensors that the program does not touch
};

/// The lifetimes of a program's tensors. Tensor 0 is the input and lives through the whole program, so that it can be
/// run again; outputs live to the end.
inline buffer_lifetimes lifetimes(std::span<const buffer_use> program, std::span<const std::size_t> tensor_bytes,
                                  std::span<const int> outputs) {
  constexpr int forever = std::numeric_limits<int>::max();
  buffer_lifetimes result{.requests = {}, .request_of = std::vector<int>(tensor_bytes.size(), -1)};
  const auto open = [&](int tensor, int first, int last) {
    const auto t = static_cast<std::size_t>(tensor);
    result.request_of[t] = static_cast<int>(result.requests.size());
    result.requests.push_back({.bytes = tensor_bytes[t], .first = first, .last = last});
  };
  const auto request = [&](int tensor) -> buffer_request& {
    return result.requests[static_cast<std::size_t>(result.request_of[static_cast<std::size_t>(tensor)])];
  };
  if (tensor_bytes.empty()) return result;
  open(0, 0, forever);
  for (std::size_t i = 0; i < program.size(); ++i) {
    const int step = static_cast<int>(i);
    const buffer_use& use = program[i];
    for (const int tensor : use.reads) request(tensor).last = std::max(request(tensor).last, step);
    const auto made = static_cast<std::size_t>(use.writes);
    if (use.in_place && use.writes != use.reads.back()) {
      result.request_of[made] = result.request_of[static_cast<std::size_t>(use.reads.back())];
      request(use.writes).bytes = std::max(request(use.writes).bytes, tensor_bytes[made]);
    } else if (result.request_of[made] < 0) {
      open(use.writes, step, step);
    }
  }
  for (const int tensor : outputs)
    if (result.request_of[static_cast<std::size_t>(tensor)] >= 0) request(tensor).last = forever;
  return result;
}

}  // namespace nascent
