// SPDX-License-Identifier: Apache-2.0
/// \file
/// A device that is not there: the CUDA runtime's functions over this machine's memory, and cuDNN's running of plans as
/// passing of time. What CUDA's documentation forbids is refused as CUDA refuses it. Nothing is computed but copies;
/// planning is cuDNN's own, for a described GPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace pretended {

/// What a test sets, and what it finds.
struct device_state {
  // The device.
  int count = 1;
  int major = 9;
  int minor = 0;
  std::string name = "a GPU that is not there";
  std::size_t memory = std::size_t{4} << 30;  ///< bytes

  // What goes wrong.
  int failing_runs = 0;      ///< of the next runs of plans on the stream, so many fail
  int failing_captures = 0;  ///< of the next runs of plans that are recorded

  // What takes how long, us. Plans are told apart as they are first run on the stream.
  std::vector<double> plan_us{};  ///< of the plans to come; 10 where it is used up
  double event_us = 1.5;

  // What happened.
  std::size_t used = 0;       ///< bytes of memory
  std::size_t sweeps = 0;     ///< large fills that a graph's launch did
  std::size_t plans_run = 0;  ///< runs of plans on the stream, without those of graphs
  int streams = 0, events = 0, graphs = 0, handles = 0;
  std::vector<std::string> broken_rules{};  ///< what CUDA does not allow

  bool all_given_back() const { return used == 0 && streams == 0 && events == 0 && graphs == 0 && handles == 0; }
};

/// The one device of this process.
device_state& device();
/// As at the start.
void reset();

}  // namespace pretended

namespace pretended_nvml {

/// What the pretended NVML tells.
struct clock_state {
  bool works = true;
  unsigned mhz = 1980;
  unsigned highest_mhz = 1980;
  unsigned long long reasons = 0;
};
clock_state& clocks();

}  // namespace pretended_nvml
