// SPDX-License-Identifier: Apache-2.0
/// \file
/// What a checkpoint says beside its tensors: of which training it is, and how that went so far.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/from_blob.h>
#include <torch/csrc/api/include/torch/version.h>

#include "nascent/base/file.hpp"
#include "nascent/io/safetensors.hpp"
#include "nascent/study/network_identity.hpp"
#include "nascent/training/trainable.hpp"
#include "nascent/training/training_options.hpp"

namespace nascent::detail {

/// 64 bits of all pixels and labels (FNV-1a over words of eight bytes).
inline std::uint64_t images_hash(const image_set& of) {
  std::uint64_t hash = 0xcbf29ce484222325U;
  const auto add = [&](std::uint64_t word) { hash = (hash ^ word) * 0x100000001b3U ^ hash >> 29; };
  for (const int size : {of.height, of.width, of.channels, of.classes}) add(static_cast<std::uint64_t>(size));
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < of.pixels.size(); ++i) {
    word = word << 8 | of.pixels[i];
    if (i % 8 == 7) add(word);
  }
  add(word);
  for (const int label : of.labels) add(static_cast<std::uint64_t>(label));
  return hash;
}

/// Tensors of a checkpoint, under names that begin with `kind`.
inline void append_named(std::vector<named_tensor>& to, const std::string& kind,
                         std::span<const named_tensor> tensors) {
  for (const named_tensor& t : tensors) to.push_back({kind + t.name, t.role, t.value});
}

/// The layers in their order, which is the order of the parameters.
inline std::string layers_hash(const network& graph) {
  network_fingerprint hash;
  graph.replay(hash);
  return hexadecimal(hash.value());
}

/// All that a training must have in common with the one that it goes on with, by name.
inline std::map<std::string, std::string> training_identity(const network& graph, const trainable_options& model,
                                                            const training_options& options, const image_set& training,
                                                            const image_set& validation) {
  return {{"format", "nascent checkpoint 1"},
          {"network", layers_hash(graph)},
          {"options", options_text(options) + ", batch normalisation " +
                          exact_text(static_cast<double>(model.epsilon)) + " " + exact_text(model.averaging)},
          {"images", std::to_string(images_hash(training)) + " " + std::to_string(images_hash(validation))},
          {"library", "libtorch " TORCH_VERSION}};
}

/// \throws training_error that says by what a checkpoint is another training's
inline void check_identity(const std::string& of, const std::map<std::string, std::string>& found,
                           const std::map<std::string, std::string>& wanted) {
  for (const char* name : {"format", "network", "images", "options", "library"}) {
    const auto said = found.find(name);
    const std::string& here = wanted.at(name);
    if (said != found.end() && said->second == here) continue;
    throw training_error("training.checkpoint", of + ", " + name, said == found.end() ? "nothing" : said->second,
                         here + ": a checkpoint of this training; name another file, or remove it to begin anew");
  }
}

/// Whole or not at all. \throws file_error
inline void write_checkpoint(const std::filesystem::path& to, std::span<const named_tensor> tensors,
                             const safetensors_metadata& metadata) {
  std::vector<safetensor> all;
  for (const named_tensor& t : tensors) {
    const at::Tensor here = t.value.detach().to(at::kCPU).contiguous();
    all.push_back(
        make_safetensor(t.name, here.sizes().vec(), {here.data_ptr<float>(), here.data_ptr<float>() + here.numel()}));
  }
  write_safetensors(to, all, metadata);
}

/// One that was read.
struct stored_checkpoint {
  std::string of;
  safetensors_metadata metadata;
  std::map<std::string, safetensor> tensors;

  /// \throws training_error where it is not of this training; file_error
  stored_checkpoint(const std::filesystem::path& from, const safetensors_metadata& identity)
      : of("checkpoint '" + from.string() + "'") {
    const std::string content = read_file(from);
    metadata = parse_safetensors_metadata(content, from.string());
    for (safetensor& t : parse_safetensors(content, from.string())) {
      std::string name = t.name;
      tensors.emplace(std::move(name), std::move(t));
    }
    check_identity(of, metadata, identity);
  }

  /// Copies those of these names. \throws training_error where one is not there, or is of other sizes
  void load(std::span<const named_tensor> to) const {
    const at::NoGradGuard off;
    for (const named_tensor& t : to) {
      const auto found = tensors.find(t.name);
      if (found == tensors.end() || found->second.type != "F32" || found->second.shape != t.value.sizes().vec())
        throw training_error("training.checkpoint", of + ", tensor '" + t.name + "'",
                             found == tensors.end() ? "none" : "another type or other sizes",
                             "a tensor of this training; remove the file to begin anew");
      std::vector<float> numbers = numbers_of(found->second);
      t.value.copy_(at::from_blob(numbers.data(), t.value.sizes()));
    }
  }
};

inline std::string history_text(const std::vector<epoch_result>& epochs) {
  json all = json::array();
  for (const epoch_result& e : epochs) all.push_back({e.loss, e.accuracy, e.rate, e.seconds});
  return all.dump();
}

inline std::vector<epoch_result> read_history(const std::string& of, const std::map<std::string, std::string>& found) {
  const auto said = found.find("epochs");
  const json all = said == found.end() ? json() : json::parse(said->second, nullptr, false);
  const auto is_epoch = [](const json& e) {
    return e.is_array() && e.size() == 4 && std::ranges::all_of(e, [](const json& x) { return x.is_number(); });
  };
  if (!all.is_array() || !std::ranges::all_of(all, is_epoch))
    throw training_error("training.checkpoint", of + ", epochs", said == found.end() ? "nothing" : said->second,
                         "a list of epochs; remove the file to begin anew");
  std::vector<epoch_result> epochs;
  for (const json& e : all)
    epochs.push_back({static_cast<int>(epochs.size()) + 1, e[0].get<double>(), e[1].get<double>(), e[2].get<double>(),
                      e[3].get<double>()});
  return epochs;
}

}  // namespace nascent::detail
