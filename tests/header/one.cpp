// SPDX-License-Identifier: Apache-2.0
// Every header in two translation units: a function that is not inline is defined twice, and they do not link.
#include "everything.hpp"

int two();

int main() { return two(); }
