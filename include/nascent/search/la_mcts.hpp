// SPDX-License-Identifier: Apache-2.0
/// \file
/// LA-MCTS: a tree of learnt regions says where Bayesian optimisation looks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/search/detail/answer_model.hpp"
#include "nascent/search/detail/latent_tree.hpp"
#include "nascent/search/searcher.hpp"
#include "nascent/search/surrogate_options.hpp"
#include "nascent/space/features.hpp"

namespace nascent {

/// The boundary between the good and the bad part of a node.
enum class region_boundary { linear, radial };

struct la_mcts_options {
  surrogate_options model{};
  int leaf = 20;             ///< answers of a node that is not split
  double exploration = 0.1;  ///< Cp of the papers, for scores whose standard deviation is 1
  region_boundary boundary = region_boundary::radial;
  int neighbours = 100;  ///< looked at in a move of a local search
  std::uint64_t seed = 1;
};

/// Latent action Monte Carlo tree search (Wang, Fonseca and Tian, 2020), which guides Bayesian optimisation (GPUNet,
/// 3.3.1), for integer and conditional decisions and for answers that are pending. Each time a tree is built of all
/// answers: a node with many is split into a good and a bad cluster, and a classifier learns the boundary. Upper
/// confidence bounds choose a leaf; in its region the expected improvement of a Gaussian process of all answers, that
/// of `gaussian_process_search`, is climbed. Values count by their ranks, so `exploration` needs no scale. A pending
/// candidate counts as a visit of the nodes that it lies in and as the answer that the model expects. Results are the
/// same again for the same program; another compiler rounds otherwise.
template <class Searched>
class la_mcts {
 public:
  using space_type = detail::searched_space<Searched>;
  using candidate_type = candidate<space_type>;

  /// \throws search_error for options out of range
  explicit la_mcts(const Searched& searched, const la_mcts_options& options = {})
      : memory_(detail::take_searched(searched)),
        options_(options),
        rng_(options.seed),
        features_(space(), {.numbers = number_encoding::unit}),
        model_(space()) {
    const auto check = [](bool ok, const char* name, const std::string& found, const char* allowed) {
      if (!ok) throw search_error("search.option", std::string("la_mcts_options.") + name, found, allowed);
    };
    detail::check_surrogate(options.model, "la_mcts_options");
    check(options.leaf >= 2, "leaf", std::to_string(options.leaf), "2 or more");
    check(options.exploration >= 0 && options.exploration < 1e6, "exploration", exact_text(options.exploration),
          "0 (greedy) to 1e6");
    check(options.neighbours >= 1, "neighbours", std::to_string(options.neighbours), "1 or more");
  }

  const space_type& space() const { return memory_.space(); }
  searcher_description description() const {
    searcher_description d{"LA-MCTS", detail::texts_of(options_.model)};
    for (auto& option : std::vector<std::pair<std::string, std::string>>{
             {"leaf", std::to_string(options_.leaf)},
             {"exploration", exact_text(options_.exploration)},
             {"boundary", options_.boundary == region_boundary::linear ? "linear" : "radial"},
             {"neighbours", std::to_string(options_.neighbours)},
             {"seed", std::to_string(options_.seed)}})
      d.options.push_back(std::move(option));
    return d;
  }

  std::optional<candidate_type> ask() {
    std::optional<candidate_type> next;
    if (model_.told().size() >= static_cast<std::size_t>(options_.model.start) && usable_) next = by_tree();
    if (!next) next = memory_.fresh(rng_);
    if (next) model_.ask(*next);
    return next;
  }

  bool tell(const candidate_type& c, double value) {
    if (!memory_.tell(c, value)) return false;
    model_.tell(c, value);
    usable_ |= detail::is_usable(value);
    return true;
  }

 private:
  Eigen::RowVectorXd row(const candidate_type& c) const {
    Eigen::RowVectorXd r(static_cast<Eigen::Index>(features_.size()));
    features_(c, {r.data(), features_.size()});
    return r;
  }

  std::optional<candidate_type> by_tree() {
    const auto& told = model_.told();
    const auto columns = static_cast<Eigen::Index>(features_.size());
    Eigen::MatrixXd rows(static_cast<Eigen::Index>(told.size()), columns);
    std::vector<double> values;
    for (std::size_t i = 0; i < told.size(); ++i) {
      rows.row(static_cast<Eigen::Index>(i)) = row(told[i].what);
      values.push_back(told[i].value);
    }
    Eigen::MatrixXd pending(static_cast<Eigen::Index>(model_.pending().size()), columns);
    for (std::size_t i = 0; i < model_.pending().size(); ++i)
      pending.row(static_cast<Eigen::Index>(i)) = row(model_.pending()[i]);
    const Eigen::VectorXd scores = detail::normal_scores(values);
    const detail::latent_tree tree(rows, scores, pending,
                                   {.leaf = static_cast<std::size_t>(options_.leaf),
                                    .exploration = options_.exploration,
                                    .linear = options_.boundary == region_boundary::linear});
    const std::vector<std::size_t> way = tree.select();

    model_.fit(space(), static_cast<std::size_t>(options_.model.most_points), options_.model.fit_steps);
    std::vector<char> here(told.size());
    for (const std::size_t i : tree.nodes()[way.back()].bag) here[i] = 1;
    std::vector<candidate_type> starts;
    double best = 0;
    for (const std::size_t i : model_.by_value()) {
      if (!here[i]) continue;
      if (starts.empty()) best = scores(static_cast<Eigen::Index>(i));
      starts.push_back(told[i].what);
      if (starts.size() > static_cast<std::size_t>((options_.model.climbs - 1) / 2)) break;
    }
    const auto found = detail::climb_gain(
        space(), starts, {.climbs = options_.model.climbs, .neighbours = static_cast<std::size_t>(options_.neighbours)},
        rng_, [&](const candidate_type& c) { return detail::expected_improvement(model_.expects(space(), c), best); },
        [&](const candidate_type& c) { return way.size() == 1 || tree.contains(way, row(c)); },
        [&](const candidate_type& c) { return !memory_.is_known(c); });
    if (found && memory_.propose(*found)) return found;
    return detail::fresh_mutation(memory_, starts[0], rng_);  // the region's surroundings are known
  }

  detail::search_memory<detail::searched_or_stand_in<Searched>> memory_;
  la_mcts_options options_;
  random_engine rng_;
  candidate_features features_;
  detail::answer_model<space_type> model_;
  bool usable_ = false;
};

}  // namespace nascent
