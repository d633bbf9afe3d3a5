// SPDX-License-Identifier: Apache-2.0
// Which rule should scale a base network? Latency-aware scaling searched at a low and at a high level, scaling bounded
// by MACs, parameters and activations, and the published triplets, all under one latency target of a known device.
//
//   scaling_rules --device V100 --low 1.53 --high 12.9
#include <cstdio>
#include <string>
#include <vector>

#include "checked_options.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/accuracy/estimated_top1.hpp>
#include <nascent/base/number_text.hpp>
#include <nascent/cost/roofline.hpp>
#include <nascent/network/kernel.hpp>
#include <nascent/report/table.hpp>
#include <nascent/scaling/scaling_check.hpp>
#include <nascent/zoo/efficientnet.hpp>

using namespace nascent;

namespace {

/// A network under a device's roofs, kernel by kernel: what it would take where nothing else cost time.
struct ideal_latency {
  const device_profile* device;
  cost_options how;

  double operator()(const network& graph) const {
    double ms = 0;
    for (const kernel& k : fuse(graph))
      ms += roofline{.work = work_of(k, how.type, how.batch), .under = roofs_of(*device, how.type)}.ideal_ms();
    return ms;
  }
};

std::string coefficients_text(const compound_coefficients& c) {
  const compound_coefficients unit = c.per_doubling();  // so that triplets on one ray look alike
  return fixed_text(unit.alpha, 3) + " " + fixed_text(unit.beta, 3) + " " + fixed_text(unit.gamma, 3);
}

template <class Space>
report_table rules_table(const scaling_check_result<Space>& check) {
  report_table table{.columns = {"rule", "depth, width, resolution at twice the MACs", "depth", "width", "px",
                                 "params M", "MACs G", "ms", "top-1 %"}};
  for (const auto& r : check.rules) {
    std::vector<std::string> row{r.rule.name, coefficients_text(r.rule.by)};
    if (!r.solution || !r.accuracy) {
      row.insert(row.end(), {"-", "-", "-", "-", "-", "-", "beyond the limits, or not to be judged"});
    } else {
      const auto& at = r.solution->at;
      const costs c = cost(at.candidate);
      row.insert(row.end(),
                 {fixed_text(at.candidate.scale.depth, 2), fixed_text(at.candidate.scale.width, 2),
                  std::to_string(at.candidate.scale.resolution), fixed_text(static_cast<double>(c.params) * 1e-6, 1),
                  fixed_text(static_cast<double>(c.macs) * 1e-9, 2), fixed_text(at.latency_ms, 2),
                  fixed_text(*r.accuracy, 2)});
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

int program(int argc, char** argv) {
  std::string device_name = "V100";
  std::string base = "efficientnet_x_b0";
  double low = 1.53;   // EfficientNet-X-B1 of B0, as printed
  double high = 12.9;  // EfficientNet-X-B5: beyond B6 the accuracy model does not judge
  int batch = 128;
  std::string names;
  for (const device_profile* d : devices::all) names += (names.empty() ? "" : ", ") + std::string(d->name());
  CLI::App app{
      "Latency-aware scaling at a low and at a high level, and the rules of others, under one latency target.\n"
      "Latency is the roofline's, kernel by kernel; accuracy is the accuracy model's estimate."};
  app.add_option("--device", device_name, names)->capture_default_str();
  app.add_option("--low", low, "the low level, in latencies of the base")
      ->check(examples::real({.least = 1, .most = 1000, .above_least = true}))
      ->capture_default_str();
  app.add_option("--high", high, "the high level")
      ->check(examples::real({.least = 1, .most = 1000, .above_least = true}))
      ->capture_default_str();
  app.add_option("--batch", batch, "images per run")->check(examples::images())->capture_default_str();
  app.footer("Example: scaling_rules --device V100 --low 1.53 --high 12.9");
  CLI11_PARSE(app, argc, argv);
  const device_profile* device = devices::find(device_name);
  if (device == nullptr) throw error("scaling_rules.device", "--device", "'" + device_name + "'", names);
  if (high < low)
    throw error("scaling_rules.level", "--high", exact_text(high), "--low's " + exact_text(low) + " or more");

  const ideal_latency latency{device, {.type = device->fastest_type(), .batch = batch}};
  constexpr auto x_b0 = zoo::efficientnet_x_b0.only();
  const double base_ms = latency(to_network(x_b0));
  scaling_check_options options{.bounds = {growth_bound::macs, growth_bound::params, growth_bound::activations}};
  const auto check =
      scaling_check(zoo::efficientnet_x_b0, x_b0, estimated_top1{}, latency, low * base_ms, high * base_ms, options);

  std::printf(
      "EfficientNet-X-B0 on %s, %s, batch %d: %.2f ms by the roofline of its kernels, %s %% top-1 estimated.\n\n",
      device_name.c_str(), to_string(latency.how.type), batch, base_ms,
      fixed_text(*check.low.levels[0].accuracy, 2).c_str());
  std::printf("All at %s times the base's latency:\n\n%s\n", exact_text(high).c_str(),
              to_markdown(rules_table(check)).c_str());
  const auto apart = check.differences();
  std::printf(
      "Searched at %s times and taken to %s times against searched there: depth %+.1f %%, width %+.1f %%, resolution "
      "%+.1f %%",
      exact_text(low).c_str(), exact_text(high).c_str(), 100 * apart[0], 100 * apart[1], 100 * apart[2]);
  if (const auto lost = check.accuracy_lost()) std::printf("; %.2f points of top-1 lost", *lost);
  std::puts(" (the paper: within 6 %).");
  for (const auto& [name, found] : {std::pair{"low", &check.low}, std::pair{"high", &check.high}})
    if (const auto sure = bootstrap_coefficients(*found))
      std::printf("Bootstrap, %s level, 90 %%: depth %.3f to %.3f, width %.3f to %.3f, resolution %.3f to %.3f.\n",
                  name, sure->low.alpha, sure->high.alpha, sure->low.beta, sure->high.beta, sure->low.gamma,
                  sure->high.gamma);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program("scaling_rules", [&] { return program(argc, argv); });
}
