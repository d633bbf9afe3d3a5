// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/utf8.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

// The ends of what RFC 3629 allows, in its section 4, and a step beyond each.
static_assert(is_utf8("") && is_utf8("plain") && is_utf8("\x7F"));
static_assert(is_utf8("\xC2\x80") && is_utf8("\xDF\xBF"));
static_assert(is_utf8("\xE0\xA0\x80") && is_utf8("\xEC\xBF\xBF") && is_utf8("\xED\x9F\xBF") && is_utf8("\xEF\xBF\xBF"));
static_assert(is_utf8("\xF0\x90\x80\x80") && is_utf8("\xF3\xBF\xBF\xBF") && is_utf8("\xF4\x8F\xBF\xBF"));

TEST_CASE("bytes that are no UTF-8 are told from those that are") {
  CHECK(
      is_utf8("Gr\xC3\xB6\xC3\x9F"
              "e, \xE5\xA4\xA7\xE5\xB0\x8F"));
  for (const char* text : {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x7F", "\xC2\xC0", "\xE0\x9F\xBF",
                           "\xE1\x80", "\xE1\x80\x7F", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF", "\xF1\x80\x80",
                           "\xF1\x80\x80\xC0", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "stage \xFE"})
    CHECK_FALSE(is_utf8(text));
}
