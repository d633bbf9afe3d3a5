// SPDX-License-Identifier: Apache-2.0
/// \file
/// Designs beside each other, stage by stage: where blocks are fused, how large and how many they are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/cost/network_profile.hpp"
#include "nascent/report/svg.hpp"

namespace nascent {

/// A row of a map of designs.
struct design_row {
  std::string name{};
  std::string note{};  ///< a second, quiet line
  network_profile profile{};
};

/// Designs of one kind: a row for each, a column for each stage that has inverted bottlenecks in any of
/// them, in the order in which they appear.
struct design_map {
  std::string title{};
  std::vector<design_row> designs{};
};

namespace detail {

/// "2 × 24, 3×3" and "relu, se": what the last block of a stage is, which the others follow.
struct stage_words {
  std::string first;
  std::string second;
  std::string tip;
};

inline stage_words words_of(const stage_profile& s) {
  constexpr std::string_view times = "\xC3\x97";
  const bottleneck_profile& b = s.blocks.back();
  const std::string kernel = std::to_string(b.kernel) + std::string(times) + std::to_string(b.kernel);
  const std::string count = std::to_string(s.blocks.size()) + " " + std::string(times) + " ";
  stage_words w{.first = count + std::to_string(b.channels) + ", " + kernel, .second = to_string(b.act), .tip = {}};
  if (b.squeeze > 0) w.second += ", se";
  for (const bottleneck_profile& each : s.blocks) {
    if (!w.tip.empty()) w.tip += "\n";
    w.tip += std::string(each.fused ? "fused " : "") + "MBConv, " + std::to_string(each.channels) +
             " channels, kernel " + std::to_string(each.kernel) + ", expansion " + rounded_text(each.expansion) +
             ", squeeze " + rounded_text(each.squeeze, 3) + ", " + to_string(each.act);
  }
  return w;
}

}  // namespace detail

/// An SVG document. A cell is orange where its stage is fused, blue where it is not, and the deeper the more blocks
/// there are; under the pointer it says everything of each block.
inline std::string to_svg(const design_map& m) {
  constexpr double size = 12;
  constexpr double gap = 3;
  constexpr double height = 42;
  constexpr double most_blocks = 5;
  std::vector<std::string> stages;
  double names = 60;
  double width = 64;
  for (const design_row& row : m.designs) {
    names = std::max({names, text_width(row.name, size, true) + 14, text_width(row.note, 11) + 14});
    for (const stage_profile& s : row.profile.stages) {
      if (s.blocks.empty()) continue;
      if (std::ranges::find(stages, s.stage) == stages.end()) stages.push_back(s.stage);
      const detail::stage_words w = detail::words_of(s);
      width = std::max({width, text_width(w.first, size) + 16, text_width(w.second, 11) + 16});
    }
  }
  for (const std::string& s : stages) width = std::max(width, text_width("stage " + s, size) + 10);

  const double top = m.title.empty() ? 26 : 52;
  svg_canvas canvas;
  if (!m.title.empty()) canvas.text({.x = 0, .y = 16, .text = m.title, .size = 15, .bold = true});
  for (std::size_t c = 0; c < stages.size(); ++c)
    canvas.text({.x = names + (static_cast<double>(c) + .5) * width - gap / 2,
                 .y = top - 8,
                 .text = "stage " + stages[c],
                 .size = size,
                 .look = "ink muted",
                 .anchor = text_anchor::middle});
  for (std::size_t r = 0; r < m.designs.size(); ++r) {
    const design_row& row = m.designs[r];
    const double y = top + static_cast<double>(r) * height;
    canvas.text({.x = 0, .y = y + (row.note.empty() ? 24 : 17), .text = row.name, .size = size, .bold = true});
    if (!row.note.empty()) canvas.text({.x = 0, .y = y + 31, .text = row.note, .size = 11, .look = "ink muted"});
    for (std::size_t c = 0; c < stages.size(); ++c) {
      const double x = names + static_cast<double>(c) * width;
      const auto found = std::ranges::find(row.profile.stages, stages[c], &stage_profile::stage);
      if (found == row.profile.stages.end() || found->blocks.empty()) {
        canvas.rect({.x = x, .y = y, .width = width - gap, .height = height - gap, .radius = 4, .look = "wash"});
        continue;
      }
      const detail::stage_words w = detail::words_of(*found);
      const auto fused = std::ranges::count_if(found->blocks, &bottleneck_profile::fused);
      const auto count = static_cast<double>(found->blocks.size());
      canvas.rect({.x = x,
                   .y = y,
                   .width = width - gap,
                   .height = height - gap,
                   .radius = 4,
                   .look = 2 * fused > static_cast<std::ptrdiff_t>(found->blocks.size()) ? "c1" : "c0",
                   .tip = w.tip,
                   .strength = .12 + .4 * std::min(1., count / most_blocks)});
      const double middle = x + (width - gap) / 2;
      canvas.text({.x = middle, .y = y + 17, .text = w.first, .size = size, .anchor = text_anchor::middle});
      canvas.text(
          {.x = middle, .y = y + 31, .text = w.second, .size = 11, .look = "ink muted", .anchor = text_anchor::middle});
    }
  }
  const double bottom = top + static_cast<double>(m.designs.size()) * height + 18;
  double x = names;
  for (const auto& [look, words] : {std::pair{"c1", "fused MBConv"}, std::pair{"c0", "MBConv"}}) {
    canvas.rect({.x = x, .y = bottom - 10, .width = 12, .height = 12, .radius = 2, .look = look, .strength = .5});
    canvas.text({.x = x + 18, .y = bottom, .text = words, .size = size, .look = "ink muted"});
    x += 18 + text_width(words, size) + 20;
  }
  constexpr std::string_view reading = "blocks \xC3\x97 channels, kernel; activation, squeeze-and-excite";
  canvas.text({.x = x, .y = bottom, .text = reading, .size = size, .look = "ink muted"});
  const double right = std::max({names + static_cast<double>(stages.size()) * width, x + text_width(reading, size),
                                 text_width(m.title, 15, true)});
  return canvas.str(right + 4, bottom + 12, m.title.empty() ? "designs" : m.title);
}

}  // namespace nascent
