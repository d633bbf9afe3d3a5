// SPDX-License-Identifier: Apache-2.0
/// \file
/// Candidates as rows of numbers, for surrogates and controllers: typed columns with names, and decisions that take no
/// part told from all others.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/space/space.hpp"

namespace nascent {

/// How a decision between numbers is written.
enum class number_encoding : std::uint8_t {
  value,    ///< a column with the number itself: 3, 5, 7
  unit,     ///< a column from 0 for the least to 1 for the largest of its options
  one_hot,  ///< one column for each option, as for names
};

/// How a decision that takes no part is written.
enum class inactive_encoding : std::uint8_t {
  indicator,  ///< a column of its own is 1, the decision's others are 0
  nan,        ///< all columns of the decision are not a number, for models that know what is missing
};

struct feature_options {
  number_encoding numbers = number_encoding::value;
  inactive_encoding inactive = inactive_encoding::indicator;
};

/// What a column holds, and of which decision.
struct feature_column {
  enum class kind : std::uint8_t { number, option, indicator };

  std::string name{};  ///< "2.kernel", "2.act=swish", "2.kernel:inactive"
  kind what = kind::number;
  std::size_t slot = 0;
  int option = -1;  ///< of kind `option`
};

/// Writes candidates of one space as rows:
///
///     const candidate_features encode(gpunet, {.numbers = number_encoding::unit});
///     std::vector<double> row(encode.size());
///     encode(c, row);
///
/// Decisions follow one another in slot order. Numbers and truth values are ordinal, sizes in a column for the height
/// and one for the width; activations, blocks and names are one column per option. Decisions that always take part have
/// no indicator.
class candidate_features {
 public:
  // Asked first: clang asks for copies of these features, too, and whether they are a space depends on that.
  template <class Space>
  requires(!std::same_as<Space, candidate_features>) && space<Space> explicit candidate_features(
                                                            const Space& s, feature_options options = {})
      : name_(s.name()),
  options_(options) {
    for (std::size_t k = 0; k < s.slot_count; ++k) {
      const slot_info info = s.slot(k);
      std::vector<typed_value> values;
      for (int o = 0; o < info.options; ++o) values.push_back(s.value(k, o));
      add(k, std::string(info.path.view()), values, info.parent >= 0);
    }
  }

  /// Columns of a row.
  std::size_t size() const { return columns_.size(); }
  std::span<const feature_column> columns() const { return columns_; }

  /// Fills a row of size() numbers. Allocates nothing. \throws space_error for a row of another length, and for a
  /// candidate with another number of decisions than the space
  template <class Space>
  void operator()(const candidate<Space>& c, std::span<double> row) const {
    write({c.digits.data(), c.digits.size()}, row);
  }

 private:
  struct decision {
    std::size_t first = 0;    ///< column
    std::size_t width = 0;    ///< columns, that of the indicator left out
    std::size_t numbers = 0;  ///< where in numbers_ those of its options begin, column after column
    std::size_t options = 0;
    bool one_hot = false;
    bool indicated = false;
  };

  void add(std::size_t slot, const std::string& path, const std::vector<typed_value>& values, bool optional) {
    const auto all = [&](auto is_it) { return std::all_of(values.begin(), values.end(), is_it); };
    const bool sizes = all([](const typed_value& v) { return v.kind() == value_kind::size; });
    const bool ordinal = sizes || all([](const typed_value& v) { return v.is_number(); });
    decision d{.first = columns_.size(),
               .numbers = numbers_.size(),
               .options = values.size(),
               .one_hot = !ordinal || options_.numbers == number_encoding::one_hot,
               .indicated = optional && options_.inactive == inactive_encoding::indicator};
    if (d.one_hot) {
      for (std::size_t o = 0; o < values.size(); ++o)
        columns_.push_back({name_of_option(path, values, o), feature_column::kind::option, slot, static_cast<int>(o)});
    } else if (sizes) {
      add_numbers(slot, path + ".height", values, [](const typed_value& v) { return double{1} * v.height(); });
      add_numbers(slot, path + ".width", values, [](const typed_value& v) { return double{1} * v.width(); });
    } else {
      add_numbers(slot, path, values, [](const typed_value& v) { return v.number(); });
    }
    d.width = columns_.size() - d.first;
    if (d.indicated) columns_.push_back({path + ":inactive", feature_column::kind::indicator, slot, -1});
    decisions_.push_back(d);
  }

  /// Options that read alike are told apart by their place.
  static std::string name_of_option(const std::string& path, const std::vector<typed_value>& values, std::size_t o) {
    const short_text text = values[o].text();
    std::string name = path + "=" + std::string(text.view());
    const auto alike =
        std::count_if(values.begin(), values.end(), [&](const typed_value& v) { return v.text() == text.view(); });
    return alike > 1 ? name + "#" + std::to_string(o) : name;
  }

  template <class Number>
  void add_numbers(std::size_t slot, const std::string& name, const std::vector<typed_value>& values, Number number) {
    columns_.push_back({name, feature_column::kind::number, slot, -1});
    double least = std::numeric_limits<double>::infinity();
    double most = -least;
    for (const typed_value& v : values) {
      least = std::min(least, number(v));
      most = std::max(most, number(v));
    }
    for (const typed_value& v : values)
      numbers_.push_back(options_.numbers == number_encoding::value ? number(v)
                         : most > least                             ? (number(v) - least) / (most - least)
                                                                    : 0);
  }

  void write(std::span<const digit> digits, std::span<double> row) const {
    if (digits.size() != decisions_.size())
      refuse("a candidate with decisions in number ", digits.size(), decisions_.size());
    if (row.size() != columns_.size()) refuse("a row of length ", row.size(), columns_.size());
    const double missing = options_.inactive == inactive_encoding::nan ? std::numeric_limits<double>::quiet_NaN() : 0.0;
    for (std::size_t k = 0; k < decisions_.size(); ++k) {
      const decision& d = decisions_[k];
      const bool active = digits[k] >= 0;
      const auto option = static_cast<std::size_t>(active ? digits[k] : 0);
      for (std::size_t i = 0; i < d.width; ++i) {
        double& cell = row[d.first + i];
        if (!active) cell = missing;
        else if (d.one_hot) cell = i == option ? 1 : 0;
        else cell = numbers_[d.numbers + i * d.options + option];
      }
      if (d.indicated) row[d.first + d.width] = active ? 0 : 1;
    }
  }
  [[noreturn]] void refuse(std::string_view what, std::size_t found, std::size_t allowed) const {
    throw space_error("space.features", detail::place_in(name_, "features"), detail::joined(what, found),
                      detail::joined(allowed));
  }

  std::string name_;
  feature_options options_;
  std::vector<feature_column> columns_;
  std::vector<decision> decisions_;  ///< by slot
  std::vector<double> numbers_;      ///< of ordinal decisions, option by option
};

}  // namespace nascent
