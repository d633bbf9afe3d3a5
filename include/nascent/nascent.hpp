// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a program needs that declares, counts, searches and scales, with the standard library alone. Executors, latency
/// tables, exact searches, views, rows of features, bounds of spaces that are not declared, and files have headers of
/// their own.
#pragma once

#include "nascent/accuracy/model.hpp"
#include "nascent/base/random.hpp"
#include "nascent/block/basic_block.hpp"
#include "nascent/block/block.hpp"
#include "nascent/block/convnext_block.hpp"
#include "nascent/block/reflection.hpp"
#include "nascent/block/split_attention.hpp"
#include "nascent/block/tokens.hpp"
#include "nascent/block/transformer.hpp"
#include "nascent/block/universal_inverted_bottleneck.hpp"
#include "nascent/choice/choice.hpp"
#include "nascent/choice/either.hpp"
#include "nascent/cost/bounds.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/cost/device_profile.hpp"
#include "nascent/cost/proportionality.hpp"
#include "nascent/cost/roofline.hpp"
#include "nascent/cost/roofs.hpp"
#include "nascent/network/kernel.hpp"
#include "nascent/network/network.hpp"
#include "nascent/reward/pareto.hpp"
#include "nascent/reward/reward.hpp"
#include "nascent/scaling/compound.hpp"
#include "nascent/scaling/lacs.hpp"
#include "nascent/scaling/phi_interval.hpp"
#include "nascent/scaling/published.hpp"
#include "nascent/search/search.hpp"
#include "nascent/space/constraint.hpp"
#include "nascent/space/naive_size.hpp"
#include "nascent/space/space.hpp"
#include "nascent/space/to_network.hpp"
