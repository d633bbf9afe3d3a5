// SPDX-License-Identifier: Apache-2.0
// The Python module nascent._core: errors, and the other parts.
#include "bindings.hpp"

#include "nascent/base/error.hpp"
#include "nascent/base/version.hpp"
#include "nascent/erased/load_module.hpp"
#include "nascent/network/network.hpp"
#include "nascent/scaling/compound.hpp"
#include "nascent/search/searcher.hpp"
#include "nascent/study/error.hpp"

namespace nascent::python {

namespace {

/// Raises an instance of `type` with the parts of the sentence as attributes.
void raise(py::handle type, const error& e) {
  const py::object instance = type(py::str(e.what()));
  const auto text = [](std::string_view s) { return py::str(std::string(s)); };
  instance.attr("code") = text(e.code());
  instance.attr("where") = text(e.where());
  instance.attr("found") = text(e.found());
  instance.attr("allowed") = text(e.allowed());
  PyErr_SetObject(type.ptr(), instance.ptr());
}

}  // namespace

void bind_errors(py::module_& m) {
  // Made in Python, where a class with a docstring and a base is one statement.
  const py::module_ errors = py::module_::import("nascent._errors");
  static const py::object base = errors.attr("Error");
  static const py::object space = errors.attr("SpaceError");
  static const py::object network = errors.attr("NetworkError");
  static const py::object search = errors.attr("SearchError");
  static const py::object study = errors.attr("StudyError");
  static const py::object scaling = errors.attr("ScalingError");
  static const py::object module = errors.attr("ModuleError");
  for (const auto* type : {&base, &space, &network, &search, &study, &scaling, &module})
    type->inc_ref();  // outlive the interpreter
  m.attr("Error") = base;
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const space_error& e) {
      raise(space, e);
    } catch (const network_error& e) {
      raise(network, e);
    } catch (const search_error& e) {
      raise(search, e);
    } catch (const study_error& e) {
      raise(study, e);
    } catch (const scaling_error& e) {
      raise(scaling, e);
    } catch (const module_error& e) {
      raise(module, e);
    } catch (const error& e) {
      raise(base, e);
    }
  });
}

}  // namespace nascent::python

PYBIND11_MODULE(_core, m) {
  using namespace nascent::python;
  m.doc() = "The compiled part of nascent.";
  m.attr("__version__") = std::string(nascent::version);
  m.attr("built_with") = nascent::detail::built_with();
  bind_errors(m);
  bind_networks(m);
  bind_spaces(m);
  bind_search(m);
  bind_scaling(m);
  bind_study(m);
  bind_zoo(m);
  bind_latency(m);
  bind_blocks(m);
}
