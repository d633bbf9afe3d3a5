// SPDX-License-Identifier: Apache-2.0
// The component's header compiles, and its library is linked.
#include <nascent/executor/onednn.hpp>

int version() { return dnnl_version()->major; }
