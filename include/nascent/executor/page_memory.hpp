// SPDX-License-Identifier: Apache-2.0
/// \file
/// Memory for maps and weights: zeroed, at a cache line, and on large pages where it is large.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

#include <sys/mman.h>

#include "nascent/base/language.hpp"

namespace nascent {

/// A block of zeros. From 2 MiB on it asks for pages of 2 MiB: a network reads all its weights for every image, and
/// with pages of 4 KiB the addresses of 20 MB are more than a processor keeps. Movable.
class page_memory {
 public:
  static constexpr std::size_t line = 64;  ///< bytes of a cache line and of a whole vector register
  static constexpr std::size_t large_page = 2 << 20;

  page_memory() = default;

  /// \throws std::bad_alloc
  explicit page_memory(std::size_t bytes) {
    if (bytes == 0) return;
    const std::size_t page = bytes < large_page ? line : large_page;
    const std::size_t size = (bytes + page - 1) / page * page;
    memory_.reset(static_cast<std::byte*>(std::aligned_alloc(page, size)));
    if (!memory_) throw std::bad_alloc();
    if (page == large_page)
      ::madvise(memory_.get(), size, MADV_HUGEPAGE);  // advice: nothing is lost where it is not taken
    std::memset(memory_.get(), 0, size);
  }

  std::byte* data() { return memory_.get(); }
  const std::byte* data() const { return memory_.get(); }

 private:
  struct release {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  std::unique_ptr<std::byte, release> memory_;
};

}  // namespace nascent
