// SPDX-License-Identifier: Apache-2.0
/// \file
/// An ONNX model as it lies in a file, and what has to hold of it before it is read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "nascent/io/detail/onnx_constant.hpp"
#include "nascent/io/detail/onnx_graph.hpp"
#include "nascent/io/detail/onnx_refusal.hpp"
#include "nascent/io/onnx_error.hpp"
#include "nascent/network/parameters.hpp"
#include "nascent/network/shape.hpp"

namespace nascent::detail {

class onnx_source {
 public:
  static constexpr std::int64_t oldest = 7;   ///< version of the operators
  static constexpr std::int64_t newest = 28;  ///< ONNX 1.23's

  /// \throws onnx_error for bytes that are no model, and for a model without one input
  onnx_source(std::string_view bytes, std::string where) : where_(std::move(where)) {
    if (bytes.size() > INT32_MAX || !model_.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
      refuse_bytes();
    check();
  }
  explicit onnx_source(const std::filesystem::path& path)
      : where_("ONNX file '" + plain_text(path.string()) + "'"),
        folder_(path.has_parent_path() ? path.parent_path() : ".") {
    std::error_code failed;
    const bool regular = std::filesystem::is_regular_file(path, failed);
    const std::uintmax_t size = regular ? std::filesystem::file_size(path, failed) : 0;
    if (!regular || failed) refuse("", "no file that can be read", "the path of a model");
    if (size > INT32_MAX) refuse("", std::to_string(size) + " bytes", "at most 2^31 - 1, as ONNX files have");
    std::ifstream in(path, std::ios::binary);
    if (!in) refuse("", "no permission to read it", "a file that can be read");
    if (!model_.ParseFromIstream(&in)) refuse_bytes();
    check();
  }

  const std::string& where() const { return where_; }
  const std::filesystem::path& folder() const { return folder_; }
  const onnx::GraphProto& graph() const { return model_.graph(); }
  std::int64_t operators() const { return operators_; }
  const onnx::ValueInfoProto& input() const { return *input_; }
  const std::map<std::string, const onnx::TensorProto*, std::less<>>& constants() const { return constants_; }
  std::size_t numbers() const { return numbers_; }

  /// What the batch normalisations of a network add to the variance: the least of them. The others' variances are
  /// larger by the rest.
  float least_epsilon() const {
    float least = 0;
    for (const onnx::NodeProto& n : graph().node()) {
      if (n.op_type() != "BatchNormalization") continue;
      float epsilon = usual_epsilon;
      for (const auto& a : n.attribute())
        if (a.name() == "epsilon") epsilon = a.f();
      if (epsilon > 0 && (least == 0 || epsilon < least)) least = epsilon;
    }
    return least == 0 ? usual_epsilon : least;
  }

  [[noreturn]] void refuse(const std::string& place, const std::string& found, const std::string& allowed) const {
    throw onnx_error("io.onnx_model", where_ + (place.empty() ? "" : ", " + place), found, allowed);
  }

 private:
  [[noreturn]] void refuse_bytes() const {
    refuse("", "bytes that are no ONNX model", "a model as torch.onnx.export writes it");
  }

  void check() {
    for (const auto& set : model_.opset_import())
      if (set.domain().empty() || set.domain() == "ai.onnx") operators_ = set.version();
    if (!model_.has_graph() || graph().node_size() == 0) refuse("", "no node", "one or more");
    if (operators_ < oldest || operators_ > newest)
      refuse("version of the operators", std::to_string(operators_),
             std::to_string(oldest) + " to " + std::to_string(newest));
    constexpr int most = 4 * network_limits::layers;
    if (graph().node_size() > most)
      refuse("", std::to_string(graph().node_size()) + " nodes", "at most " + std::to_string(most));
    if (graph().sparse_initializer_size() > 0) refuse("", "sparse weights", "dense ones");
    for (const onnx::TensorProto& t : graph().initializer()) {
      if (!constants_.try_emplace(t.name(), &t).second)
        refuse("weights '" + plain_text(t.name()) + "'", "the name twice", "a name for each");
      numbers_ += t.ByteSizeLong() / 2;  // at least as many as there are
      for (const auto& entry : t.external_data())
        if (entry.key() == "length" && entry.value().size() < 12)
          numbers_ += static_cast<std::size_t>(std::strtoull(entry.value().c_str(), nullptr, 10)) / 2;
    }
    for (const onnx::ValueInfoProto& v : graph().input()) {
      if (constants_.contains(v.name())) continue;  // old models name their weights among the inputs
      if (input_ != nullptr)
        refuse("inputs", "'" + plain_text(input_->name()) + "' and '" + plain_text(v.name()) + "'", "one, of images");
      input_ = &v;
    }
    if (input_ == nullptr) refuse("inputs", "none", "one, of images");
    if (graph().output_size() == 0) refuse("outputs", "none", "one or more");
  }

  std::string where_;
  std::filesystem::path folder_;
  onnx::ModelProto model_;
  std::int64_t operators_ = 0;
  const onnx::ValueInfoProto* input_ = nullptr;
  std::map<std::string, const onnx::TensorProto*, std::less<>> constants_;
  std::size_t numbers_ = 0;
};

}  // namespace nascent::detail
