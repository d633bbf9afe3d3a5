// SPDX-License-Identifier: Apache-2.0
// What does a trained network lose in int8, and what does it gain? An ONNX model, images for the ranges of its maps,
// others to try it on.
//
//   quantize --onnx mine.onnx --calibrate train.f32 --images test.f32 --labels test.labels --ranges ranges.json
//
// Images are NHWC, f32, one after another, as the network takes them; labels are whole numbers, one a line. Without
// images they are noise: then only times mean something.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <optional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "checked_options.hpp"
#include "onnx_model.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/base/file.hpp>
#include <nascent/base/number_text.hpp>
#include <nascent/executor/onednn.hpp>
#include <nascent/executor/own_kernels.hpp>
#include <nascent/executor/range_calibration.hpp>
#include <nascent/io/quantization_json.hpp>
#include <nascent/timing/measure.hpp>

using namespace nascent;

namespace {

struct settings {
  std::string onnx;
  std::string calibration_images;
  std::string images;
  std::string labels;
  std::string ranges;
  double percentile = 100;
  double budget_s = 3;
};

/// The images of a file, or some of noise.
std::vector<float> images_of(const std::string& path, std::size_t size, std::size_t otherwise, unsigned seed) {
  std::vector<float> numbers;
  if (path.empty()) {
    std::mt19937 noise(seed);
    for (std::size_t i = 0; i < otherwise * size; ++i)
      numbers.push_back(static_cast<float>(noise() >> 8) * 0x1p-23F - 1.0F);
    return numbers;
  }
  const std::string bytes = read_file(path);
  if (bytes.empty() || bytes.size() % (size * sizeof(float)) != 0)
    throw std::invalid_argument("images '" + path + "': found " + std::to_string(bytes.size()) +
                                " bytes; allowed: a multiple of " + std::to_string(size * sizeof(float)) +
                                ", those of one image");
  numbers.resize(bytes.size() / sizeof(float));
  std::memcpy(numbers.data(), bytes.data(), bytes.size());
  return numbers;
}

std::vector<std::size_t> labels_of(const std::string& path, std::size_t images) {
  std::vector<std::size_t> labels;
  if (path.empty()) return labels;
  std::istringstream text(read_file(path));
  for (std::size_t label = 0; text >> label;) labels.push_back(label);
  if (labels.size() != images)
    throw std::invalid_argument("labels '" + path + "': found " + std::to_string(labels.size()) +
                                "; allowed: " + std::to_string(images) + ", one for each image");
  return labels;
}

/// What a network answers to all images.
struct answers {
  std::vector<float> numbers;
  std::vector<std::size_t> classes;
};

answers ask(onednn::compiled& program, std::span<const float> images, std::size_t in, std::size_t out) {
  answers a;
  std::vector<float> one(out);
  for (; !images.empty(); images = images.subspan(in)) {
    program.run(images.first(in), one);
    a.numbers.insert(a.numbers.end(), one.begin(), one.end());
    a.classes.push_back(static_cast<std::size_t>(std::ranges::max_element(one) - one.begin()));
  }
  return a;
}

double share_of_equal(const std::vector<std::size_t>& a, const std::vector<std::size_t>& b) {
  std::size_t equal = 0;
  for (std::size_t i = 0; i < a.size(); ++i) equal += a[i] == b[i] ? 1U : 0U;
  return 100 * static_cast<double>(equal) / static_cast<double>(a.size());
}

/// Root mean square of the difference over that of what it differs from.
double distance(const std::vector<float>& a, const std::vector<float>& from) {
  double error = 0;
  double size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    error += std::pow(static_cast<double>(a[i]) - static_cast<double>(from[i]), 2);
    size += std::pow(static_cast<double>(from[i]), 2);
  }
  return 100 * std::sqrt(error / size);
}

void run(const settings& s) {
  const auto [graph, values] = examples::read_trained(s.onnx);
  const auto in = static_cast<std::size_t>(graph.input().elements());
  const auto out = static_cast<std::size_t>(graph.output_elements());
  const std::vector<float> calibration_images = images_of(s.calibration_images, in, 8, 1);
  const std::vector<float> images = images_of(s.images, in, 32, 2);
  const std::vector<std::size_t> labels = labels_of(s.labels, images.size() / in);

  const onednn::executor f32{{.kernels = own_kernels()}};
  const onednn::executor int8{{.type = data_type::int8}};
  const activation_ranges ranges = calibrate(f32, graph, values, calibration_images, {.percentile = s.percentile});
  if (!s.ranges.empty()) write_json(s.ranges, ranges);
  std::vector<onednn::compiled> programs;
  programs.push_back(f32.compile(graph, values));
  std::vector<std::string> names{"f32"};
  if (onednn::computes_bf16()) {
    programs.push_back(onednn::executor{{.type = data_type::bf16, .kernels = own_kernels()}}.compile(graph, values));
    names.emplace_back("bf16");
  }
  programs.push_back(int8.compile(graph, values, ranges));
  names.emplace_back("int8");

  std::printf("%s, %zu images, ranges of %zu\n", describe(int8.description()).c_str(), images.size() / in,
              calibration_images.size() / in);
  std::printf("%-6s %16s %18s %12s %24s\n", "type", "error of outputs", "class as in f32", "right",
              "time / f32 (95 %)");
  std::optional<answers> exact;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const answers a = ask(programs[i], images, in, out);
    if (!exact) exact = a;
    std::string time = "1";
    if (i > 0) {
      const paired_ratio ratio =
          compare(programs[0], programs[i], {.measure = {.budget_ms = s.budget_s * 1000}, .untimed = 3}).ratio;
      time = fixed_text(ratio.median, 3) + " (" + fixed_text(ratio.low, 3) + ".." + fixed_text(ratio.high, 3) + ")";
    }
    std::printf("%-6s %14s %% %16s %% %12s %24s\n", names[i].c_str(),
                fixed_text(distance(a.numbers, exact->numbers), 2).c_str(),
                fixed_text(share_of_equal(a.classes, exact->classes), 2).c_str(),
                labels.empty() ? "-" : (fixed_text(share_of_equal(a.classes, labels), 2) + " %").c_str(), time.c_str());
  }
}

int program(int argc, char** argv) {
  settings s;
  CLI::App app{"What a trained network loses and gains in int8, beside f32 and bf16, one thread."};
  app.footer("Example: quantize --onnx mine.onnx --calibrate train.f32 --images test.f32 --labels test.labels");
  app.add_option("--onnx", s.onnx, "the model")->required();
  app.add_option("--calibrate", s.calibration_images, "images for the ranges: NHWC, f32; without, 8 of noise");
  auto* const images = app.add_option("--images", s.images, "images to try it on; without, 32 of noise");
  app.add_option("--labels", s.labels, "their classes, one a line")->needs(images);
  app.add_option("--percentile", s.percentile,
                 "of the numbers of a map that its range holds, image by image; 100 for all")
      ->check(CLI::Range(50.0, 100.0))
      ->capture_default_str();
  app.add_option("--ranges", s.ranges, "write the ranges to this file");
  app.add_option("--budget-s", s.budget_s, "seconds per comparison")->check(examples::seconds())->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  examples::option_files()
      .reads("--onnx", s.onnx)
      .reads("--calibrate", s.calibration_images)
      .reads("--images", s.images)
      .reads("--labels", s.labels)
      .writes("--ranges", s.ranges)
      .check();
  run(s);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program("quantize", [&] { return program(argc, argv); });
}
