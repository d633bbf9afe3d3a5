// SPDX-License-Identifier: Apache-2.0
// Which kernels of a network, or of a whole space, hit a tuned kernel of cuDNN on that GPU? Asked of cuDNN itself, on a
// machine without one.
//
//   gpu_plan --model EfficientNet-B0,GPUNet-0 --device h200 --type f16 --batch 128 --html plan.html
//   gpu_plan --space gpunet --samples 100 --device l4
//
// Nothing is run and nothing is timed.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checked_options.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/base/file.hpp>
#include <nascent/base/number_text.hpp>
#include <nascent/executor/cudnn/planner.hpp>
#include <nascent/io/block_text.hpp>
#include <nascent/nascent.hpp>
#include <nascent/report/report.hpp>
#include <nascent/zoo/catalog.hpp>
#include <nascent/zoo/spaces.hpp>

using namespace nascent;

namespace {

using rows = std::vector<std::vector<std::string>>;

std::string percent(double part, double whole) { return fixed_text(whole == 0 ? 0 : 100 * part / whole, 0) + " %"; }

std::string engines_text(const cudnn::planned_kernel& k) {
  std::string text;
  for (const cudnn::engine& e : k.engines) text += (text.empty() ? "" : ", ") + std::to_string(e.index);
  return text.empty() ? "-" : text;
}

std::string means_text(const cudnn::planned_kernel& k) {
  if (k.means == cudnn::kernel_means::engine)
    return "engine " + std::to_string(k.chosen.index) + (k.chosen.tensor_cores ? " T" : "") +
           (k.last_resort ? ", last resort" : "");
  if (k.means == cudnn::kernel_means::copies) return std::to_string(k.copies) + (k.copies == 1 ? " copy" : " copies");
  return to_string(k.means);
}

const std::vector<std::string> kernel_columns{"kernel",    "times",          "runs as", "made", "engines that could",
                                              "proposals", "workspace, KiB", "note"};

/// Reasons are long and few: tables hold their numbers.
class notes {
 public:
  std::string number_of(const std::string& text) {
    if (text.empty()) return {};
    const auto at = static_cast<std::size_t>(std::ranges::find(texts_, text) - texts_.begin());
    if (at == texts_.size()) texts_.push_back(text);
    return "(" + std::to_string(at + 1) + ")";
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < texts_.size(); ++i) result.push_back("(" + std::to_string(i + 1) + ") " + texts_[i]);
    return result;
  }

 private:
  std::vector<std::string> texts_;
};

/// The kernels of a plan that differ, in the order in which they first run.
rows kernel_rows(const cudnn::network_plan& plan, notes& reasons) {
  struct group {
    const cudnn::planned_kernel* first;
    int times;
  };
  std::vector<group> groups;
  std::map<std::string, std::size_t> seen;
  for (const cudnn::planned_kernel& k : plan.kernels) {
    const auto [place, is_new] =
        seen.try_emplace(k.what.signature() + (k.reason.empty() ? "" : " part"), groups.size());
    if (is_new) groups.push_back({&k, 0});
    ++groups[place->second].times;
  }
  rows result;
  for (const auto& [k, times] : groups)
    result.push_back(
        {k->what.signature(), std::to_string(times), means_text(*k),
         !k->runs()                                ? "-"
         : k->means == cudnn::kernel_means::copies ? "copied"
         : k->precompiled()                        ? "tuned"
                                                   : "compiled",
         engines_text(*k), std::to_string(k->configurations),
         k->means == cudnn::kernel_means::engine && !k->finalised ? "-" : std::to_string((k->workspace + 1023) / 1024),
         k->reason.empty() ? "" : (k->runs() ? "split " : "") + reasons.number_of(k->reason)});
  return result;
}

const std::vector<std::string> summary_columns{"network", "batch",         "fused",         "kernels",
                                               "split",   "tuned",         "compiled",      "copies",
                                               "nothing", "MACs on tuned", "workspace, KiB"};

std::vector<std::string> summary_row(const cudnn::network_plan& plan, int batch, bool finalised) {
  double all = 0;
  double tuned = 0;
  for (const cudnn::planned_kernel& k : plan.kernels) {
    const auto count = static_cast<double>(macs(k.what.core));
    all += count;
    tuned += k.precompiled() ? count : 0;
  }
  return {plan.network,
          std::to_string(batch),
          std::to_string(plan.fused.size()),
          std::to_string(plan.kernels.size()),
          std::to_string(plan.splits()),
          std::to_string(plan.precompiled()),
          std::to_string(plan.runtime_compiled()),
          std::to_string(plan.copies()),
          std::to_string(plan.without_means()),
          percent(tuned, all),
          finalised ? std::to_string((plan.workspace() + 1023) / 1024) : "-"};
}

/// A kernel without its sizes: what kind of layer, window and functions.
std::string kind_of(const kernel& k) {
  std::string text = k.signature();
  const std::size_t begin = text.find(' ');
  const std::size_t end = std::min(text.find(' ', begin + 1), text.size());
  return text.substr(0, begin) + text.substr(end);
}

const std::vector<std::string> kind_columns{"kind of kernel", "distinct", "in networks", "tuned",
                                            "compiled",       "split",    "nothing",     "reason"};

rows kind_rows(const std::vector<cudnn::surveyed_kernel>& kernels, notes& reasons) {
  struct sums {
    std::size_t distinct = 0, occurrences = 0, tuned = 0, compiled = 0, split = 0, none = 0;
    std::string reason{};
  };
  std::map<std::string, sums> kinds;
  for (const cudnn::surveyed_kernel& k : kernels) {
    sums& s = kinds[kind_of(k.fused)];
    ++s.distinct;
    s.occurrences += k.occurrences;
    const bool none = std::ranges::any_of(k.parts, [](const auto& p) { return !p.runs(); });
    s.none += none;
    s.split += k.parts.size() > 1;
    if (!none && k.parts.size() == 1) ++(k.parts.front().precompiled() ? s.tuned : s.compiled);
    if (s.reason.empty()) s.reason = k.parts.front().reason;
  }
  rows result;
  for (const auto& [name, s] : kinds)
    result.push_back({name, std::to_string(s.distinct), std::to_string(s.occurrences), std::to_string(s.tuned),
                      std::to_string(s.compiled), std::to_string(s.split), std::to_string(s.none),
                      reasons.number_of(s.reason)});
  return result;
}

/// A table whose columns are as wide as their widest cell; numbers stand at the right.
void print(const std::vector<std::string>& columns, const rows& table) {
  std::printf("%s", to_text({.columns = columns, .rows = table}).c_str());
}

void print(const notes& reasons) {
  for (const std::string& line : reasons.lines()) std::printf("%s\n", line.c_str());
  std::printf("\n");
}

/// A section of the page.
struct report_part {
  std::string title;
  report_table table;
  std::vector<std::string> notes;
};

constexpr const char* meaning =
    "Tuned: a kernel that cuDNN ships. Compiled: generated for this one graph when the plan is made. T: on tensor "
    "cores. Engines stand in the order of "
    "cuDNN's heuristics; the first whose plan could be made is taken. A kernel that no engine supports as it is "
    "appears as its parts: it is split. Nothing: no engine, and no copy, does it. Distinct: kernels that differ; in "
    "networks: how often they occur.";

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::vector<network> sample(const std::string& space, int count, std::uint64_t seed) {
  random_engine rng(seed);
  const auto draw = [&](const auto& from) {
    std::vector<network> networks;
    for (int i = 0; i < count; ++i) networks.push_back(to_network(from.sample(rng)));
    return networks;
  };
  return zoo::with_space(space, draw, zoo::gpunet, zoo::efficientnet_x);
}

cudnn::device_properties find_device(const std::string& name, const std::string& file) {
  if (!file.empty()) return cudnn::parse_device_properties(read_file(file));
  std::string known;
  for (const auto& [key, device] : cudnn::devices::all()) {
    if (key == name) return device;
    known += (known.empty() ? "" : ", ") + std::string(key);
  }
  throw std::invalid_argument("device '" + name + "'; allowed: " + known + ", or --device-file");
}

}  // namespace

static int program(int argc, char** argv) {
  std::string models = "EfficientNet-B0";
  std::string space;
  std::string device_name = "h200";
  std::string device_file;
  std::string dump;
  std::string type_name = "f16";
  std::string html;
  std::vector<int> batches{1};
  std::string stand_in;
  int samples = 50;
  std::uint64_t seed = 1;
  bool with_stand_in = false;
  bool heuristics_only = false;
  bool brief = false;
  CLI::App app{
      "Plans networks for a GPU that need not be there: which kernels cuDNN has tuned engines for, which it would "
      "compile, which it lacks."};
  app.add_option("--model", models, "models of the zoo by their names, with commas between")->capture_default_str();
  app.add_option("--space", space, "instead: the distinct kernels of samples of a space, gpunet or efficientnet_x");
  app.add_option("--samples", samples, "how many")->check(examples::whole(1, 1'000'000))->capture_default_str();
  app.add_option("--seed", seed, "of the samples")->check(examples::seeds())->capture_default_str();
  app.add_option("--device", device_name, "h200, h100, a100, l4, b200")->capture_default_str();
  app.add_option("--device-file", device_file, "a description that --dump-device wrote");
  app.add_option("--dump-device", dump, "write the description of this machine's GPU to this file, and end");
  app.add_option("--type", type_name, "f16, bf16, f32")->capture_default_str();
  app.add_option("--batch", batches, "images per run, with commas between for several")
      ->delimiter(',')
      ->check(examples::images())
      ->capture_default_str();
  app.add_flag("--driver-stand-in", with_stand_in,
               "where there is no driver, plan with a stand-in for it; without, engines that are compiled at run time "
               "cannot be asked");
  app.add_option("--driver-stand-in-file", stand_in, "another file than the one that was built with this program");
  app.add_flag("--heuristics-only", heuristics_only, "believe the heuristics, make no plan: nothing is compiled");
  app.add_flag("--brief", brief, "the summary alone");
  app.add_option("--html", html, "write a report to this file");
  app.footer("Example: gpu_plan --model EfficientNet-B0 --device h200 --batch 1,128 --html plan.html");
  CLI11_PARSE(app, argc, argv);
  examples::option_files()
      .reads("--device-file", device_file)
      .writes("--dump-device", dump)
      .writes("--html", html)
      .check();

  // All that can be wrong with the command line is, before anything is planned.
  const data_type type = parse_data_type(type_name);
  std::vector<network> networks;
  if (space.empty())
    for (const std::string& name : split_list(models)) networks.push_back(zoo::make_model(name));
  if (space.empty() && networks.empty())
    throw std::invalid_argument("--model: found no name; allowed: models of the zoo, which list_models prints");
  const std::vector<network> samples_of_space = space.empty() ? std::vector<network>{} : sample(space, samples, seed);

  if (!dump.empty()) {
    write_file(dump, to_json(cudnn::read_device()));
    return 0;
  }
  if (with_stand_in || !stand_in.empty())
    cudnn::load_driver_stand_in(stand_in.empty() ? NASCENT_DRIVER_STAND_IN : stand_in);
  const cudnn::device_properties device = find_device(device_name, device_file);
  html_report report("Kernels on " + device.name, "cuDNN " + cudnn::library_version() + ", " + to_string(type));
  std::vector<report_part> parts;  // behind the summary
  rows summary;
  std::string standing;

  for (const int batch : batches) {
    cudnn::planner planner(device, {.type = type, .batch = batch, .finalise = !heuristics_only});
    standing = planner.standing() + (heuristics_only ? " No plan was made: the heuristics were believed." : "");
    const std::string place = "batch " + std::to_string(batch);
    if (!space.empty()) {
      notes reasons;
      const rows kinds = kind_rows(planner.survey(samples_of_space), reasons);
      std::printf("%s, %s, cuDNN %s, %s: %d samples of %s, seed %llu\n%s\n\n", device.name.c_str(), to_string(type),
                  cudnn::library_version().c_str(), place.c_str(), samples, space.c_str(),
                  static_cast<unsigned long long>(seed), standing.c_str());
      print(kind_columns, kinds);
      print(reasons);
      parts.push_back({space + ", " + place,
                       {.columns = kind_columns,
                        .rows = kinds,
                        .caption = std::to_string(samples) + " samples, seed " + std::to_string(seed) + ". " + meaning},
                       reasons.lines()});
      continue;
    }
    for (const network& graph : networks) {
      const cudnn::network_plan plan = planner.plan(graph);
      notes reasons;
      const rows kernels = kernel_rows(plan, reasons);
      summary.push_back(summary_row(plan, batch, !heuristics_only));
      if (!brief) {
        std::printf("%s on %s, %s, %s\n", plan.network.c_str(), device.name.c_str(), to_string(type), place.c_str());
        print(kernel_columns, kernels);
        print(reasons);
      }
      parts.push_back({plan.network + ", " + place,
                       {.columns = kernel_columns, .rows = kernels, .caption = meaning},
                       reasons.lines()});
    }
  }
  if (!summary.empty()) {
    std::printf("%s, %s, cuDNN %s\n", device.name.c_str(), to_string(type), cudnn::library_version().c_str());
    print(summary_columns, summary);
    std::printf("\n");
    report.section("Summary").table(
        {.columns = summary_columns,
         .rows = summary,
         .caption = "Fused: kernels as the library fuses them. Kernels: what runs, with the parts of those that are "
                    "split. MACs "
                    "on tuned: share of the multiply-adds that run in kernels that cuDNN ships. " +
                    std::string(meaning)});
  }
  std::printf("%s\n\n%s\n", meaning, standing.c_str());
  report.section("What this is worth")
      .text(standing)
      .text("Times are not part of a plan: which engine is fastest only the device can say.");
  for (const report_part& part : parts) {
    report.section(part.title).table(part.table);
    for (const std::string& line : part.notes) report.text(line);
  }
  report.origin({.command = examples::command_line(argc, argv),
                 .machine = device.name + ", cuDNN " + cudnn::library_version(),
                 .seed = space.empty() ? std::nullopt : std::optional(seed)});
  if (!html.empty()) write_file(html, report.str());
  return 0;
}

int main(int argc, char** argv) {
  return examples::run_program("gpu_plan", [&] { return program(argc, argv); });
}
