// SPDX-License-Identifier: Apache-2.0
/// \file
/// A latency table from its file alone: what was measured on a machine that is elsewhere predicts here.
#pragma once

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/latency/exchange.hpp"
#include "nascent/latency/table.hpp"

namespace nascent {

/// Which of the times of a file, where it has several: what is not said may be anything.
struct table_choice {
  std::string device{};  ///< a part of its name
  std::string isa{};
  std::optional<int> threads{};
  std::optional<data_type> type{};
  std::optional<int> batch{};
  cache_context context = cache_context::in_network;

  bool takes(const store_key& key) const {
    return key.context == context && key.device.device.find(device) != std::string::npos &&
           (isa.empty() || key.device.isa == isa) && (!threads || key.device.threads == *threads) &&
           (!type || key.device.type == *type) && (!batch || key.batch == *batch);
  }
};

/// In one line: "AMD EPYC 9654, oneDNN 2.6.3, avx512_core_bf16, 1 thread, f32, batch 1".
inline std::string describe(const store_key& key) {
  return describe(key.device) + ", batch " + std::to_string(key.batch) +
         (key.context == cache_context::in_network ? "" : std::string(", ") + to_string(key.context));
}

/// The table in a file, with no executor and no machine: it predicts, also as the table of a `latency_predictor` or a
/// `network_predictor`, and measures nothing. Device, type and batch are what the file says. Nothing is written to it.
/// \throws latency_table_error where the file cannot be used, and where not exactly one of its devices (types, batches,
/// ..) is meant: it lists them
inline latency_table read_table(const std::filesystem::path& path, const table_choice& choice = {}) {
  const std::vector<store_key> keys = keys_of(path);
  std::vector<store_key> meant;
  std::ranges::copy_if(keys, std::back_inserter(meant), [&](const store_key& k) { return choice.takes(k); });
  if (meant.size() != 1) {
    std::string list;
    for (const store_key& k : meant.empty() ? keys : meant) list += (list.empty() ? "" : "; ") + describe(k);
    throw latency_table_error(
        "latency.choice", "latency table '" + path.string() + "'",
        keys.empty()
            ? "no rows"
            : (meant.empty() ? "none that is meant among: " : std::to_string(meant.size()) + " that are: ") + list,
        keys.empty() ? "times of one device; build_table measures them"
                     : "one; say which by table_choice (device, isa, threads, type, batch, context)");
  }
  return {
      path, meant.front().device, {.batch = meant.front().batch, .context = meant.front().context, .read_only = true}};
}

}  // namespace nascent
