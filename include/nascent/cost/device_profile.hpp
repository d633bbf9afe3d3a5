// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a device could do at best: operations per second for each type of number, bytes per second of each memory, and
/// where every figure comes from.
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <span>
#include <string_view>

#include "nascent/base/error.hpp"
#include "nascent/base/text.hpp"
#include "nascent/network/shape.hpp"

namespace nascent {

/// The types of numbers that devices quote peaks for. Networks compute in f32, bf16, f16 or i8; the others are here
/// because data sheets list them side by side.
enum class arithmetic : std::uint8_t {
  f32,   ///< on vector units
  tf32,  ///< f32 rounded on its way into a matrix unit
  bf16,
  f16,
  f8,
  i8,
};

constexpr const char* to_string(arithmetic type) {
  switch (type) {
    case arithmetic::f32: return "f32";
    case arithmetic::tf32: return "tf32";
    case arithmetic::bf16: return "bf16";
    case arithmetic::f16: return "f16";
    case arithmetic::f8: return "f8";
    case arithmetic::i8: return "i8";
  }
  return "unknown";
}

/// What a network of this type computes with.
constexpr arithmetic arithmetic_of(data_type type) {
  switch (type) {
    case data_type::f32: return arithmetic::f32;
    case data_type::bf16: return arithmetic::bf16;
    case data_type::f16: return arithmetic::f16;
    case data_type::int8: return arithmetic::i8;
  }
  return arithmetic::f32;
}

/// Text that a profile owns, of a literal in constant evaluation or of any string at run time.
template <std::size_t Capacity>
class profile_text {
 public:
  constexpr profile_text() = default;
  template <class T>
  requires std::convertible_to<const T&, std::string_view>
  constexpr profile_text(const T& text) {  // not explicit: fields are given as literals
    text_.add(std::string_view(text));
  }

  constexpr std::string_view view() const { return text_.view(); }
  constexpr bool is_whole() const { return !text_.truncated; }
  friend constexpr bool operator==(const profile_text& a, const profile_text& b) { return a.view() == b.view(); }

 private:
  basic_text<Capacity> text_{};
};

/// A few things in a row, given as {a, b, c}.
template <class T, std::size_t Capacity>
class profile_list {
 public:
  constexpr profile_list() = default;
  constexpr profile_list(std::initializer_list<T> items) {
    for (const T& item : items) add(item);
  }
  /// What does not fit is dropped, and `is_whole` says so.
  constexpr void add(const T& item) {
    if (count_ < Capacity) items_[count_++] = item;
    else whole_ = false;
  }
  constexpr std::span<const T> view() const { return {items_, count_}; }
  constexpr bool is_whole() const { return whole_; }

 private:
  T items_[Capacity] = {};
  std::size_t count_ = 0;
  bool whole_ = true;
};

/// Dense operations per second, two per MAC, for one type of number.
struct peak_rate {
  arithmetic type = arithmetic::f32;
  double tops = 0;  ///< 1e12 operations per second
  profile_text<256> source{};

  constexpr double ops_per_s() const { return tops * 1e12; }
};

/// A memory or a cache.
struct memory_level {
  profile_text<32> name{};
  double gb_per_s = 0;  ///< 1e9 bytes per second
  double bytes = 0;     ///< size; 0 where the source does not say
  profile_text<256> source{};

  constexpr double bytes_per_s() const { return gb_per_s * 1e9; }
};

/// The figures of a profile, as they are written down.
struct device_figures {
  profile_text<128> name{};
  profile_list<peak_rate, 6> peaks{};      ///< one for each type
  memory_level memory{};                   ///< what holds whole networks
  profile_list<memory_level, 4> caches{};  ///< nearest first
};

/// A profile with a figure that no device has, or a question that a profile does not answer.
struct profile_error : error {
  using error::error;
};

namespace detail {

// No constant expressions, so that compilers name them where a constant profile is wrong.
[[noreturn]] inline void rate_must_be_above_zero(std::string_view profile, std::string_view field,
                                                 std::string_view what, double rate) {
  throw profile_error("cost.profile", detail::joined("device profile '", profile, "', ", field),
                      detail::joined("a ", what, " of ", rate), "above 0");
}
[[noreturn]] inline void profile_does_not_fit(std::string_view profile, std::string_view field, std::string_view found,
                                              std::string_view allowed) {
  throw profile_error("cost.profile", detail::joined("device profile '", profile, "', ", field), found, allowed);
}

}  // namespace detail

/// A device by its figures. Rates that are zero, negative or no numbers are refused when it is made: with an exception
/// at run time, by the compiler in a constant expression.
class device_profile {
 public:
  /// \throws profile_error that names the profile and the field
  constexpr device_profile(const device_figures& figures)
      : figures_(figures) {  // not explicit: device_profile({.name = ...})
    require(!figures.name.view().empty(), "name", "none", "a name");
    require(figures.name.is_whole(), "name", "128 characters or more", "127");
    require(!peaks().empty() && figures.peaks.is_whole(), "peaks", peaks().empty() ? "none" : "more than 6", "1 to 6");
    for (const peak_rate& each : peaks()) {
      require(&peak(each.type) == &each, to_string(each.type), "two peak rates", "one for each type");
      check_rate(to_string(each.type), "peak rate", each.tops);
      require(each.source.is_whole(), to_string(each.type), "a source of 256 characters or more", "255");
    }
    check_level(figures.memory, "memory");
    require(figures.caches.is_whole(), "caches", "more than 4", "0 to 4");
    for (const memory_level& cache : caches()) {
      require(!cache.name.view().empty(), "caches", "a cache without a name", "a name for each");
      check_level(cache, cache.name.view());
    }
  }

  constexpr std::string_view name() const { return figures_.name.view(); }
  constexpr std::span<const peak_rate> peaks() const { return figures_.peaks.view(); }
  constexpr const memory_level& memory() const { return figures_.memory; }
  /// Nearest first.
  constexpr std::span<const memory_level> caches() const { return figures_.caches.view(); }

  constexpr bool has(arithmetic type) const {
    for (const peak_rate& each : peaks())
      if (each.type == type) return true;
    return false;
  }

  /// \throws profile_error where the device lists no rate for the type
  constexpr const peak_rate& peak(arithmetic type) const {
    for (const peak_rate& each : peaks())
      if (each.type == type) return each;
    basic_text<96> allowed;
    for (const peak_rate& each : peaks()) allowed.add(allowed.size() == 0 ? "" : ", ").add(to_string(each.type));
    detail::profile_does_not_fit(name(), to_string(type), "no peak rate", allowed.view());
  }
  constexpr const peak_rate& peak(data_type type) const { return peak(arithmetic_of(type)); }

  /// The type among f32, bf16 and f16 with the highest peak: what networks are run in on this device as they are (for
  /// int8 they are quantised first); of equals the first of these. \throws profile_error where it lists none of them
  constexpr data_type fastest_type() const {
    double best = 0;
    data_type found = data_type::f32;
    for (const data_type type : {data_type::f32, data_type::bf16, data_type::f16}) {
      if (!has(arithmetic_of(type)) || peak(type).tops <= best) continue;
      best = peak(type).tops;
      found = type;
    }
    require(best > 0, "peaks", "none for networks", "f32, bf16 or f16");
    return found;
  }

  /// The nearest memory that holds this many bytes.
  constexpr const memory_level& level_that_holds(double bytes) const {
    for (const memory_level& cache : caches())
      if (cache.bytes >= bytes) return cache;
    return memory();
  }

 private:
  constexpr void require(bool holds, std::string_view field, std::string_view found, std::string_view allowed) const {
    if (!holds) detail::profile_does_not_fit(figures_.name.view(), field, found, allowed);
  }
  constexpr void check_rate(std::string_view field, std::string_view what, double rate) const {
    if (rate > 0 && rate <= std::numeric_limits<double>::max()) return;
    detail::rate_must_be_above_zero(figures_.name.view(), field, what, rate);
  }
  constexpr void check_level(const memory_level& level, std::string_view field) const {
    require(level.name.is_whole() && level.source.is_whole(), field, "a text that is cut",
            "names of 31, sources of 255 characters");
    check_rate(field, "bandwidth", level.gb_per_s);
    require(level.bytes >= 0, field, "a negative size", "0 where unknown, or above");
  }

  device_figures figures_;
};

/// Figures of data sheets and public tables: dense peaks of one chip or socket, never with sparsity.
namespace devices {

/// One chip of four on a board; two cores.
inline constexpr device_profile tpu_v2({
    .name = "TPUv2",
    .peaks = {{arithmetic::bf16, 45, "180 per board of 4 chips (arXiv 1907.10701); 46 is also quoted"}},
    .memory = {.name = "HBM",
               .gb_per_s = 700,
               .bytes = 16e9,
               .source = "public notes on Norrie et al., The Design Process for Google's Training Chips, 2021; 600 is "
                         "also quoted; no vendor page lists it"},
});

/// One chip: two cores with two matrix units each.
inline constexpr device_profile tpu_v3({
    .name = "TPUv3",
    .peaks = {{arithmetic::bf16, 123, "cloud.google.com/tpu/docs/v3; 420 per board of 4 chips is also quoted"}},
    .memory = {.name = "HBM", .gb_per_s = 900, .bytes = 32e9, .source = "cloud.google.com/tpu/docs/v3"},
});

/// The SXM2 module; the PCIe card has 112 and 14.
inline constexpr device_profile v100({
    .name = "V100",
    .peaks = {{arithmetic::f32, 15.7, "NVIDIA V100 data sheet, SXM2"},
              {arithmetic::f16, 125, "NVIDIA V100 data sheet, SXM2, tensor cores"}},
    .memory =
        {.name = "HBM2", .gb_per_s = 900, .bytes = 16e9, .source = "public tables of GPUs; 16 and 32 GB versions"},
});

/// The 80 GB version; that of 40 GB has 1555 GB/s.
inline constexpr device_profile a100({
    .name = "A100",
    .peaks = {{arithmetic::f32, 19.5, "PyTorch, torch/_inductor/analysis/device_info.py"},
              {arithmetic::tf32, 156, "as f32, tensor cores"},
              {arithmetic::bf16, 312, "as f32, tensor cores"},
              {arithmetic::f16, 312, "as f32, tensor cores"},
              {arithmetic::i8, 624, "as f32, tensor cores"}},
    .memory = {.name = "HBM2e",
               .gb_per_s = 2039,
               .bytes = 80e9,
               .source = "PyTorch, torch/_inductor/analysis/device_info.py"},
});

/// The SXM5 module. Some public tables list the figures with sparsity, which are twice as high.
inline constexpr device_profile h100({
    .name = "H100",
    .peaks = {{arithmetic::f32, 67, "Lightning, utilities/throughput.py"},
              {arithmetic::tf32, 494.7, "public tables (989.4 with sparsity, halved); PyTorch's lists 156, the A100's"},
              {arithmetic::bf16, 989.5, "Lightning, utilities/throughput.py (1979 with sparsity, halved)"},
              {arithmetic::f16, 989.5, "as bf16"},
              {arithmetic::f8, 1979, "as bf16"},
              {arithmetic::i8, 1979, "as bf16"}},
    .memory = {.name = "HBM3", .gb_per_s = 3350, .bytes = 80e9, .source = "public tables of GPUs"},
});

/// The SXM module: an H100 with another memory.
inline constexpr device_profile h200({
    .name = "H200",
    .peaks = {{arithmetic::f32, 67, "as the H100"},
              {arithmetic::tf32, 494.7, "as the H100"},
              {arithmetic::bf16, 989, "two public tables that agree"},
              {arithmetic::f16, 989, "as bf16"},
              {arithmetic::f8, 1979, "as bf16"},
              {arithmetic::i8, 1979, "as the H100"}},
    .memory = {.name = "HBM3e", .gb_per_s = 4800, .bytes = 141e9, .source = "two public tables that agree"},
});

/// One socket of Skylake.
inline constexpr device_profile xeon_8180({
    .name = "Xeon Platinum 8180",
    .peaks = {{arithmetic::f32, 4.48,
               "28 cores x 2 AVX-512 units x 16 lanes x 2 x 2.5 GHz, the base clock; the clock under AVX-512 is not "
               "verified: the EfficientNet-X paper's "
               "\"35X\" to TPUv3 would be 3.5, 1.96 GHz"}},
    .memory = {.name = "DDR4", .gb_per_s = 128, .source = "6 channels of DDR4-2666: 6 x 8 bytes x 2.666 GHz"},
});

/// All of the above.
inline constexpr std::array<const device_profile*, 7> all{&tpu_v2, &tpu_v3, &v100, &a100, &h100, &h200, &xeon_8180};

/// A profile by its name, or null.
constexpr const device_profile* find(std::string_view name) {
  for (const device_profile* profile : all)
    if (profile->name() == name) return profile;
  return nullptr;
}

}  // namespace devices

}  // namespace nascent
