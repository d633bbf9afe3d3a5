// SPDX-License-Identifier: Apache-2.0
// What this library's networks, plans and tables are worth on an NVIDIA GPU of this machine. benchmarks/gpu.sh runs all
// of it.
//
//   benchmark_gpu device --out FOLDER         the GPU, its clocks, cuDNN's description of it beside the one by hand
//   benchmark_gpu heuristics --out FOLDER     are cuDNN's proposals the same with the device and either description?
//   benchmark_gpu models --out FOLDER         networks of the zoo: the device's time, launching, sum of kernels / whole
//   benchmark_gpu ratio --out FOLDER          one network against another, in turns
//   benchmark_gpu activations --out FOLDER    convolutions with each activation: tuned engines and compiled ones
//   benchmark_gpu predict --out FOLDER        a latency table, and networks that it was not built from
//   benchmark_gpu export --out FOLDER         networks for other runtimes (exported.hpp)
//   benchmark_gpu serve                       runs exported networks on request, as benchmark_runtime does
//
// Each writes FOLDER/NAME.json. Without a GPU each says why and measures nothing: exit status 3.
//
// `serve` answers {"do": "run", "untimed": 1, "timed": 5} with {"device_ms": [...], "wall_ms": [...], "queue_ms": T,
// "switches": [...]}: passes by the device's own clock, without the launch; from the launch until the host knows; per
// launch where `timed` of them are queued; and 1 where the device's clocks were slow.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "exported.hpp"
#include "prediction.hpp"
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <nascent/base/file.hpp>
#include <nascent/executor/cudnn.hpp>
#include <nascent/io/block_text.hpp>
#include <nascent/io/json.hpp>
#include <nascent/timing/measure.hpp>
#include <nascent/zoo/catalog.hpp>
#include <nascent/zoo/spaces.hpp>

using namespace nascent;
using exported::elements;

namespace {

namespace cd = cudnn::detail;

struct settings {
  std::filesystem::path out = "build/gpu";
  std::vector<std::string> models{"EfficientNet-X-B0", "EfficientNet-B0", "GPUNet-0", "GPUNet-1", "GPUNet-2"};
  std::vector<int> batches{1, 128};
  std::string dtype = "f16";
  std::string space = "proxylessnas";
  int networks = 50;
  int pool = 40;
  int images = 128;
  double budget_s = 5;
  double fill_s = 240;
  int candidates = 4;
  int compile_threads = 1;
  double most_gmacs = 3;
  int placements = 2;
  std::filesystem::path plan_cache{};

  data_type type() const { return parse_data_type(dtype); }
  cudnn::options options(data_type t) const {
    return {.type = t, .candidates = candidates, .compile_threads = compile_threads, .plan_cache = plan_cache};
  }
};

json to_json_value(const cudnn::clock_reading& r) {
  if (!r.known) return nullptr;
  return {{"sm_mhz", r.sm_mhz},
          {"highest_sm_mhz", r.highest_sm_mhz},
          {"memory_mhz", r.memory_mhz},
          {"reasons", r.reasons},
          {"celsius", r.celsius},
          {"watts", r.watts},
          {"slowed_for_protection", r.is_braked()}};
}

json to_json_value(const sample_summary& s) {
  return {{"median_ms", s.median_ms},    {"trimmed_mean_ms", s.trimmed_mean_ms},
          {"minimum_ms", s.minimum_ms},  {"low_ms", s.low_ms},
          {"high_ms", s.high_ms},        {"spread", s.spread},
          {"samples", s.count},          {"on_slow_clocks", s.spoilt},
          {"clock", to_string(s.source)}};
}

json to_json_value(const paired_ratio& r) {
  // JSON has no infinity: too few rounds have no interval.
  if (!(r.high < 1e9)) return {{"median", r.median}, {"rounds", r.rounds}};
  return {{"median", r.median}, {"low", r.low}, {"high", r.high}, {"rounds", r.rounds}};
}

/// All that a figure depends on beside the network, and the clocks when the report was begun; `finish` adds those at
/// its end.
json about(const cudnn::executor& gpu) {
  const device_description d = gpu.description();
  int runtime = 0;
  int driver = 0;
  cd::check(cudaRuntimeGetVersion(&runtime), "asking for the runtime's version");
  cd::check(cudaDriverGetVersion(&driver), "asking for the driver's version");
  return {{"device", d.device},
          {"isa", d.isa},
          {"library", d.library},
          {"dtype", to_string(d.type)},
          {"cuda_runtime", runtime},
          {"cuda_of_driver", driver},
          {"at", utc_now()},
          {"clocks_unknown_because", gpu.clocks().why_unknown()},
          {"clocks_before", to_json_value(gpu.clocks().read())}};
}

void finish(json& report, const cudnn::executor& gpu, const settings& s, const std::string& name) {
  report["about"]["clocks_after"] = to_json_value(gpu.clocks().read());
  std::filesystem::create_directories(s.out);
  write_file(s.out / (name + ".json"), report.dump(1) + "\n");
  std::printf("written: %s\n", (s.out / (name + ".json")).c_str());
}

measure_options thorough(double budget_s) {
  return {.warm_up = 5, .min_samples = 30, .max_samples = 5000, .half_width = .002, .budget_ms = 1e3 * budget_s};
}

// --- device

void describe_device(const settings& s) {
  const cudnn::executor gpu(s.options(s.type()));
  json report{{"about", about(gpu)}};
  std::filesystem::create_directories(s.out);
  const std::string text = cudnn::read_device_text();
  write_file(s.out / "properties.txt", text + "\n");  // in cuDNN's own words, whatever is made of them below
  std::printf("%s, %s, %s\nclocks: %s %s\n", gpu.description().device.c_str(), gpu.description().library.c_str(),
              gpu.description().isa.c_str(), gpu.clocks().read().text().c_str(), gpu.clocks().why_unknown().c_str());
  try {
    const cudnn::device_properties real = cudnn::read_device();
    write_file(s.out / "properties.json", cudnn::to_json(real));
    // The one of this name, else one of its architecture.
    const auto all = cudnn::devices::all();
    auto chosen = std::ranges::find_if(all, [&](const auto& d) { return d.second.name == real.name; });
    if (chosen == all.end())
      chosen = std::ranges::find_if(
          all, [&](const auto& d) { return d.second.compute_capability / 100 == real.compute_capability / 100; });
    if (chosen != all.end()) {
      report["by_hand"] = {{"name", chosen->second.name}, {"is_this_device", chosen->second.name == real.name}};
      json differences = json::array();
      for (const cudnn::property_difference& d : cudnn::differences(real, chosen->second)) {
        std::printf("%-32s %-20s by hand (%s): %s\n", d.key.c_str(), d.first.c_str(), chosen->second.name.c_str(),
                    d.second.c_str());
        differences.push_back({{"key", d.key}, {"real", d.first}, {"by_hand", d.second}});
      }
      report["differences"] = differences;
    }
  } catch (const cudnn::device_properties_error& e) {
    std::printf("cuDNN's description is not understood: %s\n", e.what());
    report["not_understood"] = e.what();
  }
  finish(report, gpu, s, "device");
}

// --- heuristics

/// cuDNN's proposals for a kernel, as a list of engines.
std::vector<std::int64_t> engines_for(const kernel& k, const network& graph, data_type type, int batch,
                                      const cd::planning_target& target) {
  std::vector<std::int64_t> engines;
  try {
    const auto said = cd::lowering(type, batch, target.handle)(k, cd::operand_channels(graph, k.core));
    if (const auto* g = std::get_if<cd::operation_graph>(&said))
      for (const cd::configuration& c : cd::find_configurations(*g, target)) engines.push_back(c.engine.index);
  } catch (const cudnn::library_error&) {  // no engine at all, which is an answer
  }
  return engines;
}

void compare_heuristics(const settings& s) {
  const cudnn::executor gpu(s.options(s.type()));
  const cd::session session(0);
  json report{{"about", about(gpu)}, {"rows", json::array()}, {"different", json::array()}};
  const cudnn::device_properties real = cudnn::read_device();
  const cd::descriptor described = cd::describe(real);
  std::optional<cd::descriptor> by_hand;
  for (const auto& [name, d] : cudnn::devices::all())
    if (d.name == real.name || (!by_hand && d.compute_capability == real.compute_capability))
      by_hand.emplace(cd::describe(d));
  for (const data_type type : {data_type::f16, data_type::bf16, data_type::f32})
    for (const int batch : s.batches) {
      std::size_t kernels = 0, same = 0, same_first = 0, same_by_hand = 0, same_first_by_hand = 0;
      std::set<std::string> seen;
      for (const std::string& name : s.models) {
        const network graph = zoo::make_model(name);
        for (const kernel& k : fuse(graph)) {
          if (cd::lowering::must_split(k) || !seen.insert(k.signature()).second) continue;
          const auto on_device = engines_for(k, graph, type, batch, {.handle = session.handle()});
          const auto deviceless = engines_for(k, graph, type, batch, {.description = &described});
          const auto guessed = by_hand ? engines_for(k, graph, type, batch, {.description = &*by_hand}) : deviceless;
          if (on_device.empty() && deviceless.empty()) continue;
          const auto first = [](const auto& list) { return list.empty() ? std::int64_t{-1} : list.front(); };
          ++kernels;
          same += on_device == deviceless;
          same_first += first(on_device) == first(deviceless);
          same_by_hand += on_device == guessed;
          same_first_by_hand += first(on_device) == first(guessed);
          if ((on_device != deviceless || on_device != guessed) && report["different"].size() < 40)
            report["different"].push_back({{"kernel", k.signature()},
                                           {"dtype", to_string(type)},
                                           {"batch", batch},
                                           {"on_device", on_device},
                                           {"described", deviceless},
                                           {"by_hand", guessed}});
        }
      }
      std::printf(
          "%-4s batch %-4d %4zu kernels: the same list for %zu, the same first engine for %zu; with the description by "
          "hand %zu and %zu\n",
          to_string(type), batch, kernels, same, same_first, same_by_hand, same_first_by_hand);
      report["rows"].push_back({{"dtype", to_string(type)},
                                {"batch", batch},
                                {"kernels", kernels},
                                {"same_list", same},
                                {"same_first", same_first},
                                {"same_list_by_hand", same_by_hand},
                                {"same_first_by_hand", same_first_by_hand}});
    }
  report["has_description_by_hand"] = by_hand.has_value();
  finish(report, gpu, s, "heuristics");
}

// --- models

double median_of(std::vector<double> values) { return ordered_sample(std::move(values)).median(); }

void time_models(const settings& s) {
  const cudnn::executor gpu(s.options(s.type()));
  json report{{"about", about(gpu)}, {"rows", json::array()}};
  std::printf("%-20s %5s %10s %10s %10s %10s %8s %8s %9s %9s\n", "network", "batch", "device ms", "queued ms",
              "wall ms", "empty ms", "kernels", "compiled", "sum/whole", "event us");
  for (const std::string& name : s.models)
    for (const int batch : s.batches) {
      const network graph = zoo::make_model(name);
      json row{{"model", graph.name()}, {"batch", batch}};
      try {
        const std::int64_t begin = wall_ns();
        cudnn::compiled program = prepare(gpu, graph, batch);
        row["compile_s"] = static_cast<double>(wall_ns() - begin) * 1e-9;
        const sample_summary whole = measure(program, thorough(s.budget_s));
        const network_measurement inside = measure_kernels(program, {.budget_ms = 1e3 * s.budget_s});
        std::vector<double> wall, submit, empty, overhead;
        for (int i = 0; i < 200; ++i) {
          const cudnn::launch_times t = program.time_launch();
          wall.push_back(t.wall_ms);
          submit.push_back(t.submit_ms);
          empty.push_back(t.empty_wall_ms);
          overhead.push_back(t.overhead_ms());
        }
        const double queued = program.time_launches(std::clamp(static_cast<int>(500 / whole.median_ms), 10, 1000));
        double compiled_ms = 0, all_ms = 0;
        int compiled = 0;
        json kernels = json::array();
        for (std::size_t i = 0; i < program.kernels().size(); ++i) {
          const double ms = inside.kernels[i].trimmed_mean_ms;
          const bool at_run_time = program.kernel_implementation(i).find("compiled at run time") != std::string::npos;
          all_ms += ms;
          compiled_ms += at_run_time ? ms : 0;
          compiled += at_run_time;
          kernels.push_back(
              {{"kernel", program.kernels()[i].signature()}, {"engine", program.kernel_implementation(i)}, {"ms", ms}});
        }
        row.update(
            {{"device", to_json_value(whole)},
             {"queued_ms", queued},
             {"wall_ms", median_of(wall)},
             {"submit_ms", median_of(submit)},
             {"empty_graph_wall_ms", median_of(empty)},
             {"launch_overhead_ms", median_of(overhead)},
             {"kernels", program.kernels().size()},
             {"fused_kernels", fuse(graph).size()},
             {"compiled_kernels", compiled},
             {"compiled_share_of_time", compiled_ms / all_ms},
             {"sum_over_whole", to_json_value(inside.sum_over_whole)},
             {"event_ms", program.event_ms()},
             {"bytes", program.buffer_bytes()},
             {"engines_passed_over", std::vector<std::string>(program.failures().begin(), program.failures().end())},
             {"by_kernel", kernels},
             {"clocks", to_json_value(gpu.clocks().read())}});
        std::printf("%-20s %5d %10.4f %10.4f %10.4f %10.4f %8zu %8d %9.3f %9.2f\n", graph.name().c_str(), batch,
                    whole.median_ms, queued, median_of(wall), median_of(empty), program.kernels().size(), compiled,
                    inside.sum_over_whole.median, 1e3 * program.event_ms());
      } catch (const executor_error& e) {
        row["error"] = e.what();
        std::printf("%-20s %5d %s\n", graph.name().c_str(), batch, e.what());
      }
      std::fflush(stdout);
      report["rows"].push_back(row);
      std::filesystem::create_directories(s.out);
      write_file(s.out / "models.json", report.dump(1) + "\n");  // what is there is kept if the next one takes too long
    }
  finish(report, gpu, s, "models");
}

// --- ratio

void time_ratio(const settings& s) {
  if (s.models.size() != 2)
    throw std::invalid_argument("--models: found " + std::to_string(s.models.size()) + "; allowed: two");
  const cudnn::executor gpu(s.options(s.type()));
  json report{{"about", about(gpu)}, {"rows", json::array()}};
  const network first = zoo::make_model(s.models[0]);
  const network second = zoo::make_model(s.models[1]);
  for (const int batch : s.batches) {
    cudnn::compiled a = prepare(gpu, first, batch);
    cudnn::compiled b = prepare(gpu, second, batch);
    const comparison c =
        compare(b, a, {.measure = thorough(s.budget_s)});  // the ratio is the second's over the first's
    std::printf(
        "%s over %s, batch %d, %s: %.4f (%.4f to %.4f), %.4f and %.4f ms, %zu rounds, on slow clocks %zu and %zu\n",
        first.name().c_str(), second.name().c_str(), batch, s.dtype.c_str(), c.ratio.median, c.ratio.low, c.ratio.high,
        c.second.median_ms, c.first.median_ms, c.ratio.rounds, c.second.spoilt, c.first.spoilt);
    report["rows"].push_back({{"first", first.name()},
                              {"second", second.name()},
                              {"batch", batch},
                              {"ratio", to_json_value(c.ratio)},
                              {"first_time", to_json_value(c.second)},
                              {"second_time", to_json_value(c.first)},
                              {"clocks", to_json_value(gpu.clocks().read())}});
  }
  finish(report, gpu, s, "ratio");
}

// --- activations

void time_activations(const settings& s) {
  const cudnn::executor gpu(s.options(s.type()));
  json report{{"about", about(gpu)}, {"rows", json::array()}};
  struct layer_case {
    const char* name;
    int size, channels, filters, kernel;  // filters 0: depthwise
  };
  constexpr layer_case cases[] = {
      {"3x3 64>64 at 56", 56, 64, 64, 3},         {"1x1 96>24 at 56", 56, 96, 24, 1},
      {"1x1 80>480 at 14", 14, 80, 480, 1},       {"3x3 32>128 at 28", 28, 32, 128, 3},
      {"depthwise 3x3 144 at 56", 56, 144, 0, 3}, {"depthwise 5x5 240 at 28", 28, 240, 0, 5}};
  std::printf("%-26s %5s %-9s %10s %10s  %s\n", "layer", "batch", "act", "hot us", "cold us", "engine");
  for (const layer_case& l : cases)
    for (const int batch : s.batches) {
      const auto add = [&](const std::string& act, const network& graph) {
        json row{{"layer", l.name}, {"batch", batch}, {"activation", act}};
        try {
          cudnn::compiled program = prepare(gpu, graph, batch);
          const auto sum_in = [&](cache_context context) {
            double ms = 0;
            for (const sample_summary& k :
                 measure_kernels(program, {.max_samples = 300, .budget_ms = 150 * s.budget_s}, context).kernels)
              ms += k.trimmed_mean_ms;
            return ms;
          };
          const double hot = sum_in(cache_context::hot);
          const double cold = sum_in(cache_context::cold);
          std::string engines;
          for (std::size_t i = 0; i < program.kernels().size(); ++i)
            engines += (i == 0 ? "" : " + ") + program.kernel_implementation(i);
          row.update({{"hot_ms", hot}, {"cold_ms", cold}, {"engine", engines}, {"kernels", program.kernels().size()}});
          std::printf("%-26s %5d %-9s %10.2f %10.2f  %s\n", l.name, batch, act.c_str(), 1e3 * hot, 1e3 * cold,
                      engines.c_str());
        } catch (const executor_error& e) {
          row["error"] = e.what();
          std::printf("%-26s %5d %-9s %s\n", l.name, batch, act.c_str(), e.what());
        }
        std::fflush(stdout);
        report["rows"].push_back(row);
      };
      for (const activation act : {identity, relu, relu6, hswish, swish, sigmoid})
        add(to_string(act), make_network("layer", {1, l.size, l.size, l.channels}, [&](auto& net, tensor x) {
              if (l.filters == 0) net.depthwise_conv(x, {.kernel = l.kernel, .act = act});
              else net.conv(x, {.filters = l.filters, .kernel = l.kernel, .act = act});
            }));
      // What swish would add as a kernel of its own behind a tuned one.
      add("swish alone", make_network("swish", {1, l.size, l.size, l.filters == 0 ? l.channels : l.filters},
                                      [&](auto& net, tensor x) { net.activate(x, swish); }));
    }
  finish(report, gpu, s, "activations");
}

// --- predict

void predict(const settings& s) {
  const cudnn::executor gpu(s.options(s.type()));
  json report{{"about", about(gpu)}};
  const prediction::settings how{.networks = s.networks,
                                 .pool = s.pool,
                                 .dtype = s.dtype,
                                 .most_gmacs = s.most_gmacs,
                                 .batch = s.batches.front(),
                                 .fill_s = s.fill_s,
                                 .placements = s.placements,
                                 .most_placements = s.placements,
                                 .out = s.out.string()};
  std::filesystem::create_directories(s.out);
  report["study"] = zoo::with_space(
      s.space, [&](const auto& space) { return prediction::study(space, how, gpu); }, zoo::proxylessnas,
      zoo::efficientnet_x, zoo::gpunet_encoded);
  finish(report, gpu, s, "predict " + s.space);
}

// --- for other runtimes

struct loaded {
  cudnn::compiled compiled;
  std::vector<float> images;
  std::vector<float> answer;
};

json obey(const json& command, std::optional<loaded>& model, const settings& s) {
  const auto what = command.at("do").get<std::string>();
  if (what == "load") {
    model.reset();
    const network graph = zoo::make_model(command.at("model").get<std::string>());
    const int batch = command.at("batch").get<int>();
    const std::filesystem::path folder = command.at("folder").get<std::string>();
    const std::int64_t start = wall_ns();
    const cudnn::executor gpu(s.options(parse_data_type(command.at("dtype").get<std::string>())));
    model.emplace(gpu.compile(graph, random_weights(graph, exported::seed), batch),
                  exported::read_numbers(folder / (graph.name() + ".input"), elements(graph.input(), batch)),
                  std::vector<float>(elements(graph.output(), batch)));
    const device_description d = gpu.description();
    return {{"device", d.device},
            {"runtime", d.library},
            {"setting", d.isa},
            {"load_s", static_cast<double>(wall_ns() - start) * 1e-9}};
  }
  if (what != "run" && what != "answer") throw std::runtime_error("found '" + what + "'; allowed: load, answer, run");
  if (!model) throw std::runtime_error("'" + what + "' needs a model; load one first");
  if (what == "answer") {
    model->compiled.run(model->images, model->answer);
    exported::write_numbers(command.at("file").get<std::string>(), model->answer);
    return json::object();
  }
  json device = json::array(), wall = json::array(), switches = json::array();
  for (int i = command.at("untimed").get<int>(); i > 0; --i) model->compiled.run();
  const int timed = command.at("timed").get<int>();
  for (int i = 0; i < timed; ++i) {
    const device_time t = model->compiled.time_network();
    device.push_back(t.ms);
    switches.push_back(t.disturbed ? 1 : 0);
    const std::int64_t start = wall_ns();
    model->compiled.run();
    wall.push_back(static_cast<double>(wall_ns() - start) * 1e-6);
  }
  return {{"device_ms", device},
          {"wall_ms", wall},
          {"queue_ms", model->compiled.time_launches(timed)},
          {"switches", switches}};
}

void serve(const settings& s) {
  std::optional<loaded> model;
  for (std::string line; std::getline(std::cin, line);) {
    json reply;
    try {
      reply = obey(json::parse(line), model, s);
    } catch (const std::exception& e) {
      reply = {{"error", e.what()}};
    }
    std::cout << reply.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) try {
  settings s;
  CLI::App app{"Measures networks, plans and latency tables on an NVIDIA GPU of this machine."};
  app.require_subcommand(1);
  std::map<std::string, std::function<void(const settings&)>> actions;
  const auto command = [&](const char* name, const char* text, std::function<void(const settings&)> action) {
    CLI::App* c = app.add_subcommand(name, text);
    c->add_option("--out", s.out, "folder for the report")->capture_default_str();
    c->add_option("--models", s.models, "of the zoo's catalogue")->delimiter(',')->capture_default_str();
    c->add_option("--batch", s.batches, "images per run")
        ->delimiter(',')
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    c->add_option("--dtype", s.dtype, "f16, bf16 or f32")
        ->check(CLI::IsMember({"f16", "bf16", "f32"}))
        ->capture_default_str();
    c->add_option("--candidates", s.candidates, "plans measured for each kernel")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    c->add_option("--compile-threads", s.compile_threads,
                  "more than 1: engines that are compiled at run time are, side by side")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    c->add_option("--plan-cache", s.plan_cache, "file of plans, so that a second run compiles nothing");
    c->add_option("--budget-s", s.budget_s, "for each measurement")->check(CLI::PositiveNumber)->capture_default_str();
    actions[name] = std::move(action);
    return c;
  };
  command("device", "the GPU and cuDNN's description of it", describe_device);
  command("heuristics", "cuDNN's proposals with and without the device", compare_heuristics);
  command("models", "times of networks, and what launching adds", time_models);
  command("ratio", "the first of two networks against the second, in turns", time_ratio);
  command("activations", "tuned engines and compiled ones", time_activations);
  CLI::App* p = command(
      "predict", "networks from a latency table that was not built from them; the first batch of --batch", predict);
  p->add_option("--space", s.space, "proxylessnas, efficientnet_x or gpunet_encoded")
      ->check(CLI::IsMember({"proxylessnas", "efficientnet_x", "gpunet_encoded"}))
      ->capture_default_str();
  p->add_option("--networks", s.networks, "to predict")->check(CLI::Range(2, 100000))->capture_default_str();
  p->add_option("--pool", s.pool, "other networks that fill the table")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  p->add_option("--fill-s", s.fill_s, "seconds for filling it")->check(CLI::PositiveNumber)->capture_default_str();
  p->add_option("--most-gmacs", s.most_gmacs, "leave larger networks out")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  p->add_option("--placements", s.placements, "of each kernel")->check(CLI::Range(1, 100))->capture_default_str();
  command("export", "networks for other runtimes",
          [](const settings& how) {
            const cudnn::executor gpu(how.options(how.type()));
            exported::export_models(
                how.models, how.images, how.out, {how.type()},
                [&](const network& graph, const weights& values, std::span<const float> pixels, int images, data_type) {
                  std::vector<float> answers(elements(graph.output(), images));
                  gpu.compile(graph, values, images).run(pixels, answers);
                  return answers;
                });
          })
      ->add_option("--images", s.images, "the largest batch to be run")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command("serve", "answer commands on standard input", serve);
  CLI11_PARSE(app, argc, argv);
  for (const auto& [name, action] : actions)
    if (app.got_subcommand(name)) action(s);
  return 0;
} catch (const cudnn::device_error& e) {
  std::fprintf(stderr, "benchmark_gpu: nothing was measured: %s\n", e.what());
  return 3;
} catch (const std::exception& e) {
  std::fprintf(stderr, "benchmark_gpu: %s\n", e.what());
  return 1;
}
