// SPDX-License-Identifier: Apache-2.0
// Studies for Python: the record of a search in a file, and the searcher that is a function of it.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "bindings.hpp"
#ifdef NASCENT_PYTHON_SQLITE
#include "nascent/erased/any_searcher.hpp"
#include "nascent/report/study_report.hpp"
#include "nascent/search/local_search.hpp"
#include "nascent/search/random_search.hpp"
#include "nascent/search/regularized_evolution.hpp"
#include "nascent/study/study.hpp"
#ifdef NASCENT_PYTHON_EIGEN
#include "nascent/search/gaussian_process_search.hpp"
#endif
#endif

namespace nascent::python {

#ifdef NASCENT_PYTHON_SQLITE

namespace {

/// A trial and the space of its decisions, as Python holds them.
struct bound_trial {
  any_space space;
  trial_record record;

  bound_candidate candidate() const { return {space, space.decode(record.decisions)}; }
};

class bound_study {
 public:
  bound_study(const std::string& path, const any_space& s, const std::string& method, std::uint64_t seed,
              const std::map<std::string, std::int64_t>& options, const std::string& gain, const std::string& loss,
              const std::map<std::string, double>& limits, const study_options& about)
      : space_(s), path_(path) {
    if (gain.empty() == loss.empty())
      throw study_error("study.option", "study, objective", gain.empty() ? "none" : "maximise and minimise",
                        "one of them, the name of a metric");
    objective judge = gain.empty() ? minimise(loss) : maximise(gain);
    for (const auto& [metric, most] : limits) judge.under(metric, most);
    const auto open = [&](const any_searcher& fresh) {
      const py::gil_scoped_release free;
      inside_ = std::make_unique<study<any_searcher>>(path, fresh, judge, about);
    };
    if (method == "random") {
      take(options, method, {});
      open(random_search<any_space>(s, {.seed = seed}));
    } else if (method == "local") {
      take(options, method, {});
      open(local_search<any_space>(s, {.seed = seed}));
    } else if (method == "evolution") {
      regularized_evolution_options with{.seed = seed};
      take(options, method, {{"population", &with.population}, {"sample", &with.sample}});
      open(regularized_evolution<any_space>(s, with));
#ifdef NASCENT_PYTHON_EIGEN
    } else if (method == "gaussian_process") {
      gaussian_process_options with{.seed = seed};
      take(options, method, {{"start", &with.model.start}, {"most_points", &with.model.most_points}});
      open(gaussian_process_search<any_space>(s, with));
#endif
    } else {
      throw search_error("search.method", "study, method", "'" + method + "'", methods);
    }
  }

  std::optional<bound_trial> ask(std::size_t limit) {
    return use([&](auto& inside) -> std::optional<bound_trial> {
      auto asked = inside.ask(limit);
      if (!asked) return std::nullopt;
      trial_record t{.id = asked->id, .starts = asked->starts};
      const auto vector = space_.encode(asked->what);
      t.decisions = {vector.begin(), vector.end()};
      return bound_trial{space_, std::move(t)};
    });
  }
  bool tell(std::int64_t id, const evaluation& e) {
    return use([&](auto& inside) { return inside.tell(id, e); });
  }
  bool give_up(std::int64_t id, const std::string& why) {
    return use([&](auto& inside) { return inside.give_up(id, why); });
  }
  bool add_known(const bound_candidate& c, const evaluation& e) {
    return use([&](auto& inside) { return inside.add_known(c.inside, e); });
  }
  void note_workers(std::int64_t workers, double at) {
    use([&](auto& inside) { inside.note_workers(workers, at); });
  }
  double report(std::int64_t id, std::int64_t step, const std::map<std::string, double>& metrics) {
    return use([&](auto& inside) { return inside.report(id, step, {metrics.begin(), metrics.end()}); });
  }
  bool should_stop(std::int64_t id, const early_stopping& policy) {
    return use([&](auto& inside) { return inside.should_stop(id, policy); });
  }
  std::vector<bound_trial> trials() {
    return bound(use([](auto& inside) { return inside.trials(); }));
  }
  std::optional<bound_trial> trial(std::int64_t id) {
    auto found = use([&](auto& inside) { return inside.trial(id); });
    return found ? std::optional(bound_trial{space_, std::move(*found)}) : std::nullopt;
  }
  std::map<std::int64_t, std::vector<std::pair<std::int64_t, double>>> curves() {
    std::map<std::int64_t, std::vector<std::pair<std::int64_t, double>>> all;
    for (const learning_curve& c : use([](auto& inside) { return inside.curves(); }))
      for (const auto& p : c.points) all[c.trial].emplace_back(p.step, p.value);
    return all;
  }
  std::optional<bound_trial> best() {
    const study_content content = so_far();
    const trial_record* const found = content.best();
    return found == nullptr ? std::nullopt : std::optional(bound_trial{space_, *found});
  }
  std::vector<bound_trial> front(const std::string& gain, const std::string& cost) {
    const study_content content = so_far();
    std::vector<bound_trial> all;
    for (const std::size_t i : front_of(content, gain, cost)) all.push_back({space_, content.trials[i]});
    return all;
  }
  std::size_t networks() {
    return use([](auto& inside) { return inside.networks(); });
  }
  bool exhausted() {
    return use([](auto& inside) { return inside.exhausted(); });
  }
  void close() { inside_.reset(); }

  const any_space& space() const { return space_; }
  const std::string& path() const { return path_; }

 private:
#ifdef NASCENT_PYTHON_EIGEN
  static constexpr const char* methods = "random, local, evolution, gaussian_process";
#else
  static constexpr const char* methods = "random, local, evolution";
#endif

  static void take(const std::map<std::string, std::int64_t>& given, const std::string& method,
                   const std::map<std::string, int*>& known) {
    std::string names;
    for (const auto& [name, place] : known) names += (names.empty() ? "" : ", ") + name;
    for (const auto& [name, value] : given) {
      const auto found = known.find(name);
      if (found == known.end())
        throw study_error("study.option", "study, options of " + method, "'" + name + "'",
                          names.empty() ? "none" : names);
      if (value < 0 || value > std::numeric_limits<int>::max())
        throw study_error("study.option", "study, option " + name, std::to_string(value), "a whole number above 0");
      *found->second = static_cast<int>(value);
    }
  }

  /// Other threads of Python run meanwhile.
  template <class Action>
  auto use(Action&& action) -> std::invoke_result_t<Action&, study<any_searcher>&> {
    const py::gil_scoped_release free;
    if (!inside_)
      throw study_error("study.file", "study '" + path_ + "'", "a study that was closed", "an open one; open it again");
    return action(*inside_);
  }
  study_content so_far() {
    study_content content{.path = path_};
    content.trials = use([](auto& inside) { return inside.trials(); });
    return content;
  }
  std::vector<bound_trial> bound(std::vector<trial_record>&& records) const {
    std::vector<bound_trial> all;
    for (trial_record& t : records) all.push_back({space_, std::move(t)});
    return all;
  }

  any_space space_;
  std::string path_;
  std::unique_ptr<study<any_searcher>> inside_;
};

/// Worker, begin in seconds since 1970, seconds, end.
using attempt_tuple = std::tuple<std::string, double, double, std::string>;

evaluation made(const std::map<std::string, double>& metrics, const std::string& failure, double seconds, double cost,
                int attempts, bool stopped, const std::vector<attempt_tuple>& log = {}) {
  std::vector<attempt_record> records;
  for (const auto& [worker, began, took, end] : log) records.push_back({worker, began, took, end});
  return {.metrics = {metrics.begin(), metrics.end()},
          .failure = failure,
          .stopped = stopped,
          .cost = cost,
          .seconds = seconds,
          .attempts = attempts,
          .log = std::move(records)};
}

void bind_trial(py::module_& m) {
  const auto none_or = [](const std::string& text) { return text.empty() ? py::object(py::none()) : py::str(text); };
  py::class_<bound_trial>(m, "StudyTrial", "A network that a study asked for, and what became of it.")
      .def_property_readonly("id", [](const bound_trial& t) { return t.record.id; })
      .def_property_readonly("candidate", &bound_trial::candidate)
      .def_property_readonly(
          "state", [](const bound_trial& t) { return to_string(t.record.state); }, "pending, done, failed or stopped")
      .def_property_readonly(
          "value",
          [](const bound_trial& t) { return t.record.is_usable() ? std::optional(t.record.value()) : std::nullopt; },
          "What the searcher was told, the higher the better; None where it cannot be used.")
      .def_property_readonly(
          "metrics",
          [](const bound_trial& t) {
            return std::map<std::string, double>{t.record.result.metrics.begin(), t.record.result.metrics.end()};
          })
      .def_property_readonly("failure", [none_or](const bound_trial& t) { return none_or(t.record.result.failure); })
      .def_property_readonly(
          "starts", [](const bound_trial& t) { return t.record.starts; }, "How often a driver began it.")
      .def_property_readonly("attempts", [](const bound_trial& t) { return t.record.result.attempts; })
      .def_property_readonly("seconds", [](const bound_trial& t) { return t.record.result.seconds; })
      .def_property_readonly("cost", [](const bound_trial& t) { return t.record.result.cost; })
      .def_property_readonly(
          "same_as", [](const bound_trial& t) { return t.record.same_as; },
          "An earlier trial of the same network, whose result is this one's.")
      .def_property_readonly("asked_at", [none_or](const bound_trial& t) { return none_or(t.record.asked_at); })
      .def_property_readonly("told_at", [none_or](const bound_trial& t) { return none_or(t.record.told_at); })
      .def("__repr__", [](const bound_trial& t) {
        return "<nascent.StudyTrial " + std::to_string(t.record.id) + ", " + to_string(t.record.state) + ">";
      });
}

}  // namespace

void bind_policies(py::module_& m) {
  const auto checked = [](auto policy) {
    should_stop(policy, {}, {});  // refuses options out of range
    return policy;
  };
  py::class_<median_rule>(m, "MedianRule",
                          "Stops a network whose best value so far is below the median of the others' means up to that "
                          "step (Golovin et al., 2017).")
      .def(py::init([checked](std::size_t least_trials, std::int64_t first_step) {
             return checked(median_rule{.least_trials = least_trials, .first_step = first_step});
           }),
           py::arg("least_trials") = median_rule{}.least_trials, py::arg("first_step") = median_rule{}.first_step)
      .def_readonly("least_trials", &median_rule::least_trials)
      .def_readonly("first_step", &median_rule::first_step);
  py::class_<successive_halving>(m, "SuccessiveHalving",
                                 "At steps first, first x factor, .. a network goes on only where it is among the best "
                                 "1 / factor of those that got there (Li et al., 2020).")
      .def(py::init([checked](std::int64_t first, std::int64_t factor) {
             return checked(successive_halving{.first = first, .factor = factor});
           }),
           py::arg("first") = successive_halving{}.first, py::arg("factor") = successive_halving{}.factor)
      .def_readonly("first", &successive_halving::first)
      .def_readonly("factor", &successive_halving::factor);
}

void bind_study(py::module_& m) {
  bind_trial(m);
  bind_policies(m);
  py::class_<bound_study>(m, "Study", "A search that nothing can lose: every ask and tell is in a file.")
      .def(py::init([](const std::string& path, const any_space& s, const std::string& method, std::uint64_t seed,
                       const std::optional<std::map<std::string, std::int64_t>>& options,
                       const std::optional<std::string>& gain, const std::optional<std::string>& loss,
                       const std::optional<std::map<std::string, double>>& limits, const std::string& worker,
                       const std::string& settings, double patience_s) {
             return std::make_unique<bound_study>(
                 path, s, method, seed, options.value_or(std::map<std::string, std::int64_t>{}),
                 gain.value_or(loss ? "" : "accuracy"), loss.value_or(""),
                 limits.value_or(std::map<std::string, double>{}),
                 study_options{.worker = worker, .settings = settings, .patience_s = patience_s});
           }),
           py::arg("path"), py::arg("space"), py::arg("method") = "evolution", py::arg("seed") = 1, py::kw_only(),
           py::arg("options") = py::none(), py::arg("maximise") = py::none(), py::arg("minimise") = py::none(),
           py::arg("limits") = py::none(), py::arg("worker") = "python", py::arg("settings") = "",
           py::arg("patience_s") = 30.0,
           "Begins a study in a new file, or goes on with one: its log is replayed. Without `maximise` and `minimise` "
           "the metric 'accuracy' is maximised; `limits` are kept first.")
      .def_property_readonly("space", &bound_study::space)
      .def_property_readonly("path", &bound_study::path)
      .def(
          "ask",
          [](bound_study& s, std::optional<std::size_t> limit) {
            return s.ask(limit.value_or(std::numeric_limits<std::size_t>::max()));
          },
          py::arg("limit") = py::none(),
          "The next network to evaluate; what a process left that is no more comes first. None where `limit` networks "
          "were asked for, and where the searcher has no more.")
      .def(
          "tell",
          [](bound_study& s, std::int64_t id, const std::map<std::string, double>& metrics, double seconds, double cost,
             int attempts, bool stopped, const std::vector<attempt_tuple>& log) {
            return s.tell(id, made(metrics, "", seconds, cost, attempts, stopped, log));
          },
          py::arg("trial"), py::arg("metrics"), py::kw_only(), py::arg("seconds") = 0.0, py::arg("cost") = 0.0,
          py::arg("attempts") = 1, py::arg("stopped") = false, py::arg("log") = std::vector<attempt_tuple>{},
          "The result of a trial; False where there is one already, or another process has the trial. A metric that is "
          "missing or not finite is a failure. `log` says who evaluated when: (worker, begin in seconds since 1970, "
          "seconds, 'done' or how else it ended).")
      .def(
          "fail",
          [](bound_study& s, std::int64_t id, const std::string& why, double seconds, double cost, int attempts,
             const std::vector<attempt_tuple>& log) {
            return s.tell(id, made({}, why.empty() ? "no reason given" : why, seconds, cost, attempts, false, log));
          },
          py::arg("trial"), py::arg("why"), py::kw_only(), py::arg("seconds") = 0.0, py::arg("cost") = 0.0,
          py::arg("attempts") = 1, py::arg("log") = std::vector<attempt_tuple>{},
          "There is no result, and why: the searcher is told that it cannot be used.")
      .def("give_up", &bound_study::give_up, py::arg("trial"), py::arg("why") = "given up",
           "Ends a trial whose answer does not come, whoever has it: it failed.")
      .def("note_workers", &bound_study::note_workers, py::arg("workers"), py::arg("at"),
           "How many workers there are at a time, in seconds since 1970: for the page.")
      .def("report", &bound_study::report, py::arg("trial"), py::arg("step"), py::arg("metrics"),
           "A partial result, after so many steps such as epochs. Returns its value.")
      .def(
          "should_stop",
          [](bound_study& s, std::int64_t id, const std::variant<median_rule, successive_halving>& policy) {
            return s.should_stop(id, std::visit([](const auto& p) { return early_stopping(p); }, policy));
          },
          py::arg("trial"), py::arg("policy"),
          "Whether a trial is not worth its end, by what was reported of it and of all others.")
      .def(
          "add_known",
          [](bound_study& s, const bound_candidate& c, const std::map<std::string, double>& metrics) {
            return s.add_known(c, made(metrics, "", 0, 0, 1, false));
          },
          py::arg("candidate"), py::arg("metrics"),
          "Takes in a result from elsewhere; False where the study has that candidate.")
      .def("trials", &bound_study::trials, "All, in the order in which they were asked for.")
      .def("trial", &bound_study::trial, py::arg("id"), "One of them, by number; None where there is none.")
      .def("curves", &bound_study::curves, "What was reported, by trial: steps and values.")
      .def("best", &bound_study::best, "The trial of the highest value; None where there is none.")
      .def("front", &bound_study::front, py::arg("gain") = "accuracy", py::kw_only(), py::arg("cost"),
           "The front of two metrics, by rising cost.")
      .def_property_readonly("networks", &bound_study::networks, "How many were asked for, duplicates not counted.")
      .def_property_readonly("exhausted", &bound_study::exhausted, "The searcher had no more.")
      .def(
          "status",
          [](const bound_study& s, const std::string& gain, const std::string& cost) {
            const py::gil_scoped_release free;
            return status_text(read_study(s.path()), {.gain = gain, .cost = cost});
          },
          py::arg("gain") = "accuracy", py::arg("cost") = "",
          "Progress, best, front and failures as text, as `search status` prints them.")
      .def(
          "page",
          [](const bound_study& s, const std::string& gain, const std::string& cost) {
            const py::gil_scoped_release free;
            return study_report(read_study(s.path()), {.gain = gain, .cost = cost}).str();
          },
          py::arg("gain") = "accuracy", py::arg("cost") = "",
          "One HTML page, as `search report` writes it: history, front, decisions, workers, failures.")
      .def("close", &bound_study::close,
           "Ends the use of the file; pending trials are given out again by the next ask.")
      .def("__enter__", [](const py::object& s) { return s; })
      .def("__exit__", [](bound_study& s, const py::args&) { s.close(); });
}

#else

void bind_study(py::module_& m) {
  for (const char* name : {"Study", "StudyTrial", "MedianRule", "SuccessiveHalving"})
    m.def(name, [name](const py::args&, const py::kwargs&) {
      throw error("python.component", std::string("nascent, ") + name, "a build without the component sqlite",
                  "an installed libsqlite3-dev; then build the package again");
    });
}

#endif

}  // namespace nascent::python
