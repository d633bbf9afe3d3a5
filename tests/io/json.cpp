// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/json.hpp"

#include <limits>
#include <string>

#include "../space/run_time_space.hpp"
#include "../temporary_folder.hpp"
#include "spaces.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/base/random.hpp"
#include "nascent/io/quantization_json.hpp"
#include "nascent/space/to_network.hpp"

using namespace nascent;

namespace {

template <class Space>
std::string fault_of(const Space& s, const json& j) {
  try {
    static_cast<void>(candidate_from_json(s, j));
  } catch (const json_error& e) {
    return e.what();
  }
  return "";
}

template <class Space>
void check_round_trips(const Space& s, int samples) {
  random_engine rng(5);
  for (int i = 0; i < samples; ++i) {
    const auto c = s.sample(rng);
    const json j = json::parse(json(c).dump());
    CHECK(candidate_from_json(s, j) == c);
    CHECK(candidate_from_json(s, nlohmann::json(c)) == c);  // the other order of keys too
    json only_rank = j;
    only_rank.erase("decisions");
    CHECK(candidate_from_json(s, only_rank) == c);
  }
}

TEST_CASE("candidates survive the way through text") {
  check_round_trips(test::gpunet, 200);
  check_round_trips(test::mixed, 200);
  check_round_trips(test::odd, 50);
  check_round_trips(test::efficientnet_b0, 1);
}

TEST_CASE("to_json of one argument is what JSON makes of it") {
  const auto c = test::gpunet.unrank(12345);
  CHECK(to_json(c) == json(c));
  CHECK(to_json(c)["rank"] == "12345");
  CHECK(to_json(to_network(c)) == json(to_network(c)));
  CHECK(to_json(count(c))["macs"].get<std::int64_t>() == count(c).macs);
  CHECK(to_json(scaled(c, {.depth = 2}))["scale"]["depth"] == 2);
}

TEST_CASE("a candidate is a space, a size, a rank, and decisions by path with their values") {
  const json j = test::gpunet.unrank(test::gpunet.size() - 1);
  CHECK(j["space"] == "GPUNet");
  CHECK(j["size"] == to_decimal(test::gpunet.size()).c_str());
  CHECK(j["rank"] == to_decimal(test::gpunet.size() - 1).c_str());
  CHECK(j["decisions"]["input.resolution"].is_number_integer());
  CHECK(j["decisions"]["stem.act"].is_string());
  CHECK(j["decisions"]["2.se"].is_number());
  const json empty = test::gpunet.unrank(0);
  CHECK_FALSE(empty["decisions"].contains("5.kernel"));  // a stage without layers decides nothing
  CHECK(empty["decisions"]["5.layers"] == 0);
}

TEST_CASE("decisions alone are enough where they are told apart") {
  json j = test::gpunet.unrank(12345);
  j.erase("rank");
  j.erase("size");
  j.erase("space");
  CHECK(candidate_from_json(test::gpunet, j) == test::gpunet.unrank(12345));
  j["decisions"]["2.kernel"] = 3.0;  // the same number
  CHECK(fault_of(test::gpunet, j) == "");
}

TEST_CASE("values keep all their digits and their kind") {
  constexpr auto close = define([] {
    return search_space("close").input(3, 16).stage("1", mbconv{.filters = 16,
                                                                .se = one_of(.0625, .0626, .1 + .2, .3),
                                                                .act = one_of(relu, swish),
                                                                .always_expand = one_of(false, true)});
  });
  for (uint128 r = 0; r < close.size(); ++r) {
    json j = json::parse(json(close.unrank(r)).dump());
    j.erase("rank");
    CHECK(candidate_from_json(close, j) == close.unrank(r));
  }
  json j = close.unrank(0);
  CHECK(j["decisions"]["1.se"] == .0625);
  CHECK(j["decisions"]["1.always_expand"] == false);
  j.erase("rank");
  j["decisions"]["1.se"] = .06;
  CHECK(fault_of(close, j) ==
        "nascent: JSON at '/decisions/1.se': found 0.06; allowed: 0.0625, 0.0626, "
        "0.30000000000000004, 0.3");
  j["decisions"]["1.se"] = .0625;
  j["decisions"]["1.always_expand"] = 0;
  CHECK(fault_of(close, j) == "nascent: JSON at '/decisions/1.always_expand': found 0; allowed: false, true");
}

TEST_CASE("candidates of a space made at run time") {
  const test::listed_space s = test::make_listed_space();
  for (uint128 r = 0; r < s.size(); ++r) {
    json j = json::parse(candidate_json(s, s.unrank(r)).dump());
    CHECK(candidate_from_json(s, j) == s.unrank(r));
    j.erase("rank");
    CHECK(candidate_from_json(s, j) == s.unrank(r));
  }
  json j = candidate_json(s, s.unrank(0));
  CHECK(j["decisions"]["b"] == 1);
  j["decisions"]["b"] = 4;
  CHECK(fault_of(s, j) == "nascent: JSON at '/decisions/b': found 4; allowed: 1, 3, 5, 7");
}

TEST_CASE("what does not fit is refused with its path, what was found, and what is allowed") {
  random_engine rng(1);
  auto c = test::gpunet.sample(rng);
  while (!test::gpunet.is_active(c, test::gpunet.find("5.kernel"))) c = test::gpunet.sample(rng);
  const json good = c;
  json j = good;
  j.erase("rank");
  j["decisions"]["2.kernel"] = 4;
  CHECK(fault_of(test::gpunet, j) == "nascent: JSON at '/decisions/2.kernel': found 4; allowed: 3, 5");
  j["decisions"]["2.kernel"] = "3";
  CHECK(fault_of(test::gpunet, j) == "nascent: JSON at '/decisions/2.kernel': found \"3\"; allowed: 3, 5");
  j["decisions"].erase("2.kernel");
  CHECK(fault_of(test::gpunet, j) ==
        "nascent: JSON at '/decisions/2.kernel': found nothing; allowed: one of its values, because this decision "
        "takes part");
  j["decisions"]["2.kernel"] = 3;
  j["decisions"]["9.kernel"] = 3;
  CHECK(fault_of(test::gpunet, j) ==
        "nascent: JSON at '/decisions/9.kernel': found an unknown decision; allowed: paths of decisions of the space "
        "'GPUNet'");
  j["decisions"].erase("9.kernel");
  CHECK(fault_of(test::gpunet, j) == "");
  j["decisions"]["5.layers"] = 0;
  CHECK(fault_of(test::gpunet, j).starts_with("nascent: JSON at '/decisions/5.filters': found "));
  CHECK(fault_of(test::gpunet, j).ends_with("allowed: nothing, because '5.layers' is 0"));
}

TEST_CASE("rank, size and space must agree with the decisions and with the declaration") {
  const json good = test::gpunet.unrank(1000);
  json j = good;
  j["decisions"]["input.resolution"] = j["decisions"]["input.resolution"] == 224 ? 256 : 224;
  CHECK(fault_of(test::gpunet, j).find("/decisions/input.resolution") != std::string::npos);
  CHECK(fault_of(test::gpunet, j).find("as the rank says; correct one of the two or remove the rank") !=
        std::string::npos);
  j = good;
  j["size"] = "7";
  CHECK(fault_of(test::gpunet, j).find("the declaration has changed since the file was written") != std::string::npos);
  j = good;
  j["space"] = "Other";
  CHECK(fault_of(test::gpunet, j) == "nascent: JSON at '/space': found \"Other\"; allowed: 'GPUNet'");
  for (const json& rank : {json("x"), json(""), json(-1), json("-1"), json(12),
                           json(to_decimal(test::gpunet.size()).c_str()), json(std::string(50, '9')), json()}) {
    INFO(rank.dump());
    j = good;
    j["rank"] = rank;
    CHECK(fault_of(test::gpunet, j).find("JSON at '/rank'") != std::string::npos);
  }
}

TEST_CASE("JSON of another form is refused, not misread") {
  for (const json& j :
       {json(), json(3), json::array(), json("GPUNet"), json::object(), json{{"decisions", 5}},
        json{{"decisions", json::object()}}, json{{"decisions", {{"2.kernel", json::array({1, 2})}}}}}) {
    INFO(j.dump());
    CHECK(fault_of(test::gpunet, j).starts_with("nascent: JSON at '"));
  }
}

TEST_CASE("decisions that break a constraint are refused") {
  random_engine rng(1);
  for (int i = 0; i < 20; ++i) {
    json j = test::mixed.sample(rng);
    j.erase("rank");
    j["decisions"]["b.filters"] = 96;
    j["decisions"]["d.filters"] = 88;
    CHECK(fault_of(test::mixed, j).find("JSON at '/decisions': found decisions that do not fit together") !=
          std::string::npos);
  }
}

TEST_CASE("images and strides whose rows and columns differ are sizes in candidates and pairs in layers") {
  static constexpr auto sound = define([] {
    return search_space("sound")
        .input(1, one_of(image_size{16, 48}, image_size{32, 96}))
        .stage("1", conv{.filters = 8})
        .stride(one_of(strides{1, 2}, strides{2, 2}))
        .head(global_pool{}, dense{5});
  });
  for (uint128 r = 0; r < sound.size(); ++r) {
    const auto c = sound.unrank(r);
    const json j = json::parse(json(c).dump());
    CHECK(candidate_from_json(sound, j) == c);
    CHECK(j["decisions"]["input.resolution"] == (c.digits[0] == 0 ? "16x48" : "32x96"));
    const json g = to_network(sound, c);
    const bool both = c.digits[1] == 1;
    CHECK(g["layers"][0]["stride"] == (both ? json(2) : json{1, 2}));
    CHECK(g["layers"][0]["padding"] == (both ? json{0, 0, 1, 1} : json{1, 0, 1, 1}));
  }
}

TEST_CASE("counts, costs and networks hold their numbers") {
  const auto small = test::small.unrank(77);
  const counts n = count(small);
  CHECK(json(n).dump() == "{\"params\":" + std::to_string(n.params) + ",\"macs\":" + std::to_string(n.macs) +
                              ",\"layers\":" + std::to_string(n.layers) + "}");
  const json j = cost(small, {.type = data_type::bf16, .batch = 2});
  CHECK(j["batch"] == 2);
  CHECK(j["traffic_bytes"] == cost(small, {.type = data_type::bf16, .batch = 2}).traffic);
  CHECK(j["operational_intensity"].get<double>() ==
        cost(small, {.type = data_type::bf16, .batch = 2}).operational_intensity());

  const network graph = to_network(test::efficientnet_b0.only());
  const json g = graph;
  CHECK(g["name"] == "EfficientNet-B0");
  CHECK(g["params"] == 5288548);
  CHECK(g["input"].dump() == R"({"batch":1,"height":224,"width":224,"channels":3})");
  REQUIRE(g["layers"].size() == graph.layers().size());
  CHECK(g["layers"][0]["stage"] == "stem");
  CHECK(g["layers"][0]["kind"] == "convolution");
  CHECK(g["layers"][0]["kernel"] == json::array({3, 3}));
  CHECK(g["layers"][0]["stride"] == 2);
  CHECK(g["layers"][0]["output"]["channels"] == 32);
  CHECK(g["layers"].back()["bias"] == true);
  std::int64_t macs = 0;
  for (const json& l : g["layers"]) {
    macs += l["macs"].get<std::int64_t>();
    for (const json& operand : l["operands"]) CHECK(operand.get<int>() < l["tensor"].get<int>());
  }
  CHECK(macs == 385814752);
  const json& blocks = g["blocks"];
  REQUIRE(blocks.size() == graph.blocks().size());
  CHECK(blocks[1]["stage"] == "1");
  CHECK(blocks[1]["block"] == "mbconv");
  CHECK(blocks[1]["first_tensor"] == 2);
  CHECK(blocks[1]["last_tensor"] == 7);
  CHECK(blocks[1]["fields"]["filters"] == 16);
  CHECK(blocks[1]["fields"]["se"] == .25);
  CHECK(blocks[1]["fields"]["act"] == "swish");
  CHECK(blocks[1]["fields"]["always_expand"] == false);
  CHECK(blocks[2]["block"] == "squeeze_excitation");
  CHECK(blocks[2]["part_of"] == 1);
}

TEST_CASE("a layer's JSON is enough to compute it: padding as numbers, the first channel of a slice") {
  const network graph = make_network("windows", {1, 15, 14, 6}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 8, .kernel = {3, 5}, .stride = 2});  // SAME: odd rest goes after the map
    x = net.conv(x, {.filters = 8, .kernel = 3, .stride = 2, .pad = padding::symmetric});
    x = net.conv(x, {.filters = 8, .kernel = 3, .dilation = 2});
    x = net.max_pool(x, {.kernel = 2, .stride = 2, .pad = padding::valid});
    return net.slice(x, 3, 4);
  });
  const json layers = json(graph)["layers"];
  // TensorFlow's rule: in total (ceil(size / stride) - 1) * stride + kernel - size; 15 px and 3: 2; 14 px and 5: 3.
  CHECK(layers[0]["padding"] == json::array({1, 1, 1, 2}));
  CHECK(layers[1]["padding"] == json::array({1, 1, 1, 1}));
  CHECK(layers[2]["padding"] == json::array({2, 2, 2, 2}));
  CHECK(layers[3]["padding"] == json::array({0, 0, 0, 0}));
  CHECK_FALSE(layers[4].contains("padding"));
  CHECK(layers[4]["first_channel"] == 3);
}

TEST_CASE("a layer's JSON says the numbers of its activation where they are not the usual ones") {
  const network graph = make_network("acts", {1, 8, 8, 4}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 8, .act = leaky_relu});
    x = net.conv(x, {.filters = 8, .act = {leaky_relu, 0.2}});
    x = net.activate(x, {activation::clamp, -std::numeric_limits<double>::infinity(), 20});
    return net.prelu(x);
  });
  const json layers = json::parse(json(graph)["layers"].dump());
  CHECK_FALSE(layers[0].contains("act_numbers"));
  CHECK(layers[1]["act_numbers"] == json::array({0.2}));
  CHECK(layers[2]["act_numbers"] == json::array({nullptr, 20}));
  CHECK(layers[3]["kind"] == "prelu");
  CHECK(layers[3]["params"] == 8);
  CHECK_FALSE(layers[3].contains("bias"));
}

TEST_CASE("files are written whole, and read with their faults named") {
  const test::temporary_folder folder;
  write_json(folder / "a.json", json{{"n", 1}});
  CHECK(read_json(folder / "a.json")["n"] == 1);
  write_file(folder / "b.json", "{\"n\": ");
  CHECK_THROWS_AS(read_json(folder / "b.json"), json_error);
  CHECK_THROWS_AS(read_json(folder / "none.json"), file_error);
  write_file(folder / "deep.json", std::string(1'000'000, '[') + std::string(1'000'000, ']'));
  CHECK_THROWS_AS(read_json(folder / "deep.json"), json_error);
  write_file(folder / "less_deep.json", std::string(100, '[') + std::string(100, ']'));
  CHECK(read_json(folder / "less_deep.json").is_array());
}

TEST_CASE("a key that stands twice in one group is refused: only one of the two could be read") {
  CHECK_THROWS_WITH(parse_json(R"({"a": 1, "b": {"a": 2}, "a": 3})"),
                    "nascent: JSON at '/a': found this key twice in one group; allowed: each key once");
  CHECK_THROWS_WITH(parse_json(R"({"l": [{"x": 1}, {"x": 1, "y": [1, {"z": 1}], "x": 2}]})"),
                    Catch::Matchers::ContainsSubstring("'/l/x'"));
  CHECK(parse_json(R"({"l": [{"x": 1}, {"x": 1}], "x": {"x": {"x": 1}}})").size() == 2);
  CHECK_THROWS_AS(parse_json("{\"a\": \"\xff\"}"), json_error);  // no UTF-8
  CHECK_THROWS_AS(parse_json("1e999"), json_error);
}

}  // namespace

TEST_CASE("a text that is not UTF-8 is refused where it stands, and nothing is written") {
  const test::temporary_folder folder;
  const auto refused = [&](const json& j) -> std::string {
    try {
      write_json(folder / "x.json", j);
    } catch (const json_error& e) {
      return e.what();
    }
    return "";
  };
  CHECK(refused(json{{"rows", json::array({json{{"name", "good"}}, json{{"name", "\xff\xfe"}}})}}) ==
        "nascent: JSON at '/rows/1/name': found text that is not UTF-8; allowed: UTF-8; give the name in it");
  CHECK(refused(json("\xc3")) ==
        "nascent: JSON at '/': found text that is not UTF-8; allowed: UTF-8; give the name in it");
  CHECK(refused(json{{"a", json{{"\xff", 1}}}}).find("at '/a/ (a key)'") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "x.json"));
  CHECK(refused(json{{"name", "\xc3\xa4"}}).empty());
  CHECK(read_json(folder / "x.json")["name"] == "\xc3\xa4");
}

TEST_CASE("what a calibration found comes back from JSON bit by bit, and faults are named by place") {
  using Catch::Matchers::ContainsSubstring;
  const network graph = to_network(test::efficientnet_b0.only());
  activation_ranges ranges = assumed_ranges(graph);
  ranges.maps[3] = {-1.0F / 3, 1e-30F};
  const json j = ranges;
  CHECK(activation_ranges_from_json(parse_json(json_text(j))) == ranges);
  const auto refusal = [](json wrong) {
    try {
      static_cast<void>(activation_ranges_from_json(wrong));
    } catch (const json_error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  json wrong = j;
  wrong["maps"][2] = {3, 1};
  CHECK_THAT(refusal(wrong), ContainsSubstring("'/maps/2'") && ContainsSubstring("the lower one first"));
  wrong["maps"][2] = {1};
  CHECK_THAT(refusal(wrong), ContainsSubstring("'/maps/2'") && ContainsSubstring("two numbers"));
  wrong["maps"][2] = {1, 1e300};
  CHECK_THAT(refusal(wrong), ContainsSubstring("'/maps/2/1'"));
  wrong = j;
  wrong["network"] = 7;
  CHECK_THAT(refusal(wrong), ContainsSubstring("'/network'"));
}
