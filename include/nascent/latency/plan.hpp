// SPDX-License-Identifier: Apache-2.0
/// \file
/// What to measure: the distinct kernels of a network, and the order of networks that fills a table soonest.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nascent/base/text_map.hpp"
#include "nascent/executor/executor.hpp"
#include "nascent/network/kernel.hpp"

namespace nascent {

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
        throw executor_error(
            "latency.kernel", "network '" + name + "'",
            "layers " + std::to_string(k.first_layer) + " to " + std::to_string(k.last_layer) + " run as one kernel",
            "kernels that each lie in one of fuse(network)");
      groups.push_back(group_of_layer[k.first_layer]);
    }
    return groups;
  }
};

/// Chooses networks until every kernel was in as many runs as the table wants: each time the network that brings most
/// kernels which the table lacks, then the one that brings most which it wants again, where networks that were run less
/// often go before.
class fill_plan {
 public:
  /// `wanted(signature)`: how often a kernel is still to be measured; true stands for once.
  template <class Wanted>
  fill_plan(std::span<const network> networks, Wanted&& wanted) : kernels_(networks.size()), runs_(networks.size(), 0) {
    for (std::size_t n = 0; n < networks.size(); ++n) {
      std::vector<std::size_t>& mine = kernels_[n];
      for (const kernel& k : fuse(networks[n])) {
        std::string signature = k.signature();
        if (const auto known = numbers_.find(signature); known != numbers_.end()) {
          mine.push_back(known->second);
        } else if (const auto times = static_cast<int>(wanted(signature)); times > 0) {
          mine.push_back(numbers_.size());
          numbers_.emplace(std::move(signature), numbers_.size());
          wanted_.push_back(times);
        }
      }
      std::ranges::sort(mine);
      mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
    }
    lacking_.resize(numbers_.size(), true);
    remaining_ = numbers_.size();
    restart();
  }

  /// Kernels that are still wanted.
  std::size_t remaining() const { return remaining_; }

  /// One of them, for a message; empty where there is none.
  std::string_view example() const {
    for (const auto& [signature, number] : numbers_)
      if (wanted_[number] > 0) return signature;
    return {};
  }

  /// How many runs it takes from here on.
  std::size_t networks_left() const {
    fill_plan rest = *this;
    std::size_t count = 0;
    for (; const auto chosen = rest.next(); ++count)
      for (const std::size_t number : kernels_[*chosen]) rest.set(number, std::max(0, rest.wanted_[number] - 1), false);
    return count;
  }

  bool is_missing(std::string_view signature) const {
    const auto place = numbers_.find(signature);
    return place != numbers_.end() && wanted_[place->second] > 0;
  }

  /// Notes that the table has a kernel now, and how often it still wants it. True where it no longer does, and did
  /// before.
  bool mark(std::string_view signature, int wanted = 0) {
    const auto place = numbers_.find(signature);
    if (place == numbers_.end()) return false;
    const bool was_wanted = wanted_[place->second] > 0;
    set(place->second, wanted, false);
    return was_wanted && wanted == 0;
  }

  /// Looks at all networks again: where kernels are wanted more often than before, since their times disagree.
  void restart() {
    queue_ = {};
    for (std::size_t n = 0; n < kernels_.size(); ++n)
      if (const candidate c = gain_of(n); c.wanted > 0) queue_.push(c);
  }

  /// Number of the network to run next; none where no network brings anything. With `scatter` it is drawn among the
  /// best few, so that processes which fill one table do not all do the same.
  std::optional<std::size_t> next(std::mt19937_64* scatter = nullptr) {
    const std::size_t wanted = scatter == nullptr ? 1 : 8;
    std::vector<candidate> best;
    while (!queue_.empty() && best.size() < wanted) {
      const candidate top = gain_of(index(queue_.top()));
      queue_.pop();
      // Gains only shrink, so a fresh one that still leads the stale ones is the largest.
      if (top.wanted == 0) continue;
      if (!queue_.empty() && top < queue_.top()) queue_.push(top);
      else best.push_back(top);
    }
    if (best.empty()) return std::nullopt;
    const std::size_t chosen = scatter == nullptr ? 0 : static_cast<std::size_t>((*scatter)() % best.size());
    ++runs_[index(best[chosen])];
    for (const candidate& c : best) queue_.push(c);
    return index(best[chosen]);
  }

 private:
  struct candidate {
    std::size_t lacking = 0;  ///< kernels that the table has no time of
    double wanted = 0;        ///< kernels that it wants, over the runs that the network had, plus one
    std::size_t order = 0;    ///< counts down, so that the first network given wins a tie
    friend auto operator<=>(const candidate&, const candidate&) = default;
  };
  std::size_t index(const candidate& c) const { return kernels_.size() - c.order; }

  candidate gain_of(std::size_t n) const {
    candidate c{.order = kernels_.size() - n};
    for (const std::size_t k : kernels_[n]) {
      c.lacking += lacking_[k];
      c.wanted += wanted_[k] > 0 ? 1 : 0;
    }
    c.wanted /= 1.0 + runs_[n];
    return c;
  }

  void set(std::size_t number, int wanted, bool lacking) {
    if (wanted_[number] > 0 && wanted <= 0) --remaining_;
    if (wanted_[number] <= 0 && wanted > 0) ++remaining_;
    wanted_[number] = wanted;
    lacking_[number] = lacking;
  }

  std::vector<std::vector<std::size_t>> kernels_;  ///< for each network, numbers of its wanted kernels, each once
  std::vector<int> runs_;                          ///< of each network
  text_map<std::size_t> numbers_;
  std::vector<int> wanted_;
  std::vector<bool> lacking_;
  std::size_t remaining_ = 0;
  std::priority_queue<candidate> queue_;
};

}  // namespace nascent
