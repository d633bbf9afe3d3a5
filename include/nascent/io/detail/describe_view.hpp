// SPDX-License-Identifier: Apache-2.0
/// \file
/// From the description of a finished space back to what its declaration said.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "nascent/io/block_catalogue.hpp"
#include "nascent/io/json_reader.hpp"
#include "nascent/space/space_view.hpp"

namespace nascent::detail {

/// \throws json_error that names the place where the space says what is no data
class view_describer {
 public:
  view_describer(const space_view& view, const block_catalogue& blocks) : view_(view), blocks_(blocks) {}

  space_description describe() {
    space_description d{.name = view_.name, .size = view_.size, .channels = view_.channels, .rounding = view_.rounding};
    std::size_t body = 0;
    std::size_t head = 0;
    for (const stage_view& s : view_.stages) {
      if (s.role == stage_view::kind::input) {
        d.resolution = describe(s.blocks.at(0).fields.at(0), "/input/resolution");
        continue;
      }
      const bool in_head = s.role == stage_view::kind::head;
      const std::string where = in_head ? "/head/" + std::to_string(head++) : "/stages/" + std::to_string(body++);
      if (!in_head && head > 0)
        throw json_error(where, "the stage '" + s.name + "' after the head", "stages before the head");
      d.stages.push_back(describe(s, where));
    }
    for (std::size_t c = 0; c < view_.constraints.size(); ++c)
      d.constraints.push_back(describe(view_.constraints[c], "/constraints/" + std::to_string(c)));
    return d;
  }

 private:
  static declared_value describe(const typed_value& v, const std::string& where) {
    switch (v.kind()) {
      case value_kind::boolean: return v.truth();
      case value_kind::integer:
        if (v.integer() > 2147483647 || v.integer() < -2147483647)
          throw json_error(where, std::string(v.text().view()), "whole numbers up to 2147483647");
        return v.integer();
      case value_kind::real:
        if (!std::isfinite(v.number())) throw json_error(where, std::string(v.text().view()), "finite numbers");
        return v.number();
      case value_kind::size: return image_size{v.height(), v.width()};
      case value_kind::enumerator:
      case value_kind::name:
      case value_kind::block:
        if (!v.name().empty()) return std::string(v.name());
        break;
      case value_kind::other: break;
    }
    throw json_error(where, "a value of the type " + std::string(v.type().empty() ? "unknown" : v.type()),
                     "numbers, truth values, sizes, and enumerators that to_string names");
  }

  static described_field describe(const field_view& f, const std::string& where) {
    described_field said{.how = f.how, .source = f.source};
    if (f.how == field_kind::tied) return said;
    for (const typed_value& v : f.values) said.values.push_back(describe(v, where));
    if (f.how != field_kind::fixed) find_range(said, f.name == "layers" ? 2 : 3);
    return said;
  }

  /// Whole numbers at equal distances: `least` of them or more where the distance is 1, else four.
  static void find_range(described_field& f, std::size_t least) {
    std::vector<std::int64_t> whole;
    for (const declared_value& v : f.values)
      if (const auto* n = std::get_if<std::int64_t>(&v)) whole.push_back(*n);
    if (whole.size() != f.values.size() || whole.size() < 2) return;
    const std::int64_t step = whole[1] - whole[0];
    if (step < 1 || step > 2147483647 || whole.size() < (step == 1 ? least : 4)) return;
    for (std::size_t i = 1; i < whole.size(); ++i)
      if (whole[i] - whole[i - 1] != step) return;
    f.values.clear();
    f.range = range(static_cast<int>(whole.front()), static_cast<int>(whole.back()), static_cast<int>(step));
  }

  described_stage describe(const stage_view& s, const std::string& where) const {
    described_stage d{.independent = s.independent, .skip_kind = s.skip_kind};
    if (s.role == stage_view::kind::choice) {
      const field_view& f = s.blocks.at(0).fields.at(0);
      d.role = described_stage::kind::choice;
      d.name = s.name;
      d.value = describe(f, where + "/choice");
      if (f.scaling == width_scaling::scaled) d.value.mark = scaling_mark::scaled;
      if (f.values.at(0).kind() == value_kind::enumerator) d.enumeration = f.values[0].type();
      return d;
    }
    if (s.role == stage_view::kind::head) d.role = described_stage::kind::head;
    else d.name = s.name;
    const std::string block = where + "/block";
    for (std::size_t a = 0; a < s.blocks.size(); ++a)
      d.blocks.push_back(describe(s.blocks[a], s.blocks.size() > 1 ? block + "/either/" + std::to_string(a) : block));
    if (!s.single_layer) {
      d.layers = describe(s.layers, where + "/layers");
      if (s.layers.scaling == width_scaling::none) d.layers->mark = scaling_mark::fixed;
    }
    if (s.stride.how != field_kind::fixed || s.stride.values.at(0) != typed_value::of_integer(1))
      d.stride = describe(s.stride, where + "/stride");
    if (!s.skip.values.empty()) d.skip = describe(s.skip, where + "/skip");
    return d;
  }

  described_block describe(const block_view& b, const std::string& where) const {
    const known_block* known = blocks_.find(b.name);
    if (known == nullptr || known->type != b.type)
      throw json_error(where, "the block " + (b.type.empty() ? b.name : b.type),
                       "blocks of the catalogue; add<its type>(header) adds one");
    if (b.fields.size() != known->fields.size())
      throw json_error(where, std::to_string(b.fields.size()) + " fields", std::to_string(known->fields.size()));
    described_block d{.name = b.name};
    bool marked = false;
    for (std::size_t j = 0; j < b.fields.size(); ++j) {
      const known_field& usual = known->fields[j];
      const std::string at = where + "/" + b.name + "/" + std::string(usual.name);
      described_field f = describe(b.fields[j], at);
      const width_scaling unmarked = scaling_without_mark(b.fields[j], usual);
      if (unmarked != b.fields[j].scaling)
        f.mark = b.fields[j].scaling == width_scaling::scaled ? scaling_mark::scaled : scaling_mark::fixed;
      marked = marked || f.mark != scaling_mark::none;
      if (f.mark == scaling_mark::none && f.how == field_kind::fixed && is_usual(b.fields[j].values.at(0), usual.usual))
        continue;
      d.fields.emplace_back(std::string(usual.name), std::move(f));
    }
    // What says nothing of scaling by its type did so by a mark, which any whole number may carry.
    if (!known->states_roles && b.says_scaling && !marked)
      for (auto& [name, f] : d.fields)
        if (f.how == field_kind::tied || f.range || std::holds_alternative<std::int64_t>(f.values.at(0))) {
          f.mark = scaling_mark::fixed;
          break;
        }
    return d;
  }

  static bool is_usual(const typed_value& v, const typed_value& usual) {
    return v == usual || (v.is_number() && usual.is_number() && v.number() == usual.number());
  }

  /// What scaling does to a field of which its use says nothing.
  width_scaling scaling_without_mark(const field_view& f, const known_field& known) const {
    if (f.how != field_kind::tied || f.slot < 0) return known.role.scaling;
    const slot_view& source = view_.slots.at(static_cast<std::size_t>(f.slot));
    const stage_view& s = view_.stages.at(static_cast<std::size_t>(source.stage));
    if (source.role != slot_role::field) return known.role.scaling;
    if (s.role == stage_view::kind::choice) {
      const width_scaling of_choice = s.blocks.at(0).fields.at(0).scaling;
      return of_choice == width_scaling::none ? known.role.scaling : of_choice;
    }
    for (const field_view& other : s.blocks.at(static_cast<std::size_t>(source.alternative)).fields)
      if (other.slot == f.slot && other.how != field_kind::tied) return other.scaling;
    return known.role.scaling;
  }

  static described_constraint describe(const constraint_view& c, const std::string& where) {
    if (c.kind == constraint_kind::predicate)
      throw json_error(where, "a predicate of " + joined_paths(c) + ", which is code",
                       "constraints that are data: table(...) of the rows that it allows, sum, product, count, ...");
    described_constraint d{.kind = c.kind,
                           .compares = c.compares,
                           .bound = c.bound,
                           .condition = c.condition,
                           .paths = c.paths,
                           .terms = c.terms};
    for (const constraint_value& v : c.values)
      d.values.push_back(v.is_number() ? declared_value(v.number) : declared_value(std::string(v.text)));
    return d;
  }
  static std::string joined_paths(const constraint_view& c) {
    std::string all;
    for (const std::string& p : c.paths) all += (all.empty() ? "" : ", ") + p;
    return all;
  }

  const space_view& view_;
  const block_catalogue& blocks_;
};

}  // namespace nascent::detail
