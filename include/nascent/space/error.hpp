// SPDX-License-Identifier: Apache-2.0
/// \file
/// The exception for bad vectors, ranks and candidates met at run time.
#pragma once

#include <exception>

#include "nascent/base/text.hpp"
#include "nascent/base/uint128.hpp"

namespace nascent {

/// Says in which space and where, what was found, and what is allowed.
class space_error : public std::exception {
 public:
  space_error(std::string_view space, std::string_view where, std::string_view what, std::int64_t found,
              std::string_view rule, std::int64_t allowed) {
    start(space, where).add(what).add(' ').add(found).add("; allowed: ").add(rule).add(' ').add(allowed);
  }
  space_error(std::string_view space, std::string_view where, uint128 found, std::string_view rule, uint128 allowed) {
    start(space, where)
        .add(to_decimal(found).c_str())
        .add("; allowed: ")
        .add(rule)
        .add(' ')
        .add(to_decimal(allowed).c_str());
  }
  /// `kind` says what `name` is: a space, a model.
  space_error(std::string_view name, std::string_view where, std::string_view sentence,
              std::string_view kind = "space") {
    start(name, where, kind).add(sentence);
  }

  const char* what() const noexcept override { return message_.c_str(); }

 private:
  basic_text<256>& start(std::string_view name, std::string_view where, std::string_view kind = "space") {
    return message_.add("nascent: ").add(kind).add(" '").add(name).add("', ").add(where).add(": found ");
  }
  basic_text<256> message_;
};

}  // namespace nascent
