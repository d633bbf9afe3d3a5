// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "bindings.hpp"

#include "nascent/cost/bounds.hpp"
#include "nascent/erased/load_module.hpp"
#include "nascent/report/picture.hpp"
#include "nascent/space/describe.hpp"
#include "nascent/space/features.hpp"
#include "nascent/space/to_network.hpp"

namespace nascent::python {

namespace {

using rows_array = py::array_t<std::int16_t, py::array::c_style | py::array::forcecast>;

py::array_t<std::int16_t> empty_rows(std::size_t n, std::size_t slots) {
  return py::array_t<std::int16_t>({static_cast<py::ssize_t>(n), static_cast<py::ssize_t>(slots)});
}

std::span<const digit> as_span(const rows_array& rows) { return {rows.data(), static_cast<std::size_t>(rows.size())}; }

bound_candidate checked(const any_space& s, std::span<const digit> row) {
  s.check(row);
  return {s, {{row.begin(), row.end()}}};
}

/// Rows of candidates: two dimensions, or one for a single candidate. All are checked.
std::size_t count_rows(const any_space& s, const rows_array& rows) {
  const auto width = static_cast<std::size_t>(rows.ndim() == 0 ? 0 : rows.shape(rows.ndim() - 1));
  if (rows.ndim() < 1 || rows.ndim() > 2 || width != s.slot_count)
    throw space_error(
        "space.vector", detail::place_in(s.name(), "rows"),
        detail::joined("an array of ", static_cast<std::uint64_t>(rows.ndim()), " dimensions, the last ", width),
        detail::joined("one row of decisions for each candidate, ", s.slot_count, " in each"));
  return rows.ndim() == 1 ? 1 : static_cast<std::size_t>(rows.shape(0));
}

/// The paths that end, or begin, as one does that is none; all where there is no such.
std::string near_paths(const any_space& s, const std::string& path) {
  const std::string stage = path.substr(0, path.find('.') + 1);
  const std::string field = path.substr(path.find_last_of('.') + 1);
  std::string near, all;
  for (std::size_t k = 0; k < s.slot_count; ++k) {
    const std::string other(s.slot(k).path.view());
    all += (k > 0 ? ", " : "") + other;
    if ((!stage.empty() && other.starts_with(stage)) || other.ends_with("." + field))
      near += (near.empty() ? "" : ", ") + other;
  }
  return near.empty() ? all : near;
}

bound_candidate decode(const any_space& s, const py::object& what) {
  if (py::isinstance<py::dict>(what)) {
    // By path: {"1.kernel": 5}. What is not said is inactive.
    candidate<any_space> c = s.undecided();
    for (const auto& [key, value] : what.cast<py::dict>()) {
      const auto path = py::str(key).cast<std::string>();
      const std::size_t k = s.find(path);
      if (k == s.slot_count)
        throw space_error("space.vector", detail::place_in(s.name(), path), "no such slot", near_paths(s, path));
      const int options = s.slot(k).options;
      std::string allowed;
      for (int o = 0; o < options && c.digits[k] < 0; ++o) {
        const py::object option = to_python(s.value(k, o));
        if (option.equal(value)) c.digits[k] = static_cast<digit>(o);
        allowed += (o > 0 ? ", " : "") + py::str(option).cast<std::string>();
      }
      if (c.digits[k] < 0)
        throw space_error("space.vector", detail::place_in(s.name(), path), py::str(value).cast<std::string>(),
                          allowed);
    }
    return checked(s, c.digits);
  }
  const auto rows = rows_array::ensure(what);
  if (!rows) {
    PyErr_Clear();
    throw space_error("space.vector", detail::place_in(s.name(), "candidate"),
                      py::str(py::type::of(what)).cast<std::string>(),
                      "decisions as a sequence of integers, or a dict of paths and values");
  }
  count_rows(s, rows);
  if (rows.ndim() == 2 && rows.shape(0) != 1)
    throw space_error("space.vector", detail::place_in(s.name(), "candidate"),
                      detail::joined(static_cast<std::uint64_t>(rows.shape(0)), " rows"), "one row");
  return checked(s, as_span(rows));
}

py::dict slot_of(const any_space& s, std::size_t k) {
  const slot_info info = s.slot(k);
  py::list values;
  for (int o = 0; o < info.options; ++o) values.append(to_python(s.value(k, o)));
  py::dict slot;
  slot["path"] = std::string(info.path.view());
  slot["values"] = py::tuple(values);
  if (info.parent < 0) slot["parent"] = py::none();
  else slot["parent"] = info.parent;
  return slot;
}

py::dict decided(const bound_candidate& c) {
  py::dict values;
  for (std::size_t k = 0; k < c.space.slot_count; ++k)
    if (c.inside.digits[k] >= 0)
      values[py::str(std::string(c.space.slot(k).path.view()))] = to_python(c.space.value(k, c.inside.digits[k]));
  return values;
}

void bind_random(py::module_& m) {
  py::class_<random_engine>(m, "Random", "A random engine (xoshiro256++): the same numbers on every machine.")
      .def(py::init<std::uint64_t>(), py::arg("seed") = 1)
      .def(
          "__call__", [](random_engine& rng) { return rng(); }, "64 uniform bits.");
}

void bind_candidate(py::module_& m) {
  py::class_<bound_candidate>(m, "Candidate", "One network of a space, as one decision for each slot.")
      .def_property_readonly("space", [](const bound_candidate& c) { return c.space; })
      .def_property_readonly(
          "rank", [](const bound_candidate& c) { return to_python(c.space.rank(c.inside)); },
          "Its position among all networks of the space.")
      .def_property_readonly(
          "decisions",
          [](const bound_candidate& c) {
            py::array_t<std::int16_t> row(static_cast<py::ssize_t>(c.inside.digits.size()));
            std::copy(c.inside.digits.begin(), c.inside.digits.end(), row.mutable_data());
            return row;
          },
          "int16 array: the option of each slot, -1 where it takes no part.")
      .def_property_readonly("values", &decided, "dict of the active decisions: {'1.kernel': 5}.")
      .def(
          "__getitem__",
          [](const bound_candidate& c, const std::string& path) -> py::object {
            const std::size_t k = c.space.find(path);
            if (k == c.space.slot_count) throw py::key_error(path);
            return c.inside.digits[k] < 0 ? py::object(py::none()) : to_python(c.space.value(k, c.inside.digits[k]));
          },
          py::arg("path"), "The value of a decision, None where it takes no part.")
      .def("__str__", [](const bound_candidate& c) { return describe(c.space, c.inside); })
      .def("__repr__",
           [](const bound_candidate& c) {
             return "<" + std::string(c.space.name()) + " #" + to_decimal(c.space.rank(c.inside)).c_str() + ": " +
                    describe(c.space, c.inside) + ">";
           })
      .def("__eq__",
           [](const bound_candidate& a, const py::object& other) {
             if (!py::isinstance<bound_candidate>(other)) return false;
             const auto& b = other.cast<const bound_candidate&>();
             return std::string_view(a.space.name()) == b.space.name() && a.inside == b.inside;
           })
      .def("__hash__", [](const bound_candidate& c) {
        return py::hash(py::bytes(reinterpret_cast<const char*>(c.inside.digits.data()), 2 * c.inside.digits.size()));
      });
}

}  // namespace

void bind_spaces(py::module_& m) {
  PYBIND11_NUMPY_DTYPE(counts, params, macs, layers);
  bind_random(m);
  py::class_<any_space> space(m, "Space", "A search space of networks. Candidates are numbered 0 .. size - 1.");
  bind_candidate(m);
  space.def_property_readonly("name", [](const any_space& s) { return std::string(s.name()); })
      .def_property_readonly(
          "size", [](const any_space& s) { return to_python(s.size()); }, "Number of distinct networks, exact.")
      .def_property_readonly(
          "slots",
          [](const any_space& s) {
            py::list all;
            for (std::size_t k = 0; k < s.slot_count; ++k) all.append(slot_of(s, k));
            return all;
          },
          "What is decided: list of dicts with path, values and the slot that decides whether it takes part.")
      .def("__len__",
           [](const any_space& s) {
             if (s.size() > uint128{static_cast<std::uint64_t>(PY_SSIZE_T_MAX)})
               throw py::index_error("more networks than len() can say; use .size");
             return static_cast<std::size_t>(s.size());
           })
      .def("__repr__", [](const any_space& s) {
        return "<space " + std::string(s.name()) + ", " + to_decimal(s.size()).c_str() + " networks, " +
               std::to_string(s.slot_count) + " slots>";
      });
  space
      .def(
          "sample",
          [](const any_space& s, random_engine& rng) {
            return bound_candidate{s, s.sample(rng)};
          },
          py::arg("rng"), "A candidate, uniform over the distinct networks.")
      .def(
          "sample",
          [](const any_space& s, std::uint64_t seed) {
            random_engine rng(seed);
            return bound_candidate{s, s.sample(rng)};
          },
          py::arg("seed") = 1)
      .def(
          "samples",
          [](const any_space& s, std::size_t n, std::uint64_t seed) {
            py::array_t<std::int16_t> rows = empty_rows(n, s.slot_count);
            const std::span<digit> all(rows.mutable_data(), static_cast<std::size_t>(rows.size()));
            const py::gil_scoped_release free;
            random_engine rng(seed);
            s.sample(rng, all);
            return rows;
          },
          py::arg("n"), py::arg("seed") = 1, "n candidates as an int16 array, a row for each.")
      .def(
          "unrank",
          [](const any_space& s, const py::int_& rank) {
            const auto position = to_uint128(rank);
            if (!position)
              throw space_error("space.rank", detail::place_in(s.name(), "rank"), py::str(rank).cast<std::string>(),
                                detail::joined("a rank below the size, ", to_decimal(s.size()).c_str()));
            return bound_candidate{s, s.unrank(*position)};
          },
          py::arg("rank"), "The candidate at a position; the inverse of Candidate.rank.")
      .def("candidate", &decode, py::arg("decisions"),
           "The candidate of a row of decisions, or of a dict of paths and values; refused where they do not fit.")
      .def(
          "neighbours",
          [](const any_space& s, const bound_candidate& c) {
            std::vector<digit> all;
            s.for_each_neighbour(c.inside, [&](const candidate<any_space>& near) {
              all.insert(all.end(), near.digits.begin(), near.digits.end());
            });
            py::array_t<std::int16_t> rows =
                empty_rows(s.slot_count == 0 ? 0 : all.size() / s.slot_count, s.slot_count);
            std::copy(all.begin(), all.end(), rows.mutable_data());
            return rows;
          },
          py::arg("candidate"), "All candidates that differ in one decision, a row for each.")
      .def(
          "mutate",
          [](const any_space& s, const bound_candidate& c, random_engine& rng) {
            return bound_candidate{s, s.mutate(c.inside, rng)};
          },
          py::arg("candidate"), py::arg("rng"), "One decision changed at random, and what depends on it.")
      .def(
          "crossover",
          [](const any_space& s, const bound_candidate& a, const bound_candidate& b, random_engine& rng) {
            return bound_candidate{s, s.crossover(a.inside, b.inside, rng)};
          },
          py::arg("a"), py::arg("b"), py::arg("rng"), "A child that takes each decision from one of its parents.");
  space
      .def(
          "count", [](const any_space& s, const bound_candidate& c) { return count(s, c.inside); },
          py::arg("candidate"), "Parameters, MACs and layers, for one image.")
      .def(
          "counts",
          [](const any_space& s, const rows_array& rows) {
            const std::size_t n = count_rows(s, rows);
            py::array_t<counts> all(static_cast<py::ssize_t>(n));
            const std::span<counts> out(all.mutable_data(), n);
            const std::span<const digit> in = as_span(rows);
            const py::gil_scoped_release free;
            for (std::size_t i = 0; i < n; ++i) {
              const auto row = in.subspan(i * s.slot_count, s.slot_count);
              s.check(row);
              out[i] = s.count(row);
            }
            return all;
          },
          py::arg("rows"), "The same of many candidates: a structured array with params, macs and layers.")
      .def(
          "features",
          [](const any_space& s, const rows_array& rows) {
            const std::size_t n = count_rows(s, rows);
            const candidate_features encode(s);
            py::array_t<double> all({static_cast<py::ssize_t>(n), static_cast<py::ssize_t>(encode.size())});
            for (std::size_t i = 0; i < n; ++i)
              encode(checked(s, as_span(rows).subspan(i * s.slot_count, s.slot_count)).inside,
                     std::span<double>(all.mutable_data() + i * encode.size(), encode.size()));
            py::list names;
            for (const feature_column& c : encode.columns()) names.append(c.name);
            return py::make_tuple(all, names);
          },
          py::arg("rows"), "Candidates as rows of numbers for a surrogate, and the names of the columns.")
      .def(
          "network",
          [](const any_space& s, const bound_candidate& c, double width, double depth, int resolution) {
            if (width == 1 && depth == 1 && resolution == 0) return to_network(s, c.inside);
            return to_network(s, scaled(c.inside, {.width = width, .depth = depth, .resolution = resolution}));
          },
          py::arg("candidate"), py::kw_only(), py::arg("width") = 1.0, py::arg("depth") = 1.0,
          py::arg("resolution") = 0, "Its graph, or that at other dimensions (compound scaling).")
      .def(
          "to_svg", [](const any_space& s) { return to_svg(s); }, "A picture of the space.")
      .def("_repr_svg_", [](const any_space& s) { return to_svg(s); });
  m.def("load", &load_module, py::arg("path"),
        "The spaces of a module, a shared library made by nascent_add_space_module.");
  py::class_<counts>(m, "Counts", "For one image.")
      .def_readonly("params", &counts::params)
      .def_readonly("macs", &counts::macs, "multiply-adds")
      .def_readonly("layers", &counts::layers)
      .def("__repr__", [](const counts& c) {
        return "Counts(params=" + std::to_string(c.params) + ", macs=" + std::to_string(c.macs) +
               ", layers=" + std::to_string(c.layers) + ")";
      });
}

}  // namespace nascent::python
