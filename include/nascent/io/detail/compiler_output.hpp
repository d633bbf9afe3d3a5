// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a compiler printed about a declaration, as one error.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "nascent/io/detail/description_checks.hpp"

namespace nascent::detail {

/// The texts that ride along in the type of a refusal: literal<22>{"stage 1, field stride"}, ..., without repetitions.
inline std::vector<std::string> literals_in(std::string_view output) {
  std::vector<std::string> all;
  for (std::size_t at = output.find("literal<"); at != std::string_view::npos; at = output.find("literal<", at + 1)) {
    const std::size_t begin = output.find('"', at);
    if (begin == std::string_view::npos || begin > at + 24) continue;
    std::string text;
    for (std::size_t i = begin + 1; i < output.size() && output[i] != '"'; ++i) {
      if (output[i] == '\\' && i + 1 < output.size()) ++i;
      text += output[i];
    }
    if (!all.empty() && text == all[0]) break;  // the same refusal, once more
    all.push_back(text);
  }
  return all;
}

/// The pointer to "stage 1, field filters" in the file of a description; "" where the place is none of its.
inline std::string pointer_to(const space_description& d, const block_catalogue& blocks, const std::string& place) {
  if (place.starts_with("constraint ")) return "/constraints/" + place.substr(11);
  const std::vector<std::string> pointers = stage_pointers(d);
  const described_facts facts(d, blocks, pointers);
  const std::size_t comma = place.find(", field ");
  const std::string stage = place.substr(0, comma);
  const std::string field = comma == std::string::npos ? "" : place.substr(comma + 8);
  for (std::size_t i = 1; i < facts.size(); ++i) {
    const std::string name(facts.names()[i].view());
    if (stage != "stage " + name && stage != "choice " + name) continue;
    if (field.empty()) return pointers[i - 1];
    if (field == "stride" || field == "layers" || field == "skip") return pointers[i - 1] + "/" + field;
    const described_stage& s = d.stages[i - 1];
    for (std::size_t a = 0; a < s.blocks.size(); ++a)
      if (blocks.find(s.blocks[a].name)->find(field) != nullptr)
        return block_pointer(pointers[i - 1], s, a) + "/" + field;
    return pointers[i - 1];
  }
  return "";
}

/// The first sentence of the library, with the texts that say where; without one the compiler's first error.
inline declaration_error refusal_of(const space_description& d, const block_catalogue& blocks,
                                    const std::string& output) {
  const auto line_at = [&](std::size_t at) {
    std::string line = output.substr(at, output.find('\n', at) - at);
    while (!line.empty() && (line.back() == '"' || line.back() == '\'' || line.back() == ' ')) line.pop_back();
    return line;
  };
  std::string place;
  std::string found;
  std::string allowed;
  for (const std::string& text : literals_in(output)) {
    const auto add = [&](std::string& to, std::size_t begin) { to += (to.empty() ? "" : ", ") + text.substr(begin); };
    if (text.starts_with("found ")) add(found, 6);
    else if (text.starts_with("allowed: ")) add(allowed, 9);
    else if (found.empty()) add(place, 0);  // clang has a long place in pieces
  }
  const std::size_t sentence = output.find("nascent: ");
  if (sentence != std::string::npos && !found.empty()) {
    const std::string advice = line_at(sentence + 9);
    return {fault::none, pointer_to(d, blocks, place), place, found, allowed + "; " + advice, output};
  }
  std::string first = "nothing that the compiler said";
  if (sentence != std::string::npos) first = line_at(sentence + 9);
  else if (const std::size_t error = output.find("error: "); error != std::string::npos) first = line_at(error + 7);
  return {fault::none, "", "space " + d.name, first, "a declaration that compiles; `output` has all that was printed",
          output};
}

}  // namespace nascent::detail
