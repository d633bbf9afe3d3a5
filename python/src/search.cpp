// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "bindings.hpp"

#include "nascent/erased/any_searcher.hpp"
#include "nascent/search/local_search.hpp"
#include "nascent/search/random_search.hpp"
#include "nascent/search/regularized_evolution.hpp"

namespace nascent::python {

namespace {

any_searcher make_searcher(const any_space& s, const std::string& method, std::uint64_t seed) {
  if (method == "random") return random_search<any_space>(s, {.seed = seed});
  if (method == "local") return local_search<any_space>(s, {.seed = seed});
  if (method == "evolution") return regularized_evolution<any_space>(s, {.seed = seed});
  throw search_error("search.method", "searcher, method", "'" + method + "'", "random, local, evolution");
}

std::optional<bound_candidate> ask(any_searcher& from) {
  auto c = from.ask();
  if (!c) return std::nullopt;
  return bound_candidate{from.space(), *std::move(c)};
}

bool tell(any_searcher& to, const bound_candidate& c, std::optional<double> value) {
  const double worth = value.value_or(-std::numeric_limits<double>::infinity());
  if (std::isnan(worth) || worth == std::numeric_limits<double>::infinity())
    throw search_error("search.value", "searcher '" + to.description().name + "', value",
                       py::str(py::float_(worth)).cast<std::string>(),
                       "finite numbers, or None for a network that cannot be used");
  return to.tell(c.inside, worth);
}

}  // namespace

void bind_search(py::module_& m) {
  py::class_<any_searcher>(m, "Searcher",
                           "Proposes candidates (ask) and learns what they are worth (tell), the higher the better.")
      .def(py::init(&make_searcher), py::arg("space"), py::arg("method") = "evolution", py::arg("seed") = 1)
      .def("ask", &ask, "A candidate that was neither proposed nor told before; None once there is none left.")
      .def("tell", &tell, py::arg("candidate"), py::arg("value"),
           "What a candidate is worth, None where it cannot be used. False where it had been told already.");
  m.def(
      "_search",
      [](const any_space& s, const py::function& objective, std::size_t trials, const std::string& method,
         std::uint64_t seed) {
        any_searcher searching = make_searcher(s, method, seed);
        py::list history;
        for (std::size_t i = 0; i < trials; ++i) {
          auto c = ask(searching);
          if (!c) break;
          const py::object asked = py::cast(*c);
          const py::object value = objective(asked);
          if (!value.is_none() && !py::isinstance<py::float_>(value) && PyNumber_Check(value.ptr()) == 0)
            throw search_error("search.value", "search, trial " + std::to_string(i) + ", value",
                               py::str(py::type::of(value)).cast<std::string>(),
                               "a finite number, or None for a network that cannot be used");
          tell(searching, *c, value.is_none() ? std::nullopt : std::optional<double>(py::float_(value).cast<double>()));
          history.append(py::make_tuple(asked, value));
          check_signals();
        }
        return history;
      },
      py::arg("space"), py::arg("objective"), py::arg("trials"), py::arg("method"), py::arg("seed"));
}

}  // namespace nascent::python
