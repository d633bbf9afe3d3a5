// SPDX-License-Identifier: Apache-2.0
/// \file
/// How a network is trained: the optimiser, the learning rate over time, and what else an epoch does.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <numbers>
#include <string>
#include <variant>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/training/image_batch.hpp"

namespace nascent {

/// Gradient descent with momentum: v = momentum v + g, w -= rate v; with `nesterov` w -= rate (momentum v + g).
struct sgd {
  double momentum = 0.9;
  bool nesterov = false;
  double l2 = 4e-5;  ///< times half of the sum of squares of kernels is added to the loss: of nothing else
};

/// TensorFlow's RMSProp, with which MnasNet, EfficientNet and TuNAS were trained: s = decay s + (1 - decay) g^2, from
/// s = 1 on; v = momentum v + rate g / sqrt(s + epsilon); w -= v. Epsilon stands under the root: 1e-3 in MnasNet and
/// EfficientNet, 0.1 in TuNAS' appendix, 1 in its code.
struct rmsprop {
  double decay = 0.9;
  double momentum = 0.9;
  double epsilon = 1e-3;
  double l2 = 4e-5;  ///< as of `sgd`
};

/// Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2019), on kernels only.
struct adamw {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.01;
};

using optimizer = std::variant<sgd, rmsprop, adamw>;

struct constant_rate {};
/// Half a cosine from the peak to 0 (Loshchilov and Hutter, 2017).
struct cosine_decay {};
/// Times `factor` every `epochs`, in steps of so many or in between as well.
struct exponential_decay {
  double factor = 0.97;
  double epochs = 2.4;
  bool staircase = true;
};

/// The learning rate over time. While it warms up it rises linearly, and what decays begins after that.
struct learning_rate_schedule {
  double peak = 0.1;
  double warm_up_epochs = 0;
  std::variant<cosine_decay, exponential_decay, constant_rate> decay{};
};

/// The rate of a step that ends at epoch `at` (one of ten steps of the first epoch: 0.1 to 1.0) of `epochs`.
inline double learning_rate(const learning_rate_schedule& s, double at, double epochs) {
  if (at < s.warm_up_epochs) return s.peak * at / s.warm_up_epochs;
  const double since = at - s.warm_up_epochs;
  if (const auto* e = std::get_if<exponential_decay>(&s.decay)) {
    const double times = since / e->epochs;
    return s.peak * std::pow(e->factor, e->staircase ? std::floor(times) : times);
  }
  if (std::holds_alternative<constant_rate>(s.decay) || epochs <= s.warm_up_epochs) return s.peak;
  const double part = std::clamp(since / (epochs - s.warm_up_epochs), 0.0, 1.0);
  return s.peak * (1 + std::cos(std::numbers::pi * part)) / 2;
}

/// What an epoch gave.
struct epoch_result {
  int epoch = 0;        ///< 1, 2, ..
  double loss = 0;      ///< mean over the epoch's steps, without L2
  double accuracy = 0;  ///< of the validation images, in per cent
  double rate = 0;      ///< of its last step
  double seconds = 0;   ///< of this epoch, its evaluation included
};

struct training_options {
  int epochs = 10;
  int batch = 128;  ///< images of a step; what is left of an epoch's images is left out
  optimizer method = sgd{};
  learning_rate_schedule rate{};
  double label_smoothing = 0.1;
  double averaging = 0;        ///< above 0: a moving average of all parameters, of this decay, is evaluated and kept
  augmentation augment{};      ///< of training images
  std::uint64_t seed = 0;      ///< of the order of images and their augmentation
  int threads = 1;             ///< with one, the same seed gives the same bits
  std::string device = "cpu";  ///< as PyTorch names devices, such as "cuda:0"
  /// A file that is written whole after each epoch. Where it is there, training goes on after its epoch.
  std::filesystem::path checkpoint{};
  /// Called after each epoch; false ends the training.
  std::function<bool(const epoch_result&)> each_epoch{};
  nascent::watch* watch = nullptr;  ///< a step is a step; what is begun ends with the step
};

/// \throws training_error for an option out of range
inline void check_options(const training_options& o) {
  const auto refuse = [](const std::string& name, double found, const std::string& allowed) {
    throw training_error("training.option", "training_options." + name, exact_text(found), allowed);
  };
  const auto in = [&](const std::string& name, double value, bool right, const std::string& allowed) {
    if (!right) refuse(name, value, allowed);
  };
  in("epochs", o.epochs, o.epochs >= 1, "1 or more");
  in("batch", o.batch, o.batch >= 1, "1 or more");
  in("threads", o.threads, o.threads >= 1, "1 or more");
  in("label_smoothing", o.label_smoothing, o.label_smoothing >= 0 && o.label_smoothing < 1, "0 or more, below 1");
  in("averaging", o.averaging, o.averaging >= 0 && o.averaging < 1, "0 or more, below 1");
  in("augment.crop", o.augment.crop, o.augment.crop >= 0, "0 or more");
  in("rate.peak", o.rate.peak, o.rate.peak > 0 && std::isfinite(o.rate.peak), "above 0");
  in("rate.warm_up_epochs", o.rate.warm_up_epochs, o.rate.warm_up_epochs >= 0 && std::isfinite(o.rate.warm_up_epochs),
     "0 or more");
  if (const auto* e = std::get_if<exponential_decay>(&o.rate.decay)) {
    in("rate.decay.factor", e->factor, e->factor > 0 && e->factor <= 1, "above 0, 1 at most");
    in("rate.decay.epochs", e->epochs, e->epochs > 0, "above 0");
  }
  const auto share = [&](const std::string& name, double value) {
    in(name, value, value >= 0 && value < 1, "0 or more, below 1");
  };
  if (const auto* m = std::get_if<sgd>(&o.method)) {
    share("method.momentum", m->momentum);
    in("method.l2", m->l2, m->l2 >= 0 && std::isfinite(m->l2), "0 or more");
  } else if (const auto* r = std::get_if<rmsprop>(&o.method)) {
    share("method.decay", r->decay);
    share("method.momentum", r->momentum);
    in("method.epsilon", r->epsilon, r->epsilon > 0, "above 0");
    in("method.l2", r->l2, r->l2 >= 0 && std::isfinite(r->l2), "0 or more");
  } else if (const auto* a = std::get_if<adamw>(&o.method)) {
    share("method.beta1", a->beta1);
    share("method.beta2", a->beta2);
    in("method.epsilon", a->epsilon, a->epsilon > 0, "above 0");
    in("method.weight_decay", a->weight_decay, a->weight_decay >= 0 && std::isfinite(a->weight_decay), "0 or more");
  }
}

namespace detail {

/// All that decides which bits come out, for checkpoints: a training goes on with the same options only.
inline std::string options_text(const training_options& o) {
  std::string text = "epochs " + std::to_string(o.epochs) + ", batch " + std::to_string(o.batch);
  const auto add = [&](const std::string& name, double value) { text += ", " + name + " " + exact_text(value); };
  if (const auto* m = std::get_if<sgd>(&o.method)) {
    add(m->nesterov ? "sgd nesterov momentum" : "sgd momentum", m->momentum);
    add("l2", m->l2);
  } else if (const auto* r = std::get_if<rmsprop>(&o.method)) {
    add("rmsprop decay", r->decay);
    add("momentum", r->momentum);
    add("epsilon", r->epsilon);
    add("l2", r->l2);
  } else if (const auto* a = std::get_if<adamw>(&o.method)) {
    add("adamw beta1", a->beta1);
    add("beta2", a->beta2);
    add("epsilon", a->epsilon);
    add("weight_decay", a->weight_decay);
  }
  add("rate", o.rate.peak);
  add("warm_up_epochs", o.rate.warm_up_epochs);
  if (const auto* e = std::get_if<exponential_decay>(&o.rate.decay)) {
    add(e->staircase ? "staircase factor" : "exponential factor", e->factor);
    add("each", e->epochs);
  } else {
    text += std::holds_alternative<constant_rate>(o.rate.decay) ? ", constant" : ", cosine";
  }
  add("label_smoothing", o.label_smoothing);
  add("averaging", o.averaging);
  add("crop", o.augment.crop);
  text += o.augment.flip ? ", flip" : "";
  return text + ", seed " + std::to_string(o.seed) + ", threads " + std::to_string(o.threads) + ", device " + o.device;
}

}  // namespace detail

}  // namespace nascent
