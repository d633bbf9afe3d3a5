// SPDX-License-Identifier: Apache-2.0
/// \file
/// Networks written for other runtimes to read, and their numbers. For each model NAME.json (the layers), NAME.weights
/// (for each layer with weights: its kernel [output channel][height][width][input channel of the group], then its
/// bias), NAME.input (images in NHWC) and NAME.DTYPE.output (what this library answers: for each image all outputs, one
/// after another); all numbers are f32, little-endian.
#pragma once

#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <nascent/base/file.hpp>
#include <nascent/executor/executor.hpp>
#include <nascent/io/json.hpp>
#include <nascent/nascent.hpp>
#include <nascent/zoo/catalog.hpp>
#include <nascent/zoo/detectors.hpp>

namespace exported {

using namespace nascent;

static_assert(std::endian::native == std::endian::little, "files of numbers are little-endian");

inline constexpr std::uint64_t seed = 1;

inline void write_numbers(const std::filesystem::path& path, std::span<const float> numbers) {
  write_file(path, {reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()});
}

inline std::vector<float> read_numbers(const std::filesystem::path& path, std::size_t count) {
  const std::string bytes = read_file(path);
  if (bytes.size() < count * sizeof(float))
    throw std::runtime_error("'" + path.string() + "': found " + std::to_string(bytes.size()) +
                             " bytes; allowed: at least " + std::to_string(count * sizeof(float)) +
                             "; export more images");
  std::vector<float> numbers(count);
  std::memcpy(numbers.data(), bytes.data(), count * sizeof(float));
  return numbers;
}

/// A network of the zoo: of its catalogue, or with several outputs or maps. \throws unknown_model
inline network make(const std::string& name) {
  if (name == "U-Net") return make_network(name, {1, 572, 572, 1}, zoo::u_net{});
  if (name == "SSDLite320-MobileNetV3-Large") return make_network(name, {1, 320, 320, 3}, zoo::ssdlite_mobilenet_v3{});
  return zoo::make_model(name);
}

inline std::size_t elements(const shape& s, int batch) { return static_cast<std::size_t>(s.elements() * batch); }
/// Of all outputs.
inline std::size_t output_elements(const network& graph, int batch) {
  return static_cast<std::size_t>(graph.output_elements() * batch);
}

/// Pixels of mean 0 and variance 1/3, the same on every compiler.
inline std::vector<float> random_pixels(std::size_t count) {
  std::vector<float> pixels(count);
  random_engine rng(seed);
  for (float& pixel : pixels) pixel = static_cast<float>(rng() >> 40) * 0x1p-23F - 1.0F;
  return pixels;
}

/// What this library answers on the images in a type. \throws executor_error where it does not compute in that type
using answerer = std::function<std::vector<float>(const network&, const weights&, std::span<const float> pixels,
                                                  int images, data_type)>;

/// The first type must be answered; others are left out, with one line, where they cannot be.
inline void export_models(const std::vector<std::string>& names, int images, const std::filesystem::path& folder,
                          const std::vector<data_type>& types, const answerer& answer) {
  std::filesystem::create_directories(folder);
  for (const std::string& name : names) {
    const network graph = make(name);
    const weights values = random_weights(graph, seed);
    const auto file = [&](const std::string& suffix) { return folder / (graph.name() + suffix); };
    std::vector<float> numbers;
    for (const layer_weights& w : values) {
      numbers.insert(numbers.end(), w.kernel.begin(), w.kernel.end());
      numbers.insert(numbers.end(), w.bias.begin(), w.bias.end());
    }
    write_numbers(file(".weights"), numbers);
    const std::vector<float> pixels = random_pixels(elements(graph.input(), images));
    write_numbers(file(".input"), pixels);
    json answered = json::array();
    for (const data_type type : types) {
      try {
        write_numbers(file("." + std::string(to_string(type)) + ".output"),
                      answer(graph, values, pixels, images, type));
        answered.push_back(to_string(type));
      } catch (const executor_error& e) {
        if (type == types.front()) throw;
        std::fprintf(stderr, "%s: no %s: %s\n", graph.name().c_str(), to_string(type), e.what());
      }
    }
    write_json(file(".json"), {{"network", graph}, {"images", images}, {"types", answered}});
    std::printf("%s: %zu layers, %.1f MB of weights\n", graph.name().c_str(), graph.layers().size(),
                static_cast<double>(numbers.size()) * 4e-6);
    std::fflush(stdout);
  }
}

}  // namespace exported
