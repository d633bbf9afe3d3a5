// SPDX-License-Identifier: Apache-2.0
/// \file
/// A module: spaces compiled into a shared library, for C, Python and programs that load it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "nascent/base/version.hpp"
#include "nascent/erased/any_space.hpp"
#include "nascent/erased/module.h"

namespace nascent {

namespace detail {

/// What has to be the same on both sides for C++ objects to be shared.
inline const char* built_with() {
  static constexpr auto text = [] {
    basic_text<96> t;
    t.add("nascent ").add(version);
#if defined(__clang__)
    t.add(", clang ").add(__clang_major__);
#else
    t.add(", g++ ").add(__GNUC__);
#endif
    t.add(", layers of ").add(std::uint64_t{sizeof(layer)}).add(" bytes");
    return t;
  }();
  return text.c_str();
}

template <std::size_t Capacity>
void copy_text(std::string_view from, char (&to)[Capacity]) {
  to[from.copy(to, Capacity - 1)] = '\0';
}

inline int report(nascent_error* to, std::string_view code, std::string_view where, std::string_view found,
                  std::string_view allowed) {
  if (to != nullptr) {
    copy_text(code, to->code);
    copy_text(where, to->where);
    copy_text(found, to->found);
    copy_text(allowed, to->allowed);
  }
  return 1;
}

/// Calls `work`; what it throws goes into `to`.
template <class Work>
int guarded(nascent_error* to, const Work& work) noexcept {
  try {
    work();
    return 0;
  } catch (const error& e) {
    return report(to, e.code(), e.where(), e.found(), e.allowed());
  } catch (const std::bad_alloc&) {
    return report(to, "module.memory", "this process", "no memory left", "a smaller question");
  } catch (const std::exception& e) {
    return report(to, "module.unknown", "nascent", e.what(), "no error");
  } catch (...) {
    return report(to, "module.unknown", "nascent", "an exception of an unknown type", "no error");
  }
}

static_assert(sizeof(random_engine) == sizeof(nascent_random) && std::is_trivially_copyable_v<random_engine>);
static_assert(std::is_same_v<digit, std::int16_t>);

/// A caller's random engine, written back at the end.
class borrowed_engine {
 public:
  explicit borrowed_engine(nascent_random* from) : from_(from), engine_(std::bit_cast<random_engine>(*from)) {}
  borrowed_engine(const borrowed_engine&) = delete;
  borrowed_engine& operator=(const borrowed_engine&) = delete;
  ~borrowed_engine() { *from_ = std::bit_cast<nascent_random>(engine_); }
  random_engine& get() { return engine_; }

 private:
  nascent_random* from_;
  random_engine engine_;
};

inline const any_space& space_of(const nascent_space* s) { return *reinterpret_cast<const any_space*>(s); }
inline nascent_number number_of(uint128 n) {
  return {static_cast<std::uint64_t>(n), static_cast<std::uint64_t>(n >> 64)};
}
/// \throws space_error where it is none
inline candidate<any_space> candidate_of(const any_space& s, const std::int16_t* row) {
  s.check({row, s.slot_count});
  return {{row, row + s.slot_count}};
}
inline void check_slot(const any_space& s, std::size_t k) {
  if (k >= s.slot_count)
    throw space_error("space.slot", place_in(s.name(), "slot"), joined(k),
                      joined("a number below the number of slots, ", s.slot_count));
}

inline constexpr nascent_module module_functions{
    .version = NASCENT_MODULE_VERSION,
    .built_with = nullptr,
    .space_count = 0,
    .space = nullptr,
    .any_space = [](const nascent_space* s) -> const void* { return &space_of(s); },
    .name = [](const nascent_space* s) { return space_of(s).name(); },
    .size = [](const nascent_space* s) { return number_of(space_of(s).size()); },
    .slot_count = [](const nascent_space* s) { return space_of(s).slot_count; },
    .slot =
        [](const nascent_space* s, std::size_t k, nascent_slot* out, nascent_error* e) {
          return guarded(e, [&] {
            check_slot(space_of(s), k);
            const slot_info info = space_of(s).slot(k);
            copy_text(info.path.view(), out->path);
            out->options = info.options;
            out->parent = info.parent;
          });
        },
    .find = [](const nascent_space* s, const char* path) { return space_of(s).find(path); },
    .value =
        [](const nascent_space* s, std::size_t k, std::int32_t option, char* text, std::size_t capacity,
           nascent_error* e) {
          return guarded(e, [&] {
            check_slot(space_of(s), k);
            const int options = space_of(s).slot(k).options;
            if (option < 0 || option >= options)
              throw space_error("space.slot", place_in(space_of(s).name(), space_of(s).slot(k).path.view()),
                                joined("the option ", option), joined("0 up to ", options - 1));
            const short_text value = space_of(s).value(k, option).text();
            if (capacity == 0) return;
            text[value.view().copy(text, capacity - 1)] = '\0';
          });
        },
    .seed = [](nascent_random* rng, std::uint64_t seed) { *rng = std::bit_cast<nascent_random>(random_engine(seed)); },
    .sample =
        [](const nascent_space* s, nascent_random* rng, std::size_t n, std::int16_t* rows, nascent_error* e) {
          return guarded(e, [&] {
            borrowed_engine engine(rng);
            space_of(s).sample(engine.get(), std::span(rows, n * space_of(s).slot_count));
          });
        },
    .rank =
        [](const nascent_space* s, const std::int16_t* row, nascent_number* rank, nascent_error* e) {
          return guarded(e, [&] { *rank = number_of(space_of(s).rank(candidate_of(space_of(s), row))); });
        },
    .unrank =
        [](const nascent_space* s, nascent_number rank, std::int16_t* row, nascent_error* e) {
          return guarded(e, [&] {
            const auto c = space_of(s).unrank((uint128{rank.high} << 64) + rank.low);
            std::copy(c.digits.begin(), c.digits.end(), row);
          });
        },
    .validate = [](const nascent_space* s, const std::int16_t* row,
                   nascent_error* e) { return guarded(e, [&] { candidate_of(space_of(s), row); }); },
    .mutate =
        [](const nascent_space* s, const std::int16_t* row, nascent_random* rng, std::int16_t* out, nascent_error* e) {
          return guarded(e, [&] {
            borrowed_engine engine(rng);
            const auto c = space_of(s).mutate(candidate_of(space_of(s), row), engine.get());
            std::copy(c.digits.begin(), c.digits.end(), out);
          });
        },
    .neighbours =
        [](const nascent_space* s, const std::int16_t* row, std::size_t capacity, std::int16_t* rows,
           std::size_t* found, nascent_error* e) {
          return guarded(e, [&] {
            std::size_t n = 0;
            space_of(s).for_each_neighbour(candidate_of(space_of(s), row), [&](const candidate<any_space>& near) {
              if (n < capacity) std::copy(near.digits.begin(), near.digits.end(), rows + n * near.digits.size());
              ++n;
            });
            *found = n;
          });
        },
    .count =
        [](const nascent_space* s, std::size_t n, const std::int16_t* rows, nascent_counts* out, nascent_error* e) {
          return guarded(e, [&] {
            for (std::size_t i = 0; i < n; ++i) {
              const std::span row(rows + i * space_of(s).slot_count, space_of(s).slot_count);
              space_of(s).check(row);
              const counts c = space_of(s).count(row);
              out[i] = {c.params, c.macs, c.layers};
            }
          });
        },
};

}  // namespace detail

/// What a module gives out. In the source of a module:
///
///     extern "C" const nascent_module* nascent_module_entry() {
///       static const nascent::space_module mine{my_space};
///       return mine.table();
///     }
class space_module {
 public:
  template <network_space... Spaces>
  explicit space_module(Spaces... spaces) : spaces_{any_space(std::move(spaces))...} {
    static_assert(sizeof...(Spaces) > 0, "nascent: a module found no space; allowed: one or more");
    table_.base = detail::module_functions;
    table_.base.built_with = detail::built_with();
    table_.base.space_count = spaces_.size();
    table_.base.space = [](const nascent_module* m, std::size_t i) -> const nascent_space* {
      if (i >= m->space_count) return nullptr;
      return reinterpret_cast<const nascent_space*>(reinterpret_cast<const owned_table*>(m)->spaces + i);
    };
    table_.spaces = spaces_.data();
  }
  space_module(const space_module&) = delete;
  space_module& operator=(const space_module&) = delete;

  const nascent_module* table() const { return &table_.base; }

 private:
  struct owned_table {
    nascent_module base{};  ///< first: callers' pointers are to it
    const any_space* spaces = nullptr;
  };
  static_assert(std::is_standard_layout_v<owned_table>);

  std::vector<any_space> spaces_;
  owned_table table_{};
};

}  // namespace nascent
