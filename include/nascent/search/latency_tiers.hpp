// SPDX-License-Identifier: Apache-2.0
/// \file
/// Tiers of latency (GPUNet, section 3.2): very many networks are drawn, priced and sorted by what they take; each tier
/// can be searched for itself.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/search/detail/network_limit.hpp"
#include "nascent/search/front_search.hpp"
#include "nascent/search/latency_sum.hpp"
#include "nascent/search/network_count.hpp"

namespace nascent {

struct tier_options {
  std::size_t networks = 1'000'000;  ///< to draw
  std::uint64_t seed = 1;            ///< of the draws, where the caller has none
  std::size_t kept = 1000;           ///< of the drawn networks each tier keeps so many
  std::size_t cells = 1024;          ///< of the grid that counts networks (see count_under); 0: none, only estimates
  double z = 1.959964;               ///< half the width of intervals in standard errors: 95 %
  nascent::watch* watch = nullptr;   ///< time, stop and progress: no network is drawn after its end
};

/// How many networks a tier has.
struct tier_count {
  double estimate = 0;  ///< by the share of draws that fell into it
  double low = 0;       ///< of its interval (Wilson's, 1927), for independent draws
  double high = 0;
  std::size_t hits = 0;                   ///< draws in the tier,
  std::size_t draws = 0;                  ///< of so many
  std::optional<network_count> proven{};  ///< bounds by counting, where asked for
};

namespace detail {

inline std::string tier_name(double above_ms, double most_ms) {
  return (above_ms > 0 ? exact_text(above_ms) + " to " : "up to ") + exact_text(most_ms) + " ms";
}

/// What the tiers of a space have in common. It is not moved: the grid keeps pointers into it.
template <space Space>
struct tier_source {
  explicit tier_source(const latency_predictor<Space>& by)
      : predictor(by), kernels_ms(latency_sum(predictor.trellis(), predictor)) {}

  bool is_within(const candidate<Space>& c, double above_ms, double most_ms) const {
    const kernel_trellis<Space>& trellis = predictor.trellis();
    if (trellis.networks() != trellis.space().size() && !trellis.walk(c, [](std::int32_t, int) {})) return false;
    const double ms = predictor.ms(c);
    return ms > above_ms && ms <= most_ms;
  }

  latency_predictor<Space> predictor;
  sum_over_kernels kernels_ms;
  std::optional<sum_grid<Space, sum_over_kernels>> grid{};
};

template <space Space>
class tier_maker;

}  // namespace detail

/// The networks of a space that a predictor says to take more than `above_ms` and at most `most_ms`: a region to search
/// in. Copies are cheap.
template <space Space>
class latency_tier {
 public:
  using candidate_type = candidate<Space>;

  const Space& space() const { return source_->predictor.trellis().space(); }
  const latency_predictor<Space>& predictor() const { return source_->predictor; }
  double above_ms() const { return above_ms_; }
  double most_ms() const { return most_ms_; }
  /// "0.5 to 0.65 ms".
  std::string name() const { return detail::tier_name(above_ms_, most_ms_); }

  /// How many networks it has.
  const tier_count& count() const { return count_; }
  /// Some that were drawn, each as likely as any other of the tier where draws were uniform over networks.
  std::span<const candidate_type> seen() const { return *seen_; }

  bool contains(const candidate_type& c) const { return source_->is_within(c, above_ms_, most_ms_); }

  /// A network of the tier, each as likely as any other: drawn from the space until one falls in the tier, or, where
  /// that is rare, from the networks whose kernels add up to about as much.
  template <class Rng>
  candidate_type sample(Rng& rng) const {
    for (;;) {
      const candidate_type c =
          window_ ? source_->grid->draw(rng, window_->first, window_->second) : space().sample(rng);
      if (contains(c)) return c;
    }
  }

 private:
  friend class detail::tier_maker<Space>;

  std::shared_ptr<const detail::tier_source<Space>> source_;
  double above_ms_ = 0;
  double most_ms_ = 0;
  tier_count count_{};
  std::shared_ptr<const std::vector<candidate_type>> seen_;
  /// Cells of the grid that all its networks are in; none where draws from the space are often within.
  std::optional<std::pair<std::ptrdiff_t, std::ptrdiff_t>> window_{};
};

/// Tiers of one space, by rising latency.
template <space Space>
struct latency_tiers {
  std::vector<latency_tier<Space>> tiers{};
  std::size_t drawn = 0;   ///< networks
  std::size_t slower = 0;  ///< of them, above the last tier, or that cannot be built
  double seconds = 0;      ///< for all of it

  std::size_t size() const { return tiers.size(); }
  const latency_tier<Space>& operator[](std::size_t i) const { return tiers[i]; }
  auto begin() const { return tiers.begin(); }
  auto end() const { return tiers.end(); }

  /// The tier of a latency; null above the last one.
  const latency_tier<Space>* of(double ms) const {
    const auto found = std::ranges::lower_bound(tiers, ms, {}, &latency_tier<Space>::most_ms);
    return found == tiers.end() ? nullptr : &*found;
  }
};

namespace detail {

/// The share that `hits` of `draws` stand for, and its interval.
struct share_interval {
  double share, low, high;
};
inline share_interval wilson(std::size_t hits, std::size_t draws, double z) {
  const double n = static_cast<double>(draws);
  const double p = static_cast<double>(hits) / n;
  const double shrink = 1 + z * z / n;
  const double centre = (p + z * z / (2 * n)) / shrink;
  const double half = z / shrink * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {p, std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

template <space Space>
class tier_maker {
 public:
  tier_maker(const latency_predictor<Space>& predictor, const std::vector<double>& limits_ms,
             const tier_options& options)
      : options_(options), watched_(options.watch), source_(std::make_shared<tier_source<Space>>(predictor)) {
    require_networks(trellis(), "tier");
    check(limits_ms);
    quickest_ = fastest(trellis(), source_->predictor);
    double above = 0;
    for (const double most : limits_ms) {
      latency_tier<Space>& t = result_.tiers.emplace_back();
      t.above_ms_ = std::exchange(above, most);
      t.most_ms_ = most;
      if (most < quickest_.cost) refuse(t, "no network");
    }
    seen_.resize(limits_ms.size());
    found_.resize(limits_ms.size(), false);
  }

  template <class Draw>
  latency_tiers<Space> make(Draw& draw) {
    const watch own({.style = progress_style::quiet});
    sort_draws(draw);
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      tier_count& count = result_.tiers[i].count_;
      count.draws = result_.drawn;
      estimate(count, static_cast<double>(trellis().space().size()));
    }
    if (options_.cells > 0) count_all();
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      latency_tier<Space>& t = result_.tiers[i];
      if (!found_[i] && !source_->is_within(quickest_.what, t.above_ms_, t.most_ms_))
        refuse(t, t.count_.proven && t.count_.proven->at_most == 0
                      ? "no network"
                      : "none among " + std::to_string(t.count_.draws) + " networks drawn");
      t.source_ = source_;
      t.seen_ = std::make_shared<const std::vector<candidate<Space>>>(std::move(seen_[i]));
    }
    result_.seconds = own.seconds();
    return std::move(result_);
  }

 private:
  static constexpr std::size_t at_once = 1024;     ///< networks between two looks at the watch
  static constexpr std::size_t rare = 1000;        ///< one in so many draws: then the grid is the quicker way
  static constexpr std::size_t grid_draws = 2000;  ///< to estimate a rare tier by

  const kernel_trellis<Space>& trellis() const { return source_->predictor.trellis(); }

  void check(const std::vector<double>& limits) const {
    const auto deny = [](const std::string& where, const std::string& found, const std::string& allowed) {
      throw search_error("search.option", where, found, allowed);
    };
    if (limits.empty()) deny("tier, limits", "none", "one or more, in ms, rising");
    for (std::size_t i = 0; i < limits.size(); ++i)
      if (!std::isfinite(limits[i]) || !(limits[i] > (i == 0 ? 0 : limits[i - 1])))
        deny("tier, limit " + std::to_string(i), exact_text(limits[i]) + " ms",
             i == 0 ? "above 0 ms" : "above " + exact_text(limits[i - 1]) + " ms, the one before; finite");
    if (options_.networks == 0) deny("tier_options.networks", "0", "1 or more");
    if (!(options_.z > 0)) deny("tier_options.z", exact_text(options_.z), "above 0");
  }

  [[noreturn]] void refuse(const latency_tier<Space>& t, const std::string& found) const {
    throw search_error("search.empty_tier", "tier, space '" + std::string(trellis().space().name()) + "', " + t.name(),
                       found,
                       "tiers with networks; the fastest one takes " + exact_text(quickest_.cost) + " ms, rank " +
                           to_decimal(trellis().space().rank(quickest_.what)).c_str());
  }

  template <class Draw>
  void sort_draws(Draw& draw) {
    watch_job job = watched_->begin("drawing networks", options_.networks);
    while (result_.drawn < options_.networks) {
      const std::size_t block = std::min(at_once, options_.networks - result_.drawn);
      for (std::size_t n = 0; n < block; ++n) sort(draw());
      result_.drawn += block;
      job.advance(block);
      watched_->throw_if_stopped();
      if (watched_->ended()) break;
    }
  }
  void sort(const candidate<Space>& c) {
    const kernel_trellis<Space>& all = trellis();
    if (all.networks() == all.space().size() || all.walk(c, [](std::int32_t, int) {})) {
      const double ms = source_->predictor.ms(c);
      const auto found = std::ranges::lower_bound(result_.tiers, ms, {}, &latency_tier<Space>::most_ms);
      if (found != result_.tiers.end()) {
        ++found->count_.hits;
        keep(static_cast<std::size_t>(found - result_.tiers.begin()), c);
        return;
      }
    }
    ++result_.slower;
  }
  void keep(std::size_t tier, const candidate<Space>& c) {
    found_[tier] = true;
    if (seen_[tier].size() < options_.kept) seen_[tier].push_back(c);
  }

  /// What the hits among the draws from `networks` say.
  void estimate(tier_count& count, double networks) const {
    const share_interval found = wilson(count.hits, count.draws, options_.z);
    count.estimate = found.share * networks;
    count.low = found.low * networks;
    count.high = found.high * networks;
  }

  /// Counts the networks of all tiers on a grid: bounds for each, and a way to draw from rare ones.
  void count_all() {
    const double least_weights = smallest(trellis()).cost;
    const sum_over_kernels weights = params_sum(trellis());
    const double most_weights =
        -cheapest(trellis(), [&](std::size_t step, const trellis_path& path) { return -weights(step, path); }).cost;
    // Kernels of a network within a limit add up to at most `most`; all those that add up to `least` are within.
    struct kernels_limit {
      double least = 0, most = 0;
    };
    std::vector<kernels_limit> limits{{}};
    for (const latency_tier<Space>& t : result_.tiers) {
      const network_limit limit(source_->predictor.effects(), t.most_ms_, least_weights, most_weights);
      limits.push_back({limit.least_ms(), limit.most_ms()});
    }
    const std::vector<double> least = least_of_steps(trellis(), source_->kernels_ms);
    const auto grid = [&](cell_rounding rounding) {
      return sum_grid<Space, sum_over_kernels>(trellis(), source_->kernels_ms, least, limits.back().most,
                                               options_.cells, rounding, *watched_);
    };
    source_->grid.emplace(grid(cell_rounding::down));
    std::vector<network_count> under(limits.size());
    {
      const auto above = grid(cell_rounding::up);
      for (std::size_t i = 1; i < limits.size(); ++i)
        under[i] = {.at_least = above.count(0, above.cell_of_limit(limits[i].least)),
                    .at_most = source_->grid->count(0, source_->grid->cell_of_limit(limits[i].most))};
    }
    for (std::size_t i = 0; i < seen_.size(); ++i) {
      latency_tier<Space>& t = result_.tiers[i];
      const network_count& low = under[i];
      const network_count& high = under[i + 1];
      t.count_.proven = {.at_least = high.at_least > low.at_most ? high.at_least - low.at_most : 0,
                         .at_most = high.at_most - low.at_least};
      if (t.count_.hits < result_.drawn / rare) {
        const std::ptrdiff_t first =
            i == 0 ? 0 : source_->grid->cell_of_limit(limits[i].least) - source_->grid->slack();
        t.window_ = {std::max<std::ptrdiff_t>(first, 0), source_->grid->cell_of_limit(limits[i + 1].most)};
        draw_rare(i);
      }
      const auto at_least = static_cast<double>(t.count_.proven->at_least);
      const auto at_most = static_cast<double>(t.count_.proven->at_most);
      for (double* bound : {&t.count_.low, &t.count_.high, &t.count_.estimate})
        *bound = std::clamp(*bound, at_least, at_most);
    }
  }

  /// Networks of a rare tier, out of those whose kernels add up to about as much; its count by their share.
  void draw_rare(std::size_t i) {
    latency_tier<Space>& t = result_.tiers[i];
    const uint128 all = source_->grid->count(t.window_->first, t.window_->second);
    if (all == 0) return;
    random_engine rng(options_.seed + 1 + i);
    tier_count nearer{.draws = grid_draws, .proven = t.count_.proven};
    watch_job job = watched_->begin("drawing networks of " + t.name(), grid_draws);
    for (std::size_t n = 0; n < grid_draws; ++n) {
      const candidate<Space> c = source_->grid->draw(rng, t.window_->first, t.window_->second);
      if (source_->is_within(c, t.above_ms_, t.most_ms_)) {
        ++nearer.hits;
        keep(i, c);
      }
      job.advance();
      watched_->throw_if_stopped();
    }
    estimate(nearer, static_cast<double>(all));
    if (nearer.high - nearer.low < t.count_.high - t.count_.low) t.count_ = nearer;
  }

  tier_options options_;
  watch_or_none watched_;
  std::shared_ptr<tier_source<Space>> source_;
  exact_network<Space> quickest_{};
  latency_tiers<Space> result_{};
  std::vector<std::vector<candidate<Space>>> seen_;  ///< by tier
  std::vector<bool> found_;                          ///< of which tiers a network is known
};

}  // namespace detail

/// Draws networks, prices them, and sorts them into tiers: `tier(gpunet, predictor, {0.5, 0.65, 0.85})` has networks up
/// to 0.5 ms, from there to 0.65 ms, and so on. `draw()` gives a candidate, uniform over networks, such as a
/// `sobol_sampler`. \throws search_error for limits that do not rise, a table that lacks kernels, and an empty tier: it
/// names the fastest network; stopped_error
template <space Space, class Draw>
requires std::same_as<std::invoke_result_t<Draw&>, candidate<Space>> latency_tiers<Space> tier(
    const Space& /*searched*/, const latency_predictor<Space>& predictor, const std::vector<double>& limits_ms,
    Draw&& draw, const tier_options& options = {}) {
  return detail::tier_maker<Space>(predictor, limits_ms, options).make(draw);
}
template <space Space>
latency_tiers<Space> tier(const Space& searched, const latency_predictor<Space>& predictor,
                          const std::vector<double>& limits_ms, const tier_options& options = {}) {
  random_engine rng(options.seed);
  return tier(
      searched, predictor, limits_ms, [&] { return searched.sample(rng); }, options);
}

/// The front of one tier: see search_front. It begins with networks that the tier has seen.
template <space Space, network_metric<candidate<Space>> Accuracy>
predicted_front<Space> search_front(const latency_tier<Space>& within, Accuracy&& accuracy,
                                    front_search_options options = {}) {
  options.least_ms = within.above_ms();
  options.most_ms = within.most_ms();
  return search_front(within.space(), within.predictor(), accuracy, options,
                      std::vector(within.seen().begin(), within.seen().end()));
}

}  // namespace nascent
