// SPDX-License-Identifier: Apache-2.0
#include "nascent/io/read_onnx.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../executor/networks.hpp"
#include "../temporary_folder.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/base/file.hpp"
#include "nascent/base/small_float.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/executor/reference.hpp"
#include "nascent/io/onnx.hpp"
#include "nascent/zoo/catalog.hpp"

using namespace nascent;
using Catch::Matchers::ContainsSubstring;

namespace {

bool same_numbers(const weights& a, const weights& b) {
  return std::ranges::equal(
      a, b, [](const layer_weights& x, const layer_weights& y) { return x.kernel == y.kernel && x.bias == y.bias; });
}

/// A network that went out as a model and came back: the same counts, and the same answers. Where it has the same
/// layers with the same numbers, they need not be asked.
void check_round_trip(const network& graph, std::uint64_t seed, bool may_run = true) {
  CAPTURE(graph.name(), seed);
  const network_parameters values = random_parameters(graph, seed);
  const weights folded = fold(graph, values);
  const onnx_network kept = read_onnx_bytes(to_onnx(graph, values).SerializeAsString());
  CHECK(cost(kept.graph).params == cost(graph).params);
  CHECK(cost(kept.graph).macs == cost(graph).macs);
  CHECK(kept.graph.output_elements() == graph.output_elements());
  CHECK(kept.nodes.size() == kept.graph.layers().size());
  CHECK(std::ranges::equal(kept.graph.outputs(), graph.outputs(), {}, &network_output::name, &network_output::name));
  if (!may_run) return;
  const onnx_network plain = read_onnx_bytes(to_onnx(graph, folded, {.batch = 0}).SerializeAsString());
  CHECK(cost(plain.graph).macs == cost(graph).macs);
  const std::vector<float> in = test::random_numbers(test::input_size(graph), seed);
  const std::vector<float> expected = test::run_once(reference::executor{}, graph, folded, in);
  for (const onnx_network* read : {&kept, &plain}) {
    if (read == &kept && read->graph.layers() == graph.layers() && same_numbers(read->folded(), folded)) continue;
    CHECK(test::distance(test::run_once(reference::executor{}, read->graph, read->folded(), in), expected) < 1e-5);
  }
}

std::string refusal(const std::function<void()>& run) {
  try {
    run();
  } catch (const error& e) {
    return std::string(e.what());
  }
  return {};
}

}  // namespace

TEST_CASE("random networks of every kind of layer come back from their models") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const network graph = test::random_network(seed, 1 + static_cast<int>(seed % 5), seed % 2 == 0);
    const std::string wrong = refusal([&] { check_round_trip(graph, seed); });
    CAPTURE(seed, wrong);
    CHECK(wrong.empty());
  }
}

TEST_CASE("models of the zoo come back from their models") {
  for (const char* name : {"MobileNetV3-Small", "ResNet-50", "EfficientNet-B0"}) {
    CAPTURE(name);
    check_round_trip(zoo::make_model(name, 64), 1);
  }
}

TEST_CASE("every model of the zoo comes back from its model", "[long]") {
  for (const std::string_view name : zoo::model_names()) {
    const network graph = zoo::make_model(name, name.starts_with("Inception") ? 96 : 64);
    const std::string wrong = refusal([&] { check_round_trip(graph, 1, cost(graph).macs < 200'000'000); });
    CAPTURE(name, wrong);
    CHECK(wrong.empty());
  }
}

namespace {

/// A model of one node after another: what is wrong is put in by hand.
struct small_model {
  onnx::ModelProto model;

  explicit small_model(std::vector<std::int64_t> input = {1, 2, 4, 4}, std::int64_t operators = 17) {
    model.set_ir_version(8);
    model.add_opset_import()->set_version(operators);
    model.mutable_graph()->set_name("small");
    auto* in = model.mutable_graph()->add_input();
    in->set_name("x");
    auto* type = in->mutable_type()->mutable_tensor_type();
    type->set_elem_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t d : input) type->mutable_shape()->add_dim()->set_dim_value(d);
    model.mutable_graph()->add_output()->set_name("y");
  }
  onnx::NodeProto& node(const char* kind, std::vector<std::string> inputs, const char* output = "y") {
    onnx::NodeProto& n = *model.mutable_graph()->add_node();
    n.set_op_type(kind);
    n.set_name(std::string("node ") + output);
    for (const std::string& i : inputs) n.add_input(i);
    n.add_output(output);
    return n;
  }
  onnx::TensorProto& weights(const char* name, std::vector<std::int64_t> dims, std::vector<float> numbers) {
    onnx::TensorProto& t = *model.mutable_graph()->add_initializer();
    t.set_name(name);
    t.set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t d : dims) t.add_dims(d);
    for (const float x : numbers) t.add_float_data(x);
    return t;
  }
  onnx_network read(const onnx_read_options& options = {}) const {
    return read_onnx_bytes(model.SerializeAsString(), options);
  }
  std::string refused(const onnx_read_options& options = {}) const {
    return refusal([&] { static_cast<void>(read(options)); });
  }
};

}  // namespace

TEST_CASE("activations are read by their values, whatever nodes say them") {
  const auto read_function = [](const std::function<void(small_model&)>& build) {
    small_model m;
    build(m);
    const onnx_network n = m.read();
    REQUIRE(n.graph.layers().size() == 1);
    return n.graph.layers()[0].function();
  };
  const auto read_as = [&](const std::function<void(small_model&)>& build) {
    const activation_function f = read_function(build);
    CHECK(!f.numbers.said());
    return f.act;
  };
  CHECK(read_as([](small_model& m) {  // min(max(x + 3, 0), 6) / 6 * x
          m.weights("three", {}, {3});
          m.weights("six", {}, {6});
          m.weights("nothing", {}, {0});
          m.node("Add", {"x", "three"}, "a");
          m.node("Clip", {"a", "nothing", "six"}, "b");
          m.node("Mul", {"x", "b"}, "c");
          m.node("Div", {"c", "six"});
        }) == activation::hswish);
  CHECK(read_as([](small_model& m) {  // x / (1 + exp(-x))
          m.weights("one", {}, {1});
          m.node("Neg", {"x"}, "a");
          m.node("Exp", {"a"}, "b");
          m.node("Add", {"one", "b"}, "c");
          m.node("Div", {"x", "c"});
        }) == activation::swish);
  CHECK(read_as([](small_model& m) {  // x * tanh(log(1 + exp(x)))
          m.weights("one", {}, {1});
          m.node("Exp", {"x"}, "a");
          m.node("Add", {"a", "one"}, "b");
          m.node("Log", {"b"}, "c");
          m.node("Tanh", {"c"}, "d");
          m.node("Mul", {"x", "d"});
        }) == activation::mish);
  CHECK(read_function([](small_model& m) {  // with numbers of its own
          auto* slope = m.node("LeakyRelu", {"x"}).add_attribute();
          slope->set_name("alpha");
          slope->set_type(onnx::AttributeProto::FLOAT);
          slope->set_f(0.1F);
        }) == activation_function(activation::leaky_relu, 0.1));
  CHECK(read_function([](small_model& m) {
          m.weights("nothing", {}, {0});
          m.weights("most", {}, {20});
          m.node("Clip", {"x", "nothing", "most"});
        }) == activation_function(activation::clamp, 0, 20));
  CHECK(read_as([](small_model& m) {  // max(x, 0) twice is once
          m.node("Relu", {"x"}, "a");
          m.node("Relu", {"a"});
        }) == activation::relu);
}

TEST_CASE("two activations that are none together are two layers, and a sum of both is a sum") {
  small_model m;
  m.node("Relu", {"x"}, "a");
  m.node("Sigmoid", {"a"}, "b");
  m.node("Add", {"a", "b"});
  const onnx_network n = m.read();
  REQUIRE(n.graph.layers().size() == 3);
  CHECK(n.graph.layers()[0].act == activation::relu);
  CHECK(n.graph.layers()[1].act == activation::sigmoid);
  CHECK(n.graph.layers()[2].kind == layer_kind::add);
}

TEST_CASE("weights keep their numbers in f16, bf16 and f64") {
  for (const data_type type : {data_type::f16, data_type::bf16}) {
    const network graph = make_network("one", {1, 4, 4, 2}, [](auto& net, tensor x) {
      net.conv(x, {.filters = 3, .kernel = 3, .act = relu6, .bias = true});
    });
    weights values = random_weights(graph, 1);
    for (layer_weights& w : values)
      for (std::vector<float>* numbers : {&w.kernel, &w.bias})
        for (float& x : *numbers) x = type == data_type::f16 ? from_f16(to_f16(x)) : from_bf16(to_bf16(x));
    const onnx_network read = read_onnx_bytes(to_onnx(graph, values, {.type = type}).SerializeAsString());
    CHECK(read.graph.layers() == graph.layers());
    CHECK(same_numbers(read.folded(), values));
  }
  small_model m({1, 1, 4, 4});
  onnx::TensorProto& t = m.weights("w", {1, 1, 1, 1}, {});
  t.set_data_type(onnx::TensorProto::DOUBLE);
  t.add_double_data(0.25);
  m.node("Conv", {"x", "w"});
  CHECK(m.read().parameters[0].kernel == std::vector<float>{0.25F});
}

TEST_CASE("pads that are computed from constants, as PyTorch writes them") {
  small_model m;
  const auto whole = [&](const char* name, std::vector<std::int64_t> dims, std::vector<std::int64_t> numbers) {
    onnx::TensorProto& t = m.weights(name, std::move(dims), {});
    t.set_data_type(onnx::TensorProto::INT64);
    for (const std::int64_t x : numbers) t.add_int64_data(x);
  };
  whole("pads", {8}, {1, 2, 0, 1, 0, 0, 0, 0});  // left, right, top, bottom, ...: the last dimension first
  whole("pairs", {2}, {-1, 2});
  whole("last", {1}, {-1});
  whole("before", {1}, {-9223372036854775807});
  whole("first", {1}, {0});
  whole("flat", {1}, {-1});
  m.node("Reshape", {"pads", "pairs"}, "a");
  m.node("Slice", {"a", "last", "before", "first", "last"}, "b");
  m.node("Transpose", {"b"}, "c");
  m.node("Reshape", {"c", "flat"}, "d");
  m.weights("zero", {}, {0});
  m.node("Pad", {"x", "d", "zero"});
  const onnx_network n = m.read();
  REQUIRE(n.graph.layers().size() == 1);
  CHECK(n.graph.layers()[0].kind == layer_kind::pad);
  CHECK((n.graph.layers()[0].top == 0 && n.graph.layers()[0].left == 1));
  CHECK(n.graph.output() == shape{1, 5, 7, 2});
}

TEST_CASE("a layer normalisation in its parts is one layer") {
  small_model m({1, 5, 4, 4});
  m.weights("two", {}, {2});
  m.weights("epsilon", {}, {1e-6F});
  m.weights("factors", {5, 1, 1}, {1, 2, 3, 4, 5});
  m.weights("summands", {1, 5, 1, 1}, {5, 4, 3, 2, 1});
  const auto mean = [&](const char* in, const char* out) {
    auto* axes = m.node("ReduceMean", {in}, out).add_attribute();
    axes->set_name("axes");
    axes->set_type(onnx::AttributeProto::INTS);
    axes->add_ints(1);
  };
  mean("x", "a");
  m.node("Sub", {"x", "a"}, "b");
  m.node("Pow", {"b", "two"}, "c");
  mean("c", "d");
  m.node("Add", {"d", "epsilon"}, "e");
  m.node("Sqrt", {"e"}, "f");
  m.node("Div", {"b", "f"}, "g");
  m.node("Mul", {"g", "factors"}, "h");
  m.node("Add", {"h", "summands"});
  const onnx_network n = m.read();
  REQUIRE(n.graph.layers().size() == 1);
  const layer& l = n.graph.layers()[0];
  CHECK(l.kind == layer_kind::layer_norm);
  CHECK(l.epsilon_digits == 6);
  CHECK(l.bias);
  CHECK(n.parameters[0].kernel == std::vector<float>{1, 2, 3, 4, 5});
  CHECK(n.parameters[0].bias == std::vector<float>{5, 4, 3, 2, 1});
}

TEST_CASE("a mean over channels that normalises nothing is refused") {
  small_model m({1, 5, 4, 4});
  auto* axes = m.node("ReduceMean", {"x"}).add_attribute();
  axes->set_name("axes");
  axes->set_type(onnx::AttributeProto::INTS);
  axes->add_ints(1);
  CHECK_THAT(m.refused(), ContainsSubstring("a mean over channels"));
}

TEST_CASE("what no layer says is refused by node and operator, all at once") {
  small_model m;
  m.node("NonZero", {"x"}, "a");
  m.node("Sin", {"x"}, "b");
  m.node("Add", {"a", "b"}, "c");  // of what was refused nothing is said
  m.node("Relu", {"x"});
  const std::string text = m.refused();
  CHECK_THAT(text, ContainsSubstring("found 2 nodes that no layers say"));
  CHECK_THAT(text, ContainsSubstring("'node a' (NonZero)"));
  CHECK_THAT(text, ContainsSubstring("'node b' (Sin)"));
}

// Operators of ONNX's specification; ONNX Runtime's quantiser makes zero points of 128 in maps of 8 bits.
TEST_CASE("quantised models are refused by name, and zero points that are not 0 with them") {
  const auto refused = [](const char* kind, onnx::TensorProto::DataType type, int zero) {
    small_model m;
    m.weights("scale", {}, {0.5F});
    onnx::TensorProto& t = m.weights("zero", {}, {});
    t.set_data_type(type);
    t.add_int32_data(zero);
    m.node(kind, {"x", "scale", "zero"});
    return m.refused();
  };
  const std::string tail = "; allowed: the model in f32 (or f16, bf16), to be read and then calibrated";
  for (const char* kind : {"QuantizeLinear", "DequantizeLinear"}) {
    CHECK_THAT(refused(kind, onnx::TensorProto::UINT8, 128),
               ContainsSubstring("(" + std::string(kind) +
                                 "): found quantised numbers with a zero point that is not 0" + tail));
    CHECK_THAT(refused(kind, onnx::TensorProto::INT8, -3), ContainsSubstring("with a zero point that is not 0" + tail));
    CHECK_THAT(refused(kind, onnx::TensorProto::INT8, 0), ContainsSubstring("found quantised numbers" + tail));
  }
  small_model m;
  m.weights("w", {1, 2, 1, 1}, {1, 1});
  m.node("ConvInteger", {"x", "w"});
  CHECK_THAT(m.refused(), ContainsSubstring("(ConvInteger): found quantised numbers" + tail));
}

// torch.nn.PReLU() has one slope, of shape [1]; ONNX lets it lie along any dimension.
TEST_CASE("the slopes of a PReLU are one for each channel, or one for all") {
  const std::vector<float> in{-1, 2, -3, -4, 5, -6, -7, 8};  // 2 x 2 positions of 2 channels
  const auto answer = [&](std::vector<std::int64_t> dims, std::vector<float> slopes) {
    small_model m({1, 2, 2, 2});
    m.weights("slopes", std::move(dims), std::move(slopes));
    m.node("PRelu", {"x", "slopes"});
    const onnx_network read = m.read();
    CHECK(read.graph.layers().front().kind == layer_kind::prelu);
    return test::run_once(reference::executor{}, read.graph, read.folded(), in);
  };
  const std::vector<float> shared{-0.5F, 2, -1.5F, -2, 5, -3, -3.5F, 8};
  CHECK(answer({1}, {0.5F}) == shared);
  CHECK(answer({}, {0.5F}) == shared);
  CHECK(answer({1, 1, 1}, {0.5F}) == shared);
  CHECK(answer({2, 1, 1}, {0.5F, -2}) == std::vector<float>{-0.5F, 2, -1.5F, 8, 5, 12, -3.5F, 8});
  small_model m({1, 2, 2, 2});
  m.weights("slopes", {2, 2}, {1, 2, 3, 4});
  m.node("PRelu", {"x", "slopes"});
  CHECK_THAT(m.refused(), ContainsSubstring("(PRelu): found"));
}

TEST_CASE("files that are no such models are refused") {
  CHECK_THAT(refusal([] { static_cast<void>(read_onnx_bytes("no model")); }), ContainsSubstring("no ONNX model"));
  CHECK_THAT(refusal([] { static_cast<void>(read_onnx_bytes("")); }), ContainsSubstring("no node"));
  CHECK_THAT(refusal([] { static_cast<void>(read_onnx("/no/such/file.onnx")); }), ContainsSubstring("no file"));
  CHECK_THAT(refusal([] { static_cast<void>(read_onnx("/dev/zero")); }), ContainsSubstring("no file"));
  for (const std::int64_t operators : {-1, 0, 6, 29, 1000}) {
    small_model m({1, 2, 4, 4}, operators);
    m.node("Relu", {"x"});
    CHECK_THAT(m.refused(), ContainsSubstring("found " + std::to_string(operators) + "; allowed: 7 to 28"));
  }
  for (const std::int64_t operators : {7, 12, 28}) {
    small_model m({1, 2, 4, 4}, operators);
    m.node("Relu", {"x"});
    CHECK(m.refused().empty());
  }
  const auto said = [](const std::function<void(small_model&)>& build) {
    small_model m;
    build(m);
    return m.refused();
  };
  CHECK_THAT(said([](small_model& m) { m.node("Add", {"x", "y"}); }), ContainsSubstring("made by no node before it"));
  CHECK_THAT(said([](small_model& m) { m.node("Relu", {"x"}, "z"); }),
             ContainsSubstring("output 'y': found made by no node"));
  CHECK_THAT(said([](small_model& m) {
               m.node("Relu", {"x"});
               m.node("Relu", {"x"});
             }),
             ContainsSubstring("a name twice"));
  CHECK_THAT(said([](small_model& m) {
               m.node("Relu", {"x"});
               m.model.mutable_graph()->add_input()->set_name("other");
             }),
             ContainsSubstring("found 'x' and 'other'; allowed: one"));
  CHECK_THAT(said([](small_model& m) { m.node("Identity", {"x"}); }), ContainsSubstring("the network's input"));
  CHECK_THAT(said([](small_model& m) { m.node("Relu", {"x"}).set_domain("mine\xff"); }), ContainsSubstring("'mine?'"));
}

TEST_CASE("sizes that are open are given, or named") {
  small_model m;
  m.node("Relu", {"x"});
  auto* shape_of = m.model.mutable_graph()->mutable_input(0)->mutable_type()->mutable_tensor_type()->mutable_shape();
  shape_of->mutable_dim(0)->set_dim_param("batch");
  CHECK(m.read().graph.input() == shape{1, 4, 4, 2});
  shape_of->mutable_dim(2)->set_dim_param("rows");
  CHECK_THAT(m.refused(), ContainsSubstring("dimension 2 'rows': found a size that is open"));
  CHECK(m.read({.height = 8}).graph.input() == shape{1, 8, 4, 2});
  for (const std::int64_t wrong : {-1, 0, 65537}) {
    shape_of->mutable_dim(2)->set_dim_value(wrong);
    CHECK_THAT(m.refused(), ContainsSubstring("found " + std::to_string(wrong) + "; allowed: 1 to 65536"));
  }
  shape_of->clear_dim();
  CHECK_THAT(m.refused(), ContainsSubstring("0 dimensions"));
}

TEST_CASE("weights of another size or type, or elsewhere, are refused by name") {
  const auto said = [](const std::function<void(onnx::TensorProto&)>& change) {
    small_model m;
    change(m.weights("w", {1, 2, 1, 1}, {1, 2}));
    m.node("Conv", {"x", "w"});
    return m.refused();
  };
  CHECK(said([](auto&) {}).empty());
  CHECK_THAT(said([](auto& t) { t.add_float_data(3); }), ContainsSubstring("weights 'w': found 3 for 2 numbers"));
  CHECK_THAT(said([](auto& t) { t.set_raw_data("123"); }), ContainsSubstring("3 bytes"));
  CHECK_THAT(said([](auto& t) { t.set_dims(0, -1); }), ContainsSubstring("a size of -1"));
  CHECK_THAT(said([](auto& t) { t.set_dims(0, std::int64_t{1} << 62); }), ContainsSubstring("2^40"));
  CHECK_THAT(said([](auto& t) { t.set_data_type(onnx::TensorProto::STRING); }), ContainsSubstring("STRING"));
  CHECK_THAT(said([](auto& t) { t.set_dims(1, 1), t.set_dims(2, 2); }), ContainsSubstring("a kernel of 1 x 1 x 2 x 1"));
  CHECK_THAT(said([](auto& t) { t.set_float_data(0, NAN); }), ContainsSubstring("not finite"));
  const test::temporary_folder folder;
  write_file(folder / "weights", std::string(8, '\0'));
  const auto beside = [&](const std::string& location, const std::string& offset) {
    small_model m;
    onnx::TensorProto& t = m.weights("w", {1, 2, 1, 1}, {});
    t.set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] : {std::pair{"location", location}, std::pair{"offset", offset}}) {
      auto* entry = t.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    m.node("Conv", {"x", "w"});
    write_file(folder / "model.onnx", m.model.SerializeAsString());
    CHECK_THAT(m.refused(), ContainsSubstring("not read from a file"));
    return refusal([&] { static_cast<void>(read_onnx(folder / "model.onnx")); });
  };
  CHECK(beside("weights", "0").empty());
  CHECK_THAT(beside("weights", "1"), ContainsSubstring("too short"));
  CHECK_THAT(beside("weights", "-1"), ContainsSubstring("an offset"));
  CHECK_THAT(beside("../../../../../../../../../../../etc/passwd", "0"), ContainsSubstring("outside"));
  CHECK_THAT(beside("/etc/passwd", "0"), ContainsSubstring("outside"));
  CHECK_THAT(beside("nothing", "0"), ContainsSubstring("no file"));
  std::filesystem::create_symlink("/etc/passwd", folder / "link");
  CHECK_THAT(beside("link", "0"), ContainsSubstring("outside"));
}

TEST_CASE("few bytes do not ask for much memory") {
  small_model m;
  auto& shape_of = m.weights("shape", {2}, {});
  shape_of.set_data_type(onnx::TensorProto::INT64);
  for (int i = 0; i < 2; ++i) shape_of.add_int64_data(1 << 20);
  m.node("ConstantOfShape", {"shape"}, "large");
  m.node("Relu", {"x"});
  CHECK_THAT(m.refused(), ContainsSubstring("more computed numbers than the model is worth"));
  small_model wide({1, 1 << 20, 1, 1});
  wide.weights("two", {}, {2});
  std::string last = "x";
  for (int i = 0; i < 40; ++i) {
    const std::string scaled = "a" + std::to_string(i);
    const std::string next = "b" + std::to_string(i);
    wide.node("Mul", {last, "two"}, scaled.c_str());
    wide.node("MaxPool", {scaled}, next.c_str()).add_attribute()->set_name("kernel_shape");
    auto* size = wide.model.mutable_graph()->mutable_node(wide.model.graph().node_size() - 1)->mutable_attribute(0);
    size->set_type(onnx::AttributeProto::INTS);
    for (int k = 0; k < 2; ++k) size->add_ints(1);
    last = next;
  }
  wide.node("Relu", {last});
  CHECK_THAT(wide.refused(), ContainsSubstring("more parameters than the model is worth"));
}
