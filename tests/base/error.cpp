// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/error.hpp"

#include <exception>
#include <new>
#include <string>
#include <type_traits>

#include <catch2/catch_test_macros.hpp>

using namespace nascent;

namespace {

struct kitchen_error : error {
  using error::error;
};

}  // namespace

TEST_CASE("an error says where, what was found, what is allowed, and has a code") {
  try {
    throw kitchen_error("kitchen.oven", detail::joined("oven ", 3, ", heat"), detail::joined(1e9),
                        "0 to 300; let it cool");
  } catch (const error& e) {
    CHECK(std::string(e.what()) == "nascent: oven 3, heat: found 1000000000; allowed: 0 to 300; let it cool");
    CHECK(e.where() == "oven 3, heat");
    CHECK(e.found() == "1000000000");
    CHECK(e.allowed() == "0 to 300; let it cool");
    CHECK(e.code() == "kitchen.oven");
  }
  CHECK_THROWS_AS(throw kitchen_error("kitchen.oven", "a", "b", "c"), std::exception);
}

TEST_CASE("long texts are kept whole, and parts may be empty") {
  const std::string path(5000, 'p');
  const error e("base.test", path, "", path);
  CHECK(e.where() == path);
  CHECK(e.found().empty());
  CHECK(e.allowed() == path);
  CHECK(std::string(e.what()) == "nascent: " + path + ": found ; allowed: " + path);
}

TEST_CASE("a copy says the same, and making it does not throw") {
  STATIC_CHECK(std::is_nothrow_copy_constructible_v<kitchen_error>);
  std::exception_ptr kept;
  {
    const kitchen_error first("kitchen.oven", "oven", "fire", "warmth");
    const kitchen_error second = first;
    kept = std::make_exception_ptr(second);
  }
  try {
    std::rethrow_exception(kept);
  } catch (const kitchen_error& e) {
    CHECK(std::string(e.what()) == "nascent: oven: found fire; allowed: warmth");
    CHECK(e.where() == "oven");
    CHECK(e.code() == "kitchen.oven");
  }
}

TEST_CASE("the sentence is the same in constant evaluation") {
  STATIC_CHECK(error_sentence("stage 1", detail::joined("se ", .0625), "0 to 1") ==
               "nascent: stage 1: found se 0.0625; allowed: 0 to 1");
  const error e("base.test", "stage 1", detail::joined("se ", .0625), "0 to 1");
  CHECK(error_sentence("stage 1", detail::joined("se ", .0625), "0 to 1") == e.what());
  STATIC_CHECK(detail::joined<8>("abc", 'd', 12) == "abcd12");
}
