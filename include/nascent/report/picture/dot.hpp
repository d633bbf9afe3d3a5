// SPDX-License-Identifier: Apache-2.0
/// \file
/// Networks and spaces as graphs in the language of Graphviz.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/report/detail/chips.hpp"
#include "nascent/report/detail/network_rows.hpp"
#include "nascent/space/view_of.hpp"

namespace nascent {
namespace detail {

/// A quoted string of DOT. Lines are centred, or begin at the left with `line_end` "\\l".
inline std::string dot_quoted(std::string_view words, std::string_view line_end = "\\n") {
  std::string out = "\"";
  for (const char c : words) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') out += line_end;
    else if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out + '"';
}

// The colours of the pictures on light ground, made pale.
inline constexpr std::array<std::string_view, 10> dot_colours{"#c9ddfb", "#f2d6c2", "#c8e3d4", "#e2d4f8", "#f5cdd1",
                                                              "#c4e2eb", "#f0d1e4", "#e5dec2", "#e2d8d0", "#d9dce0"};
inline constexpr std::string_view dot_style =
    "  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"Helvetica\", fontsize=11, height=0.3];\n"
    "  edge [arrowsize=0.6, color=\"#57606a\"];\n  graph [fontname=\"Helvetica\", fontsize=12];\n";

}  // namespace detail

/// A network for Graphviz: a node per layer, a cluster per stage, and a node per output where there are several.
inline std::string to_dot(const network& graph) {
  using detail::dot_quoted;
  std::string out = "digraph " + dot_quoted(graph.name()) + " {\n" + std::string(detail::dot_style) +
                    "  t0 [label=" + dot_quoted("input\n" + detail::shape_text(graph.input())) + "];\n";
  const std::size_t n = graph.layers().size();
  for (std::size_t i = 0, cluster = 0; i < n; ++cluster) {
    const std::string& stage = graph.stage_of(i);
    if (!stage.empty())
      out += "  subgraph cluster_" + std::to_string(cluster) + " {\n  label=" + dot_quoted(stage) +
             "; style=rounded; color=\"#8c959f\";\n";
    for (; i < n && graph.stage_of(i) == stage; ++i) {
      const layer& l = graph.layers()[i];
      out += "  t" + std::to_string(i + 1) +
             " [label=" + dot_quoted(detail::layer_text(l) + "\n" + detail::shape_text(l.output)) + ", fillcolor=\"" +
             std::string(detail::dot_colours[static_cast<std::size_t>(detail::look_of(l).colour)]) + "\"];\n";
    }
    if (!stage.empty()) out += "  }\n";
  }
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < static_cast<std::size_t>(graph.layers()[i].operand_count); ++k)
      out += "  t" + std::to_string(graph.layers()[i].operands[k]) + " -> t" + std::to_string(i + 1) + ";\n";
  if (const std::vector<network_output> outputs = graph.outputs(); outputs.size() > 1)
    for (std::size_t i = 0; i < outputs.size(); ++i)
      out += "  o" + std::to_string(i) + " [label=" + dot_quoted(outputs[i].name) + "];\n  t" +
             std::to_string(outputs[i].tensor) + " -> o" + std::to_string(i) + ";\n";
  return out + "}\n";
}

/// A search space for Graphviz: a node per stage with its choices, dotted edges for ties, dashed ones for skip
/// connections.
inline std::string to_dot(const space_view& o) {
  using detail::dot_quoted;
  using role = stage_view::kind;
  const auto list = [](const field_view& f) {
    const std::vector<std::string> values = detail::shown_values(f);
    if (f.how == field_kind::tied) return "= " + values.front();
    constexpr std::size_t most = 16;  // of longer lists the ends
    std::string words;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values.size() > most && i == 3) i = values.size() - 1;
      words += (i == 0 ? "" : values.size() > most && i + 1 == values.size() ? ", ..., " : ", ") + values[i];
    }
    return values.size() > 1 ? "{" + words + "}" : words;
  };
  const auto node = [](std::size_t i) { return "s" + std::to_string(i); };
  std::string out = "digraph " + dot_quoted(o.name) + " {\n" + std::string(detail::dot_style) +
                    "  label=" + dot_quoted(o.name + ": " + to_decimal(o.size).c_str() + " networks") +
                    "; labelloc=t;\n";
  std::map<std::string, std::size_t> colours;  // of block types
  std::size_t before = o.stages.size();
  for (std::size_t i = 0; i < o.stages.size(); ++i) {
    const stage_view& s = o.stages[i];
    std::string words = s.name;
    for (const block_view& b : s.blocks) {
      if (s.role == role::input) words += "\n" + std::to_string(o.channels) + " channels";
      else if (s.role != role::choice) words += "\n" + b.name;
      for (const field_view& f : b.fields) words += "\n" + f.name + " " + list(f);
    }
    if (s.role == role::stage || s.role == role::head) {
      words += "\nlayers " + list(s.layers) + (s.independent ? ", each chooses" : "") + "\nstride " + list(s.stride);
      if (!s.skip.values.empty()) words += "\nskip from " + list(s.skip);
    }
    out +=
        "  " + node(i) + " [label=" + dot_quoted(words + "\n", "\\l") + ", fillcolor=\"" +
        std::string(
            detail::dot_colours[colours.try_emplace(s.blocks.front().name, colours.size() % detail::dot_colours.size())
                                    .first->second]) +
        "\"];\n";
    if (s.role != role::choice && before < o.stages.size()) out += "  " + node(before) + " -> " + node(i) + ";\n";
    if (s.role != role::choice) before = i;
  }
  const auto decides = [&](const stage_view& s, int slot) {
    for (const block_view& b : s.blocks)
      for (const field_view& f : b.fields)
        if (f.slot == slot && f.how != field_kind::tied) return true;
    return s.layers.slot == slot || s.stride.slot == slot;
  };
  for (std::size_t i = 0; i < o.stages.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j)
      for (const typed_value& from : o.stages[i].skip.values)
        if (o.stages[j].name == from.name())
          out += "  " + node(j) + " -> " + node(i) +
                 " [style=" + (o.stages[i].skip.how == field_kind::fixed ? "solid" : "dashed") +
                 ", color=\"#0a7ea4\", constraint=false];\n";
    for (const block_view& b : o.stages[i].blocks)
      for (const field_view& f : b.fields)
        for (std::size_t j = 0; f.how == field_kind::tied && j < o.stages.size(); ++j)
          if (decides(o.stages[j], f.slot))
            out += "  " + node(j) + " -> " + node(i) + " [style=dotted, color=\"#8250df\", constraint=false];\n";
  }
  return out + "}\n";
}

template <described_space Space>
std::string to_dot(const Space& s) {
  return to_dot(view_of(s));
}

}  // namespace nascent
