// SPDX-License-Identifier: Apache-2.0
/// \file
/// What to measure: the distinct kernels of a network, and the order of networks that fills a table soonest.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <queue>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nascent/executor/executor.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent {

/// Lets a map with string keys be asked with string views.
struct text_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

template <class Value>
using text_map = std::unordered_map<std::string, Value, text_hash, std::equal_to<>>;

/// The distinct kernels of a network.
struct kernel_groups {
  std::vector<std::string> signatures;
  std::vector<std::size_t> occurrences;  ///< how often each is in the network
  std::vector<std::size_t>
      group_of_layer;                     ///< for each layer, the position in `signatures` of the kernel it is part of
  std::vector<std::size_t> end_of_layer;  ///< for each layer, the last layer of that kernel

  explicit kernel_groups(const network& graph)
      : group_of_layer(graph.layers().size()), end_of_layer(graph.layers().size()) {
    text_map<std::size_t> seen;
    for (const kernel& k : fuse(graph)) {
      const auto [place, is_new] = seen.try_emplace(k.signature(), signatures.size());
      if (is_new) {
        signatures.push_back(place->first);
        occurrences.push_back(0);
      }
      ++occurrences[place->second];
      for (std::size_t i = k.first_layer; i <= k.last_layer; ++i) {
        group_of_layer[i] = place->second;
        end_of_layer[i] = k.last_layer;
      }
    }
  }

  /// The group of each kernel that really runs: where the device lacks a fusion, several belong to one.
  /// \throws executor_error where one runs layers that `fuse` keeps apart: its time could not be told to either.
  std::vector<std::size_t> of(std::span<const kernel> kernels, const std::string& name) const {
    std::vector<std::size_t> groups;
    groups.reserve(kernels.size());
    for (const kernel& k : kernels) {
      if (k.last_layer >= end_of_layer.size() || k.last_layer > end_of_layer[k.first_layer])
        throw executor_error("network '" + name + "': the executor runs layers " + std::to_string(k.first_layer) +
                             " to " + std::to_string(k.last_layer) +
                             " as one kernel; a latency table allows no kernel that spans "
                             "several of fuse(network)");
      groups.push_back(group_of_layer[k.first_layer]);
    }
    return groups;
  }
};

/// Chooses networks until every missing kernel was in one: each time the network that brings most of what is missing.
class fill_plan {
 public:
  /// `is_missing(signature)`: whether the table lacks a kernel.
  template <class IsMissing>
  fill_plan(std::span<const network> networks, IsMissing&& is_missing) : lacks_(networks.size()) {
    for (std::size_t n = 0; n < networks.size(); ++n) {
      std::vector<std::size_t>& mine = lacks_[n];
      for (const kernel& k : fuse(networks[n])) {
        std::string signature = k.signature();
        if (const auto known = numbers_.find(signature); known != numbers_.end()) {
          mine.push_back(known->second);
        } else if (is_missing(signature)) {
          mine.push_back(numbers_.size());
          numbers_.emplace(std::move(signature), numbers_.size());
        }
      }
      std::ranges::sort(mine);
      mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
      if (!mine.empty()) queue_.push({mine.size(), networks.size() - n});
    }
    done_.resize(numbers_.size(), false);
    remaining_ = numbers_.size();
  }

  /// Kernels that are still missing.
  std::size_t remaining() const { return remaining_; }

  /// One of them, for a message; empty where there is none.
  std::string_view example() const {
    for (const auto& [signature, number] : numbers_)
      if (!done_[number]) return signature;
    return {};
  }

  /// How many networks it takes from here on.
  std::size_t networks_left() const {
    fill_plan rest = *this;
    std::size_t count = 0;
    for (; const auto chosen = rest.next(); ++count)
      for (const std::size_t number : lacks_[*chosen]) rest.done_[number] = true;
    return count;
  }

  bool is_missing(std::string_view signature) const {
    const auto place = numbers_.find(signature);
    return place != numbers_.end() && !done_[place->second];
  }

  /// Notes that the table has a kernel now. True where that is news.
  bool mark(std::string_view signature) {
    const auto place = numbers_.find(signature);
    if (place == numbers_.end() || done_[place->second]) return false;
    done_[place->second] = true;
    --remaining_;
    return true;
  }

  /// Number of the network to measure next; none where nothing is missing. With `scatter` it is drawn among the best
  /// few, so that processes which fill one table do not all do the same.
  std::optional<std::size_t> next(std::mt19937_64* scatter = nullptr) {
    const std::size_t wanted = scatter == nullptr ? 1 : 8;
    std::vector<candidate> best;
    while (!queue_.empty() && best.size() < wanted) {
      candidate top = queue_.top();
      queue_.pop();
      const std::vector<std::size_t>& mine = lacks_[index(top)];
      top.gain = static_cast<std::size_t>(std::ranges::count_if(mine, [&](std::size_t k) { return !done_[k]; }));
      // Gains only shrink, so a fresh one that still leads the stale ones is the largest.
      if (top.gain == 0) continue;
      if (!queue_.empty() && top < queue_.top())
        queue_.push(top);
      else
        best.push_back(top);
    }
    if (best.empty()) return std::nullopt;
    const std::size_t chosen = scatter == nullptr ? 0 : static_cast<std::size_t>((*scatter)() % best.size());
    for (std::size_t i = 0; i < best.size(); ++i)
      if (i != chosen) queue_.push(best[i]);
    return index(best[chosen]);
  }

 private:
  struct candidate {
    std::size_t gain = 0;
    std::size_t order = 0;  ///< counts down, so that the first network given wins a tie
    friend auto operator<=>(const candidate&, const candidate&) = default;
  };
  std::size_t index(const candidate& c) const { return lacks_.size() - c.order; }

  std::vector<std::vector<std::size_t>> lacks_;  ///< for each network, numbers of missing kernels, each once
  text_map<std::size_t> numbers_;
  std::vector<bool> done_;
  std::size_t remaining_ = 0;
  std::priority_queue<candidate> queue_;
};

}  // namespace nascent
