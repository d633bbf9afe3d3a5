// SPDX-License-Identifier: Apache-2.0
// run_models FOLDER: runs models of the zoo with the parameters and images that check_timm.py writes, for it to
// compare. FOLDER/list has a model's name and the input's size in each line; for line N there are N.parameters (of each
// layer in order: kernel, bias, gamma, beta, mean, variance, what it has of them) and N.input (NHWC), f32. Writes
// N.counts, and N.reference and N.onednn, what the executors answer.
#include <cstddef>
#include <cstdint>
#include <cstring>
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
#include "nascent/zoo/convnext.hpp"
#include "nascent/zoo/densenet.hpp"
#include "nascent/zoo/mobilenet_v4.hpp"
#include "nascent/zoo/resnet.hpp"
#include "nascent/zoo/vision_transformer.hpp"

using namespace nascent;

namespace {

std::vector<float> read(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  std::vector<float> numbers(bytes.size() / sizeof(float));
  std::memcpy(numbers.data(), bytes.data(), numbers.size() * sizeof(float));
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

/// The model of that name, at another input size. Not the whole catalogue, which takes the compiler a minute.
network model_of(const std::string& name, int size) {
  network found;
  const auto look = [&](const auto&... models) {
    ((models.name == name ? void(found = to_network(models.at(size))) : void()), ...);
  };
  look(zoo::resnet_18, zoo::densenet_121, zoo::convnext_t, zoo::mobilenet_v4_conv_s, zoo::deit_ti, zoo::vit_s_16,
       zoo::mobilevit_s);
  if (found.layers().empty())
    throw error("zoo.model", "model '" + name + "'", "no such name here", "one of those above");
  return found;
}

template <class Executor>
std::vector<float> answer(const Executor& executor, const network& graph, const weights& values,
                          const std::vector<float>& in) {
  auto program = executor.compile(graph, values);
  std::vector<float> out(static_cast<std::size_t>(graph.output().elements()));
  program.run(in, out);
  return out;
}

void run(const std::filesystem::path& folder, const std::string& number, const std::string& name, int size) {
  const network graph = model_of(name, size);
  const weights values = fold(graph, parameters_of(graph, read(folder / (number + ".parameters"))));
  const std::vector<float> in = read(folder / (number + ".input"));
  std::int64_t params = 0;
  std::int64_t macs = 0;
  for (const layer& l : graph.layers()) {
    params += nascent::params(l);
    macs += nascent::macs(l);
  }
  write_file(folder / (number + ".counts"), std::to_string(params) + " " + std::to_string(macs));
  write(folder / (number + ".reference"), answer(reference::executor{}, graph, values, in));
  write(folder / (number + ".onednn"), answer(onednn::executor{{.threads = 1}}, graph, values, in));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "run_models FOLDER\n";
    return 2;
  }
  try {
    const std::filesystem::path folder = argv[1];
    std::ifstream list(folder / "list");
    std::string name;
    int size = 0;
    for (int number = 0; list >> name >> size; ++number) run(folder, std::to_string(number), name, size);
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    return 1;
  }
}
