// SPDX-License-Identifier: Apache-2.0
// What this library's kernels are worth: whole networks with oneDNN alone against the same networks with the faster of
// the two kernels everywhere, in paired rounds, and where the time went, kind by kind of kernel.
//
//   benchmark_kernels --model EfficientNet-B0 ResNet-50 --dtype f32 bf16 --batch 1 --json kernels.json
//   benchmark_kernels --isa avx2 --dtype f32
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <nascent/base/file.hpp>
#include <nascent/executor/onednn.hpp>
#include <nascent/executor/own_kernels.hpp>
#include <nascent/timing/measure.hpp>
#include <nascent/zoo/catalog.hpp>

namespace {

using namespace nascent;

std::string kind_of(const kernel& k) {
  std::string kind = to_string(k.core.kind);
  if (k.core.is_depthwise()) kind = "depthwise";
  else if (k.core.kind == layer_kind::convolution)
    kind = k.core.kernel_height == 1 && k.core.kernel_width == 1 ? "1x1 convolution" : "convolution";
  if (k.core.act != activation::identity) kind += std::string(" + ") + to_string(k.core.act);
  return kind;
}

/// Milliseconds of a network's kernels by kind: the least of several runs inside the running network.
std::map<std::string, double> by_kind(onednn::compiled& program, double budget_s) {
  const network_measurement m = measure_kernels(program, {.budget_ms = 1e3 * budget_s});
  std::map<std::string, double> sums;
  for (std::size_t i = 0; i < m.kernels.size(); ++i) sums[kind_of(program.kernels()[i])] += m.kernels[i].minimum_ms;
  return sums;
}

nlohmann::json study(const std::string& model, data_type type, onednn::isa isa, int batch, int threads,
                     double budget_s) {
  const network graph = zoo::make_model(model);
  onednn::executor alone{{.threads = threads, .type = type, .isa = isa}};
  onednn::executor both{{.threads = threads, .type = type, .isa = isa, .kernels = own_kernels()}};
  auto first = prepare(alone, graph, batch);
  auto second = prepare(both, graph, batch);
  const comparison whole = compare(first, second, {.measure = {.budget_ms = 1e3 * budget_s}});
  std::printf("\n%s, %s, batch %d, %d thread(s): oneDNN %.3f ms, with ours %.3f ms, ratio %.3f [%.3f, %.3f]: %s\n",
              model.c_str(), to_string(type), batch, threads, whole.first.median_ms, whole.second.median_ms,
              whole.ratio.median, whole.ratio.low, whole.ratio.high, to_string(whole.outcome));
  const auto theirs = by_kind(first, budget_s / 2);
  const auto ours = by_kind(second, budget_s / 2);
  int taken = 0;
  for (std::size_t i = 0; i < second.kernels().size(); ++i)
    taken += second.kernel_implementation(i).starts_with("nascent_") ? 1 : 0;
  nlohmann::json kinds = nlohmann::json::object();
  for (const auto& [kind, ms] : theirs) {
    std::printf("  %-32s %8.3f ms  %8.3f ms  %6.2f\n", kind.c_str(), ms, ours.at(kind), ours.at(kind) / ms);
    kinds[kind] = {{"onednn_ms", ms}, {"fastest_ms", ours.at(kind)}};
  }
  std::printf("  %d of %zu kernels are ours\n", taken, second.kernels().size());
  return {{"model", model},
          {"dtype", to_string(type)},
          {"batch", batch},
          {"threads", threads},
          {"onednn_ms", whole.first.median_ms},
          {"fastest_ms", whole.second.median_ms},
          {"ratio", whole.ratio.median},
          {"low", whole.ratio.low},
          {"high", whole.ratio.high},
          {"verdict", to_string(whole.outcome)},
          {"own_kernels", taken},
          {"kernels", second.kernels().size()},
          {"kinds", kinds}};
}

}  // namespace

int main(int argc, char** argv) try {
  std::vector<std::string> models{"EfficientNet-B0", "EfficientNet-X-B0", "GPUNet-0", "MobileNetV3-Large", "ResNet-50"};
  std::vector<std::string> types{"f32", "bf16"};
  std::string isa_name = "best";
  int batch = 1;
  int threads = 1;
  double budget_s = 6;
  std::string json;
  CLI::App app("Times networks with oneDNN alone against the faster of oneDNN's and this library's kernels.");
  app.add_option("--model", models, "names of the catalogue")->capture_default_str();
  app.add_option("--dtype", types, "f32, bf16")->check(CLI::IsMember({"f32", "bf16"}))->capture_default_str();
  app.add_option("--isa", isa_name, "the largest instruction set to use, e.g. avx2, avx512_core, best")
      ->capture_default_str();
  app.add_option("--batch", batch, "images per run")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--threads", threads, "threads")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--budget-s", budget_s, "seconds per comparison")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--json", json, "write the figures to this file too");
  CLI11_PARSE(app, argc, argv);

  const onednn::isa isa = onednn::parse_isa(isa_name);
  const device_description d =
      onednn::executor{{.threads = threads, .isa = isa, .kernels = own_kernels()}}.description();
  std::printf("%s, %s, %s\n", d.device.c_str(), d.library.c_str(), d.isa.c_str());
  nlohmann::json all = nlohmann::json::array();
  for (const std::string& model : models)
    for (const std::string& type : types)
      all.push_back(study(model, type == "f32" ? data_type::f32 : data_type::bf16, isa, batch, threads, budget_s));
  if (!json.empty())
    write_file(
        json,
        nlohmann::json{{"device", d.device}, {"library", d.library}, {"isa", d.isa}, {"studies", all}}.dump(2) + "\n");
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
