// SPDX-License-Identifier: Apache-2.0
/// \file
/// Bayesian optimisation whose proposals are exact: of all networks of a space that keep limits, the best one by a
/// function drawn from what is known.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/search/detail/additive_process.hpp"
#include "nascent/search/detail/answer_model.hpp"
#include "nascent/search/detail/best_paths.hpp"
#include "nascent/search/exact_front.hpp"
#include "nascent/search/searcher.hpp"
#include "nascent/search/sum_limit.hpp"
#include "nascent/search/sum_over_decisions.hpp"

namespace nascent {

struct exact_acquisition_options {
  double doubt = 0.5;     ///< of a draw: 1 is Thompson sampling, 0 takes what is expected for the truth
  int draws = 8;          ///< for each proposal: the one that promises most is taken
  int fit_steps = 10;     ///< of the model's parameters, for each new answer
  int most_points = 400;  ///< of a model: the best and the latest ones
  std::uint64_t seed = 1;
};

/// For tens to hundreds of dear evaluations, above all where limits bind: most neighbours of a good network are then
/// beyond them, and a searcher that climbs finds no way.
///
/// The model is a Gaussian process that is a sum over decisions and over pairs of them, those that the trellis sees
/// together: of one stage or layer, and further ones with `kernel_trellis(space, {.remembered = 1})`. A function drawn
/// from its posterior is such a sum, too, so that the network that is best by it among all that keep the limits is
/// found exactly, by dynamic programming over the trellis, however many there are. Of several such networks the one
/// with the largest expected improvement is proposed. What was proposed before is passed over for the next best, so
/// that `ask` gives none only where no network within the limits is left. Values become normal scores of their ranks.
/// Pending answers need nothing: each draw is another one.
///
/// Limits are sums over kernels or decisions (search/path_sum.hpp), such as `latency_sum`. They are kept by every
/// proposal, the first ones too; networks beyond them may be told. Results are the same again for the same program;
/// another compiler rounds otherwise.
template <class Space>
class exact_acquisition {
 public:
  using space_type = Space;
  using candidate_type = candidate<Space>;

  /// Keeps a pointer to the trellis. \throws search_error for options out of range, for a limit that no network keeps
  /// (it names the least), and where no network can be built
  explicit exact_acquisition(const kernel_trellis<Space>& trellis, const exact_acquisition_options& options = {})
      : exact_acquisition(trellis, {}, options) {}
  exact_acquisition(const kernel_trellis<Space>& trellis, std::vector<sum_limit> limits,
                    const exact_acquisition_options& options = {})
      : trellis_(&trellis),
        limits_(checked(std::move(limits), options)),
        options_(options),
        memory_(trellis.space()),
        rng_(options.seed),
        process_(detail::distances_of(trellis.space()), options_of(trellis.space()), pairs_of(trellis)),
        paths_(trellis, limits_) {
    detail::require_networks(trellis, "exact_acquisition");
    for (std::size_t l = 0; l < limits_.size(); ++l)
      if (paths_.least(l) > limits_[l].most)
        throw search_error(
            "search.target", "exact_acquisition, limit '" + limits_[l].name + "'", exact_text(limits_[l].most),
            exact_text(paths_.least(l)) + " or more: the least of space '" + std::string(trellis.space().name()) + "'");
  }

  const space_type& space() const { return trellis_->space(); }
  /// The least of each limit's sum stands for the sum: with another table it is another searcher.
  searcher_description description() const {
    searcher_description d{"exact acquisition",
                           {{"doubt", exact_text(options_.doubt)},
                            {"draws", std::to_string(options_.draws)},
                            {"fit_steps", std::to_string(options_.fit_steps)},
                            {"most_points", std::to_string(options_.most_points)},
                            {"pairs", std::to_string(process_.pairs().size())},
                            {"seed", std::to_string(options_.seed)}}};
    for (std::size_t l = 0; l < limits_.size(); ++l)
      d.options.emplace_back("limit " + limits_[l].name,
                             exact_text(limits_[l].most) + ", the least is " + significant_text(paths_.least(l)));
    return d;
  }

  /// \throws search_error where several limits together leave too many networks to tell apart
  std::optional<candidate_type> ask() {
    const double best = fit();
    std::optional<candidate_type> next;
    double most = -1;
    bool any_ended = false;
    for (int draw = 0; draw < (told_.empty() ? 1 : options_.draws); ++draw) {
      const std::optional<candidate_type> found = best_of_a_draw();
      any_ended = any_ended || !paths_.gave_up();
      if (!found) continue;
      const double gain =
          told_.empty() ? 0 : detail::expected_improvement(process_.at(detail::decisions_of(space(), *found)), best);
      if (gain <= most) continue;
      most = gain;
      next = found;
    }
    if (!any_ended)
      throw search_error("search.too_large", "exact_acquisition, space '" + std::string(space().name()) + "'",
                         std::to_string(limits_.size()) + " limits with too many networks at their edges",
                         "fewer limits");
    if (next) memory_.propose(*next);
    return next;
  }

  bool tell(const candidate_type& c, double value) {
    if (!memory_.tell(c, value)) return false;
    told_.push_back({c, value});
    is_fitted_ = false;
    return true;
  }

 private:
  static std::vector<sum_limit> checked(std::vector<sum_limit> limits, const exact_acquisition_options& o) {
    const auto check = [](bool ok, const char* name, const std::string& found, const char* allowed) {
      if (!ok) throw search_error("search.option", std::string("exact_acquisition_options.") + name, found, allowed);
    };
    check(o.doubt > 0 && o.doubt <= 100, "doubt", exact_text(o.doubt), "above 0, to 100");
    check(o.draws >= 1, "draws", std::to_string(o.draws), "1 or more");
    check(o.fit_steps >= 0, "fit_steps", std::to_string(o.fit_steps), "0 or more");
    check(o.most_points >= 2, "most_points", std::to_string(o.most_points), "2 or more");
    for (const sum_limit& l : limits) {
      if (!l.sum) throw search_error("search.sum", "exact_acquisition, limit '" + l.name + "'", "no sum", "a sum");
      if (!std::isfinite(l.most))
        throw search_error("search.target", "exact_acquisition, limit '" + l.name + "'", exact_text(l.most),
                           "finite numbers");
    }
    return limits;
  }
  static std::vector<int> options_of(const Space& s) {
    std::vector<int> options;
    for (std::size_t k = 0; k < s.slot_count; ++k) options.push_back(s.slot(k).options);
    return options;
  }
  /// Decisions that the trellis sees together.
  static std::vector<std::pair<int, int>> pairs_of(const kernel_trellis<Space>& trellis) {
    std::vector<std::pair<int, int>> pairs;
    const int slots = static_cast<int>(trellis.space().slot_count);
    for (int a = 0; a < slots; ++a)
      for (int b = a + 1; b < slots; ++b) {
        const std::size_t step_a = trellis.step_of(a);
        const std::size_t step_b = trellis.step_of(b);
        const auto live = trellis.live_slots(std::max(step_a, step_b));
        if (step_a == step_b || std::ranges::find(live, step_a < step_b ? a : b) != live.end())
          pairs.emplace_back(a, b);
      }
    return pairs;
  }

  /// Returns the best score.
  double fit() {
    if (is_fitted_ || told_.empty()) return best_;
    auto [points, values] = detail::best_and_latest(space(), told_, static_cast<std::size_t>(options_.most_points));
    const Eigen::VectorXd scores = detail::normal_scores(values);
    best_ = scores.maxCoeff();
    process_.fit(std::move(points), scores, options_.fit_steps);
    is_fitted_ = true;
    return best_;
  }

  std::optional<candidate_type> best_of_a_draw() {
    const detail::additive_terms f = process_.draw(rng_, told_.empty() ? 1 : options_.doubt);
    std::vector<std::vector<double>> values;
    for (const Eigen::VectorXd& v : f.values) values.emplace_back(v.begin(), v.end());
    std::vector<decision_pair> pairs;
    for (std::size_t p = 0; p < f.pairs.size(); ++p) {
      pairs.push_back({.first = process_.pairs()[p].first, .second = process_.pairs()[p].second});
      for (Eigen::Index a = 0; a < f.pairs[p].rows(); ++a)
        pairs.back().values.emplace_back(f.pairs[p].row(a).begin(), f.pairs[p].row(a).end());
    }
    paths_.begin(sum_over_decisions<Space>(*trellis_, std::move(values), std::move(pairs)));
    std::optional<candidate_type> found = paths_.next();
    while (found && memory_.is_known(*found)) found = paths_.next();
    return found;
  }

  const kernel_trellis<Space>* trellis_;
  std::vector<sum_limit> limits_;
  exact_acquisition_options options_;
  detail::search_memory<Space> memory_;
  random_engine rng_;
  detail::additive_process process_;
  detail::best_paths<Space> paths_;
  std::vector<detail::told_answer<Space>> told_;
  bool is_fitted_ = false;
  double best_ = 0;
};

}  // namespace nascent
