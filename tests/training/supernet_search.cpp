// SPDX-License-Identifier: Apache-2.0
// Weights and a controller that learn beside each other, on images that are made here.
#include "nascent/training/supernet_search.hpp"

#undef CHECK  // PyTorch has one, too
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "../temporary_folder.hpp"
#include "made_images.hpp"
#include "refusal.hpp"
#include "supernet_space.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/search/search.hpp"

using namespace nascent;

namespace {

using space_type = std::remove_const_t<decltype(test::supernet_space)>;

/// A "latency" that anybody can count: thousands of parameters.
double thousands(const candidate<space_type>& c) { return static_cast<double>(cost(c).params) / 1000; }

supernet_search_options short_search() {
  return {.weights = {.epochs = 4, .batch = 16, .method = sgd{}, .rate = {.peak = 0.05}, .seed = 3},
          .controller = {.rate = 0.05, .schedule = rate_schedule::constant, .replicas = 2, .seed = 4}};
}

std::vector<float> numbers_of(const supernet<space_type>& shared) {
  std::vector<float> all;
  for (const named_tensor& t : shared.tensors())
    all.insert(all.end(), t.value.data_ptr<float>(), t.value.data_ptr<float>() + t.value.numel());
  return all;
}
std::vector<double> beliefs_of(const supernet_search_result<space_type>& result) {
  std::vector<double> all;
  for (std::size_t k = 0; k < test::supernet_space.slot_count; ++k)
    for (const double p : result.controller.probabilities(k)) all.push_back(p);
  return all;
}

using test::refusal;

}  // namespace

TEST_CASE("search_supernet: the weights learn to tell images, and the controller lands at its target", "[long]") {
  const image_set training = test::made_images(320, 1);
  const image_set validation = test::made_images(128, 2);
  const supernet shared(test::supernet_space, {.seed = 1});
  supernet_search_options options = short_search();
  options.weights.epochs = 12;
  constexpr double target = 4.5;
  const auto result = search_supernet(shared, training, validation, thousands,
                                      absolute{.target_ms = target, .weight = -1, .full_scale = 100}, options);
  REQUIRE(result.finished);
  REQUIRE(result.epochs.size() == 12);
  for (const supernet_epoch& e : result.epochs)
    UNSCOPED_INFO(e.training.epoch << ": loss " << e.training.loss << ", mean " << e.mean_accuracy << " % at "
                                   << e.mean_ms << ", likely " << e.training.accuracy << " % at " << e.likely_ms);
  REQUIRE(result.most_likely);
  CHECK(result.epochs.back().mean_accuracy > 70);  // by chance 25
  CHECK(result.epochs.back().training.accuracy > 70);
  CHECK(std::abs(result.epochs.back().mean_ms / target - 1) < std::abs(result.epochs.front().mean_ms / target - 1));
  CHECK(std::abs(result.epochs.back().mean_ms / target - 1) < 0.1);
  CHECK(thousands(*result.most_likely) == result.epochs.back().likely_ms);

  // Once-for-all: the same weights answer a search for another target.
  const supernet_accuracy accuracy(shared, test::made_images(96, 5), result.pixels, 32);
  const auto other = search(test::supernet_space, accuracy, thousands,
                            absolute{.target_ms = 3.2, .weight = -1, .full_scale = 100}, {.trials = 30});
  CHECK(other.best().metrics->accuracy > 60);
  CHECK(other.best().metrics->accuracy == accuracy(other.best().candidate));
}

TEST_CASE("search_supernet: what goes on from a checkpoint ends with the same bits") {
  const test::temporary_folder folder;
  const image_set training = test::made_images(160, 1);
  const image_set validation = test::made_images(64, 2);
  const absolute judge{.target_ms = 4, .full_scale = 100};
  const supernet whole(test::supernet_space, {.seed = 1});
  const auto expected = search_supernet(whole, training, validation, thousands, judge, short_search());

  supernet_search_options options = short_search();
  options.weights.checkpoint = folder / "supernet.safetensors";
  options.weights.each_epoch = [](const epoch_result& e) { return e.epoch < 2; };
  const supernet first(test::supernet_space, {.seed = 1});
  CHECK_FALSE(search_supernet(first, training, validation, thousands, judge, options).finished);
  options.weights.each_epoch = nullptr;
  const supernet second(test::supernet_space, {.seed = 99});  // its weights come from the file
  const auto found = search_supernet(second, training, validation, thousands, judge, options);
  CHECK(found.finished);
  CHECK(numbers_of(second) == numbers_of(whole));
  CHECK(beliefs_of(found) == beliefs_of(expected));
  CHECK(found.most_likely == expected.most_likely);
  REQUIRE(found.epochs.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(found.epochs[i].training.loss == expected.epochs[i].training.loss);
    CHECK(found.epochs[i].mean_ms == expected.epochs[i].mean_ms);
  }

  options.weights.rate.peak = 0.06;
  const std::string refused =
      refusal([&] { search_supernet(second, training, validation, thousands, judge, options); });
  CHECK(refused.starts_with("training.checkpoint"));
  CHECK(refused.find("options") != std::string::npos);
}

TEST_CASE("warm_up: certain, it makes the widest and averages every layer; impossible, it changes nothing") {
  const supernet_layout layout(test::supernet_space);
  const nascent::detail::warm_up<space_type> begin(layout);
  random_engine rng(6);
  for (int i = 0; i < 50; ++i) {
    const auto c = test::supernet_space.sample(rng);
    CHECK(begin.widen(c, 0, rng) == c);
    CHECK(begin.average(c, 0, rng).empty());
    const auto wide = begin.widen(c, 1, rng);
    for (std::size_t k = 0; k < test::supernet_space.slot_count; ++k) {
      const std::string path(test::supernet_space.slot(k).path.view());
      CHECK(wide.digits[k] == (path.ends_with("filters") ? 1 : c.digits[k]));
    }
    // The stem decides its width alone, which is no operation: its average is of one.
    std::set<layer_position> expected{{1, 0}, {2, 0}, {2, 1}, {2, 2}};
    const int layers = c.digits[test::supernet_space.find("2.layers")] + 1;
    for (int layer = 0; layer < layers; ++layer) expected.insert({3, layer});
    const auto positions = begin.average(c, 1, rng);
    CHECK((std::set(positions.begin(), positions.end()) == expected));
  }
}

TEST_CASE("search_supernet: what does not fit is refused by name") {
  const image_set training = test::made_images(64, 1);
  const image_set validation = test::made_images(32, 2);
  const supernet shared(test::supernet_space);
  const absolute judge{.target_ms = 4, .full_scale = 100};
  const auto refused = [&](auto&& change) {
    supernet_search_options options = short_search();
    change(options);
    return refusal([&] { search_supernet(shared, training, validation, thousands, judge, options); });
  };
  CHECK(refused([](auto& o) {
          o.weights.averaging = 0.9;
        }).starts_with("training.option, nascent: supernet_search_options.weights.averaging: found 0.9"));
  CHECK(refused([](auto& o) { o.warm_up = 2; }).find("warm_up: found 2; allowed: 0 to 1") != std::string::npos);
  CHECK(refused([](auto& o) { o.weights.batch = 33; }).find("weights.batch: found 33; allowed: 2 to 32") !=
        std::string::npos);
  CHECK(refused([](auto& o) { o.weights.device = "cuda"; }).starts_with("training.option"));
  CHECK(refused([](auto& o) { o.controller.rate = 0; }).starts_with("search.option"));
  const supernet spoilt(test::supernet_space);
  CHECK(refusal([&] {
          supernet_search_options options = short_search();
          options.weights.rate.peak = 1e30;
          search_supernet(spoilt, training, validation, thousands, judge, options);
        }).starts_with("training.loss"));
  const auto silent = [](const candidate<space_type>&) -> std::optional<double> { return std::nullopt; };
  CHECK(refusal([&] {
          search_supernet(shared, training, validation, silent, judge, short_search());
        }).starts_with("training.supernet, nascent: search in 'shared', latency of the network of rank "));
  image_set others = test::made_images(32, 2);
  others.classes = 5;
  CHECK(refusal([&] {
          search_supernet(shared, others, validation, thousands, judge, short_search());
        }).starts_with("training.network"));
  CHECK(
      refusal([&] { supernet_accuracy(shared, validation, standardize(training), 1); }).starts_with("training.option"));
}
