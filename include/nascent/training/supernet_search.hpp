// SPDX-License-Identifier: Apache-2.0
/// \file
/// The search of TuNAS (Bender et al., 2020) in any space: the weights of all networks and what a controller prefers
/// are learnt beside each other.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nascent/network/fingerprint.hpp"
#include "nascent/reward/evaluate.hpp"
#include "nascent/reward/reward.hpp"
#include "nascent/search/reinforce.hpp"
#include "nascent/training/detail/warm_up.hpp"
#include "nascent/training/supernet.hpp"
#include "nascent/training/supernet_accuracy.hpp"
#include "nascent/training/trainer.hpp"

namespace nascent {

/// What an epoch of a search gave.
struct supernet_epoch {
  epoch_result training{};   ///< its accuracy is that of the most likely network, by shared weights
  double mean_accuracy = 0;  ///< of the networks that the controller judged, in per cent
  double mean_ms = 0;        ///< of the same
  double likely_ms = 0;      ///< of the most likely network
};

struct supernet_search_options {
  /// Of the shared weights: a step trains one candidate. Moving averages there are none; `each_epoch` is called.
  training_options weights{.method = rmsprop{.epsilon = 1}};
  /// TuNAS: rate 3e-4 x batch / 256, 32 replicas. Each of a step's replicas is judged by a batch of its own, which is
  /// held out. `steps` is set to those of the training.
  reinforce_options controller{.replicas = 4};
  /// Share of the steps in which layers are averages of all that they can be, and widths the largest, with a
  /// probability that falls from 1 to 0. The controller learns nothing before `controller.delay`.
  double warm_up = 0.25;
  std::function<void(const supernet_epoch&)> report{};
};

template <layered_space Space>
struct supernet_search_result {
  std::vector<supernet_epoch> epochs{};
  /// The most likely option of each decision; none where that breaks a constraint.
  std::optional<candidate<Space>> most_likely{};
  bool finished = false;  ///< all epochs are done
  standardization pixels{};
  reinforce<Space> controller;  ///< with what it has learnt: draws networks, says probabilities
};

namespace detail {

/// One search under way.
template <layered_space Space, class Latency, class Reward>
class supernet_searcher {
 public:
  supernet_searcher(const supernet<Space>& shared, const image_set& training, const image_set& validation,
                    Latency& latency, const Reward& reward, const supernet_search_options& options)
      : shared_(&shared),
        training_(&training),
        validation_(&validation),
        latency_(&latency),
        reward_(&reward),
        options_(&options),
        warm_up_(shared.layout()),
        optimizer_(options.weights.method, shared.tensors()),
        result_{.controller = make_controller()} {
    result_.pixels = standardize(training);
    const training_options& w = options.weights;
    if (w.checkpoint.empty()) return;
    check_writable(w.checkpoint);
    identity_ = identity();
    if (std::filesystem::exists(w.checkpoint)) resume();
  }

  supernet_search_result<Space> run() {
    const training_options& w = options_->weights;
    const torch_threads threads(w.threads);
    const int first = static_cast<int>(result_.epochs.size());
    watch_or_none watched(w.watch);
    watch_job job = watched->begin("searching in " + std::string(shared_->space().name()),
                                   static_cast<std::size_t>(std::max(w.epochs - first, 0)) * steps_);
    const supernet_accuracy<Space> accuracy(*shared_, *validation_, result_.pixels, w.batch);
    bool goes_on = true;
    for (int epoch = first; epoch < w.epochs && goes_on; ++epoch) {
      if (!run_epoch(epoch, accuracy, *watched, job)) break;
      if (options_->report) options_->report(result_.epochs.back());
      goes_on = !w.each_epoch || w.each_epoch(result_.epochs.back().training);
    }
    result_.finished = static_cast<int>(result_.epochs.size()) == w.epochs;
    result_.most_likely = result_.controller.most_likely();
    return std::move(result_);
  }

 private:
  /// Looks at everything before anything takes long.
  reinforce<Space> make_controller() {
    const training_options& w = options_->weights;
    check_options(w);
    const auto refuse = [](const std::string& what, const std::string& found, const std::string& allowed) {
      throw training_error("training.option", "supernet_search_options." + what, found, allowed);
    };
    const std::string weights = "weights.";
    if (w.averaging != 0) refuse(weights + "averaging", exact_text(w.averaging), "0");
    if (!(options_->warm_up >= 0 && options_->warm_up <= 1)) refuse("warm_up", exact_text(options_->warm_up), "0 to 1");
    if (w.device != shared_->options().device)
      refuse(weights + "device", w.device, shared_->options().device + ", where the supernet's tensors are");
    const network graph = to_network(shared_->space(), shared_->space().unrank(0));
    check_fit(graph, *training_);
    check_fit(graph, *validation_);
    const auto batch = static_cast<std::size_t>(w.batch);
    const std::size_t least = std::min(training_->size(), validation_->size());
    if (batch < 2 || batch > least)
      refuse(weights + "batch", std::to_string(batch),
             "2 to " + std::to_string(least) + ", the images to train with and to judge by");
    steps_ = training_->size() / batch;
    reinforce_options c = options_->controller;
    c.steps = static_cast<int>(steps_) * w.epochs;
    return reinforce<Space>(shared_->space(), c);
  }

  double ms_of(const candidate<Space>& c) {
    const std::optional<double> ms = evaluate(shared_->space(), *latency_, c);
    if (!ms)
      throw training_error("training.supernet",
                           "search in '" + std::string(shared_->space().name()) + "', latency of the network of rank " +
                               to_decimal(shared_->space().rank(c)).c_str(),
                           "no answer", "a callable that knows all networks of the space");
    return *ms;
  }

  /// False where the watch ended it before its end.
  bool run_epoch(int epoch, const supernet_accuracy<Space>& accuracy, watch& watched, watch_job& job) {
    const training_options& w = options_->weights;
    random_engine rng(w.seed + 0x9e3779b97f4a7c15U * (static_cast<std::uint64_t>(epoch) + 1));
    const std::vector<std::size_t> order = shuffled_numbers(training_->size(), rng);
    const std::vector<std::size_t> held = shuffled_numbers(validation_->size(), rng);
    const auto batch = static_cast<std::size_t>(w.batch);
    const std::size_t held_batches = held.size() / batch;
    const std::int64_t start = wall_ns();
    const double all_steps = static_cast<double>(steps_) * w.epochs;
    supernet_epoch now{.training = {.epoch = epoch + 1}};
    std::size_t judged = 0;
    for (std::size_t step = 0; step < steps_; ++step) {
      watched.throw_if_stopped();
      if (watched.is_late()) return false;
      const double done = epoch + static_cast<double>(step + 1) / static_cast<double>(steps_);
      now.training.rate = learning_rate(w.rate, done, w.epochs);
      const double progress =
          (static_cast<double>(epoch) * static_cast<double>(steps_) + static_cast<double>(step)) / all_steps;
      const double averaged = options_->warm_up > 0 ? std::max(0.0, 1 - progress / options_->warm_up) : 0;
      const double loss = train_step(std::span(order).subspan(step * batch, batch), now.training.rate, averaged, rng);
      now.training.loss += loss / static_cast<double>(steps_);
      std::vector<candidate<Space>> drawn;
      std::vector<double> rewards;
      for (int r = 0; r < options_->controller.replicas; ++r) {
        drawn.push_back(result_.controller.draw());
        const std::size_t at = judged++ % held_batches * batch;
        const metrics m{.accuracy = judge(drawn.back(), std::span(held).subspan(at, batch)),
                        .latency_ms = ms_of(drawn.back())};
        now.mean_accuracy += m.accuracy;
        now.mean_ms += m.latency_ms;
        // As a checkpoint keeps it, from which the controller learns again.
        rewards.push_back(static_cast<double>(static_cast<float>((*reward_)(m))));
        rewards_.push_back(static_cast<float>(rewards.back()));
      }
      result_.controller.learn(drawn, rewards);
      job.advance(1, "epoch " + std::to_string(epoch + 1) + " of " + std::to_string(w.epochs) + ", loss " +
                         significant_text(loss, 3));
    }
    now.mean_accuracy /= static_cast<double>(std::max<std::size_t>(judged, 1));
    now.mean_ms /= static_cast<double>(std::max<std::size_t>(judged, 1));
    if (const auto likely = result_.controller.most_likely()) {
      now.likely_ms = ms_of(*likely);
      now.training.accuracy = accuracy(*likely);
    }
    now.training.seconds = static_cast<double>(wall_ns() - start) * 1e-9;
    result_.epochs.push_back(now);
    if (!w.checkpoint.empty()) save();
    return true;
  }

  double train_step(std::span<const std::size_t> numbers, double rate, double averaged, random_engine& rng) {
    const training_options& w = options_->weights;
    candidate<Space> c = result_.controller.draw();
    std::vector<layer_position> positions;
    if (averaged > 0) {
      c = warm_up_.widen(std::move(c), averaged, rng);
      positions = warm_up_.average(c, averaged, rng);
    }
    const supernet_plan plan = shared_->plan(c, positions);
    const auto [x, labels] = make_batch(*training_, numbers, result_.pixels, w.augment, rng, w.device);
    const at::Tensor logits =
        shared_->forward(plan, x).front().reshape({static_cast<std::int64_t>(numbers.size()), -1});
    const at::Tensor loss = at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100, w.label_smoothing);
    const double value = loss.item<double>();
    if (!std::isfinite(value)) refuse_loss(plan.graph().name(), optimizer_.steps(), result_.epochs.size(), value, rate);
    loss.backward();
    optimizer_.step(rate, shared_->used(plan));
    return value;
  }

  double judge(const candidate<Space>& c, std::span<const std::size_t> numbers) const {
    const training_options& w = options_->weights;
    return share_right(*validation_, numbers, result_.pixels, w.batch, w.device,
                       [&](const at::Tensor& x) { return shared_->forward(c, x).front(); });
  }

  std::map<std::string, std::string> identity() const {
    network_fingerprint hash;
    for (const shared_weights& s : shared_->layout().sets()) hash(s.whole);
    const searcher_description controller = result_.controller.description();
    std::string options = options_text(options_->weights) + ", warm-up " + exact_text(options_->warm_up) + ", " +
                          controller.name + ", batch normalisation " +
                          exact_text(static_cast<double>(shared_->options().epsilon));
    for (const auto& [name, value] : controller.options) options += ", " + name + " " + value;
    return {{"format", "nascent supernet 1"},
            {"network", "supernet of " + std::string(shared_->space().name()) + " " + hexadecimal(hash.value())},
            {"options", options},
            {"images", std::to_string(images_hash(*training_)) + " " + std::to_string(images_hash(*validation_))},
            {"library", "libtorch " TORCH_VERSION}};
  }
  std::vector<named_tensor> tensors() const {
    std::vector<named_tensor> all;
    append_named(all, "value/", shared_->tensors());
    append_named(all, "state/", optimizer_.state());
    return all;
  }
  void save() const {
    std::vector<named_tensor> all = tensors();
    all.push_back({"rewards", parameter_role::statistic,
                   at::from_blob(const_cast<float*>(rewards_.data()), {static_cast<std::int64_t>(rewards_.size())})});
    std::vector<epoch_result> trained;
    json seen = json::array();
    for (const supernet_epoch& e : result_.epochs) {
      trained.push_back(e.training);
      seen.push_back({e.mean_accuracy, e.mean_ms, e.likely_ms});
    }
    safetensors_metadata metadata = identity_;
    metadata["epochs"] = history_text(trained);
    metadata["judged"] = seen.dump();
    write_checkpoint(options_->weights.checkpoint, all, metadata);
  }
  /// The controller is what its draws and their rewards have made of it.
  void resume() {
    const stored_checkpoint stored(options_->weights.checkpoint, identity_);
    const std::vector<epoch_result> trained = read_history(stored.of, stored.metadata);
    const auto said = stored.metadata.find("judged");
    const json seen = said == stored.metadata.end() ? json() : json::parse(said->second, nullptr, false);
    const auto is_epoch = [](const json& e) {
      return e.is_array() && e.size() == 3 && std::ranges::all_of(e, [](const json& x) { return x.is_number(); });
    };
    if (!seen.is_array() || seen.size() != trained.size() || !std::ranges::all_of(seen, is_epoch))
      throw training_error("training.checkpoint", stored.of + ", judged",
                           said == stored.metadata.end() ? "nothing" : said->second,
                           "what the controller judged in each epoch; remove the file to begin anew");
    for (std::size_t i = 0; i < trained.size(); ++i)
      result_.epochs.push_back(
          {trained[i], seen[i][0].get<double>(), seen[i][1].get<double>(), seen[i][2].get<double>()});
    const std::size_t steps = trained.size() * steps_;
    const auto replicas = static_cast<std::size_t>(options_->controller.replicas);
    rewards_.resize(steps * replicas);
    std::vector<named_tensor> all = tensors();
    all.push_back({"rewards", parameter_role::statistic,
                   at::from_blob(rewards_.data(), {static_cast<std::int64_t>(rewards_.size())})});
    stored.load(all);
    optimizer_.set_steps(static_cast<std::int64_t>(steps));
    std::vector<candidate<Space>> drawn;
    for (std::size_t step = 0; step < steps; ++step) {
      result_.controller.draw();  // what was trained
      drawn.clear();
      for (std::size_t r = 0; r < replicas; ++r) drawn.push_back(result_.controller.draw());
      const auto first = rewards_.begin() + static_cast<std::ptrdiff_t>(step * replicas);
      result_.controller.learn(drawn, std::vector<double>(first, first + static_cast<std::ptrdiff_t>(replicas)));
    }
  }

  const supernet<Space>* shared_;
  const image_set* training_;
  const image_set* validation_;
  Latency* latency_;
  const Reward* reward_;
  const supernet_search_options* options_;
  warm_up<Space> warm_up_;
  torch_optimizer optimizer_;
  std::size_t steps_ = 0;  ///< of an epoch
  supernet_search_result<Space> result_;
  std::map<std::string, std::string> identity_;
  std::vector<float> rewards_;  ///< all that the controller was told
};

}  // namespace detail

/// Each step trains the weights of one candidate that the controller draws, with training images, and tells the
/// controller what others that it draws are worth: their accuracy on images that were held out, in per cent, and their
/// latency, by a callable for candidates or networks. `absolute{.target_ms = .., .full_scale = 100}` is TuNAS' reward.
/// In the beginning the largest widths are trained, and layers as averages of all that they can be. L2 is for what a
/// step uses alone. With one thread, one seed gives the same bits, also after a kill, from the checkpoint; the
/// callables are not looked at: they have to be the same. \throws training_error, file_error, stopped_error,
/// search_error for options of the controller, reward_error
template <layered_space Space, class Latency, class Reward>
requires network_metric<Latency, candidate<Space>> && reward<Reward> supernet_search_result<Space> search_supernet(
    const supernet<Space>& shared, const image_set& training, const image_set& validation, Latency&& latency,
    const Reward& judge, const supernet_search_options& options = {}) {
  return detail::supernet_searcher<Space, std::remove_reference_t<Latency>, Reward>(shared, training, validation,
                                                                                    latency, judge, options)
      .run();
}

}  // namespace nascent
