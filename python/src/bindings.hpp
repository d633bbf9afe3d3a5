// SPDX-License-Identifier: Apache-2.0
/// \file
/// What the parts of the Python module share: numbers and values as Python holds them, and where each part begins.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "nascent/base/uint128.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/erased/any_space.hpp"

namespace nascent::python {

namespace py = pybind11;

/// Each in a file of its own: the compiler takes them side by side.
void bind_errors(py::module_& m);
void bind_spaces(py::module_& m);
void bind_networks(py::module_& m);
void bind_search(py::module_& m);
void bind_scaling(py::module_& m);
void bind_study(py::module_& m);
void bind_zoo(py::module_& m);
void bind_latency(py::module_& m);
void bind_blocks(py::module_& m);

/// A space and a candidate of it, as Python holds one.
struct bound_candidate {
  any_space space;
  candidate<any_space> inside;
};

inline py::int_ to_python(uint128 n) {
  const py::int_ high(static_cast<std::uint64_t>(n >> 64));
  const py::int_ low(static_cast<std::uint64_t>(n));
  return high.equal(py::int_(0)) ? low : py::int_((py::object(high) << py::int_(64)) | py::object(low));
}

/// None where it does not fit.
inline std::optional<uint128> to_uint128(const py::int_& n) {
  const py::object value = n;
  if (value < py::object(py::int_(0)) || (value >> py::int_(128)).equal(py::int_(0)) == false) return std::nullopt;
  const py::object mask = py::int_(~std::uint64_t{0});
  const auto low = (value & mask).cast<std::uint64_t>();
  const auto high = (value >> py::int_(64)).cast<std::uint64_t>();
  return (uint128{high} << 64) + low;
}

inline py::object to_python(const typed_value& v) {
  switch (v.kind()) {
    case value_kind::boolean: return py::bool_(v.truth());
    case value_kind::integer: return py::int_(v.integer());
    case value_kind::real: return py::float_(v.number());
    case value_kind::size: return py::make_tuple(v.height(), v.width());
    default: return py::str(std::string(v.text().view()));
  }
}

/// Runs pending signal handlers of Python, so that Ctrl-C ends a long call.
inline void check_signals() {
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

/// Of a watch over long work, with or without the interpreter's lock: after each step Ctrl-C is looked for.
inline watch_options interruptible(double seconds = std::numeric_limits<double>::infinity()) {
  return {.seconds = seconds, .each_step = [](const watch_step& /*step*/) {
            const py::gil_scoped_acquire locked;
            check_signals();
          }};
}

}  // namespace nascent::python
