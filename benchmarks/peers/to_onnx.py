# SPDX-License-Identifier: Apache-2.0
"""A network as an ONNX model: an interpreter of its layers. Input NCHW, output a matrix of images x classes."""

import numpy
import onnx
from onnx import TensorProto, helper

from network import UnsupportedLayer


def both(stride):
    """Of rows and columns: files have one number where they are alike."""
    return [stride] * 2 if isinstance(stride, int) else stride


def to_onnx(network, batch, element=TensorProto.FLOAT):
    """`element`: the type of all maps and weights, TensorProto.FLOAT or TensorProto.BFLOAT16."""
    nodes, constants = [], []

    def name(tensor):
        return "image" if tensor == 0 else f"t{tensor}"

    def constant(label, values):
        if values.dtype == numpy.float32 and element == TensorProto.BFLOAT16:
            constants.append(helper.make_tensor(label, element, values.shape, values.flatten()))
        else:
            constants.append(onnx.numpy_helper.from_array(values, label))
        return label

    def node(kind, inputs, output, **attributes):
        nodes.append(helper.make_node(kind, inputs, [output], name=output + "_" + kind, **attributes))

    def activate(act, before, output):
        simple = {"relu": "Relu", "sigmoid": "Sigmoid", "hswish": "HardSwish"}
        if act in simple:
            node(simple[act], [before], output)
        elif act == "relu6":
            limits = [constant(f"{output}_{v}", numpy.array(v, numpy.float32)) for v in (0, 6)]
            node("Clip", [before, *limits], output)
        elif act == "hsigmoid":
            node("HardSigmoid", [before], output, alpha=1 / 6, beta=0.5)
        elif act == "swish":
            node("Sigmoid", [before], output + "_gate")
            node("Mul", [before, output + "_gate"], output)
        else:
            raise UnsupportedLayer(f"activation '{act}'")

    flat = set()  # tensors that are matrices
    for index, (layer, (kernel, bias)) in enumerate(zip(network.layers, network.weights())):
        kind, output = layer["kind"], name(index + 1)
        inputs = [name(t) for t in layer["operands"]]
        act = layer.get("act")
        plain = output + "_plain" if act and kind != "activate" else output
        if kind == "convolution":
            weights = [constant(output + "_kernel", kernel), constant(output + "_bias", bias)]
            node("Conv", inputs + weights, plain, kernel_shape=layer["kernel"], strides=both(layer["stride"]),
                 pads=layer["padding"], dilations=[layer.get("dilation", 1)] * 2, group=layer.get("groups", 1))
        elif kind == "dense":
            if layer["operands"][0] not in flat:
                node("Flatten", inputs, output + "_flat")
                inputs = [output + "_flat"]
            node("Gemm", inputs + [constant(output + "_kernel", kernel), constant(output + "_bias", bias)], plain, transB=1)
            flat.add(index + 1)
        elif kind in ("max_pool", "average_pool"):
            node("MaxPool" if kind == "max_pool" else "AveragePool", inputs, plain, kernel_shape=layer["kernel"],
                 strides=both(layer["stride"]), pads=layer["padding"])
        elif kind == "global_average_pool":
            node("GlobalAveragePool", inputs, plain)
        elif kind in ("add", "multiply"):
            node("Add" if kind == "add" else "Mul", inputs, plain)
        elif kind == "concatenate":
            node("Concat", inputs, plain, axis=1)
        elif kind != "activate":
            raise UnsupportedLayer(f"{network.name}: to_onnx: layer {index}: found '{kind}'")
        if act:
            activate(act, inputs[0] if kind == "activate" else plain, output)

    last = len(network.layers)
    shape = network.input
    graph = helper.make_graph(
        nodes, network.name,
        [helper.make_tensor_value_info("image", element, [batch, shape["channels"], shape["height"], shape["width"]])],
        [helper.make_tensor_value_info(name(last), element, [batch, network.layers[-1]["output"]["channels"]])],
        constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17 if element == TensorProto.FLOAT else 22)])
    model.ir_version = 8 if element == TensorProto.FLOAT else 10  # what runtimes of the last years read
    onnx.checker.check_model(model)
    return model
