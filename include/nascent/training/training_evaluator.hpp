// SPDX-License-Identifier: Apache-2.0
/// \file
/// The accuracy of a network by training it: what `search`, `lacs` and `run_study` may ask instead of an estimate.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "nascent/base/file.hpp"
#include "nascent/network/network.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/study/trial_record.hpp"
#include "nascent/training/resized.hpp"
#include "nascent/training/trainer.hpp"

namespace nascent {

struct evaluator_options {
  training_options training{};
  trainable_options network{};
  int repeats = 1;  ///< trainings with seeds `training.seed`, + 1, ..; the accuracy is their mean
  /// Of one network, all repeats together; what is reached then is the result.
  double seconds = std::numeric_limits<double>::infinity();
  /// Images become as large as a network's input: what scaling asks for. Else one of another size is refused.
  bool resize = false;
  /// A folder with a checkpoint for every network and seed. What was trained answers at once, also after a kill, and
  /// what was under way goes on after its last epoch. For the same images and options only: another is refused.
  std::filesystem::path checkpoints{};
  /// What else an objective needs of a network, such as its latency: known before it is trained, reported with every
  /// epoch.
  std::function<metric_map(const nascent::network&)> also{};
};

/// A network with the weights that its training gave.
struct trained_network {
  trainable model;
  training_result result;
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
      throw training_error(
          "training.option", "evaluator_options.training.checkpoint", options_.training.checkpoint.string(),
          "none: one file cannot be every network's; evaluator_options.checkpoints is a folder for them");
    if (options_.checkpoints.empty()) return;
    std::error_code failed;
    std::filesystem::create_directories(options_.checkpoints, failed);
    if (failed)
      throw file_error("file.write", "folder '" + options_.checkpoints.string() + "', making", failed.message(),
                       "a folder that can be made; check the path");
  }

  /// Trained accuracy in per cent. \throws training_error where the network does not fit the images; stopped_error
  double operator()(const network& graph) const { return evaluate(graph).metrics.at("accuracy"); }

  /// The metrics that a study would get. \throws as above
  evaluation evaluate(const network& graph) const {
    return judge(graph, options_.training.watch, [](int, const metric_map&) { return true; });
  }

  /// The network with its weights, as the first repeat trains it: from its checkpoint where there is one. \throws as
  /// above
  trained_network trained(const network& graph) const {
    return train_once(graph, images_for(graph), options_.training);
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
  /// What trains and judges a network that takes images of another size.
  struct fitting_images {
    std::optional<image_set> resized_training{};  ///< none: as they were given
    std::optional<image_set> resized_validation{};
  };
  fitting_images images_for(const network& graph) const {
    fitting_images f;
    const shape& in = graph.input();
    if (options_.resize && (in.height != training_.height || in.width != training_.width)) {
      f.resized_training = resized(training_, in.height, in.width);
      f.resized_validation = resized(validation_, in.height, in.width);
    }
    return f;
  }

  trained_network train_once(const network& graph, const fitting_images& images, training_options now) const {
    if (!options_.checkpoints.empty())
      now.checkpoint =
          options_.checkpoints / (detail::layers_hash(graph) + "-" + std::to_string(now.seed) + ".safetensors");
    trained_network one{trainable(graph, now.seed, options_.network), {}};
    one.result = train(one.model, images.resized_training ? *images.resized_training : training_,
                       images.resized_validation ? *images.resized_validation : validation_, now);
    return one;
  }

  template <class Report>
  evaluation judge(const network& graph, watch* outer, Report&& report) const {
    const fitting_images images = images_for(graph);
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
      const training_result trained = train_once(graph, images, now).result;
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
