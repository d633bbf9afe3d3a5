#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints what ONNX Runtime's QLinearConv makes of the convolution in quantization.cpp, in NHWC order: a 3x3 window with a
row of zeros around, 2 channels in u8 to 3 filters in s8, a scale for each filter. Its output is of the input's type, so that its s8 is u8 less 128. Needs numpy, onnx, onnxruntime.
"""
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

input_scale, output_scale = np.float32(0.01), np.float32(0.03)
weight_scales = np.array([0.001, 0.002, 0.003], np.float32)
x = np.array([(37 * i + 11) % 256 for i in range(4 * 4 * 2)], np.uint8).reshape(1, 4, 4, 2)
w = np.array([(53 * i) % 255 - 127 for i in range(3 * 3 * 3 * 2)], np.int8).reshape(3, 3, 3, 2)
w[:, 0, 0, 0] = 127
bias = np.array([-900, 0, 1234], np.int32)

constants = {
    "x_scale": input_scale, "x_zero": np.uint8(0), "w": np.ascontiguousarray(w.transpose(0, 3, 1, 2)), "w_scale": weight_scales,
    "w_zero": np.zeros(3, np.int8), "y_scale": output_scale, "y_zero": np.uint8(128), "bias": bias,
}
node = helper.make_node("QLinearConv", ["x", "x_scale", "x_zero", "w", "w_scale", "w_zero", "y_scale", "y_zero", "bias"], ["y"],
                        pads=[1, 1, 1, 1])
graph = helper.make_graph([node], "convolution", [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, 2, 4, 4])],
                          [helper.make_tensor_value_info("y", TensorProto.UINT8, [1, 3, 4, 4])],
                          [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
y = session.run(None, {"x": np.ascontiguousarray(x.transpose(0, 3, 1, 2))})[0]
print("onnxruntime", onnxruntime.__version__)
print(", ".join(str(int(v) - 128) for v in y.transpose(0, 2, 3, 1).ravel()))
