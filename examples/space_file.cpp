// SPDX-License-Identifier: Apache-2.0
// Spaces as files: written from a space of the literature or a module, checked, counted, and turned into C++.
//
//   space_file to-json gpunet --out gpunet.json
//   space_file to-json my_module.so
//   space_file check gpunet.json
//   space_file size gpunet.json
//   space_file to-cpp gpunet.json --out gpunet.hpp
//
// `check` finds what can be found without a compiler; `size` compiles the space, once, and counts it.
#include <filesystem>
#include <iostream>
#include <string>

#include "program.hpp"
#include <CLI/CLI.hpp>

#include <nascent/base/file.hpp>
#include <nascent/erased/load_module.hpp>
#include <nascent/io/build_space.hpp>
#include <nascent/io/space_cpp.hpp>
#include <nascent/io/space_file.hpp>
#include <nascent/io/zoo_blocks.hpp>
#include <nascent/zoo/spaces.hpp>

using namespace nascent;

namespace {

struct settings {
  std::string from;
  std::filesystem::path out;
  bool module = false;
  build_space_options build;
};

void give_out(const settings& s, const std::string& text) {
  if (s.out.empty()) std::cout << text;
  else write_file(s.out, text);
}

/// A space of the literature by its key, or the first one of a module.
json json_of(const std::string& from, const block_catalogue& blocks) {
  if (from.ends_with(".so")) return write_space(load_module(from).at(0), blocks);
  json found;
  std::string keys;
  zoo::for_each_space([&](std::string_view key, const auto& space) {
    keys += (keys.empty() ? "" : ", ") + std::string(key);
    if (key == from) found = write_space(space, blocks);
  });
  if (found.is_null()) throw error("example.space", "space", "'" + from + "'", keys + ", or a module MODULE.so");
  return found;
}

int program(int argc, char** argv) {
  settings s;
  CLI::App app{"Spaces as files: written, checked, counted, and turned into C++."};
  app.footer("Example: space_file to-json gpunet --out gpunet.json; space_file to-cpp gpunet.json");
  app.require_subcommand(1);
  const auto command = [&](const char* name, const char* what, const char* from) {
    CLI::App* sub = app.add_subcommand(name, what);
    sub->add_option("from", s.from, from)->required();
    return sub;
  };
  const auto* to_json = command("to-json", "writes a space as JSON", "a space of the literature, or a module");
  const auto* check = command("check", "says whether a file is a declaration that makes sense", "a JSON file");
  auto* size = command("size", "compiles the space of a file, once, and says how many networks it has", "a JSON file");
  auto* to_cpp = command("to-cpp", "writes the C++ declaration of a file", "a JSON file");
  for (const char* name : {"to-json", "to-cpp"})
    app.get_subcommand(name)->add_option("--out", s.out, "the file to write; without it the text is printed");
  to_cpp->add_flag("--module", s.module, "as the source of a module");
  size->add_option("--compiler", s.build.compiler, "of C++20; $CXX, else c++");
  size->add_option("--include", s.build.include, "the folder of the headers");
  size->add_option("--cache", s.build.cache, "the folder of modules; $XDG_CACHE_HOME/nascent, else ~/.cache/nascent");
  CLI11_PARSE(app, argc, argv);

  const block_catalogue blocks = zoo_blocks();
  if (to_json->parsed()) {
    give_out(s, json_text(json_of(s.from, blocks)) + "\n");
    return 0;
  }
  const space_description d = read_space(read_json(s.from), blocks);
  if (check->parsed())
    std::cout << s.from << ": space '" << d.name << "', " << d.stages.size() << " stages and choices, "
              << d.constraints.size() << " constraints\n";
  else if (size->parsed()) std::cout << to_decimal(build_space(d, blocks, s.build).size()).c_str() << "\n";
  else give_out(s, s.module ? to_module_cpp(d, blocks) : nascent::to_cpp(d, blocks));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program("space_file", [&] { return program(argc, argv); });
}
