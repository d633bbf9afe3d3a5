// SPDX-License-Identifier: Apache-2.0
/// \file
/// Trains a network to tell the classes of images apart, and goes on after a kill where it was.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/cross_entropy_loss.h>

#include "nascent/training/detail/checkpoint.hpp"
#include "nascent/training/detail/torch_optimizer.hpp"
#include "nascent/training/image_batch.hpp"
#include "nascent/training/trainable.hpp"
#include "nascent/training/training_options.hpp"

namespace nascent {

struct training_result {
  std::vector<epoch_result> epochs{};  ///< those that came to their end, earlier runs' included
  double accuracy = 0;                 ///< of the validation images by the network as it is now, in per cent
  bool finished = false;               ///< all epochs are done; else the watch or `each_epoch` ended it
  standardization pixels{};            ///< what images are to be standardised with
};

namespace detail {

/// PyTorch's threads, until the end of the scope.
class torch_threads {
 public:
  explicit torch_threads(int count) : before_(at::get_num_threads()) { at::set_num_threads(count); }
  torch_threads(const torch_threads&) = delete;
  torch_threads& operator=(const torch_threads&) = delete;
  ~torch_threads() { at::set_num_threads(before_); }

 private:
  int before_;
};

/// \throws training_error where the images are not what the network takes, or their classes not what it gives
inline void check_fit(const network& graph, const image_set& images) {
  check_images(images);
  const std::string of = "training network '" + graph.name() + "'";
  const shape& in = graph.input();
  const auto sizes = [](int height, int width, int channels) {
    return std::to_string(height) + " x " + std::to_string(width) + " x " + std::to_string(channels);
  };
  if (images.size() == 0) throw training_error("training.images", "images '" + images.name + "'", "none", "1 or more");
  if (in.height != images.height || in.width != images.width || in.channels != images.channels || in.batch != 1)
    throw training_error("training.images", of + ", images '" + images.name + "'",
                         sizes(images.height, images.width, images.channels) + " pixels",
                         sizes(in.height, in.width, in.channels) + ", the network's input");
  const std::vector<network_output> outputs = graph.outputs();
  const shape& out = graph.tensor_shape(outputs.front().tensor);
  if (outputs.size() != 1 || out.positions() != 1 || out.channels != images.classes)
    throw training_error(
        "training.network", of + ", its output",
        outputs.size() != 1 ? std::to_string(outputs.size()) + " outputs" : sizes(out.height, out.width, out.channels),
        sizes(1, 1, images.classes) + ": a number for each class of '" + images.name + "'");
  const layer_kind last = graph.layers()[static_cast<std::size_t>(outputs.front().tensor - 1)].kind;
  if (last == layer_kind::softmax || last == layer_kind::channel_softmax)
    throw training_error("training.network", of + ", its last layer", to_string(last),
                         "a layer whose outputs are logits: the loss has the softmax");
}

/// After so many steps and epochs. \throws training_error
[[noreturn]] inline void refuse_loss(const std::string& network, std::int64_t steps, std::size_t epochs, double loss,
                                     double rate) {
  throw training_error("training.loss",
                       "training network '" + network + "', step " + std::to_string(steps + 1) + " (epoch " +
                           std::to_string(epochs + 1) + ")",
                       "a loss of " + exact_text(loss) + " at learning rate " + exact_text(rate),
                       "finite losses; lower rate.peak, or warm up for longer");
}

/// Images `numbers` as a batch on the model's device, and their labels.
template <class Generator>
std::pair<at::Tensor, at::Tensor> make_batch(const image_set& from, std::span<const std::size_t> numbers,
                                             const standardization& by, const augmentation& change, Generator& rng,
                                             const std::string& device) {
  const auto count = static_cast<std::int64_t>(numbers.size());
  const at::Tensor images = at::empty({count, from.height, from.width, from.channels});
  const at::Tensor labels = at::empty({count}, at::TensorOptions().dtype(at::kLong));
  const std::span<float> pixels(images.data_ptr<float>(), numbers.size() * from.image_bytes());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    write_image(from, numbers[i], by, change, rng, pixels.subspan(i * from.image_bytes(), from.image_bytes()));
    labels.data_ptr<std::int64_t>()[i] = from.labels[numbers[i]];
  }
  return {images.to(at::Device(device)), labels.to(at::Device(device))};
}

/// A moving average of all tensors. As TensorFlow's it follows faster at first: n steps know little of 1 / (1 - decay).
class tensor_average {
 public:
  tensor_average(double decay, std::span<const named_tensor> of) : decay_(decay), of_(of.begin(), of.end()) {
    if (decay <= 0) return;
    for (const named_tensor& t : of) average_.push_back({t.name, t.role, t.value.detach().clone()});
  }
  std::span<const named_tensor> state() const { return average_; }
  void follow(std::int64_t steps) {
    const at::NoGradGuard off;
    const double n = static_cast<double>(steps);
    const double decay = std::min(decay_, (1 + n) / (10 + n));
    for (std::size_t i = 0; i < average_.size(); ++i)
      average_[i].value.mul_(decay).add_(of_[i].value.detach(), 1 - decay);
  }
  /// Exchanges the network's tensors and their averages.
  void swap() {
    const at::NoGradGuard off;
    for (std::size_t i = 0; i < average_.size(); ++i) {
      const at::Tensor kept = average_[i].value.clone();
      average_[i].value.copy_(of_[i].value);
      of_[i].value.copy_(kept);
    }
  }

 private:
  double decay_;
  std::vector<named_tensor> of_;
  std::vector<named_tensor> average_;
};

/// The share of images `numbers` whose class has the largest output, in per cent; `outputs(batch)` are a network's.
template <class Outputs>
double share_right(const image_set& images, std::span<const std::size_t> numbers, const standardization& pixels,
                   int batch, const std::string& device, Outputs&& outputs) {
  const at::NoGradGuard off;
  random_engine unused;
  std::int64_t right = 0;
  for (std::span<const std::size_t> rest = numbers; !rest.empty();) {
    const auto now = rest.first(std::min(rest.size(), static_cast<std::size_t>(std::max(batch, 1))));
    rest = rest.subspan(now.size());
    const auto [x, labels] = make_batch(images, now, pixels, {}, unused, device);
    const at::Tensor logits = outputs(x).reshape({static_cast<std::int64_t>(now.size()), -1});
    right += logits.argmax(1).eq(labels).sum().template item<std::int64_t>();
  }
  return 100 * static_cast<double>(right) / static_cast<double>(numbers.size());
}
/// The same of all images.
template <class Outputs>
double share_right(const image_set& images, const standardization& pixels, int batch, const std::string& device,
                   Outputs&& outputs) {
  std::vector<std::size_t> numbers(images.size());
  std::iota(numbers.begin(), numbers.end(), std::size_t{0});
  return share_right(images, numbers, pixels, batch, device, std::forward<Outputs>(outputs));
}

}  // namespace detail

/// The share of the images whose class has the largest output, in per cent. \throws training_error where the images do
/// not fit the network
inline double top1_accuracy(const trainable& model, const image_set& images, const standardization& pixels,
                            int batch = 256) {
  detail::check_fit(model.graph(), images);
  return detail::share_right(images, pixels, batch, model.options().device,
                             [&](const at::Tensor& x) { return model.forward(x, false).front(); });
}

namespace detail {

/// One training under way.
class trainer {
 public:
  /// \throws training_error, file_error where something does not fit: before anything takes long
  trainer(trainable& model, const image_set& training, const image_set& validation, const training_options& options)
      : model_(&model),
        training_(&training),
        validation_(&validation),
        options_(&options),
        optimizer_(options.method, model.tensors()),
        average_(options.averaging, model.tensors()) {
    check_options(options);
    const network& graph = model.graph();
    check_fit(graph, training);
    check_fit(graph, validation);
    const auto batch = static_cast<std::size_t>(options.batch);
    if (batch > training.size())
      throw training_error("training.option", "training_options.batch", std::to_string(batch),
                           std::to_string(training.size()) + " at most: there are no more images");
    if (batch < 2 && std::ranges::any_of(graph.layers(), &layer::batch_norm))
      throw training_error("training.option", "training_options.batch", "1",
                           "2 or more: network '" + graph.name() + "' normalises batches");
    if (options.device != model.options().device)
      throw training_error("training.option", "training_options.device", options.device,
                           model.options().device + ", where the network's tensors are");
    steps_ = training.size() / batch;
    result_.pixels = standardize(training);
    if (options.checkpoint.empty()) return;
    check_writable(options.checkpoint);
    identity_ = training_identity(graph, model.options(), options, training, validation);
    if (std::filesystem::exists(options.checkpoint)) resume();
  }

  /// \throws training_error for a loss that is no number; stopped_error; file_error
  training_result run() {
    const torch_threads threads(options_->threads);
    const int first = static_cast<int>(result_.epochs.size());
    watch_or_none watched(options_->watch);
    watch_job job = watched->begin("training " + model_->graph().name(),
                                   static_cast<std::size_t>(std::max(options_->epochs - first, 0)) * steps_);
    bool as_evaluated = first > 0;
    bool goes_on = true;
    for (int epoch = first; epoch < options_->epochs && goes_on; ++epoch) {
      as_evaluated = run_epoch(epoch, *watched, job);
      if (!as_evaluated) break;
      goes_on = !options_->each_epoch || options_->each_epoch(result_.epochs.back());
    }
    result_.finished = static_cast<int>(result_.epochs.size()) == options_->epochs;
    average_.swap();
    result_.accuracy = as_evaluated ? result_.epochs.back().accuracy
                                    : top1_accuracy(*model_, *validation_, result_.pixels, options_->batch);
    return result_;
  }

 private:
  /// False where the watch ended it before its end.
  bool run_epoch(int epoch, watch& watched, watch_job& job) {
    random_engine rng(options_->seed + 0x9e3779b97f4a7c15U * (static_cast<std::uint64_t>(epoch) + 1));
    const std::vector<std::size_t> order = shuffled_numbers(training_->size(), rng);
    const auto batch = static_cast<std::size_t>(options_->batch);
    const std::int64_t start = wall_ns();
    epoch_result now{.epoch = epoch + 1};
    for (std::size_t step = 0; step < steps_; ++step) {
      watched.throw_if_stopped();
      if (watched.is_late()) return false;
      const double done = epoch + static_cast<double>(step + 1) / static_cast<double>(steps_);
      now.rate = learning_rate(options_->rate, done, options_->epochs);
      const double loss = run_step(std::span(order).subspan(step * batch, batch), now.rate, rng);
      now.loss += loss / static_cast<double>(steps_);
      job.advance(1, note(epoch, loss));
    }
    average_.swap();
    now.accuracy = top1_accuracy(*model_, *validation_, result_.pixels, options_->batch);
    average_.swap();
    now.seconds = static_cast<double>(wall_ns() - start) * 1e-9;
    result_.epochs.push_back(now);
    if (!options_->checkpoint.empty()) save();
    return true;
  }

  double run_step(std::span<const std::size_t> numbers, double rate, random_engine& rng) {
    const auto [x, labels] = make_batch(*training_, numbers, result_.pixels, options_->augment, rng, options_->device);
    const at::Tensor logits = model_->forward(x, true).front().reshape({static_cast<std::int64_t>(numbers.size()), -1});
    const at::Tensor loss =
        at::cross_entropy_loss(logits, labels, {}, at::Reduction::Mean, -100, options_->label_smoothing);
    const double value = loss.item<double>();
    if (!std::isfinite(value))
      refuse_loss(model_->graph().name(), optimizer_.steps(), result_.epochs.size(), value, rate);
    loss.backward();
    optimizer_.step(rate);
    average_.follow(optimizer_.steps());
    return value;
  }

  std::string note(int epoch, double loss) const {
    std::string text = "epoch " + std::to_string(epoch + 1) + " of " + std::to_string(options_->epochs) + ", loss " +
                       significant_text(loss, 3);
    if (!result_.epochs.empty()) text += ", " + rounded_text(result_.epochs.back().accuracy) + " % right";
    return text;
  }

  /// The tensors of a checkpoint by name, as they are.
  std::vector<named_tensor> tensors() const {
    std::vector<named_tensor> all;
    append_named(all, "value/", model_->tensors());
    append_named(all, "state/", optimizer_.state());
    append_named(all, "average/", average_.state());
    return all;
  }

  void save() const {
    safetensors_metadata metadata = identity_;
    metadata["epochs"] = history_text(result_.epochs);
    metadata["steps"] = std::to_string(optimizer_.steps());
    write_checkpoint(options_->checkpoint, tensors(), metadata);
  }

  void resume() {
    const stored_checkpoint stored(options_->checkpoint, identity_);
    result_.epochs = read_history(stored.of, stored.metadata);
    optimizer_.set_steps(static_cast<std::int64_t>(result_.epochs.size() * steps_));
    stored.load(tensors());
  }

  trainable* model_;
  const image_set* training_;
  const image_set* validation_;
  const training_options* options_;
  torch_optimizer optimizer_;
  tensor_average average_;
  std::size_t steps_ = 0;  ///< of an epoch
  std::map<std::string, std::string> identity_;
  training_result result_;
};

}  // namespace detail

/// Trains a network. Afterwards the model holds what `result.accuracy` is of: with averaging, the average. One thread
/// and one seed give the same bits, also where the training was killed and goes on from its checkpoint. \throws
/// training_error, file_error, stopped_error
inline training_result train(trainable& model, const image_set& training, const image_set& validation,
                             const training_options& options = {}) {
  return detail::trainer(model, training, validation, options).run();
}

}  // namespace nascent
