// SPDX-License-Identifier: Apache-2.0
/// \file
/// The exception that everything else derives from: where, what was found, what is allowed, and a code for programs.
#pragma once

#include <array>
#include <cstddef>
#include <cstring>
#include <exception>
#include <new>
#include <string_view>

#include "nascent/base/text.hpp"

namespace nascent {

/// What kind of mistake, as "room.kind": stays the same while sentences get better. docs/errors.md lists all codes.
class error_code {
 public:
  /// Refuses at compile time what is not of the form: small letters, digits and '_', with one '.' between two words.
  consteval error_code(const char* text) : text_(text) {
    const std::size_t dot = text_.find('.');
    if (dot == std::string_view::npos || dot == 0 || dot + 1 == text_.size()) throw "nascent: a code is room.kind";
    for (std::size_t i = 0; i < text_.size(); ++i) {
      const char c = text_[i];
      if (i != dot && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
        throw "nascent: a code consists of small letters, digits and '_', with one '.'";
    }
  }
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

namespace detail {

/// The sentence of every error, in pieces.
constexpr std::array<std::string_view, 6> sentence_pieces(std::string_view where, std::string_view found,
                                                          std::string_view allowed) {
  return {"nascent: ", where, ": found ", found, "; allowed: ", allowed};
}

/// Parts of a text side by side, also in constant evaluation: joined("stage ", 3, ", field ", name).
template <std::size_t Capacity = 256, class... Parts>
constexpr basic_text<Capacity> joined(const Parts&... parts) {
  basic_text<Capacity> text;
  (text.add(parts), ...);
  return text;
}

}  // namespace detail

/// "nascent: WHERE: found FOUND; allowed: ALLOWED", also in constant evaluation.
template <std::size_t Capacity = 512>
constexpr basic_text<Capacity> error_sentence(std::string_view where, std::string_view found,
                                              std::string_view allowed) {
  basic_text<Capacity> text;
  for (const std::string_view piece : detail::sentence_pieces(where, found, allowed)) text.add(piece);
  return text;
}

/// A mistake that is met at run time. Copies do not throw: where a copy finds no memory for the texts, they are empty
/// and `what` is the code.
class error : public std::exception {
 public:
  /// `where` names the thing and the place in it, `found` what stood there, `allowed` what would be right and, after a
  /// ';', what to do.
  error(error_code code, std::string_view where, std::string_view found, std::string_view allowed)
      : code_(code), where_size_(where.size()), found_size_(found.size()) {
    const auto pieces = detail::sentence_pieces(where, found, allowed);
    for (const std::string_view piece : pieces) size_ += piece.size();
    char* end = sentence_ = new char[size_ + 1];
    for (const std::string_view piece : pieces) {
      // Not string_view::copy, which costs the compiler more than all of this header.
      std::memcpy(end, piece.data(), piece.size());
      end += piece.size();
    }
    *end = '\0';
  }
  error(const error& other) noexcept
      : std::exception(other),
        code_(other.code_),
        where_size_(other.where_size_),
        found_size_(other.found_size_),
        size_(other.size_) {
    if (other.sentence_ == nullptr) return;
    sentence_ = new (std::nothrow) char[size_ + 1];
    if (sentence_ != nullptr) std::memcpy(sentence_, other.sentence_, size_ + 1);
  }
  error& operator=(const error&) = delete;
  ~error() override { delete[] sentence_; }

  const char* what() const noexcept override { return sentence_ == nullptr ? code_.text().data() : sentence_; }
  /// The place: "space 'tiny', 1.filters".
  std::string_view where() const noexcept { return part(intro.size(), where_size_); }
  std::string_view found() const noexcept {
    return part(intro.size() + where_size_ + before_found.size(), found_size_);
  }
  std::string_view allowed() const noexcept {
    const std::size_t before = intro.size() + where_size_ + before_found.size() + found_size_ + before_allowed.size();
    return part(before, size_ - before);
  }
  /// Such as "space.rank".
  std::string_view code() const noexcept { return code_.text(); }

 private:
  static constexpr std::string_view intro = detail::sentence_pieces("", "", "")[0];
  static constexpr std::string_view before_found = detail::sentence_pieces("", "", "")[2];
  static constexpr std::string_view before_allowed = detail::sentence_pieces("", "", "")[4];

  std::string_view part(std::size_t begin, std::size_t size) const noexcept {
    return sentence_ == nullptr ? std::string_view() : std::string_view(sentence_ + begin, size);
  }

  error_code code_;
  std::size_t where_size_;
  std::size_t found_size_;
  std::size_t size_ = 0;  ///< of the sentence, without the end
  char* sentence_ = nullptr;
};

}  // namespace nascent
