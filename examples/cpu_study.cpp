// SPDX-License-Identifier: Apache-2.0
// Is latency proportional to MACs? Supplement D of the EfficientNet-X paper (Li et al., 2021) on this machine:
// EfficientNet and EfficientNet-X with ReLU under one instruction set after another. docs/cpu_study.md has the question
// and the answer.
//
//   cpu_study --out study
//   cpu_study --models EfficientNet-B0,EfficientNet-X-B0 --isa sse41,best --rounds 6
//
// The instruction set holds for a whole process, so each has a process of its own: this program, started again with
// --serve.
#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "checked_options.hpp"
#include "document.hpp"
#include "instruction_set.hpp"
#include "program.hpp"
#include <CLI/CLI.hpp>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <nascent/base/file.hpp>
#include <nascent/base/number_text.hpp>
#include <nascent/base/signal_stop.hpp>
#include <nascent/cost/proportionality.hpp>
#include <nascent/executor/onednn.hpp>
#include <nascent/nascent.hpp>
#include <nascent/report/plot.hpp>
#include <nascent/report/report.hpp>
#include <nascent/timing/measure.hpp>
#include <nascent/zoo/efficientnet_family.hpp>
#include <nascent/zoo/efficientnet_x_family.hpp>

using namespace nascent;
using examples::document;
using examples::title_of;
using examples::type_of;
using examples::with_relu;
using nlohmann::json;

namespace {

// --- what is studied

/// "EfficientNet-X-B3": the family and the level.
struct member {
  bool x = false;
  std::size_t level = 0;
  std::string name() const { return std::string("EfficientNet-") + (x ? "X-B" : "B") + std::to_string(level); }
};

member parse_member(const std::string& text) {
  for (const bool x : {false, true})
    for (std::size_t level = 0; level < zoo::efficientnet_family.size(); ++level)
      if (const member m{x, level}; m.name() == text) return m;
  throw std::invalid_argument("--models: found '" + text +
                              "'; allowed: EfficientNet-B0 to -B7 and EfficientNet-X-B0 to -X-B7");
}

network network_of(const member& m) {
  return with_relu(m.x ? to_network(zoo::efficientnet_x_family[m.level])
                       : to_network(zoo::efficientnet_family[m.level]));
}

double macs_of(const network& graph) {
  double sum = 0;
  for (const layer& l : graph.layers()) sum += static_cast<double>(macs(l));
  return sum;
}

// --- one process for each instruction set

/// Answers {"load": MODEL} and {"run": UNTIMED} with one line of JSON each.
void serve(onednn::isa isa, int threads, int batch) {
  std::optional<onednn::compiled> compiled;
  std::optional<stopwatch> watch;
  for (std::string line; std::getline(std::cin, line);) {
    json reply;
    try {
      const json command = json::parse(line);
      if (command.contains("load")) {
        compiled.reset();
        onednn::executor cpu{{.threads = threads, .type = type_of(isa), .isa = isa}};
        compiled.emplace(prepare(cpu, network_of(parse_member(command["load"])), batch));
        const device_description d = cpu.description();
        reply = {{"device", d.device}, {"library", d.library}};
        if (!watch) watch.emplace(system_clocks, threads == 1);
      } else {
        for (int i = command.at("run"); i > 0; --i) compiled.value().run();
        watch->start();
        compiled.value().run();
        const time_sample s = watch->lap();
        reply = {{"wall_ms", s.wall_ms}, {"cpu_ms", s.cpu_ms}, {"switches", s.switches}};
      }
    } catch (const std::exception& e) {
      reply = {{"error", e.what()}};
    }
    std::cout << reply.dump() << std::endl;
  }
}

/// This program again, at the other end of two pipes.
class child {
 public:
  explicit child(const std::vector<std::string>& arguments) {
    int to[2];
    int from[2];
    if (::pipe(to) != 0 || ::pipe(from) != 0) throw std::runtime_error("no pipe to another process");
    // Later children must not hold the ends of earlier ones open.
    for (const int end : {to[1], from[0]}) ::fcntl(end, F_SETFD, FD_CLOEXEC);
    std::vector<char*> argv;
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(to[0], STDIN_FILENO);
      ::dup2(from[1], STDOUT_FILENO);
      ::close(to[0]);
      ::close(from[1]);
      ::execv("/proc/self/exe", argv.data());
      ::_exit(127);
    }
    ::close(to[0]);
    ::close(from[1]);
    if (process_ < 0) throw std::runtime_error("no further process");
    in_ = ::fdopen(to[1], "w");
    out_ = ::fdopen(from[0], "r");
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    std::fclose(in_);
    std::fclose(out_);
    ::waitpid(process_, nullptr, 0);
  }

  /// \throws std::runtime_error with the child's own words, or where it has ended
  json ask(const json& command) {
    std::fprintf(in_, "%s\n", command.dump().c_str());
    std::fflush(in_);
    char* line = nullptr;
    std::size_t size = 0;
    const bool answered = ::getline(&line, &size, out_) > 0;
    const std::unique_ptr<char, decltype(&std::free)> text(line, &std::free);
    if (!answered) throw std::runtime_error("its process ended");
    json reply = json::parse(text.get());
    if (reply.contains("error")) throw std::runtime_error(reply["error"].get<std::string>());
    return reply;
  }

 private:
  pid_t process_ = -1;
  std::FILE* in_ = nullptr;
  std::FILE* out_ = nullptr;
};

// --- measuring

struct settings {
  std::vector<member> models;
  std::vector<onednn::isa> isas;
  int threads = 1;
  int batch = 1;
  int rounds = 15;
  double budget_s = 240;
  std::string out;
  std::string document;
};

struct study {
  std::vector<member> models{};
  std::vector<double> macs{};
  std::vector<onednn::isa> isas{};                             ///< those that run here
  std::vector<std::vector<std::vector<time_sample>>> times{};  ///< [isa][model][round]
  std::vector<std::string> left_out{};                         ///< a sentence for each instruction set that does not
  std::string device{};                                        ///< all of it in one text
  std::string processor{};
  std::string library{};
  int threads = 1;
  int batch = 1;
  std::string date{};
  bool one_thread = true;

  sample_summary summary(std::size_t isa, std::size_t m) const { return summarise(times[isa][m], one_thread); }
  double ms(std::size_t isa, std::size_t m) const { return summary(isa, m).median_ms; }
  /// Time of the first instruction set over that of this one.
  paired_ratio speedup(std::size_t isa, std::size_t m) const { return pair_up(times[isa][m], times[0][m], one_thread); }
  power_law law(std::size_t isa) const {
    std::vector<timed_network> all;
    for (std::size_t m = 0; m < models.size(); ++m) all.push_back({macs[m], ms(isa, m)});
    return fit_power_law(all);
  }
  /// Levels that are there in both families: (EfficientNet, EfficientNet-X).
  std::vector<std::pair<std::size_t, std::size_t>> pairs() const {
    std::vector<std::pair<std::size_t, std::size_t>> found;
    for (std::size_t a = 0; a < models.size(); ++a)
      for (std::size_t b = 0; b < models.size(); ++b)
        if (!models[a].x && models[b].x && models[a].level == models[b].level) found.emplace_back(a, b);
    return found;
  }
};

study measure_all(const settings& s, watch& all) {
  study result{
      .models = s.models, .threads = s.threads, .batch = s.batch, .date = utc_now(), .one_thread = s.threads == 1};
  for (const member& m : s.models) result.macs.push_back(macs_of(network_of(m)));
  std::vector<std::unique_ptr<child>> children;
  for (const onednn::isa isa : s.isas) {
    auto one = std::make_unique<child>(std::vector<std::string>{"cpu_study", "--serve", to_string(isa), "--threads",
                                                                std::to_string(s.threads), "--batch",
                                                                std::to_string(s.batch)});
    try {
      const json reply = one->ask({{"load", s.models.front().name()}});
      result.processor = reply["device"];
      result.library = reply["library"];
      result.device = result.processor + ", " + result.library + ", " + std::to_string(s.threads) +
                      (s.threads == 1 ? " thread" : " threads") + ", batch " + std::to_string(s.batch);
      result.isas.push_back(isa);
      children.push_back(std::move(one));
    } catch (const std::exception& e) {
      result.left_out.push_back(title_of(isa) + ": left out: " + e.what());
      std::fprintf(stderr, "%s\n", result.left_out.back().c_str());
    }
  }
  if (children.empty()) throw std::runtime_error("no instruction set that was asked for runs here");
  result.times.assign(children.size(), std::vector<std::vector<time_sample>>(s.models.size()));

  double all_macs = 0;
  for (const double m : result.macs) all_macs += m;
  std::printf(
      "%zu networks under %zu instruction set%s: up to %.0f s (--budget-s) for %d rounds, more only for the first "
      "six\n\n",
      s.models.size(), children.size(), children.size() == 1 ? "" : "s", s.budget_s, s.rounds);
  std::fflush(stdout);
  watch_job job = all.begin("timing", s.models.size() * static_cast<std::size_t>(s.rounds));
  for (std::size_t m = 0; m < s.models.size(); ++m) {
    for (const auto& one : children) one->ask({{"load", s.models[m].name()}});
    // A network's share of the time is its share of the MACs; six rounds are what an interval needs.
    constexpr int least = 6;
    const double share_s = s.budget_s * result.macs[m] / all_macs;
    const std::int64_t start = wall_ns();
    for (int round = 0; round < s.rounds; ++round) {
      if (round >= least && static_cast<double>(wall_ns() - start) * 1e-9 >= share_s) {
        job.advance(static_cast<std::size_t>(s.rounds - round));
        break;
      }
      for (std::size_t k = 0; k < children.size(); ++k) {
        const std::size_t i = (k + static_cast<std::size_t>(round)) % children.size();
        // Untimed passes before the timed one: what the others pushed out of a shared cache takes several to come back
        // (docs/latency.md), and is a small part of a long pass.
        std::vector<time_sample>& mine = result.times[i][m];
        const json t = children[i]->ask({{"run", !mine.empty() && mine.back().wall_ms < 150 ? 4 : 1}});
        mine.push_back({.wall_ms = t["wall_ms"], .cpu_ms = t["cpu_ms"], .switches = t["switches"]});
      }
      job.advance();
      all.throw_if_stopped();
    }
  }
  return result;
}

// --- what it says

std::string with_interval(const paired_ratio& r) {
  const std::string middle = fixed_text(r.median, 2);
  return std::isinf(r.high) ? middle : middle + " (" + fixed_text(r.low, 2) + ".." + fixed_text(r.high, 2) + ")";
}

template <class Value>
double geometric_mean(const std::vector<std::pair<std::size_t, std::size_t>>& pairs, Value&& value) {
  if (pairs.empty()) return 1;
  double sum = 0;
  for (const auto& [a, b] : pairs) sum += std::log(value(a, b));
  return std::exp(sum / static_cast<double>(pairs.size()));
}

/// One instruction set, judged.
struct judgement {
  power_law law;
  double price = 1;       ///< of a MAC of EfficientNet-X over one of EfficientNet, geometric mean over levels
  double time_ratio = 1;  ///< of EfficientNet-X over EfficientNet at a level, geometric mean
  /// The rule: a line fits the logarithms, and no family gets its MACs for less than 4/5 of the other's price.
  bool proportional() const { return law.r_squared >= .98 && price > .8 && price < 1.25; }
};

std::vector<judgement> judge_all(const study& s) {
  const auto pairs = s.pairs();
  std::vector<judgement> all;
  for (std::size_t i = 0; i < s.isas.size(); ++i) {
    const auto timed = [&](std::size_t m) { return timed_network{s.macs[m], s.ms(i, m)}; };
    all.push_back(
        {.law = s.law(i),
         .price =
             geometric_mean(pairs, [&](std::size_t a, std::size_t b) { return mac_price_ratio(timed(a), timed(b)); }),
         .time_ratio = geometric_mean(pairs, [&](std::size_t a, std::size_t b) { return s.ms(i, b) / s.ms(i, a); })});
  }
  return all;
}

/// Why the figures allow no verdict; empty where they do. A law goes through any two points and almost any four, and
/// times that spread widely follow any law.
std::string undecided(const study& s) {
  if (s.pairs().size() < 3 || s.isas.size() < 2)
    return "it needs both families at three levels at least, and two instruction sets";
  for (std::size_t i = 0; i < s.isas.size(); ++i)
    for (std::size_t m = 0; m < s.models.size(); ++m)
      if (const double spread = s.summary(i, m).spread; spread > 0.2)
        return "the times of " + s.models[m].name() + " under " + title_of(s.isas[i]) + " spread by " +
               fixed_text(100 * spread, 0) + " %; it needs a quieter machine";
  return {};
}

/// The sentences that the figures allow.
std::vector<std::string> conclusions(const study& s) {
  std::vector<std::string> out = s.left_out;
  if (const std::string why = undecided(s); !why.empty()) {
    out.push_back("No conclusion: " + why + ".");
    return out;
  }
  const std::vector<judgement> all = judge_all(s);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const judgement& j = all[i];
    out.push_back(title_of(s.isas[i]) + ": latency is " + (j.proportional() ? "" : "not ") +
                  "proportional to MACs: exponent " + fixed_text(j.law.exponent, 2) + ", R2 " +
                  fixed_text(j.law.r_squared, 3) + ", a MAC of EfficientNet-X costs " + fixed_text(j.price, 2) +
                  " of one of EfficientNet; " + "EfficientNet-X takes " + fixed_text(j.time_ratio, 2) +
                  " times EfficientNet's time at the same level.");
  }
  bool falls = true;
  for (std::size_t i = 1; i < all.size(); ++i) falls = falls && all[i].price <= 1.02 * all[i - 1].price;
  const bool trend = all.back().price < all.front().price;
  const bool narrow = all.front().proportional();
  const bool wide = !all.back().proportional();
  const bool flips = all.front().time_ratio > 1 && all.back().time_ratio < 1;
  std::string why = "with " + title_of(s.isas.front()) + " latency is " + (narrow ? "" : "not ") +
                    "proportional to MACs, with " + title_of(s.isas.back()) + " it is " + (wide ? "not" : "too") +
                    "; the price of EfficientNet-X's MACs " +
                    (falls   ? "falls with every step"
                     : trend ? "falls, but not with every step"
                             : "does not fall") +
                    "; the faster family " +
                    (flips                       ? "changes from EfficientNet to EfficientNet-X"
                     : all.back().time_ratio < 1 ? "is EfficientNet-X throughout"
                                                 : "stays EfficientNet") +
                    ".";
  out.push_back(
      std::string(
          "The paper's conclusion (proportional without wide vectors, not with them, and less the wider they are) ") +
      (narrow && wide && falls ? "holds here: "
       : trend                 ? "holds here in part: "
                               : "does not hold here: ") +
      why);
  return out;
}

report_table latency_table_of(const study& s) {
  report_table t{.columns = {"network (ReLU)", "MMACs"},
                 .caption = "Median ms of one pass, and the distance of the quartiles"};
  for (const onednn::isa isa : s.isas) t.columns.push_back(title_of(isa));
  for (std::size_t m = 0; m < s.models.size(); ++m) {
    t.rows.push_back({s.models[m].name(), fixed_text(s.macs[m] * 1e-6, 0)});
    for (std::size_t i = 0; i < s.isas.size(); ++i) {
      const sample_summary time = s.summary(i, m);
      t.rows.back().push_back(fixed_text(time.median_ms, 2) + " (" + fixed_text(100 * time.spread, 0) + " %)" +
                              (time.source == time_source::thread_cpu ? " CPU" : ""));
    }
  }
  return t;
}

report_table speedup_table_of(const study& s) {
  report_table t{.columns = {"network (ReLU)"},
                 .caption = "Speed-up over " + title_of(s.isas.front()) + ", with its 95 % interval"};
  for (std::size_t i = 1; i < s.isas.size(); ++i) t.columns.push_back(title_of(s.isas[i]));
  for (std::size_t m = 0; m < s.models.size(); ++m) {
    t.rows.push_back({s.models[m].name()});
    for (std::size_t i = 1; i < s.isas.size(); ++i) t.rows.back().push_back(with_interval(s.speedup(i, m)));
  }
  for (const bool x : {false, true}) {
    std::vector<std::pair<std::size_t, std::size_t>> family;
    for (std::size_t m = 0; m < s.models.size(); ++m)
      if (s.models[m].x == x) family.emplace_back(m, m);
    if (family.empty()) continue;
    t.rows.push_back({std::string("geometric mean, EfficientNet") + (x ? "-X" : "")});
    for (std::size_t i = 1; i < s.isas.size(); ++i)
      t.rows.back().push_back(
          fixed_text(geometric_mean(family, [&](std::size_t a, std::size_t) { return s.speedup(i, a).median; }), 2));
  }
  return t;
}

report_table proportionality_table_of(const study& s) {
  report_table t{.columns = {"instruction set", "exponent", "R2", "least ms per GMAC", "most",
                             "MAC price, X / EfficientNet", "time, X / EfficientNet", "proportional"},
                 .caption =
                     "Latency against MACs: a power law through all networks, and both families at the same level "
                     "(geometric means)"};
  const std::vector<judgement> all = judge_all(s);
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::vector<double> prices;
    for (std::size_t m = 0; m < s.models.size(); ++m) prices.push_back(s.ms(i, m) / s.macs[m] * 1e9);
    const bool both = !s.pairs().empty();
    t.rows.push_back({title_of(s.isas[i]), fixed_text(all[i].law.exponent, 2), fixed_text(all[i].law.r_squared, 4),
                      fixed_text(*std::ranges::min_element(prices), 1),
                      fixed_text(*std::ranges::max_element(prices), 1), both ? fixed_text(all[i].price, 2) : "-",
                      both ? fixed_text(all[i].time_ratio, 2) : "-",
                      !undecided(s).empty()   ? "-"
                      : all[i].proportional() ? "yes"
                                              : "no"});
  }
  return t;
}

plot figure_of(const study& s) {
  std::vector<plot_series> series;
  for (std::size_t i = 0; i < s.isas.size(); ++i) {
    const power_law law = s.law(i);
    const auto [least, most] = std::minmax_element(s.macs.begin(), s.macs.end());
    plot_series line{.name = title_of(s.isas[i]) + ": exponent " + fixed_text(law.exponent, 2) + ", R2 " +
                             fixed_text(law.r_squared, 3),
                     .marker = plot_marker::none,
                     .line = plot_line::dashed,
                     .colour = static_cast<int>(i)};
    for (const double x : {*least / 1.2, *most * 1.2}) line.points.push_back({.x = x * 1e-9, .y = law.latency_ms(x)});
    series.push_back(std::move(line));
    for (const bool x : {false, true}) {
      plot_series points{.marker = x ? plot_marker::diamond : plot_marker::dot, .colour = static_cast<int>(i)};
      for (std::size_t m = 0; m < s.models.size(); ++m)
        if (s.models[m].x == x)
          points.points.push_back({.x = s.macs[m] * 1e-9,
                                   .y = s.ms(i, m),
                                   .label = i == 0 ? (x ? "X-B" : "B") + std::to_string(s.models[m].level) : ""});
      if (!points.points.empty()) series.push_back(std::move(points));
    }
  }
  plot p = scatter_plot("EfficientNet (dots) and EfficientNet-X (diamonds) with ReLU",
                        {.title = "multiply-adds", .unit = "G", .scale = axis_scale::log},
                        {.title = "latency", .unit = "ms", .scale = axis_scale::log}, std::move(series));
  p.height = 560;
  return p;
}

std::vector<report_table> tables_of(const study& s) {
  std::vector<report_table> all{latency_table_of(s)};
  if (s.isas.size() > 1) all.push_back(speedup_table_of(s));
  if (s.models.size() > 1) all.push_back(proportionality_table_of(s));
  return all;
}

std::string markdown_of(const study& s) {
  std::string out = s.device + ".\n";
  for (const report_table& t : tables_of(s)) out += "\n" + to_markdown(t);
  for (const std::string& sentence : conclusions(s)) out += "\n" + sentence + "\n";
  return out;
}

// --- files

void write_all(const study& s, const std::filesystem::path& folder, const std::string& command) {
  std::string csv =
      "model,macs,isa,dtype,batch,threads,median_ms,low_ms,high_ms,minimum_ms,spread,samples,clock,speedup,speedup_low,"
      "speedup_high,date,nascent,device,library\n";
  const auto quoted = [](const std::string& text) {
    std::string field = "\"";
    for (const char c : text) field += c == '"' ? std::string("\"\"") : std::string(1, c);
    return field + "\"";
  };
  const std::string where =
      "," + s.date + "," + std::string(version) + "," + quoted(s.processor) + "," + quoted(s.library);
  json all{{"date", s.date},         {"nascent", std::string(version)}, {"device", s.device},
           {"left_out", s.left_out}, {"rows", json::array()},           {"conclusions", conclusions(s)}};
  for (std::size_t i = 0; i < s.isas.size(); ++i)
    for (std::size_t m = 0; m < s.models.size(); ++m) {
      const sample_summary t = s.summary(i, m);
      const paired_ratio r = s.speedup(i, m);
      json row{{"model", s.models[m].name()},
               {"macs", s.macs[m]},
               {"isa", to_string(s.isas[i])},
               {"dtype", to_string(type_of(s.isas[i]))},
               {"batch", s.batch},
               {"threads", s.threads},
               {"median_ms", t.median_ms},
               {"low_ms", t.low_ms},
               {"high_ms", t.high_ms},
               {"minimum_ms", t.minimum_ms},
               {"spread", t.spread},
               {"samples", t.count},
               {"clock", to_string(t.source)},
               {"speedup", r.median}};
      if (!std::isinf(r.high)) row.update({{"speedup_low", r.low}, {"speedup_high", r.high}});
      all["rows"].push_back(row);
      csv += s.models[m].name();
      for (const char* key : {"macs", "isa", "dtype", "batch", "threads", "median_ms", "low_ms", "high_ms",
                              "minimum_ms", "spread", "samples", "clock", "speedup", "speedup_low", "speedup_high"})
        csv += "," + (!row.contains(key) ? "" : row[key].is_string() ? row[key].get<std::string>() : row[key].dump());
      csv += where + "\n";
    }
  html_report page("Is latency proportional to MACs?", s.device);
  page.section("Figure");
  if (s.models.size() > 1) {
    const std::string svg = to_svg(figure_of(s));
    write_file(folder / "cpu_study.svg", svg);
    page.figure(svg, "Latency against multiply-adds, both logarithmic, with a power law for each instruction set.");
    for (std::size_t i = 0; i < s.isas.size(); ++i) {
      const power_law law = s.law(i);
      all["laws"].push_back({{"isa", to_string(s.isas[i])},
                             {"factor_ms", law.factor},
                             {"exponent", law.exponent},
                             {"r_squared", law.r_squared}});
    }
  }
  for (const std::string& sentence : conclusions(s)) page.text(sentence);
  page.section("Tables");
  for (const report_table& t : tables_of(s)) page.table(t);
  page.origin({.command = command, .machine = s.device});
  write_file(folder / "cpu_study.html", page.str());
  write_file(folder / "cpu_study.csv", csv);
  write_file(folder / "cpu_study.json", all.dump(2) + "\n");
}

/// Puts the tables between a document's marks, and the figure beside it.
void write_into(const document& page, const study& s) {
  const bool drawn = s.models.size() > 1;
  if (drawn) write_file(page.path.parent_path() / "cpu_study.svg", to_svg(figure_of(s)));
  page.write(markdown_of(s) + (drawn ? "\n![Latency against multiply-adds](cpu_study.svg)\n" : ""));
}

}  // namespace

static int program(int argc, char** argv) {
  settings s;
  std::vector<std::string> models;
  std::vector<std::string> isas{"sse41", "avx2", "avx512_core", "avx512_core_bf16", "avx512_core_amx"};
  std::string served;
  for (const bool x : {false, true})
    for (std::size_t level = 0; level <= 4; ++level) models.push_back(member{x, level}.name());
  CLI::App app{
      "EfficientNet and EfficientNet-X with ReLU under one instruction set after another: is latency proportional to "
      "MACs?"};
  app.add_option("--models", models, "EfficientNet-B0 to -B7, EfficientNet-X-B0 to -X-B7")->delimiter(',');
  app.add_option("--isa", isas, "instruction sets, narrowest first; bf16 from avx512_core_bf16 on, else f32")
      ->delimiter(',');
  app.add_option("--threads", s.threads, "threads")->check(examples::threads())->capture_default_str();
  app.add_option("--batch", s.batch, "images per pass")->check(examples::images())->capture_default_str();
  app.add_option("--rounds", s.rounds, "timed passes of each network under each instruction set, at most")
      ->check(examples::whole(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--budget-s", s.budget_s, "seconds of timing in all; six rounds are made in any case")
      ->check(examples::seconds())
      ->capture_default_str();
  app.add_option("--out", s.out, "folder for cpu_study.svg, .html, .json, .csv");
  app.add_option("--document", s.document,
                 "put the tables into this Markdown file, between its marks, and the figure beside it");
  app.add_option("--serve", served)->group("");
  app.footer("Example: cpu_study --models EfficientNet-B0,EfficientNet-X-B0 --isa sse41,best --out study");
  CLI11_PARSE(app, argc, argv);
  if (!served.empty()) {
    std::signal(SIGINT, SIG_IGN);  // Ctrl-C reaches all processes of a terminal; this one ends with the other
    serve(onednn::parse_isa(served), s.threads, s.batch);
    return 0;
  }

  const auto each_once = [](const char* option, std::vector<std::string> names) {
    std::ranges::sort(names);
    if (const auto twice = std::ranges::adjacent_find(names); twice != names.end())
      throw std::invalid_argument(std::string(option) + ": found '" + *twice + "' twice; allowed: each once");
  };
  each_once("--models", models);
  each_once("--isa", isas);
  for (const std::string& name : models) s.models.push_back(parse_member(name));
  for (const std::string& name : isas) s.isas.push_back(onednn::parse_isa(name));
  std::signal(SIGPIPE, SIG_IGN);  // a process that ended is reported where it is asked
  std::optional<document> page;
  if (!s.document.empty()) page.emplace(s.document, "cpu_study");  // before minutes of measuring
  if (!s.out.empty()) {
    const std::filesystem::path out = s.out;
    std::filesystem::create_directories(out);
    examples::option_files files;
    for (const char* name : {"cpu_study.svg", "cpu_study.html", "cpu_study.json", "cpu_study.csv"})
      files.writes(std::string("--out, ") + name, out / name);
    files.writes("--document", s.document).check();
  }
  return until_signal("a study is measured in one go: run the same command again", [&](const signal_stop& signals) {
    watch all({.stop = &signals.received()});
    const study result = measure_all(s, all);
    std::printf("%s", markdown_of(result).c_str());
    if (!s.out.empty()) write_all(result, s.out, examples::command_line(argc, argv));
    if (page) write_into(*page, result);
    return 0;
  });
}

int main(int argc, char** argv) {
  return examples::run_program("cpu_study", [&] { return program(argc, argv); });
}
