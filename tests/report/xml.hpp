// SPDX-License-Identifier: Apache-2.0
/// \file
/// A strict little reader of XML, and checks of how a picture lies on its page.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/report/svg.hpp"

namespace test {

struct element {
  std::string name{};
  std::map<std::string, std::string> attributes{};
  std::string words{};  ///< directly inside, unescaped
  std::vector<element> children{};

  double number(const std::string& key) const {
    const auto at = attributes.find(key);
    return at == attributes.end() ? 0 : std::strtod(at->second.c_str(), nullptr);
  }
  std::string attribute(const std::string& key) const {
    const auto at = attributes.find(key);
    return at == attributes.end() ? "" : at->second;
  }
};

/// Reads a document, which has to be well-formed.
class xml_reader {
 public:
  explicit xml_reader(std::string_view source) : source_(source) {}

  element read() {
    if (source_.starts_with("<!DOCTYPE html>")) at_ = 15;
    skip_space();
    element root = read_element();
    skip_space();
    if (at_ != source_.size()) fail("text behind the root");
    return root;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(what + " at " + std::to_string(at_) + ": " +
                             std::string(source_.substr(at_ < 40 ? 0 : at_ - 40, 80)));
  }
  char peek() const { return at_ < source_.size() ? source_[at_] : '\0'; }
  bool eat(std::string_view token) {
    if (source_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }
  void skip_space() {
    while (peek() == ' ' || peek() == '\n' || peek() == '\t' || peek() == '\r') ++at_;
  }
  std::string read_name() {
    std::string name;
    while (std::isalnum(static_cast<unsigned char>(peek())) != 0 || peek() == '-' || peek() == ':' || peek() == '_')
      name += source_[at_++];
    if (name.empty()) fail("no name");
    return name;
  }
  /// Characters up to `end`, entities resolved.
  std::string read_words(char end) {
    std::string words;
    while (peek() != end) {
      if (at_ >= source_.size()) fail("unexpected end");
      const char c = peek();
      if (c == '<') fail("'<' in text");
      if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' && c != '\r') fail("a control character");
      if (c != '&') {
        words += c;
        ++at_;
      } else if (eat("&amp;")) words += '&';
      else if (eat("&lt;")) words += '<';
      else if (eat("&gt;")) words += '>';
      else if (eat("&quot;")) words += '"';
      else if (eat("&#39;")) words += '\'';
      else fail("a bare '&'");
    }
    return words;
  }
  element read_element() {
    if (!eat("<")) fail("no element");
    element e{.name = read_name()};
    for (;;) {
      const std::size_t before = at_;
      skip_space();
      if (eat("/>")) return e;
      if (eat(">")) break;
      if (at_ == before) fail("no space before an attribute");
      const std::string key = read_name();
      if (!eat("=\"")) fail("an attribute without a quoted value");
      if (!e.attributes.emplace(key, read_words('"')).second) fail("attribute " + key + " twice");
      ++at_;
    }
    for (;;) {
      e.words += read_words('<');
      if (eat("</")) {
        if (read_name() != e.name || !eat(">")) fail("the wrong end of <" + e.name + ">");
        return e;
      }
      e.children.push_back(read_element());
    }
  }

  std::string_view source_;
  std::size_t at_ = 0;
};

inline element read_xml(std::string_view source) { return xml_reader(source).read(); }

template <class Visit>
void for_each_element(const element& e, Visit visit) {
  visit(e);
  for (const element& child : e.children) for_each_element(child, visit);
}

/// What every <text> says, in the order of the document.
inline std::vector<std::string> words_in(const element& root, const std::string& name = "text") {
  std::vector<std::string> all;
  for_each_element(root, [&](const element& e) {
    if (e.name == name) all.push_back(e.words);
  });
  return all;
}

inline std::ptrdiff_t count_words(const element& root, std::string_view words) {
  const auto all = words_in(root);
  return std::count(all.begin(), all.end(), words);
}
inline bool says(const element& root, std::string_view words) { return count_words(root, words) > 0; }

struct text_box {
  double left;
  double top;
  double right;
  double bottom;
  std::string words;
};

/// Where the upright texts of a picture stand.
inline std::vector<text_box> text_boxes(const element& root) {
  std::vector<text_box> boxes;
  for_each_element(root, [&](const element& e) {
    if (e.name != "text" || e.attributes.contains("transform") || e.words.empty()) return;
    const double size = e.number("font-size");
    const double width = nascent::text_width(e.words, size, e.attributes.contains("font-weight"));
    const std::string anchor = e.attribute("text-anchor");
    const double left = e.number("x") - (anchor == "end" ? width : anchor == "middle" ? width / 2 : 0);
    boxes.push_back({left, e.number("y") - 0.72 * size, left + width, e.number("y") + 0.2 * size, e.words});
  });
  return boxes;
}

/// The first pair of texts that overlap, or a text that leaves the page; empty where all is well.
inline std::string layout_fault(const element& root) {
  const auto boxes = text_boxes(root);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    const text_box& a = boxes[i];
    if (a.left < 0 || a.top < 0 || a.right > root.number("width") || a.bottom > root.number("height"))
      return "'" + a.words + "' leaves the page";
    for (std::size_t j = 0; j < i; ++j) {
      const text_box& b = boxes[j];
      if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
        return "'" + a.words + "' covers '" + b.words + "'";
    }
  }
  return "";
}

}  // namespace test
