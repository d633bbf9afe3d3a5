// SPDX-License-Identifier: Apache-2.0
/// \file
/// The tree of LA-MCTS: it learns from answers which parts of a space are good, and says which part to search.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include <Eigen/Dense>

#include "nascent/base/language.hpp"

namespace nascent::detail {

/// Two clusters of rows (Lloyd's algorithm), begun from the means of the better and the worse half by the last column,
/// so that the same rows always make the same clusters. True is the cluster with the larger mean of the last column;
/// nothing where all rows fall into one.
inline std::optional<std::vector<bool>> two_clusters(const Eigen::MatrixXd& rows) {
  const Eigen::Index n = rows.rows();
  const auto values = rows.col(rows.cols() - 1);
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const double middle = 0.5 * (sorted[(sorted.size() - 1) / 2] + sorted[sorted.size() / 2]);
  std::vector<bool> good(static_cast<std::size_t>(n));
  for (Eigen::Index i = 0; i < n; ++i) good[static_cast<std::size_t>(i)] = values(i) > middle;
  for (int turn = 0; turn < 100; ++turn) {
    Eigen::RowVectorXd means[2] = {Eigen::RowVectorXd::Zero(rows.cols()), Eigen::RowVectorXd::Zero(rows.cols())};
    double counts[2] = {0, 0};
    for (Eigen::Index i = 0; i < n; ++i) {
      const std::size_t side = good[static_cast<std::size_t>(i)] ? 1 : 0;
      means[side] += rows.row(i);
      ++counts[side];
    }
    if (counts[0] == 0 || counts[1] == 0) return std::nullopt;
    for (std::size_t side : {0U, 1U}) means[side] /= counts[side];
    bool moved = false;
    for (Eigen::Index i = 0; i < n; ++i) {
      const bool now = (rows.row(i) - means[1]).squaredNorm() < (rows.row(i) - means[0]).squaredNorm();
      moved |= now != good[static_cast<std::size_t>(i)];
      good[static_cast<std::size_t>(i)] = now;
    }
    if (moved) continue;
    if (means[1](rows.cols() - 1) < means[0](rows.cols() - 1)) good.flip();
    return good;
  }
  return good;
}

/// A boundary between rows of two sides: a least-squares support vector machine (Suykens and Vandewalle, 1999), linear
/// or with radial basis functions.
class side_classifier {
 public:
  side_classifier(Eigen::MatrixXd rows, const std::vector<bool>& good, bool linear)
      : rows_(std::move(rows)), linear_(linear) {
    const Eigen::Index n = rows_.rows();
    const Eigen::RowVectorXd mean = rows_.colwise().mean();
    const double variance = (rows_.rowwise() - mean).squaredNorm() / static_cast<double>(n);
    gamma_ = variance > 0 ? 1 / variance : 1;
    Eigen::MatrixXd k(n, n);
    for (Eigen::Index i = 0; i < n; ++i) k.row(i) = kernel(rows_.row(i)).transpose();
    k.diagonal().array() += ridge;
    // Both sides weigh the same, however many rows they have.
    double counts[2] = {0, 0};
    for (const bool g : good) ++counts[g ? 1 : 0];
    Eigen::VectorXd sides(n);
    for (Eigen::Index i = 0; i < n; ++i)
      sides(i) = good[static_cast<std::size_t>(i)] ? counts[0] / static_cast<double>(n) * 2
                                                   : -counts[1] / static_cast<double>(n) * 2;
    weights_ = k.llt().solve(sides);
  }

  bool operator()(const Eigen::RowVectorXd& row) const { return weights_.dot(kernel(row)) > 0; }

 private:
  static constexpr double ridge = 0.1;

  Eigen::VectorXd kernel(const Eigen::RowVectorXd& row) const {
    if (linear_) return gamma_ * (rows_ * row.transpose()).array() + 1;
    return (-gamma_ * (rows_.rowwise() - row).rowwise().squaredNorm()).array().exp() + 1;
  }

  Eigen::MatrixXd rows_;
  Eigen::VectorXd weights_;
  double gamma_ = 1;
  bool linear_ = false;
};

struct latent_tree_options {
  std::size_t leaf = 20;  ///< a node with more answers is split
  double exploration = 0.1;
  bool linear = false;
};

/// A node with more answers than a leaf may have is split: two clusters of its answers by features and value, and a
/// boundary between them, which decides where answers, pending candidates and new ones belong, so that a node's answers
/// lie in its region. What cannot be split (equal answers, one cluster, all on one side) stays a leaf.
class latent_tree {
 public:
  struct node {
    std::vector<std::size_t> bag{};  ///< rows of answers
    double mean = 0;                 ///< of their scores
    double visits = 0;               ///< answers and pending candidates
    std::optional<side_classifier> boundary{};
    std::size_t good = 0;  ///< children; of a leaf 0
    std::size_t bad = 0;
  };

  /// `features` by row, 0 to 1 each, and the scores of the answers; pending candidates count as visits.
  latent_tree(const Eigen::MatrixXd& features, const Eigen::VectorXd& scores, const Eigen::MatrixXd& pending,
              const latent_tree_options& options)
      : options_(options) {
    std::vector<std::size_t> all(static_cast<std::size_t>(features.rows()));
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    std::vector<std::size_t> waiting(static_cast<std::size_t>(pending.rows()));
    for (std::size_t i = 0; i < waiting.size(); ++i) waiting[i] = i;
    add(features, scores, std::move(all), pending, waiting);
  }

  const std::vector<node>& nodes() const { return nodes_; }

  /// The way to the leaf to search: at each node the child with the larger upper confidence bound, of equal ones the
  /// better one.
  std::vector<std::size_t> select() const {
    std::vector<std::size_t> way{0};
    while (nodes_[way.back()].boundary) {
      const node& at = nodes_[way.back()];
      way.push_back(bound(at.good, at) >= bound(at.bad, at) ? at.good : at.bad);
    }
    return way;
  }

  /// Whether a row of features lies in the region of the last node of a way.
  bool contains(const std::vector<std::size_t>& way, const Eigen::RowVectorXd& row) const {
    for (std::size_t i = 0; i + 1 < way.size(); ++i) {
      const node& at = nodes_[way[i]];
      if ((*at.boundary)(row) != (way[i + 1] == at.good)) return false;
    }
    return true;
  }

 private:
  double bound(std::size_t child, const node& parent) const {
    const node& n = nodes_[child];
    return n.mean + 2 * options_.exploration * std::sqrt(2 * std::log(parent.visits) / n.visits);
  }

  static Eigen::MatrixXd rows_of(const Eigen::MatrixXd& all, const std::vector<std::size_t>& which) {
    Eigen::MatrixXd rows(static_cast<Eigen::Index>(which.size()), all.cols());
    for (std::size_t i = 0; i < which.size(); ++i)
      rows.row(static_cast<Eigen::Index>(i)) = all.row(static_cast<Eigen::Index>(which[i]));
    return rows;
  }

  std::size_t add(const Eigen::MatrixXd& features, const Eigen::VectorXd& scores, std::vector<std::size_t> bag,
                  const Eigen::MatrixXd& pending, const std::vector<std::size_t>& waiting) {
    const std::size_t place = nodes_.size();
    node n{.bag = std::move(bag)};
    for (const std::size_t i : n.bag) n.mean += scores(static_cast<Eigen::Index>(i));
    n.mean /= static_cast<double>(std::max<std::size_t>(n.bag.size(), 1));
    n.visits = static_cast<double>(n.bag.size() + waiting.size());
    nodes_.push_back(n);
    if (n.bag.size() <= options_.leaf) return place;

    const Eigen::MatrixXd rows = rows_of(features, n.bag);
    Eigen::MatrixXd with_value(rows.rows(), rows.cols() + 1);
    with_value.leftCols(rows.cols()) = rows;
    for (std::size_t i = 0; i < n.bag.size(); ++i)
      with_value(static_cast<Eigen::Index>(i), rows.cols()) = scores(static_cast<Eigen::Index>(n.bag[i]));
    // The value weighs as much as all features together.
    const auto spread = [&](const Eigen::MatrixXd& m) {
      return (m.rowwise() - Eigen::RowVectorXd(m.colwise().mean())).squaredNorm();
    };
    const double of_values = spread(with_value.rightCols(1));
    if (of_values <= 0) return place;
    with_value.rightCols(1) *= std::sqrt(std::max(spread(rows), 1e-12) / of_values);
    const auto good = two_clusters(with_value);
    if (!good) return place;
    const side_classifier boundary(rows, *good, options_.linear);
    std::vector<std::size_t> sides[2];
    for (std::size_t i = 0; i < n.bag.size(); ++i)
      sides[boundary(rows.row(static_cast<Eigen::Index>(i))) ? 1 : 0].push_back(n.bag[i]);
    if (sides[0].empty() || sides[1].empty()) return place;
    std::vector<std::size_t> waits[2];
    for (const std::size_t i : waiting) waits[boundary(pending.row(static_cast<Eigen::Index>(i))) ? 1 : 0].push_back(i);
    nodes_[place].boundary = boundary;
    const std::size_t better = add(features, scores, std::move(sides[1]), pending, waits[1]);
    const std::size_t worse = add(features, scores, std::move(sides[0]), pending, waits[0]);
    nodes_[place].good = better;
    nodes_[place].bad = worse;
    return place;
  }

  latent_tree_options options_;
  std::vector<node> nodes_;
};

}  // namespace nascent::detail
