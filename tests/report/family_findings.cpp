// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/family_findings.hpp"

#include <string>
#include <vector>

#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_vector.hpp>

using namespace nascent;
using Catch::Approx;
using Catch::Matchers::Equals;

namespace {

reported_network made(const std::string& name, const std::string& family, double ms, double top1, std::int64_t macs) {
  return {.name = name,
          .family = family,
          .cost = {.macs = macs},
          .measured = {.time = {.median_ms = ms}},
          .accuracy = {.top1 = top1}};
}

/// Old-B0 to B2 at 1, 4 and 16 ms with 70, 74 and 76 %; another one alone; the family from `base` on.
family_report against_old(const std::vector<reported_network>& family) {
  family_report r{.networks = {made("Old-B0", "Old", 1, 70, 1), made("Old-B2", "Old", 16, 76, 9),
                               made("Old-B1", "Old", 4, 74, 3), made("Alone", "Alone", 3, 60, 2)},
                  .base = 4};
  r.networks.insert(r.networks.end(), family.begin(), family.end());
  return r;
}

}  // namespace

TEST_CASE("a family's accuracy at a time lies between its neighbours, along the logarithm of time") {
  const family_report r = against_old({made("New-B0", "", 1, 71, 1)});
  CHECK(top1_at(r, "Old", 1) == 70);
  CHECK(top1_at(r, "Old", 16) == 76);
  CHECK(*top1_at(r, "Old", 2) == Approx(72));  // halfway from 1 to 4
  CHECK(*top1_at(r, "Old", 8) == Approx(75));
  CHECK(!top1_at(r, "Old", 0.99));
  CHECK(!top1_at(r, "Old", 16.1));
  CHECK(!top1_at(r, "Alone", 4));
  CHECK(top1_at(r, "Alone", 3) == 60);
}

TEST_CASE("a family above another one is said to be so, by how much") {
  CHECK_THAT(
      findings_of(against_old({made("B0", "", 2, 72.5, 1), made("B1", "", 8, 76, 2), made("B2", "", 20, 76, 3)})),
      Equals(std::vector<std::string>{"B0, B1: 0.50 to 1.00 points of estimated top-1 above Old at the same time."}));
}

TEST_CASE("a network that is faster than all of another family is held against its fastest") {
  CHECK_THAT(findings_of(against_old({made("New, B0", "New", 0.5, 69, 1), made("New, B1", "New", 4, 74, 2)})),
             Equals(std::vector<std::string>{"Below Old at the same time, in points of estimated top-1: B0 by 1.00."}));
}

TEST_CASE("one level below another family is named") {
  CHECK_THAT(findings_of(against_old({made("B0", "", 2, 72.5, 1), made("B1", "", 8, 74.75, 2)})),
             Equals(std::vector<std::string>{"Below Old at the same time, in points of estimated top-1: B1 by 0.25."}));
}

TEST_CASE("a network that is as good as the base is named, as is a level twice") {
  CHECK_THAT(
      findings_of(against_old({made("B0", "", 5, 74, 7), made("B1", "", 7, 75.5, 7)})),
      Equals(std::vector<std::string>{"Old-B1 is as accurate and as fast as B0: the search has not found better.",
                                      "Below Old at the same time, in points of estimated top-1: B0 by 0.32.",
                                      "B1 is the network before it: the next larger one exceeds its target."}));
}
