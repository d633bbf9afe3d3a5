// SPDX-License-Identifier: Apache-2.0
// One search for several devices that are elsewhere: their latency tables come as files, made there by build_table.
//
//   design_for_devices --device server=server.db --device phone=phone.db       tables of EfficientNet-X's space
//   design_for_devices --device server=server.db --device phone=phone.db --limit server=3 --limit phone=40
//
// Prints the networks that are best on each device, how they do on the others, the one that is best within all limits,
// and a scaled family for each device; writes fronts.svg and a family's JSON for each. Nothing is run: all times are
// predictions of the tables.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "checked_options.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/accuracy/estimated_top1.hpp>
#include <nascent/base/file.hpp>
#include <nascent/base/signal_stop.hpp>
#include <nascent/io/family.hpp>
#include <nascent/latency/network_predictor.hpp>
#include <nascent/nascent.hpp>
#include <nascent/report/plot.hpp>
#include <nascent/scaling/lacs.hpp>
#include <nascent/search/best_under.hpp>
#include <nascent/search/device_fronts.hpp>
#include <nascent/space/describe.hpp>
#include <nascent/zoo/efficientnet_x.hpp>

using namespace nascent;

namespace {

struct settings {
  std::vector<std::string> devices;
  std::vector<std::string> limits;
  std::size_t networks = 500'000;
  std::uint64_t seed = 1;
  int levels = 4;
  bool mixed = false;
  std::filesystem::path out = "devices";
  std::string command;
};

/// The latency that each device allows: what was said, else three times its fastest network.
template <class Space>
std::vector<double> limits_of(const settings& s, const std::vector<target_device<Space>>& devices) {
  std::map<std::string, double> said;
  for (const std::string& limit : s.limits) {
    const auto [name, number] = examples::halves("--limit", limit, "NAME=MS, such as phone=40");
    const auto ms = read_real(number, {.above_least = true});
    if (!ms) throw std::invalid_argument("--limit: found '" + limit + "'; allowed: NAME=MS, such as phone=40");
    said[name] = *ms;
  }
  std::vector<double> limits;
  for (const target_device<Space>& d : devices) {
    const double least = fastest(d.predictor.trellis(), d.predictor).cost;
    const auto found = said.find(d.name);
    limits.push_back(found == said.end() ? 3 * least : found->second);
    if (found != said.end()) said.erase(found);
  }
  if (!said.empty())
    throw std::invalid_argument("--limit: found '" + said.begin()->first + "', which is no --device; allowed: those");
  return limits;
}

/// A network, and what it takes on every device.
template <class Space>
void print(const Space& space, const std::vector<target_device<Space>>& devices, const candidate<Space>& c,
           double top1) {
  std::printf("  %.2f %%", top1);
  for (const auto& d : devices) std::printf(", %s %.3g ms", d.name.c_str(), d.predictor.ms(c));
  std::printf(": %s\n", describe(space, c).c_str());
}

/// The front of each device, and on each the networks of the others' fronts.
template <class Space>
plot picture_of(const std::vector<target_device<Space>>& devices, const device_fronts<Space>& found) {
  plot p{.title = "Fronts of " + std::to_string(devices.size()) + " devices",
         .x = {.title = "predicted latency", .unit = "ms", .scale = axis_scale::log},
         .y = {.title = "estimated accuracy", .unit = "%"}};
  for (std::size_t d = 0; d < devices.size(); ++d) {
    plot_series own{.name = devices[d].name, .marker = plot_marker::none, .line = plot_line::step};
    plot_series others{.name = "designed for others, on " + devices[d].name, .faint = true};
    own.colour = others.colour = static_cast<int>(d % 10);
    for (std::size_t e = 0; e < devices.size(); ++e)
      for (const auto& point : found.each[e].points)
        (e == d ? own : others).points.push_back({.x = devices[d].predictor.ms(point.what), .y = point.accuracy});
    if (!others.points.empty()) p.series.push_back(std::move(others));
    p.series.push_back(std::move(own));
  }
  return p;
}

/// A family for one device: the base grows by LACS. Its table has not seen most of the larger kernels, which are
/// estimated from those that it has.
template <class Space>
void write_scaled(const kernel_trellis<Space>& trellis, const target_device<Space>& device,
                  const std::filesystem::path& table_file, const candidate<Space>& base, const settings& s,
                  watch& scaling) {
  latency_table table = read_table(table_file);
  network_predictor latency(table, trellis.kernels());
  const estimated_top1 accuracy;
  const auto family = lacs(trellis.space(), base, accuracy, latency,
                           {.levels = s.levels, .phi = {.fall_allowed = 0.5}, .watch = &scaling});
  const auto& [alpha, beta, gamma] = family.coefficients;
  std::printf("  %s: depth %.3f, width %.3f, resolution %.3f; estimates of kernels are off by %.0f %%\n",
              device.name.c_str(), alpha, beta, gamma, 100 * latency.estimate_error());
  family_record<Space> record{.name = "for " + device.name};
  record.about = {{"device", describe(device.what)},
                  {"command", s.command},
                  {"seed", s.seed},
                  {"alpha", alpha},
                  {"beta", beta},
                  {"gamma", gamma}};
  for (const auto& level : family.levels) {
    const network graph = to_network(trellis.space(), level.candidate);
    const latency_prediction ms = latency.predict(graph);
    const accuracy_estimate top1 = accuracy.model(graph);
    const std::string name = "B" + std::to_string(record.levels.size());
    std::printf("    %s: %.2f %% at %.3g ms (%.3g to %.3g), %zu of %zu kernels estimated\n", name.c_str(), top1.top1,
                ms.ms, ms.low_ms, ms.high_ms, ms.estimated, ms.kernels);
    record.levels.push_back(
        {.name = name,
         .network = level.candidate,
         .cost = cost(graph, {.type = device.what.device.type}),
         .latency = {.predicted_ms = ms.ms},
         .accuracy = {.top1 = top1.top1, .standard_error = top1.standard_error, .source = "accuracy model"}});
  }
  write_family(s.out / (device.name + ".json"), record);
}

template <class Space>
int design(const Space& space, const settings& s, const signal_stop& signals) {
  std::vector<device_table> tables;
  for (const std::string& device : s.devices) {
    const auto [name, file] = examples::halves("--device", device, "NAME=FILE, such as phone=phone.db");
    if (name.find('/') != std::string::npos)
      throw std::invalid_argument("--device: found '" + name + "'; allowed: names without '/', for files bear them");
    tables.push_back({.name = name, .file = file});
  }
  std::filesystem::create_directories(s.out);
  const kernel_trellis trellis(space);
  const auto devices = read_devices(trellis, tables, {.estimate_missing = true, .mixed = s.mixed});
  const std::vector<double> limits = limits_of(s, devices);
  std::printf("%s: %s networks\n", space.name(), to_decimal(space.size()).c_str());
  for (std::size_t d = 0; d < devices.size(); ++d)
    std::printf("  %s: %s; up to %.3g ms; %zu of %zu kernels estimated\n", devices[d].name.c_str(),
                describe(devices[d].what).c_str(), limits[d], devices[d].estimated, trellis.kernels().size());

  // The best of each, with the proof: one beyond which no network of the space goes.
  const estimated_top1 accuracy;
  watch all({.stop = &signals.received()});
  std::vector<candidate<Space>> best;
  double bound = 100;
  for (std::size_t d = 0; d < devices.size(); ++d) {
    const auto proof =
        best_under(trellis, devices[d].predictor, accuracy.model, limits[d], {.tolerance = .01, .watch = &all});
    all.throw_if_stopped();
    bound = std::min(bound, proof.bound);
    std::printf("The best for %s within %.3g ms; no network is above %.2f %%:\n", devices[d].name.c_str(), limits[d],
                proof.bound);
    print(space, devices, proof.what, proof.accuracy.top1);
    best.push_back(proof.what);
  }

  const auto found = search_fronts(devices, accuracy,
                                   {.networks = s.networks, .seed = s.seed, .targets_ms = limits, .watch = &all}, best);
  all.throw_if_stopped();
  std::printf("%zu networks looked at once:", found.networks);
  for (std::size_t d = 0; d < devices.size(); ++d)
    std::printf(" %zu on the front of %s,", found.each[d].points.size(), devices[d].name.c_str());
  std::printf(" %zu over all devices\n", found.all.size());
  if (devices.size() > 1) {
    const auto* both = found.best_within(limits);
    std::printf("One network for all limits; no network is above %.2f %%:\n", bound);
    if (both == nullptr) std::printf("  none of those that were looked at\n");
    else print(space, devices, both->what, both->accuracy);
  }

  std::printf("Scaled (LACS), by each table alone:\n");
  for (std::size_t d = 0; d < devices.size(); ++d) {
    write_scaled(trellis, devices[d], tables[d].file, best[d], s, all);
    all.throw_if_stopped();
  }
  write_file(s.out / "fronts.svg", to_svg(picture_of(devices, found)));
  std::printf("Wrote %s and a family's JSON for each device.\n", (s.out / "fronts.svg").c_str());
  return 0;
}

}  // namespace

static int program(int argc, char** argv) {
  settings s;
  s.command = examples::command_line(argc, argv);
  CLI::App app("Designs networks for several devices at once, from the latency tables that were made on them");
  app.add_option("--device", s.devices, "NAME=FILE, for each device: its latency table")->required();
  app.add_option("--limit", s.limits, "NAME=MS: what networks may take there; without, three times its fastest one");
  app.add_option("--networks", s.networks, "to look at")
      ->check(examples::whole<std::size_t>(1, 1'000'000'000'000))
      ->capture_default_str();
  app.add_option("--seed", s.seed, "of the search")->check(examples::seeds())->capture_default_str();
  app.add_option("--levels", s.levels, "of each family above its base, each 1.68 times as slow as the one before")
      ->check(examples::whole(1, 10))
      ->capture_default_str();
  app.add_flag("--mixed", s.mixed, "tables of several data types or batches are what is meant");
  app.add_option("--out", s.out, "folder for fronts.svg and NAME.json")->capture_default_str();
  app.footer("Example: design_for_devices --device server=server.db --device phone=phone.db --limit phone=40");
  CLI11_PARSE(app, argc, argv);
  return until_signal("nothing was written",
                      [&](const signal_stop& signals) { return design(zoo::efficientnet_x, s, signals); });
}

int main(int argc, char** argv) {
  return examples::run_program("design_for_devices", [&] { return program(argc, argv); });
}
