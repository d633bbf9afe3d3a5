// SPDX-License-Identifier: Apache-2.0
/// \file
/// The accuracy of a network by training it: what `search`, `lacs` and `run_study` may ask instead of an estimate.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/network/network.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/study/trial_record.hpp"
#include "nascent/training/trainer.hpp"

namespace nascent {

struct evaluator_options {
  training_options training{};
  trainable_options network{};
  int repeats = 1;  ///< trainings with seeds `training.seed`, + 1, ..; the accuracy is their mean
  /// Of one network, all repeats together; what is reached then is the result.
  double seconds = std::numeric_limits<double>::infinity();
  /// What else an objective needs of a network, such as its latency: known before it is trained, reported with every
  /// epoch.
  std::function<metric_map(const nascent::network&)> also{};
};

/// Trains a network with one part of a data set, and judges it by another. Never sees the images that were held out.
/// `search` and `lacs` get a number from it, in per cent. A study gets metrics:
///
///     accuracy            per cent of the validation images, mean of the repeats
///     accuracy_deviation  of a repeat, where there are two or more
///     loss                of the last epoch's training images
///     epochs              that were trained, of all repeats together
///
/// and, after each epoch of the first repeat, those so far: its policy of early stopping may end the training there.
class training_evaluator {
 public:
  /// \throws training_error for options out of range, or images that are not of each other's kind
  training_evaluator(image_set training, image_set validation, evaluator_options options)
      : training_(std::move(training)), validation_(std::move(validation)), options_(std::move(options)) {
    check_images(training_);
    check_images(validation_);
    check_options(options_.training);
    if (training_.height != validation_.height || training_.width != validation_.width ||
        training_.channels != validation_.channels || training_.classes != validation_.classes)
      throw training_error("training.images", "training_evaluator, images '" + validation_.name + "'",
                           "another size or other classes", "those of '" + training_.name + "'");
    if (options_.repeats < 1)
      throw training_error("training.option", "evaluator_options.repeats", std::to_string(options_.repeats),
                           "1 or more");
    if (!(options_.seconds > 0))
      throw training_error("training.option", "evaluator_options.seconds", exact_text(options_.seconds), "above 0");
    if (!options_.training.checkpoint.empty())
      throw training_error("training.option", "evaluator_options.training.checkpoint",
                           options_.training.checkpoint.string(),
                           "none: one file cannot be every network's; a study keeps what was evaluated");
  }

  /// Trained accuracy in per cent. \throws training_error where the network does not fit the images; stopped_error
  double operator()(const network& graph) const {
    return judge(graph, options_.training.watch, [](int, const metric_map&) { return true; }).metrics.at("accuracy");
  }

  /// The same for a `running_trial` of a study.
  template <class Trial>
  requires requires(Trial& t, const metric_map& m) {
    { t.report(1, m) } -> std::convertible_to<bool>;
    t.space();
    t.candidate();
  }
  evaluation operator()(Trial& running) const {
    const network graph = to_network(running.space(), running.candidate());
    evaluation e = judge(graph, nullptr, [&](int epoch, const metric_map& metrics) {
      running.watch().throw_if_stopped();
      return running.report(epoch, metrics);
    });
    return e;
  }

 private:
  template <class Report>
  evaluation judge(const network& graph, watch* outer, Report&& report) const {
    const metric_map known = options_.also ? options_.also(graph) : metric_map{};
    const std::int64_t start = wall_ns();
    const auto is_late = [&] { return static_cast<double>(wall_ns() - start) * 1e-9 > options_.seconds; };
    std::vector<double> accuracies;
    evaluation e{.metrics = known};
    double epochs = 0;
    for (int repeat = 0; repeat < options_.repeats && !e.stopped && (repeat == 0 || !is_late()); ++repeat) {
      training_options now = options_.training;
      now.seed += static_cast<std::uint64_t>(repeat);
      watch limited({.style = progress_style::quiet});
      now.watch = outer == nullptr ? &limited : outer;
      now.each_epoch = [&](const epoch_result& epoch) {
        if (options_.training.each_epoch && !options_.training.each_epoch(epoch)) return false;
        metric_map partial = known;
        partial["accuracy"] = epoch.accuracy;
        partial["loss"] = epoch.loss;
        partial["epochs"] = epoch.epoch;
        if (repeat == 0 && !report(epoch.epoch, partial)) {
          e.stopped = true;
          return false;
        }
        return !is_late();
      };
      trainable model(graph, now.seed, options_.network);
      const training_result trained = train(model, training_, validation_, now);
      accuracies.push_back(trained.accuracy);
      epochs += static_cast<double>(trained.epochs.size());
      if (!trained.epochs.empty()) e.metrics["loss"] = trained.epochs.back().loss;
    }
    double mean = 0;
    for (const double a : accuracies) mean += a / static_cast<double>(accuracies.size());
    e.metrics["accuracy"] = mean;
    e.metrics["epochs"] = epochs;
    if (accuracies.size() > 1) {
      double squares = 0;
      for (const double a : accuracies) squares += (a - mean) * (a - mean);
      e.metrics["accuracy_deviation"] = std::sqrt(squares / static_cast<double>(accuracies.size() - 1));
    }
    return e;
  }

  image_set training_;
  image_set validation_;
  evaluator_options options_;
};

}  // namespace nascent
