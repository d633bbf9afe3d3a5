// SPDX-License-Identifier: Apache-2.0
/// \file
/// Pictures of search spaces and networks: SVG, which needs nothing else, and DOT for Graphviz.
#pragma once

#include "nascent/report/picture/dot.hpp"
#include "nascent/report/picture/network.hpp"
#include "nascent/report/picture/space.hpp"
