// SPDX-License-Identifier: Apache-2.0
/// \file
/// A description as a whole, checked.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "nascent/io/detail/description_checks.hpp"

namespace nascent::detail {

/// Goes through a description in the order of the compiler's checks. \throws declaration_error for the first fault
class description_checker {
 public:
  description_checker(const space_description& d, const block_catalogue& blocks)
      : d_(d), blocks_(blocks), pointers_(stage_pointers(d)), facts_(d, blocks, pointers_) {}

  void check() {
    check_space();
    for (std::size_t i = 1; i < facts_.size(); ++i) check_stage(i);
    for (std::size_t i = 1; i < facts_.size(); ++i) check_references(i);
    check_constraints();
  }

 private:
  const described_stage& stage(std::size_t i) const { return d_.stages[i - 1]; }
  const std::string& pointer(std::size_t i) const { return pointers_[i - 1]; }

  void refuse(const std::string& where) const { refuse_fault(finder_, where); }

  void check_space() {
    const place input{"stage", "input", "channels"};
    finder_.check_value<int>(input, role::count::meaning.rule, d_.channels);
    refuse("/input/channels");
    if (d_.name.empty())
      finder_.report(fault::no_name, place{"space", "", ""}, short_text{}.add("found no name"), "1 to 24 characters");
    refuse("/name");
    check_rounding(finder_, d_.rounding, d_.name);
    refuse("/round_widths");
    check_described_field<int>(finder_, place{"stage", "input", "resolution"}, role::resolution::meaning.rule,
                               d_.resolution, false);
    refuse("/input/resolution");
  }

  void check_stage(std::size_t i) {
    finder_.check_name(facts_.stages(), facts_.names(), facts_.hashes(), i);
    refuse(pointer(i) + "/name");
    const described_stage& s = stage(i);
    if (s.role == described_stage::kind::choice) {
      const known_field* of = blocks_.find_enumeration(s.enumeration);
      const place where{"stage", facts_.names()[i].view(), "value"};
      if (of != nullptr) of->check(finder_, where, value_rule{}, s.value, false);
      else check_described_field<int>(finder_, where, value_rule{}, s.value, false);
      return refuse(pointer(i) + "/choice");
    }
    for (std::size_t a = 0; a < s.blocks.size(); ++a) check_block(i, a);
    const place stride{"stage", facts_.stage(i).declared_name, "stride"};
    if (s.stride) check_stride(stride, *s.stride);
    refuse(pointer(i) + "/stride");
    const place layers{"stage", facts_.stage(i).declared_name, "layers"};
    if (s.layers && s.layers->how == field_kind::chosen) {
      if (s.layers->range) finder_.check_choice(layers, *s.layers->range);
      else visit_values<int>(s.layers->values, [&](const auto& list) { finder_.check_choice(layers, list); });
    }
    finder_.check_layer_counts(layers, facts_.stage(i));
    refuse(pointer(i) + "/layers");
  }

  void check_stride(const place& where, const described_field& stride) {
    if (stride.range) return finder_.check_stride(where, *stride.range);
    const auto check = [&](const auto& list) {
      if (stride.how == field_kind::chosen) finder_.check_stride(where, list);
      else finder_.check_stride(where, list[0]);
    };
    if (std::ranges::none_of(stride.values, is_declared_as<image_size>))
      return static_cast<void>(visit_values<int>(stride.values, [&]<class List>(const List& list) {
        if constexpr (std::is_same_v<List, value_list<int>>) check(list);
      }));
    value_list<strides> list;
    for (std::size_t o = 0; o < stride.values.size(); ++o) list.values.push_back(stride_option(stride, o));
    check(list);
  }

  void check_block(std::size_t i, std::size_t a) {
    const described_stage& s = stage(i);
    const stage_facts& facts = facts_.stage(i);
    const known_block& known = *blocks_.find(s.blocks[a].name);
    const std::string block = block_pointer(pointer(i), s, a);
    const place where{"stage", facts_.names()[i].view(), ""};
    if (known.is_skip) finder_.check_skip_block(where, static_cast<int>(a), facts);
    for (const auto& [name, field] : s.blocks[a].fields)
      if (field.how == field_kind::shared) finder_.check_shared(where, facts);
    refuse(block);
    for (const known_field& f : known.fields) {
      const described_field* said = s.blocks[a].find(f.name);
      const place at{"stage", where.name, f.name};
      if (said != nullptr) f.check(finder_, at, f.role.rule, *said, facts.independent);
      else if (f.usual.is_number() && !f.role.rule.admits(f.usual.number()))
        finder_.check_value<int>(at, f.role.rule, static_cast<int>(f.usual.integer()));
      if (said != nullptr && facts.max_layers > 1 && f.role.rule.strides)
        visit_values<int>(said->values, [&](const auto& own) { finder_.check_own_stride(where, own); });
      refuse(block + "/" + std::string(f.name));
    }
  }

  void check_references(std::size_t i) {
    const described_stage& s = stage(i);
    if (s.skip) {
      visit_values<int>(s.skip->values, [&]<class List>(const List& names) {
        if constexpr (std::is_same_v<List, value_list<const char*>>) {
          if (s.skip->how == field_kind::chosen)
            finder_.check_choice(place{"stage", facts_.names()[i].view(), "skip"}, names);
          for (std::size_t o = 0; o < names.size(); ++o) finder_.check_skip(facts_.names(), facts_.size(), i, names[o]);
        }
      });
      refuse(pointer(i) + "/skip");
    }
    for (std::size_t a = 0; a < s.blocks.size(); ++a) {
      const known_block& known = *blocks_.find(s.blocks[a].name);
      for (const auto& [name, field] : s.blocks[a].fields)
        if (field.how == field_kind::tied) {
          check_tie(place{"stage", facts_.names()[i].view(), name}, *known.find(name), field.source);
          refuse(block_pointer(pointer(i), s, a) + "/" + name);
        }
    }
    if (const int slot = fault_finder::shared_path(facts_.stage(i)); slot >= 0 && s.blocks.size() > 1) {
      const auto k = static_cast<std::size_t>(slot) + first_slot(i);
      finder_.report(fault::choice_declared_twice, place{"choice", slot_path(facts_.paths(), k).view(), ""},
                     short_text{}.add("found twice"), "one choice a path");
      refuse(pointer(i) + "/block");
    }
    if (s.role == described_stage::kind::choice && !is_surely_used(s.name))
      finder_.report(fault::choice_without_use, place{"choice", s.name, ""}, short_text{}.add("found no certain tie"),
                     "a tie in a sure stage");
    refuse(pointer(i));
  }

  std::size_t first_slot(std::size_t i) const {
    std::size_t first = 0;
    for (std::size_t j = 0; j < i; ++j) first += static_cast<std::size_t>(facts_.stage(j).slot_count);
    return first;
  }

  void check_tie(const place& where, const known_field& field, std::string_view path) {
    const int source = find_slot(facts_.paths(), path);
    const described_field* choice = source < 0 ? nullptr : facts_.choice_at(static_cast<std::size_t>(source));
    if (choice == nullptr || facts_.places()[static_cast<std::size_t>(source)].parent >= 0)
      return finder_.report_tie(where, facts_.paths(), path, choice == nullptr ? -1 : source);
    field.check_tied(finder_, where, field.role.rule, *choice);
  }

  /// Whether a stage that every network has takes the choice, whichever of its blocks it chooses.
  bool is_surely_used(std::string_view path) const {
    for (std::size_t i = 1; i < facts_.size(); ++i) {
      if (facts_.stage(i).min_layers <= 0 || stage(i).blocks.empty()) continue;
      bool certain = true;
      for (const described_block& b : stage(i).blocks) {
        bool tied = blocks_.find(b.name)->is_skip;
        for (const auto& [name, field] : b.fields)
          tied = tied || (field.how == field_kind::tied && field.source == path);
        certain = certain && tied;
      }
      if (certain) return true;
    }
    return false;
  }

  void check_constraints() {
    for (std::size_t c = 0; c < d_.constraints.size(); ++c) {
      const described_constraint& said = d_.constraints[c];
      std::vector<const char*> paths;
      for (const std::string& p : said.paths) paths.push_back(p.c_str());
      const constraint_description one{.kind = said.kind, .paths = paths, .terms = said.terms};
      const unknown_path unknown = find_unknown(facts_.paths(), &one, 1);
      if (unknown.constraint < 0) continue;
      report_path(finder_, place{"constraint", to_decimal(c).c_str(), ""}, facts_.paths(), facts_.size(), unknown.path);
      refuse("/constraints/" + std::to_string(c) + "/paths");
    }
  }

  const space_description& d_;
  const block_catalogue& blocks_;
  std::vector<std::string> pointers_;
  described_facts facts_;
  fault_finder finder_{};
};

}  // namespace nascent::detail
