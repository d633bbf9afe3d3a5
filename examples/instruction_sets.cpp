// SPDX-License-Identifier: Apache-2.0
// What instruction sets change: networks are designed under one after another, and each design is run under all.
// Supplement D of the EfficientNet-X paper (Li et al., 2021) as a search; docs/cpu_study.md has the answer.
//
//   instruction_sets                                     all sets of this processor: a quarter of an hour
//   instruction_sets --isa sse41,avx512_core --budget-s 60   two of them, for a look: four minutes
//   instruction_sets --kernels fastest --out own             with this library's kernels beside oneDNN's
//
// The instruction set holds for a whole process, so each has a process of its own: this program, started again with
// --serve.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "document.hpp"
#include "instruction_sets/again.hpp"
#include "instruction_sets/design.hpp"
#include "instruction_sets/page.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/base/signal_stop.hpp>

using namespace nascent;
namespace sets = examples::sets;

namespace {

struct options {
  sets::settings how;
  std::vector<std::string> isas;
  std::filesystem::path out = "instruction_sets";
  std::string document;
  std::string command;  ///< as it was given
  std::string serve;    ///< what a process under one instruction set is to do: "design" or "run"
  std::string with;     ///< the sets whose designs it runs
};

void add_to(CLI::App& app, options& o) {
  app.add_option("--isa", o.isas,
                 "instruction sets, narrowest first; all that this processor has of sse41, avx2, avx512_core, "
                 "avx512_core_bf16, avx512_core_amx where none is given. bf16 from avx512_core_bf16 on, else f32")
      ->delimiter(',');
  app.add_option(
         "--kernels", o.how.kernels,
         "who computes: oneDNN alone, the same library under every set, or the fastest of it and nascent, whose "
         "kernels need AVX2 at least")
      ->check(CLI::IsMember({"onednn", "fastest"}))
      ->capture_default_str();
  app.add_option("--threads", o.how.threads, "threads")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--targets", o.how.targets, "times to design for, of what EfficientNet-B0 takes under the set")
      ->delimiter(',')
      ->check(CLI::Range(.2, 5.))
      ->capture_default_str();
  app.add_option(
         "--budget-s", o.how.budget_s,
         "seconds for the table and the designs of each set, about; running the designs comes on top, with about "
         "half as many")
      ->check(CLI::Range(5.0, 1e5))
      ->capture_default_str();
  app.add_option("--networks", o.how.networks, "networks that each search looks at, about")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--draws", o.how.draws, "designs by times within their errors, for each set")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--seed", o.how.seed, "seed of searches and draws")->capture_default_str();
  app.add_option(
         "--out", o.out,
         "folder for latency.db, instruction_sets.html, .json, .csv; what is there of the same settings is kept, "
         "latency.db is continued")
      ->capture_default_str();
  app.add_option("--document", o.document,
                 "put the tables into this Markdown file, between its marks, a figure beside");
  app.add_option("--serve", o.serve)->check(CLI::IsMember({"design", "run"}))->group("");
  app.add_option("--with", o.with)->group("");
  app.footer(
      "Example: instruction_sets --isa sse41,avx512_core --budget-s 60 --out look\n"
      "takes about four minutes. Ctrl-C at any time: the same command goes on from there.");
}

std::vector<std::string> parts_of(const std::string& list) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    parts.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::filesystem::path record_path(const options& o, const std::string& isa) { return o.out / (isa + ".json"); }
std::filesystem::path times_path(const options& o, const std::string& isa) { return o.out / (isa + ".times.json"); }

/// The sets to compare: those that were asked for, or the usual ones that are available.
void choose_sets(options& o) {
  if (o.isas.empty()) {
    for (const onednn::isa isa : {onednn::isa::sse41, onednn::isa::avx2, onednn::isa::avx512_core,
                                  onednn::isa::avx512_core_bf16, onednn::isa::avx512_core_amx}) {
      if (onednn::is_available(isa)) o.isas.emplace_back(to_string(isa));
      else std::fprintf(stderr, "%s: left out, this processor or oneDNN lacks it\n", examples::title_of(isa).c_str());
    }
  }
  for (std::size_t i = 0; i < o.isas.size(); ++i) {
    if (!onednn::is_available(onednn::parse_isa(o.isas[i])))
      throw std::invalid_argument("--isa: found '" + o.isas[i] + "'; allowed on this " + processor_model() + ": " +
                                  onednn::available_isas());
    if (std::find(o.isas.begin(), o.isas.begin() + static_cast<std::ptrdiff_t>(i), o.isas[i]) !=
        o.isas.begin() + static_cast<std::ptrdiff_t>(i))
      throw std::invalid_argument("--isa: found '" + o.isas[i] + "' twice; allowed: each once");
  }
  std::ranges::sort(o.how.targets);
  if (std::ranges::adjacent_find(o.how.targets) != o.how.targets.end())
    throw std::invalid_argument("--targets: found one twice; allowed: each once");
}

/// What a process under one instruction set does. Where a signal ends it, the first process says so.
int serve(const options& o) try {
  const signal_stop signals;
  watch all({.seconds = o.how.budget_s, .stop = &signals.received()});
  const onednn::isa isa = onednn::parse_isa(o.isas.front());
  sets::designer work(o.how, isa, o.out / "latency.db", all);
  if (o.serve == "design") {
    write_record(record_path(o, o.isas.front()), work.design_all());
    return 0;
  }
  std::vector<sets::set_record> found;
  for (const std::string& name : parts_of(o.with)) {
    auto record = sets::read_record<sets::set_record>(record_path(o, name));
    if (!record) throw std::runtime_error("no designs in '" + record_path(o, name).string() + "'");
    found.push_back(*std::move(record));
  }
  write_record(times_path(o, o.isas.front()), work.run_all(found));
  return 0;
} catch (const stopped_error&) {
  return 130;
}

/// This program for one set; false where a signal has ended it.
bool run_under(const options& o, const std::string& isa, const char* what, const signal_stop& signals) {
  std::vector<std::string> arguments{"instruction_sets",
                                     "--serve",
                                     what,
                                     "--isa",
                                     isa,
                                     "--out",
                                     o.out.string(),
                                     "--kernels",
                                     o.how.kernels,
                                     "--threads",
                                     std::to_string(o.how.threads),
                                     "--budget-s",
                                     exact_text(o.how.budget_s),
                                     "--networks",
                                     std::to_string(o.how.networks),
                                     "--draws",
                                     std::to_string(o.how.draws),
                                     "--seed",
                                     std::to_string(o.how.seed)};
  std::string list;
  for (const double t : o.how.targets) list += (list.empty() ? "" : ",") + exact_text(t);
  arguments.insert(arguments.end(), {"--targets", list, "--with"});
  list.clear();
  for (const std::string& name : o.isas) list += (list.empty() ? "" : ",") + name;
  arguments.push_back(list);
  const int code = sets::run_again(arguments, signals.received());
  if (signals) return false;
  if (code != 0)
    throw std::runtime_error("the process under " + isa + " has ended with code " + std::to_string(code) +
                             ", see above");
  return true;
}

int run(const options& o, const signal_stop& signals) {
  std::filesystem::create_directories(o.out);
  std::optional<examples::document> page;
  if (!o.document.empty()) page.emplace(o.document, "instruction_sets");  // before minutes of measuring
  const std::size_t steps = 2 * o.isas.size();
  std::printf("%zu instruction set%s, about %.0f min\n", o.isas.size(), o.isas.size() == 1 ? "" : "s",
              std::ceil(static_cast<double>(o.isas.size()) * o.how.budget_s * 1.5 / 60));
  const auto say = [&](std::size_t step, const std::string& isa, const std::string& what) {
    std::printf("%zu of %zu. %s: %s\n", step, steps, examples::title_of(onednn::parse_isa(isa)).c_str(), what.c_str());
    std::fflush(stdout);
  };

  sets::study study;
  std::vector<std::string> dates;
  std::size_t step = 0;
  for (const std::string& isa : o.isas) {
    auto record = sets::read_record<sets::set_record>(record_path(o, isa));
    const bool kept = record && same(record->how, o.how);
    say(++step, isa, kept ? "designed at " + record->date + ", kept" : "filling the table, designing, scaling");
    if (!kept) {
      if (!run_under(o, isa, "design", signals)) return 0;
      record = sets::read_record<sets::set_record>(record_path(o, isa));
    }
    if (!record) throw std::runtime_error("no designs in '" + record_path(o, isa).string() + "'");
    dates.push_back(record->date);
    study.sets.push_back(*std::move(record));
  }
  for (const std::string& isa : o.isas) {
    auto times = sets::read_record<sets::times_record>(times_path(o, isa));
    const bool kept = times && same(times->how, o.how) && times->designed == dates;
    say(++step, isa, kept ? "run at " + times->date + ", kept" : "running all designs");
    if (!kept) {
      if (!run_under(o, isa, "run", signals)) return 0;
      times = sets::read_record<sets::times_record>(times_path(o, isa));
    }
    if (!times) throw std::runtime_error("no times in '" + times_path(o, isa).string() + "'");
    study.times.push_back(*std::move(times));
  }

  std::printf("\n%s", sets::text_of(study).c_str());
  sets::write_files(study, o.out, o.command);
  if (page) {
    page->write(sets::markdown_of(study) + "\n![Designs under each instruction set](instruction_sets.svg)\n");
    write_file(page->path.parent_path() / "instruction_sets.svg", to_svg(sets::map_of(study)));
  }
  std::printf("\nWrote %s\n", (o.out / "instruction_sets.html").c_str());
  return 0;
}

int program(int argc, char** argv) {
  options o;
  CLI::App app{
      "Designs networks under one instruction set after another and runs each design under all: what do wide vectors "
      "change?"};
  add_to(app, o);
  CLI11_PARSE(app, argc, argv);
  if (!o.serve.empty()) return serve(o);
  choose_sets(o);
  o.command = examples::command_line(argc, argv);
  return until_signal("'" + o.out.string() + "' keeps what was measured: run the same command again to go on",
                      [&](const signal_stop& signals) { return run(o, signals); });
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program("instruction_sets", [&] { return program(argc, argv); });
}
