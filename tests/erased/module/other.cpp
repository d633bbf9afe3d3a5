// SPDX-License-Identifier: Apache-2.0
// A module that another compiler made, and with -DNO_MODULE a library that is none.
#include "nascent/erased/module.h"

#ifndef NO_MODULE
extern "C" const nascent_module* nascent_module_entry() {
  static const nascent_module other = [] {
    nascent_module m{};
    m.version = 7;
    m.built_with = "nascent 9, another compiler";
    return m;
  }();
  return &other;
}
#else
extern "C" int nascent_nothing() { return 0; }
#endif
