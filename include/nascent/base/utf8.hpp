// SPDX-License-Identifier: Apache-2.0
/// \file
/// Whether a text is UTF-8: names stand in files, pictures and pages that are.
#pragma once

#include <cstddef>
#include <string_view>

#include "nascent/base/language.hpp"

namespace nascent {

/// True where all bytes make characters of UTF-8 (RFC 3629): none cut off, none longer than it need be, no halves of
/// UTF-16's pairs.
constexpr bool is_utf8(std::string_view text) {
  const std::size_t size = text.size();
  for (std::size_t i = 0; i < size;) {
    const auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80) continue;
    const std::size_t more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4 || size - i < more) return false;
    const auto next = static_cast<unsigned char>(text[i]);
    const unsigned least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (next < least || next > most) return false;
    for (std::size_t k = 1; k < more; ++k)
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    i += more;
  }
  return true;
}

}  // namespace nascent
