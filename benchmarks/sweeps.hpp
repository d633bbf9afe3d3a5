// SPDX-License-Identifier: Apache-2.0
/// \file
/// Measured times of networks set aside, sweep by sweep, in a file: a run that is killed loses the sweep at work.
#pragma once

#include <cstddef>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <nascent/base/file.hpp>
#include <nascent/io/json.hpp>

namespace prediction {

/// One measurement of a network, in turns with a reference where there is one.
struct sample {
  std::size_t network = 0;
  std::size_t reference = 0;
  double reference_ms = 0;
  double ratio = 1;  ///< the network's time over the reference's
  double alone_ms = 0;
  double spread = 0;

  NLOHMANN_DEFINE_TYPE_INTRUSIVE(sample, network, reference, reference_ms, ratio, alone_ms, spread)
};

/// The sweeps of one study, which `what` describes.
class sweep_file {
 public:
  /// \throws std::runtime_error where the file has another study's
  sweep_file(std::filesystem::path path, nlohmann::json what) : path_(std::move(path)), what_(std::move(what)) {
    if (!std::filesystem::exists(path_)) return;
    const nlohmann::json found = nascent::read_json(path_);
    if (found.at("what") != what_)
      throw std::runtime_error(path_.string() + ": has measured times of " + found.at("what").dump() +
                               ", wanted are those of " + what_.dump() + "; move it away, or name another folder");
    found.at("sweeps").get_to(sweeps_);
  }

  const std::vector<std::vector<sample>>& sweeps() const { return sweeps_; }

  void add(std::vector<sample> sweep) {
    sweeps_.push_back(std::move(sweep));
    nascent::write_file(path_, nlohmann::json{{"what", what_}, {"sweeps", sweeps_}}.dump(1));
  }

 private:
  std::filesystem::path path_;
  nlohmann::json what_;
  std::vector<std::vector<sample>> sweeps_;
};

}  // namespace prediction
