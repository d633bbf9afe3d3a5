// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <span>
#include <string>

#include "bindings.hpp"
#include <nlohmann/json.hpp>

#include "nascent/cost/cost.hpp"
#include "nascent/io/block_text.hpp"
#include "nascent/io/json.hpp"
#include "nascent/io/torch.hpp"
#include "nascent/network/network.hpp"
#include "nascent/report/picture.hpp"
#if defined(NASCENT_PYTHON_ONNX)
#include "nascent/executor/weights.hpp"
#include "nascent/io/onnx.hpp"
#include "nascent/io/read_onnx.hpp"
#endif
#if defined(NASCENT_PYTHON_ONEDNN)
#include "nascent/executor/onednn.hpp"
#include "nascent/executor/own_kernels.hpp"
#include "nascent/timing/compare_networks.hpp"
#endif

namespace nascent::python {

namespace {

[[noreturn]] [[maybe_unused]] void lacks(const char* what, const char* component, const char* package) {
  throw error("python.component", std::string("nascent, ") + what,
              std::string("a build without the component ") + component,
              std::string("one with it; install ") + package + " (Debian) and build the package again");
}

py::tuple sizes(const shape& s) { return py::make_tuple(s.height, s.width, s.channels); }

py::dict as_dict(const costs& c) {
  py::dict d;
  d["params"] = c.params;
  d["macs"] = c.macs;
  d["activations"] = c.activations;
  d["layers"] = c.layers;
  d["traffic_bytes"] = c.traffic;
  d["batch"] = c.batch;
  d["operational_intensity"] = c.operational_intensity();
  return d;
}

/// Those of a safetensors file that PyTorch wrote, or random ones.
network_parameters parameters_of(const network& graph, const std::optional<std::string>& file, std::uint64_t seed) {
  return file ? from_state_dict(graph, to_torch(graph), read_safetensors(*file)) : random_parameters(graph, seed);
}

void save_onnx([[maybe_unused]] const network& graph, [[maybe_unused]] const std::string& path,
               [[maybe_unused]] std::uint64_t seed, [[maybe_unused]] const std::string& dtype,
               [[maybe_unused]] int batch, [[maybe_unused]] bool keep_batch_norm,
               [[maybe_unused]] const std::optional<std::string>& weights) {
#if defined(NASCENT_PYTHON_ONNX)
  const network_parameters values = parameters_of(graph, weights, seed);
  const onnx_options options{.type = parse_data_type(dtype), .batch = batch};
  if (keep_batch_norm) write_onnx(path, graph, values, options);
  else write_onnx(path, graph, fold(graph, values), options);
#else
  lacks("save_onnx", "onnx", "libonnx-dev");
#endif
}

network load_onnx([[maybe_unused]] const std::string& path, [[maybe_unused]] int height, [[maybe_unused]] int width) {
#if defined(NASCENT_PYTHON_ONNX)
  return read_onnx(path, {.height = height, .width = width}).graph;
#else
  lacks("load_onnx", "onnx", "libonnx-dev");
#endif
}

py::tuple torch_module(const network& graph) {
  const torch_source source = to_torch(graph);
  return py::make_tuple(source.text, source.class_name);
}

void save_weights(const network& graph, const std::string& path, std::uint64_t seed) {
  write_safetensors(path, to_state_dict(graph, to_torch(graph), random_parameters(graph, seed)));
}

#if defined(NASCENT_PYTHON_ONEDNN)
py::dict as_dict(const sample_summary& t) {
  py::dict d;
  d["median_ms"] = t.median_ms;
  d["low_ms"] = t.low_ms;
  d["high_ms"] = t.high_ms;
  d["minimum_ms"] = t.minimum_ms;
  d["spread"] = t.spread;
  d["samples"] = t.count;
  d["spoilt"] = t.spoilt;
  return d;
}
#endif

py::list measure_on_cpu([[maybe_unused]] const std::vector<network>& graphs, [[maybe_unused]] int batch,
                        [[maybe_unused]] int threads, [[maybe_unused]] const std::string& dtype) {
#if defined(NASCENT_PYTHON_ONEDNN)
  std::vector<compared_network> found;
  std::string device;
  {
    const py::gil_scoped_release free;
    onednn::executor cpu{{.threads = threads, .type = parse_data_type(dtype), .kernels = own_kernels()}};
    device = describe(cpu.description());
    found = compare_networks(cpu, graphs, {}, batch);
  }
  py::list all;
  for (std::size_t i = 0; i < found.size(); ++i) {
    py::dict d = as_dict(found[i].time);
    d["network"] = graphs[i].name();
    d["device"] = device;
    if (found[i].against_first) {
      const paired_ratio& r = *found[i].against_first;
      d["ratio"] = py::make_tuple(r.median, r.low, r.high);
    }
    all.append(d);
  }
  return all;
#else
  lacks("measure", "onednn", "libdnnl-dev");
#endif
}

}  // namespace

void bind_networks(py::module_& m) {
  py::class_<network>(m, "Network", "The graph of one network: layers in topological order, with shapes.")
      .def_property("name", &network::name, &network::rename)
      .def_property_readonly(
          "input", [](const network& n) { return sizes(n.input()); }, "height, width, channels")
      .def_property_readonly("output", [](const network& n) { return sizes(n.output()); })
      .def("__len__", [](const network& n) { return n.layers().size(); })
      .def("__repr__",
           [](const network& n) {
             return "<network " + n.name() + ", " + std::to_string(n.layers().size()) + " layers>";
           })
      .def(
          "cost",
          [](const network& n, int batch, const std::string& dtype) {
            return as_dict(cost(n, {.type = parse_data_type(dtype), .batch = batch}));
          },
          py::kw_only(), py::arg("batch") = 1, py::arg("dtype") = "f32",
          "dict of params, macs, activations, layers (one image), traffic in bytes of the batch, and intensity.")
      .def(
          "to_json", [](const network& n) { return json_text(json(n)); },
          "JSON text: layers with shapes, blocks with their fields.")
      .def(
          "to_svg", [](const network& n) { return to_svg(n); }, "A picture of the network.")
      .def("_repr_svg_", [](const network& n) { return to_svg(n); })
      .def("save_onnx", &save_onnx, py::arg("path"), py::kw_only(), py::arg("seed") = 1, py::arg("dtype") = "f32",
           py::arg("batch") = 1, py::arg("keep_batch_norm") = false, py::arg("weights") = py::none(),
           "Writes an ONNX file with the weights of a safetensors file (a state dict of its PyTorch module), or random "
           "ones; a batch of 0 leaves it free.")
      .def("save_weights", &save_weights, py::arg("path"), py::kw_only(), py::arg("seed") = 1,
           "Writes random weights as a safetensors file: a state dict of its PyTorch module.")
      .def("_torch", &torch_module);
  m.def(
      "load_onnx", &load_onnx, py::arg("path"), py::kw_only(), py::arg("height") = 0, py::arg("width") = 0,
      "The network of an ONNX model, without its weights; a height and a width that the model leaves open are given.");
  m.def("_measure", &measure_on_cpu, py::arg("networks"), py::arg("batch"), py::arg("threads"), py::arg("dtype"));
}

}  // namespace nascent::python
