// SPDX-License-Identifier: Apache-2.0
#include "nascent/report/picture.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "../io/spaces.hpp"
#include "xml.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/space/to_network.hpp"

using namespace nascent;

namespace {

/// Every stage, block type and value of every choice is written in the picture.
template <class Space>
void check_all_is_said(const Space& s, const test::element& root) {
  for (std::size_t i = 0; i < Space::stage_count; ++i) {
    INFO(Space::stage(i).view());
    CHECK(test::says(root, Space::stage(i).view()));
  }
  for (std::size_t k = 0; k < Space::slot_count; ++k) {
    const int options = Space::slot(k).options;
    for (int o = 0; o < options && options <= 40; ++o) {
      INFO(Space::slot(k).path.view() << " = " << Space::value(k, o).text().view());
      CHECK(test::says(root, Space::value(k, o).text().view()));
    }
  }
  CHECK(test::says(root, s.name()));
}

TEST_CASE("the picture of GPUNet's space shows every stage and every choice") {
  const test::element root = test::read_xml(to_svg(test::gpunet));
  check_all_is_said(test::gpunet, root);
  CHECK(test::layout_fault(root) == "");
  CHECK(test::says(root, "= stem.filters"));
  CHECK(test::says(root, "1.06e24 networks \xC2\xB7 43 decisions \xC2\xB7 8 stages"));
  CHECK(test::says(root, "exactly " + detail::grouped_digits(to_decimal(test::gpunet.size()).c_str())));
  CHECK(test::says(root, "resolution"));
  CHECK(test::count_words(root, "mbconv") == 4);  // four stages; what they have in common is as usual, and left out
  CHECK(test::says(root, "1792"));
  CHECK(test::says(root, "1000"));
  CHECK(test::says(root, "takes its value from"));
  CHECK_FALSE(test::says(root, "skip connection"));
  // A value is written as often as it can be chosen: 416 as a resolution and in stage 6.
  CHECK(test::count_words(root, "416") == 2);
}

TEST_CASE("alternatives, independent layers, ties, strides, skip connections and constraints are shown") {
  const test::element root = test::read_xml(to_svg(test::mixed));
  check_all_is_said(test::mixed, root);
  CHECK(test::layout_fault(root) == "");
  for (const char* words :
       {"skip", "fused_mbconv", "each layer chooses", "one for all layers", "= width", "adds the output of", "none",
        "64 values", "b.filters \xE2\x89\xA4 d.filters  (408 of 448 combinations)", "skip connection",
        "skip connection that may be chosen"}) {
    INFO(words);
    CHECK(test::says(root, words));
  }
  CHECK(test::count_words(root, "= ratio") == 3);
}

TEST_CASE("every space has a picture, however odd") {
  for (const std::string& svg :
       {to_svg(test::odd), to_svg(test::efficientnet_b0), to_svg(space_view{}),
        to_svg(define([] { return search_space("Tiny").input(1, 8).stage("only", conv{.filters = 1}); }))}) {
    const test::element root = test::read_xml(svg);
    CHECK(test::layout_fault(root) == "");
  }
  CHECK(test::says(test::read_xml(to_svg(test::efficientnet_b0)), "1 network \xC2\xB7 0 decisions \xC2\xB7 8 stages"));
}

TEST_CASE("DOT names every layer, every stage and every link") {
  const network graph = to_network(test::mixed.unrank(0));
  const std::string dot = to_dot(graph);
  const auto contains = [](const std::string& all, const std::string& part) {
    return all.find(part) != std::string::npos;
  };
  CHECK(contains(dot, "digraph \"Mixed <space> & more\" {"));
  for (std::size_t i = 0; i < graph.layers().size(); ++i)
    CHECK(contains(dot, "  t" + std::to_string(i + 1) + " [label="));
  for (const char* stage : {"stem", "a", "b", "narrow", "own", "d"})
    CHECK(contains(dot, std::string("label=\"") + stage + "\""));
  CHECK(contains(dot, "-> t" + std::to_string(graph.layers().size()) + ";"));
  const std::string of_space = to_dot(test::mixed);
  for (const char* part : {"resolution {192, 224, 256}", "filters = width", "filters {8, 16, 24, ..., 512}",
                           "style=dotted", "style=dashed", "skip from {none, stem, b}", "each chooses"}) {
    INFO(part);
    CHECK(contains(of_space, part));
  }
  for (const std::string& text_of : {dot, of_space}) {
    CHECK(std::count(text_of.begin(), text_of.end(), '{') > 0);
    CHECK(std::count(text_of.begin(), text_of.end(), '"') % 2 == 0);
  }
  CHECK(detail::dot_quoted("a\"b\\c\nd") == R"("a\"b\\c\nd")");
}

}  // namespace

TEST_CASE("what a block has where nothing is said is left out of the picture, what is said is not") {
  constexpr auto one = define([] {
    return search_space("one")
        .input(3, 64)
        .stage("plain", mbconv{.filters = 16, .se = .25})
        .layers(range(1, 2))
        .head(global_pool{}, dense{10});
  });
  const test::element root = test::read_xml(to_svg(one));
  CHECK(test::says(root, "se 0.25"));
  constexpr auto other = define([] {
    return search_space("other")
        .input(3, 64)
        .stage("plain", mbconv{.filters = 16, .se = .25, .se_gate = hsigmoid})
        .layers(range(1, 2))
        .head(global_pool{}, dense{10});
  });
  CHECK(test::says(test::read_xml(to_svg(other)), "se 0.25, se_gate hsigmoid"));
}
