// SPDX-License-Identifier: Apache-2.0
// The spaces of the literature as files: written, read, declared in C++ out of the file, compiled, and the same again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "../temporary_folder.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/io/build_space.hpp"
#include "nascent/io/space_file.hpp"
#include "nascent/io/zoo_blocks.hpp"
#include "nascent/zoo/spaces.hpp"

#ifndef NASCENT_TEST_COMPILER
#define NASCENT_TEST_COMPILER "c++"
#endif

using namespace nascent;

TEST_CASE("spaces of the literature are the same in a file") {
  const block_catalogue blocks = zoo_blocks();
  zoo::for_each_space([&](std::string_view key, const auto& space) {
    INFO(key);
    const json file = write_space(space, blocks);
    CHECK(file.at("size") == to_decimal(space.size()).c_str());
    const space_description read = read_space(parse_json(json_text(file)), blocks);
    CHECK(write_space(read) == file);
    CHECK(write_space(read_space(write_space(read), blocks)) == file);
  });
}

TEST_CASE("spaces of the literature are the same spaces when their files are compiled", "[long]") {
  const block_catalogue blocks = zoo_blocks();
  const test::temporary_folder folder;
  constexpr std::uint64_t seed = 20;
  INFO("seed " << seed);
  random_engine rng(seed);
  zoo::for_each_space([&](std::string_view key, const auto& space) {
    INFO(key);
    const any_space built = build_space(read_space(write_space(space, blocks), blocks), blocks,
                                        {.compiler = NASCENT_TEST_COMPILER, .flags = "-O0", .cache = folder.path()});
    CHECK(std::string(built.name()) == space.name());
    CHECK(built.size() == space.size());
    REQUIRE(built.slot_count == space.slot_count);
    for (std::size_t k = 0; k < space.slot_count; ++k) {
      const slot_info a = space.slot(k);
      const slot_info b = built.slot(k);
      REQUIRE(a.path.view() == b.path.view());
      REQUIRE((a.role == b.role && a.options == b.options && a.parent == b.parent));
      for (int o = 0; o < a.options; ++o) REQUIRE(space.value(k, o) == built.value(k, o));
    }
    for (int i = 0; i < 200; ++i) {
      const auto c = space.sample(rng);
      const auto same = built.unrank(space.rank(c));
      REQUIRE(std::equal(same.digits.begin(), same.digits.end(), c.digits.begin(), c.digits.end()));
      REQUIRE(built.rank(same) == space.rank(c));
      REQUIRE(count(built, same) == count(c));
    }
  });
}
