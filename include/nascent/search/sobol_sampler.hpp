// SPDX-License-Identifier: Apache-2.0
/// \file
/// Candidates of a space by a Sobol sequence: as random ones on average, but evenly spread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "nascent/search/sobol.hpp"
#include "nascent/space/placeable_space.hpp"

namespace nascent {

/// What is uniform about a sample.
enum class uniformity : std::uint8_t {
  networks,   ///< every network is as likely as every other: means over samples are means over the space
  decisions,  ///< every allowed option of a decision is, given the decisions before it: shallow networks come more
              ///< often
};

struct sobol_sampler_options {
  uniformity over = uniformity::networks;
  bool scramble = true;  ///< false: the points as published; the first candidate has all first options
  std::uint64_t seed = 1;
};

/// Candidates at the points of a Sobol sequence: `sobol_sampler draw{gpunet, {.seed = 7}}; draw()`. A slot has a
/// dimension if it has a choice, whether it takes part or not, so that what earlier slots decide does not shift the
/// later ones. Exact up to 2^-64 through ties, skips and constraints. Points are distinct; candidates may repeat.
template <placeable_space Space>
class sobol_sampler {
 public:
  using candidate_type = candidate<Space>;

  /// \throws search_error where more slots have a choice than Boost's tables have dimensions
  explicit sobol_sampler(const Space& sampled, const sobol_sampler_options& options = {})
      : space_(sampled),
        over_(options.over),
        slots_(choices(sampled)),
        sequence_(slots_.size(), {.scramble = options.scramble, .seed = options.seed}),
        at_(sampled.slot_count) {}

  const Space& space() const { return space_; }
  std::size_t dimensions() const { return slots_.size(); }
  std::uint64_t position() const { return sequence_.position(); }
  void go_to(std::uint64_t position) { sequence_.go_to(position); }

  /// The next one. \throws search_error after 2^32
  candidate_type operator()() {
    const std::span<const std::uint64_t> point = sequence_.next();
    for (std::size_t i = 0; i < slots_.size(); ++i) at_[slots_[i]] = point[i];
    return over_ == uniformity::networks ? space_.place(at_) : space_.place_decisions(at_);
  }

 private:
  static std::vector<std::size_t> choices(const Space& s) {
    std::vector<std::size_t> slots;
    for (std::size_t k = 0; k < s.slot_count; ++k)
      if (s.slot(k).options > 1) slots.push_back(k);
    if (slots.empty() || slots.size() > sobol_sequence::most_dimensions)
      throw search_error(
          "search.dimensions", "sobol_sampler, space '" + std::string(s.name()) + "'",
          std::to_string(slots.size()) + " slots with a choice",
          "1 to " + std::to_string(sobol_sequence::most_dimensions) + ", the dimensions of Boost's tables");
    return slots;
  }

  [[no_unique_address]] Space space_;
  uniformity over_;
  std::vector<std::size_t> slots_;  ///< with a choice: a dimension each
  sobol_sequence sequence_;
  std::vector<std::uint64_t> at_;  ///< a coordinate for each slot
};

template <class Space>
sobol_sampler(const Space&) -> sobol_sampler<Space>;
template <class Space>
sobol_sampler(const Space&, const sobol_sampler_options&) -> sobol_sampler<Space>;

/// A searcher that looks at the candidates of a Sobol sequence, each once: what a search begins with, or all of it.
template <placeable_space Space>
class sobol_search {
 public:
  using space_type = Space;
  using candidate_type = candidate<Space>;

  explicit sobol_search(const Space& searched, const sobol_sampler_options& options = {})
      : memory_(searched), draw_(searched, options), rng_(options.seed) {}

  const Space& space() const { return memory_.space(); }

  std::optional<candidate_type> ask() {
    for (int repeats = 0; repeats < most_repeats && draw_.position() < sobol_sequence::most_points; ++repeats)
      if (candidate_type c = draw_(); memory_.propose(c)) return c;
    return memory_.fresh(rng_);  // most candidates are known
  }

  bool tell(const candidate_type& c, double value) { return memory_.tell(c, value); }

 private:
  static constexpr int most_repeats = 64;

  detail::search_memory<Space> memory_;
  sobol_sampler<Space> draw_;
  random_engine rng_;
};

template <class Space>
sobol_search(const Space&) -> sobol_search<Space>;
template <class Space>
sobol_search(const Space&, const sobol_sampler_options&) -> sobol_search<Space>;

}  // namespace nascent
