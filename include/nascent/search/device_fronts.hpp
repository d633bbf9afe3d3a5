// SPDX-License-Identifier: Apache-2.0
/// \file
/// Several devices at once (EfficientNet-X, equation 3): one search, a predictor and a front for each device, and the
/// front over all of them. Devices may be elsewhere: their tables are files.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/latency/build_table.hpp"
#include "nascent/latency/predictor.hpp"
#include "nascent/latency/read_table.hpp"
#include "nascent/reward/evaluate.hpp"
#include "nascent/reward/pareto.hpp"
#include "nascent/search/front_search.hpp"
#include "nascent/search/latency_sum.hpp"
#include "nascent/search/sum_limit.hpp"

namespace nascent {

/// The table file of a device, and what the device is called: `{"phone", "phone.db"}`.
struct device_table {
  std::string name{};
  std::filesystem::path file{};
  table_choice which{};  ///< where the file has times of several
};

struct read_devices_options {
  /// Estimates here what a table lacks of the space (see estimate_missing); nothing is written to the file. False:
  /// a table that lacks kernels is refused.
  bool estimate_missing = false;
  /// Tables of several data types or batches are what was meant: times of a batch are compared with times of an image.
  bool mixed = false;
};

/// A device that networks are designed for: what it is called, and what networks of a space take there.
template <space Space>
struct target_device {
  std::string name{};
  store_key what{};           ///< where and how its times were taken
  std::size_t estimated = 0;  ///< kernels of the space that were not measured
  double estimate_error = 0;  ///< of these: relative, root mean square; 0 where it is not known
  latency_predictor<Space> predictor;

  /// "phone_ms": what studies and rewards call its latency.
  std::string metric() const { return name + "_ms"; }
  /// For the exact methods: its sum over kernels, with a limit or none (see latency_sum).
  sum_limit limit(double most_ms = std::numeric_limits<double>::infinity()) const {
    return {.name = metric(), .sum = latency_sum(predictor.trellis(), predictor), .most = most_ms};
  }
};

/// Devices by their tables alone, on one trellis that they share: read_devices(trellis, {{"server", "server.db"},
/// {"phone", "phone.db"}}). \throws search_error for no tables, names that are none or come twice, tables of the same
/// device, of several data types or batches where `mixed` is not set, and tables that lack kernels of the space: it
/// names the device and one of them; latency_table_error where a file cannot be used
template <space Space>
std::vector<target_device<Space>> read_devices(const kernel_trellis<Space>& trellis,
                                               const std::vector<device_table>& tables,
                                               const read_devices_options& options = {}) {
  const auto refuse = [](const std::string& where, const std::string& found, const std::string& allowed) {
    throw search_error("search.devices", where, found, allowed);
  };
  if (tables.empty()) refuse("devices", "none", "one or more, each a name and the file of its table");
  const auto shared = std::make_shared<const kernel_trellis<Space>>(trellis);
  std::vector<target_device<Space>> devices;
  for (const device_table& t : tables) {
    const std::string where = "device '" + t.name + "'";
    if (t.name.empty()) refuse("devices, '" + t.file.string() + "'", "no name", "a name for each device");
    latency_table table = read_table(t.file, t.which);
    const store_key what{table.description(), table.options().batch, table.options().context};
    for (const target_device<Space>& other : devices) {
      if (other.name == t.name) refuse(where, "the name twice", "a name of its own for each device");
      if (other.what == what)
        refuse(where, "in '" + t.file.string() + "' the times of device '" + other.name + "' again: " + describe(what),
               "tables of different devices (or types, batches, threads)");
      if (!options.mixed && (other.what.batch != what.batch || other.what.device.type != what.device.type))
        refuse(where,
               std::string(to_string(what.device.type)) + ", batch " + std::to_string(what.batch) + " beside " +
                   to_string(other.what.device.type) + ", batch " + std::to_string(other.what.batch) + " of device '" +
                   other.name + "'",
               "tables of one data type and batch; or read_devices_options.mixed, where that is meant");
    }
    double error = 0;
    if (options.estimate_missing && coverage_of(trellis, table).missing() > 0) {
      latency_table here(":memory:", what.device, {.batch = what.batch, .context = what.context});
      here.add(latency_store(t.file, what, true).load_placements());
      error = estimate_missing(trellis, here);
      table = std::move(here);
    }
    target_device<Space> device{.name = t.name, .what = what, .estimate_error = error, .predictor = {shared, table}};
    if (device.predictor.missing() > 0)
      refuse(where,
             std::to_string(device.predictor.missing()) + " of " + std::to_string(trellis.kernels().size()) +
                 " kernels of space '" + trellis.space().name() + "' without a time, first '" +
                 device.predictor.missing_kernel() + "'",
             "tables with all of them: build_table --active on the device; or "
             "read_devices_options.estimate_missing");
    for (const space_kernel& k : trellis.kernels())
      device.estimated += table.entries()[*table.id(k.signature)].estimated;
    devices.push_back(std::move(device));
  }
  return devices;
}

/// A network that was looked at, not run, with its latency on each device.
template <space Space>
struct device_network {
  candidate<Space> what{};
  std::vector<double> ms{};  ///< in the order of the devices
  double accuracy = 0;
};

struct device_search_options {
  std::size_t networks = 1'000'000;  ///< to look at, in all
  std::uint64_t seed = 1;
  std::vector<double> most_ms{};     ///< of each device, or none: networks beyond any of them are not kept
  std::vector<double> targets_ms{};  ///< of each device, or none: half of the networks come to be close below one,
                                     ///< or below all
  double step = 0.01;                ///< of latencies on the front over all devices, relative
  nascent::watch* watch = nullptr;   ///< time, stop and progress: no further networks are looked at after its end
};

/// What one search found for several devices.
template <space Space>
struct device_fronts {
  std::vector<predicted_front<Space>> each{};  ///< of each device
  /// Over all devices: networks that no other one of those kept equals in accuracy and on every device, the most
  /// accurate first. Of those that were looked at, the best one of each combination of latencies in steps was kept.
  std::vector<device_network<Space>> all{};
  std::size_t networks = 0;  ///< looked at

  /// The most accurate one within a limit on each device; null where none was found.
  const device_network<Space>* best_within(const std::vector<double>& most_ms) const {
    const auto found = std::ranges::find_if(all, [&](const device_network<Space>& n) {
      return std::ranges::equal(n.ms, most_ms, [](double ms, double most) { return ms <= most; });
    });
    return found == all.end() ? nullptr : &*found;
  }
};

namespace detail {

/// The most accurate network of each combination of latencies, each in steps.
template <space Space>
class joint_archive {
 public:
  joint_archive(double step, const std::vector<double>& targets_ms)
      : steps_(1 / std::log1p(step)), targets_ms_(&targets_ms) {}

  void offer(const candidate<Space>& c, const std::vector<double>& ms, double accuracy) {
    key_.clear();
    for (const double t : ms) key_.push_back(static_cast<std::int64_t>(std::floor(steps_ * std::log(t))));
    const auto [place, is_new] = number_.try_emplace(key_, elites_.size());
    if (is_new) {
      if (keeps_targets(ms)) within_.push_back(elites_.size());
      elites_.push_back({c, ms, accuracy});
      return;
    }
    device_network<Space>& elite = elites_[place->second];
    if (accuracy > elite.accuracy || (accuracy == elite.accuracy && ms < elite.ms)) elite = {c, ms, accuracy};
  }

  /// One of all; where there are targets, half of the times the best of a few that keep all of them.
  const candidate<Space>& draw(random_engine& rng) const {
    const auto any = [&](std::size_t count) {
      return static_cast<std::size_t>(random_below(rng, std::uint64_t{count}));
    };
    if (targets_ms_->empty() || within_.empty() || rng() % 2 == 0) return elites_[any(elites_.size())].what;
    const device_network<Space>* best = &elites_[within_[any(within_.size())]];
    for (int n = 1; n < tournament; ++n)
      if (const device_network<Space>& other = elites_[within_[any(within_.size())]]; other.accuracy > best->accuracy)
        best = &other;
    return best->what;
  }

  std::vector<device_network<Space>> front() {
    std::vector<device_network<Space>> points;
    for (const std::size_t i : nondominated(elites_, &device_network<Space>::ms, &device_network<Space>::accuracy))
      points.push_back(elites_[i]);
    return points;
  }

 private:
  static constexpr int tournament = 8;

  bool keeps_targets(const std::vector<double>& ms) const {
    return std::ranges::equal(ms, *targets_ms_, [](double mine, double target) { return mine <= target; });
  }

  double steps_;
  const std::vector<double>* targets_ms_;
  std::vector<std::size_t> within_;  ///< that kept all targets when their combination was new
  std::vector<std::int64_t> key_;
  std::map<std::vector<std::int64_t>, std::size_t> number_;
  std::vector<device_network<Space>> elites_;
};

template <space Space>
void check_device_search(const std::vector<target_device<Space>>& devices, const device_search_options& o) {
  if (devices.empty()) throw search_error("search.devices", "search_fronts, devices", "none", "one or more");
  for (const auto& [name, numbers] : {std::pair{"most_ms", &o.most_ms}, std::pair{"targets_ms", &o.targets_ms}}) {
    const std::string where = std::string("device_search_options.") + name;
    if (!numbers->empty() && numbers->size() != devices.size())
      throw search_error("search.option", where, std::to_string(numbers->size()) + " numbers",
                         std::to_string(devices.size()) + ", one for each device; or none");
    for (const double ms : *numbers)
      if (!(ms > 0)) throw search_error("search.option", where, exact_text(ms), "above 0 ms");
  }
  for (std::size_t d = 0; d < o.most_ms.size(); ++d) {
    const exact_network<Space> quickest = fastest(devices[d].predictor.trellis(), devices[d].predictor);
    if (quickest.cost > o.most_ms[d])
      throw search_error("search.target", "device_search_options.most_ms, device '" + devices[d].name + "'",
                         exact_text(o.most_ms[d]),
                         exact_text(quickest.cost) + " or more: so long takes the fastest network there, rank " +
                             to_decimal(devices[d].predictor.trellis().space().rank(quickest.what)).c_str());
  }
  if (!(o.step >= 1e-9 && o.step < 1))
    throw search_error("search.option", "device_search_options.step", exact_text(o.step), "1e-9 or more, below 1");
}

}  // namespace detail

/// Looks at networks once for all devices, and keeps a front for each and the front over all of them. Accuracy is asked
/// once per network, each device's predictor once. Parents of the next network are drawn from the front of one device
/// after another, and from the networks that are kept for all. `also` are networks to start from beside random ones.
/// \throws search_error where no network can be used, for options out of range, a limit that no network of its device
/// keeps, and for a NaN; what the callable throws
template <space Space, network_metric<candidate<Space>> Accuracy>
device_fronts<Space> search_fronts(const std::vector<target_device<Space>>& devices, Accuracy&& accuracy,
                                   const device_search_options& options = {},
                                   const std::vector<candidate<Space>>& also = {}) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  detail::check_device_search(devices, options);
  const Space& searched = devices.front().predictor.trellis().space();
  random_engine rng(options.seed);
  detail::watch_or_none watched(options.watch);
  std::vector<detail::latency_archive<Space>> archives(devices.size());
  detail::joint_archive<Space> joint(options.step, options.targets_ms);
  device_fronts<Space> result;
  std::vector<double> ms(devices.size());
  const auto look = [&](const candidate<Space>& seen) {
    ++result.networks;
    const std::optional<double> gained = evaluate(searched, accuracy, seen);
    if (!gained) return;
    if (std::isnan(*gained))
      throw search_error("search.reward", "device search, network " + std::to_string(result.networks),
                         "an accuracy of nan", "numbers, or none for a network that cannot be judged");
    for (std::size_t d = 0; d < devices.size(); ++d) {
      ms[d] = devices[d].predictor.ms(seen);
      if (!(ms[d] > 0))
        throw search_error(
            "search.reward",
            "device search, device '" + devices[d].name + "', rank " + to_decimal(searched.rank(seen)).c_str(),
            exact_text(ms[d]) + " ms", "latencies above 0; measure the table again");
      if (!options.most_ms.empty() && ms[d] > options.most_ms[d]) return;
    }
    for (std::size_t d = 0; d < devices.size(); ++d) archives[d].offer({seen, ms[d], *gained});
    joint.offer(seen, ms, *gained);
  };
  std::size_t turn = 0;
  detail::look_at_networks(searched, rng, options.networks, result.networks, *watched, also, look,
                           [&]() -> const candidate<Space>* {
                             if (archives.front().empty()) return nullptr;
                             const std::size_t d = turn++ % (devices.size() + 1);
                             if (d == devices.size()) return &joint.draw(rng);
                             const double target = options.targets_ms.empty() ? 0 : options.targets_ms[d];
                             const bool near = target > 0 && rng() % 2 == 0;
                             return &(near ? archives[d].draw(rng, detail::near_target * target, target)
                                           : archives[d].draw(rng, 0, infinity))
                                         .what;
                           });
  if (archives.front().empty()) watched->throw_if_stopped();
  if (archives.front().empty())
    throw search_error("search.none_usable", "device search, space '" + std::string(searched.name()) + "'",
                       "none that can be used among " + std::to_string(result.networks) + " networks",
                       "1 or more; widen the limits of latency together or the accuracy's domain");
  for (const auto& a : archives) result.each.push_back({.points = a.front(), .networks = result.networks});
  result.all = joint.front();
  return result;
}

}  // namespace nascent
