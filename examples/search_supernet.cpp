// SPDX-License-Identifier: Apache-2.0
// The search of TuNAS on Fashion-MNIST: the weights of all networks of a space and a controller learn beside each
// other, under a target of multiply-adds. What is found is trained by itself, and so are networks of the same cost that
// nobody searched for.
//
//   search_supernet --target 6 --seeds 3 --random 10
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "checked_options.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/base/signal_stop.hpp>
#include <nascent/cost/cost.hpp>
#include <nascent/nascent.hpp>
#include <nascent/report/table.hpp>
#include <nascent/reward/rank_correlation.hpp>
#include <nascent/training/idx.hpp>
#include <nascent/training/supernet_accuracy.hpp>
#include <nascent/training/supernet_search.hpp>

using namespace nascent;

namespace {

constexpr auto layers_of(int filters) {
  return either(mbconv{.filters = filters, .kernel = one_of(3, 5, 7), .expand = one_of(3, 6)}, skip{});
}

/// TuNAS' ProxylessNAS with a quarter of the filters, for 28 x 28 grey pixels: two of its five strides are left out.
constexpr auto small_proxylessnas = define([] {
  constexpr auto four = independent(4);
  return search_space("ProxylessNAS, a quarter as wide")
      .input(1, 28)
      .stage("stem", conv{.filters = 8})
      .stride(2)
      .stage("separable", mbconv{.filters = 8, .kernel = one_of(3, 5, 7), .expand = 1})
      .stage("1", layers_of(8))
      .stride(2)
      .layers(four)
      .stage("2", layers_of(10))
      .layers(four)
      .stage("3", layers_of(20))
      .stride(2)
      .layers(four)
      .stage("4", layers_of(24))
      .layers(four)
      .stage("5", layers_of(48))
      .layers(four)
      .stage("6", mbconv{.filters = 80, .kernel = one_of(3, 5, 7), .expand = one_of(3, 6)})
      .head(conv{.filters = 320}, global_pool{}, dense{10});
});
using space_type = std::remove_const_t<decltype(small_proxylessnas)>;

struct settings {
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist";
  double target = 6;
  double weight = -1;
  int epochs = 16;
  int alone_epochs = 8;
  int batch = 64;
  std::size_t images = 2400;
  std::uint64_t seed = 1;
  int seeds = 1;
  int random = 0;
  int threads = 1;
  double weights_rate = 0.1;
  double controller_rate = 0.05;
  bool anywhere = false;
  bool apart = false;
  bool rematerialize = false;
  bool print_sharing = false;
  std::filesystem::path checkpoint;
};

/// What stands for a latency: anybody can count it, and get the same.
double million_macs(const candidate<space_type>& c) { return static_cast<double>(cost(c).macs) * 1e-6; }

/// Some images of the training set: three quarters train, one judges candidates. The test set is for the last word.
struct images {
  image_set training;
  image_set validation;
  image_set test;
};
images read_images(const settings& s) {
  const published_images all = read_fashion_mnist(s.data);
  random_engine rng(1);
  std::vector<std::size_t> numbers = shuffled_numbers(all.training.size(), rng);
  numbers.resize(std::min(s.images, numbers.size()));
  image_split parts = split(select(all.training, numbers), {.validation = 0.25, .held_out = 0, .seed = 1});
  return {std::move(parts.training), std::move(parts.validation), all.test};
}

training_options weights_of(const settings& s, int epochs, watch& watched) {
  return {.epochs = epochs,
          .batch = s.batch,
          .method = sgd{},
          .rate = {.peak = s.weights_rate, .warm_up_epochs = 0.5},
          .augment = {.crop = 2, .flip = true},
          .seed = s.seed,
          .threads = s.threads,
          .watch = &watched};
}

struct found_network {
  candidate<space_type> what;
  double shared_accuracy;
  std::vector<double> shared_accuracies;  ///< of the samples
};

found_network search_once(const settings& s, const images& data, const std::vector<candidate<space_type>>& samples,
                          watch& watched) {
  const supernet shared(small_proxylessnas, {.sharing = s.apart ? weight_sharing::within_alternatives
                                                                : weight_sharing::between_alternatives,
                                             .seed = s.seed,
                                             .rematerialize = s.rematerialize});
  if (s.print_sharing) std::fputs(shared.layout().text().c_str(), stdout);
  std::printf("Seed %llu: %.2f M parameters for all networks.\n", static_cast<unsigned long long>(s.seed),
              static_cast<double>(shared.layout().params()) * 1e-6);
  report_table table{.columns = {"epoch", "loss", "drawn, %", "drawn, M MACs", "likely, %", "likely, M MACs"}};
  supernet_search_options options{
      .weights = weights_of(s, s.epochs, watched),
      .controller = {.rate = s.controller_rate, .replicas = 4, .seed = s.seed},
      .report = [&](const supernet_epoch& e) {
        table.rows.push_back({std::to_string(e.training.epoch), fixed_text(e.training.loss, 3),
                              fixed_text(e.mean_accuracy, 1), fixed_text(e.mean_ms, 3),
                              fixed_text(e.training.accuracy, 1), fixed_text(e.likely_ms, 3)});
      }};
  options.weights.checkpoint = s.checkpoint;
  const auto result = search_supernet(shared, data.training, data.validation, million_macs,
                                      absolute{.target_ms = s.target, .weight = s.weight, .full_scale = 100}, options);
  std::printf("%s\n", to_markdown(table).c_str());
  if (!result.most_likely)
    throw error("search_supernet.constraint", "the most likely network", "one that breaks a constraint",
                "a longer search");
  found_network found{*result.most_likely, result.epochs.empty() ? 0 : result.epochs.back().training.accuracy, {}};
  const supernet_accuracy accuracy(shared, data.validation, result.pixels);
  for (const auto& c : samples) found.shared_accuracies.push_back(accuracy(c));
  return found;
}

/// Accuracy of the test set after a training by itself.
double train_alone(const settings& s, const images& data, const candidate<space_type>& c, watch& watched) {
  trainable model(to_network(small_proxylessnas, c), s.seed);
  const training_result trained = train(model, data.training, data.validation, weights_of(s, s.alone_epochs, watched));
  return top1_accuracy(model, data.test, trained.pixels);
}

/// Uniform among the networks within 5 % of a target.
candidate<space_type> sample_near(double target, random_engine& rng) {
  for (int draw = 0; draw < 100'000; ++draw) {
    const auto c = small_proxylessnas.sample(rng);
    if (std::abs(million_macs(c) / target - 1) <= 0.05) return c;
  }
  throw error("search_supernet.target", "--target", exact_text(target),
              "one within 5 % of which are networks: most have 5.5 to 8.5");
}

int search_and_compare(const settings& given, const signal_stop& signals) {
  watch watched({.stop = &signals.received()});
  const images data = read_images(given);
  std::printf("%zu images train, %zu judge, %zu are for the last word. Target: %s M multiply-adds.\n",
              data.training.size(), data.validation.size(), data.test.size(), exact_text(given.target).c_str());
  report_table table{.columns = {"network", "M MACs", "of the target", "shared weights, %", "by itself, test, %"}};
  const auto add = [&](const std::string& name, const candidate<space_type>& c, std::optional<double> shared,
                       double alone) {
    const double macs = million_macs(c);
    table.rows.push_back({name, fixed_text(macs, 3), fixed_text(100 * (macs / given.target - 1), 1) + " %",
                          shared ? fixed_text(*shared, 1) : "-", fixed_text(alone, 2)});
  };
  std::vector<candidate<space_type>> samples;
  random_engine rng(given.seed);
  for (int i = 0; i < given.random; ++i)
    samples.push_back(given.anywhere ? small_proxylessnas.sample(rng) : sample_near(given.target, rng));
  std::vector<std::pair<std::uint64_t, found_network>> found;
  for (int i = 0; i < given.seeds; ++i) {
    settings s = given;
    s.seed += static_cast<std::uint64_t>(i);
    if (i > 0 && !s.checkpoint.empty()) s.checkpoint += "." + std::to_string(i);
    found.emplace_back(s.seed, search_once(s, data, samples, watched));
  }
  if (given.alone_epochs == 0) return 0;
  for (const auto& [seed, network] : found)
    add("found by seed " + std::to_string(seed), network.what, network.shared_accuracy,
        train_alone(given, data, network.what, watched));
  std::vector<double> alone;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    alone.push_back(train_alone(given, data, samples[i], watched));
    add("uniform sample " + std::to_string(i + 1), samples[i], found.front().second.shared_accuracies[i], alone.back());
  }
  std::printf("%s\n", to_markdown(table).c_str());
  if (samples.empty()) return 0;
  std::printf("Mean of the samples: %.2f %%.\n", std::reduce(alone.begin(), alone.end()) / given.random);
  for (const auto& [seed, network] : found)
    if (const auto rho = rank_correlation(network.shared_accuracies, alone)) {
      const correlation_interval sure = rank_correlation_interval(*rho, alone.size());
      std::printf(
          "Seed %llu, %s weights: rank correlation of the samples by shared weights and by themselves %.2f "
          "(95 %%: %.2f to %.2f).\n",
          static_cast<unsigned long long>(seed), given.apart ? "alternatives' own" : "shared", *rho, sure.low,
          sure.high);
    }
  return 0;
}

int program(int argc, char** argv) {
  settings s;
  CLI::App app{"TuNAS' search of a small ProxylessNAS space on Fashion-MNIST, under a target of multiply-adds."};
  const auto above_0 = examples::real({.most = 1e6, .above_least = true});
  app.add_option("--data", s.data, "folder of Fashion-MNIST's four files")->capture_default_str();
  app.add_option("--target", s.target, "million multiply-adds")->check(above_0)->capture_default_str();
  app.add_option("--weight", s.weight, "of the distance from the target in the reward, 0 or below")
      ->check(examples::real({.least = -1e6, .most = 0}))
      ->capture_default_str();
  app.add_option("--epochs", s.epochs, "of the search")->check(examples::whole(1, 100'000))->capture_default_str();
  app.add_option("--alone-epochs", s.alone_epochs, "of each network by itself; 0 for none")
      ->check(examples::whole(0, 100'000))
      ->capture_default_str();
  app.add_option("--batch", s.batch, "images of a step")->check(examples::images())->capture_default_str();
  app.add_option("--images", s.images, "of the training set: three quarters train, one judges")
      ->check(examples::whole<std::size_t>(8))
      ->capture_default_str();
  app.add_option("--seed", s.seed, "of everything")->check(examples::seeds())->capture_default_str();
  app.add_option("--seeds", s.seeds, "searches, each with the next seed")
      ->check(examples::whole(1, 1000))
      ->capture_default_str();
  app.add_option("--random", s.random, "uniform samples within 5 % of the target, trained for comparison")
      ->check(examples::whole(0, 1000))
      ->capture_default_str();
  app.add_flag("--anywhere", s.anywhere, "samples of the whole space, whatever they cost");
  app.add_option("--rate", s.weights_rate, "learning rate of the weights")->check(above_0)->capture_default_str();
  app.add_option("--controller-rate", s.controller_rate, "of the controller")->check(above_0)->capture_default_str();
  app.add_option("--threads", s.threads, "with one, the same seed gives the same bits")
      ->check(examples::threads())
      ->capture_default_str();
  app.add_flag("--apart", s.apart, "each alternative has its own weights");
  app.add_flag("--rematerialize", s.rematerialize, "less memory, more time");
  app.add_flag("--print-sharing", s.print_sharing, "says which weights are shared by whom");
  app.add_option("--checkpoint", s.checkpoint, "a file from which a search goes on that was killed");
  app.footer("Example: search_supernet --target 6 --seeds 3 --random 10");
  CLI11_PARSE(app, argc, argv);
  examples::option_files().writes("--checkpoint", s.checkpoint).check();
  return until_signal(s.checkpoint.empty() ? "nothing was kept: give a --checkpoint"
                                           : "'" + s.checkpoint.string() + "' keeps what was searched",
                      [&](const signal_stop& signals) { return search_and_compare(s, signals); });
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program("search_supernet", [&] { return program(argc, argv); });
}
