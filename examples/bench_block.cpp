// SPDX-License-Identifier: Apache-2.0
// Which of these blocks is fastest here? Any block x shape x batch x data type, against alternatives, interleaved.
//
//   bench_block --block "mbconv filters=96 expand=6" --block "fused_mbconv filters=96 expand=6" --shape 28x28x96
//
// Whether a fused MBConv beats an MBConv depends on the shape (EfficientNet-X, section 3.2). The default blocks show
// where it turns here:
//
//   bench_block --dtype f32,bf16 --html blocks.html
//
// Whole networks that PyTorch wrote, against each other:
//
//   bench_block --onnx mine.onnx --onnx other.onnx
#include <cstdio>
#include <iostream>
#include <limits>
#include <optional>
#include <vector>

#include "cpu_options.hpp"
#include "onnx_model.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <nascent/base/file.hpp>
#include <nascent/base/number_text.hpp>
#include <nascent/base/signal_stop.hpp>
#include <nascent/io/block_text.hpp>
#include <nascent/io/json.hpp>
#include <nascent/nascent.hpp>
#include <nascent/report/ratio_map.hpp>
#include <nascent/report/report.hpp>
#include <nascent/timing/compare_networks.hpp>

using namespace nascent;

namespace {

struct row {
  std::string block;
  std::string where;
  shape input;
  int batch = 1;
  data_type type = data_type::f32;
  costs cost;
  sample_summary time;
  std::optional<paired_ratio> ratio;  // none for the block that others are compared with
  std::string outcome;

  double ratio_or_1() const { return ratio ? ratio->median : 1; }
  std::string interval(const char* between) const {
    if (!ratio) return {};
    return fixed_text(ratio->low, 3) + between + fixed_text(ratio->high, 3);
  }
};

/// "3.1 %"; what spreads by more than a tenth is marked.
std::string spread_text(const sample_summary& time) {
  return fixed_text(100 * time.spread, 1) + " %" + (time.spread > .1 ? " !" : "");
}

void print(const std::vector<row>& rows, const device_description& device) {
  std::printf("%s\n\n", describe(device).c_str());
  std::printf("%-52s %-26s %9s %10s %9s %8s  %18s  %s\n", "block", "shape, batch, type", "MMACs", "ms", "spread",
              "GMAC/s", "time ratio (95 %)", "");
  for (const row& r : rows)
    std::printf("%-52s %-26s %9.2f %10.4f %9s %8.1f  %18s  %s\n", r.block.c_str(), r.where.c_str(),
                static_cast<double>(r.cost.macs) * 1e-6, r.time.median_ms, spread_text(r.time).c_str(),
                static_cast<double>(r.cost.macs) * r.cost.batch / r.time.median_ms * 1e-6,
                r.ratio ? (fixed_text(r.ratio->median, 3) + " (" + r.interval("..") + ")").c_str() : "",
                r.outcome.c_str());
}

/// A text as a field of CSV.
std::string quoted(const std::string& text) {
  std::string field = "\"";
  for (const char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
  return field + "\"";
}

void write_csv(const std::vector<row>& rows, const std::string& path, const device_description& device) {
  const std::string date = utc_now();
  std::string out =
      "block,height,width,channels,batch,dtype,macs,params,traffic_bytes,median_ms,low_ms,high_ms,spread,samples,ratio,"
      "ratio_low,ratio_high,outcome,date,nascent,device,library,isa,threads\n";
  for (const row& r : rows) {
    const auto ratio = [&](double value) { return r.ratio ? exact_text(value) : std::string(); };
    const std::string fields[] = {quoted(r.block),
                                  std::to_string(r.input.height),
                                  std::to_string(r.input.width),
                                  std::to_string(r.input.channels),
                                  std::to_string(r.batch),
                                  to_string(r.type),
                                  std::to_string(r.cost.macs),
                                  std::to_string(r.cost.params),
                                  std::to_string(r.cost.traffic),
                                  exact_text(r.time.median_ms),
                                  exact_text(r.time.low_ms),
                                  exact_text(r.time.high_ms),
                                  exact_text(r.time.spread),
                                  std::to_string(r.time.count),
                                  ratio(r.ratio_or_1()),
                                  ratio(r.ratio ? r.ratio->low : 1),
                                  ratio(r.ratio ? r.ratio->high : 1),
                                  r.outcome,
                                  date,
                                  std::string(version),
                                  quoted(device.device),
                                  quoted(device.library),
                                  device.isa,
                                  std::to_string(device.threads)};
    for (const std::string& field : fields) out += (&field == fields ? "" : ",") + field;
    out += '\n';
  }
  write_file(path, out);
}

void write_json(const std::vector<row>& rows, const std::string& path, const device_description& device) {
  nlohmann::json all{{"date", utc_now()},
                     {"nascent", std::string(version)},
                     {"device", device.device},
                     {"library", device.library},
                     {"isa", device.isa},
                     {"threads", device.threads},
                     {"rows", nlohmann::json::array()}};
  for (const row& r : rows) {
    all["rows"].push_back({{"block", r.block},
                           {"height", r.input.height},
                           {"width", r.input.width},
                           {"channels", r.input.channels},
                           {"batch", r.batch},
                           {"dtype", to_string(r.type)},
                           {"macs", r.cost.macs},
                           {"params", r.cost.params},
                           {"traffic_bytes", r.cost.traffic},
                           {"median_ms", r.time.median_ms},
                           {"low_ms", r.time.low_ms},
                           {"high_ms", r.time.high_ms},
                           {"spread", r.time.spread},
                           {"samples", r.time.count},
                           {"outcome", r.outcome}});
    if (!r.ratio) continue;
    all["rows"].back()["ratio"] = r.ratio->median;
    all["rows"].back()["ratio_low"] = r.ratio->low;
    all["rows"].back()["ratio_high"] = r.ratio->high;
  }
  write_file(path, json_text(all) + "\n");
}

/// Where each block wins and loses against the first.
std::vector<std::string> conclusions(const std::vector<row>& rows, const std::vector<std::string>& blocks) {
  std::vector<std::string> sentences;
  for (std::size_t b = 1; b < blocks.size(); ++b) {
    std::string faster;
    std::string slower;
    for (std::size_t i = b; i < rows.size(); i += blocks.size()) {
      const paired_ratio& ratio = *rows[i].ratio;
      std::string& list = ratio.high < 1 ? faster : slower;
      if (ratio.high < 1 || ratio.low > 1) list += (list.empty() ? "" : "; ") + rows[i].where;
    }
    sentences.push_back("\"" + blocks[b] + "\" against \"" + blocks[0] + "\": faster at " +
                        (faster.empty() ? "none" : faster) + "; slower at " + (slower.empty() ? "none" : slower) + ".");
  }
  return sentences;
}

void write_html(const std::vector<row>& rows, const std::vector<std::string>& blocks, const std::string& path,
                const device_description& device, const std::string& command) {
  report_table table{.columns = {"block", "height x width x channels, batch, type", "MMACs", "ms", "spread", "GMAC/s",
                                 "time ratio", "95 %", "verdict"},
                     .caption = "ms: median; spread: the distance of the quartiles, marked with ! above 10 %."};
  ratio_map map{.title = "Time against \"" + blocks[0] + "\""};
  map.rows.assign(blocks.begin() + 1, blocks.end());
  for (std::size_t i = 0; i < rows.size(); i += blocks.size()) map.columns.push_back(rows[i].where);
  map.ratios.assign(map.rows.size() * map.columns.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const row& r = rows[i];
    table.rows.push_back({r.block, r.where, fixed_text(static_cast<double>(r.cost.macs) * 1e-6, 2),
                          fixed_text(r.time.median_ms, 4), spread_text(r.time),
                          fixed_text(static_cast<double>(r.cost.macs) * r.cost.batch / r.time.median_ms * 1e-6, 1),
                          r.ratio ? fixed_text(r.ratio->median, 3) : "", r.interval(" to "), r.outcome});
    if (i % blocks.size() > 0)
      map.ratios[(i % blocks.size() - 1) * map.columns.size() + i / blocks.size()] = r.ratio_or_1();
  }
  html_report report("Blocks on this device", describe(device));
  if (blocks.size() > 1) {
    report.section("Which is faster where")
        .figure(to_svg(map), "Median over rounds of the time of a block over that of the first, run in turns.");
    for (const std::string& sentence : conclusions(rows, blocks)) report.text(sentence);
  }
  report.section("All figures").table(table).origin({.command = command, .machine = describe(device)});
  write_file(path, report.str());
}

}  // namespace

static int program(int argc, char** argv) {
  std::vector<std::string> blocks{"mbconv expand=4 act=swish", "fused_mbconv expand=4 act=swish"};
  std::vector<std::string> shapes{"112x112x8", "112x112x16", "56x56x24", "28x28x48", "14x14x96", "7x7x192"};
  std::vector<std::string> types{"f32"};
  std::vector<int> batches{1};
  std::vector<std::string> models;
  std::string csv;
  std::string json;
  std::string html;
  examples::cpu_options cpu_chosen;
  double budget_s = 3;
  CLI::App app{"Times blocks against each other on this CPU. The first block is what the others are compared with."};
  CLI::Option* const of_blocks =
      app.add_option("--block", blocks,
                     "\"name field=value ...\", also stride= and layers=; filters default to the input's channels")
          ->take_all()
          ->capture_default_str();
  CLI::Option* const at = app.add_option("--shape", shapes, "height x width x channels of the input")
                              ->delimiter(',')
                              ->capture_default_str();
  app.add_option("--onnx", models, "instead of blocks an ONNX model, at its own input")
      ->take_all()
      ->excludes(of_blocks)
      ->excludes(at);
  app.add_option("--dtype", types, "f32, bf16, int8")->delimiter(',')->capture_default_str();
  app.add_option("--batch", batches, "images per run")
      ->delimiter(',')
      ->check(examples::images())
      ->capture_default_str();
  app.add_option("--threads", cpu_chosen.threads, "threads")->check(examples::threads())->capture_default_str();
  cpu_chosen.add_isa_and_kernels(app);
  app.add_option("--budget-s", budget_s, "seconds per comparison")->check(examples::seconds())->capture_default_str();
  app.add_option("--csv", csv, "write the rows to this file too");
  app.add_option("--json", json, "the same as JSON");
  app.add_option("--html", html, "a page with a heat map and all figures");
  app.footer(
      "Example: bench_block --block \"mbconv filters=32 expand=2\" --block \"fused_mbconv filters=32 expand=2\" "
      "--shape 14x14x32,7x7x32 --csv blocks.csv");
  CLI11_PARSE(app, argc, argv);
  examples::option_files files;
  for (const std::string& model : models) files.reads("--onnx", model);
  files.writes("--csv", csv).writes("--json", json).writes("--html", html).check();
  // All that can be wrong with the command line is, before a minute is spent on measuring.
  std::vector<data_type> chosen_types;
  for (const std::string& name : types) chosen_types.push_back(parse_data_type(name));
  std::vector<std::vector<network>> at_shapes;
  if (!models.empty()) {
    blocks = models;
    shapes = {"whole"};
    at_shapes.push_back(examples::read_models(models));
  }
  for (const std::string& text : models.empty() ? shapes : std::vector<std::string>()) {
    at_shapes.emplace_back();
    for (const std::string& block : blocks) at_shapes.back().push_back(parse_block(block, parse_shape(text)));
  }
  std::vector<onednn::executor> cpus;
  for (const data_type type : chosen_types) cpus.push_back(cpu_chosen.executor(type));

  std::vector<row> rows;
  device_description device;
  const signal_stop signals;  // what is measured until then is printed and written
  for (std::size_t t = 0; t < chosen_types.size(); ++t) {
    const data_type type = chosen_types[t];
    onednn::executor& cpu = cpus[t];
    device = cpu.description();
    for (std::size_t s = 0; s < shapes.size(); ++s)
      for (const int batch : batches) {
        if (signals) break;
        const std::vector<network>& graphs = at_shapes[s];
        const std::string where = shapes[s] + ", " + std::to_string(batch) + ", " + to_string(type);
        const auto times = compare_networks(cpu, graphs, {.measure = {.budget_ms = budget_s * 1000}}, batch);
        for (std::size_t i = 0; i < blocks.size(); ++i)
          rows.push_back({.block = blocks[i],
                          .where = where,
                          .input = graphs[i].input(),
                          .batch = batch,
                          .type = type,
                          .cost = cost(graphs[i], {type, batch}),
                          .time = times[i].time,
                          .ratio = times[i].against_first,
                          .outcome = i > 0               ? to_string(times[i].outcome)
                                     : blocks.size() > 1 ? "reference"
                                                         : ""});
      }
  }
  print(rows, device);
  if (blocks.size() > 1) std::printf("\n");
  for (const std::string& sentence : conclusions(rows, blocks)) std::printf("%s\n", sentence.c_str());
  if (!csv.empty()) write_csv(rows, csv, device);
  if (!json.empty()) write_json(rows, json, device);
  if (!html.empty()) write_html(rows, blocks, html, device, examples::command_line(argc, argv));
  return signals ? signals.leave("the comparisons above are whole; run the same command again for all") : 0;
}

int main(int argc, char** argv) {
  return examples::run_program("bench_block", [&] { return program(argc, argv); });
}
