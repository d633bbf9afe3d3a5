// SPDX-License-Identifier: Apache-2.0
// Which of these blocks is fastest here? Any block x shape x batch x data type, against alternatives, interleaved.
//
//   bench_block --block "mbconv filters=96 expand=6" --block "fused_mbconv filters=96 expand=6" --shape 28x28x96 --dtype f32,bf16
#include <cstdio>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <vector>

#include <CLI/CLI.hpp>

#include <nascent/executor/onednn.hpp>
#include <nascent/io/block_text.hpp>
#include <nascent/latency/measure.hpp>
#include <nascent/nascent.hpp>

using namespace nascent;

namespace {

struct row {
  std::string block;
  std::string where;
  costs cost;
  sample_summary time;
  paired_ratio ratio;
  std::string outcome;
};

costs cost_of(const network& graph, data_type type, int batch) {
  cost_counter counter({.type = type, .batch = batch});
  for (const layer& l : graph.layers()) counter(l);
  return counter.total();
}

void print(const std::vector<row>& rows, const device_description& device) {
  std::printf("%s, %s, %s, %d thread(s)\n\n", device.device.c_str(), device.library.c_str(), device.isa.c_str(), device.threads);
  std::printf("%-52s %-26s %9s %10s %9s %8s %18s  %s\n", "block", "shape, batch, type", "MMACs", "ms", "spread", "GMAC/s", "time ratio (95 %)", "");
  for (const row& r : rows)
    std::printf("%-52s %-26s %9.2f %10.4f %8.1f%% %8.1f  %.3f (%.3f..%.3f)  %s\n", r.block.c_str(), r.where.c_str(),
                static_cast<double>(r.cost.macs) * 1e-6, r.time.median_ms, 100 * r.time.spread,
                static_cast<double>(r.cost.macs) * r.cost.batch / r.time.median_ms * 1e-6, r.ratio.median, r.ratio.low, r.ratio.high, r.outcome.c_str());
}

void write_csv(const std::vector<row>& rows, const std::string& path, const device_description& device) {
  std::ofstream out(path);
  out << "block,where,macs,params,traffic_bytes,median_ms,low_ms,high_ms,spread,samples,ratio,ratio_low,ratio_high,outcome,device,library,isa,threads\n";
  for (const row& r : rows)
    out << '"' << r.block << "\",\"" << r.where << "\"," << r.cost.macs << ',' << r.cost.params << ',' << r.cost.traffic << ',' << r.time.median_ms
        << ',' << r.time.low_ms << ',' << r.time.high_ms << ',' << r.time.spread << ',' << r.time.count << ',' << r.ratio.median << ',' << r.ratio.low
        << ',' << r.ratio.high << ',' << r.outcome << ",\"" << device.device << "\",\"" << device.library << "\"," << device.isa << ',' << device.threads << '\n';
  if (!out.flush()) throw std::runtime_error("csv: '" + path + "' could not be written; choose a folder that exists and is writable");
}

}  // namespace

int main(int argc, char** argv) try {
  std::vector<std::string> blocks{"mbconv expand=6", "fused_mbconv expand=6"};
  std::vector<std::string> shapes{"56x56x24", "14x14x96"};
  std::vector<std::string> types{"f32"};
  std::vector<int> batches{1};
  std::string isa = "best";
  std::string csv;
  int threads = 1;
  double budget_s = 3;
  CLI::App app{"Times blocks against each other on this CPU. The first block is what the others are compared with."};
  app.add_option("--block", blocks, "\"name field=value ...\", also stride= and layers=; filters default to the input's channels")->take_all();
  app.add_option("--shape", shapes, "height x width x channels of the input")->delimiter(',');
  app.add_option("--dtype", types, "f32, bf16")->delimiter(',');
  app.add_option("--batch", batches, "images per run")->delimiter(',')->check(CLI::PositiveNumber);
  app.add_option("--threads", threads, "threads")->check(CLI::PositiveNumber);
  app.add_option("--isa", isa, "the largest instruction set to use, e.g. sse41, avx2, avx512_core, best; one per run");
  app.add_option("--budget-s", budget_s, "seconds per comparison")->check(CLI::PositiveNumber);
  app.add_option("--csv", csv, "write the rows to this file too");
  CLI11_PARSE(app, argc, argv);

  std::vector<row> rows;
  device_description device;
  for (const std::string& type_name : types) {
    const data_type type = parse_data_type(type_name);
    onednn::executor cpu{{.threads = threads, .type = type, .isa = onednn::parse_isa(isa)}};
    device = cpu.description();
    for (const std::string& shape_text : shapes)
      for (const int batch : batches) {
        std::vector<network> graphs;
        for (const std::string& block : blocks) graphs.push_back(parse_block(block, parse_shape(shape_text)));
        std::vector<onednn::compiled> compiled;
        for (const network& graph : graphs) compiled.push_back(prepare(cpu, graph, batch));
        std::vector<std::function<void()>> runs;
        for (onednn::compiled& c : compiled) runs.emplace_back([&c] { c.run(); });
        const std::string where = shape_text + ", " + std::to_string(batch) + ", " + type_name;
        const measure_options how{.budget_ms = budget_s * 1000};
        if (runs.size() == 1) {
          rows.push_back({blocks[0], where, cost_of(graphs[0], type, batch), measure(runs[0], how), {}, ""});
          continue;
        }
        const std::vector<comparison> against = compare(runs, {.measure = how});
        rows.push_back({blocks[0], where, cost_of(graphs[0], type, batch), against[0].first, {.median = 1, .low = 1, .high = 1}, "reference"});
        for (std::size_t i = 1; i < blocks.size(); ++i)
          rows.push_back({blocks[i], where, cost_of(graphs[i], type, batch), against[i - 1].second, against[i - 1].ratio, to_string(against[i - 1].outcome)});
      }
  }
  print(rows, device);
  if (!csv.empty()) write_csv(rows, csv, device);
  return 0;
} catch (const std::exception& e) {
  std::cerr << "bench_block: " << e.what() << '\n';
  return 1;
}
