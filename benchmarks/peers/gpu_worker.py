# SPDX-License-Identifier: Apache-2.0
"""Runs networks in another runtime on a GPU, on request, by the protocol of `benchmark_gpu serve`:

    python gpu_worker.py torch | tensorrt

One command a line on standard input, one answer a line on standard output, both JSON; the commands are those of worker.py, f16 only. Every
runtime runs as one CUDA graph. Passes are timed by events inside that graph, as benchmark_gpu's are.
"""

import gc
import sys
import time

import network as networks
from worker import Unsupported, onnx_file, serve

element_bytes = {"f16": 2}


def timing_events(torch):
    """Two events that a graph can hold and the host can read."""
    try:
        return [torch.cuda.Event(enable_timing=True, external=True) for _ in range(2)]
    except TypeError as fault:
        raise Unsupported("this PyTorch knows no events inside CUDA graphs (2.8 and later do)") from fault


class Captured:
    """A CUDA graph of `run`, with an event before and after."""

    def __init__(self, torch, run):
        self.torch = torch
        self.events = timing_events(torch)
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):  # autotuning and allocations
                run()
        torch.cuda.current_stream().wait_stream(stream)
        torch.cuda.synchronize()
        self.plain, self.timed = torch.cuda.CUDAGraph(), torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.plain):
            self.answer = run()
        with torch.cuda.graph(self.timed):
            self.events[0].record()
            run()
            self.events[1].record()
        self.once()

    def once(self):
        self.plain.replay()
        self.torch.cuda.synchronize()

    def device_ms(self):
        self.timed.replay()
        self.torch.cuda.synchronize()
        return self.events[0].elapsed_time(self.events[1])

    def queue_ms(self, launches):
        begin, end = (self.torch.cuda.Event(enable_timing=True) for _ in range(2))
        self.plain.replay()
        begin.record()
        for _ in range(launches):
            self.plain.replay()
        end.record()
        self.torch.cuda.synchronize()
        return begin.elapsed_time(end) / launches


def need_gpu(torch):
    if not torch.cuda.is_available():
        raise RuntimeError("PyTorch sees no GPU")


class PyTorch:
    def __init__(self):
        import torch

        need_gpu(torch)
        self.torch = torch
        self.version = f"PyTorch {torch.__version__}, cuDNN {torch.backends.cudnn.version()}"

    def settings(self, every):
        return ["channels_last, CUDA graph"] + ["torch.compile, CUDA graph"] * every

    def load(self, network, dtype, batch, setting):
        from to_torch import Module

        torch = self.torch
        torch.backends.cudnn.benchmark = True
        layout = {"device": "cuda", "dtype": torch.float16, "memory_format": torch.channels_last}
        module = Module(network).eval().to(device="cuda", dtype=torch.float16).to(memory_format=torch.channels_last)
        image = torch.from_numpy(network.pixels(batch)).to(**layout)
        if setting.startswith("torch.compile"):
            module = torch.compile(module, mode="max-autotune-no-cudagraphs")

        def run():
            with torch.no_grad():
                return module(image)

        captured = Captured(torch, run)
        return captured, lambda: captured.answer.float().cpu().numpy()


class TensorRt:
    def __init__(self):
        import tensorrt
        import torch

        need_gpu(torch)
        self.trt, self.torch = tensorrt, torch
        self.version = "TensorRT " + tensorrt.__version__

    def settings(self, every):
        return ["f16 allowed, CUDA graph"]

    def load(self, network, dtype, batch, setting):
        trt, torch = self.trt, self.torch
        logger = trt.Logger(trt.Logger.ERROR)
        builder = trt.Builder(logger)
        definition = builder.create_network(0)
        parser = trt.OnnxParser(definition, logger)
        with open(onnx_file(network, "f32", batch), "rb") as file:
            if not parser.parse(file.read()):
                raise Unsupported("; ".join(str(parser.get_error(i)) for i in range(parser.num_errors)))
        config = builder.create_builder_config()
        if not hasattr(trt.BuilderFlag, "FP16"):
            raise Unsupported("this TensorRT wants types in the network; the ONNX file here is f32")
        config.set_flag(trt.BuilderFlag.FP16)
        for tensor in (definition.get_input(0), definition.get_output(0)):
            tensor.dtype = trt.float16
        plan = builder.build_serialized_network(definition, config)
        if plan is None:
            raise Unsupported("it cannot build the network")
        engine = trt.Runtime(logger).deserialize_cuda_engine(plan)
        context = engine.create_execution_context()
        image = torch.from_numpy(network.pixels(batch)).to("cuda", torch.float16).contiguous()
        answer = torch.empty(tuple(context.get_tensor_shape(definition.get_output(0).name)), device="cuda", dtype=torch.float16)
        context.set_tensor_address(definition.get_input(0).name, image.data_ptr())
        context.set_tensor_address(definition.get_output(0).name, answer.data_ptr())

        def run():
            if not context.execute_async_v3(torch.cuda.current_stream().cuda_stream):
                raise RuntimeError("TensorRT does not run it")
            return answer

        captured = Captured(torch, run)
        captured.alive = (engine, context, image)  # that the graph points into
        return captured, lambda: answer.float().cpu().numpy()


runtimes = {"torch": PyTorch, "tensorrt": TensorRt}


class Worker:
    def __init__(self, runtime):
        self.runtime, self.captured, self.answer = runtime, None, None

    def load(self, command):
        if command["dtype"] not in element_bytes:
            raise Unsupported(f"{command['dtype']}: f16 only here")
        self.captured = self.answer = None
        gc.collect()
        start = time.perf_counter()
        network = networks.Network(command["folder"], command["model"])
        self.captured, self.answer = self.runtime.load(network, command["dtype"], command["batch"], command["setting"])
        return {"runtime": self.runtime.version, "setting": command["setting"], "load_s": time.perf_counter() - start}

    def run(self, command):
        for _ in range(command["untimed"]):
            self.captured.once()
        device, wall = [], []
        for _ in range(command["timed"]):
            device.append(self.captured.device_ms())
            start = time.perf_counter_ns()
            self.captured.once()
            wall.append((time.perf_counter_ns() - start) * 1e-6)
        return {"device_ms": device, "wall_ms": wall, "queue_ms": self.captured.queue_ms(command["timed"]), "switches": [0] * len(device)}

    def obey(self, command):
        what = command["do"]
        if what == "settings":
            return {"settings": self.runtime.settings(command["every"])}
        if what == "load":
            return self.load(command)
        if what not in ("run", "answer"):
            raise ValueError(f"found '{what}'; allowed: settings, load, answer, run")
        if self.captured is None:
            raise ValueError(f"'{what}' needs a model; load one first")
        if what == "run":
            return self.run(command)
        self.captured.once()
        self.answer().astype("float32").tofile(command["file"])
        return {}


if __name__ == "__main__":
    serve(lambda: Worker(runtimes[sys.argv[1]]()))
