// SPDX-License-Identifier: Apache-2.0
/// \file
/// Sobol points: sequences that fill the unit cube evenly. Boost's, with the origin put back, scrambled.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <boost/random/sobol.hpp>

#include "nascent/search/searcher.hpp"

namespace nascent {

struct sobol_options {
  bool scramble = true;    ///< false: the points as published, of which the first is the origin
  std::uint64_t seed = 1;  ///< of the scrambling
};

namespace detail {

/// Owen's nested uniform scrambling (1995) of the 32 bits of a coordinate, made of a hash instead of a tree that is
/// kept: whether a bit is flipped depends on all bits above it, and on nothing else. Fills 64 bits: the lower half is
/// random, and the same wherever the coordinate is.
class owen_scrambling {
 public:
  explicit owen_scrambling(std::uint64_t key = 0) : key_(key) {}

  std::uint64_t operator()(std::uint32_t coordinate) const {
    constexpr int bits_at_once = 6;  // one hash holds the 63 inner nodes of their tree
    const std::uint64_t bits = coordinate;
    std::uint64_t scrambled = 0;
    for (int done = 0; done < 32; done += bits_at_once) {
      const std::uint64_t above = done == 0 ? 0 : bits >> (32 - done);
      const std::uint64_t flips = mixed(key_ + (above << 6 | static_cast<std::uint64_t>(done)) * 0x9e3779b97f4a7c15U);
      std::uint64_t node = 1;
      const int end = std::min(done + bits_at_once, 32);
      for (int i = done; i < end; ++i) {
        const std::uint64_t bit = bits >> (31 - i) & 1;
        scrambled = scrambled << 1 | (bit ^ (flips >> node & 1));
        node = node << 1 | bit;
      }
    }
    return scrambled << 32 | mixed(key_ + (bits << 6 | 63) * 0x9e3779b97f4a7c15U) >> 32;
  }

  /// The finaliser of splitmix64, twice: inputs that differ in few bits make outputs without relation.
  static constexpr std::uint64_t mixed(std::uint64_t z) {
    for (int i = 0; i < 2; ++i) {
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
      z ^= z >> 31;
    }
    return z;
  }

 private:
  std::uint64_t key_;
};

}  // namespace detail

/// Points of a Sobol sequence (Joe and Kuo's directions, 2008, as Boost has them). The first 2^k points, and every
/// block of 2^k that begins at a multiple of 2^k, lie evenly: one in each of 2^k equal parts of every coordinate.
class sobol_sequence {
 public:
  /// Dimensions that Boost's tables have: 3667.
  static constexpr std::size_t most_dimensions = boost::random::default_sobol_table::max_dimension;
  static constexpr std::uint64_t most_points = std::uint64_t{1} << 32;

  /// \throws search_error for no dimensions, or more than the tables have
  explicit sobol_sequence(std::size_t dimensions, const sobol_options& options = {})
      : engine_(checked(dimensions)), scrambled_(options.scramble), raw_(dimensions), point_(dimensions) {
    random_engine keys(options.seed);
    for (std::size_t i = 0; i < dimensions && scrambled_; ++i) scramblings_.emplace_back(keys());
  }

  std::size_t dimensions() const { return point_.size(); }
  std::uint64_t position() const { return position_; }  ///< points before the next one

  /// The next point, each coordinate in units of 2^-64; valid until the next call. \throws search_error after 2^32
  std::span<const std::uint64_t> next() {
    if (position_ == most_points) refuse_position(position_);
    // Boost leaves out the origin: without it no block of 2^k points is whole.
    if (position_++ == 0) std::ranges::fill(raw_, 0U);
    else engine_.generate(raw_.begin(), raw_.end());
    for (std::size_t i = 0; i < raw_.size(); ++i)
      point_[i] = scrambled_ ? scramblings_[i](raw_[i]) : static_cast<std::uint64_t>(raw_[i]) << 32;
    return point_;
  }

  /// Goes to a point by its number: of several workers each may take a block of 2^k. \throws search_error past the end
  void go_to(std::uint64_t position) {
    if (position >= most_points) refuse_position(position);
    engine_.seed(static_cast<std::uint32_t>(position == 0 ? 0 : position - 1));
    position_ = position;
  }

 private:
  using engine_type = boost::random::sobol_engine<std::uint32_t, 32>;

  static std::size_t checked(std::size_t dimensions) {
    if (dimensions == 0 || dimensions > most_dimensions)
      throw search_error("search.dimensions", "sobol_sequence, dimensions", std::to_string(dimensions),
                         "1 to " + std::to_string(most_dimensions) +
                             ", as many as Boost has direction numbers for; a larger space is sampled at random");
    return dimensions;
  }
  [[noreturn]] static void refuse_position(std::uint64_t found) {
    throw search_error("search.dimensions", "sobol_sequence, point", std::to_string(found),
                       "points below " + std::to_string(most_points) + "; another seed has as many others");
  }

  engine_type engine_;
  bool scrambled_;
  std::uint64_t position_ = 0;
  std::vector<detail::owen_scrambling> scramblings_;
  std::vector<std::uint32_t> raw_;
  std::vector<std::uint64_t> point_;
};

}  // namespace nascent
