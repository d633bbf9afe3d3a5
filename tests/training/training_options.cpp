// SPDX-License-Identifier: Apache-2.0
#include "nascent/training/training_options.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

bool near(double a, double b) { return std::abs(a - b) < 1e-12; }

std::string refused(const training_options& o) {
  try {
    check_options(o);
  } catch (const training_error& e) {
    return std::string(e.where()) + " " + std::string(e.found());
  }
  return "none";
}

}  // namespace

TEST_CASE("training_options: rates warm up linearly, then fall as the papers say") {
  const learning_rate_schedule cosine{.peak = 2, .warm_up_epochs = 2};
  CHECK(near(learning_rate(cosine, 0.5, 12), 0.5));
  CHECK(near(learning_rate(cosine, 2, 12), 2));
  CHECK(near(learning_rate(cosine, 7, 12), 1));               // half way
  CHECK(near(learning_rate(cosine, 2 + 10.0 / 3, 12), 1.5));  // a third: (1 + cos 60 degrees) / 2
  CHECK(near(learning_rate(cosine, 12, 12), 0));
  // MnasNet: 0.97 every 2.4 epochs.
  const learning_rate_schedule steps{.peak = 1, .decay = exponential_decay{.factor = 0.97, .epochs = 2.4}};
  CHECK(near(learning_rate(steps, 2.3, 350), 1));
  CHECK(near(learning_rate(steps, 2.5, 350), 0.97));
  CHECK(near(learning_rate(steps, 5, 350), 0.97 * 0.97));
  const learning_rate_schedule smooth{.peak = 1,
                                      .decay = exponential_decay{.factor = 0.25, .epochs = 2, .staircase = false}};
  CHECK(near(learning_rate(smooth, 1, 350), 0.5));
  CHECK(near(learning_rate({.peak = 3, .decay = constant_rate{}}, 7, 9), 3));
  CHECK(near(learning_rate({.peak = 3, .warm_up_epochs = 9}, 9, 9), 3));
}

TEST_CASE("training_options: what is out of range is refused by name") {
  CHECK(refused({}) == "none");
  CHECK(refused({.epochs = 0}) == "training_options.epochs 0");
  CHECK(refused({.batch = 0}) == "training_options.batch 0");
  CHECK(refused({.method = rmsprop{.epsilon = 0}}) == "training_options.method.epsilon 0");
  CHECK(refused({.method = sgd{.l2 = -1}}) == "training_options.method.l2 -1");
  CHECK(refused({.method = adamw{.beta2 = 1}}) == "training_options.method.beta2 1");
  CHECK(refused({.method = adamw{.weight_decay = -1}}) == "training_options.method.weight_decay -1");
  CHECK(refused({.rate = {.peak = std::nan("")}}) == "training_options.rate.peak nan");
  CHECK(refused({.rate = {.warm_up_epochs = -1}}) == "training_options.rate.warm_up_epochs -1");
  CHECK(refused({.rate = {.decay = exponential_decay{.factor = 2}}}) == "training_options.rate.decay.factor 2");
  CHECK(refused({.label_smoothing = 1}) == "training_options.label_smoothing 1");
  CHECK(refused({.averaging = 1}) == "training_options.averaging 1");
  CHECK(refused({.augment = {.crop = -1}}) == "training_options.augment.crop -1");
  CHECK(refused({.threads = 0}) == "training_options.threads 0");
}
