// SPDX-License-Identifier: Apache-2.0
/// \file
/// The inverse of compound scaling: which phi meets a latency, after widths, depths and resolution have been rounded.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/number_text.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/network/fingerprint.hpp"
#include "nascent/network/network.hpp"
#include "nascent/reward/evaluate.hpp"
#include "nascent/reward/reward.hpp"
#include "nascent/scaling/compound.hpp"
#include "nascent/space/to_network.hpp"

namespace nascent {

struct phi_options {
  /// How much less a larger network may take on the same curve, relative. Measured latencies are not quite monotone:
  /// they are noisy, and some widths suit the device better than smaller ones. More than this and a target has no
  /// sensible answer.
  double fall_allowed = 0.2;
  int resolution_step = 1;          ///< pixels
  double largest = 64;              ///< depth and width that phi may lead to
  int largest_resolution = 4096;    ///< pixels
  nascent::watch* watch = nullptr;  ///< a request to stop ends it before the next latency is asked for: stopped_error
};

/// One network of a scaling curve.
template <class Space>
struct scaled_point {
  double phi = 0;
  scaled_candidate<Space> candidate{};
  double latency_ms = 0;
};

/// What a latency target comes to after rounding. On a curve networks change at some values of phi and stay the same in
/// between.
template <class Space>
struct phi_solution {
  double target_ms = 0;
  scaled_point<Space> at{};     ///< the network that keeps the target, with the largest phi that gives it
  scaled_point<Space> above{};  ///< the next network of the curve: the first that exceeds the target
  std::optional<scaled_point<Space>>
      below{};  ///< the one before; none where `at` is the base, or where it was not asked for

  /// What rounding leaves of the target, relative: 0 or below.
  double residual() const { return at.latency_ms / target_ms - 1; }
};

namespace detail {

template <class Space, class Candidate>
uint128 fingerprint(const Space& s, const Candidate& c) {
  network_fingerprint f;
  interpret(s, c, f);
  return f.value();
}

inline std::string dimensions_text(const dimensions& d) {
  return "width " + rounded_text(d.width, 6) + ", depth " + rounded_text(d.depth, 6) + ", resolution " +
         std::to_string(d.resolution);
}

/// A base and its latency callable, asked once for every distinct network.
template <scalable_space Space, class Latency>
class scaling_latency {
 public:
  scaling_latency(const Space& of, const candidate<Space>& base, Latency& latency, const watch* watched)
      : space_(of), base_(base), resolution_(resolution_of(of, base)), latency_(&latency), watch_(watched) {}

  const Space& space() const { return space_; }

  /// \throws scaling_error where a width hardly above 1 is another network: a curve that begins with a leap.
  void check_widths() const {
    const double least = std::nextafter(1., 2.);
    if (fingerprint(space_, base_) !=
        fingerprint(space_, scaled(base_, dimensions{.width = least, .resolution = resolution_})))
      throw scaling_error("scaling.base", "scaling, base",
                          "widths that rounding changes at once, however little they scale",
                          "multiples of the divisor of .round_widths(...), which is 8 unless declared");
  }

  const candidate<Space>& base() const { return base_; }
  int resolution() const { return resolution_; }
  std::size_t calls() const { return calls_; }

  /// Milliseconds. \throws scaling_error for what is no latency, stopped_error
  double operator()(const scaled_candidate<Space>& c, uint128 id) {
    if (const auto known = times_.find(id); known != times_.end()) return known->second;
    if (watch_ != nullptr) watch_->throw_if_stopped();
    ++calls_;
    const std::optional<double> ms = ask(*latency_, c, id);
    if (!ms || !is_positive(*ms))
      throw scaling_error("scaling.latency", "latency at " + dimensions_text(c.scale), ms ? ms_text(*ms) : "none",
                          "above 0 ms");
    times_.emplace(id, *ms);
    return *ms;
  }
  double base_ms() {
    const scaled_candidate<Space> c = scaled(base_, dimensions{.resolution = resolution_});
    return (*this)(c, fingerprint(space_, c));
  }

  /// What a callable says of a candidate. Its network, where that is what the callable takes, is built once for all
  /// that ask until `forget_networks`.
  template <class Callable>
  std::optional<double> ask(Callable& f, const scaled_candidate<Space>& c, uint128 id) {
    if constexpr (answers<Callable, scaled_candidate<Space>>) {
      return number_or_none(f(c));
    } else {
      auto built = networks_.find(id);
      if (built == networks_.end()) built = networks_.emplace(id, to_network(space_, c)).first;
      return number_or_none(f(std::as_const(built->second)));
    }
  }
  void forget_networks() { networks_.clear(); }

 private:
  [[no_unique_address]] Space space_;
  candidate<Space> base_;
  int resolution_;
  Latency* latency_;
  const watch* watch_;
  std::map<uint128, double> times_;
  std::map<uint128, network> networks_;
  std::size_t calls_ = 0;
};

/// The networks of one base and one triplet by phi, with the latencies seen so far.
template <class Space, class Latency>
class scaling_curve {
 public:
  struct point {
    double phi;
    uint128 id;
    double ms;
  };

  scaling_curve(scaling_latency<Space, Latency>& latency, const compound_coefficients& by, const phi_options& options)
      : latency_(&latency), by_(by), options_(options) {
    by.check();
    if (by.beta > 1) latency.check_widths();
    check_scaling(options.fall_allowed >= 0, "phi_options.fall_allowed", options.fall_allowed, "0 or above");
    check_scaling(options.largest > 1 && options.largest <= 1000, "phi_options.largest", options.largest,
                  "above 1, up to 1000");
    check_scaling(options.largest_resolution > latency.resolution() && options.largest_resolution <= 65536,
                  "phi_options.largest_resolution", options.largest_resolution,
                  "above the base's resolution, up to 65536");
    const auto limit = [&](double coefficient, double most) {
      if (coefficient > 1) end_ = std::min(end_, std::log(most) / std::log(coefficient));
    };
    limit(by.alpha, options.largest);
    limit(by.beta, options.largest);
    limit(by.gamma, static_cast<double>(options.largest_resolution) / latency.resolution());
  }

  /// The largest phi within the limits.
  double end() const { return end_; }

  scaled_candidate<Space> candidate(double phi) const {
    return scaled(latency_->base(), by_.at(phi, latency_->resolution(), options_.resolution_step));
  }
  uint128 id(double phi) const { return fingerprint(latency_->space(), candidate(phi)); }

  /// \throws scaling_error for what is no latency, or falls too much with phi.
  point at(double phi) {
    const scaled_candidate<Space> c = candidate(phi);
    const uint128 network = fingerprint(latency_->space(), c);
    const point p{phi, network, (*latency_)(c, network)};
    for (const point& other : seen_) {
      const point& smaller = other.phi < phi ? other : p;
      const point& larger = other.phi < phi ? p : other;
      if (larger.ms < smaller.ms * (1 - options_.fall_allowed))
        throw scaling_error("scaling.latency", "latency along phi",
                            ms_text(smaller.ms) + " at phi " + significant_text(smaller.phi, 6) + " (" +
                                dimensions_text(candidate(smaller.phi).scale) + ") and " + ms_text(larger.ms) +
                                " at phi " + significant_text(larger.phi, 6) + " (" +
                                dimensions_text(candidate(larger.phi).scale) + ")",
                            "latency that does not fall, but for " + exact_text(options_.fall_allowed * 100) +
                                " % (phi_options.fall_allowed)");
    }
    seen_.push_back(p);
    return p;
  }

  scaled_point<Space> finished(const point& p) const { return {p.phi, candidate(p.phi), p.ms}; }

 private:
  scaling_latency<Space, Latency>* latency_;
  compound_coefficients by_;
  phi_options options_;
  double end_ = std::numeric_limits<double>::infinity();
  std::vector<point> seen_;
};

/// How far solve_phi goes.
struct phi_effort {
  bool neighbours = true;  ///< asks for `below` too
  double bracket = 0;      ///< relative distance of the latencies around the target that will do
};

/// None where the limits of phi_options come before the target.
template <class Space, class Latency>
std::optional<phi_solution<Space>> solve_phi(scaling_latency<Space, Latency>& latency, const compound_coefficients& by,
                                             double target_ms, const phi_options& options, const phi_effort& effort) {
  scaling_curve<Space, Latency> curve(latency, by, options);
  auto low = curve.at(0);
  const auto base = low;
  check_scaling(target_ms < std::numeric_limits<double>::infinity(), "solve_phi, target in ms", target_ms,
                "finite numbers");
  if (!(target_ms >= base.ms))
    throw scaling_error("scaling.target", "solve_phi, target", ms_text(target_ms),
                        "the base's " + ms_text(base.ms) + " or more");

  // Upwards until the target is exceeded, guided by a latency that grows exponentially with phi, as MACs do.
  double guess = std::log(target_ms / base.ms) / std::log(by.macs_factor());
  auto high = low;
  do {
    low = high;
    if (low.phi >= curve.end()) return std::nullopt;
    if (low.phi > 0) {
      const double rate = std::log(low.ms / base.ms) / low.phi;
      guess = rate > 0 ? low.phi + 1.1 * std::log(target_ms / low.ms) / rate : 2 * low.phi;
    }
    const double least = low.phi > 0 ? 1.02 * low.phi : 1e-3 * curve.end();
    const double most = low.phi > 0 ? 2 * low.phi : curve.end();
    high = curve.at(std::min(curve.end(), std::clamp(guess, least, std::max(least, most))));
  } while (high.ms <= target_ms);

  // Between the two: by interpolation, by closing in from the farther end, by bisection, in turn. Networks already seen
  // cost no latency call, so going on until phi is sharp costs little.
  const double sharp = 1e-8 * curve.end();
  const auto close = [&] { return high.ms - low.ms <= effort.bracket * target_ms; };
  for (int step = 0; high.phi - low.phi > sharp && !close(); ++step) {
    double share = 0.5;
    if (step % 3 != 2 && high.ms > low.ms) {
      const double rate = std::log(high.ms / low.ms);
      share = std::log(target_ms / low.ms) / rate;
      if (step % 3 == 1) share += (share < 0.5 ? 0.05 : -0.05) / rate;
      share = std::clamp(share, 0.02, 0.98);
    }
    const auto middle = curve.at(low.phi + share * (high.phi - low.phi));
    (middle.ms <= target_ms ? low : high) = middle;
  }

  phi_solution<Space> solution{.target_ms = target_ms, .at = curve.finished(low), .above = curve.finished(high)};
  if (effort.neighbours && low.id != base.id) {
    double other = 0;
    double same = low.phi;
    while (same - other > sharp) {
      const double middle = (other + same) / 2;
      (curve.id(middle) == low.id ? same : other) = middle;
    }
    solution.below = curve.finished(curve.at(other));
  }
  return solution;
}

}  // namespace detail

/// The largest network base x (alpha^phi, beta^phi, gamma^phi) within a latency target in ms, after rounding. `latency`
/// gives milliseconds for a scaled candidate or its network and must not fall with phi; it is asked once for every
/// distinct network. \throws scaling_error for coefficients below 1, a target below the base's latency or beyond the
/// limits of `options`, a latency that is no positive number or that falls with phi; what the callable throws.
template <scalable_space Space, network_metric<scaled_candidate<Space>> Latency>
phi_solution<Space> solve_phi(const Space& s, const candidate<Space>& base, const compound_coefficients& by,
                              double target_ms, Latency&& latency, const phi_options& options = {}) {
  detail::scaling_latency<Space, std::remove_reference_t<Latency>> cached(s, base, latency, options.watch);
  auto solution = detail::solve_phi(cached, by, target_ms, options, detail::phi_effort{});
  if (!solution)
    throw scaling_error("scaling.target", "solve_phi, target", detail::ms_text(target_ms),
                        "what the largest network of phi_options takes, at most");
  return *std::move(solution);
}

/// The same where the base's type says which space it is of.
template <stateless_space Space, network_metric<scaled_candidate<Space>> Latency>
phi_solution<Space> solve_phi(const candidate<Space>& base, const compound_coefficients& by, double target_ms,
                              Latency&& latency, const phi_options& options = {}) {
  return solve_phi(Space{}, base, by, target_ms, latency, options);
}

}  // namespace nascent
