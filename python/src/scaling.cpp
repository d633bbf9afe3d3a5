// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "bindings.hpp"

#include "nascent/accuracy/estimated_top1.hpp"
#include "nascent/network/network.hpp"
#include "nascent/scaling/lacs.hpp"
#include "nascent/space/to_network.hpp"

namespace nascent::python {

namespace {

using coefficients = std::array<double, 3>;

coefficients to_python(const compound_coefficients& c) { return {c.alpha, c.beta, c.gamma}; }

/// A metric of networks in Python: a number, or None where it cannot be said. Ctrl-C is seen before each.
class metric {
 public:
  metric(error_code code, const py::function& f) : code_(code), function_(&f) {}

  std::optional<double> operator()(const network& graph) const {
    check_signals();
    const py::object value = (*function_)(py::cast(graph));
    if (value.is_none()) return std::nullopt;
    if (!py::isinstance<py::float_>(value) && PyNumber_Check(value.ptr()) == 0)
      throw scaling_error(code_, "scale, value of a callable", py::str(py::type::of(value)).cast<std::string>(),
                          "a number, or None for a network that cannot be judged");
    return py::float_(value).cast<double>();
  }

 private:
  error_code code_;
  const py::function* function_;
};

/// One network of a family, as its attributes.
py::dict level_of(const any_space& s, const lacs_level<any_space>& level) {
  using namespace py::literals;
  const dimensions& by = level.scale();
  return py::dict("target_ms"_a = level.target_ms, "latency_ms"_a = level.latency_ms, "accuracy"_a = level.accuracy,
                  "phi"_a = level.phi, "depth"_a = by.depth, "width"_a = by.width, "resolution"_a = by.resolution,
                  "network"_a = to_network(s, level.candidate));
}

py::tuple scale(const bound_candidate& base, const py::function& accuracy, const py::function& latency, int levels,
                double factor, const std::vector<double>& targets_ms, const std::vector<coefficients>& given,
                int divisions, int refinements, int search_level, double weight) {
  watch clock(interruptible());
  lacs_options options{.levels = levels,
                       .factor = factor,
                       .targets_ms = targets_ms,
                       .search_level = search_level,
                       .divisions = divisions,
                       .refinements = refinements,
                       .weight = weight,
                       .watch = &clock};
  for (const coefficients& c : given) options.also.push_back({c[0], c[1], c[2]});
  const auto found =
      lacs(base.space, base.inside, metric("scaling.accuracy", accuracy), metric("scaling.latency", latency), options);
  py::list family;
  for (const auto& level : found.levels) family.append(level_of(base.space, level));
  py::list trials;
  for (const auto& t : found.trials)
    trials.append(py::make_tuple(to_python(t.coefficients), t.is_usable() ? std::optional(t.reward) : std::nullopt));
  return py::make_tuple(to_python(found.coefficients), family, trials);
}

}  // namespace

void bind_scaling(py::module_& m) {
  m.def("_scale", &scale, py::arg("base"), py::arg("accuracy"), py::arg("latency"), py::arg("levels"),
        py::arg("factor"), py::arg("targets_ms"), py::arg("coefficients"), py::arg("divisions"), py::arg("refinements"),
        py::arg("search_level"), py::arg("weight"));
  m.def(
      "estimated_top1", [](const network& graph) { return estimated_top1{}(graph); }, py::arg("network"),
      "ImageNet top-1 in per cent by the accuracy model, None outside its domain (docs/accuracy.md).");
}

}  // namespace nascent::python
