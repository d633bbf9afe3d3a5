// SPDX-License-Identifier: Apache-2.0
/// \file
/// What is found under one instruction set, as the processes of examples/instruction_sets hand it to each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>
#include <stdlib.h>

#include <nascent/base/file.hpp>

namespace examples::sets {

/// All that results depend on. What was found by other settings is found again.
struct settings {
  int threads = 1;
  std::string kernels = "onednn";
  std::vector<double> targets{1, 0.8, 1.25};  ///< times what EfficientNet-B0 takes under the set
  double budget_s = 150;                      ///< for each set
  std::size_t networks = 200'000;             ///< that a search looks at, each
  int draws = 8;                              ///< of times within their errors, for each set
  std::uint64_t seed = 1;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(settings, threads, kernels, targets, budget_s, networks, draws, seed)
};

/// A network of the space that was designed for a time.
struct design {
  double factor = 1;  ///< its target over what EfficientNet-B0 takes
  double target_ms = 0;
  std::vector<int> decisions{};
  double ms = 0;              ///< as the table says
  double top1 = 0;            ///< as the accuracy model says
  double bound = 0;           ///< no network of the space within the target is above it, by table and model
  std::size_t estimated = 0;  ///< of its kernels: 0 but where the budget ended first
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(design, factor, target_ms, decisions, ms, top1, bound, estimated)
};

/// The best network within EfficientNet-B0's time that does without something.
struct without {
  std::string what{};
  double ms = 0;  ///< 0 where there is none within that time
  double top1 = 0;
  std::size_t estimated = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(without, what, ms, top1, estimated)
};

/// The best network within EfficientNet-B0's time by other times, drawn within the errors of those that were measured.
struct drawn {
  std::vector<int> decisions{};
  double top1 = 0;
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(drawn, decisions, top1)
};

/// A triplet and what it comes to: estimated top-1 at exactly each level's time, by table and model; 0 where it
/// could not be judged, mostly because a network is outside of the model's domain.
struct scaled_by {
  std::string name{};
  double alpha = 0;
  double beta = 0;
  double gamma = 0;
  std::vector<double> top1{};
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(scaled_by, name, alpha, beta, gamma, top1)
};

/// What was designed under one instruction set.
struct set_record {
  settings how{};
  std::string isa{};
  std::string device{};  ///< with library and threads
  std::string date{};
  double load_before = 0;  ///< processes that wanted to run, on average of a minute
  double load_after = 0;
  double seconds = 0;
  std::size_t kernels = 0;
  std::size_t measured = 0;
  double measured_time = 0;  ///< of the time of an average network, the share that was measured
  double b0_ms = 0;          ///< what EfficientNet-B0 takes, as the table says
  std::vector<design> designs{};
  std::vector<without> withouts{};
  std::vector<drawn> draws{};
  std::vector<double> levels_ms{};
  std::vector<scaled_by> scalings{};
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(set_record, how, isa, device, date, load_before, load_after, seconds, kernels,
                                 measured, measured_time, b0_ms, designs, withouts, draws, levels_ms, scalings)
};

/// A network run under a set, in turns with all others.
struct timed {
  std::string name{};
  std::string from{};  ///< set that it was designed under; empty for a network of the literature
  double factor = 0;
  double ms = 0;
  double spread = 0;
  double ratio = 1;  ///< over EfficientNet-B0, paired, with its interval
  double low = 1;
  double high = 1;
  double predicted_ms = 0;
  double best_top1 = 0;  ///< what the best network of the space has within `predicted_ms`, a bound; 0 if not asked for
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(timed, name, from, factor, ms, spread, ratio, low, high, predicted_ms, best_top1)
};

struct times_record {
  settings how{};
  std::string isa{};
  std::vector<std::string> designed{};  ///< dates of the designs that were run
  std::string date{};
  double load_before = 0;
  double load_after = 0;
  std::vector<timed> networks{};
  NLOHMANN_DEFINE_TYPE_INTRUSIVE(times_record, how, isa, designed, date, load_before, load_after, networks)
};

inline bool same(const settings& a, const settings& b) { return nlohmann::json(a) == nlohmann::json(b); }

/// The average number of processes that wanted to run in the last minute; -1 where the system does not say.
inline double load_average() {
  double load = -1;
  return ::getloadavg(&load, 1) == 1 ? load : -1;
}

template <class Record>
void write_record(const std::filesystem::path& path, const Record& record) {
  nascent::write_file(path, nlohmann::json(record).dump(1) + "\n");
}

/// None where the file is not there, or, which is said, no such record: then the work is done again.
template <class Record>
std::optional<Record> read_record(const std::filesystem::path& path) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    return nlohmann::json::parse(nascent::read_file(path)).get<Record>();
  } catch (const nlohmann::json::exception&) {
    std::fprintf(stderr, "%s is no record of this version: done again\n", path.c_str());
    return std::nullopt;
  }
}

}  // namespace examples::sets
