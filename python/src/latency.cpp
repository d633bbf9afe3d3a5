// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "bindings.hpp"
#if defined(NASCENT_PYTHON_ONEDNN) && defined(NASCENT_PYTHON_SQLITE)
#include "nascent/executor/onednn.hpp"
#include "nascent/executor/own_kernels.hpp"
#include "nascent/io/block_text.hpp"
#include "nascent/latency/build_table.hpp"
#include "nascent/latency/predictor.hpp"
#endif

namespace nascent::python {

#if defined(NASCENT_PYTHON_ONEDNN) && defined(NASCENT_PYTHON_SQLITE)

namespace {

/// A latency table of this CPU resolved for a space.
class bound_latency {
 public:
  bound_latency(const any_space& s, const std::string& path, int threads, const std::string& dtype, int batch)
      : space_(s),
        cpu_({.threads = threads, .type = parse_data_type(dtype), .kernels = own_kernels()}),
        trellis_(s),
        table_(path, cpu_, {.batch = batch}),
        predictor_(trellis_, table_) {}

  /// Measures for `seconds`, the kernels that most networks have first; in turns with Python's signals.
  std::size_t fill(double seconds) {
    std::size_t measured = 0;
    {
      watch clock(interruptible(seconds));
      const py::gil_scoped_release free;
      measured = build_table(trellis_, table_, {.watch = &clock, .estimate_rest = true}).fill.measured;
    }
    predictor_.refresh(table_);
    return measured;
  }
  double ms(const bound_candidate& c) const { return predictor_.ms(c.inside); }
  py::array_t<double> predict(const py::array_t<std::int16_t, py::array::c_style | py::array::forcecast>& rows) const {
    if (rows.ndim() != 2 || static_cast<std::size_t>(rows.shape(1)) != space_.slot_count)
      throw space_error("space.vector", detail::place_in(space_.name(), "rows"), "an array of another shape",
                        detail::joined("one row for each candidate, ", space_.slot_count, " decisions in each"));
    const auto n = static_cast<std::size_t>(rows.shape(0));
    py::array_t<double> all(static_cast<py::ssize_t>(n));
    double* const out = all.mutable_data();
    const digit* const in = rows.data();
    const py::gil_scoped_release free;
    candidate<any_space> c = space_.undecided();
    for (std::size_t i = 0; i < n; ++i) {
      const std::span row(in + i * space_.slot_count, space_.slot_count);
      space_.check(row);
      std::copy(row.begin(), row.end(), c.digits.begin());
      out[i] = predictor_.ms(c);
    }
    return all;
  }
  std::size_t missing() const { return predictor_.missing(); }
  std::string device() const { return describe(table_.description()); }

 private:
  any_space space_;
  onednn::executor cpu_;
  kernel_trellis<any_space> trellis_;
  latency_table table_;
  latency_predictor<any_space> predictor_;
};

}  // namespace

void bind_latency(py::module_& m) {
  py::class_<bound_latency>(m, "Latency", "Predicted latency of a space's networks on this CPU, from a latency table.")
      .def(py::init<const any_space&, const std::string&, int, const std::string&, int>(), py::arg("space"),
           py::arg("table"), py::kw_only(), py::arg("threads") = 1, py::arg("dtype") = "f32", py::arg("batch") = 1)
      .def("fill", &bound_latency::fill, py::arg("seconds"),
           "Measures kernels for so long, and estimates the rest; gives how many were measured. What is measured is "
           "kept in the file, also when Ctrl-C ends it.")
      .def("__call__", &bound_latency::ms, py::arg("candidate"),
           "Milliseconds; not a number where kernels are missing.")
      .def("predict", &bound_latency::predict, py::arg("rows"), "The same of many candidates.")
      .def_property_readonly("missing", &bound_latency::missing, "Kernels of the space that the table lacks.")
      .def_property_readonly("device", &bound_latency::device);
}

#else

void bind_latency(py::module_& m) {
  m.def("Latency", [](const py::args& /*args*/, const py::kwargs& /*options*/) {
    throw error("python.component", "nascent, Latency", "a build without the components onednn and sqlite",
                "one with them; install libdnnl-dev and libsqlite3-dev (Debian) and build the package again");
  });
}

#endif

}  // namespace nascent::python
