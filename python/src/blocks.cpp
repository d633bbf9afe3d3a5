// SPDX-License-Identifier: Apache-2.0
// The blocks of the library with their fields, as reflection sees them: what declarations in Python are written from.
#include <string>

#include "bindings.hpp"

#include "nascent/block/library.hpp"
#include "nascent/block/make_value.hpp"
#include "nascent/block/reflection.hpp"
#include "nascent/io/block_text.hpp"

namespace nascent::python {

void bind_blocks(py::module_& m) {
  py::dict blocks;
  py::dict enumerations;
  for_each_block([&]<class Block>(Block block) {
    py::dict fields;
    std::size_t i = 0;
    const auto one = [&]<class Field>(const Field& field) {
      const py::str name(std::string(nascent::detail::field_names<Block>[i++]));
      fields[name] = py::none();
      if constexpr (std::is_enum_v<Field>) {
        const std::string type(make_value(field).type());
        py::list names;
        for (const Field e : nascent::detail::enumerators<Field>()) names.append(to_string(e));
        enumerations[py::str(type)] = py::tuple(names);
        fields[name] = type;
      }
    };
    with_fields(block, [&](auto&... field) { (one(field), ...); });
    blocks[py::str(std::string(block_name<Block>))] = fields;
  });
  m.attr("enumerations") = enumerations;
  m.attr("blocks") = blocks;
}

}  // namespace nascent::python
