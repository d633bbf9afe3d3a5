// SPDX-License-Identifier: Apache-2.0
/// \file
/// A trellis whose states also hold what the accuracy model looks back at, so that what it reads of a network is a sum
/// over paths.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "nascent/accuracy/model.hpp"
#include "nascent/kernels/space_kernels.hpp"
#include "nascent/search/path_sum.hpp"

namespace nascent::detail {

/// What networks add up, for time and for accuracy.
struct accuracy_sums {
  static constexpr std::size_t levels = accuracy_features::levels;

  double ms = 0;
  double weights = 0;
  std::array<double, levels> capacity{};
  double log_width = 0;
  double points = 0;  ///< that nothing else decides
  double fused_early = 0;
  double penalty = 0;  ///< points for the activations of blocks: the network loses it over the number of its blocks
  double blocks = 0;

  accuracy_sums& operator+=(const accuracy_sums& more) {
    ms += more.ms;
    weights += more.weights;
    for (std::size_t i = 0; i < levels; ++i) capacity[i] += more.capacity[i];
    log_width += more.log_width;
    points += more.points;
    fused_early += more.fused_early;
    penalty += more.penalty;
    blocks += more.blocks;
    return *this;
  }
};

/// A path between states of the larger trellis.
struct accuracy_edge {
  std::uint32_t to = 0;
  std::uint32_t edge = 0;  ///< of the path
  std::uint32_t option = 0;
  accuracy_sums adds{};
  double between = 0;   ///< score of levels that begin and end here
  int level = -1;       ///< of the last block so far; -1 before the first one
  bool closes = false;  ///< no block of that level comes after
};

struct accuracy_state {
  std::uint32_t state = 0;  ///< of the trellis
  int level = -1;           ///< of the last block, -1 where the level is complete
  std::size_t first = 0;    ///< edge
  std::size_t last = 0;
};

/// States before each step and their edges.
template <space Space>
class accuracy_trellis {
  static constexpr std::size_t levels = accuracy_features::levels;

 public:
  /// `size_slopes` are those of the predictor's placement_effects.
  accuracy_trellis(const kernel_trellis<Space>& trellis, const sum_over_kernels& ms, const sum_over_kernels& weights,
                   std::pair<double, double> size_slopes)
      : trellis_(&trellis), ms_(&ms), weights_(&weights), size_slopes_(size_slopes) {
    static_assert(accuracy_priors::fused_late.points == 0 && accuracy_priors::kernel_7.points == 0 &&
                  accuracy_priors::small_se.points == 0 && accuracy_priors::rectified.points <= 0 &&
                  accuracy_priors::other_activation.points <= 0);
    look_ahead();
    std::vector<seen> here{seen{.digits = trellis.space().undecided()}};
    states_.push_back({accuracy_state{}});
    edges_.resize(trellis.steps());
    for (std::size_t p = 0; p < trellis.steps(); ++p) here = expand(p, here);
  }

  std::size_t steps() const { return edges_.size(); }
  const std::vector<accuracy_state>& states(std::size_t step) const { return states_[step]; }
  const std::vector<accuracy_edge>& edges(std::size_t step) const { return edges_[step]; }

 private:
  /// What a way to a state was like; another one with the same key goes on in the same way.
  struct seen {
    candidate<Space> digits{};
    accuracy_collector read{};
    int level = -1;  ///< of the last block
    bool closed = true;
  };
  enum ahead : unsigned char { same_map = 1, smaller_map = 2 };

  // --- whether the next layers keep the map

  void look_ahead() {
    for (const auto& group : trellis_->groups())
      has_block_.push_back(std::ranges::any_of(group, [&](std::int32_t k) {
        const layer& l = trellis_->kernels()[static_cast<std::size_t>(k)].what.core;
        return l.kind == layer_kind::convolution && (l.kernel_height > 1 || l.kernel_width > 1);
      }));
    const std::size_t steps = trellis_->steps();
    ahead_.resize(steps + 1);
    ahead_[steps].assign(trellis_->states(steps).size(), smaller_map);
    for (std::size_t p = steps; p-- > 0;) {
      ahead_[p].assign(trellis_->states(p).size(), 0);
      for (std::size_t n = 0; n < ahead_[p].size(); ++n)
        trellis_->for_each_path(p, n, [&](const trellis_path& path) {
          if (trellis_->completions(p + 1, path.to) == 0) return;
          const int before = trellis_->states(p)[n].map.height;
          const int after = trellis_->states(p + 1)[path.to].map.height;
          unsigned char& flags = ahead_[p][n];
          if (2 * after <= before) flags |= smaller_map;
          else if (!has_block_[static_cast<std::size_t>(path.first)]) flags |= ahead_[p + 1][path.to];
          else flags |= after < before ? same_map | smaller_map : same_map;
        });
    }
  }

  // --- states and edges

  std::vector<seen> expand(std::size_t p, const std::vector<seen>& here) {
    std::vector<seen> next;
    std::vector<accuracy_state>& targets = states_.emplace_back();
    std::unordered_map<std::string, std::uint32_t> numbers;
    std::vector<accuracy_edge> mine;
    if (trellis_->has_skip(p)) refuse("a skip connection between stages");
    for (std::size_t n = 0; n < here.size(); ++n) {
      accuracy_state& from = states_[p][n];
      mine.clear();
      trellis_->for_each_path(p, from.state, [&](const trellis_path& path) {
        if (trellis_->completions(p + 1, path.to) == 0) return;
        seen after = here[n];
        trellis_->decide(p, path, after.digits.digits.data());
        net<accuracy_collector> reader(after.read);
        trellis_->build(p, path, after.digits.digits.data(), reader);
        accuracy_edge e = difference(here[n], after, p, path);
        const std::string key = key_of(p + 1, path.to, after);
        const auto [place, is_new] = numbers.try_emplace(key, static_cast<std::uint32_t>(next.size()));
        if (is_new) {
          targets.push_back({.state = static_cast<std::uint32_t>(path.to), .level = after.closed ? -1 : after.level});
          next.push_back(std::move(after));
        }
        e.to = place->second;
        mine.push_back(e);
      });
      keep_best(mine);
      from.first = edges_[p].size();
      edges_[p].insert(edges_[p].end(), mine.begin(), mine.end());
      from.last = edges_[p].size();
    }
    return next;
  }

  accuracy_edge difference(const seen& before, seen& after, std::size_t p, const trellis_path& path) const {
    const accuracy_features& a = before.read.so_far();
    const accuracy_features& b = after.read.so_far();
    const auto& ends = accuracy_fit::ends;
    accuracy_edge e{.edge = static_cast<std::uint32_t>(path.edge), .option = static_cast<std::uint32_t>(path.option)};
    accuracy_sums& s = e.adds;
    s.ms = (*ms_)(p, path);
    s.weights = (*weights_)(p, path);
    int level = before.level;
    for (std::size_t i = 0; i < levels; ++i) {
      if (a.blocks[i] == b.blocks[i]) continue;
      if (static_cast<int>(i) < level || (static_cast<int>(i) == before.level && before.closed))
        refuse("blocks of one resolution that are not all in a row");
      if (static_cast<int>(i) != level && !(level == before.level && before.closed)) end_level(after.read, level, e);
      level = static_cast<int>(i);
      s.capacity[i] += b.capacity[i] - a.capacity[i];
      if (a.blocks[i] == 0) s.capacity[i] += ends[i] * after.read.first_value(i);
      s.blocks += b.blocks[i] - a.blocks[i];
    }
    if (!before.closed && ahead_[p][path.from] == same_map && before.read.present_context().fold == 1 &&
        has_block_[static_cast<std::size_t>(path.first)] &&
        a.blocks[static_cast<std::size_t>(before.level)] == b.blocks[static_cast<std::size_t>(before.level)])
      refuse("a k x k convolution that is no block");
    after.level = level;
    after.closed = before.closed && level == before.level;
    s.fused_early = b.fused_early - a.fused_early;
    s.penalty = -accuracy_priors::rectified.points * (b.rectified - a.rectified) -
                accuracy_priors::other_activation.points * (b.other_activation - a.other_activation);
    if (b.space_to_depth && !a.space_to_depth) s.points += accuracy_priors::space_to_depth.points;
    const tensor& map = trellis_->states(p + 1)[path.to].map;
    if (trellis_->stage(p) == 0) s.points += accuracy_model::resolution_points(map.height, map.width);
    const bool ended = p + 1 == trellis_->steps();
    if (level >= 0 && !after.closed && (ended || ahead_[p + 1][path.to] == smaller_map)) {
      end_level(after.read, level, e);
      after.closed = true;
      e.closes = true;
    }
    if (ended) {
      int skipped = 0;
      for (const int n : b.blocks) skipped += n == 0;
      if (level >= 0) s.points += skipped * accuracy_priors::skipped_level.points;
    }
    e.level = level;
    for (std::size_t i = 0; i < levels; ++i)
      if (static_cast<int>(i) != before.level && static_cast<int>(i) != level)
        e.between += accuracy_model::level_score(i, s.capacity[i]);
    return e;
  }

  /// What the last block of a level counts more, and the level's width.
  static void end_level(const accuracy_collector& read, int level, accuracy_edge& e) {
    const auto i = static_cast<std::size_t>(level);
    e.adds.capacity[i] += accuracy_fit::ends[i] * read.last_value(i);
    e.adds.log_width += accuracy_model::level_log_width(i, read.so_far().narrowest[i], read.so_far().widest[i]);
  }

  [[noreturn]] void refuse(const char* found) const {
    throw search_error("search.space", std::string("best_under, space '") + trellis_->space().name() + "'", found,
                       "spaces of the EfficientNet kind, which the accuracy model knows");
  }

  std::string key_of(std::size_t p, std::size_t state, const seen& s) const {
    std::string key;
    append_bytes(key, state);
    const auto context = s.read.present_context();
    append_bytes(key, context.height);
    append_bytes(key, context.width);
    append_bytes(key, context.fold);
    append_bytes(key, context.just_folded);
    append_bytes(key, context.after_stem);
    append_bytes(key, s.level);
    append_bytes(key, s.closed);
    const accuracy_features& f = s.read.so_far();
    for (const int n : f.blocks) append_bytes(key, n > 0);
    if (s.closed) return key;
    const auto i = static_cast<std::size_t>(s.level);
    append_bytes(key, f.narrowest[i]);
    append_bytes(key, f.widest[i]);
    if (ahead_[p][state] != same_map || context.fold != 1) append_bytes(key, s.read.last_value(i));
    return key;
  }

  /// Drops edges that another one to the same state beats in everything.
  void keep_best(std::vector<accuracy_edge>& edges) const {
    std::ranges::sort(edges, [](const accuracy_edge& a, const accuracy_edge& b) {
      if (a.to != b.to) return a.to < b.to;
      if (a.adds.blocks != b.adds.blocks) return a.adds.blocks < b.adds.blocks;
      if (a.adds.ms != b.adds.ms) return a.adds.ms < b.adds.ms;
      return a.edge != b.edge ? a.edge < b.edge : a.option < b.option;
    });
    std::size_t kept = 0;
    std::size_t group = 0;
    for (std::size_t n = 0; n < edges.size(); ++n) {
      const accuracy_edge& e = edges[n];
      if (kept == 0 || edges[group].to != e.to || edges[group].adds.blocks != e.adds.blocks) group = kept;
      bool beaten = false;
      for (std::size_t k = group; k < kept && !beaten; ++k) beaten = beats(edges[k], e);
      if (!beaten) edges[kept++] = e;
    }
    edges.resize(kept);
  }
  /// Of as many blocks, and no slower.
  bool beats(const accuracy_edge& a, const accuracy_edge& b) const {
    if (size_slopes_.second > 0 && a.adds.weights > b.adds.weights) return false;
    if (size_slopes_.first < 0 && a.adds.weights < b.adds.weights) return false;
    for (std::size_t i = 0; i < levels; ++i)
      if (a.adds.capacity[i] < b.adds.capacity[i]) return false;
    return a.adds.log_width >= b.adds.log_width && a.adds.points >= b.adds.points &&
           a.adds.fused_early >= b.adds.fused_early && a.adds.penalty <= b.adds.penalty && a.between >= b.between;
  }

  const kernel_trellis<Space>* trellis_;
  const sum_over_kernels* ms_;
  const sum_over_kernels* weights_;
  std::pair<double, double> size_slopes_;
  std::vector<bool> has_block_;  ///< by group of kernels
  std::vector<std::vector<unsigned char>> ahead_;
  std::vector<std::vector<accuracy_state>> states_;
  std::vector<std::vector<accuracy_edge>> edges_;
};

}  // namespace nascent::detail
