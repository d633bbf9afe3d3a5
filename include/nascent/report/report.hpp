// SPDX-License-Identifier: Apache-2.0
/// \file
/// Reports: one HTML file that needs nothing else, for screens of every size, light and dark, and paper.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/base/clock.hpp"
#include "nascent/base/error.hpp"
#include "nascent/base/version.hpp"
#include "nascent/report/svg.hpp"
#include "nascent/report/table.hpp"

namespace nascent {

/// Something that a report cannot show.
struct report_error : error {
  using error::error;
};

/// A figure of merit in the head of a report: "latency", "7.9 ms", "target 8 ms".
struct report_tile {
  std::string name{};
  std::string value{};
  std::string note{};
};

/// What a report stands on: with it anyone can make it again.
struct report_origin {
  std::string command{};  ///< that makes it; empty where a program's own code does
  std::string machine{};  ///< processor, library, threads, or the device that it is about
  std::optional<std::uint64_t> seed{};
};

/// A report, built from top to bottom: `html_report("Family").text("...").table({...}).figure(svg, "...")`.
class html_report {
 public:
  explicit html_report(std::string title, std::string subtitle = {})
      : title_(std::move(title)), subtitle_(std::move(subtitle)) {}

  /// Starts a section.
  html_report& section(const std::string& title) {
    if (!sections_.empty()) body_ += "</section>\n";
    sections_.push_back(escape_xml(title));
    body_ += "<section id=\"s" + std::to_string(sections_.size()) + "\">\n<h2>" + sections_.back() + "</h2>\n";
    return *this;
  }

  /// A paragraph; empty lines part several.
  html_report& text(std::string_view words) {
    for (std::size_t begin = 0; begin < words.size();) {
      const std::size_t end = std::min(words.find("\n\n", begin), words.size());
      if (end > begin) body_ += "<p>" + escape_xml(words.substr(begin, end - begin)) + "</p>\n";
      begin = end + 2;
    }
    return *this;
  }

  /// \throws report_error where a row has not as many cells as there are columns.
  html_report& table(const report_table& t) {
    for (std::size_t i = 0; i < t.rows.size(); ++i)
      if (t.rows[i].size() != t.columns.size())
        throw report_error(
            "report.table", "report '" + title_ + "', table '" + t.caption + "', row " + std::to_string(i),
            std::to_string(t.rows[i].size()) + " cells", "one per column, " + std::to_string(t.columns.size()));
    add_table(t);
    return *this;
  }

  /// An SVG document, as to_svg writes it; it goes into the page as it is. \throws report_error where it is none.
  html_report& figure(std::string_view svg, std::string_view caption = {}) {
    const std::size_t begin = svg.find("<svg");
    const std::size_t end = svg.rfind("</svg>");
    if (begin == std::string_view::npos || end == std::string_view::npos || end < begin)
      throw report_error("report.figure", "report '" + title_ + "', figure '" + std::string(caption) + "'",
                         "no <svg> element", "an SVG document");
    const std::string_view element = svg.substr(begin, end + 6 - begin);
    body_ += "<figure>\n<div class=\"scroll\" tabindex=\"0\"" + natural_width(element) + ">" + std::string(element) +
             "</div>\n";
    add_caption(caption);
    return *this;
  }

  /// Program text, or the like, as it is.
  html_report& code(std::string_view source) {
    body_ += "<pre><code>" + escape_xml(source) + "</code></pre>\n";
    return *this;
  }

  /// The most important numbers, large, side by side.
  html_report& tiles(const std::vector<report_tile>& list) {
    body_ += "<dl class=\"tiles\">\n";
    for (const report_tile& t : list) {
      body_ += "<div><dt>" + escape_xml(t.name) + "</dt><dd>" + escape_xml(grouped(t.value)) + "</dd>";
      if (!t.note.empty()) body_ += "<dd class=\"note\">" + escape_xml(t.note) + "</dd>";
      body_ += "</div>\n";
    }
    body_ += "</dl>\n";
    return *this;
  }

  /// The last section: command, machine, seed, and this library's version and the date.
  html_report& origin(const report_origin& from) {
    section("How it was made");
    if (!from.command.empty()) code(from.command);
    return text("nascent " + std::string(version) + ", " + utc_now() +
                (from.machine.empty() ? "" : ", " + from.machine) +
                (from.seed ? ", seed " + std::to_string(*from.seed) : "") + ".");
  }

  /// The page.
  std::string str() const {
    std::string page =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
        "<meta name=\"color-scheme\" content=\"light dark\"/>\n<meta name=\"generator\" content=\"nascent\"/>\n<title>";
    page += escape_xml(title_) + "</title>\n<style>" + std::string(style()) + "</style>\n</head>\n<body>\n<main>\n";
    page += "<header>\n<h1>" + escape_xml(title_) + "</h1>\n";
    if (!subtitle_.empty()) page += "<p class=\"subtitle\">" + escape_xml(subtitle_) + "</p>\n";
    page += "</header>\n";
    if (sections_.size() > 2) {  // enough to need links
      page += "<nav aria-label=\"sections\">\n";
      for (std::size_t i = 0; i < sections_.size(); ++i)
        page += "<a href=\"#s" + std::to_string(i + 1) + "\">" + sections_[i] + "</a>\n";
      page += "</nav>\n";
    }
    return page + body_ + (sections_.empty() ? "" : "</section>\n") + "</main>\n</body>\n</html>\n";
  }

 private:
  void add_caption(std::string_view caption) {
    if (!caption.empty()) body_ += "<figcaption>" + escape_xml(caption) + "</figcaption>\n";
    body_ += "</figure>\n";
  }

  /// A picture shrinks to fit, but not until nobody can read it: then it scrolls.
  static std::string natural_width(std::string_view svg) {
    constexpr std::string_view key = " width=\"";
    const std::string_view tag = svg.substr(0, svg.find('>'));
    const std::size_t at = tag.find(key);
    if (at == std::string_view::npos) return "";
    const std::string_view digits = tag.substr(at + key.size());
    const std::string_view number = digits.substr(0, std::min(digits.find_first_not_of("0123456789."), digits.size()));
    return number.empty() ? "" : " style=\"--width:" + std::string(number) + "px\"";
  }

  void add_table(const report_table& t) {
    const detail::table_layout layout(t);
    const std::vector<bool>& numeric = layout.numeric;
    const std::vector<std::size_t>& decimals = layout.decimals;
    body_ += "<figure>\n<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr>";
    for (std::size_t c = 0; c < t.columns.size(); ++c)
      body_ +=
          std::string("<th scope=\"col\"") + (numeric[c] ? " class=\"n\">" : ">") + escape_xml(t.columns[c]) + "</th>";
    body_ += "</tr></thead>\n<tbody>\n";
    for (std::size_t r = 0; r < t.rows.size(); ++r) {
      const bool lit = std::find(t.highlighted.begin(), t.highlighted.end(), r) != t.highlighted.end();
      body_ += lit ? "<tr class=\"lit\">" : "<tr>";
      for (std::size_t c = 0; c < t.columns.size(); ++c)
        body_ +=
            numeric[c] ? "<td class=\"n\">" + padded(t.rows[r][c], decimals[c]) + "</td>" : text_cell(t.rows[r][c]);
      body_ += "</tr>\n";
    }
    body_ += "</tbody>\n</table></div>\n";
    add_caption(t.caption);
  }

  /// Names stay in one line: a break after a hyphen makes two of them.
  static std::string text_cell(const std::string& cell) {
    constexpr std::size_t name = 32;
    return (detail::shown_width(cell) <= name ? "<td class=\"s\">" : "<td>") + escape_xml(cell) + "</td>";
  }

  /// A number of five digits or more before its point in groups of three; anything else as it is.
  static std::string grouped(const std::string& cell) {
    const detail::number_parts n = detail::split_number(cell);
    const std::size_t first = n.whole.find_first_of("0123456789");
    if (!n.is_number || first == std::string::npos || n.whole.find('\xE2', first) != std::string::npos) return cell;
    return n.whole.substr(0, first) + detail::grouped_digits(n.whole.substr(first)) + n.fraction + n.rest;
  }

  /// A number with room behind it, so that the decimal points of its column stand under one another.
  static std::string padded(const std::string& cell, std::size_t decimals) {
    const detail::number_parts n = detail::split_number(cell);
    std::string out = escape_xml(grouped(cell));
    if (!n.is_number || !n.rest.empty()) return out;
    if (n.fraction.empty() && decimals > 0) out += "\xE2\x80\x88";  // as wide as a point
    for (std::size_t i = std::max<std::size_t>(n.fraction.size(), 1); i < decimals; ++i)
      out += "\xE2\x80\x87";  // as wide as a digit
    return out;
  }

  static constexpr std::string_view style() {
    return R"css(
:root{color-scheme:light dark;--ink:#1f2328;--quiet:#59636e;--ground:#fff;--raised:#f6f8fa;--rule:#d8dee4;--accent:#1f6feb;--lit:#ddebff}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--quiet:#9aa7b4;--ground:#0d1117;--raised:#161b22;--rule:#30363d;--accent:#6cb0ff;--lit:#12284a}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.6 -apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans",sans-serif}
main{max-width:77rem;margin:0 auto;padding:2.5rem clamp(1rem,4vw,2.5rem) 4rem}
header{border-bottom:1px solid var(--rule);padding-bottom:1rem;margin-bottom:1.5rem}
h1{font-size:clamp(1.6rem,5vw,2.2rem);line-height:1.2;margin:0;letter-spacing:-.01em;overflow-wrap:anywhere}
h2{font-size:1.3rem;line-height:1.3;margin:2.6rem 0 .6rem;overflow-wrap:anywhere}
p{max-width:46rem;margin:.7rem 0;overflow-wrap:break-word}
.subtitle{color:var(--quiet);font-size:1.05rem;margin:.5rem 0 0}
nav{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;font-size:.92rem}
nav a{color:var(--accent);text-decoration:none}nav a:hover{text-decoration:underline}
figure{margin:1.2rem 0 1.8rem}
figcaption{color:var(--quiet);font-size:.9rem;margin-top:.5rem;max-width:46rem}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
.scroll:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.scroll>svg{display:block;max-width:100%;height:auto;min-width:calc(var(--width,0)*.72)}
table{border-collapse:collapse;font-size:.93rem;line-height:1.45;min-width:60%}
th,td{padding:.45rem .9rem;text-align:left;border-bottom:1px solid var(--rule);vertical-align:baseline}
th:first-child,td:first-child{padding-left:.6rem}td:first-child,td.s{white-space:nowrap}
th{color:var(--quiet);font-weight:600;border-bottom-width:2px;vertical-align:bottom}
td.n,th.n{text-align:right}td.n{white-space:nowrap;font-variant-numeric:tabular-nums}
tbody tr:hover{background:var(--raised)}tr.lit,tbody tr.lit:hover{background:var(--lit)}tr.lit td{font-weight:600}
pre{background:var(--raised);border:1px solid var(--rule);border-radius:8px;padding:.9rem 1.1rem;overflow-x:auto;font-size:.85rem;line-height:1.5}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.8rem;margin:1.2rem 0}
.tiles div{background:var(--raised);border:1px solid var(--rule);border-radius:10px;padding:.8rem 1rem}
.tiles dt{color:var(--quiet);font-size:.85rem}.tiles dd{margin:0;overflow-wrap:anywhere;font-size:1.5rem;font-weight:600;line-height:1.3;font-variant-numeric:tabular-nums}
.tiles dd.note{font-size:.85rem;font-weight:400;color:var(--quiet)}
@media print{main{max-width:none;padding:0}nav{display:none}section,figure,tr{break-inside:avoid}.scroll{overflow:visible}}
)css";
  }

  std::string title_;
  std::string subtitle_;
  std::string body_;
  std::vector<std::string> sections_;  ///< titles, escaped
};

}  // namespace nascent
