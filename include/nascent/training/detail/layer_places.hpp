// SPDX-License-Identifier: Apache-2.0
/// \file
/// Which layers of blocks stand in the same place, where the blocks are not of the same layers.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "nascent/network/layer.hpp"

namespace nascent::detail {

/// What two layers must have in common to stand in the same place: all but sizes and which activation it is.
inline std::uint32_t sort_of(const layer& l) {
  std::uint32_t sort = static_cast<std::uint32_t>(l.kind);
  sort = sort << 8 | static_cast<std::uint32_t>(group_of(l));
  for (const bool fact : {l.output.positions() == 1, l.act == activation::identity, l.batch_norm,
                          static_cast<bool>(l.bias), l.has_weights() && l.groups > 1})
    sort = sort << 1 | (fact ? 1U : 0U);
  return sort;
}

/// The sorts of a block's layers in order.
using block_structure = std::vector<std::uint32_t>;
inline block_structure structure_of(std::span<const layer> layers) {
  block_structure all;
  for (const layer& l : layers) all.push_back(sort_of(l));
  return all;
}

/// Places for the layers of several structures: a short list of sorts that has each structure as a subsequence. Of an
/// inverted bottleneck, one without expansion lacks the first place, one without squeeze-and-excite those in the
/// middle; the projection is the last of all.
class layer_places {
 public:
  void add(block_structure s) { structures_.try_emplace(std::move(s)); }

  /// After the last `add`: longest first, each is laid on the list where it has most in common with it.
  void finish() {
    std::vector<const block_structure*> order;
    for (const auto& [s, unused] : structures_) order.push_back(&s);
    std::ranges::sort(
        order, [](const auto* a, const auto* b) { return a->size() != b->size() ? a->size() > b->size() : *a < *b; });
    std::vector<entry> list;
    std::map<const block_structure*, std::vector<int>> ids;
    for (const block_structure* s : order) ids[s] = lay(list, *s);
    std::vector<int> place(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) place[static_cast<std::size_t>(list[i].id)] = static_cast<int>(i);
    for (auto& [s, places] : structures_)
      for (const int id : ids[&s]) places.push_back(place[static_cast<std::size_t>(id)]);
  }

  /// Of the layers of a structure; null for one that was not added.
  const std::vector<int>* find(const block_structure& s) const {
    const auto at = structures_.find(s);
    return at == structures_.end() ? nullptr : &at->second;
  }

 private:
  struct entry {
    std::uint32_t sort;
    int id;
  };

  /// The longest common subsequence; what is not in it is inserted. The numbers of the entries that `s` uses.
  static std::vector<int> lay(std::vector<entry>& list, const block_structure& s) {
    const std::size_t n = list.size();
    const std::size_t m = s.size();
    std::vector<std::vector<int>> common(n + 1, std::vector<int>(m + 1, 0));  // of what is left from there on
    for (std::size_t i = n; i-- > 0;)
      for (std::size_t k = m; k-- > 0;)
        common[i][k] = list[i].sort == s[k] ? common[i + 1][k + 1] + 1 : std::max(common[i + 1][k], common[i][k + 1]);
    std::vector<entry> longer;
    std::vector<int> used;
    auto next = static_cast<int>(n);
    std::size_t i = 0;
    for (std::size_t k = 0; i < n || k < m;) {
      const bool both = i < n && k < m;
      if (both && list[i].sort == s[k]) {
        used.push_back(list[i].id);
        longer.push_back(list[i++]);
        ++k;
      } else if (k == m || (both && common[i + 1][k] >= common[i][k + 1])) {
        longer.push_back(list[i++]);
      } else {
        used.push_back(next);
        longer.push_back({s[k++], next++});
      }
    }
    list = std::move(longer);
    return used;
  }

  std::map<block_structure, std::vector<int>> structures_;
};

}  // namespace nascent::detail
