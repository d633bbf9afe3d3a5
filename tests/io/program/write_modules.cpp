// SPDX-License-Identifier: Apache-2.0
// write_modules FOLDER [--all]: networks as PyTorch modules with weights, an input and what the reference executor
// answers, for PyTorch to check (check_torch.py): NAME.py, NAME.safetensors, NAME.input (NCHW), NAME.output, f32, and
// NAME.json: class, params, shape of the input. With --all every model of the zoo at a small input, and 40 networks of
// each of five spaces; else a few of each.
#include <cctype>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../../executor/networks.hpp"

#include "nascent/executor/reference.hpp"
#include "nascent/io/json_reader.hpp"
#include "nascent/io/torch.hpp"
#include "nascent/space/to_network.hpp"
#include "nascent/zoo/catalog.hpp"
#include "nascent/zoo/spaces.hpp"

using namespace nascent;

namespace {

/// [image][height][width][channel] to [image][channel][height][width].
std::vector<float> to_nchw(std::span<const float> from, const shape& s, int maps) {
  std::vector<float> to(from.size());
  const auto pixels = static_cast<std::size_t>(s.height) * static_cast<std::size_t>(s.width);
  const auto channels = static_cast<std::size_t>(s.channels);
  for (std::size_t m = 0; m < static_cast<std::size_t>(maps); ++m)
    for (std::size_t p = 0; p < pixels; ++p)
      for (std::size_t c = 0; c < channels; ++c)
        to[(m * channels + c) * pixels + p] = from[(m * pixels + p) * channels + c];
  return to;
}

void write_numbers(const std::filesystem::path& path, const std::vector<float>& numbers) {
  write_file(path, {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(float)});
}

class writer {
 public:
  explicit writer(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
  }

  void write(const network& graph) {
    const auto seed = static_cast<std::uint64_t>(++count_);
    const int batch = count_ % 4 == 0 ? 2 : 1;
    const network_parameters values = random_parameters(graph, seed);
    const std::vector<float> in = test::random_numbers(test::input_size(graph, batch), seed);
    const std::vector<float> out = test::run_once(reference::executor{}, graph, fold(graph, values), in, batch);
    std::string name = "n" + std::to_string(count_) + "_" + graph.name();
    for (char& c : name)
      if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
    const auto path = [&](const char* ending) { return folder_ / (name + ending); };
    const torch_source source = to_torch(graph);
    write_file(path(".py"), source.text);
    write_safetensors(path(".safetensors"), to_state_dict(graph, source, values));
    const shape& s = graph.input();
    write_numbers(path(".input"), to_nchw(in, s, s.batch * batch));
    std::vector<float> answers;  // one output after another
    const auto parts = split_outputs(graph, std::span<const float>(out), batch);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const shape& o = graph.tensor_shape(graph.outputs()[i].tensor);
      const std::vector<float> turned = to_nchw(parts[i], o, o.batch * batch);
      answers.insert(answers.end(), turned.begin(), turned.end());
    }
    write_numbers(path(".output"), answers);
    write_file(path(".json"), json({{"class", source.class_name},
                                    {"params", cost(graph).params},
                                    {"shape", {s.batch * batch, s.channels, s.height, s.width}}})
                                  .dump());
  }

 private:
  std::filesystem::path folder_;
  int count_ = 0;
};

}  // namespace

int main(int argc, char** argv) try {
  const bool all = argc == 3 && std::strcmp(argv[2], "--all") == 0;
  if (argc < 2 || argc > 3 || (argc == 3 && !all)) {
    std::fputs("usage: write_modules FOLDER [--all]\n", stderr);
    return 2;
  }
  writer out(argv[1]);
  for (std::uint64_t seed = 1; seed <= (all ? 200U : 40U); ++seed)
    out.write(test::random_network(seed, 1 + static_cast<int>(seed % 5), seed % 2 == 0));
  random_engine rng(3);
  const auto sampled = [&](const auto& s) {
    for (int i = 0; i < (all ? 40 : 1); ++i) out.write(to_network(s, scaled(s.sample(rng), {.resolution = 64})));
  };
  out.write(test::random_detector(1));
  sampled(zoo::gpunet);
  sampled(zoo::efficientnet_x);
  sampled(zoo::once_for_all);
  sampled(zoo::proxylessnas);
  sampled(zoo::nas_bench_201);
  const std::vector<std::string_view> few{"MobileNetV3-Small", "ResNet-50", "EfficientNet-X-B0"};
  for (const std::string_view name : all ? zoo::model_names() : few)
    out.write(zoo::make_model(name, name.starts_with("Inception") ? 96 : 64));
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "write_modules: %s\n", e.what());
  return 1;
}
