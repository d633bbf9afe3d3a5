// SPDX-License-Identifier: Apache-2.0
/// \file
/// The net that a block builds itself with: it infers shapes once, and hands finished layers to an interpreter.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string_view>

#include "nascent/network/block_description.hpp"
#include "nascent/network/detail/map_words.hpp"
#include "nascent/network/detail/token_words.hpp"
#include "nascent/network/interpreter.hpp"
#include "nascent/network/layer.hpp"
#include "nascent/network/layer_options.hpp"
#include "nascent/network/network_fault.hpp"

namespace nascent {

/// Builds layers one after another, infers their shapes, and gives each to the interpreter. Faults are recorded, not
/// thrown, so that the same code serves constant evaluation and hot loops; look at `fault()` at the end.
template <interpreter Interpreter>
class net : public detail::map_words<net<Interpreter>>, public detail::token_words<net<Interpreter>> {
 public:
  /// Whether the interpreter is told about blocks.
  static constexpr bool keeps_blocks = block_interpreter<Interpreter>;
  /// Interpreters that add up run in loops over millions of networks: there widths, windows and work have no upper
  /// bound, and of a fault it is known only that there is one. Whoever counts builds once more with another interpreter
  /// where something failed or the sums are large (cost/cost.hpp).
  static constexpr bool only_counts = additive_interpreter<Interpreter>;

  constexpr explicit net(Interpreter& sink) : sink_(&sink) {}

  /// The network's input, tensor 0.
  constexpr tensor input(int height, int width, int channels) { return input(shape{1, height, width, channels}); }
  constexpr tensor input(const shape& s) {
    if constexpr (requires { sink_->input(s); }) sink_->input(s);
    const tensor x{.batch = bounded(s.batch, network_limits::channels, network_fault::input),
                   .height = bounded(s.height, network_limits::size, network_fault::input),
                   .width = bounded(s.width, network_limits::size, network_fault::input),
                   .channels = bounded(s.channels, network_limits::channels, network_fault::input)};
    return countable(x.shape()) ? x : tensor{};
  }

  [[gnu::always_inline]] constexpr tensor conv(const tensor& x, const conv_options& o) {
    check_width(o.filters);
    check_kernel(o.kernel);
    check_bounds(o.dilation, network_limits::size, network_fault::dilation);
    if (o.groups != 1)
      check(o.groups >= 1 && x.channels % positive(o.groups) == 0 && o.filters % positive(o.groups) == 0,
            network_fault::groups, o.groups, x.channels);
    layer l{.kind = layer_kind::convolution,
            .act = o.act.act,
            .batch_norm = o.batch_norm.value_or(!o.bias),
            .bias = o.bias,
            .kernel_height = o.kernel.height,
            .kernel_width = o.kernel.width,
            .dilation = o.dilation,
            .groups = positive(o.groups),
            .first_channel_or_numbers = o.act.numbers.bits()};
    return strided(l, x, o.stride, o.filters, o.pad);
  }

  [[gnu::always_inline]] constexpr tensor depthwise_conv(const tensor& x, const depthwise_options& o) {
    check_kernel(o.kernel);
    check_bounds(o.dilation, network_limits::size, network_fault::dilation);
    layer l{.kind = layer_kind::convolution,
            .act = o.act.act,
            .batch_norm = o.batch_norm.value_or(!o.bias),
            .bias = o.bias,
            .kernel_height = o.kernel.height,
            .kernel_width = o.kernel.width,
            .dilation = o.dilation,
            .groups = x.channels,
            .first_channel_or_numbers = o.act.numbers.bits()};
    return strided(l, x, o.stride, x.channels, o.pad);
  }

  [[gnu::always_inline]] constexpr tensor dense(const tensor& x, const dense_options& o) {
    check_width(o.units);
    check_pooled(x);
    layer l{
        .kind = layer_kind::dense, .act = o.act.act, .bias = o.bias, .first_channel_or_numbers = o.act.numbers.bits()};
    return emit_weighted(l, x, {x.batch, 1, 1, o.units});
  }

  constexpr tensor max_pool(const tensor& x, const pool_options& o) { return pool(layer_kind::max_pool, x, o); }
  constexpr tensor average_pool(const tensor& x, const pool_options& o) { return pool(layer_kind::average_pool, x, o); }

  [[gnu::always_inline]] constexpr tensor global_pool(const tensor& x) {
    return emit(layer{.kind = layer_kind::global_average_pool}, x, {x.batch, 1, 1, x.channels});
  }

  /// a + b, then `act`. Give the tensor made last first: a convolution just before fuses with the sum.
  [[gnu::always_inline]] constexpr tensor add(const tensor& a, const tensor& b, activation_function f = {}) {
    check(a.same_shape(b), network_fault::shape_mismatch, b.channels, a.channels);
    layer l{.kind = layer_kind::add, .act = f.act, .operand_count = 2, .first_channel_or_numbers = f.numbers.bits()};
    l.operands[1] = b.id;
    return emit(l, a, a.shape());
  }

  /// Each channel of x times its gate (a 1x1 map); or the product of two maps, where the second is of the same shape,
  /// or of one channel, or one number.
  [[gnu::always_inline]] constexpr tensor multiply(const tensor& x, const tensor& gate) {
    if (!(gate.height == 1 && gate.width == 1 && gate.channels == x.channels && gate.batch == x.batch)) [[unlikely]]
      return this->combine(layer_kind::multiply, x, gate, activation::identity);
    layer l{.kind = layer_kind::multiply, .over = broadcast::positions, .operand_count = 2};
    l.operands[1] = gate.id;
    return emit(l, x, x.shape());
  }

  [[gnu::always_inline]] constexpr tensor activate(const tensor& x, activation_function f) {
    if (f.act == activation::identity && !f.numbers.said()) return x;
    return emit(layer{.kind = layer_kind::activate, .act = f.act, .first_channel_or_numbers = f.numbers.bits()}, x,
                x.shape());
  }
  /// x, and below 0 x times a slope of its channel, which is trained.
  constexpr tensor prelu(const tensor& x) { return emit(layer{.kind = layer_kind::prelu}, x, x.shape()); }

  /// Softmax over the `parts` equal parts of the channels of a 1x1 map (split attention; Zhang et al., 2020).
  constexpr tensor softmax(const tensor& x, int parts) {
    check(parts >= 1 && x.channels % positive(parts) == 0, network_fault::channels, parts, x.channels);
    check_pooled(x);
    return emit(layer{.kind = layer_kind::softmax, .groups = positive(parts)}, x, x.shape());
  }

  /// n x n pixels become n * n * channels at one pixel: a copy without arithmetic.
  constexpr tensor space_to_depth(const tensor& x, int n) {
    n = divisor(x, n);
    const int channels = bounded(std::int64_t{x.channels} * n * n, network_limits::channels, network_fault::filters);
    return emit(layer{.kind = layer_kind::space_to_depth, .stride_height = step(n), .stride_width = step(n)}, x,
                {x.batch, x.height / n, x.width / n, channels});
  }

  /// The inverse of space_to_depth: n * n times as many pixels.
  constexpr tensor depth_to_space(const tensor& x, int n) {
    const bool divides = n >= 1 && x.channels % (std::int64_t{n} * n) == 0;
    check(divides, network_fault::channels, n, x.channels);
    if (!divides) n = 1;
    const int height = bounded(std::int64_t{x.height} * n, network_limits::size, network_fault::size);
    const int width = bounded(std::int64_t{x.width} * n, network_limits::size, network_fault::size);
    return emit(layer{.kind = layer_kind::depth_to_space, .stride_height = step(n), .stride_width = step(n)}, x,
                {x.batch, height, width, x.channels / (n * n)});
  }

  /// Every n-th pixel in each direction becomes a map of its own: batch times n * n.
  constexpr tensor space_to_batch(const tensor& x, int n) {
    n = divisor(x, n);
    const int batch = bounded(std::int64_t{x.batch} * n * n, network_limits::channels, network_fault::filters);
    return emit(layer{.kind = layer_kind::space_to_batch, .stride_height = step(n), .stride_width = step(n)}, x,
                {batch, x.height / n, x.width / n, x.channels});
  }

  constexpr tensor batch_to_space(const tensor& x, int n) {
    const bool divides = n >= 1 && x.batch % (std::int64_t{n} * n) == 0;
    check(divides, network_fault::not_divisible, n, x.batch);
    if (!divides) n = 1;
    return emit(layer{.kind = layer_kind::batch_to_space, .stride_height = step(n), .stride_width = step(n)}, x,
                {x.batch / (n * n), x.height * n, x.width * n, x.channels});
  }

  /// `x` is an output of the network, under this name: interpreters that define `output(name, tensor)` are told.
  constexpr void output(const tensor& x, std::string_view name) {
    if constexpr (requires { sink_->output(name, x); }) sink_->output(name, x);
  }

  /// Marks the start of a stage: faults name it, and interpreters that define `stage(int)` are told.
  constexpr void stage(int number) {
    stage_ = number;
    if constexpr (requires { sink_->stage(number); }) sink_->stage(number);
  }
  /// The same for a network without a declared space: the next number, and a name for errors and pictures (a literal).
  constexpr void stage(std::string_view name) {
    stage_name_ = name;
    if constexpr (requires { sink_->stage_name(name); }) sink_->stage_name(name);
    stage(stage_ + 1);
  }

  /// The layers up to the `end_block` that belongs to it are one block: `place` calls both. Interpreters that keep no
  /// blocks are not told.
  constexpr void begin_block(const block_description& block) {
    if constexpr (keeps_blocks) sink_->begin_block(block);
  }
  constexpr void end_block() {
    if constexpr (keeps_blocks) sink_->end_block();
  }

  /// A block that was asked for a stride and gives out a larger map than that leaves is at fault.
  [[gnu::always_inline]] constexpr void check_stride(const tensor& in, const tensor& out, const strides& stride,
                                                     std::string_view block) {
    if (stride.height <= 1 && stride.width <= 1) return;
    const bool too_high = out.height > same_size(in.height, positive(stride.height));
    if (!too_high && out.width <= same_size(in.width, positive(stride.width))) return;
    if constexpr (only_counts) failed_ = true;
    else if (!fault_)
      fault_ = {network_fault::stride_ignored,
                stage_,
                too_high ? out.height : out.width,
                too_high ? same_size(in.height, positive(stride.height)) : same_size(in.width, positive(stride.width)),
                stage_name_,
                block};
  }

  /// Goes on where another net stopped that built for the same interpreter: its numbers, its stage, its fault.
  template <class Other>
  constexpr void follow(const net<Other>& other) {
    if constexpr (only_counts) failed_ = other.failed();
    else fault_ = other.fault();
    stage_ = other.stage_;
    next_ = other.next_;
    stage_name_ = other.stage_name_;
  }

  constexpr Interpreter& sink() { return *sink_; }
  /// Whether something does not fit; `fault` says what.
  constexpr bool failed() const {
    if constexpr (only_counts) return failed_ || layer_count() > network_limits::layers || products_ >> 31 != 0;
    else return static_cast<bool>(fault());
  }
  constexpr fault_record fault() const requires(!only_counts) {
    if (fault_ || layer_count() <= network_limits::layers) return fault_;
    return {network_fault::layers, stage_, layer_count(), network_limits::layers, stage_name_, {}};
  }
  constexpr int layer_count() const { return next_ - 1; }

  /// Continues the numbering as if `times` more groups of `layers` layers had been built.
  constexpr void skip_ids(int layers, int times) { next_ += layers * times; }

  /// A number of blocks after one another; 1, and a fault, where it is more than a network has layers.
  constexpr int repetitions(int blocks) {
    if (blocks <= network_limits::layers) [[likely]]
      return blocks;
    check(false, network_fault::layers, blocks, network_limits::layers);
    return 1;
  }

  /// Channels times another number. What no `int` holds becomes one that no width may have; counting looks at all
  /// products at the end, at the price of one `or`.
  constexpr int product(int channels, int times) {
    const std::int64_t exact = std::int64_t{channels} * times;
    if constexpr (only_counts) {
      products_ |= exact;
      return static_cast<int>(exact);
    }
    constexpr int most = 2147483647;
    return exact > most ? most : exact < 0 ? 0 : static_cast<int>(exact);
  }

 private:
  template <interpreter Other>
  friend class net;
  friend class detail::map_words<net>;
  friend class detail::token_words<net>;

  static constexpr int positive(int n) { return n < 1 ? 1 : n; }

  constexpr void check(bool ok, network_fault what, std::int64_t found, std::int64_t allowed) {
    if constexpr (only_counts) failed_ |= !ok;
    else if (!ok && !fault_) fault_ = {what, stage_, found, allowed, stage_name_, {}};
  }

  [[gnu::always_inline]] constexpr void check_pooled(const tensor& x) {
    check(x.height == 1 && x.width == 1, network_fault::not_pooled, x.height == 1 ? x.width : x.height, 1);
  }
  [[gnu::always_inline]] constexpr void check_bounds(int n, int most, network_fault what) {
    check(static_cast<unsigned>(n) - 1U < static_cast<unsigned>(most), what, n, n < 1 ? 1 : most);
  }
  [[gnu::always_inline]] constexpr void check_kernel(const kernel_size& k) {
    if constexpr (only_counts) return check(k.height >= 1 && k.width >= 1, network_fault::kernel, k.height, 1);
    check_bounds(k.height, network_limits::kernel, network_fault::kernel);
    check_bounds(k.width, network_limits::kernel, network_fault::kernel);
  }
  [[gnu::always_inline]] constexpr void check_width(int channels) {
    if constexpr (only_counts) return check(channels >= 1, network_fault::filters, channels, 1);
    check_bounds(channels, network_limits::channels, network_fault::filters);
  }

  constexpr void check_numbers(const activation_function& f) {
    const int said = int{f.numbers.first.said()} + int{f.numbers.second.said()};
    check(said == number_count(f.act), network_fault::activation_numbers, said, number_count(f.act));
    const bool sayable = f.numbers.first.valid() && f.numbers.second.valid();
    check(sayable, network_fault::decimal, 5, 4);
    const bool in_order = f.act != activation::clamp || f.low() <= f.high();
    check(!sayable || in_order, network_fault::bounds, 0, 1);
  }

  /// `n` from 1 to `most`; 1, and a fault, where it is not.
  [[gnu::always_inline]] constexpr int bounded(std::int64_t n, int most, network_fault what) {
    if (n >= 1 && n <= most) [[likely]]
      return static_cast<int>(n);
    check(false, what, n, n < 1 ? 1 : most);
    return 1;
  }

  /// False, and a fault, where a map has too many elements.
  constexpr bool countable(const shape& map) {
    constexpr std::int64_t most = std::int64_t{1} << network_limits::work_bits;
    if (map.positions() < most && map.elements() < most) [[likely]]
      return true;
    check(false, network_fault::work, detail::bits_of(static_cast<double>(map.positions()) * map.channels),
          network_limits::work_bits);
    return false;
  }
  /// `n` where it divides the map; 1, and a fault, where it does not.
  constexpr int divisor(const tensor& x, int n) {
    const bool divides = n >= 1 && x.height % n == 0 && x.width % n == 0;
    check(divides, network_fault::not_divisible, n, x.height);
    return divides ? n : 1;
  }

  /// After a fault it may wrap: nobody looks at it.
  static constexpr std::uint16_t step(int n) { return static_cast<std::uint16_t>(n); }

  [[gnu::always_inline]] constexpr tensor strided(layer& l, const tensor& x, const strides& stride, int channels,
                                                  padding pad, bool ceil = false) {
    check_bounds(stride.height, network_limits::stride, network_fault::stride);
    check_bounds(stride.width, network_limits::stride, network_fault::stride);
    const strides by{positive(stride.height), positive(stride.width)};
    l.stride_height = step(by.height);
    l.stride_width = step(by.width);
    if (pad != padding::same) return padded(l, x, by, channels, pad, ceil);
    if (by == 1) return emit_weighted(l, x, {x.batch, x.height, x.width, channels});
    return emit_weighted(l, x, {x.batch, same_size(x.height, by.height), same_size(x.width, by.width), channels});
  }

  constexpr tensor padded(layer& l, const tensor& x, const strides& by, int channels, padding pad, bool ceil = false) {
    if (failed()) return emit(l, x, {1, 1, 1, 1});  // numbers that cannot be multiplied
    const int height = window_size(x.height, l.kernel_height, by.height, l.dilation, pad, ceil);
    const int width = window_size(x.width, l.kernel_width, by.width, l.dilation, pad, ceil);
    check(height >= 1, network_fault::map_vanishes, x.height, (l.kernel_height - 1) * l.dilation + 1);
    check(width >= 1, network_fault::map_vanishes, x.width, (l.kernel_width - 1) * l.dilation + 1);
    l.pad = detail::plain_padding(l, x.shape(), pad, ceil);
    return emit_weighted(l, x, {x.batch, positive(height), positive(width), channels});
  }

  constexpr tensor pool(layer_kind kind, const tensor& x, const pool_options& o) {
    check_kernel(o.kernel);
    const bool is_mean = kind == layer_kind::average_pool;
    check(!o.count_padding || (is_mean && !o.ceil), network_fault::padding_count, 1, 0);
    layer l{.kind = kind,
            .count_padding = o.count_padding && o.pad != padding::valid,
            .kernel_height = o.kernel.height,
            .kernel_width = o.kernel.width};
    return strided(l, x, o.stride, x.channels, o.pad, o.ceil);
  }

  /// Of a layer that may have weights, the multiply-adds are bounded. A double says so of any factors.
  [[gnu::always_inline]] constexpr tensor emit_weighted(layer& l, const tensor& x, const shape& output) {
    l.input = x.shape();
    l.output = output;
    if constexpr (!only_counts) {
      const double work = static_cast<double>(weight_elements(l)) *
                          static_cast<double>(l.kind == layer_kind::transposed_convolution ? x.shape().positions()
                                                                                           : output.positions());
      if (!(work < 0x1p42)) [[unlikely]]
        check(false, network_fault::work, detail::bits_of(work), network_limits::work_bits);
    }
    return emit(l, x, output);
  }

  [[gnu::always_inline]] constexpr tensor emit(layer l, const tensor& x, const shape& output) {
    l.input = x.shape();
    l.output = output;
    l.operands[0] = x.id;
    if (l.has_act_numbers()) [[unlikely]]
      check_numbers(l.function());
    (*sink_)(static_cast<const layer&>(l));
    return {output.batch, output.height, output.width, output.channels, next_++};
  }

  Interpreter* sink_;
  fault_record fault_{};
  bool failed_ = false;
  std::int64_t products_ = 0;
  int stage_ = -1;
  int next_ = 1;
  std::string_view stage_name_{};
};

}  // namespace nascent
