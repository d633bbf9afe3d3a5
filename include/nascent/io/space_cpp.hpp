// SPDX-License-Identifier: Apache-2.0
/// \file
/// A space that is data as C++, as a person would declare it: what is compiled into modules, and what goes on by hand.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "nascent/io/block_catalogue.hpp"
#include "nascent/io/detail/cpp_text.hpp"
#include "nascent/io/space_description.hpp"

namespace nascent {

namespace detail {

class cpp_writer {
 public:
  cpp_writer(const space_description& d, const block_catalogue& blocks) : d_(d), blocks_(blocks) {}

  /// `return search_space(...)...;`, in lines.
  std::string chain() const {
    std::string text = "  return search_space(" + cpp_literal(d_.name) + ")";
    std::string open;  // the call that is not written yet
    const auto call = [&](const std::string& what) {
      if (!open.empty()) text += "\n      ." + cpp_lines(open, 7);
      open = what;
    };
    call("input(" + std::to_string(d_.channels) + ", " + resolution() + ")");
    if (const width_rounding usual; d_.rounding.divisor != usual.divisor || d_.rounding.limit != usual.limit)
      call("round_widths({.divisor = " + std::to_string(d_.rounding.divisor) +
           ", .limit = " + cpp_number(d_.rounding.limit) + "})");
    bool in_head = false;
    for (std::size_t i = 0; i < d_.stages.size(); ++i) {
      const described_stage& s = d_.stages[i];
      if (s.role == described_stage::kind::choice) {
        const known_field* of = blocks_.find_enumeration(s.enumeration);
        call("choose(" + cpp_literal(s.name) + ", " + field(s.value, of == nullptr ? known_field{} : *of) + ")");
        continue;
      }
      if (s.role == described_stage::kind::stage) {
        call("stage(" + cpp_literal(s.name) + ", " + block(s) + ")");
      } else if (in_head) {  // one call for the parts that nothing is said of in between
        open.pop_back();
        open += next + block(s) + ")";
      } else {
        call("head(" + block(s) + ")");
      }
      if (s.stride) call("stride(" + stride(*s.stride) + ")");
      if (s.layers) call("layers(" + layers(s) + ")");
      if (s.skip) call("skip(" + skip(s) + ")");
      in_head = s.role == described_stage::kind::head && !s.stride && !s.layers && !s.skip;
    }
    for (const described_constraint& c : d_.constraints) call("require(" + cpp_constraint(c) + ")");
    call("");
    return text + ";";
  }

  /// The headers of its blocks.
  std::set<std::string> headers() const {
    std::set<std::string> all;
    for (const described_stage& s : d_.stages)
      for (const described_block& b : s.blocks) all.insert(blocks_.find(b.name)->header);
    return all;
  }

 private:
  static inline const std::string next = std::string(",") + soft_break;

  std::string resolution() const {
    if (d_.resolution.how == field_kind::fixed)
      if (const auto* image = std::get_if<image_size>(&d_.resolution.values.at(0)))
        return "{.height = " + std::to_string(image->height) + ", .width = " + std::to_string(image->width) + "}";
    return field(d_.resolution, {}, "image_size");
  }

  static std::string stride(const described_field& f) {
    if (f.how == field_kind::fixed)
      if (const auto* both = std::get_if<image_size>(&f.values.at(0)))
        return "{" + std::to_string(both->height) + ", " + std::to_string(both->width) + "}";
    return field(f, {}, "strides");
  }

  static std::string layers(const described_stage& s) {
    described_field plain = *s.layers;
    plain.mark = scaling_mark::none;
    std::string text = field(plain, {});
    if (s.independent) text = "independent(" + text + ")";
    return s.layers->mark == scaling_mark::fixed ? "fixed(" + text + ")" : text;
  }

  static std::string skip(const described_stage& s) {
    const std::string kind = std::string(", residual::") + to_string(s.skip_kind);
    return field(*s.skip, {}) + (s.skip_kind == residual::project ? "" : kind);
  }

  std::string block(const described_stage& s) const {
    if (s.blocks.size() == 1) return block(s.blocks[0]);
    std::string all;
    for (const described_block& b : s.blocks) all += (all.empty() ? "" : next) + block(b);
    return "either(" + all + ")";
  }
  std::string block(const described_block& b) const {
    const known_block& known = *blocks_.find(b.name);
    std::string fields;
    for (const auto& [name, said] : b.fields) {
      const known_field& f = *known.find(name);
      fields += (fields.empty() ? "." : next + ".") + name + " = " +
                field(said, f, f.role.rule.strides ? "strides" : "kernel_size");
    }
    // A template that is given no value has no types of fields to find.
    const bool needs_types = fields.empty() && !known.fields.empty();
    return cpp_name(known.type) + (needs_types ? "<>{" : "{") + fields + "}";
  }

  /// What stands in a field, or between the brackets of a call.
  static std::string field(const described_field& f, const known_field& known,
                           std::string_view size_type = "kernel_size") {
    std::string text;
    if (f.how == field_kind::tied) {
      text = "tied_to(" + cpp_literal(f.source) + ")";
    } else if (f.range) {
      text = "range(" + std::to_string(f.range->first) + ", " + std::to_string(f.range->last) +
             (f.range->step == 1 ? "" : ", " + std::to_string(f.range->step)) + ")";
    } else {
      bool points = true;  // a list with one fraction is one of fractions
      for (const declared_value& v : f.values)
        if (const auto* n = std::get_if<double>(&v))
          points = points && *n == static_cast<double>(static_cast<std::int64_t>(*n));
      for (const declared_value& v : f.values)
        text += (text.empty() ? "" : next) + cpp_value(v, known.enumeration, size_type, points);
      if (text.size() < 80) std::ranges::replace(text, soft_break, ' ');
      if (f.how != field_kind::fixed) text = "one_of(" + text + ")";
    }
    if (f.how == field_kind::shared) text = "shared(" + text + ")";
    if (f.mark == scaling_mark::fixed) text = "fixed(" + text + ")";
    if (f.mark == scaling_mark::scaled) text = "scaled(" + text + ")";
    return text;
  }

  const space_description& d_;
  const block_catalogue& blocks_;
};

}  // namespace detail

/// The declaration in C++: `inline constexpr auto gpunet_space = define([] { return search_space("GPUNet")...; });`, a
/// header of its own. Compiled, it is the space that the description was written from. The description is one that
/// `read_space` or `describe_space` gave, with the same blocks.
inline std::string to_cpp(const space_description& d, const block_catalogue& blocks = library_blocks()) {
  const detail::cpp_writer writer(d, blocks);
  std::set<std::string> headers = writer.headers();
  headers.insert("nascent/nascent.hpp");
  if (!d.constraints.empty()) headers.insert("nascent/space/constraint.hpp");
  std::string includes;
  for (const std::string& header : headers) includes += "#include <" + header + ">\n";
  return "#pragma once\n\n" + includes + "\ninline constexpr auto " + detail::cpp_identifier(d.name) +
         " = nascent::define([] {\n  using namespace nascent;\n" + writer.chain() + "\n});\n";
}

/// The same as the source of a module (docs/modules.md).
inline std::string to_module_cpp(const space_description& d, const block_catalogue& blocks = library_blocks()) {
  const std::string text = to_cpp(d, blocks);
  return "#include <nascent/erased/space_module.hpp>\n" + text.substr(text.find('\n') + 1) +
         "\nextern \"C\" const nascent_module* nascent_module_entry() {\n  static const nascent::space_module mine{" +
         detail::cpp_identifier(d.name) + "};\n  return mine.table();\n}\n";
}

}  // namespace nascent
