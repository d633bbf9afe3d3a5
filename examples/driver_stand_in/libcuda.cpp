// SPDX-License-Identifier: Apache-2.0
// Stands in for NVIDIA's driver library while cuDNN plans on a machine that has none. cuDNN compiles an engine and then
// "loads" the result; that is all that is pretended here. There is no device behind it: whatever asks for one is told
// so, and nothing can run.
namespace {

constexpr int success = 0;
constexpr int no_real_driver = 34;  // CUDA_ERROR_STUB_LIBRARY: what the toolkit's own library for linking answers

int give_something(void** handle) {
  static char nothing;
  *handle = &nothing;
  return success;
}

}  // namespace

extern "C" {

#ifndef NASCENT_PRETENDED_DEVICE
// By this name a program can tell it from a driver. Tests that pretend a device as well do without.
int nascent_driver_stand_in() { return 1; }
#endif

int cuLibraryLoadData(void** library, ...) { return give_something(library); }
int cuLibraryGetKernel(void** kernel, ...) { return give_something(kernel); }
int cuLibraryUnload(void*) { return success; }
int cuKernelSetAttribute(...) { return success; }

#ifdef NASCENT_PRETENDED_DEVICE
int cuInit(unsigned) { return 100; }  // CUDA_ERROR_NO_DEVICE: cuDNN's own runtime shall find none
#else
int cuInit(unsigned) { return no_real_driver; }
#endif
int cuDriverGetVersion(int* version) {
  *version = 0;
  return no_real_driver;
}

// Looked up by cuDNN, and refused.
int cuCtxGetCurrent(...) { return no_real_driver; }
int cuCtxGetLimit(...) { return no_real_driver; }
int cuCtxPopCurrent(...) { return no_real_driver; }
int cuCtxPushCurrent(...) { return no_real_driver; }
int cuDeviceGet(...) { return no_real_driver; }
int cuDeviceGetCount(...) { return no_real_driver; }
int cuGetErrorName(...) { return no_real_driver; }
int cuGetErrorString(...) { return no_real_driver; }
int cuKernelGetAttribute(...) { return no_real_driver; }
int cuLaunchCooperativeKernel(...) { return no_real_driver; }
int cuLaunchKernel(...) { return no_real_driver; }
int cuLaunchKernelEx(...) { return no_real_driver; }
int cuLibraryLoadFromFile(...) { return no_real_driver; }
int cuLinkAddData(...) { return no_real_driver; }
int cuLinkComplete(...) { return no_real_driver; }
int cuLinkCreate(...) { return no_real_driver; }
int cuLinkDestroy(...) { return no_real_driver; }
int cuOccupancyMaxPotentialClusterSize(...) { return no_real_driver; }
int cuStreamGetCtx(...) { return no_real_driver; }
}
