// SPDX-License-Identifier: Apache-2.0
/// \file
/// The graph of a candidate.
#pragma once

#include <concepts>
#include <string>
#include <utility>
#include <vector>

#include "nascent/network/network.hpp"
#include "nascent/space/space.hpp"

namespace nascent {

/// The layers of a candidate of `s`, or of a scaled candidate, with the names of their stages. \throws network_error
/// where it cannot exist: the text names the stage. Layers that no output needs stay ("none" in cells whose operations
/// are chosen), as `count` counts them; `prune` of the network takes them out.
template <network_space Space, class Candidate>
requires std::same_as<typename Candidate::space_type, Space> network to_network(const Space& s, const Candidate& c,
                                                                                std::string name = {}) {
  if (name.empty()) name = s.name();
  std::vector<std::string> stages;
  for (std::size_t i = 0; i < s.stage_count; ++i) stages.emplace_back(s.stage(i).view());
  network graph(std::move(name), {});
  graph.name_stages(stages);
  net<network> n(graph);
  const tensor last = s.build(c, n);
  if (n.fault())
    detail::refuse("network '" + graph.name() + "'", n.fault(),
                   n.fault().stage < 0 ? "input" : stages[static_cast<std::size_t>(n.fault().stage)]);
  detail::finish(graph, last, unused_layers::keep);
  return graph;
}

/// The same where the candidate's type says which space it is of.
template <class Candidate>
requires stateless_space<typename Candidate::space_type> network to_network(const Candidate& c, std::string name = {}) {
  return to_network(typename Candidate::space_type{}, c, std::move(name));
}

}  // namespace nascent
