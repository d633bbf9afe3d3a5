// SPDX-License-Identifier: Apache-2.0
/// \file
/// All models of the zoo in one list, for programs that go through them or take a name from the command line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nascent/base/error.hpp"
#include "nascent/zoo/alphanet.hpp"
#include "nascent/zoo/convnext.hpp"
#include "nascent/zoo/densenet.hpp"
#include "nascent/zoo/efficientnet_family.hpp"
#include "nascent/zoo/efficientnet_lite.hpp"
#include "nascent/zoo/efficientnet_x_family.hpp"
#include "nascent/zoo/fbnet.hpp"
#include "nascent/zoo/gpunet_models.hpp"
#include "nascent/zoo/inception.hpp"
#include "nascent/zoo/mobile.hpp"
#include "nascent/zoo/mobilenet_v4.hpp"
#include "nascent/zoo/nasnet.hpp"
#include "nascent/zoo/regnet.hpp"
#include "nascent/zoo/resnest.hpp"
#include "nascent/zoo/resnet.hpp"
#include "nascent/zoo/shufflenet.hpp"
#include "nascent/zoo/tunas_networks.hpp"
#include "nascent/zoo/vision_transformer.hpp"

namespace nascent::zoo {

namespace detail {

/// Calls `visit` for a model, or for each of an array of models.
template <class Visit, class Body>
constexpr void visit_models(Visit& visit, const model<Body>& m) {
  visit(m);
}
template <class Visit, class Body, std::size_t N>
constexpr void visit_models(Visit& visit, const std::array<model<Body>, N>& family) {
  for (const model<Body>& m : family) visit(m);
}

}  // namespace detail

/// Calls `visit(model)` for every model, family after family; the types of the models differ.
template <class Visit>
constexpr void for_each_model(Visit&& visit) {
  const auto all = [&](const auto&... families) { (detail::visit_models(visit, families), ...); };
  all(efficientnet_family, efficientnet_lite_family, efficientnet_x_family, efficientnet_x_tpu_family,
      efficientnet_x_gpu_family, efficientnet_h_family, efficientnet_x_steps);
  all(gpunet_models);
  all(mobilenet_v2, mobilenet_v3_large, mobilenet_v3_small, mnasnet_a1, mnasnet_b1, proxylessnas_mobile,
      mobilenet_multi_avg, mobilenet_multi_max);
  all(fbnet_v2_f1, fbnet_v2_f2, fbnet_v2_f3, fbnet_v2_f4, fbnet_v2_l1, fbnet_v2_l2);
  all(fbnet_v3_a, fbnet_v3_b, fbnet_v3_b_timm, fbnet_v3_c, fbnet_v3_d, fbnet_v3_e, fbnet_v3_f, fbnet_v3_g);
  all(alphanet_a0, alphanet_a1, alphanet_a2, alphanet_a3, alphanet_a4, alphanet_a5, alphanet_a6);
  all(resnet_18, resnet_34, resnet_50, se_resnet_50, resnet_50_d, resnext_50_32x4d, resnest_50, resnest_101,
      resnest_200, resnest_269);
  all(regnet_x_200mf, regnet_x_400mf, regnet_x_600mf, regnet_x_800mf, regnet_x_1_6gf, regnet_x_3_2gf, regnet_x_4_0gf,
      regnet_x_6_4gf, regnet_x_8_0gf, regnet_x_12gf, regnet_x_16gf, regnet_x_32gf);
  all(regnet_y_200mf, regnet_y_400mf, regnet_y_600mf, regnet_y_800mf, regnet_y_1_6gf, regnet_y_3_2gf, regnet_y_4_0gf,
      regnet_y_6_4gf, regnet_y_8_0gf, regnet_y_12gf, regnet_y_16gf, regnet_y_32gf);
  all(inception_v3, inception_v4, nasnet_a_large, nasnet_a_mobile);
  all(shufflenet_v2_x0_5, shufflenet_v2_x1_0, shufflenet_v2_x1_5, shufflenet_v2_x2_0);
  all(densenet_121, convnext_t, mobilenet_v4_conv_s, deit_ti, vit_s_16, mobilevit_s);
}

/// How many models the zoo has.
inline constexpr int model_count = [] {
  int n = 0;
  for_each_model([&](const auto&) { ++n; });
  return n;
}();

/// Every model's name, in the order of for_each_model.
inline std::vector<std::string_view> model_names() {
  std::vector<std::string_view> names;
  for_each_model([&](const auto& m) { names.push_back(m.name); });
  return names;
}

/// A name that no model has; the text lists near ones.
struct unknown_model : error {
  using error::error;
};

namespace detail {

/// Letters, digits and decimal points alone, small: "EfficientNet-B0", "efficientnet_b0" and "efficientnet b0" are one
/// name.
inline std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.') plain += c;
    if (c >= 'A' && c <= 'Z') plain += static_cast<char>(c - 'A' + 'a');
  }
  return plain;
}

/// Levenshtein's distance: insertions, deletions, replacements.
inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t least = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      if (diagonal + 1 < least) least = diagonal + 1;
      if (row[j - 1] + 1 < least) least = row[j - 1] + 1;
      row[j] = least;
    }
  }
  return row.back();
}

inline std::string name_suggestions(std::string_view name) {
  const std::vector<std::string_view> names = model_names();
  const std::string a = plain_name(name);
  std::vector<std::size_t> distances;
  for (const std::string_view other : names) {
    const std::string b = plain_name(other);
    // A name that was begun rightly is nearer than its distance says.
    distances.push_back(!a.empty() && b.starts_with(a) ? 0 : edit_distance(a, b));
  }
  constexpr std::size_t taken = ~std::size_t{0};
  std::string text;
  for (int n = 0; n < 5; ++n) {  // of equal distances the first in the list
    std::size_t nearest = 0;
    for (std::size_t i = 1; i < distances.size(); ++i)
      if (distances[i] < distances[nearest]) nearest = i;
    text.append(n == 0 ? "" : ", ").append(names[nearest]);
    distances[nearest] = taken;
  }
  return text;
}

}  // namespace detail

/// Calls `use(model)` for the model of that name; case and punctuation do not matter. \throws unknown_model
template <class Use>
void with_model(std::string_view name, Use&& use) {
  const std::string wanted = detail::plain_name(name);
  bool found = false;
  for_each_model([&](const auto& m) {
    if (found || detail::plain_name(m.name) != wanted) return;
    found = true;
    use(m);
  });
  if (!found)
    throw unknown_model("zoo.model", "model '" + std::string(name) + "'", "no such name",
                        "near ones: " + detail::name_suggestions(name) + "; all " + std::to_string(model_count) +
                            ": nascent::zoo::model_names()");
}

/// The layers of a model by its name, at its own input size or at `resolution` px. \throws unknown_model, or
/// network_error where the input is too small. A template so that all models are built into graphs only in programs
/// that call it.
template <class Graph = network>
Graph make_model(std::string_view name, int resolution = 0) {
  Graph found;
  with_model(name, [&](const auto& m) { found = to_network(resolution > 0 ? m.at(resolution) : m); });
  return found;
}

}  // namespace nascent::zoo
