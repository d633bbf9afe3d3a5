// SPDX-License-Identifier: Apache-2.0
/// \file
/// Layers that only move numbers, as copies of blocks of bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "nascent/network/layer.hpp"

namespace nascent::cudnn::detail {

/// A block of bytes moved by cudaMemcpy3DAsync: `slices` x `rows` pieces of `width` bytes. cuDNN's engines refuse maps
/// that are not packed, so layers that only move numbers cannot be said as a graph.
struct strided_copy {
  struct place {
    std::size_t offset = 0;
    std::size_t row = 0;    ///< bytes from row to row
    std::size_t slice = 0;  ///< bytes from slice to slice, a multiple of `row`
  };
  int operand = 0;
  std::size_t width = 0;
  std::size_t rows = 1;
  std::size_t slices = 1;
  place from{};
  place to{};
};

/// Makes the copies of layers of one type and batch.
class copy_maker {
 public:
  copy_maker(data_type type, int batch) : type_(type), batch_(batch) {}

  /// One copy for each operand: pixels are rows.
  std::vector<strided_copy> concatenate(const layer& l, std::span<const int> channels) const {
    std::vector<strided_copy> copies;
    const std::size_t pixels = static_cast<std::size_t>(maps(l.output)) * static_cast<std::size_t>(l.output.height) *
                               static_cast<std::size_t>(l.output.width);
    const std::size_t pixel = bytes(l.output.channels);
    std::size_t at = 0;
    for (std::size_t i = 0; i < channels.size(); ++i) {
      const std::size_t width = bytes(channels[i]);
      copies.push_back({.operand = static_cast<int>(i),
                        .width = width,
                        .rows = pixels,
                        .from = {0, width, width * pixels},
                        .to = {at, pixel, pixel * pixels}});
      at += width;
    }
    return copies;
  }

  std::vector<strided_copy> slice(const layer& l) const {
    const std::size_t pixels = static_cast<std::size_t>(maps(l.output)) * static_cast<std::size_t>(l.output.height) *
                               static_cast<std::size_t>(l.output.width);
    const std::size_t whole = bytes(l.input.channels);
    const std::size_t part = bytes(l.output.channels);
    return {{.width = part,
             .rows = pixels,
             .from = {bytes(l.first_channel()), whole, whole * pixels},
             .to = {0, part, part * pixels}}};
  }

  std::vector<strided_copy> whole(const layer& l) const {
    const std::size_t all = bytes(l.output.elements() * batch_);
    return {{.width = all, .from = {0, all, all}, .to = {0, all, all}}};
  }

  /// See reference/layers.hpp, move_blocks, for where each pixel goes.
  std::vector<strided_copy> move_blocks(const layer& l) const {
    const bool back = l.kind == layer_kind::batch_to_space || l.kind == layer_kind::depth_to_space;
    const shape& whole = back ? l.output : l.input;  // the side where blocks lie in the map
    const auto n = static_cast<std::size_t>(l.stride_height);
    const auto images = static_cast<std::size_t>(maps(whole));
    const auto rows = static_cast<std::size_t>(whole.height) / n;
    const auto columns = static_cast<std::size_t>(whole.width) / n;
    const std::size_t pixel = bytes(whole.channels);
    const std::size_t line = pixel * columns * n;  // of the whole map
    std::vector<strided_copy> copies;
    if (l.kind == layer_kind::space_to_depth || l.kind == layer_kind::depth_to_space) {
      // Row dy of all blocks at once: n pixels lie together on both sides.
      for (std::size_t dy = 0; dy < n; ++dy) {
        const strided_copy::place blocks{dy * line, n * pixel, n * line};
        const strided_copy::place deep{dy * n * pixel, n * n * pixel, n * line};
        copies.push_back({.width = n * pixel,
                          .rows = columns,
                          .slices = images * rows,
                          .from = back ? deep : blocks,
                          .to = back ? blocks : deep});
      }
      return copies;
    }
    // Cell (dy, dx) of all blocks of one image, or of one row of blocks in all images: whichever is fewer copies.
    const std::size_t map = pixel * columns * rows;  // one of the small maps
    const bool by_image = images <= rows;
    for (std::size_t outer = 0; outer < (by_image ? images : rows); ++outer)
      for (std::size_t cell = 0; cell < n * n; ++cell) {
        const std::size_t in_line = cell / n * line + cell % n * pixel;
        const strided_copy::place blocks =
            by_image ? strided_copy::place{outer * n * n * map + in_line, n * pixel, n * line}
                     : strided_copy::place{outer * n * line + in_line, n * pixel, n * n * map};
        const strided_copy::place small =
            by_image ? strided_copy::place{(outer * n * n + cell) * map, pixel, pixel * columns}
                     : strided_copy::place{cell * map + outer * pixel * columns, pixel, n * n * map};
        copies.push_back({.width = pixel,
                          .rows = columns,
                          .slices = by_image ? rows : images,
                          .from = back ? small : blocks,
                          .to = back ? blocks : small});
      }
    return copies;
  }

 private:
  int maps(const shape& s) const { return batch_ * s.batch; }
  std::size_t bytes(std::int64_t count) const { return static_cast<std::size_t>(count * size_of(type_)); }

  data_type type_;
  int batch_;
};

}  // namespace nascent::cudnn::detail
