// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <memory>
#include <string>
#include <variant>

#include "bindings.hpp"

#include "nascent/search/local_search.hpp"
#include "nascent/search/random_search.hpp"
#include "nascent/search/regularized_evolution.hpp"

namespace nascent::python {

namespace {

/// Any of the searchers that ask for one candidate after another.
class bound_searcher {
 public:
  bound_searcher(const any_space& s, const std::string& method, std::uint64_t seed)
      : method_(method), inside_(make(s, method, seed)) {}

  std::optional<bound_candidate> ask() {
    return std::visit(
        [](auto& inside) -> std::optional<bound_candidate> {
          auto c = inside.ask();
          if (!c) return std::nullopt;
          return bound_candidate{inside.space(), *std::move(c)};
        },
        inside_);
  }
  bool tell(const bound_candidate& c, std::optional<double> value) {
    const double worth = value.value_or(-std::numeric_limits<double>::infinity());
    if (std::isnan(worth) || worth == std::numeric_limits<double>::infinity())
      throw search_error("search.value", "searcher '" + method_ + "', value",
                         py::str(py::float_(worth)).cast<std::string>(),
                         "finite numbers, or None for a network that cannot be used");
    return std::visit([&](auto& inside) { return static_cast<bool>(inside.tell(c.inside, worth)); }, inside_);
  }

 private:
  using any = std::variant<random_search<any_space>, local_search<any_space>, regularized_evolution<any_space>>;
  static any make(const any_space& s, const std::string& method, std::uint64_t seed) {
    if (method == "random") return random_search<any_space>(s, {.seed = seed});
    if (method == "local") return local_search<any_space>(s, {.seed = seed});
    if (method == "evolution") return regularized_evolution<any_space>(s, {.seed = seed});
    throw search_error("search.method", "searcher, method", "'" + method + "'", "random, local, evolution");
  }

  std::string method_;
  any inside_;
};

}  // namespace

void bind_search(py::module_& m) {
  py::class_<bound_searcher>(m, "Searcher",
                             "Proposes candidates (ask) and learns what they are worth (tell), the higher the better.")
      .def(py::init<const any_space&, const std::string&, std::uint64_t>(), py::arg("space"),
           py::arg("method") = "evolution", py::arg("seed") = 1)
      .def("ask", &bound_searcher::ask,
           "A candidate that was neither proposed nor told before; None once there is none left.")
      .def("tell", &bound_searcher::tell, py::arg("candidate"), py::arg("value"),
           "What a candidate is worth, None where it cannot be used. False where it had been told already.");
  m.def(
      "_search",
      [](const any_space& s, const py::function& objective, std::size_t trials, const std::string& method,
         std::uint64_t seed) {
        bound_searcher searching(s, method, seed);
        py::list history;
        for (std::size_t i = 0; i < trials; ++i) {
          auto c = searching.ask();
          if (!c) break;
          const py::object asked = py::cast(*c);
          const py::object value = objective(asked);
          if (!value.is_none() && !py::isinstance<py::float_>(value) && PyNumber_Check(value.ptr()) == 0)
            throw search_error("search.value", "search, trial " + std::to_string(i) + ", value",
                               py::str(py::type::of(value)).cast<std::string>(),
                               "a finite number, or None for a network that cannot be used");
          searching.tell(*c, value.is_none() ? std::nullopt : std::optional<double>(py::float_(value).cast<double>()));
          history.append(py::make_tuple(asked, value));
          check_signals();
        }
        return history;
      },
      py::arg("space"), py::arg("objective"), py::arg("trials"), py::arg("method"), py::arg("seed"));
}

}  // namespace nascent::python
