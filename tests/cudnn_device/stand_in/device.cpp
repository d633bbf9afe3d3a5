// SPDX-License-Identifier: Apache-2.0
#include "device.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>

#include <cuda_runtime_api.h>
#include <cudnn_graph.h>
#include <cudnn_ops.h>
#include <dlfcn.h>

#include "nascent/executor/cudnn/device_text.hpp"

// What a pointer of CUDA's points to here.
struct CUevent_st {
  double at_us = -1;      ///< never recorded
  bool readable = false;  ///< not where it was recorded into a graph as a dependency
};
struct CUstream_st {
  CUgraph_st* recording = nullptr;
  bool invalid = false;
};
/// A piece of work: what it does, and how long.
struct piece {
  double us;
  std::function<void()> effect;
};
struct CUgraph_st {
  std::vector<piece> pieces;
};
struct CUgraphExec_st {
  std::vector<piece> pieces;
};
struct cudnnContext {
  cudaStream_t stream = nullptr;
};

namespace {

using pretended::device;

double now_us = 0;
std::map<std::byte*, std::size_t>& blocks() {
  static std::map<std::byte*, std::size_t> all;
  return all;
}
std::map<cudnnBackendDescriptor_t, double>& times() {
  static std::map<cudnnBackendDescriptor_t, double> all;
  return all;
}
std::size_t times_given = 0;
/// cuDNN does not read packs back: what is set is kept.
struct pack_content {
  std::vector<void*> pointers;
  void* workspace = nullptr;
};
std::map<cudnnBackendDescriptor_t, pack_content>& packs() {
  static std::map<cudnnBackendDescriptor_t, pack_content> all;
  return all;
}
CUstream_st* recorder = nullptr;  ///< the stream that is recorded, of which there may be one

cudaError_t broken(const std::string& rule, cudaError_t error) {
  device().broken_rules.push_back(rule);
  return error;
}

/// What must not be called while a stream is recorded.
cudaError_t unless_recording(const char* what) {
  if (recorder == nullptr) return cudaSuccess;
  recorder->invalid = true;
  return broken(std::string(what) + " while a graph is recorded", cudaErrorStreamCaptureUnsupported);
}

/// Whether bytes lie in memory of the device.
bool is_inside(const void* pointer, std::size_t bytes) {
  auto* at = static_cast<std::byte*>(const_cast<void*>(pointer));
  auto block = blocks().upper_bound(at);
  if (block == blocks().begin()) return false;
  --block;
  return at + bytes <= block->first + block->second;
}

cudaError_t submit(cudaStream_t stream, double us, std::function<void()> effect) {
  if (stream == nullptr)
    return broken("work on the default stream, which ours does not wait for", cudaErrorInvalidResourceHandle);
  piece p{us, std::move(effect)};
  if (stream->recording != nullptr) {
    stream->recording->pieces.push_back(std::move(p));
  } else {
    now_us += p.us;
    p.effect();
  }
  return cudaSuccess;
}

template <class Function>
Function* next(Function*, const char* name) {
  void* found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) {
    std::fprintf(stderr, "a GPU that is not there: no %s behind this library\n", name);
    std::abort();
  }
  return reinterpret_cast<Function*>(found);
}

const cudnnBackendDescriptor_t& description() {
  static const nascent::cudnn::detail::descriptor d = [] {
    nascent::cudnn::device_properties p = nascent::cudnn::devices::h200();
    p.name = "a GPU that is not there";
    return nascent::cudnn::detail::describe(p);
  }();
  static const cudnnBackendDescriptor_t raw = d.raw();
  return raw;
}

}  // namespace

namespace pretended {

device_state& device() {
  static device_state state;
  return state;
}

void reset() {
  device() = {};
  times().clear();
  times_given = 0;
}

}  // namespace pretended

extern "C" {

// --- the runtime

cudaError_t cudaGetDeviceCount(int* count) {
  *count = device().count;
  return *count == 0 ? cudaErrorNoDevice : cudaSuccess;
}
cudaError_t cudaSetDevice(int index) {
  return index >= 0 && index < device().count ? cudaSuccess : cudaErrorInvalidDevice;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int) {
  *p = {};
  std::snprintf(p->name, sizeof p->name, "%s", device().name.c_str());
  p->major = device().major;
  p->minor = device().minor;
  p->l2CacheSize = 1 << 20;
  p->totalGlobalMem = device().memory;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int) {
  *value = attribute == cudaDevAttrClockRate ? 1980000 : 0;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetPCIBusId(char* text, int room, int) {
  std::snprintf(text, static_cast<std::size_t>(room), "0000:00:00.0");
  return cudaSuccess;
}
cudaError_t cudaDriverGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaGetLastError() { return cudaSuccess; }

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  if (const cudaError_t e = unless_recording("cudaMalloc"); e != cudaSuccess) return e;
  if (device().used + bytes > device().memory) return cudaErrorMemoryAllocation;
  auto* block = static_cast<std::byte*>(std::aligned_alloc(256, (bytes + 255) / 256 * 256));
  if (block == nullptr) return cudaErrorMemoryAllocation;
  std::memset(block, 0xff, bytes);  // not a number in any type: nobody may count on zeros
  blocks()[block] = bytes;
  device().used += bytes;
  *memory = block;
  return cudaSuccess;
}
cudaError_t cudaFree(void* memory) {
  if (const cudaError_t e = unless_recording("cudaFree"); e != cudaSuccess) return e;
  const auto block = blocks().find(static_cast<std::byte*>(memory));
  if (block == blocks().end()) return broken("memory given back that was not had", cudaErrorInvalidValue);
  device().used -= block->second;
  blocks().erase(block);
  std::free(memory);
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(std::size_t* left, std::size_t* all) {
  *left = device().memory - device().used;
  *all = device().memory;
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new CUstream_st;
  ++device().streams;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  --device().streams;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) { return unless_recording("waiting for a stream"); }
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (stream->recording != nullptr) return cudaErrorIllegalState;
  stream->recording = new CUgraph_st;
  ++device().graphs;
  stream->invalid = false;
  recorder = stream;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = std::exchange(stream->recording, nullptr);
  recorder = nullptr;
  if (!stream->invalid) return cudaSuccess;
  cudaGraphDestroy(*graph);
  *graph = nullptr;
  return cudaErrorStreamCaptureInvalidated;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  *event = new CUevent_st;
  ++device().events;
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  --device().events;
  return cudaSuccess;
}
cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned flags) {
  const bool recorded = stream != nullptr && stream->recording != nullptr;
  if (flags == cudaEventRecordExternal && !recorded)
    return broken("an external event outside of a graph", cudaErrorInvalidValue);
  const bool readable = !recorded || flags == cudaEventRecordExternal;
  return submit(stream, device().event_us, [=] { *event = {now_us, readable}; });
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return cudaEventRecordWithFlags(event, stream, cudaEventRecordDefault);
}
cudaError_t cudaEventElapsedTime(float* ms, cudaEvent_t begin, cudaEvent_t end) {
  for (const cudaEvent_t e : {begin, end}) {
    if (e->at_us < 0) return broken("an event read that was never recorded", cudaErrorInvalidResourceHandle);
    if (!e->readable) return broken("an event read that a graph keeps for itself", cudaErrorInvalidValue);
  }
  *ms = static_cast<float>((end->at_us - begin->at_us) * 1e-3);
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* runnable, cudaGraph_t graph, unsigned long long) {
  *runnable = new CUgraphExec_st{graph->pieces};
  ++device().graphs;
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  --device().graphs;
  return cudaSuccess;
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t runnable) {
  delete runnable;
  --device().graphs;
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t runnable, cudaStream_t stream) {
  if (stream->recording != nullptr) return broken("a graph launched into a graph", cudaErrorStreamCaptureUnsupported);
  for (const piece& p : runnable->pieces) {
    now_us += p.us;
    p.effect();
  }
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t stream) {
  const void* inside = kind == cudaMemcpyDeviceToHost ? from : to;
  if (!is_inside(inside, bytes)) return broken("a copy beyond the device's memory", cudaErrorInvalidValue);
  return submit(stream, 1e-6 * static_cast<double>(bytes), [=] { std::memcpy(to, from, bytes); });
}
cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms* how, cudaStream_t stream) {
  const cudaMemcpy3DParms h = *how;
  for (const cudaPitchedPtr& p : {h.srcPtr, h.dstPtr}) {
    if (p.pitch < h.extent.width)
      return broken("a copy of rows that are wider than their pitch", cudaErrorInvalidPitchValue);
    const std::size_t last =
        (h.extent.depth - 1) * p.pitch * p.ysize + (h.extent.height - 1) * p.pitch + h.extent.width;
    if (!is_inside(p.ptr, last)) return broken("a copy beyond the device's memory", cudaErrorInvalidValue);
  }
  return submit(stream, 2, [=] {
    for (std::size_t z = 0; z < h.extent.depth; ++z)
      for (std::size_t y = 0; y < h.extent.height; ++y) {
        const auto at = [&](const cudaPitchedPtr& p) {
          return static_cast<std::byte*>(p.ptr) + (z * p.ysize + y) * p.pitch;
        };
        std::memcpy(at(h.dstPtr), at(h.srcPtr), h.extent.width);
      }
  });
}
cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t stream) {
  if (!is_inside(memory, bytes)) return broken("a fill beyond the device's memory", cudaErrorInvalidValue);
  return submit(stream, 1, [=] {
    std::memset(memory, value, bytes);
    device().sweeps += bytes >= std::size_t{2} << 20 ? 1 : 0;
  });
}

// --- cuDNN

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  *handle = new cudnnContext;
  ++device().handles;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete handle;
  --device().handles;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

/// A handle stands for its device: where one is set, the description of a device is.
cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t d, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t count, const void* values) {
  static const auto real = next(&cudnnBackendSetAttribute, "cudnnBackendSetAttribute");
  if (name == CUDNN_ATTR_OPERATIONGRAPH_HANDLE) return CUDNN_STATUS_SUCCESS;
  if (name == CUDNN_ATTR_EXECUTION_PLAN_HANDLE)
    return real(d, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &description());
  if (name == CUDNN_ATTR_DEVICEPROP_DEVICE_ID) {
    nascent::cudnn::device_properties p = nascent::cudnn::devices::h200();
    p.name = device().name;
    const std::string text = to_json(p);
    return real(d, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, static_cast<std::int64_t>(text.size()),
                text.data());
  }
  if (name == CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS)
    packs()[d].pointers.assign(static_cast<void* const*>(values), static_cast<void* const*>(values) + count);
  if (name == CUDNN_ATTR_VARIANT_PACK_WORKSPACE) packs()[d].workspace = *static_cast<void* const*>(values);
  const cudnnStatus_t status = real(d, name, type, count, values);
  if (name == CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH && status == CUDNN_STATUS_SUCCESS)
    return real(d, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &description());
  return status;
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan, cudnnBackendDescriptor_t pack) {
  const bool recorded = handle->stream->recording != nullptr;
  int& failing = recorded ? device().failing_captures : device().failing_runs;
  if (failing > 0) {
    --failing;
    if (recorded) handle->stream->invalid = true;
    return CUDNN_STATUS_EXECUTION_FAILED;
  }
  if (!recorded) {
    ++device().plans_run;
    const std::size_t which = times_given;
    if (times().try_emplace(plan, 10).second || which < device().plan_us.size()) {
      times()[plan] = which < device().plan_us.size() ? device().plan_us[which] : 10;
      ++times_given;
    }
  }
  std::int64_t found = 0;
  std::int64_t workspace_bytes = 0;
  const pack_content what = std::exchange(packs()[pack], {});
  if (cudnnBackendGetAttribute(plan, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, 1, &found,
                               &workspace_bytes) != CUDNN_STATUS_SUCCESS)
    device().broken_rules.push_back("something run that is no plan");
  if (workspace_bytes > 0 && !is_inside(what.workspace, static_cast<std::size_t>(workspace_bytes)))
    device().broken_rules.push_back("a workspace that is too small");
  int inside = 0;
  for (void* p : what.pointers) {
    if (p == nullptr) device().broken_rules.push_back("a tensor without memory");
    if (!is_inside(p, 1)) continue;  // a constant, which lies on the host
    ++inside;
    if (reinterpret_cast<std::uintptr_t>(p) % 16 != 0) device().broken_rules.push_back("a tensor that is not aligned");
  }
  if (inside < 2) device().broken_rules.push_back("a plan without input or output");
  const cudaError_t status = submit(handle->stream, times()[plan], [] {});
  return status == cudaSuccess ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_EXECUTION_FAILED;
}

cudnnStatus_t cudnnSoftmaxForward(cudnnHandle_t handle, cudnnSoftmaxAlgorithm_t, cudnnSoftmaxMode_t, const void*,
                                  const cudnnTensorDescriptor_t, const void* x, const void*,
                                  const cudnnTensorDescriptor_t, void* y) {
  if (!is_inside(x, 1) || !is_inside(y, 1)) device().broken_rules.push_back("a softmax without memory");
  return submit(handle->stream, 5, [] {}) == cudaSuccess ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_EXECUTION_FAILED;
}
}
