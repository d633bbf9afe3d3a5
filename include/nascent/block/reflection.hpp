// SPDX-License-Identifier: Apache-2.0
/// \file
/// Fields of a block, by position and by name, read off the aggregate itself: a block is described once, by its fields.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "nascent/base/language.hpp"

namespace nascent {
namespace detail {

struct any_value {
  template <class T>
  constexpr operator T() const;  // declared only: used in unevaluated initialisers
};

template <std::size_t>
using any_value_at = any_value;

template <class T, class Indices>
inline constexpr bool takes_fields = false;
template <class T, std::size_t... I>
requires requires { T{any_value_at<I>{}...}; }
inline constexpr bool takes_fields<T, std::index_sequence<I...>> = true;

inline constexpr std::size_t max_fields = 16;

/// Down from the most there may be.
template <class T, std::size_t N = max_fields>
consteval std::size_t count_down() {
  if constexpr (N == 0) return 0;
  else if constexpr (takes_fields<T, std::make_index_sequence<N>>) return N;
  else return count_down<T, N - 1>();
}
/// Up from none: shorter for the compiler, where every field can be left out.
template <class T, std::size_t N = 0>
consteval std::size_t count_up() {
  if constexpr (N == max_fields) return N;
  else if constexpr (takes_fields<T, std::make_index_sequence<N + 1>>) return count_up<T, N + 1>();
  else return N;
}
template <class T>
consteval std::size_t count_fields() {
  if constexpr (std::is_empty_v<T>) return 0;
  else if constexpr (alignof(T) == 1 && sizeof(T) < max_fields && takes_fields<T, std::make_index_sequence<sizeof(T)>>)
    return sizeof(T);  // a byte each, as a block's roles: there can be no more
  else if constexpr (takes_fields<T, std::index_sequence<>>) return count_up<T>();
  else return count_down<T>();
}

}  // namespace detail

namespace detail {
template <class Block>
struct natural {
  using type = Block;
};
template <template <class...> class Block, class... Fields>
requires requires { typename Block<>; }
struct natural<Block<Fields...>> {
  using type = Block<>;
};
}  // namespace detail

/// The block with the types that its fields have by default; the block itself where it has no defaults.
template <class Block>
using natural_block = typename detail::natural<Block>::type;

/// How many fields an aggregate has (at most 16). The same for all types of one template, so it is counted for one of
/// them.
template <class T>
inline constexpr std::size_t field_count = field_count<natural_block<T>>;
template <class T>
requires std::is_same_v<T, natural_block<T>>
inline constexpr std::size_t field_count<T> = detail::count_fields<T>();

/// Calls `f` with all fields of `object`, in order.
template <class T, class F>
constexpr decltype(auto) with_fields(T&& object, F&& f) {
  constexpr std::size_t n = field_count<std::remove_cvref_t<T>>;
  if constexpr (n == 0) {
    return f();
  } else if constexpr (n == 1) {
    auto& [a] = object;
    return f(a);
  } else if constexpr (n == 2) {
    auto& [a, b] = object;
    return f(a, b);
  } else if constexpr (n == 3) {
    auto& [a, b, c] = object;
    return f(a, b, c);
  } else if constexpr (n == 4) {
    auto& [a, b, c, d] = object;
    return f(a, b, c, d);
  } else if constexpr (n == 5) {
    auto& [a, b, c, d, e] = object;
    return f(a, b, c, d, e);
  } else if constexpr (n == 6) {
    auto& [a, b, c, d, e, g] = object;
    return f(a, b, c, d, e, g);
  } else if constexpr (n == 7) {
    auto& [a, b, c, d, e, g, h] = object;
    return f(a, b, c, d, e, g, h);
  } else if constexpr (n == 8) {
    auto& [a, b, c, d, e, g, h, i] = object;
    return f(a, b, c, d, e, g, h, i);
  } else if constexpr (n == 9) {
    auto& [a, b, c, d, e, g, h, i, j] = object;
    return f(a, b, c, d, e, g, h, i, j);
  } else if constexpr (n == 10) {
    auto& [a, b, c, d, e, g, h, i, j, k] = object;
    return f(a, b, c, d, e, g, h, i, j, k);
  } else if constexpr (n == 11) {
    auto& [a, b, c, d, e, g, h, i, j, k, l] = object;
    return f(a, b, c, d, e, g, h, i, j, k, l);
  } else if constexpr (n == 12) {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m] = object;
    return f(a, b, c, d, e, g, h, i, j, k, l, m);
  } else {
    static_assert(n <= 12, "nascent: a block has at most 12 fields");
  }
}

namespace detail {

// Never defined: only addresses inside it are named, and the compiler spells them in __PRETTY_FUNCTION__.
#if defined(__clang__)
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wundefined-var-template"
#pragma clang diagnostic ignored "-Wundefined-internal"
#endif
template <class T>
struct holder {
  T value;
};
template <class T>
extern const holder<T> nowhere;

/// Picks one of several pointers without a recursion: those before it convert to const void*.
template <class Before>
struct pointer_after;
template <std::size_t... Before>
struct pointer_after<std::index_sequence<Before...>> {
  template <std::size_t>
  using skipped = const void*;
  template <class Field, class... Rest>
  static constexpr Field* pick(skipped<Before>..., Field* found, Rest*...) {
    return found;
  }
};

/// The address of field N: no lambda, which would be a class of its own for every block.
template <std::size_t N>
struct field_pointer {
  template <class... Fields>
  constexpr auto operator()(Fields&... fields) const {
    return pointer_after<std::make_index_sequence<N>>::pick(&fields...);
  }
};

constexpr bool is_identifier_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// g++:   "... [with auto ...Pointers = {(& nowhere<T>.holder<T>::value.T::filters), (& ...)}]"
// clang: "... [Pointers = <&nowhere.value.filters, &...>]"
template <auto... Pointers>
consteval auto spell_pointers() {
  return std::string_view(__PRETTY_FUNCTION__);
}
#if defined(__clang__)
inline constexpr char before_pointers = '<';
inline constexpr char before_name = '.';
inline constexpr std::size_t after_pointer = 0;
constexpr bool ends_name(char c) { return c == ',' || c == '>'; }
#else
inline constexpr char before_pointers = '{';
inline constexpr char before_name = ':';
inline constexpr std::size_t after_pointer = 1;
constexpr bool ends_name(char c) { return c == ')'; }
#endif
/// Where the first pointer stands, in every such text.
inline constexpr std::size_t pointers_at = spell_pointers<0>().find(before_pointers) + 1;

/// Names of N fields, with one spare element. No std::array, here and in what is made for each number of fields: it is
/// dear to the compiler.
template <std::size_t N>
struct name_list {
  std::string_view items[N + 1]{};

  constexpr const std::string_view* data() const { return items; }
  constexpr const std::string_view& operator[](std::size_t i) const { return items[i]; }
};

/// Reads all names off one text: a template for each field of each block would cost the compiler more. What stands
/// before each name is as long as before the first, so that nothing but names is looked at.
template <auto First, auto... Rest>
consteval auto names_of_pointers() {
  constexpr std::string_view alone = spell_pointers<First>();
  constexpr const char* one = alone.data();
  std::size_t begin = alone.size() - 2 - after_pointer;
  while (one[begin - 1] != before_name) --begin;
  const std::size_t before = begin - pointers_at;

  constexpr const char* all = spell_pointers<First, Rest...>().data();
  name_list<sizeof...(Rest) + 1> names{};
  for (std::string_view* name = names.items; name != names.items + 1 + sizeof...(Rest); ++name) {
    std::size_t end = begin + 1;
    while (!ends_name(all[end])) ++end;
    *name = {all + begin, end - begin};
    begin = end + after_pointer + 2 + before;
  }
  return names;
}

/// Names of all fields.
template <class T>
consteval auto list_names() {
  constexpr std::size_t n = field_count<T>;
  if constexpr (n == 0) {
    return name_list<0>{};
  } else if constexpr (n == 1) {
    auto& [a] = nowhere<T>.value;
    return names_of_pointers<&a>();
  } else if constexpr (n == 2) {
    auto& [a, b] = nowhere<T>.value;
    return names_of_pointers<&a, &b>();
  } else if constexpr (n == 3) {
    auto& [a, b, c] = nowhere<T>.value;
    return names_of_pointers<&a, &b, &c>();
  } else if constexpr (n == 4) {
    auto& [a, b, c, d] = nowhere<T>.value;
    return names_of_pointers<&a, &b, &c, &d>();
  } else if constexpr (n == 5) {
    auto& [a, b, c, d, e] = nowhere<T>.value;
    return names_of_pointers<&a, &b, &c, &d, &e>();
  } else if constexpr (n == 6) {
    auto& [a, b, c, d, e, f] = nowhere<T>.value;
    return names_of_pointers<&a, &b, &c, &d, &e, &f>();
  } else if constexpr (n == 7) {
    auto& [a, b, c, d, e, f, g] = nowhere<T>.value;
    return names_of_pointers<&a, &b, &c, &d, &e, &f, &g>();
  } else if constexpr (n == 8) {
    auto& [a, b, c, d, e, f, g, h] = nowhere<T>.value;
    return names_of_pointers<&a, &b, &c, &d, &e, &f, &g, &h>();
  } else if constexpr (n == 9) {
    auto& [a, b, c, d, e, f, g, h, i] = nowhere<T>.value;
    return names_of_pointers<&a, &b, &c, &d, &e, &f, &g, &h, &i>();
  } else if constexpr (n == 10) {
    auto& [a, b, c, d, e, f, g, h, i, j] = nowhere<T>.value;
    return names_of_pointers<&a, &b, &c, &d, &e, &f, &g, &h, &i, &j>();
  } else if constexpr (n == 11) {
    auto& [a, b, c, d, e, f, g, h, i, j, k] = nowhere<T>.value;
    return names_of_pointers<&a, &b, &c, &d, &e, &f, &g, &h, &i, &j, &k>();
  } else if constexpr (n == 12) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l] = nowhere<T>.value;
    return names_of_pointers<&a, &b, &c, &d, &e, &f, &g, &h, &i, &j, &k, &l>();
  } else {
    static_assert(n <= 12, "nascent: a block has at most 12 fields");
    return name_list<n>{};
  }
}

// g++: "... [with T = nascent::mbconv<int>; ...]", clang: "... [T = nascent::mbconv<int>]"
template <class T>
consteval std::string_view qualified_name_of_type() {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("T = ") + 4);
  std::size_t end = 0;
  while (end < text.size() && (is_identifier_character(text[end]) || text[end] == ':' || text[end] == '{' ||
                               text[end] == '}' || text[end] == '(' || text[end] == ')' || text[end] == ' '))
    ++end;
  while (end > 0 && !is_identifier_character(text[end - 1])) --end;
  return text.substr(0, end);
}
template <class T>
consteval std::string_view name_of_type() {
  const std::string_view text = qualified_name_of_type<T>();
  std::size_t begin = text.size();
  while (begin > 0 && is_identifier_character(text[begin - 1])) --begin;
  return text.substr(begin);
}
#if defined(__clang__)
#pragma clang diagnostic pop
#endif

}  // namespace detail

namespace detail {
/// Names of a block's fields. The same for all types of one template, so they are listed for
/// one of them.
template <class Natural>
inline constexpr auto natural_names = list_names<Natural>();
template <class Block>
inline constexpr auto& field_names = natural_names<natural_block<Block>>;
}  // namespace detail

/// Name of field I of a block type, as declared: "filters".
template <class Block, std::size_t I>
inline constexpr std::string_view field_name = detail::field_names<Block>[I];

/// Names of a block's fields, in order.
template <class Block>
inline constexpr std::span<const std::string_view> field_names{detail::field_names<Block>.data(), field_count<Block>};

/// Name of a block type without its template arguments: "mbconv".
template <class Block>
inline constexpr std::string_view block_name = detail::name_of_type<Block>();

/// The same with the namespaces that it is in: "nascent::mbconv". Types that no other file can name have brackets in
/// it.
template <class Block>
inline constexpr std::string_view qualified_name = detail::qualified_name_of_type<Block>();

/// Field I of a block.
template <std::size_t I, class Block>
constexpr const auto& field(const Block& block) {
  return *with_fields(block, detail::field_pointer<I>{});
}

}  // namespace nascent
