// SPDX-License-Identifier: Apache-2.0
// This library's side of the comparison with other runtimes (benchmarks/peers): writes networks with weights for them
// to read, and runs networks on request, as every other runtime's worker does.
//
//   benchmark_runtime export --models EfficientNet-B0,ResNet-50 --images 2 --out FOLDER
//   benchmark_runtime serve
//   benchmark_runtime draw build/peers/peers.json --svg peers.svg
//
// `export` writes the files of exported.hpp.
//
// `serve` reads one command a line and answers each with one line, both JSON; {"error": TEXT} where it cannot:
//
//   {"do": "load", "folder": FOLDER, "model": NAME, "dtype": "f32", "batch": 1, "threads": 1}
//                                                   loads a model that was exported there
//   {"do": "answer", "file": FILE}                  runs it on the exported images, writes the output
//   {"do": "run", "untimed": 1, "timed": 5}         {"wall_ms": [...], "cpu_ms": [...], "switches": [...]}
#include <algorithm>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iostream>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "exported.hpp"
#include <CLI/CLI.hpp>

#include <nascent/base/clock.hpp>
#include <nascent/base/file.hpp>
#include <nascent/executor/avx512.hpp>
#include <nascent/executor/onednn.hpp>
#include <nascent/executor/range_calibration.hpp>
#include <nascent/io/block_text.hpp>
#include <nascent/io/json.hpp>
#include <nascent/report/ratio_map.hpp>

using namespace nascent;
using exported::elements;
using exported::output_elements;
using exported::read_numbers;
using exported::seed;
using exported::write_numbers;

namespace {

/// In int8 the ranges of maps are those on the images that are run.
onednn::compiled compile(const onednn::options& how, const network& graph, const weights& values,
                         std::span<const float> pixels, int batch) {
  const onednn::executor executor{how};
  if (how.type != data_type::int8) return executor.compile(graph, values, batch);
  const onednn::executor f32;
  return executor.compile(graph, values, calibrate(f32, graph, values, pixels), batch);
}

std::vector<float> answer(const network& graph, const weights& values, std::span<const float> pixels, int images,
                          data_type type) {
  onednn::compiled compiled = compile({.type = type}, graph, values, pixels, 1);
  std::vector<float> answers(output_elements(graph, images));
  const std::size_t in = elements(graph.input(), 1);
  const std::size_t out = output_elements(graph, 1);
  for (std::size_t i = 0; i < static_cast<std::size_t>(images); ++i)
    compiled.run(pixels.subspan(i * in, in), std::span(answers).subspan(i * out, out));
  return answers;
}

/// A model that was loaded, with its exported images.
struct loaded {
  network graph;
  onednn::compiled compiled;
  std::vector<float> images;
  std::vector<float> answer;
  void run() { compiled.run(images, answer); }
  /// For each image all outputs.
  std::vector<float> by_image() const {
    const auto batch = static_cast<std::size_t>(compiled.batch());
    const auto outputs = split_outputs(graph, std::span(answer), compiled.batch());
    std::vector<float> all;
    for (std::size_t i = 0; i < batch; ++i)
      for (const std::span<const float> output : outputs) {
        const std::span<const float> part = output.subspan(i * output.size() / batch, output.size() / batch);
        all.insert(all.end(), part.begin(), part.end());
      }
    return all;
  }
};

json load(const json& how, std::optional<loaded>& model) {
  model.reset();
  const network graph = exported::make(how.at("model").get<std::string>());
  const int batch = how.at("batch").get<int>();
  std::string setting;
  onednn::options options{.threads = how.at("threads").get<int>(),
                          .type = parse_data_type(how.at("dtype").get<std::string>()),
                          .kernels = avx512_kernels()};
  const std::int64_t start = wall_ns();
  const std::filesystem::path folder = how.at("folder").get<std::string>();
  std::vector<float> images = read_numbers(folder / (graph.name() + ".input"), elements(graph.input(), batch));
  std::vector<float> answer(output_elements(graph, batch));
  // As for every runtime the best setting counts: how many images of a batch run at once.
  double best = std::numeric_limits<double>::infinity();
  for (const int piece : {1, 4}) {
    if (piece > batch) continue;
    options.images_at_once = piece;
    loaded next{graph, compile(options, graph, random_weights(graph, seed), images, batch), images, answer};
    if (batch > 1) next.run();
    const std::int64_t before = wall_ns();
    next.run();
    const double ms = static_cast<double>(wall_ns() - before) * 1e-6;
    if (ms >= best) continue;
    best = ms;
    model.emplace(std::move(next));
    setting = std::to_string(piece) + (piece == 1 ? " image at once" : " images at once");
  }
  const double seconds = static_cast<double>(wall_ns() - start) * 1e-9;
  const device_description d = onednn::executor{options}.description();
  return {{"device", d.device}, {"runtime", d.library}, {"setting", d.isa + ", " + setting}, {"load_s", seconds}};
}

json run(const json& how, loaded& model) {
  const int timed = how.at("timed").get<int>();
  json wall = json::array();
  json cpu = json::array();
  json switches = json::array();
  for (int i = how.at("untimed").get<int>(); i > 0; --i) model.run();
  for (int i = 0; i < timed; ++i) {
    const std::int64_t switches_before = process_switches();
    const std::int64_t cpu_before = process_cpu_ns();
    const std::int64_t start = wall_ns();
    model.run();
    wall.push_back(static_cast<double>(wall_ns() - start) * 1e-6);
    cpu.push_back(static_cast<double>(process_cpu_ns() - cpu_before) * 1e-6);
    switches.push_back(process_switches() - switches_before);
  }
  return {{"wall_ms", wall}, {"cpu_ms", cpu}, {"switches", switches}};
}

json obey(const json& command, std::optional<loaded>& model) {
  const auto what = command.at("do").get<std::string>();
  if (what == "load") return load(command, model);
  if (what != "run" && what != "answer") throw std::runtime_error("found '" + what + "'; allowed: load, answer, run");
  if (!model) throw std::runtime_error("'" + what + "' needs a model; load one first");
  if (what == "run") return run(command, *model);
  model->run();
  write_numbers(command.at("file").get<std::string>(), model->by_image());
  return json::object();
}

void serve() {
  std::optional<loaded> model;
  for (std::string line; std::getline(std::cin, line);) {
    json reply;
    try {
      reply = obey(json::parse(line), model);
    } catch (const std::exception& e) {
      reply = {{"error", e.what()}};
    }
    std::cout << reply.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
  }
}

/// All cells of a comparison, one row for each network.
ratio_map map_of(const json& report) {
  ratio_map map{.title = "This library's time over that of the best other runtime"};
  const auto index = [](std::vector<std::string>& names, const std::string& name) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) names.push_back(name);
    return static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
  };
  const auto column_of = [](const json& cell) {
    return cell["dtype"].get<std::string>() + ", batch " + cell["batch"].dump() + ", " +
           (cell["threads"] == 1 ? "1 thread" : cell["threads"].dump() + " threads");
  };
  for (const json& cell : report.at("cells")) {
    index(map.rows, cell["model"].get<std::string>());
    index(map.columns, column_of(cell));
  }
  map.ratios.assign(map.rows.size() * map.columns.size(), std::numeric_limits<double>::quiet_NaN());
  for (const json& cell : report.at("cells"))
    for (const json& row : cell["runtimes"])
      if (cell.contains("best_other") && row["runtime"] == cell["best_other"])
        map.ratios[index(map.rows, cell["model"].get<std::string>()) * map.columns.size() +
                   index(map.columns, column_of(cell))] = row["ours_over_it"]["median"].get<double>();
  return map;
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"Writes networks for other runtimes, and runs them on request."};
  std::vector<std::string> models;
  int images = 1;
  std::string folder;
  auto* exporting = app.add_subcommand("export", "write networks, weights, images and answers");
  exporting->add_option("--models", models, "names of the zoo's catalogue, U-Net, SSDLite320-MobileNetV3-Large")
      ->delimiter(',')
      ->required();
  exporting->add_option("--images", images, "the largest batch to be run")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  exporting->add_option("--out", folder, "folder")->required();
  auto* serving = app.add_subcommand("serve", "answer commands on standard input");
  std::string report;
  std::string svg;
  auto* drawing = app.add_subcommand("draw", "a heat map of a comparison's ratios");
  drawing->add_option("report", report, "peers.json")->required();
  drawing->add_option("--svg", svg, "file")->required();
  app.require_subcommand(1);
  CLI11_PARSE(app, argc, argv);
  if (*serving) serve();
  if (*drawing) write_file(svg, to_svg(map_of(read_json(report))));
  if (*exporting)
    exported::export_models(models, images, folder, {data_type::f32, data_type::bf16, data_type::int8}, answer);
  return 0;
} catch (const std::exception& e) {
  std::cerr << "benchmark_runtime: " << e.what() << '\n';
  return 1;
}
