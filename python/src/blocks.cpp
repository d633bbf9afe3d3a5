// SPDX-License-Identifier: Apache-2.0
// Declarations in Python: the blocks that they are made of, and what becomes of them: JSON, C++, a space.
#include <string>
#include <string_view>

#include "bindings.hpp"

#include "nascent/io/build_space.hpp"
#include "nascent/io/space_cpp.hpp"
#include "nascent/io/space_file.hpp"
#include "nascent/io/zoo_blocks.hpp"

namespace nascent::python {

namespace {

/// Runs `work`; what is wrong with a declaration becomes a DeclarationError that says where in the words of one.
template <class Work>
auto declared(const json& declaration, const Work& work) {
  const auto raise = [&](std::string_view where, std::string_view found, std::string_view allowed,
                         const std::string& printed) {
    std::string name;
    if (declaration.is_object() && declaration.contains("name") && declaration["name"].is_string())
      name = "space '" + declaration["name"].get<std::string>() + "', ";
    const std::string place = name + std::string(where);
    const std::string sentence(error_sentence<1024>(place, found, allowed).view());
    const py::object type = py::module_::import("nascent._errors").attr("DeclarationError");
    const auto text = [](std::string_view s) {  // a sentence may be cut inside of a character
      return py::reinterpret_steal<py::str>(
          PyUnicode_DecodeUTF8(s.data(), static_cast<py::ssize_t>(s.size()), "replace"));
    };
    const py::object instance = type(text(sentence));
    instance.attr("code") = "python.declaration";
    instance.attr("where") = text(place);
    instance.attr("found") = text(found);
    instance.attr("allowed") = text(allowed);
    instance.attr("text") = text(printed.empty() ? sentence : printed);
    PyErr_SetObject(type.ptr(), instance.ptr());
    throw py::error_already_set();
  };
  try {
    return work();
  } catch (const declaration_error& e) {
    raise(e.place, e.value, e.allowed(), e.output);
    throw;
  } catch (const json_error& e) {
    raise(e.where(), e.found(), e.allowed(), "");
    throw;
  }
}

space_description read(const json& declaration, const block_catalogue& blocks) {
  return declared(declaration, [&] { return read_space(declaration, blocks); });
}

any_space build(const std::string& text, const std::string& compiler, const std::string& include,
                const std::string& cache) {
  const block_catalogue blocks = zoo_blocks();
  const json declaration = parse_json(text);
  const space_description d = read(declaration, blocks);
  bool interrupted = false;
  const build_space_options options{.compiler = compiler, .include = include, .cache = cache, .is_stopped = [&] {
                                      const py::gil_scoped_acquire hold;
                                      return interrupted = PyErr_CheckSignals() != 0;
                                    }};
  return declared(declaration, [&] {
    try {
      const py::gil_scoped_release release;
      return build_space(d, blocks, options);
    } catch (const module_error&) {
      if (!interrupted) throw;
    }
    throw py::error_already_set();  // what the signal's handler raised
  });
}

}  // namespace

void bind_blocks(py::module_& m) {
  py::dict blocks;
  py::dict enumerations;
  const block_catalogue library = library_blocks();
  for (const known_block& b : library.blocks()) {
    py::dict fields;
    for (const known_field& f : b.fields) {
      const py::str name{std::string(f.name)};
      fields[name] = py::none();
      if (f.enumeration.empty()) continue;
      const py::str type{std::string(nascent::detail::last_word(f.enumeration))};
      py::list names;
      for (const std::string_view e : f.enumerators) names.append(std::string(e));
      enumerations[type] = py::tuple(names);
      fields[name] = type;
    }
    blocks[py::str(std::string(b.name))] = fields;
  }
  m.attr("enumerations") = enumerations;
  m.attr("blocks") = blocks;

  const py::object space = m.attr("Space");
  space.attr("to_json") = py::cpp_function(
      [](const any_space& s) {
        return declared(json{{"name", s.name()}}, [&] { return json_text(write_space(s, zoo_blocks())); });
      },
      py::name("to_json"), py::is_method(space), "Its declaration as JSON: what read_space takes.");
  m.def(
      "space_to_cpp",
      [](const std::string& text) {
        const block_catalogue known = zoo_blocks();
        return to_cpp(read(parse_json(text), known), known);
      },
      py::arg("json"), "A declaration as C++.");
  m.def("build_space", &build, py::arg("json"), py::arg("compiler"), py::arg("include"), py::arg("cache"),
        "The space that is declared, compiled once.");
}

}  // namespace nascent::python
