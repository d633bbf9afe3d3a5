// SPDX-License-Identifier: Apache-2.0
// A network as an ONNX file, for other runtimes and compilers: a model of the zoo, or a level of a family that
// design_family wrote.
//
//   export_onnx --model EfficientNet-B0 --out b0.onnx
//   export_onnx --family family/family.json --level B2 --out b2.onnx --dtype f16 --batch 0
//
// The weights are random, by --seed: nothing is trained here. Batch normalisations are folded unless --keep-batch-norm
// says otherwise.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "family_space.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/io/block_text.hpp>
#include <nascent/io/family.hpp>
#include <nascent/io/onnx.hpp>
#include <nascent/nascent.hpp>
#include <nascent/zoo/catalog.hpp>

using namespace nascent;

namespace {

struct settings {
  std::string model;
  int resolution = 0;
  std::filesystem::path family;
  std::string level = "B0";
  std::filesystem::path out = "model.onnx";
  std::string dtype = "f32";
  int batch = 1;
  std::uint64_t seed = 1;
  bool keep_batch_norm = false;
};

/// A level of a family of design_family's space.
network level_of(const std::filesystem::path& path, const std::string& name) {
  const auto family = read_family(examples::family_space, path);
  std::string names;
  for (const auto& level : family.levels) {
    if (level.name == name) return to_network(level.network, name);
    names += (names.empty() ? "" : ", ") + level.name;
  }
  throw error("example.level", "family '" + path.string() + "'", "no level '" + name + "'", names);
}

void run(const settings& s) {
  const network graph = s.family.empty() ? zoo::make_model(s.model, s.resolution) : level_of(s.family, s.level);
  const network_parameters values = random_parameters(graph, s.seed);
  const onnx_options options{.type = parse_data_type(s.dtype), .batch = s.batch};
  if (s.keep_batch_norm) write_onnx(s.out, graph, values, options);
  else write_onnx(s.out, graph, fold(graph, values), options);
  const costs total = cost(graph);
  std::printf(
      "Wrote %s: %s, %zu layers, %.2f M parameters (random, seed %llu), %.0f M MACs, input %s x %d x %d x %d, %s\n",
      s.out.c_str(), graph.name().c_str(), graph.layers().size(), 1e-6 * static_cast<double>(total.params),
      static_cast<unsigned long long>(s.seed), 1e-6 * static_cast<double>(total.macs),
      s.batch == 0 ? "N" : std::to_string(s.batch).c_str(), graph.input().channels, graph.input().height,
      graph.input().width, s.dtype.c_str());
}

int program(int argc, char** argv) {
  settings s;
  CLI::App app{"Writes a network as an ONNX file, with random weights: nothing is trained here."};
  app.footer("Example: export_onnx --family family/family.json --level B2 --out b2.onnx");
  auto* model = app.add_option("--model", s.model, "a model of the zoo, such as EfficientNet-B0; list_models has all");
  app.add_option("--resolution", s.resolution, "input of the model in px; 0: its own")
      ->check(CLI::Range(0, 65536))
      ->needs(model)
      ->capture_default_str();
  auto* family = app.add_option("--family", s.family, "family.json of design_family")->excludes(model);
  app.add_option("--level", s.level, "which network of the family")->needs(family)->capture_default_str();
  app.add_option("--out", s.out, "the file to write")->capture_default_str();
  app.add_option("--dtype", s.dtype, "of weights and maps")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}))
      ->capture_default_str();
  app.add_option("--batch", s.batch, "images; 0 leaves it free")->check(CLI::Range(0, 65536))->capture_default_str();
  app.add_option("--seed", s.seed, "of the random weights")->capture_default_str();
  app.add_flag("--keep-batch-norm", s.keep_batch_norm, "do not fold batch normalisations");
  CLI11_PARSE(app, argc, argv);
  if (s.model.empty() == s.family.empty())
    throw std::invalid_argument("found neither --model nor --family; allowed: one of the two (--help says more)");
  run(s);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program("export_onnx", [&] { return program(argc, argv); });
}
