// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a program needs that declares networks, counts them, prices them and builds them, with the standard library
/// alone. What works with candidates has headers of its own, which cost who only declares as much again: accuracy,
/// rewards, searches and scaling (`accuracy/model.hpp`, `reward/reward.hpp`, `search/search.hpp`, `scaling/lacs.hpp`),
/// executors, latency tables, views, rows of features, bounds of spaces that are not declared, files.
#pragma once

#include "nascent/base/random.hpp"
#include "nascent/block/basic_block.hpp"
#include "nascent/block/block.hpp"
#include "nascent/block/convnext_block.hpp"
#include "nascent/block/decoder.hpp"
#include "nascent/block/reflection.hpp"
#include "nascent/block/rep_block.hpp"
#include "nascent/block/shuffle_unit.hpp"
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
#include "nascent/space/constraint.hpp"
#include "nascent/space/naive_size.hpp"
#include "nascent/space/space.hpp"
#include "nascent/space/to_network.hpp"
