// SPDX-License-Identifier: Apache-2.0
/// \file
/// Spaces as JSON, whole: what a declaration says, written from a space and read back. docs/space_files.md has the
/// form.
#pragma once

#include "nascent/io/block_catalogue.hpp"
#include "nascent/io/detail/check_description.hpp"
#include "nascent/io/detail/describe_view.hpp"
#include "nascent/io/detail/description_json.hpp"
#include "nascent/io/detail/description_reader.hpp"
#include "nascent/io/json.hpp"
#include "nascent/space/view_of.hpp"

namespace nascent {

/// What the declaration of a space said, found from the space. \throws json_error that names the place of what is no
/// data: a predicate, a block that is not in the catalogue, a value without a text
inline space_description describe_space(const space_view& view, const block_catalogue& blocks = library_blocks()) {
  return detail::view_describer(view, blocks).describe();
}

/// A space as JSON: `write_json("gpunet.json", write_space(zoo::gpunet))`. Fields that hold what they hold by default
/// are left out; numbers keep all their digits. \throws json_error as `describe_space`
template <described_space Space>
json write_space(const Space& s, const block_catalogue& blocks = library_blocks()) {
  return detail::description_json(describe_space(view_of(s), blocks));
}
inline json write_space(const space_description& d) { return detail::description_json(d); }

/// What a file of a space says, checked as a declaration is: `read_space(read_json("gpunet.json"))`. Whether its blocks
/// build, shapes fit and constraints leave a network is left to the compiler of what `to_cpp` writes. \throws
/// json_error for what is no description, and declaration_error, which is one, for a declaration that makes no sense;
/// both name the place as a JSON pointer
inline space_description read_space(const json& j, const block_catalogue& blocks = library_blocks()) {
  const detail::space_reader reader(j, "");
  space_description d = detail::description_reader(reader, blocks).read();
  detail::description_checker(d, blocks).check();
  return d;
}

}  // namespace nascent
