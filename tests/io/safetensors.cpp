// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/safetensors.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "../temporary_folder.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace nascent;
using Catch::Matchers::ContainsSubstring;

namespace {

/// A file by hand: the format's document says eight bytes of length, JSON, numbers.
std::string file_of(const std::string& header, const std::string& data) {
  std::string all;
  for (int i = 0; i < 8; ++i) all += static_cast<char>(header.size() >> (8 * i) & 0xffU);
  return all + header + data;
}

/// As bytes, little-endian: 1.5 is 0x3fc00000 in 32 bits, 0x3e00 in 16, 0x3fc0 as bf16 (IEEE 754).
const std::string one_and_a_half_f32("\x00\x00\xc0\x3f", 4);

}  // namespace

TEST_CASE("A safetensors file that was written by hand is read") {
  const auto all = parse_safetensors(file_of(
      R"({"b":{"dtype":"F16","shape":[1,2],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
      R"("__metadata__":{"format":"pt"},"c":{"dtype":"BF16","shape":[],"data_offsets":[8,10]},)"
      R"("none":{"dtype":"F32","shape":[3,0],"data_offsets":[10,10]},)"
      R"("d":{"dtype":"F64","shape":[1],"data_offsets":[10,18]}}   )",
      one_and_a_half_f32 + std::string("\x00\x3e\x00\xbe", 4) + std::string("\xc0\x3f", 2) +
          std::string("\x00\x00\x00\x00\x00\x00\xf8\x3f", 8)));
  REQUIRE(all.size() == 5);
  CHECK(all[0].name == "a");  // in the order of their numbers
  CHECK(numbers_of(all[0]) == std::vector<float>{1.5F});
  CHECK(numbers_of(all[1]) == std::vector<float>{1.5F, -1.5F});
  CHECK(all[1].shape == std::vector<std::int64_t>{1, 2});
  CHECK(numbers_of(all[2]) == std::vector<float>{1.5F});
  CHECK(all[2].shape.empty());
  CHECK(all[3].name == "none");
  CHECK(numbers_of(all[4]) == std::vector<float>{1.5F});
}

TEST_CASE("A safetensors file comes back as it was written") {
  const test::temporary_folder folder;
  const auto path = folder.path() / "two.safetensors";
  const float tiny = std::numeric_limits<float>::denorm_min();
  write_safetensors(path, {make_safetensor("x", {2, 2}, {1, -2, 0.1F, tiny}),
                           {"count", "I64", {}, std::string("\x07\0\0\0\0\0\0\0", 8)}});
  const std::string content = read_file(path);
  CHECK((8 + static_cast<unsigned char>(content[0]) + 256 * static_cast<unsigned char>(content[1])) % 8 == 0);
  const auto back = read_safetensors(path);
  REQUIRE(back.size() == 2);
  CHECK(numbers_of(back[0]) == std::vector<float>{1, -2, 0.1F, tiny});
  CHECK(back[1].bytes == std::string("\x07\0\0\0\0\0\0\0", 8));
  CHECK_THROWS_WITH(numbers_of(back[1]), ContainsSubstring("I64") && ContainsSubstring("'count'"));
  CHECK_THROWS_WITH(read_safetensors(folder.path() / "none"), ContainsSubstring("none"));
  CHECK_THROWS_AS(read_safetensors(folder.path()), file_error);
}

TEST_CASE("The metadata of a safetensors file are texts by name") {
  const safetensors_metadata said{{"format", "pt"}, {"quoted", "a \"b\""}};
  const std::string content = to_safetensors({make_safetensor("x", {1}, {1.5F})}, said);
  CHECK(parse_safetensors_metadata(content) == said);
  CHECK(parse_safetensors(content).size() == 1);
  CHECK(parse_safetensors_metadata(file_of(R"({"__metadata__":{"format":"pt"}})", "")) ==
        safetensors_metadata{{"format", "pt"}});
  CHECK(parse_safetensors_metadata(to_safetensors({})).empty());
  CHECK_THROWS_AS(parse_safetensors_metadata(file_of(R"({"__metadata__":{"epoch":3}})", "")), error);
  CHECK_THROWS_AS(parse_safetensors_metadata(file_of(R"({"__metadata__":[]})", "")), error);
  CHECK_THROWS_AS(parse_safetensors_metadata("1234567"), error);
}

TEST_CASE("What is no safetensors file is refused") {
  const auto refused = [](const std::string& content) {
    CAPTURE(content);
    CHECK_THROWS_AS(parse_safetensors(content), error);
  };
  refused("");
  refused("1234567");
  refused(std::string(8, '\xff') + "{}");  // a length beyond the file
  refused(file_of("", ""));                // no JSON
  refused(file_of("[]", ""));              // no object
  refused(file_of("{}", "more"));          // bytes of no tensor
  refused(file_of(R"({"a":3})", ""));
  refused(file_of(R"({"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}})", "1234"));
  refused(file_of(R"({"a":{"dtype":"F32","shape":[1]}})", "1234"));
  const std::string shape = GENERATE("[2]", "[-1]", "[1.5]", "1", "[9223372036854775807, 9223372036854775807]",
                                     "[4294967296, 4294967296]", "[\"1\"]");
  refused(file_of(R"({"a":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":[0,4]}})", "1234"));
  const std::string offsets = GENERATE("[0]", "[4,0]", "[0,8]", "[-4,0]", "[1,5]", "{}", "[0,4,8]");
  refused(file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + offsets + "}}", "1234"));
  // Two in one place, and a gap between two.
  const auto two = [](const std::string& second) {
    return file_of(
        R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":)" +
            second + "}}",
        "123456789012");
  };
  refused(two("[0,4]"));
  refused(two("[8,12]"));
  CHECK_THROWS_WITH(parse_safetensors(two("[8,12]"), "w.safetensors"),
                    ContainsSubstring("'w.safetensors'") && ContainsSubstring("'b'") && ContainsSubstring("from 8"));
  CHECK_THROWS_WITH(to_safetensors({make_safetensor("a", {3}, {1, 2})}), ContainsSubstring("found 8 bytes"));
  CHECK_THROWS_WITH(to_safetensors({make_safetensor("a", {1}, {1}), make_safetensor("a", {1}, {2})}),
                    ContainsSubstring("twice"));
}
