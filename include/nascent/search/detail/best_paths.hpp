// SPDX-License-Identifier: Apache-2.0
/// \file
/// The networks of a space under limits, one by one, those with the largest sum first.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <queue>
#include <span>
#include <utility>
#include <vector>

#include "nascent/search/detail/label_front.hpp"
#include "nascent/search/path_sum.hpp"
#include "nascent/search/sum_limit.hpp"

namespace nascent::detail {

/// Lists the paths through a trellis by falling gain. For each limit the exact front of (cost, gain) from every state
/// to the end says the most that a beginning can still come to: beginnings are continued where that is largest, so what
/// reaches the end first is best. With one limit, or none, that bound is what is reached, and no beginning is continued
/// in vain; with several it is the least of theirs and of that of their sum.
template <space Space>
class best_paths {
 public:
  /// Keeps a pointer to the trellis.
  best_paths(const kernel_trellis<Space>& trellis, std::span<const sum_limit> limits)
      : trellis_(&trellis), limits_(limits.size()) {
    for (const sum_limit& l : limits) most_.push_back(l.most + slack * std::abs(l.most));
    steps_.resize(trellis.steps());
    for (std::size_t p = 0; p < steps_.size(); ++p) {
      step& at = steps_[p];
      for (std::size_t n = 0; n < trellis.states(p).size(); ++n) {
        at.first.push_back(at.moves.size());
        trellis.for_each_path(p, n, [&](const trellis_path& path) {
          if (trellis.completions(p + 1, path.to) == 0) return;
          at.moves.push_back({path, 0});
          for (const sum_limit& l : limits) at.costs.push_back(l.sum(p, path));
        });
      }
      at.first.push_back(at.moves.size());
    }
    bounds_.resize(limits_ == 0 ? 1 : limits_ == 1 ? 1 : limits_ + 1);
    for (std::size_t b = 0; b < bounds_.size(); ++b) find_beginnings(b);
  }

  /// Begins anew with another gain, a sum over paths.
  template <path_sum Gain>
  void begin(const Gain& gain) {
    for (std::size_t p = 0; p < steps_.size(); ++p)
      for (move& m : steps_[p].moves) m.gain = gain(p, m.path);
    for (std::size_t b = 0; b < bounds_.size(); ++b) find_ends(b);
    nodes_.clear();
    costs_.clear();
    open_ = {};
    gave_up_ = false;
    add({.gain = 0}, std::vector<double>(limits_, 0));
  }

  /// The next network; none where all were given, or where it gave up.
  std::optional<candidate<Space>> next() {
    while (!open_.empty()) {
      const std::uint32_t top = open_.top().node;
      const node at = nodes_[top];
      open_.pop();
      if (at.step == steps_.size()) {
        last_ = top;
        return network_of(top);
      }
      if (nodes_.size() > most_nodes) {
        gave_up_ = true;
        return std::nullopt;
      }
      const step& here = steps_[at.step];
      std::vector<double> spent(limits_);
      for (std::size_t m = here.first[at.state]; m < here.first[at.state + 1]; ++m) {
        for (std::size_t l = 0; l < limits_; ++l) spent[l] = costs_[top * limits_ + l] + here.costs[m * limits_ + l];
        add({.gain = at.gain + here.moves[m].gain,
             .parent = top,
             .move = static_cast<std::uint32_t>(m),
             .step = at.step + 1,
             .state = here.moves[m].path.to},
            spent);
      }
    }
    return std::nullopt;
  }

  /// Of the network that `next` gave last.
  double gain() const { return nodes_[last_].gain; }
  std::vector<double> costs() const {
    const auto first = costs_.begin() + static_cast<std::ptrdiff_t>(last_ * limits_);
    return {first, first + static_cast<std::ptrdiff_t>(limits_)};
  }

  /// Whether several limits at once left too many beginnings open.
  bool gave_up() const { return gave_up_; }
  /// The least that a limit's sum comes to.
  double least(std::size_t limit) const { return bounds_[limit].beginnings.back()[0]; }

 private:
  static constexpr double slack = 1e-9;  ///< sums in another order differ in the last digits
  static constexpr std::size_t most_nodes = std::size_t{1} << 22;

  struct move {
    trellis_path path{};
    double gain = 0;
  };
  struct step {
    std::vector<move> moves{};
    std::vector<std::size_t> first{};  ///< of each state in them
    std::vector<double> costs{};       ///< of each move, limit by limit
  };
  struct fronts {
    std::vector<front_label> labels{};
    std::vector<std::size_t> first{};
  };
  struct bound {
    std::vector<std::vector<double>>
        beginnings{};            ///< by step and state: the least cost from the start; the end's last
    std::vector<fronts> ends{};  ///< by step: to the end
  };
  struct node {
    double gain = 0;
    std::uint32_t parent = 0;
    std::uint32_t move = 0;
    std::size_t step = 0;
    std::size_t state = 0;
  };
  struct open_node {
    double bound = 0;
    std::uint32_t node = 0;
    bool operator<(const open_node& other) const {
      return bound != other.bound ? bound < other.bound : node < other.node;
    }
  };

  /// What a bound makes of the costs of a move, or of a beginning: a limit's, or the sum of all shares.
  double cost_of(std::size_t b, const double* costs) const {
    if (limits_ == 0) return 0;
    if (b < limits_) return costs[b];
    double sum = 0;
    for (std::size_t l = 0; l < limits_; ++l) sum += most_[l] > 0 ? costs[l] / most_[l] : 0;
    return sum;
  }
  double most_of(std::size_t b) const {
    if (limits_ == 0) return 0;
    return b < limits_ ? most_[b] : static_cast<double>(limits_) * (1 + slack);
  }

  void find_beginnings(std::size_t b) {
    auto& least = bounds_[b].beginnings;
    least.push_back(std::vector<double>(trellis_->states(0).size(), std::numeric_limits<double>::infinity()));
    least[0][0] = 0;
    for (std::size_t p = 0; p < steps_.size(); ++p) {
      std::vector<double> after(trellis_->states(p + 1).size(), std::numeric_limits<double>::infinity());
      for (std::size_t m = 0; m < steps_[p].moves.size(); ++m) {
        const trellis_path& path = steps_[p].moves[m].path;
        after[path.to] =
            std::min(after[path.to], least[p][path.from] + cost_of(b, steps_[p].costs.data() + m * limits_));
      }
      least.push_back(std::move(after));
    }
    least.push_back({*std::ranges::min_element(least.back())});
  }

  void find_ends(std::size_t b) {
    bound& of = bounds_[b];
    of.ends.assign(steps_.size() + 1, {});
    fronts& last = of.ends.back();
    for (std::size_t n = 0; n <= trellis_->states(steps_.size()).size(); ++n) last.first.push_back(n);
    last.labels.resize(last.first.size() - 1);
    std::vector<front_move> ways;
    for (std::size_t p = steps_.size(); p-- > 0;) {
      const step& at = steps_[p];
      const fronts& after = of.ends[p + 1];
      fronts& here = of.ends[p];
      for (std::size_t n = 0; n + 1 < at.first.size(); ++n) {
        here.first.push_back(here.labels.size());
        ways.clear();
        for (std::size_t m = at.first[n]; m < at.first[n + 1]; ++m)
          ways.push_back({cost_of(b, at.costs.data() + m * limits_), at.moves[m].gain,
                          static_cast<std::uint32_t>(at.moves[m].path.to), 0});
        reduce_moves(ways);
        const double most = most_of(b) - of.beginnings[p][n];
        for (const front_move& w : ways)
          merger_.add(std::span(after.labels).subspan(after.first[w.to], after.first[w.to + 1] - after.first[w.to]), 0,
                      w, most + slack);
        merger_.finish(here.labels);
      }
      here.first.push_back(here.labels.size());
    }
  }

  /// Opens a beginning, unless nothing that it leads to keeps the limits.
  void add(const node& n, const std::vector<double>& spent) {
    double most = std::numeric_limits<double>::infinity();
    for (std::size_t b = 0; b < bounds_.size(); ++b) {
      const fronts& f = bounds_[b].ends[n.step];
      const auto begin = f.labels.begin() + static_cast<std::ptrdiff_t>(f.first[n.state]);
      const auto end = f.labels.begin() + static_cast<std::ptrdiff_t>(f.first[n.state + 1]);
      const double left = most_of(b) - cost_of(b, spent.data());
      const auto above = std::upper_bound(begin, end, left, [](double c, const front_label& l) { return c < l.cost; });
      if (above == begin) return;
      most = std::min(most, n.gain + std::prev(above)->gain);
    }
    open_.push({most, static_cast<std::uint32_t>(nodes_.size())});
    nodes_.push_back(n);
    costs_.insert(costs_.end(), spent.begin(), spent.end());
  }

  candidate<Space> network_of(std::uint32_t n) const {
    candidate<Space> c = trellis_->space().undecided();
    for (; nodes_[n].step > 0; n = nodes_[n].parent) {
      const std::size_t p = nodes_[n].step - 1;
      trellis_->decide(p, steps_[p].moves[nodes_[n].move].path, c.digits.data());
    }
    return c;
  }

  const kernel_trellis<Space>* trellis_;
  std::size_t limits_;
  std::vector<double> most_;
  std::vector<step> steps_;
  std::vector<bound> bounds_;
  std::vector<node> nodes_;
  std::vector<double> costs_;  ///< of each node, limit by limit
  std::priority_queue<open_node> open_;
  front_merger merger_;
  std::uint32_t last_ = 0;
  bool gave_up_ = false;
};

}  // namespace nascent::detail
