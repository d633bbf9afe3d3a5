// SPDX-License-Identifier: Apache-2.0
// The main job with accuracies that are trained: searches a small space on Fashion-MNIST under a latency of this
// machine, scales the winner by LACS, says what estimates would have been worth, and exports the best network.
//
//   train_family --data /usr/share/datasets/fashion-mnist --budget-s 1500 --out trained
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "checked_options.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/accuracy/model.hpp>
#include <nascent/base/file.hpp>
#include <nascent/base/signal_stop.hpp>
#include <nascent/executor/onednn.hpp>
#include <nascent/executor/own_kernels.hpp>
#include <nascent/io/onnx.hpp>
#include <nascent/io/read_onnx.hpp>
#include <nascent/latency/build_table.hpp>
#include <nascent/latency/network_predictor.hpp>
#include <nascent/latency/predictor.hpp>
#include <nascent/nascent.hpp>
#include <nascent/report/plot.hpp>
#include <nascent/report/table.hpp>
#include <nascent/reward/evaluate.hpp>
#include <nascent/reward/rank_correlation.hpp>
#include <nascent/scaling/scaling_check.hpp>
#include <nascent/scaling/verified_lacs.hpp>
#include <nascent/search/latency_tiers.hpp>
#include <nascent/search/regularized_evolution.hpp>
#include <nascent/space/describe.hpp>
#include <nascent/study/run_study.hpp>
#include <nascent/timing/compare_networks.hpp>
#include <nascent/training/idx.hpp>
#include <nascent/training/proxies.hpp>
#include <nascent/training/size_proxies.hpp>
#include <nascent/training/training_evaluator.hpp>

using namespace nascent;

namespace {

constexpr auto layers_of(auto filters) {
  return either(mbconv{.filters = filters, .kernel = one_of(3, 5), .expand = one_of(2, 4)},
                fused_mbconv{.filters = filters, .expand = one_of(1, 2)});
}

/// For 28 x 28 grey pixels: small enough for hundreds of trainings in half an hour.
constexpr auto small_space = define([] {
  return search_space("small mobile networks")
      .input(1, 28)
      .round_widths({.divisor = 4})
      .stage("stem", conv{.filters = one_of(8, 12)})
      .stride(2)
      .stage("1", layers_of(one_of(8, 12, 16)))
      .layers(range(1, 2))
      .stage("2", layers_of(one_of(16, 20, 24)))
      .stride(2)
      .layers(range(1, 2))
      .stage("3", layers_of(one_of(32, 40, 48)))
      .stride(2)
      .layers(range(1, 2))
      .head(conv{.filters = 96}, global_pool{}, dense{10});
});
using space_type = std::remove_const_t<decltype(small_space)>;
using scaled_network = scaled_candidate<space_type>;

struct settings {
  std::filesystem::path data = "/usr/share/datasets/fashion-mnist";
  std::filesystem::path out = "trained";
  double budget_s = 1500;
  std::size_t networks = 24;
  std::size_t images = 9000;
  std::size_t test_images = 10'000;
  int epochs = 4;
  int batch = 64;
  double rate = 0.1;
  int divisions = 3;
  int repeats = 3;
  double factor = 1.7;
  std::uint64_t seed = 1;
  int threads = 1;
  bool quick = false;
};

/// Seconds for everything: what is looked at is the same, only less of it.
void make_quick(settings& s) {
  s.networks = 3;
  s.images = 300;
  s.test_images = 200;
  s.epochs = s.divisions = 1;
  s.repeats = 2;
  s.budget_s = std::min(s.budget_s, 60.0);
}

/// Two thirds of some images of the training set train, the others judge. The test set is for the last word.
struct images {
  image_set training;
  image_set validation;
  image_set test;
};
images read_images(const settings& s) {
  const published_images all = read_fashion_mnist(s.data);
  const auto some = [](const image_set& from, std::size_t count) {
    random_engine rng(1);
    std::vector<std::size_t> numbers = shuffled_numbers(from.size(), rng);
    numbers.resize(std::min(count, numbers.size()));
    return select(from, numbers);
  };
  image_split parts = split(some(all.training, s.images), {.validation = 1.0 / 3, .held_out = 0, .seed = 1});
  return {std::move(parts.training), std::move(parts.validation), some(all.test, s.test_images)};
}

/// How every network here is trained. What was begun is trained to its end, unless a signal comes.
training_evaluator evaluator(const settings& s, const images& data, watch& to_its_end, int repeats) {
  return {data.training,
          data.validation,
          {.training = {.epochs = s.epochs,
                        .batch = s.batch,
                        .rate = {.peak = s.rate, .warm_up_epochs = 0.5},
                        .augment = {.crop = 2, .flip = true},
                        .seed = s.seed,
                        .threads = s.threads,
                        .watch = &to_its_end},
           .repeats = repeats,
           .resize = true,
           .checkpoints = s.out / "checkpoints"}};
}

/// The accuracy model's opinion. It knows networks of ImageNet, so that its per cents mean nothing here; its order may.
double estimated_accuracy(const network& graph) { return accuracy_model{}(graph).top1; }

/// Half of the space's networks keep it.
double median_ms(const latency_predictor<space_type>& predictor) {
  random_engine rng(1);
  std::vector<double> ms;
  for (int i = 0; i < 1001; ++i) ms.push_back(predictor.ms(small_space.sample(rng)));
  std::ranges::nth_element(ms, ms.begin() + 500);
  return ms[500];
}

/// A network that the report has, trained with several seeds.
struct judged_network {
  std::string name;
  scaled_network what;
  network graph;
  double predicted_ms = 0;
  metric_map trained{};
  double test = 0;  ///< per cent of the test images, by the first seed's network
  sample_summary measured{};

  double deviation() const { return trained.contains("accuracy_deviation") ? trained.at("accuracy_deviation") : 0; }
};

judged_network judge(std::string name, const lacs_level<space_type>& level, const settings& s, const images& data,
                     watch& all, watch& to_its_end) {
  judged_network n{.name = std::move(name),
                   .what = level.candidate,
                   .graph = to_network(small_space, level.candidate),
                   .predicted_ms = level.latency_ms};
  const training_evaluator train = evaluator(s, data, to_its_end, all.is_late() ? 1 : s.repeats);
  n.trained = train.evaluate(n.graph).metrics;
  const trained_network first = train.trained(n.graph);
  const shape& in = n.graph.input();
  n.test = top1_accuracy(first.model, resized(data.test, in.height, in.width), first.result.pixels);
  return n;
}

std::string with_deviation(double mean, double deviation, int digits) {
  return fixed_text(mean, digits) + (deviation > 0 ? " \xC2\xB1 " + fixed_text(deviation, digits) : std::string());
}

report_table results_of(const std::vector<judged_network>& networks) {
  report_table t{.columns = {"network", "depth", "width", "px", "params", "M MACs", "us predicted", "us measured",
                             "trained, %", "test, %", "estimate"}};
  for (const judged_network& n : networks) {
    const costs c = cost(n.graph);
    t.rows.push_back({n.name, fixed_text(n.what.scale.depth, 2), fixed_text(n.what.scale.width, 2),
                      std::to_string(n.what.scale.resolution), std::to_string(c.params),
                      fixed_text(static_cast<double>(c.macs) * 1e-6, 2), fixed_text(1000 * n.predicted_ms, 1),
                      fixed_text(1000 * n.measured.median_ms, 1),
                      with_deviation(n.trained.at("accuracy"), n.deviation(), 2), fixed_text(n.test, 2),
                      fixed_text(estimated_accuracy(n.graph), 2)});
  }
  return t;
}

/// How what is known before a training orders networks that were trained.
report_table orders_of(const std::vector<network>& graphs, std::span<const double> trained, const settings& s,
                       const images& data) {
  report_table t{.columns = {"estimate", "Spearman's rank correlation", "95 % of confidence"}};
  const auto add = [&](const char* name, auto&& estimate) {
    std::vector<double> values;
    for (const network& g : graphs) values.push_back(evaluate(estimate, g).value_or(-1e9));
    const std::optional<double> found = rank_correlation(values, trained);
    const correlation_interval interval = rank_correlation_interval(found.value_or(0), graphs.size());
    t.rows.push_back({name, found ? fixed_text(*found, 2) : "-",
                      fixed_text(interval.low, 2) + " to " + fixed_text(interval.high, 2)});
  };
  add("accuracy model", estimated_accuracy);
  const proxy_options options{.seed = s.seed};
  add("parameters", parameter_count{});
  add("MACs", mac_count{});
  add("synflow", synflow{options});
  add("gradient norm", gradient_norm(data.training, options));
  add("NASWOT", naswot(data.training, options));
  add("ZiCo", zico(data.training, options));
  return t;
}

plot figure_of(const std::vector<network>& graphs, std::span<const double> trained,
               const std::vector<judged_network>& family) {
  plot_series searched{.name = "networks of the search", .faint = true};
  for (std::size_t i = 0; i < graphs.size(); ++i)
    searched.points.push_back({.x = estimated_accuracy(graphs[i]), .y = trained[i]});
  plot_series scaled{.name = "the families", .marker = plot_marker::diamond};
  for (const judged_network& n : family)
    scaled.points.push_back(
        {.x = estimated_accuracy(n.graph), .y = n.trained.at("accuracy"), .label = n.name, .y_error = n.deviation()});
  return scatter_plot("Estimated and trained accuracy", {.title = "accuracy model (ImageNet)", .unit = "%"},
                      {.title = "trained on Fashion-MNIST", .unit = "%"}, {searched, scaled});
}

std::string text_of(const compound_coefficients& c) {
  return "depth " + fixed_text(c.alpha, 3) + ", width " + fixed_text(c.beta, 3) + ", resolution " +
         fixed_text(c.gamma, 3);
}

/// Ten images that no training and no search has seen, by the file that was exported and by PyTorch.
void classify(const std::filesystem::path& file, onednn::executor& cpu, const trained_network& best,
              const image_set& test) {
  constexpr std::size_t count = 10;
  const onnx_network read = read_onnx(file);
  std::vector<float> pixels(count * test.image_bytes());
  random_engine unused;
  for (std::size_t i = 0; i < count; ++i)
    write_image(test, i, best.result.pixels, {}, unused,
                std::span(pixels).subspan(i * test.image_bytes(), test.image_bytes()));
  const auto classes = static_cast<std::size_t>(test.classes);
  std::vector<float> ours(count * classes);
  auto program = cpu.compile(read.graph, read.folded(), count);
  program.run(pixels, ours);

  const at::NoGradGuard off;
  const at::Tensor batch = at::empty({count, test.height, test.width, test.channels});
  std::ranges::copy(pixels, batch.data_ptr<float>());
  const at::Tensor theirs = best.model.forward(batch, false).front().contiguous();
  const std::span<const float> logits(theirs.data_ptr<float>(), ours.size());
  double largest = 0;
  double distance = 0;
  std::string answers;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    largest = std::max(largest, std::abs(static_cast<double>(logits[i])));
    distance = std::max(distance, std::abs(static_cast<double>(logits[i]) - static_cast<double>(ours[i])));
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto of = std::span(ours).subspan(i * classes, classes);
    const auto answer = std::ranges::max_element(of) - of.begin();
    answers += (i == 0 ? "" : ", ") + std::to_string(answer) +
               (answer == test.labels[i] ? "" : " (it is " + std::to_string(test.labels[i]) + ")");
  }
  std::printf("   Classes: %s.\n   The largest distance to PyTorch's logits is %.1e of the largest logit.\n",
              answers.c_str(), distance / largest);
  if (!(distance <= 1e-4 * largest))
    throw error("train_family.logits", "the exported network, its logits", exact_text(distance / largest),
                "PyTorch's, to 1e-4 of the largest");
}

int design(const settings& s, const signal_stop& signals) {
  watch all({.seconds = s.budget_s, .stop = &signals.received()});
  watch to_its_end({.style = progress_style::quiet, .stop = &signals.received()});
  const images data = read_images(s);
  std::filesystem::create_directories(s.out);
  const std::filesystem::path search_file = s.out / "search.db";
  const std::filesystem::path model_file = s.out / "best.onnx";
  examples::option_files()
      .writes("--out, best.onnx", model_file)
      .writes("--out, estimated.svg", s.out / "estimated.svg")
      .check();

  std::printf("1. %zu images train, %zu judge, %zu are for the last word.\n", data.training.size(),
              data.validation.size(), data.test.size());

  std::printf("2. The kernels of '%s', %s networks, are measured.\n", small_space.name(),
              to_decimal(small_space.size()).c_str());
  onednn::executor cpu{{.threads = 1, .kernels = own_kernels()}};
  latency_table table{s.out / "latency.db", cpu, {.measure = {.min_samples = 6, .half_width = 0.02, .budget_ms = 100}}};
  const kernel_trellis trellis(small_space);
  watch filling = all.share(0.06);
  if (!std::filesystem::exists(search_file))  // a search that was begun goes on with the same latencies
    build_table(trellis, table, {.watch = &filling, .estimate_rest = true, .seed = s.seed});
  all.throw_if_stopped();
  const latency_predictor predictor(trellis, table);
  const double target = median_ms(predictor);
  std::printf("   On %s half of the networks keep %.1f us.\n", describe(cpu.description()).c_str(), 1000 * target);

  std::printf("3. Of those the best is searched for, by training.\n");
  const training_evaluator train = evaluator(s, data, to_its_end, 1);
  const auto tiers = tier(small_space, predictor, {target}, {.networks = 10'000, .cells = 0});
  study search(search_file, regularized_evolution(tiers[0], {.population = 8, .sample = 3, .seed = s.seed}),
               maximise("accuracy"));
  watch searching = all.share(0.42);
  run_study(search, train,
            {.networks = s.networks, .stopping = median_rule{.least_trials = 5, .first_step = 2}, .watch = &searching});
  all.throw_if_stopped();
  std::vector<network> graphs;
  std::vector<double> trained;
  std::optional<candidate<space_type>> base;
  for (const trial_record& t : search.trials()) {
    if (t.state != trial_state::done || t.same_as) continue;
    const auto what = small_space.decode(t.decisions);
    const double accuracy = t.result.metrics.at("accuracy");
    if (trained.empty() || accuracy > std::ranges::max(trained)) base = what;
    graphs.push_back(to_network(small_space, what));
    trained.push_back(accuracy);
  }
  if (!base) throw error("train_family.search", "the search", "no network that was trained", "a larger --budget-s");
  std::printf("   %zu networks were trained, %zu of them to their end. The best one has %.2f %%:\n   %s\n",
              search.networks(), trained.size(), std::ranges::max(trained), describe(small_space, *base).c_str());

  std::printf("4. It is scaled to %.1f and %.1f times its latency, by trained and by estimated accuracies.\n", s.factor,
              s.factor * s.factor);
  // In a table of its own, which measures what is recommended: the search goes on with the latencies it began with.
  latency_table scaled_times{s.out / "scaling.db", cpu, table.options()};
  watch filling_again = all.share(0.06);
  build_table(trellis, scaled_times, {.watch = &filling_again, .seed = s.seed});
  all.throw_if_stopped();
  network_predictor latency(scaled_times, trellis.kernels());
  const double base_ms = latency(to_network(*base));
  watch scaling = all.share(0.3);
  const verified_lacs_options options{.scaling = {.targets_ms = {s.factor * base_ms, s.factor * s.factor * base_ms},
                                                  .search_level = 1,
                                                  .divisions = s.divisions,
                                                  .refinements = 0,
                                                  .interpolate = false,  // a training for each triplet, not two
                                                  .phi = {.fall_allowed = 0.5},
                                                  .watch = &scaling}};
  const auto by_estimate = verified_lacs(*base, estimated_accuracy, latency, options).family;
  const auto by_training =
      verified_lacs(*base, evaluator(s, data, to_its_end, std::min(s.repeats, 2)), latency, options).family;
  std::printf("   %zu triplets; trained: %s; estimated: %s.\n", by_training.trials.size(),
              text_of(by_training.coefficients).c_str(), text_of(by_estimate.coefficients).c_str());

  std::printf("5. All levels are trained, again where there is time, and run in turns.\n");
  std::vector<judged_network> family;
  {
    watch_job job = all.begin("training the families", 5);
    const auto add = [&](const std::string& name, const lacs_level<space_type>& level) {
      family.push_back(judge(name, level, s, data, all, to_its_end));
      job.advance(1, name);
    };
    add("base", by_training.levels[0]);
    for (const std::size_t i : {1U, 2U}) add("trained, level " + std::to_string(i), by_training.levels[i]);
    for (const std::size_t i : {1U, 2U}) add("estimated, level " + std::to_string(i), by_estimate.levels[i]);
  }
  std::vector<network> rivals;
  for (const judged_network& n : family) rivals.push_back(n.graph);
  const auto times = compare_networks(cpu, rivals, {.measure = {.half_width = 0.02, .budget_ms = 2000}});
  for (std::size_t i = 0; i < family.size(); ++i) family[i].measured = times[i].time;
  std::printf("\n%s\n", to_markdown(results_of(family)).c_str());
  const double noise = family[0].deviation() / std::sqrt(std::min(s.repeats, 2));
  if (const auto sure = bootstrap_coefficients(by_training, {.accuracy_noise = noise}))
    std::printf(
        "An accuracy that LACS sees is sure to %.2f points: 90 %% of the best triplets lie between %s and %s.\n", noise,
        text_of(sure->low).c_str(), text_of(sure->high).c_str());

  std::printf(
      "6. How what is known without training orders the %zu networks of the search that were trained to their "
      "end:\n\n%s\n",
      trained.size(), to_markdown(orders_of(graphs, trained, s, data)).c_str());
  write_file(s.out / "estimated.svg", to_svg(figure_of(graphs, trained, family)));

  const judged_network& best =
      *std::ranges::max_element(family, {}, [](const judged_network& n) { return n.trained.at("accuracy"); });
  const trained_network exported = train.trained(best.graph);
  write_onnx(model_file, best.graph, exported.model.to_weights(), {.batch = 0});
  std::printf(
      "7. The best, '%s', is exported with its weights, read again, and classifies ten test images on this CPU.\n",
      best.name.c_str());
  const shape& in = best.graph.input();
  classify(model_file, cpu, exported, resized(data.test, in.height, in.width));
  std::printf("Wrote %s and %s in %.0f s of %.0f.\n", model_file.c_str(), (s.out / "estimated.svg").c_str(),
              all.seconds(), s.budget_s);
  return 0;
}

int program(int argc, char** argv) {
  settings s;
  CLI::App app{"Searches and scales small networks by training them on Fashion-MNIST, and exports the best."};
  app.add_option("--data", s.data, "folder of Fashion-MNIST's four files")->capture_default_str();
  app.add_option("--out", s.out, "folder for all that is kept; what is there is gone on with")->capture_default_str();
  app.add_option("--budget-s", s.budget_s, "seconds for everything, about")
      ->check(examples::seconds())
      ->capture_default_str();
  app.add_option("--networks", s.networks, "to train in the search")
      ->check(examples::whole<std::size_t>(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--images", s.images, "of the training set: two thirds train, the others judge")
      ->check(examples::whole<std::size_t>(200))
      ->capture_default_str();
  app.add_option("--epochs", s.epochs, "of each training")->check(examples::whole(1, 100'000))->capture_default_str();
  app.add_option("--batch", s.batch, "images of a step")->check(examples::whole(2, 65536))->capture_default_str();
  app.add_option("--rate", s.rate, "learning rate")
      ->check(examples::real({.most = 1e6, .above_least = true}))
      ->capture_default_str();
  app.add_option("--divisions", s.divisions, "of the grid of triplets")
      ->check(examples::whole(1, 100))
      ->capture_default_str();
  app.add_option("--repeats", s.repeats, "trainings of each network of the families, with other seeds")
      ->check(examples::whole(1, 1000))
      ->capture_default_str();
  app.add_option("--seed", s.seed, "of everything")->check(examples::seeds())->capture_default_str();
  app.add_option("--threads", s.threads, "of trainings; with one, the same seed gives the same bits")
      ->check(examples::threads())
      ->capture_default_str();
  app.add_flag("--quick", s.quick, "a few images and networks: shows what happens, in seconds");
  app.footer("Example: train_family --data /usr/share/datasets/fashion-mnist --budget-s 1500 --out trained");
  CLI11_PARSE(app, argc, argv);
  if (s.quick) make_quick(s);
  return until_signal("'" + s.out.string() + "' keeps what was trained: run the same command again to go on",
                      [&](const signal_stop& signals) { return design(s, signals); });
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program("train_family", [&] { return program(argc, argv); });
}
