// SPDX-License-Identifier: Apache-2.0
/// \file
/// Pictures of search spaces and networks: SVG, which needs nothing else, and DOT for Graphviz.
#pragma once

#include "nascent/io/picture/dot.hpp"
#include "nascent/io/picture/network.hpp"
#include "nascent/io/picture/space.hpp"
