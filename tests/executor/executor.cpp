// SPDX-License-Identifier: Apache-2.0
// What holds for every executor.
#include "nascent/executor/executor.hpp"

#include "networks.hpp"
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/executor/onednn.hpp"
#include "nascent/executor/reference.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::Message;
using Catch::Matchers::MessageMatches;

static_assert(executor<reference::executor>);
static_assert(executor<onednn::executor>);
static_assert(compiled_network<reference::compiled>);
static_assert(compiled_network<onednn::compiled>);
static_assert(!executor<network>);

namespace {

network small() {
  return make_network("small", {1, 4, 5, 3}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 8, .kernel = 3, .act = relu});
    net.dense(net.global_pool(x), {.units = 2});
  });
}

}  // namespace

TEMPLATE_TEST_CASE("executor: weights that do not belong to the network are refused", "", reference::executor,
                   onednn::executor) {
  const TestType executor;
  const network graph = small();
  const weights good = random_weights(graph, 1);

  weights values = good;
  values.pop_back();
  CHECK_THROWS_MATCHES(executor.compile(graph, values, 1), executor_error,
                       Message("nascent: 'small', entries of weights: found 2; allowed: 3"));
  values = good;
  values[0].kernel.push_back(0);
  CHECK_THROWS_MATCHES(
      executor.compile(graph, values, 1), executor_error,
      Message("nascent: 'small', layer 0 (convolution), numbers in the kernel: found 217; allowed: 216"));
  values = good;
  values[2].bias.clear();
  CHECK_THROWS_MATCHES(executor.compile(graph, values, 1), executor_error,
                       Message("nascent: 'small', layer 2 (dense), numbers in the bias: found 0; allowed: 2"));
  values = good;
  values[1].kernel.push_back(1);
  CHECK_THROWS_MATCHES(
      executor.compile(graph, values, 1), executor_error,
      Message("nascent: 'small', layer 1 (global_average_pool), numbers in the kernel: found 1; allowed: 0"));
}

TEMPLATE_TEST_CASE("executor: what no memory holds is refused with its size", "", reference::executor,
                   onednn::executor) {
  const network wide =
      make_network("wide", {1, 65'536, 65'536, 640}, [](auto& net, tensor x) { net.conv(x, {.filters = 1}); });
  CHECK_THROWS_MATCHES(TestType{}.compile(wide, random_weights(wide, 1), 1), executor_error,
                       MessageMatches(ContainsSubstring("'wide', layer 0 (convolution): found maps of 5.51 TB")));
  const network heavy = make_network("heavy", {1, 1, 1, 1024},
                                     [](auto& net, tensor x) { net.conv(x, {.filters = 1024, .kernel = 1024}); });
  CHECK_THROWS_MATCHES(random_weights(heavy, 1), network_error,
                       MessageMatches(ContainsSubstring("weights of network 'heavy', up to layer 0: found 4.40 TB")));
  CHECK_THROWS_AS(random_parameters(heavy, 1), network_error);
}

TEMPLATE_TEST_CASE("executor: a batch or a network that cannot be run is refused", "", reference::executor,
                   onednn::executor) {
  const TestType executor;
  const network graph = small();
  const weights values = random_weights(graph, 1);
  CHECK_THROWS_MATCHES(executor.compile(graph, values, 0), executor_error,
                       Message("nascent: 'small', batch: found 0; allowed: 1 to 65536"));
  CHECK_THROWS_MATCHES(executor.compile(graph, values, -3), executor_error,
                       Message("nascent: 'small', batch: found -3; allowed: 1 to 65536"));
  CHECK_THROWS_MATCHES(executor.compile(network("empty", {1, 2, 2, 1}), {}, 1), executor_error,
                       Message("nascent: 'empty': found no layers, so nothing to run; allowed: 1 layer or more"));

  network wrong("wrong", {1, 2, 2, 1});
  layer l{.kind = layer_kind::add, .operand_count = 2, .input = {1, 2, 2, 1}, .output = {1, 2, 2, 1}};
  l.operands[1] = 4;
  wrong(l);
  CHECK_THROWS_MATCHES(
      executor.compile(wrong, {{}}, 1), executor_error,
      Message("nascent: 'wrong', layer 0 (add): found tensor 4 as operand; allowed: tensors that are made before it"));
}

TEMPLATE_TEST_CASE("executor: tensors that no layer gave out are refused", "", reference::executor, onednn::executor) {
  const auto refused = [](auto build) {
    const network graph = make_network("made up", {1, 8, 8, 4}, build);
    const TestType executor;
    try {
      executor.compile(graph, random_weights(graph, 1), 1);
    } catch (const executor_error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(refused([](auto& net, tensor x) {
          x.height = 16;
          net.conv(x, {.filters = 8});
        }) ==
        "nascent: 'made up', layer 0 (convolution): found a map of 16x8x4 that is 8x8x4; allowed: tensors as the net "
        "gave "
        "them out");
  CHECK(refused([](auto& net, tensor x) {
          tensor y = net.conv(x, {.filters = 8});
          y.channels = 4;
          net.add(x, y);
        }) ==
        "nascent: 'made up', layer 1 (add): found a map of 8x8x4 that is 8x8x8; allowed: tensors as the net gave them "
        "out");
  CHECK(refused([](auto& net, tensor x) {
          tensor y = net.conv(x, {.filters = 8});
          y.channels = 1;
          net.concatenate(x, y);
        }) ==
        "nascent: 'made up', layer 1 (concatenate): found 5 channels of operands that have 12; allowed: tensors as the "
        "net "
        "gave them out");
  CHECK(refused([](auto& net, tensor x) { net.conv(net.concatenate(x, x), {.filters = 8}); }).empty());
}

TEMPLATE_TEST_CASE("executor: spans of the wrong length and kernels past the end are refused", "", reference::executor,
                   onednn::executor) {
  const network graph = small();
  auto program = TestType{}.compile(graph, random_weights(graph, 1), 2);
  std::vector<float> in(120);
  std::vector<float> out(4);
  CHECK_NOTHROW(program.run(in, out));
  CHECK_THROWS_MATCHES(program.run(std::span(in).first(60), out), executor_error,
                       Message("nascent: 'small', batch 2, numbers of input: found 60; allowed: 120"));
  CHECK_THROWS_MATCHES(program.run(in, std::span(out).first(3)), executor_error,
                       Message("nascent: 'small', batch 2, numbers of space for the output: found 3; allowed: 4"));
  CHECK_THROWS_MATCHES(program.run_kernel(3), executor_error,
                       Message("nascent: 'small', kernel: found 3; allowed: below 3"));
  CHECK(program.batch() == 2);
}

namespace {

/// Three outputs: one that is read on, one whose convolution a sum would join, one made last.
network with_outputs() {
  return make_network("outputs", {1, 9, 7, 3}, [](auto& net, tensor x) {
    x = net.conv(x, {.filters = 8, .kernel = 3, .act = relu});
    net.output(x, "early");
    const tensor y = net.conv(x, {.filters = 8, .kernel = 3});
    net.output(y, "before the sum");
    x = net.activate(net.add(y, x), relu);
    return net.dense(net.global_pool(x), {.units = 5});
  });
}

}  // namespace

TEMPLATE_TEST_CASE("executor: all outputs are given, one after another", "", reference::executor, onednn::executor) {
  const network graph = with_outputs();
  const weights values = random_weights(graph, 3);
  REQUIRE(graph.outputs().size() == 3);
  const int batch = 2;
  const std::vector<float> in = test::random_numbers(test::input_size(graph, batch), 4);
  auto program = TestType{}.compile(graph, values, batch);
  std::vector<float> out(static_cast<std::size_t>(graph.output_elements() * batch));
  program.run(in, out);
  CHECK_THROWS_MATCHES(program.run(in, std::span(out).first(10)), executor_error,
                       Message("nascent: 'outputs', batch 2, numbers of space for the outputs: found 10; allowed: " +
                               std::to_string(out.size())));
  // Each is what a network that ends there gives.
  const auto parts = split_outputs(graph, std::span<const float>(out), batch);
  const std::vector<network_output> outputs = graph.outputs();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto layers = static_cast<std::size_t>(outputs[i].tensor);
    network part("part", graph.input());
    for (std::size_t l = 0; l < layers; ++l) part(graph.layers()[l]);
    const weights own(values.begin(), values.begin() + outputs[i].tensor);
    const std::vector<float> alone = test::run_once(reference::executor{}, part, own, in, batch);
    INFO(outputs[i].name);
    CHECK(test::distance(parts[i], alone) <= 1e-5);
  }
  program.run(in, out);
  program.run();  // outputs that were copied out are there still
}

TEST_CASE("executor: all outputs of a batch in pieces") {
  const network graph = with_outputs();
  const weights values = random_weights(graph, 3);
  const std::vector<float> in = test::random_numbers(test::input_size(graph, 6), 4);
  const auto elements = static_cast<std::size_t>(graph.output_elements() * 6);
  std::vector<float> whole(elements);
  std::vector<float> pieces(elements);
  onednn::executor{}.compile(graph, values, 6).run(in, whole);
  onednn::executor{{.images_at_once = 2}}.compile(graph, values, 6).run(in, pieces);
  CHECK(test::distance(pieces, whole) <= 1e-6);
}

TEMPLATE_TEST_CASE("executor: a program runs again, and after it was moved", "", reference::executor,
                   onednn::executor) {
  const network graph = test::random_network(11, 4, true);
  const weights values = random_weights(graph, 1);
  auto program = TestType{}.compile(graph, values, 1);
  const std::vector<float> first = test::random_numbers(test::input_size(graph), 1);
  const std::vector<float> second = test::random_numbers(test::input_size(graph), 2);
  std::vector<float> out(test::output_size(graph));
  std::vector<float> again(out.size());
  program.run(first, out);
  program.run(second, again);
  CHECK(out != again);
  program.run();
  auto moved = std::move(program);
  moved.run(first, again);
  CHECK(out == again);
}

TEST_CASE("checks: errors name the stage where there is one") {
  network graph = small();
  network staged("staged", graph.input());
  staged.name_stages({"stem", "head"});
  staged.stage(0);
  staged(graph.layers()[0]);
  staged.stage(1);
  staged(graph.layers()[1]);
  weights values(2);
  CHECK_THROWS_MATCHES(
      reference::executor{}.compile(staged, values), executor_error,
      Message(
          "nascent: 'staged', layer 0 of stage 'stem' (convolution), numbers in the kernel: found 0; allowed: 216"));
}

// Why the executor refuses it. When this no longer holds, f16 may be let in where a primitive can be described.
TEST_CASE("onednn: oneDNN 2 describes nothing that computes in f16") {
  if (!onednn::api::library_version().starts_with("oneDNN 2.")) SKIP("another oneDNN");
  using onednn::api::desc;
  const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  const dnnl::primitive_attr plain;
  for (const auto type : {dnnl::memory::data_type::f32, dnnl::memory::data_type::f16}) {
    const auto nhwc = dnnl::memory::format_tag::nhwc;
    const desc map({1, 16, 14, 14}, type, nhwc);
    const desc kernel({16, 16, 3, 3}, type, dnnl::memory::format_tag::oihw);
    const desc bias({16}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::x);
    const desc rows({8, 8}, type, dnnl::memory::format_tag::ab);
    const onednn::api::window window{{1, 1}, {1, 1}, {1, 1}, {1, 1}};
    const auto refused = [](auto describe) {
      try {
        static_cast<void>(describe());
        return false;
      } catch (const dnnl::error& e) {
        return e.status == dnnl_unimplemented;
      }
    };
    const bool expected = type == dnnl::memory::data_type::f16;
    using namespace onednn;
    CHECK(refused([&] { return api::convolution(engine, map, kernel, bias, map, window, plain); }) == expected);
    CHECK(refused([&] { return api::matmul(engine, rows, rows, rows, plain); }) == expected);
    CHECK(refused([&] { return api::softmax(engine, map, 1, plain); }) == expected);
    CHECK(refused([&] { return api::binary(engine, dnnl::algorithm::binary_add, map, map, map, plain); }) == expected);
    CHECK(refused([&] {
            return api::elementwise(engine, {dnnl::algorithm::eltwise_relu, 0, 0}, map, plain);
          }) == expected);
  }
}
