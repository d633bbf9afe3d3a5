// SPDX-License-Identifier: Apache-2.0
// What bounds the networks of the EfficientNet-X paper on a device, and how far own counts are from the paper's.
//
//   roofline --device TPUv3 --svg figure2.svg
//   roofline --device this --dtype f32 --batch 1 --threads 2
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checked_options.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/base/file.hpp>
#include <nascent/base/number_text.hpp>
#include <nascent/executor/onednn.hpp>
#include <nascent/io/block_text.hpp>
#include <nascent/nascent.hpp>
#include <nascent/report/roofline_plot.hpp>
#include <nascent/timing/calibration.hpp>
#include <nascent/zoo/catalog.hpp>
#include <nascent/zoo/published_roofline.hpp>

using namespace nascent;

namespace {

/// A model, counted in both ways, beside the row that the paper prints.
struct entry {
  std::string name;
  int resolution;
  costs fused;  ///< with pools fused
  costs plain;
  const zoo::printed_speed* printed;
};

template <class Body>
entry entry_of(const model<Body>& m, const cost_options& how, const std::string& printed_as = {}) {
  return {std::string(m.name), m.resolution, cost_with_fused_pools(m, how), cost(m, how),
          zoo::find_printed_speed(printed_as.empty() ? m.name : printed_as)};
}

/// Every network of Table 3, the steps of the ablation study, and the families by latency-aware scaling; or all models.
std::vector<entry> entries_of(const cost_options& how, bool all) {
  std::vector<entry> entries;
  zoo::for_each_model([&](const auto& m) {
    if (all || zoo::find_printed_speed(m.name) != nullptr || m.name.starts_with("EfficientNet-X-"))
      entries.push_back(entry_of(m, how));
  });
  return entries;
}

/// A Markdown table whose columns are as wide as their widest cell.
void print(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 3);
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  for (std::size_t r = 0; r < rows.size(); ++r) {
    for (std::size_t i = 0; i < widths.size(); ++i)
      std::printf(i == 0 ? "| %-*s |" : " %*s |", static_cast<int>(widths[i]), rows[r][i].c_str());
    std::printf("\n");
    if (r > 0) continue;
    for (std::size_t i = 0; i < widths.size(); ++i)
      std::printf("%s%s|", i == 0 ? "|" : "", (std::string(widths[i] + 1, '-') + (i == 0 ? "-" : ":")).c_str());
    std::printf("\n");
  }
  std::printf("\n");
}

/// What the paper printed for this device, or nothing.
double printed_ms(const entry& e, const device_profile& device, const cost_options& how) {
  if (e.printed == nullptr || how.batch != zoo::printed_speed::batch) return 0;
  return device.name() == "TPUv3" ? e.printed->tpu_v3_ms : device.name() == "V100" ? e.printed->v100_ms : 0;
}

void print_table(const std::vector<entry>& entries, const device_profile& device, const cost_options& how) {
  const roofs under = roofs_of(device, how.type);
  std::printf(
      "### %s, %s, batch %d\n\nPeak %.4g Tops/s (%s), memory %.4g GB/s (%s), ridge point %.1f operations per byte. "
      "Bytes with pools fused.\n\n",
      std::string(device.name()).c_str(), to_string(how.type), how.batch, under.ops_per_s * 1e-12,
      std::string(device.peak(how.type).source.view()).c_str(), under.bytes_per_s * 1e-9,
      std::string(device.memory().source.view()).c_str(), under.ridge_point());
  for (const memory_level& cache : device.caches())
    std::printf("%s: %.0f KiB, %.1f GB/s (%s)\n\n", std::string(cache.name.view()).c_str(), cache.bytes / 1024,
                cache.gb_per_s, std::string(cache.source.view()).c_str());
  std::vector<std::vector<std::string>> rows{{"model", "px", "params M", "MACs G", "MB", "I", "C_ideal Tops/s",
                                              "bound by", "best ms", "printed ms", "C Tops/s", "E %", "printed E %"}};
  for (const entry& e : entries) {
    const roofline at{.work = work_of(e.fused), .under = under, .latency_ms = printed_ms(e, device, how)};
    const bool timed = at.latency_ms > 0;
    rows.push_back({e.name, std::to_string(e.resolution), fixed_text(static_cast<double>(e.fused.params) * 1e-6, 2),
                    fixed_text(static_cast<double>(e.fused.macs) * 1e-9, 3), fixed_text(at.work.bytes * 1e-6, 0),
                    fixed_text(at.intensity(), 1), fixed_text(at.ideal_rate() * 1e-12, at.ideal_rate() < 1e12 ? 3 : 1),
                    to_string(at.bound()), fixed_text(at.ideal_ms(), 2), timed ? fixed_text(at.latency_ms, 1) : "-",
                    timed ? fixed_text(at.rate() * 1e-12, 1) : "-", timed ? fixed_text(100 * at.efficiency(), 1) : "-",
                    timed && device.name() == "TPUv3" ? fixed_text(100 * e.printed->efficiency, 1) : "-"});
  }
  print(rows);
}

/// Own intensities over the printed ones. The printed networks named EfficientNet-X-B0 to B7 are held against all three
/// scalings.
void print_residuals() {
  std::printf("### Operational intensity, printed and counted\n\n");
  const cost_options papers{.type = data_type::bf16, .batch = zoo::printed_speed::batch};
  std::vector<std::vector<std::string>> rows{
      {"model", "printed I", "own I, pools fused", "own / printed", "own I as cost counts", "own / printed"}};
  const auto add = [&](const entry& e) {
    const double fused = e.fused.operational_intensity();
    const double plain = e.plain.operational_intensity();
    rows.push_back({e.name, fixed_text(e.printed->intensity, 1), fixed_text(fused, 1),
                    fixed_text(fused / e.printed->intensity, 2), fixed_text(plain, 1),
                    fixed_text(plain / e.printed->intensity, 2)});
  };
  for (const entry& e : entries_of(papers, false))
    if (e.printed != nullptr) add(e);
  for (const auto* family : {&zoo::efficientnet_x_tpu_family, &zoo::efficientnet_x_gpu_family})
    for (std::size_t level = 0; level < family->size(); ++level)
      add(entry_of((*family)[level], papers, "EfficientNet-X-B" + std::to_string(level)));
  print(rows);
}

/// Latency on TPUv3 by equation 1 from the printed W, I and E, and what these imply.
void print_implied() {
  std::printf("### What the printed rows imply on TPUv3\n\n");
  const roofs own = roofs_of(devices::tpu_v3, data_type::bf16);
  std::vector<std::vector<std::string>> rows{{"printed row", "I", "E %", "ms", "implied C_ideal Tops/s",
                                              "implied b GB/s", "predicted / printed at 735, 136", "at 900, 123"}};
  const auto add = [&](const zoo::printed_speed& r) {
    rows.push_back({std::string(r.model), fixed_text(r.intensity, 1), fixed_text(100 * r.efficiency, 1),
                    fixed_text(r.tpu_v3_ms, 1), fixed_text(r.implied_ideal_rate() * 1e-12, 1),
                    fixed_text(r.implied_bandwidth() * 1e-9, 0),
                    fixed_text(r.predicted_tpu_v3_ms(zoo::fitted_tpu_v3) / r.tpu_v3_ms, 2),
                    fixed_text(r.predicted_tpu_v3_ms(own) / r.tpu_v3_ms, 2)});
  };
  for (const auto& r : zoo::printed_speeds) add(r);
  for (const auto& r : zoo::printed_step_speeds) add(r);
  print(rows);
}

/// Figure 2: the rooflines of TPUv3, V100 and a Xeon, with the printed intensities and rates on them.
std::string figure_2() {
  device_roofline tpu{.name = "TPUv3 (bf16)", .under = roofs_of(devices::tpu_v3, data_type::bf16)};
  device_roofline gpu{.name = "V100 (f16)", .under = roofs_of(devices::v100, data_type::f16)};
  // Names for the ends of the families and those that lie apart: with all of them the plot cannot be read.
  constexpr std::string_view labelled[] = {
      "EfficientNet-B0", "EfficientNet-B7", "EfficientNet-X-B0", "EfficientNet-X-B7", "ResNet-50",
      "RegNetY-800MF",   "RegNetY-8.0GF",   "Inception-v3",      "Inception-v4",      "ResNeSt-101"};
  const device_roofline cpu{.name = "Xeon 8180 (f32)", .under = roofs_of(devices::xeon_8180, data_type::f32)};
  for (const zoo::printed_speed& row : zoo::printed_speeds) {
    const bool named = std::ranges::find(labelled, row.model) != std::end(labelled);
    tpu.networks.push_back(
        {.x = row.intensity, .y = row.tpu_v3_rate() * 1e-9, .label = named ? std::string(row.model) : std::string()});
    gpu.networks.push_back({.x = row.intensity, .y = row.v100_rate() * 1e-9});
  }
  return to_svg(
      rooflines_plot("Rooflines, and the networks of Table 3 by their printed intensity and latency", {tpu, gpu, cpu}));
}

device_profile measured(int threads, onednn::isa isa) {
  const onednn::executor f32{{.threads = threads, .isa = isa}};
  std::optional<onednn::executor> bf16;
  try {
    bf16.emplace(onednn::options{.threads = threads, .type = data_type::bf16, .isa = isa});
  } catch (const executor_error&) {  // a processor without bf16: its profile has no such peak
  }
  return bf16 ? measure_profile({}, f32, *bf16) : measure_profile({}, f32);
}

}  // namespace

static int program(int argc, char** argv) {
  std::string device_name = "TPUv3";
  std::string type_name;
  std::string svg;
  int batch = zoo::printed_speed::batch;
  int threads = 1;
  std::string isa = "best";
  bool all = false;
  bool residuals = false;
  std::string names;
  for (const device_profile* d : devices::all) names += std::string(d->name()) + ", ";
  CLI::App app{
      "Networks under the roofs of a device: equation 1 of the EfficientNet-X paper, and how its Table 3 compares."};
  app.add_option("--device", device_name, names + "or this: the machine at hand, measured")->capture_default_str();
  app.add_option("--dtype", type_name, "f32, bf16, f16, int8; without, the device's fastest");
  app.add_option("--batch", batch, "images per run")->check(examples::images())->capture_default_str();
  app.add_option("--threads", threads, "threads, for --device this")->check(examples::threads())->capture_default_str();
  app.add_option("--isa", isa, "the largest instruction set to use, for --device this; one per run")
      ->capture_default_str();
  app.add_flag("--all", all, "all models of the zoo, not only those of Table 3 and their families");
  app.add_flag("--residuals", residuals, "also Table 3's intensities against own counts, and what its rows imply");
  app.add_option("--svg", svg, "write Figure 2 to this file");
  app.footer("Example: roofline --device TPUv3 --svg figure2.svg");
  CLI11_PARSE(app, argc, argv);
  examples::option_files().writes("--svg", svg).check();

  const device_profile* known = devices::find(device_name);
  if (known == nullptr && device_name != "this")
    throw block_text_error("io.block", "--device", "'" + device_name + "'", names + "this");
  // All that can be wrong with the command line is, before anything is measured.
  const std::optional<data_type> asked = type_name.empty() ? std::nullopt : std::optional(parse_data_type(type_name));
  if (known == nullptr && asked == data_type::f16)
    throw block_text_error("io.block", "--dtype of this machine", "'f16'", "f32, bf16");
  const device_profile device = known != nullptr ? *known : measured(threads, onednn::parse_isa(isa));
  const cost_options how{.type = asked.value_or(device.fastest_type()), .batch = batch};
  print_table(entries_of(how, all), device, how);
  if (residuals) {
    print_residuals();
    print_implied();
  }
  if (!svg.empty()) write_file(svg, figure_2());
  return 0;
}

int main(int argc, char** argv) {
  return examples::run_program("roofline", [&] { return program(argc, argv); });
}
