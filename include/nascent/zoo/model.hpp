// SPDX-License-Identifier: Apache-2.0
/// \file
/// A network of the literature: everything fixed, described once, for every interpreter. `count`, `cost`, `to_network`
/// take it as they take a candidate of a space.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "nascent/block/block.hpp"
#include "nascent/block/place.hpp"
#include "nascent/cost/cost.hpp"
#include "nascent/network/network.hpp"
#include "nascent/space/image_size.hpp"

namespace nascent {

/// What a paper prints about a model, as printed: 0 where it does not.
struct printed_figures {
  double params_m = 0;           ///< millions
  double macs_g = 0;             ///< thousand millions, often called FLOPs
  std::string_view source = {};  ///< paper and table
  std::string_view remark = {};  ///< why the count differs by more than 1 %
};

/// A named network at an RGB input, square as published. `body(net, input)` builds it and returns its last tensor.
template <class Body>
struct model {
  std::string_view name;
  int resolution;  ///< px, of the longer side
  Body body;
  printed_figures printed{};
  image_size other_image{};  ///< where it is not square

  constexpr image_size image() const {
    return other_image == image_size{} ? image_size{resolution, resolution} : other_image;
  }

  /// The same network at another input size. Too small a size is an error when it is counted or built; it names the
  /// stage.
  constexpr model at(int px) const {
    model other = *this;
    other.resolution = px;
    other.printed = {};
    other.other_image = {};
    return other;
  }
  /// `.at({.height = 480, .width = 640})`
  constexpr model at(const image_size& image) const {
    model other = at(image.longer_side());
    other.other_image = image;
    return other;
  }
};

template <class Body>
model(std::string_view, int, Body) -> model<Body>;
template <class Body>
model(std::string_view, int, Body, printed_figures) -> model<Body>;

template <class Body>
constexpr tensor build(const model<Body>& m, auto& net) {
  net.stage("input");
  const image_size image = m.image();
  return m.body(net, net.input(image.height, image.width, 3));
}

namespace detail {
inline std::string image_text(const image_size& image) {
  const std::string width = std::to_string(image.width);
  return image.height == image.width ? width : std::to_string(image.height) + " x " + width;
}
}  // namespace detail

/// The layers of a model. \throws network_error where the input is too small: the text names the stage.
template <class Body>
network to_network(const model<Body>& m) {
  network graph(std::string(m.name), {});
  net<network> n(graph);
  const tensor last = build(m, n);
  if (n.fault())
    detail::refuse("model '" + graph.name() + "' at " + detail::image_text(m.image()) + " px", n.fault(), "input");
  detail::finish(graph, last, unused_layers::refuse);
  return graph;
}

/// `layers` blocks one after another, the first with the stage's stride. Where an interpreter's results add up, equal
/// blocks are interpreted once and multiplied.
template <class Interpreter, class Block>
constexpr tensor repeat(net<Interpreter>& n, tensor x, const Block& block, int layers, int stride = 1) {
  for (int i = 0; i < layers; ++i) {
    if constexpr (additive_interpreter<Interpreter>) {
      if (i > 0 && layers - i > 1) {
        const Interpreter before = n.sink();
        const int first = n.layer_count();
        const tensor y = place(n, block, x);
        if (y.same_shape(x)) {
          n.sink().repeat(before, layers - i - 1);
          n.skip_ids(n.layer_count() - first, layers - i - 1);
          return y;
        }
        x = y;
        continue;
      }
    }
    x = place(n, block, x, i == 0 ? stride : 1);
  }
  return x;
}

/// The same as a stage with a name.
template <class Interpreter, class Block>
constexpr tensor add_stage(net<Interpreter>& n, tensor x, std::string_view name, const Block& block, int layers = 1,
                           int stride = 1) {
  n.stage(name);
  return repeat(n, x, block, layers, stride);
}

/// Global average pooling and a classifier.
template <class Interpreter>
constexpr tensor classify(net<Interpreter>& n, tensor x, int classes = 1000) {
  n.stage("classifier");
  return place(n, dense{.units = classes}, place(n, global_pool{}, x));
}

}  // namespace nascent
