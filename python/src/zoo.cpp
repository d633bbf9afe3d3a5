// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "bindings.hpp"

#include "nascent/zoo/catalog.hpp"
#include "nascent/zoo/spaces.hpp"

namespace nascent::python {

void bind_zoo(py::module_& m) {
  py::module_ zoo = m.def_submodule("zoo", "The spaces and models of the literature.");
  py::dict spaces;
  zoo::for_each_space([&](std::string_view key, const auto& s) { spaces[py::str(std::string(key))] = any_space(s); });
  zoo.attr("spaces") = spaces;
  zoo.def(
      "models", [] { return zoo::model_names(); }, "Names of all models.");
  zoo.def(
      "model", [](const std::string& name, int resolution) { return zoo::make_model(name, resolution); },
      py::arg("name"), py::arg("resolution") = 0, "A model by name, at its own resolution or another.");
}

}  // namespace nascent::python
