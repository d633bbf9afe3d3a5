// SPDX-License-Identifier: Apache-2.0
/// \file
/// A small writer of SVG. Pictures have no size of their own text: widths are estimated, so that labels never overlap;
/// and one style sheet, so that they are readable on light and dark ground, alone and inside a page.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "nascent/base/number_text.hpp"

namespace nascent {

/// Text for XML and HTML, between tags and in attributes. Bytes that are no UTF-8 and characters that XML forbids
/// become U+FFFD.
inline std::string escape_xml(std::string_view source) {
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size();) {
    const auto byte = [&](std::size_t at) { return at < source.size() ? static_cast<unsigned char>(source[at]) : 0U; };
    const unsigned lead = byte(i);
    const std::size_t length = lead < 0x80                   ? 1
                               : lead >= 0xC2 && lead < 0xE0 ? 2
                               : lead >= 0xE0 && lead < 0xF0 ? 3
                               : lead >= 0xF0 && lead < 0xF5 ? 4
                                                             : 0;
    bool valid = length > 0;
    std::uint32_t code = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; valid && k < length; ++k) {
      valid = (byte(i + k) & 0xC0U) == 0x80U;
      code = (code << 6U) | (byte(i + k) & 0x3FU);
    }
    valid = valid && !(length == 3 && (code < 0x800 || (code >= 0xD800 && code < 0xE000) || code >= 0xFFFE)) &&
            !(length == 4 && (code < 0x10000 || code > 0x10FFFF)) &&
            (code >= 0x20 || code == '\n' || code == '\t' || code == '\r');
    if (!valid) out += replacement;
    else if (code == '&') out += "&amp;";
    else if (code == '<') out += "&lt;";
    else if (code == '>') out += "&gt;";
    else if (code == '"') out += "&quot;";
    else if (code == '\'') out += "&#39;";
    else out += source.substr(i, length);
    i += valid ? length : 1;
  }
  return out;
}

namespace detail {

/// Digits in groups of three, parted by thin spaces: "12 345".
inline std::string grouped_digits(std::string_view digits) {
  if (digits.size() < 5) return std::string(digits);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += "\xE2\x80\x89";
    out += digits[i];
  }
  return out;
}

// Advance widths of the characters ' ' to '~' in Helvetica and Arial, in thousandths of the font size.
inline constexpr std::array<std::uint16_t, 95> advances{
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333,  278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667,  611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278,  556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500,  500, 334, 260, 334, 584};

}  // namespace detail

/// Width of a line of text in the fonts of the style sheet: exact for Arial and its likes, an estimate outside of
/// ASCII.
inline double text_width(std::string_view line, double size, bool bold = false) {
  unsigned total = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto c = static_cast<unsigned char>(line[i]);
    if (c < 0x80) total += c >= 32 && c < 127 ? detail::advances[c - 32U] : 600U;
    else if (line.substr(i, 3) == "\xE2\x80\x89") total += 200;  // thin space
    else if (c >= 0xC0) total += c < 0xE3 ? 600U : 1000U;        // wide scripts begin at U+3000
  }
  return total * size / 1000 * (bold ? 1.07 : 1.0);
}

enum class text_anchor : std::uint8_t { start, middle, end };

struct svg_text {
  double x = 0;
  double y = 0;  ///< of the base line
  std::string_view text{};
  double size = 13;
  std::string_view look = "ink";
  text_anchor anchor = text_anchor::start;
  bool bold = false;
  double angle = 0;  ///< degrees, clockwise, around (x, y)
};
struct svg_rect {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
  double radius = 0;
  std::string_view look = "soft";
  std::string_view tip{};  ///< shown under the pointer
  double strength = -1;    ///< 0 to 1: how strongly the colour of `look` fills it, for looks that are a colour only
};
struct svg_line {
  double x1 = 0;
  double y1 = 0;
  double x2 = 0;
  double y2 = 0;
  double width = 1;
  std::string_view look = "line";
};
struct svg_circle {
  double x = 0;
  double y = 0;
  double radius = 3;
  std::string_view look = "ink";
  std::string_view tip{};
};
struct svg_path {
  std::string_view data{};  ///< as svg_pen writes it
  double width = 1;
  std::string_view look = "line";
};

/// Writes the data of a path: `svg_pen{}.move(0, 0).line(5, 5).str()`.
class svg_pen {
 public:
  svg_pen& move(double x, double y) { return add('M', {x, y}); }
  svg_pen& line(double x, double y) { return add('L', {x, y}); }
  svg_pen& curve(double x1, double y1, double x, double y) { return add('Q', {x1, y1, x, y}); }
  svg_pen& cubic(double x1, double y1, double x2, double y2, double x, double y) {
    return add('C', {x1, y1, x2, y2, x, y});
  }
  svg_pen& close() { return add('Z', {}); }
  const std::string& str() const { return data_; }

 private:
  svg_pen& add(char command, std::initializer_list<double> numbers) {
    data_ += command;
    bool first = true;
    for (const double n : numbers) {
      if (!first) data_ += ' ';
      data_ += rounded_text(n);
      first = false;
    }
    return *this;
  }
  std::string data_;
};

/// A drawing. A look is one or more classes of the style sheet: what is painted (ink, soft, line, dash, dots), how
/// strongly (muted, faint), and the colour (c0 to c9; the colour of the text around the picture without one).
class svg_canvas {
 public:
  svg_canvas& text(const svg_text& t) {
    open("text", t.look);
    put("x", t.x).put("y", t.y).put("font-size", t.size);
    if (t.anchor != text_anchor::start) word("text-anchor", t.anchor == text_anchor::middle ? "middle" : "end");
    if (t.bold) word("font-weight", "600");
    if (t.angle != 0)
      word("transform", "rotate(" + rounded_text(t.angle) + " " + rounded_text(t.x) + " " + rounded_text(t.y) + ")");
    body_ += ">" + escape_xml(t.text) + "</text>\n";
    return *this;
  }
  svg_canvas& rect(const svg_rect& r) {
    open("rect", r.look);
    put("x", r.x).put("y", r.y).put("width", r.width).put("height", r.height);
    if (r.radius > 0) put("rx", r.radius);
    if (r.strength >= 0) put("fill-opacity", r.strength).word("fill", "currentColor");
    return finish("rect", r.tip);
  }
  svg_canvas& line(const svg_line& l) {
    open("line", l.look);
    put("x1", l.x1).put("y1", l.y1).put("x2", l.x2).put("y2", l.y2);
    if (l.width != 1) put("stroke-width", l.width);
    return finish("line", {});
  }
  svg_canvas& circle(const svg_circle& c) {
    open("circle", c.look);
    put("cx", c.x).put("cy", c.y).put("r", c.radius);
    return finish("circle", c.tip);
  }
  svg_canvas& path(const svg_path& p) {
    open("path", p.look);
    word("d", p.data);
    if (p.width != 1) put("stroke-width", p.width);
    return finish("path", {});
  }
  /// What is drawn between the two is drawn inside this rectangle only.
  svg_canvas& begin_clip(double x, double y, double width, double height) {
    body_ += "<svg";
    put("x", x).put("y", y).put("width", width).put("height", height);
    word("viewBox", rounded_text(x) + " " + rounded_text(y) + " " + rounded_text(width) + " " + rounded_text(height));
    body_ += ">\n";
    return *this;
  }
  svg_canvas& end_clip() {
    body_ += "</svg>\n";
    return *this;
  }

  /// The whole document; `title` is what a screen reader says.
  std::string str(double width, double height, std::string_view title) const {
    const std::string w = rounded_text(std::ceil(width));
    const std::string h = rounded_text(std::ceil(height));
    const std::string name = escape_xml(title);
    return "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"nascent\" viewBox=\"0 0 " + w + " " + h + "\" width=\"" +
           w + "\" height=\"" + h + "\" role=\"img\" aria-label=\"" + name + "\">\n<title>" + name +
           "</title>\n<style>" + std::string(style()) + "</style>\n" + body_ + "</svg>\n";
  }

  /// The style sheet of all pictures, the same in each: a page may hold many.
  static constexpr std::string_view style() {
    return R"css(
.nascent{color:#1f2328;font-family:"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif;font-variant-numeric:tabular-nums}
svg.nascent:root{background:#fff}
.nascent .ink{fill:currentColor}.nascent .soft{fill:currentColor;fill-opacity:.13}.nascent .wash{fill:currentColor;fill-opacity:.045}
.nascent .line,.nascent .dash,.nascent .dots{fill:none;stroke:currentColor;stroke-linecap:round;stroke-linejoin:round}
.nascent .edge{stroke:currentColor;stroke-opacity:.6}.nascent .bar{fill:currentColor;fill-opacity:.78}.nascent .dash{stroke-dasharray:5 4}.nascent .dots{stroke-dasharray:.1 4}
.nascent .muted{opacity:.66}.nascent .faint{opacity:.3}.nascent .hair{opacity:.13}
.nascent .halo{paint-order:stroke;stroke:#fff;stroke-width:3.5px;stroke-linejoin:round}.nascent .ground{fill:#fff}
.nascent .c0{color:#1f6feb}.nascent .c1{color:#c2560a}.nascent .c2{color:#1a7f4b}.nascent .c3{color:#8250df}.nascent .c4{color:#cf222e}
.nascent .c5{color:#0a7ea4}.nascent .c6{color:#bf3989}.nascent .c7{color:#8a6d00}.nascent .c8{color:#7d5a3c}.nascent .c9{color:#57606a}
@media(prefers-color-scheme:dark){.nascent{color:#e6edf3}svg.nascent:root{background:#0d1117}
.nascent .halo{stroke:#0d1117}.nascent .ground{fill:#0d1117}
.nascent .c0{color:#6cb0ff}.nascent .c1{color:#ff9b57}.nascent .c2{color:#4ecb86}.nascent .c3{color:#c297ff}.nascent .c4{color:#ff7b72}
.nascent .c5{color:#4cc9e8}.nascent .c6{color:#f28cc8}.nascent .c7{color:#d9c04a}.nascent .c8{color:#cfa37e}.nascent .c9{color:#9aa7b4}}
)css";
  }

 private:
  void open(std::string_view tag, std::string_view look) {
    body_ += '<';
    body_ += tag;
    word("class", look);
  }
  svg_canvas& put(std::string_view name, double value) { return word(name, rounded_text(value)); }
  svg_canvas& word(std::string_view name, std::string_view value) {
    body_ += ' ';
    body_ += name;
    body_ += "=\"" + escape_xml(value) + '"';
    return *this;
  }
  svg_canvas& finish(std::string_view tag, std::string_view tip) {
    if (tip.empty()) body_ += "/>\n";
    else body_ += "><title>" + escape_xml(tip) + "</title></" + std::string(tag) + ">\n";
    return *this;
  }

  std::string body_;
};

}  // namespace nascent
