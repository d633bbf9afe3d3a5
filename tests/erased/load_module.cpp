// SPDX-License-Identifier: Apache-2.0
#include "nascent/erased/load_module.hpp"

#include <cstdlib>
#include <fstream>
#include <string>

#include "../temporary_folder.hpp"
#include <catch2/catch_test_macros.hpp>

#include "nascent/search/search.hpp"
#include "nascent/space/to_network.hpp"

using namespace nascent;

TEST_CASE("spaces of a module are searched, built and refused like those of the program") {
  std::vector<any_space> spaces = load_module(NASCENT_TEST_MODULE);
  REQUIRE(spaces.size() == 2);
  const any_space tiny = spaces[0];
  spaces.clear();  // the library stays as long as one of its spaces
  CHECK(std::string(tiny.name()) == "tiny");
  CHECK(tiny.size() == 20);
  random_search draws(tiny, {.seed = 5});
  const auto result = search(
      draws, [&](const candidate<any_space>& c) { return -static_cast<double>(count(tiny, c).macs); }, {.trials = 100});
  CHECK(result.exhausted);
  CHECK(result.history.size() == 20);
  const network best = to_network(tiny, result.best().candidate);
  CHECK(cost(best).macs == count(tiny, result.best().candidate).macs);
  CHECK(best.stage_of(std::size_t{0}) == "b");  // no layers in a: the fewest MACs
  CHECK_THROWS_AS(tiny.unrank(20), space_error);
}

TEST_CASE("what is no module is refused by name") {
  const auto code_of = [](const std::string& path) -> std::string {
    try {
      load_module(path);
    } catch (const module_error& e) {
      CHECK(e.where().find(path) != std::string_view::npos);
      return std::string(e.code());
    }
    return "taken";
  };
  const test::temporary_folder folder;
  CHECK(code_of((folder.path() / "none.so").string()) == "module.load");
  const std::string text = (folder.path() / "text.so").string();
  std::ofstream(text) << "no library";
  CHECK(code_of(text) == "module.load");
  CHECK(code_of(NASCENT_TEST_LIBRARY) == "module.load");  // a library, but no module
  CHECK(code_of(NASCENT_TEST_OTHER_MODULE) == "module.version");
}
