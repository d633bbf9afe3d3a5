# SPDX-License-Identifier: Apache-2.0
"""Runs networks in one of the other runtimes, on request, by the protocol of `benchmark_runtime serve`:

    python worker.py onnxruntime | openvino | torch | ncnn | mnn

One command a line on standard input, one answer a line on standard output, both JSON. `load` takes one key more than there: "setting", one
of those that {"do": "settings", "threads": ..., "every": true} lists, without "every" those that are ever best. `prepare` does what takes minutes, and leaves files beside the model.
"""

import gc
import importlib.util
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import network as networks


class Unsupported(Exception):
    """What a runtime does not do at all."""


def made_once(path, make):
    """The file, made by make(temporary path) where it does not exist. Several processes may try."""
    if not os.path.exists(path):
        temporary = f"{path}.{os.getpid()}"
        try:
            make(temporary)
            os.replace(temporary, path)
        finally:
            if os.path.exists(temporary):
                os.remove(temporary)
    return path


def int8_file(network, batch):
    """The f32 file, quantised by ONNX Runtime's own tool: ranges of the images that are run, a scale for each output channel, u8 maps with zero
    points, as conversions around f32 nodes, which runtimes fuse."""
    def make(path):
        import onnx
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

        class Images(CalibrationDataReader):
            def __init__(self):
                self.left = [{"input": network.pixels(batch)}]

            def get_next(self):
                return self.left.pop() if self.left else None

        # A model in memory: of a file it writes another beside it, under a name that other workers' would have, too.
        quantize_static(onnx.load(network.onnx_file("f32", batch)), path, Images(), quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)

    return made_once(f"{network.path}.{network.key}.int8.{batch}.onnx", make)


def refuse_int8(dtype):
    if dtype == "int8":
        raise Unsupported("int8: not compared, it has no quantiser that takes this library's networks")


class OnnxRuntime:
    def __init__(self):
        import onnxruntime

        self.ort = onnxruntime
        self.version = "ONNX Runtime " + onnxruntime.__version__

    def settings(self, threads, every):
        return ["spinning", "sleeping"] if threads > 1 else ["one thread"]

    def load(self, network, dtype, batch, threads, setting):
        import numpy

        options = self.ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = self.ort.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = self.ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        options.add_session_config_entry("session.intra_op.allow_spinning", "0" if setting == "sleeping" else "1")
        options.log_severity_level = 3
        path = int8_file(network, batch) if dtype == "int8" else network.onnx_file(dtype, batch)
        try:
            session = self.ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as fault:  # its own type says no more
            if dtype != "f32":
                raise Unsupported(f"{dtype}: {str(fault).splitlines()[0]}") from fault
            raise
        binding = session.io_binding()
        value = self.ort.OrtValue.ortvalue_from_numpy(network.pixels(batch))
        binding.bind_ortvalue_input("input", value)
        answers = []
        for output in session.get_outputs():
            answers.append(self.ort.OrtValue.ortvalue_from_numpy(numpy.zeros(output.shape, numpy.float32)))
            binding.bind_ortvalue_output(output.name, answers[-1])
        run = session.run_with_iobinding
        return (lambda: run(binding)), (lambda: networks.channels_last([a.numpy() for a in answers], batch))


class OpenVino:
    def __init__(self):
        import openvino

        self.ov = openvino
        self.core = openvino.Core()
        self.version = "OpenVINO " + openvino.__version__.split("-")[0]

    def settings(self, threads, every):
        return ["latency", "latency and pinning"] if threads > 1 else ["latency"]

    def load(self, network, dtype, batch, threads, setting):
        if dtype == "bf16" and "BF16" not in self.core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
            raise Unsupported("bf16: not on this processor")
        path = int8_file(network, batch) if dtype == "int8" else network.onnx_file("f32", batch)
        compiled = self.core.compile_model(path, "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1, "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "bf16" if dtype == "bf16" else "f32",  # of what the file does not quantise
            "ENABLE_CPU_PINNING": setting.endswith("pinning"), "CPU_DENORMALS_OPTIMIZATION": True})
        used = str(compiled.get_property("INFERENCE_PRECISION_HINT"))
        if dtype == "bf16" and "bfloat16" not in used and "bf16" not in used:
            raise Unsupported(f"bf16: it chose {used}")
        request = compiled.create_infer_request()
        request.set_input_tensor(self.ov.Tensor(network.pixels(batch)))
        return (lambda: request.infer(share_outputs=True)), (
            lambda: networks.channels_last([request.get_output_tensor(i).data for i in range(len(compiled.outputs))], batch))


class PyTorch:
    def __init__(self):
        import torch

        self.torch = torch
        self.version = "PyTorch " + torch.__version__.split("+")[0]

    def settings(self, threads, every):
        # At batch 1 with one thread, four networks: frozen TorchScript took 1.0 to 2.9 times the processor time of Inductor's code, eager more.
        return ["inductor, ahead of time"] + ["frozen TorchScript", "eager"] * every

    def module(self, network, dtype, batch):
        """With its input, both in the type and the layout that PyTorch is fastest with."""
        from to_torch import Module

        element = self.torch.float32 if dtype == "f32" else self.torch.bfloat16
        layout = self.torch.channels_last
        image = self.torch.from_numpy(network.pixels(batch)).to(element).to(memory_format=layout)
        return Module(network).eval().to(element).to(memory_format=layout), image

    def package(self, network, dtype, batch):
        """Compiled by Inductor, weights packed into it. Any number of threads may run it."""
        import torch._inductor
        import torch._inductor.config as inductor

        def make(path):
            inductor.freezing = True
            inductor.cpp.dynamic_threads = True
            module, image = self.module(network, dtype, batch)
            with self.torch.no_grad():
                exported = self.torch.export.export(module, (image,))
                os.rename(torch._inductor.aoti_compile_and_package(exported, package_path=path + ".pt2"), path)

        return made_once(f"{network.path}.{network.key}.{dtype}.{batch}.torch-{self.torch.__version__}.pt2", make)

    def load(self, network, dtype, batch, threads, setting):
        refuse_int8(dtype)
        import torch

        torch.set_num_threads(threads)
        torch.set_flush_denormal(True)
        torch.set_grad_enabled(False)
        if setting.startswith("inductor"):
            import torch._inductor

            element = torch.float32 if dtype == "f32" else torch.bfloat16
            image = torch.from_numpy(network.pixels(batch)).to(memory_format=torch.channels_last).to(element)
            module = torch._inductor.aoti_load_package(self.package(network, dtype, batch))
        else:
            module, image = self.module(network, dtype, batch)
        if setting.startswith("frozen"):
            module = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(module, image)))
            for _ in range(3):  # it specialises while it runs
                module(image)
        answer = [None]

        def run():
            with torch.inference_mode():
                answer[0] = module(image)

        run()
        return run, (lambda: answer[0].float().numpy())

    def prepare(self, network, dtype, batch):
        refuse_int8(dtype)
        self.torch.set_num_threads(1)
        self.package(network, dtype, batch)


def converted(program, arguments, produced):
    """Runs a converter. \\throws RuntimeError with its last words where it did not make the file."""
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    if done.returncode != 0 or not os.path.exists(produced):
        words = (done.stderr + done.stdout).strip().splitlines() or [f"exit code {done.returncode}"]
        raise RuntimeError(f"{os.path.basename(program)}: {words[-1]}")


class Ncnn:
    """Networks come through pnnx, the converter of its authors; one image at a time, for its maps have no batch."""

    def __init__(self):
        import ncnn

        self.ncnn = ncnn
        self.version = "ncnn " + ncnn.__version__

    def settings(self, threads, every):
        return ["light mode"]

    def files(self, network):
        """The network's two files."""
        def make(path):
            folder = os.path.dirname(importlib.util.find_spec("pnnx").origin)  # its module needs PyTorch, its program does not
            shape = network.input
            with tempfile.TemporaryDirectory() as scratch:
                model = os.path.join(scratch, "model.onnx")
                shutil.copy(network.onnx_file("f32", 1), model)
                converted(os.path.join(folder, "pnnx"), [model, "fp16=0", f"inputshape=[1,{shape['channels']},{shape['height']},{shape['width']}]"],
                          os.path.join(scratch, "model.ncnn.bin"))
                os.replace(os.path.join(scratch, "model.ncnn.bin"), path + ".weights")
                with open(os.path.join(scratch, "model.ncnn.param"), encoding="utf-8") as text, open(path, "w", encoding="utf-8") as file:
                    file.write(text.read())
            os.replace(path + ".weights", weights)

        weights = f"{network.path}.{network.key}.ncnn.bin"
        return made_once(f"{network.path}.{network.key}.ncnn.param", make), weights

    def load(self, network, dtype, batch, threads, setting):
        refuse_int8(dtype)
        import numpy

        if batch != 1:
            raise Unsupported(f"batch {batch}: one image at a time")
        net = self.ncnn.Net()
        net.opt.num_threads = threads
        for option in dir(net.opt):  # the type that was asked for, and no other
            if option.startswith(("use_fp16", "use_bf16", "use_int8")):
                setattr(net.opt, option, dtype == "bf16" and option.startswith("use_bf16"))
        param, weights = self.files(network)
        with open(param, encoding="utf-8") as text:  # kinds with a dot are PyTorch's: what pnnx did not convert
            left = sorted({line.split()[0] for line in text if "." in line.split()[0]})
        if left:
            raise Unsupported(f"pnnx leaves {', '.join(left)}, which ncnn does not have")
        if net.load_param(param) != 0 or net.load_model(weights) != 0:
            raise RuntimeError("it does not read what pnnx wrote")
        pixels = numpy.ascontiguousarray(network.pixels(1)[0])
        image = self.ncnn.Mat(pixels).clone()
        answer = [None]

        def run():
            extractor = net.create_extractor()
            extractor.input("in0", image)
            # Their memory is the extractor's.
            answer[0] = extractor, [extractor.extract(f"out{i}")[1] for i in range(len(network.outputs))]

        return run, (lambda: networks.channels_last([numpy.array(o)[None] for o in answer[0][1]], batch))


class Mnn:
    def __init__(self):
        import MNN

        self.mnn = MNN
        self.version = "MNN " + MNN.version()

    def settings(self, threads, every):
        return ["session"]

    def load(self, network, dtype, batch, threads, setting):
        import numpy

        if dtype != "f32":
            raise Unsupported(f"{dtype}: not offered for processors of this kind")
        # Not its command mnnconvert, which installs a package to report what it converted, and breaks onnx by that.
        convert = ["-c", "import sys, _tools; _tools.mnnconvert(['mnnconvert', *sys.argv[1:]])"]
        path = made_once(f"{network.path}.{network.key}.{batch}.mnn", lambda made: converted(
            sys.executable, [*convert, "-f", "ONNX", "--modelFile", network.onnx_file("f32", batch), "--MNNModel", made, "--bizCode", "nascent"], made))
        interpreter = self.mnn.Interpreter(path)
        session = interpreter.createSession({"backend": "CPU", "precision": "high", "numThread": threads})
        pixels = numpy.ascontiguousarray(network.pixels(batch))
        layout = self.mnn.Tensor_DimensionType_Caffe
        interpreter.getSessionInput(session).copyFrom(self.mnn.Tensor(pixels.shape, self.mnn.Halide_Type_Float, pixels, layout))

        def numbers(given):
            host = self.mnn.Tensor(given.getShape(), self.mnn.Halide_Type_Float, numpy.zeros(given.getShape(), numpy.float32), layout)
            given.copyToHostTensor(host)
            return numpy.array(host.getNumpyData()).reshape(given.getShape())

        def answer():
            return networks.channels_last([numbers(interpreter.getSessionOutput(session, name)) for name in network.outputs], batch)

        return (lambda: interpreter.runSession(session)), answer


runtimes = {"onnxruntime": OnnxRuntime, "openvino": OpenVino, "torch": PyTorch, "ncnn": Ncnn, "mnn": Mnn}


class Worker:
    def __init__(self, runtime):
        self.runtime = runtime
        self.pass_once = self.answer = None

    def load(self, command):
        self.pass_once = self.answer = None
        gc.collect()
        start = time.perf_counter()
        network = networks.Network(command["folder"], command["model"])
        self.pass_once, self.answer = self.runtime.load(network, command["dtype"], command["batch"], command["threads"], command["setting"])
        gc.collect()
        return {"runtime": self.runtime.version, "setting": command["setting"], "load_s": time.perf_counter() - start}

    def run(self, command):
        wall, cpu, switches = [], [], []
        once = self.pass_once
        for _ in range(command["untimed"]):
            once()
        for _ in range(command["timed"]):
            switches_before = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
            cpu_before = time.process_time_ns()
            start = time.perf_counter_ns()
            once()
            wall.append((time.perf_counter_ns() - start) * 1e-6)
            cpu.append((time.process_time_ns() - cpu_before) * 1e-6)
            switches.append(resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - switches_before)
        return {"wall_ms": wall, "cpu_ms": cpu, "switches": switches}

    def obey(self, command):
        what = command["do"]
        if what == "settings":
            return {"settings": self.runtime.settings(command["threads"], command["every"])}
        if what == "load":
            return self.load(command)
        if what == "prepare":
            start = time.perf_counter()
            self.runtime.prepare(networks.Network(command["folder"], command["model"]), command["dtype"], command["batch"])
            return {"seconds": time.perf_counter() - start}
        if what not in ("run", "answer"):
            raise ValueError(f"found '{what}'; allowed: settings, prepare, load, answer, run")
        if self.pass_once is None:
            raise ValueError(f"'{what}' needs a model; load one first")
        if what == "run":
            return self.run(command)
        self.pass_once()
        self.answer().astype("float32").tofile(command["file"])
        return {}


def serve(start):
    """Answers commands with the worker that `start` makes, until standard input ends."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    gc.disable()
    try:
        worker = start()
    except Exception as fault:
        print(json.dumps({"error": f"{type(fault).__name__}: {fault}"}), file=out, flush=True)
        return
    print(json.dumps({"ready": worker.runtime.version}), file=out, flush=True)
    for line in sys.stdin:
        try:
            reply = worker.obey(json.loads(line))
        except Unsupported as fault:
            reply = {"unsupported": str(fault)}
        except Exception as fault:
            reply = {"error": f"{type(fault).__name__}: {fault}"}
        print(json.dumps(reply), file=out, flush=True)


if __name__ == "__main__":
    serve(lambda: Worker(runtimes[sys.argv[1]]()))
