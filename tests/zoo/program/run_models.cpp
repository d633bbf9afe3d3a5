// SPDX-License-Identifier: Apache-2.0
// run_models: the rows of zoo/public_modules.hpp and the detectors, which are no models of the catalog, for
// check_timm.py. run_models FOLDER NUMBER: runs the model of that
// row with the parameters and the image that check_timm.py writes: FOLDER/parameters (of each layer in order: kernel,
// bias, gamma, beta, mean, variance, what it has of them) and FOLDER/input (NHWC), f32. Writes FOLDER/counts, and
// FOLDER/onednn and, unless the network is large, FOLDER/reference: what the executors answer.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/file.hpp"
#include "nascent/executor/onednn.hpp"
#include "nascent/executor/reference.hpp"
#include "nascent/zoo/catalog.hpp"
#include "nascent/zoo/detectors.hpp"
#include "nascent/zoo/public_modules.hpp"

using namespace nascent;

namespace {

/// Not by read_file, which refuses what is too large for a text.
std::vector<float> read(const std::filesystem::path& path) {
  std::vector<float> numbers(std::filesystem::file_size(path) / sizeof(float));
  std::ifstream file(path, std::ios::binary);
  file.exceptions(std::ios::failbit | std::ios::badbit);
  file.read(reinterpret_cast<char*>(numbers.data()), static_cast<std::streamsize>(numbers.size() * sizeof(float)));
  return numbers;
}

void write(const std::filesystem::path& path, const std::vector<float>& numbers) {
  write_file(path, {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)});
}

/// Takes a network's parameters from a list of all their numbers. \throws nascent::error where they are not as many
network_parameters parameters_of(const network& graph, const std::vector<float>& numbers) {
  network_parameters all(graph.layers().size());
  std::size_t at = 0;
  const auto take = [&](std::int64_t count) {
    const std::size_t n = static_cast<std::size_t>(count);
    if (numbers.size() - at < n)
      throw error("network.parameters", "parameters of '" + graph.name() + "'", std::to_string(numbers.size()), "more");
    at += n;
    return std::vector<float>(numbers.begin() + static_cast<std::ptrdiff_t>(at - n),
                              numbers.begin() + static_cast<std::ptrdiff_t>(at));
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    const layer& l = graph.layers()[i];
    all[i].kernel = take(trained_elements(l));
    if (l.bias) all[i].bias = take(l.output.channels);
    if (!l.batch_norm) continue;
    for (std::vector<float>* part : {&all[i].norm.gamma, &all[i].norm.beta, &all[i].norm.mean, &all[i].norm.variance})
      *part = take(l.output.channels);
  }
  if (at != numbers.size())
    throw error("network.parameters", "parameters of '" + graph.name() + "'", std::to_string(numbers.size()),
                std::to_string(at));
  return all;
}

constexpr zoo::public_module detector{
    "SSDLite320-MobileNetV3-Large", "torchvision", "ssdlite320_mobilenet_v3_large", {}, 320};

std::vector<zoo::public_module> rows() {
  std::vector<zoo::public_module> all(zoo::public_modules.begin(), zoo::public_modules.end());
  all.push_back(detector);
  return all;
}

network network_of(const zoo::public_module& m) {
  if (m.model != detector.model) return zoo::make_model(m.model, m.compared_at);
  return make_network(std::string(m.model), {1, m.compared_at, m.compared_at, 3}, zoo::ssdlite_mobilenet_v3{});
}

/// Multiply-adds from which on the reference executor, which is slow, does not run.
constexpr std::int64_t large = 400'000'000;

template <class Executor>
std::vector<float> answer(const Executor& executor, const network& graph, const weights& values,
                          const std::vector<float>& in) {
  auto program = executor.compile(graph, values);
  std::vector<float> out(static_cast<std::size_t>(graph.output_elements()));
  program.run(in, out);
  return out;
}

void run(const std::filesystem::path& folder, const zoo::public_module& module) {
  const network graph = network_of(module);
  const weights values = fold(graph, parameters_of(graph, read(folder / "parameters")));
  const std::vector<float> in = read(folder / "input");
  std::int64_t params = 0;
  std::int64_t macs = 0;
  for (const layer& l : graph.layers()) {
    params += nascent::params(l);
    macs += nascent::macs(l);
  }
  write_file(folder / "counts", std::to_string(params) + " " + std::to_string(macs));
  if (macs < large) write(folder / "reference", answer(reference::executor{}, graph, values, in));
  write(folder / "onednn", answer(onednn::executor{{.threads = 1}}, graph, values, in));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 1) {
      for (const zoo::public_module& m : rows())
        std::cout << m.model << '\t' << m.library << '\t' << m.name << '\t' << m.arguments << '\t' << m.compared_at
                  << '\n';
      return 0;
    }
    if (argc != 3) {
      std::cerr << "run_models [FOLDER NUMBER]\n";
      return 2;
    }
    run(argv[1], rows().at(std::stoul(argv[2])));
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
