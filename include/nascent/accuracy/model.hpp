// SPDX-License-Identifier: Apache-2.0
/// \file
/// Estimates the ImageNet accuracy of a network of the EfficientNet kind from its layers. A stand-in for training: it
/// was fitted to networks that others trained, and knows only what they show. docs/accuracy.md states data, error and
/// domain.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "nascent/accuracy/features.hpp"
#include "nascent/network/network.hpp"

namespace nascent {

/// An estimated ImageNet top-1 accuracy in per cent.
struct accuracy_estimate {
  double top1 = 0;
  double standard_error = 0;  ///< in points; of the absolute value, not of a difference of two similar networks
  bool in_domain = true;
  const char* outside = nullptr;  ///< why not, or null
  double prior = 0;               ///< points in `top1` that are assumed, not fitted (accuracy/priors.hpp)
};

/// Accuracy after a full training in the recipe of the published EfficientNets (AutoAugment, TensorFlow), ImageNet-1k.
///
/// The shape of a network (blocks per level, expansion, kernel, squeeze-and-excite) is judged by a model of 4 620 short
/// trainings, its size (width, resolution, and depth through the shape) by a law fitted to published families.
class accuracy_model {
  using features = accuracy_features;

 public:
  // Rows of Accel-NASBench that no fit has seen: its short training's top-1, predicted by proxy_top1.
  static constexpr int held_out_count = detail::accuracy_fit::held_out_count;
  static constexpr double held_out_r2 = detail::accuracy_fit::held_out_r2;
  static constexpr double held_out_spearman = detail::accuracy_fit::held_out_spearman;
  static constexpr double held_out_mae = detail::accuracy_fit::held_out_mae;    ///< points
  static constexpr double held_out_rmse = detail::accuracy_fit::held_out_rmse;  ///< points
  /// Points; families that the law of size did not see, within one recipe.
  static constexpr double size_rmse = detail::accuracy_fit::size_rmse;
  /// Points; error of one network against others of its size, to which recipe and size are common.
  static constexpr double difference_error = detail::accuracy_fit::proxy_slope * detail::accuracy_fit::held_out_rmse;

  accuracy_estimate operator()(const network& n) const {
    accuracy_collector collector;
    n.replay(collector);
    return (*this)(collector);
  }

  accuracy_estimate operator()(const accuracy_collector& collector) const { return (*this)(collector.finish()); }

  accuracy_estimate operator()(const features& f) const {
    namespace fit = detail::accuracy_fit;
    const double score = shape_score(f);
    const double proxy = proxy_top1(f);
    const double log_width = log_relative_width(f);

    accuracy_estimate estimate;
    const double slope_error = slope_uncertainty * fit::proxy_slope * (proxy - fit::base_proxy);
    double variance = recipe_error * recipe_error + difference_error * difference_error + slope_error * slope_error +
                      fit::size_rmse * fit::size_rmse;
    estimate.prior = assumed(f, variance);
    estimate.outside = outside(f);
    estimate.in_domain = estimate.outside == nullptr;
    if (!estimate.in_domain) variance += outside_error * outside_error;
    const double top1 =
        best + shape_points(score) + width_points(log_width) + resolution_points(f.height, f.width) + estimate.prior;
    estimate.top1 = top1 < 0 ? 0.0 : top1;
    estimate.standard_error = std::sqrt(variance);
    return estimate;
  }

  /// Top-1 after the short training of Accel-NASBench at 224 x 224, in per cent: the shape alone.
  static double proxy_top1(const features& f) {
    return detail::accuracy_fit::ceiling - std::exp(detail::accuracy_fit::start - shape_score(f));
  }

  /// Width against EfficientNet-B0: the geometric mean over levels, each weighted as accuracy depends on its channels.
  static double relative_width(const features& f) { return std::exp(log_relative_width(f)); }

  // The terms: top-1 is `best` + shape_points + width_points + resolution_points + what is assumed
  // (accuracy/priors.hpp), each a function of sums over blocks or levels. shape_points of the sum of level_scores is
  // concave in the capacities; width_points has one bend, from convex to concave.

  /// Top-1 without a limit to shape, width and resolution.
  static constexpr double best = 100 - detail::accuracy_fit::base_error;
  /// Of a level: they add up.
  static double level_score(std::size_t level, double capacity) {
    return detail::accuracy_fit::weight[level] * std::log1p(capacity / detail::accuracy_fit::offset);
  }
  static double shape_score(const features& f) {
    double score = 0;
    for (std::size_t i = 0; i < features::levels; ++i) score += level_score(i, f.capacity[i]);
    return score;
  }
  /// Points lost for a finite score.
  static double shape_points(double score) {
    return -detail::accuracy_fit::proxy_slope * std::exp(detail::accuracy_fit::start - score);
  }
  /// The part of a level in the logarithm of the relative width: they add up.
  static double level_log_width(std::size_t level, double narrowest, double widest) {
    namespace fit = detail::accuracy_fit;
    return fit::level_share[level] * std::log(std::sqrt(narrowest * widest) / fit::base_width[level]);
  }
  static double log_relative_width(const features& f) {
    double log_width = 0;
    for (std::size_t i = 0; i < features::levels; ++i)
      if (f.blocks[i] > 0) log_width += level_log_width(i, f.narrowest[i], f.widest[i]);
    return log_width;
  }
  /// Points lost for a finite width.
  static double width_points(double log_width) {
    namespace fit = detail::accuracy_fit;
    return -fit::width_gap * std::exp(-fit::width_rate * (std::exp(2 * log_width) - 1));
  }
  /// Points lost for a finite resolution.
  static double resolution_points(int height, int width) {
    namespace fit = detail::accuracy_fit;
    const double squared = static_cast<double>(height) * width / (224.0 * 224.0);
    return -fit::resolution_gap * std::exp(-fit::resolution_rate * (squared - 1));
  }

 private:
  // Standard errors in points that the fits cannot give.
  static constexpr double recipe_error = 0.25;       // EfficientNet-B0 is 76.5 to 77.3 in its authors' own recipes
  static constexpr double slope_uncertainty = 0.15;  // relative, of full against short training
  static constexpr double outside_error = 3;         // a convention

  // The domain: what Accel-NASBench and the families from TinyNet-E to EfficientNet-B7 cover.
  static constexpr std::array<int, features::levels> most_blocks{4, 7, 7, 20, 17};
  static constexpr int least_resolution = 106;
  static constexpr int most_resolution = 600;
  static constexpr double least_width = 0.45;
  static constexpr double most_width = 2.2;
  static constexpr int least_stem = 16;
  static constexpr int most_stem = 64;
  static constexpr int least_head = 640;
  static constexpr int most_head = 2560;

  static double level_width(const features& f, std::size_t i) {
    return std::sqrt(f.narrowest[i] * f.widest[i]) / detail::accuracy_fit::base_width[i];
  }

  static int count_blocks(const features& f) {
    int count = 0;
    for (const int n : f.blocks) count += n;
    return count;
  }

  /// Points from priors; adds their variance.
  static double assumed(const features& f, double& variance) {
    namespace priors = accuracy_priors;
    const int all = count_blocks(f);
    if (all == 0) return 0;
    double points = 0;
    const auto assume = [&](const priors::prior& p, double amount) {
      points += amount * p.points;
      variance += amount * amount * p.standard_error * p.standard_error;
    };
    const auto share = [](int part, int whole) { return whole == 0 ? 0.0 : static_cast<double>(part) / whole; };
    assume(priors::space_to_depth, f.space_to_depth ? 1 : 0);
    assume(priors::fused_early, f.fused_early >= 4 ? 1 : f.fused_early / 4.0);
    assume(priors::fused_late, share(f.fused_late, f.blocks[3] + f.blocks[4]));
    assume(priors::rectified, share(f.rectified, all));
    assume(priors::other_activation, share(f.other_activation, all));
    assume(priors::kernel_7, share(f.kernel_7, all));
    assume(priors::small_se, share(f.small_se, all));
    for (const int n : f.blocks) assume(priors::skipped_level, n == 0 ? 1 : 0);
    return points;
  }

  /// The first reason why the network is outside the domain, or null.
  static const char* outside(const features& f) {
    if (f.outside) return f.outside;
    if (f.classes < 1000 || f.classes > 1001) return "no classifier of the 1000 classes of ImageNet";
    if (f.height != f.width) return "an input that is not square";
    if (f.height < least_resolution || f.height > most_resolution) return "a resolution outside 106 to 600";
    if (f.stem < least_stem || f.stem > most_stem) return "a stem outside 16 to 64 channels";
    if (f.head < least_head || f.head > most_head) return "a head outside 640 to 2560 channels";
    if (f.missing_sums > 0) return "blocks without their residual sum";
    int skipped = 0;
    for (std::size_t i = 0; i < features::levels; ++i) {
      if (f.blocks[i] > most_blocks[i]) return "more blocks at a resolution than any trained network";
      if (f.blocks[i] == 0) {
        ++skipped;
        continue;
      }
      const double level = level_width(f, i);
      if (level < least_width || level > most_width) return "a width outside 0.45 to 2.2 of EfficientNet-B0's";
    }
    if (skipped > 1 || f.blocks[4] == 0) return "no blocks at one of the last resolutions, or at several";
    return nullptr;
  }
};

}  // namespace nascent
