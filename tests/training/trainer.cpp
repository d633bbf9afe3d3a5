// SPDX-License-Identifier: Apache-2.0
// Trainings of small networks on images that are made here: what they learn, which bits come out, what they refuse.
#include "nascent/training/trainer.hpp"

#undef CHECK  // PyTorch has one, too
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../temporary_folder.hpp"
#include "made_images.hpp"
#include "refusal.hpp"
#include <catch2/catch_test_macros.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include "nascent/block/block.hpp"
#include "nascent/executor/reference.hpp"
#include "nascent/reward/evaluate.hpp"
#include "nascent/scaling/lacs.hpp"
#include "nascent/search/random_search.hpp"
#include "nascent/space/space.hpp"
#include "nascent/study/run_study.hpp"
#include "nascent/training/training_evaluator.hpp"

using namespace nascent;

namespace {

network small_network() {
  return make_network("small", {1, 8, 8, 2}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 8, .kernel = 3, .stride = 2, .act = relu});
    x = net.add(net.depthwise_conv(x, {.kernel = 3, .act = hswish}), x);
    net.dense(net.global_pool(net.conv(x, {.filters = 12, .act = relu})), {.units = 4});
  });
}

training_options short_training() { return {.epochs = 4, .batch = 16, .rate = {.peak = 0.1}, .seed = 3}; }

/// All tensors, bit by bit.
std::vector<float> numbers_of(const trainable& model) {
  std::vector<float> all;
  for (const named_tensor& t : model.tensors())
    all.insert(all.end(), t.value.data_ptr<float>(), t.value.data_ptr<float>() + t.value.numel());
  return all;
}

using test::refusal;
using test::says;

}  // namespace

// Three steps from (1, -2) by the gradients (0.5, -1), (0.25, 2), (-0.75, 0.5) at rate 0.1: printed by PyTorch 2.6 in
// double precision, the third by RMSpropTF of timm 1.0.31, which has TensorFlow's.
TEST_CASE("trainer: optimisers do what PyTorch's and timm's do") {
  const auto after = [](const optimizer& method) {
    const at::Tensor w = at::empty({2});
    w.data_ptr<float>()[0] = 1;
    w.data_ptr<float>()[1] = -2;
    w.set_requires_grad(true);
    const std::vector<named_tensor> all{{"w", parameter_role::kernel, w}};
    detail::torch_optimizer steps(method, all);
    for (const auto& [a, b] : {std::pair{0.5F, -1.0F}, {0.25F, 2.0F}, {-0.75F, 0.5F}}) {
      at::Tensor g = at::empty({2});
      g.data_ptr<float>()[0] = a;
      g.data_ptr<float>()[1] = b;
      w.mutable_grad() = g;
      steps.step(0.1);
    }
    return std::pair{static_cast<double>(w.data_ptr<float>()[0]), static_cast<double>(w.data_ptr<float>()[1])};
  };
  const auto near = [](std::pair<double, double> found, double a, double b) {
    return std::abs(found.first - a) < 1e-6 && std::abs(found.second - b) < 1e-6;
  };
  CHECK(near(after(sgd{.momentum = 0.9, .l2 = 0.01}), 0.8866097489999999, -2.147969498));
  CHECK(near(after(sgd{.momentum = 0.9, .nesterov = true, .l2 = 0.01}), 0.895369708191, -2.277336916382));
  CHECK(near(after(rmsprop{.decay = 0.9, .momentum = 0.9, .epsilon = 1e-3, .l2 = 0.01}), 0.8849584819347749,
             -2.0987737225014484));
  CHECK(near(after(adamw{.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3, .weight_decay = 0.05}), 0.8121593927109957,
             -1.9582307130383914));
}

TEST_CASE("trainer: L2 pulls at kernels and at nothing else") {
  for (const parameter_role role : {parameter_role::kernel, parameter_role::factor, parameter_role::summand}) {
    const at::Tensor w = at::ones({1}).set_requires_grad(true);
    const std::vector<named_tensor> all{{"w", role, w}};
    detail::torch_optimizer steps(sgd{.momentum = 0, .l2 = 0.5}, all);
    w.mutable_grad() = at::zeros_like(w.detach());
    steps.step(0.1);
    CHECK((w.item<float>() < 1) == (role == parameter_role::kernel));
  }
}

TEST_CASE("trainer: every optimiser learns, and an executor says the same of the weights") {
  const image_set training = test::made_images(400, 1);
  const image_set validation = test::made_images(120, 2);
  for (const auto& [method, peak] : {std::pair<optimizer, double>{sgd{}, 0.2}, {rmsprop{}, 0.01}, {adamw{}, 0.02}}) {
    INFO("optimiser " << method.index());
    trainable model(small_network(), 5);
    CHECK(top1_accuracy(model, validation, standardize(training)) < 70);
    const training_result result = train(model, training, validation,
                                         {.epochs = 6,
                                          .batch = 20,
                                          .method = method,
                                          .rate = {.peak = peak, .warm_up_epochs = 1},
                                          .averaging = method.index() == 1 ? 0.9 : 0,
                                          .augment = {.crop = 1}});
    CHECK(result.finished);
    CHECK(result.epochs.size() == 6);
    CHECK(result.accuracy >= 95);
    CHECK(result.epochs.back().loss < result.epochs.front().loss);

    auto program = reference::executor{}.compile(model.graph(), model.to_weights());
    std::vector<float> in(validation.image_bytes());
    std::vector<float> out(4);
    int right = 0;
    random_engine unused;
    for (std::size_t i = 0; i < validation.size(); ++i) {
      write_image(validation, i, result.pixels, {}, unused, in);
      program.run(in, out);
      right += static_cast<int>(std::ranges::max_element(out) - out.begin()) == validation.labels[i];
    }
    CHECK(std::abs(100.0 * right / 120 - result.accuracy) < 1e-9);
  }
}

TEST_CASE("trainer: what is averaged is what is evaluated and kept") {
  const image_set training = test::made_images(96, 1);
  trainable plain(small_network(), 5);
  trainable averaged(small_network(), 5);
  training_options options = short_training();
  train(plain, training, training, options);
  options.averaging = 0.5;
  const training_result result = train(averaged, training, training, options);
  CHECK(numbers_of(plain) != numbers_of(averaged));
  CHECK(result.accuracy == top1_accuracy(averaged, training, result.pixels));

  // By hand, where the gradient is 0 and L2 alone moves a kernel: of w the average a = d a + (1 - d) w.
  const at::Tensor w = at::ones({1});
  const std::vector<named_tensor> all{{"w", parameter_role::kernel, w}};
  detail::tensor_average average(0.9, all);
  w.fill_(3);
  average.follow(1);  // d = min(0.9, 2 / 11)
  CHECK(std::abs(average.state()[0].value.item<float>() - (2.0F / 11 + 3 * 9.0F / 11)) < 1e-6F);
}

TEST_CASE("trainer: one seed gives one network, another seed another") {
  const image_set images = test::made_images(96, 1);
  const auto trained = [&](std::uint64_t seed) {
    trainable model(small_network(), 5);
    training_options options = short_training();
    options.seed = seed;
    options.augment = {.crop = 1, .flip = true};
    train(model, images, images, options);
    return numbers_of(model);
  };
  CHECK(trained(1) == trained(1));
  CHECK(trained(1) != trained(2));
}

TEST_CASE("trainer: killed in the middle of an epoch it goes on, and the same bits come out") {
  const image_set images = test::made_images(96, 1);  // six steps an epoch
  for (const optimizer& method : {optimizer{sgd{}}, optimizer{rmsprop{}}, optimizer{adamw{}}}) {
    INFO("optimiser " << method.index());
    const test::temporary_folder folder;
    training_options options = short_training();
    options.method = method;
    options.rate.peak = 0.01;
    options.averaging = 0.9;
    options.augment = {.crop = 1, .flip = true};
    trainable whole(small_network(), 5);
    const training_result expected = train(whole, images, images, options);

    options.checkpoint = folder / "checkpoint.safetensors";
    const pid_t child = ::fork();
    if (child == 0) {
      watch killer({.style = progress_style::quiet, .each_step = [](const watch_step& s) {
                      if (s.done == 15) ::raise(SIGKILL);  // in the third epoch
                    }});
      options.watch = &killer;
      trainable model(small_network(), 5);
      train(model, images, images, options);
      ::_exit(0);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));

    std::size_t steps = 0;
    watch counted({.style = progress_style::quiet, .each_step = [&](const watch_step&) { ++steps; }});
    options.watch = &counted;
    trainable resumed(small_network(), 999);  // its own numbers are those of the checkpoint
    const training_result found = train(resumed, images, images, options);
    CHECK(steps == 12);
    CHECK(numbers_of(resumed) == numbers_of(whole));
    REQUIRE(found.epochs.size() == expected.epochs.size());
    for (std::size_t i = 0; i < found.epochs.size(); ++i) {
      CHECK(found.epochs[i].loss == expected.epochs[i].loss);
      CHECK(found.epochs[i].accuracy == expected.epochs[i].accuracy);
    }

    // Once more there is nothing left to do.
    trainable again(small_network(), 1);
    CHECK(train(again, images, images, options).accuracy == expected.accuracy);
    CHECK(steps == 12);
    CHECK(numbers_of(again) == numbers_of(whole));
  }
}

TEST_CASE("trainer: a checkpoint of another training is refused by name") {
  const image_set images = test::made_images(64, 1);
  const test::temporary_folder folder;
  training_options options = short_training();
  options.epochs = 1;
  options.checkpoint = folder / "checkpoint.safetensors";
  trainable model(small_network(), 5);
  train(model, images, images, options);

  const network other = make_network("other", {1, 8, 8, 2}, [](auto& net, tensor x) {
    net.dense(net.global_pool(net.conv(x, {.filters = 8, .kernel = 3})), {.units = 4});
  });
  trainable another(other);
  CHECK(says(refusal([&] { train(another, images, images, options); }),
             "training.checkpoint, nascent: checkpoint '" + options.checkpoint.string() + "', network"));
  training_options faster = options;
  faster.rate.peak *= 2;
  CHECK(says(refusal([&] { train(model, images, images, faster); }), ", options: found"));
  const image_set others = test::made_images(64, 7);
  CHECK(says(refusal([&] { train(model, others, images, options); }), ", images: found"));
  trainable slower(small_network(), 5, {.averaging = 0.99});
  CHECK(says(refusal([&] { train(slower, images, images, options); }), ", options: found"));

  std::string bytes = read_file(options.checkpoint);
  write_file(options.checkpoint, bytes.substr(0, bytes.size() - 5));
  CHECK(says(refusal([&] { train(model, images, images, options); }), "io.safetensors"));
  write_file(options.checkpoint, "text");
  CHECK(says(refusal([&] { train(model, images, images, options); }), "io.safetensors"));
  const std::size_t at = bytes.find("libtorch ");
  REQUIRE(at != std::string::npos);
  bytes[at + 9] = '0';
  write_file(options.checkpoint, bytes);
  CHECK(says(refusal([&] { train(model, images, images, options); }), ", library: found libtorch 0"));
}

TEST_CASE("trainer: a loss that is no number names the step and the rate") {
  const image_set images = test::made_images(64, 1);
  training_options options = short_training();
  options.rate = {.peak = 1e30, .decay = constant_rate{}};
  const network plain = make_network("plain", {1, 8, 8, 2}, [](auto& net, tensor x) {
    net.dense(net.global_pool(net.conv(x, {.filters = 4, .kernel = 3, .bias = true})), {.units = 4});
  });
  trainable model(plain);
  const std::string text = refusal([&] { train(model, images, images, options); });
  CHECK(text.starts_with("training.loss"));
  CHECK(says(text, "network 'plain', step "));
  CHECK(says(text, "(epoch 1): found a loss of "));
  CHECK(says(text, "at learning rate 1e30"));
}

TEST_CASE("trainer: images, networks and options that do not fit are refused before anything is trained") {
  const image_set images = test::made_images(64, 1);
  trainable model(small_network());
  const training_options options = short_training();
  const auto with = [&](const image_set& training, const image_set& validation, const training_options& o) {
    return refusal([&] { train(model, training, validation, o); });
  };
  CHECK(says(with(padded(images, 9, 8), images, options), "training.images"));
  CHECK(says(with(images, padded(images, 9, 8), options), "found 9 x 8 x 2 pixels; allowed: 8 x 8 x 2"));
  image_set labelled = images;
  labelled.labels[5] = 4;
  CHECK(says(with(labelled, images, options), "label of image 5: found 4; allowed: 0 to 3"));
  image_set more = images;
  more.classes = 5;
  CHECK(says(with(more, images, options), "found 1 x 1 x 4; allowed: 1 x 1 x 5: a number for each class"));
  CHECK(says(with({"none", 8, 8, 2, 4}, images, options), "images 'none': found none"));

  training_options wrong = options;
  wrong.batch = 65;
  CHECK(says(with(images, images, wrong), "found 65; allowed: 64 at most"));
  wrong.batch = 1;
  CHECK(says(with(images, images, wrong), "normalises batches"));
  wrong = options;
  wrong.rate.peak = 0;
  CHECK(says(with(images, images, wrong), "training_options.rate.peak: found 0"));
  wrong = options;
  wrong.method = sgd{.momentum = 1};
  CHECK(says(with(images, images, wrong), "training_options.method.momentum: found 1"));
  wrong = options;
  wrong.checkpoint = "/no/such/folder/checkpoint";
  CHECK(says(with(images, images, wrong), "file.write"));

  const auto softened = make_network("soft", {1, 8, 8, 2}, [](auto& net, tensor x) {
    net.channel_softmax(net.dense(net.global_pool(x), {.units = 4}), 1);
  });
  trainable soft(softened);
  CHECK(says(refusal([&] { train(soft, images, images, options); }), "its last layer: found channel_softmax"));
}

TEST_CASE("trainer: ends with its watch, stops when asked, and when an epoch is enough") {
  const image_set images = test::made_images(96, 1);
  trainable model(small_network(), 5);
  training_options options = short_training();
  watch ending({.style = progress_style::quiet});
  std::size_t steps = 0;
  watch_options looks{.style = progress_style::quiet};
  std::optional<watch> w;
  looks.each_step = [&](const watch_step& s) {
    steps = s.done;
    if (s.done == 8) w->end();
  };
  w.emplace(looks);
  options.watch = &*w;
  const training_result ended = train(model, images, images, options);
  CHECK(steps == 8);
  CHECK(ended.epochs.size() == 1);
  CHECK_FALSE(ended.finished);
  CHECK(ended.accuracy == top1_accuracy(model, images, ended.pixels));

  std::optional<watch> stopping;
  looks.each_step = [&](const watch_step& s) {
    steps = s.done;
    if (s.done == 3) stopping->stop();
  };
  stopping.emplace(looks);
  options.watch = &*stopping;
  CHECK_THROWS_AS(train(model, images, images, options), stopped_error);
  CHECK(steps == 3);

  options.watch = nullptr;
  options.each_epoch = [](const epoch_result& e) { return e.epoch < 2; };
  const training_result early = train(model, images, images, options);
  CHECK(early.epochs.size() == 2);
  CHECK_FALSE(early.finished);
}

namespace {

constexpr auto tiny_space = define([] {
  return search_space("tiny")
      .input(2, 8)
      .round_widths({.divisor = 4})
      .stage("stem", conv{.filters = one_of(4, 8), .kernel = 3, .act = relu})
      .stride(2)
      .stage("1", mbconv{.filters = one_of(4, 8), .kernel = one_of(3, 5), .expand = 2, .act = relu})
      .head(global_pool{}, dense{4});
});

}  // namespace

TEST_CASE("training_evaluator: a number for searches, metrics for studies, and early stopping by their policy") {
  const image_set training = test::made_images(200, 1);
  const image_set validation = test::made_images(100, 2);
  evaluator_options options{.training = {.epochs = 3, .batch = 20, .rate = {.peak = 0.1}}, .repeats = 2};
  options.also = [](const network& n) { return metric_map{{"layers", static_cast<double>(n.layers().size())}}; };
  const training_evaluator judge(training, validation, options);

  random_engine rng(1);
  const auto drawn = tiny_space.sample(rng);
  const std::optional<double> accuracy = evaluate(judge, drawn);
  REQUIRE(accuracy.has_value());
  // The mean of the two trainings, done by hand.
  double mean = 0;
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}}) {
    trainable model(to_network(drawn), seed);
    training_options one = options.training;
    one.seed = seed;
    mean += train(model, training, validation, one).accuracy / 2;
  }
  CHECK(std::abs(*accuracy - mean) < 1e-9);

  const test::temporary_folder folder;
  study record(folder / "study.db", random_search(tiny_space, {.seed = 2}), maximise("accuracy"));
  // The first network goes to its end; those after it are stopped where their first epoch is not above all of it.
  const run_result ran = run_study(record, judge, {.networks = 3, .stopping = median_rule{.least_trials = 1}});
  CHECK(ran.evaluated == 3);
  CHECK(ran.failed == 0);
  for (const trial_record& t : record.trials()) {
    const double epochs = t.result.metrics.at("epochs");
    CHECK(t.result.metrics.at("accuracy") >= 0);
    CHECK(t.result.metrics.at("layers") >= 5);
    if (t.state == trial_state::done) {
      CHECK(epochs == 6);
      CHECK(t.result.metrics.contains("accuracy_deviation"));
    } else {
      CHECK(t.state == trial_state::stopped);
      CHECK(epochs < 3);
    }
  }

  // Where the policy says no after the first epoch, the training ends there.
  struct refusing {
    const std::remove_cvref_t<decltype(drawn)>* what;
    nascent::watch none{{.style = progress_style::quiet}};
    int reports = 0;
    const auto& space() const { return tiny_space; }
    const auto& candidate() const { return *what; }
    const nascent::watch& watch() const { return none; }
    bool report(std::int64_t, const metric_map& m) {
      ++reports;
      return m.at("accuracy") < 0;
    }
  } trial{&drawn};
  const evaluation stopped = judge(trial);
  CHECK(stopped.stopped);
  CHECK(trial.reports == 1);
  CHECK(stopped.metrics.at("epochs") == 1);

  options.seconds = 1e-9;
  const evaluator_options limited = options;
  CHECK(
      refusal([&] { training_evaluator(training, padded(validation, 9, 9), options); }).starts_with("training.images"));
  options.repeats = 0;
  CHECK(refusal([&] { training_evaluator(training, validation, options); }).starts_with("training.option"));
  refusing more{&drawn};
  const auto goes_on = [&] { return training_evaluator(training, validation, limited)(to_network(drawn)); };
  CHECK(goes_on() >= 0);  // some epoch's accuracy, of one repeat
}

TEST_CASE("training_evaluator: images become as large as a network's input where that is asked for") {
  const image_set training = test::made_images(64, 1);
  const image_set validation = test::made_images(40, 2);
  const evaluator_options options{.training = {.epochs = 2, .batch = 16, .rate = {.peak = 0.1}}, .resize = true};
  const network larger = make_network("larger", {1, 12, 10, 2}, [](auto& net, tensor x) {
    net.dense(net.global_pool(net.conv(x, {.filters = 8, .stride = 2, .act = relu})), {.units = 4});
  });
  trainable model(larger, 0);
  const double by_hand =
      train(model, resized(training, 12, 10), resized(validation, 12, 10), options.training).accuracy;
  CHECK(training_evaluator(training, validation, options)(larger) == by_hand);
  const auto refused = [&] { training_evaluator(training, validation, {.training = options.training})(larger); };
  CHECK(says(refusal(refused), "found 8 x 8 x 2 pixels; allowed: 12 x 10 x 2"));
}

TEST_CASE("training_evaluator: with checkpoints what was trained answers at once, and what was begun goes on") {
  const image_set training = test::made_images(64, 1);
  const image_set validation = test::made_images(40, 2);
  const test::temporary_folder folder;
  const network graph = small_network();
  int trained = 0;
  evaluator_options options{.training = short_training(), .repeats = 2};
  options.training.each_epoch = [&](const epoch_result&) { return ++trained > 0; };
  const double plain = training_evaluator(training, validation, options)(graph);
  options.checkpoints = folder / "deep" / "checkpoints";
  trained = 0;
  {
    watch few({.style = progress_style::quiet});
    evaluator_options stopped = options;  // in the second repeat
    stopped.training.watch = &few;
    stopped.training.each_epoch = [&](const epoch_result&) {
      if (++trained == 6) few.stop();
      return true;
    };
    CHECK_THROWS_AS(training_evaluator(training, validation, stopped)(graph), stopped_error);
  }
  const training_evaluator judge(training, validation, options);
  CHECK(judge(graph) == plain);
  CHECK(trained == 8);  // 6 before, 2 now
  CHECK(judge(graph) == plain);
  CHECK(trained == 8);
  CHECK(judge.evaluate(graph).metrics.at("epochs") == 8);

  const trained_network kept = judge.trained(graph);
  CHECK(trained == 8);
  trainable alone(graph, 3);
  CHECK(kept.result.accuracy == train(alone, training, validation, short_training()).accuracy);
  CHECK(numbers_of(kept.model) == numbers_of(alone));

  options.training.epochs = 5;
  CHECK(says(refusal([&] { training_evaluator(training, validation, options)(graph); }), "training.checkpoint"));
}

TEST_CASE("training_evaluator: lacs scales by what it says") {
  const image_set training = test::made_images(64, 1);
  const image_set validation = test::made_images(40, 2);
  random_engine rng(1);
  const auto base = tiny_space.sample(rng);
  const training_evaluator judge(training, validation,
                                 {.training = {.epochs = 1, .batch = 16, .rate = {.peak = 0.1}}, .resize = true});
  const auto macs_ms = [](const network& n) { return static_cast<double>(cost(n).macs) * 1e-4; };
  const lacs_options options{.levels = 1, .factor = 2, .divisions = 1, .refinements = 0, .interpolate = false};
  const auto found = lacs(base, judge, macs_ms, options);
  REQUIRE(found.trials.size() == 3);
  double best = 0;
  for (const auto& t : found.trials)
    if (t.accuracy) {
      // Again, and by hand.
      CHECK(judge(to_network(t.solution->at.candidate)) == *t.accuracy);
      best = std::max(best, t.reward);
    }
  CHECK(found.trials[found.best_index].reward == best);
  CHECK(found.levels.back().accuracy.has_value());
}
