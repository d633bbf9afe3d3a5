// SPDX-License-Identifier: Apache-2.0
/// \file
/// The graph of a candidate.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "nascent/network/network.hpp"
#include "nascent/space/space.hpp"

namespace nascent {

/// The layers of a candidate, or of a scaled candidate, with the names of their stages. \throws network_error where it
/// cannot exist: the text names the stage.
template <class Candidate>
network to_network(const Candidate& c, std::string name = {}) {
  using space_type = typename Candidate::space_type;
  if (name.empty()) name = space_type{}.name();
  std::vector<std::string> stages;
  for (std::size_t i = 0; i < space_type::stage_count; ++i) stages.emplace_back(space_type::stage(i).view());
  network graph(std::move(name), {});
  graph.name_stages(stages);
  net<network> n(graph);
  build(c, n);
  if (n.fault())
    throw network_error(
        describe(n.fault(), n.fault().stage < 0 ? "input" : stages[static_cast<std::size_t>(n.fault().stage)]));
  return graph;
}

}  // namespace nascent
