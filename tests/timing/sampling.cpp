// SPDX-License-Identifier: Apache-2.0
// Networks that their device times: measuring, comparing, and a table, without a special word for any device.
#include "nascent/timing/sampling.hpp"

#include <sstream>
#include <stdexcept>
#include <string>

#include "fake.hpp"
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>

#include "nascent/latency/exchange.hpp"
#include "nascent/latency/table.hpp"
#include "nascent/timing/measure.hpp"

namespace {

using Catch::Approx;
using namespace nascent;

measure_options fake_options() { return {.min_samples = 16, .budget_ms = 1e6, .clocks = fake::clocks}; }

fake::self_timed compiled(int width = 8) {
  return fake::self_timed_executor{}.compile(fake::residual_network(width, 5), {}, 1);
}

double truth(const fake::self_timed& c, cache_context context = cache_context::in_network) {
  double sum = 0;
  for (std::size_t i = 0; i < c.kernels().size(); ++i) sum += c.ms_of(i, context);
  return sum;
}

latency_table_options table_options(cache_context context = cache_context::in_network, int placements = 2) {
  return {.context = context,
          .placements = {.least = placements, .most = placements},
          .measure = {.warm_up = 1, .min_samples = 8, .budget_ms = 1e6, .clocks = fake::clocks}};
}

TEST_CASE("sampling: a device's own time counts, not that of the launch") {
  fake::self_timed c = compiled();
  const sample_summary s = measure(c, fake_options());
  CHECK(s.median_ms == Approx(truth(c)));
  CHECK(s.source == time_source::device);
  CHECK(s.spoilt == 0);
  CHECK(s.cpu_median_ms == 0);
  CHECK(c.runs == 3);  // the warm-up
  CHECK(measure([&] { c.run(); }, fake_options()).median_ms == Approx(0.007));
}

TEST_CASE("sampling: kernels are timed by the device, in every context, and add up") {
  for (const cache_context context :
       {cache_context::in_network, cache_context::evicted, cache_context::hot, cache_context::cold}) {
    fake::self_timed c = compiled();
    const network_measurement m = measure_kernels(c, fake_options(), context);
    REQUIRE(m.kernels.size() == c.kernels().size());
    for (std::size_t i = 0; i < m.kernels.size(); ++i) {
      CHECK(m.kernels[i].trimmed_mean_ms == Approx(c.ms_of(i, context)));
      CHECK(m.kernels[i].source == time_source::device);
    }
    CHECK(m.whole.median_ms == Approx(truth(c)));
    CHECK(m.sum_over_whole.median == Approx(truth(c, context) / truth(c)));
    CHECK(m.sum_over_whole.source == time_source::device);
  }
}

TEST_CASE("sampling: passes of a device that was slowed are dropped and counted") {
  fake::self_timed c = compiled();
  const double right = truth(c);
  c.disturbed_of_4 = 1;
  const sample_summary s = measure(c, fake_options());
  CHECK(s.median_ms == Approx(right));
  CHECK(s.spoilt == 4);
  CHECK(s.count == 12);
  c.disturbed_of_4 = 4;  // nothing else to be had: it is given, and it is said
  const sample_summary hot = measure(c, fake_options());
  CHECK(hot.median_ms == Approx(3 * right));
  CHECK(hot.spoilt == hot.count);
  CHECK(hot.source == time_source::device);
}

TEST_CASE("sampling: a device that does not time every kernel is refused") {
  fake::self_timed c = compiled();
  c.missing = 1;
  const std::string text = fake::message_of<executor_error>([&] { (void)measure_kernels(c, fake_options()); });
  CHECK(text.find("times of a pass: found " + std::to_string(c.kernels().size() - 1) +
                  "; allowed: one for each kernel, " + std::to_string(c.kernels().size())) != std::string::npos);
}

TEST_CASE("sampling: networks on a device are compared by its clock, and with nothing else") {
  fake::self_timed a = compiled(8);
  fake::self_timed b = compiled(16);
  const comparison c = compare(a, b, {.measure = fake_options()});
  CHECK(c.ratio.median == Approx(truth(b) / truth(a)));
  CHECK(c.ratio.source == time_source::device);
  CHECK(c.first.source == time_source::device);
  CHECK_THROWS_AS(compare(a, [] { fake::work(1000); }, {.measure = fake_options()}), nascent::error);
}

TEST_CASE("sampling: a latency table holds a device's times, and predicts their sum") {
  const fake::folder folder;
  fake::self_timed_executor device;
  device.inner.device = {
      .device = "GPU", .library = "cuDNN 9.19.0, driver 580.1", .isa = "sm_90, 1980 MHz", .type = data_type::f16};
  const network graph = fake::residual_network(8, 5);
  for (const cache_context context : {cache_context::in_network, cache_context::cold}) {
    latency_table table(folder / "a.db", device, table_options(context));
    CHECK(table.size() == 0);  // each context has its own
    const fill_result r = table.measure_missing(graph);
    CHECK(r.networks == 2);
    CHECK(r.missing == 0);
    for (const latency_entry& e : table.entries()) {
      CHECK(e.placements == 2);
      CHECK(e.time.source == time_source::device);
    }
    CHECK(table.predict(graph).ms == Approx(truth(device.compile(graph, {}, 1), context)));
  }
  const latency_table again(folder / "a.db", device.description(), {.read_only = true});
  CHECK(again.predict(graph).complete());
  CHECK(again.entries().front().time.source == time_source::device);
  // Another driver is another environment: nothing of the old one is believed.
  fake::self_timed_executor newer = device;
  newer.inner.device.library = "cuDNN 9.19.0, driver 590.1";
  CHECK(latency_table(folder / "a.db", newer, table_options()).size() == 0);
}

TEST_CASE("sampling: slowed passes are counted in the table's rows") {
  struct hot_executor {
    fake::self_timed_executor inner{};
    device_description description() const { return inner.description(); }
    fake::self_timed compile(const network& g, const weights& w, int batch) const {
      fake::self_timed c = inner.compile(g, w, batch);
      c.disturbed_of_4 = 1;
      return c;
    }
  };
  hot_executor device;
  latency_table table(":memory:", device, table_options(cache_context::in_network, 1));
  const network graph = fake::residual_network(8, 5);
  table.measure_missing(graph);
  CHECK(table.predict(graph).ms == Approx(truth(device.inner.compile(graph, {}, 1))));
  for (const latency_entry& e : table.entries()) CHECK(e.time.spoilt == 2);
}

TEST_CASE("sampling: a device's rows go through text and back") {
  const fake::folder folder;
  fake::self_timed_executor device;
  const network graph = fake::residual_network(8, 5);
  latency_table from(folder / "a.db", device, table_options());
  from.measure_missing(graph);
  std::stringstream csv;
  from.export_csv(csv);
  CHECK(csv.str().find(",device,") != std::string::npos);
  import_csv(folder / "b.db", csv);
  const latency_table to(folder / "b.db", device.description());
  CHECK(to.predict(graph).ms == Approx(from.predict(graph).ms));
  CHECK(to.entries().front().time.source == time_source::device);
  for (const time_source s : {time_source::wall, time_source::thread_cpu, time_source::device})
    CHECK(parse_time_source(to_string(s)) == s);
  CHECK(!parse_time_source("sundial"));
}

}  // namespace
