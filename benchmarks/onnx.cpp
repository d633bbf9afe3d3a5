// SPDX-License-Identifier: Apache-2.0
// The networks that benchmark_runtime exports, with the same weights, as ONNX files for other runtimes to read
// (benchmarks/peers). A program of its own: what is timed needs no protobuf.
//
//   benchmark_onnx --models EfficientNet-B0,U-Net --batch 1,32 --dtype f32,bf16 --out FOLDER
//
// writes FOLDER/NAME.DTYPE.BATCH.onnx for each.
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "exported.hpp"
#include <CLI/CLI.hpp>

#include <nascent/io/block_text.hpp>
#include <nascent/io/onnx.hpp>

using namespace nascent;

int main(int argc, char** argv) try {
  CLI::App app{"Writes networks with the weights of benchmark_runtime's as ONNX files."};
  std::vector<std::string> models;
  std::vector<std::string> dtypes{"f32"};
  std::vector<int> batches{1};
  std::filesystem::path folder;
  app.add_option("--models", models, "as benchmark_runtime has them")->delimiter(',')->required();
  app.add_option("--batch", batches, "images")->delimiter(',')->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--dtype", dtypes, "of weights and maps")
      ->delimiter(',')
      ->check(CLI::IsMember({"f32", "f16", "bf16"}))
      ->capture_default_str();
  app.add_option("--out", folder, "folder")->required();
  CLI11_PARSE(app, argc, argv);
  std::filesystem::create_directories(folder);
  for (const std::string& model : models) {
    const network graph = exported::make(model);
    const weights values = random_weights(graph, exported::seed);
    for (const std::string& dtype : dtypes)
      for (const int batch : batches) {
        const std::string name = model + "." + dtype + "." + std::to_string(batch) + ".onnx";
        write_onnx(folder / name, graph, values, {.type = parse_data_type(dtype), .batch = batch});
      }
  }
  return 0;
} catch (const std::exception& e) {
  std::cerr << "benchmark_onnx: " << e.what() << '\n';
  return 1;
}
