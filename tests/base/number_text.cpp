// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/number_text.hpp"

#include <cmath>
#include <limits>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

TEST_CASE("a number as text: exact, with so many decimals, with so many digits") {
  CHECK(exact_text(.0625) == "0.0625");
  CHECK(fixed_text(8, 2) == "8.00");
  CHECK(fixed_text(-.004, 2) == "-0.00");
  CHECK(fixed_text(1e300, 1).size() == 303);
  CHECK(rounded_text(8) == "8");
  CHECK(rounded_text(8.126) == "8.13");
  CHECK(rounded_text(1200) == "1200");
  CHECK(rounded_text(-.001) == "0");
  CHECK(significant_text(8.0612, 3) == "8.06");
  CHECK(significant_text(.012345, 3) == "0.0123");
  CHECK(significant_text(1234.6, 3) == "1235");
  CHECK(significant_text(999.6, 3) == "1000");
  CHECK(significant_text(99.96, 3) == "100");
  CHECK(significant_text(8, 3) == "8.00");
  CHECK(significant_text(-2.5, 1) == "-2");
  CHECK(significant_text(3.2e24, 3) == "3.20e24");
  CHECK(significant_text(1.5e-7, 3) == "1.50e-7");
  CHECK(significant_text(0) == "0");
}

TEST_CASE("what is no number is said") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(exact_text(infinity) == "inf");
  CHECK(significant_text(-infinity) == "-inf");
  CHECK(fixed_text(std::nan(""), 2) == "nan");
  CHECK(rounded_text(std::nan("")) == "nan");
  CHECK(significant_text(std::nan("")) == "nan");
}
