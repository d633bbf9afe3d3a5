// SPDX-License-Identifier: Apache-2.0
// run_onnx MODEL INPUT OUTPUT: reads an ONNX model, prints its params, MACs and layers, and runs it by the reference
// executor on the numbers in the file INPUT (f32, little-endian, NCHW); what it answers goes to the file OUTPUT in the
// same order (check_import.py). What cannot be read is printed as "refused: ..." with the status 3.
#include <cstdio>
#include <cstring>
#include <exception>
#include <span>
#include <string>
#include <vector>

#include "nascent/base/file.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/executor/reference.hpp"
#include "nascent/io/read_onnx.hpp"

using namespace nascent;

namespace {

/// Rows of `from` numbers become columns: [to][from] of each map.
std::vector<float> turned(std::span<const float> numbers, std::size_t rows, std::size_t columns) {
  std::vector<float> all(numbers.size());
  for (std::size_t first = 0; first < numbers.size(); first += rows * columns)
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < columns; ++c) all[first + c * rows + r] = numbers[first + r * columns + c];
  return all;
}

std::size_t pixels_of(const shape& s) { return static_cast<std::size_t>(s.height) * static_cast<std::size_t>(s.width); }

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) {
    std::fputs("usage: run_onnx MODEL INPUT OUTPUT\n", stderr);
    return 2;
  }
  const onnx_network read = read_onnx(std::filesystem::path(argv[1]));
  const network& graph = read.graph;
  const costs total = cost(graph);
  std::printf("%lld %lld %zu\n", static_cast<long long>(total.params), static_cast<long long>(total.macs),
              graph.layers().size());
  const std::string bytes = read_file(argv[2]);
  std::vector<float> in(bytes.size() / sizeof(float));
  std::memcpy(in.data(), bytes.data(), in.size() * sizeof(float));
  const int batch = static_cast<int>(static_cast<std::int64_t>(in.size()) / graph.input().elements());
  in = turned(in, static_cast<std::size_t>(graph.input().channels), pixels_of(graph.input()));
  std::vector<float> out(static_cast<std::size_t>(graph.output_elements() * batch));
  reference::executor{}.compile(graph, read.folded(), batch).run(in, out);
  std::string answers;
  const auto parts = split_outputs(graph, std::span<const float>(out), batch);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const shape& s = graph.tensor_shape(graph.outputs()[i].tensor);
    const std::vector<float> part = turned(parts[i], pixels_of(s), static_cast<std::size_t>(s.channels));
    answers.append(reinterpret_cast<const char*>(part.data()), part.size() * sizeof(float));
  }
  write_file(argv[3], answers);
  return 0;
} catch (const onnx_error& e) {
  std::printf("refused: %s\n", e.what());
  return 3;
} catch (const std::exception& e) {
  std::fprintf(stderr, "run_onnx: %s\n", e.what());
  return 1;
}
