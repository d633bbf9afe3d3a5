// SPDX-License-Identifier: Apache-2.0
/// \file
/// All networks of a space with one set of weights: each runs on slices of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ops/zeros_like.h>

#include "nascent/training/detail/operations.hpp"
#include "nascent/training/detail/rematerialized.hpp"
#include "nascent/training/detail/torch_network.hpp"
#include "nascent/training/detail/torch_slice.hpp"
#include "nascent/training/initial_parameters.hpp"
#include "nascent/training/named_tensor.hpp"
#include "nascent/training/supernet_layout.hpp"

namespace nascent {

struct supernet_options {
  weight_sharing sharing = weight_sharing::between_alternatives;
  std::uint64_t seed = 0;         ///< of the first weights
  float epsilon = usual_epsilon;  ///< of batch normalisation
  std::string device = "cpu";     ///< as PyTorch names devices
  /// Blocks keep their inputs alone, and are computed once more where gradients are asked for: less memory, more time.
  bool rematerialize = false;
};

/// A layer of a stage, by numbers: stage 0 is the input.
struct layer_position {
  int stage = 0;
  int layer = 0;

  friend constexpr auto operator<=>(const layer_position&, const layer_position&) = default;
};

/// How a candidate runs in a supernet, some of its layers being the average of all that they could be.
class supernet_plan {
 public:
  const network& graph() const { return graph_; }

 private:
  template <layered_space Space>
  friend class supernet;
  struct branch {
    detail::operation what;
    std::vector<int> sets;
  };
  struct part {
    std::size_t first;
    std::size_t end;
    detail::block_flow flow{};
    std::shared_ptr<const std::vector<branch>> branches{};  ///< instead of the layers, where there are any
  };

  network graph_;
  std::vector<int> sets_;
  std::vector<part> parts_;
};

/// The weights of a space, which all its networks share as `supernet_layout` says: channels by prefix, kernels by their
/// centre. Built from the declaration alone, blocks of one's own included. Batch normalisation always takes the batch's
/// statistics: those of one network are not another's.
template <layered_space Space>
class supernet {
 public:
  /// \throws training_error where layers cannot share, or there is no such device; space_error as `kernel_trellis`
  explicit supernet(const Space& space, supernet_options options = {})
      : options_(std::move(options)), layout_(space, options_.sharing) {
    const std::string of = "supernet of space '" + std::string(space.name()) + "'";
    if (!(options_.epsilon > 0))
      throw training_error("training.option", of + ", epsilon", exact_text(static_cast<double>(options_.epsilon)),
                           "above 0");
    const at::TensorOptions where = detail::tensors_on(options_.device, of);
    for (std::size_t i = 0; i < layout_.sets().size(); ++i) {
      const shared_weights& set = layout_.sets()[i];
      random_engine rng(options_.seed + 0x9e3779b97f4a7c15U * i);
      layer_parameters values = detail::initial_layer(set.whole, rng);
      values.norm.mean = values.norm.variance = {};
      firsts_.push_back(tensors_.size());
      weights_.push_back(detail::make_tensors(layout_.name_of(set), set.whole, values, where, tensors_));
    }
  }
  supernet(const supernet&) = delete;  // its tensors would be shared
  supernet& operator=(const supernet&) = delete;

  const Space& space() const { return layout_.space(); }
  const supernet_layout<Space>& layout() const { return layout_; }
  const supernet_options& options() const { return options_; }
  /// All weights, by stage, layer, place, alternative. Changing one in place changes all networks that use it.
  std::span<const named_tensor> tensors() const { return tensors_; }

  /// The outputs of a candidate's network for a batch of images, NHWC, as of `trainable`. \throws training_error for
  /// images of another shape, and as `sets_of`
  std::vector<at::Tensor> forward(const candidate<Space>& c, const at::Tensor& images) const {
    return forward(plan(c), images);
  }

  /// The parts of the weights that a candidate uses, under the names that `trainable` gives them: views, through which
  /// the weights can be written, but for embeddings.
  std::vector<named_tensor> slices(const candidate<Space>& c) const {
    const network graph = to_network(space(), c);
    const std::vector<int> sets = layout_.sets_of(c);
    std::vector<named_tensor> all;
    for (std::size_t i = 0; i < sets.size(); ++i) {
      const layer& l = graph.layers()[i];
      const detail::torch_parameters p = parameters(sets[i], l);
      const auto add = [&](const char* name, parameter_role role, const at::Tensor& t) {
        if (t.defined()) all.push_back({std::to_string(i) + "." + name, role, t.detach()});
      };
      add("kernel", l.has_weights() ? parameter_role::kernel : parameter_role::factor, p.kernel);
      add("bias", parameter_role::summand, p.bias);
      add("gamma", parameter_role::factor, p.gamma);
      add("beta", parameter_role::summand, p.beta);
    }
    return all;
  }
  /// Copies of them, to go on with a network by itself. Moving means are 0 and variances 1: nothing has been averaged.
  network_parameters parameters_of(const candidate<Space>& c) const {
    const network graph = to_network(space(), c);
    const std::vector<int> sets = layout_.sets_of(c);
    network_parameters all;
    for (std::size_t i = 0; i < sets.size(); ++i)
      all.push_back(detail::numbers_of(graph.layers()[i], parameters(sets[i], graph.layers()[i])));
    return all;
  }

  /// A candidate, and positions where the average of all operations takes its layer's place: of all ways to decide that
  /// layer which give a map of the same shape, and which some network of the space has there. \throws as `forward`
  supernet_plan plan(candidate<Space> c, std::span<const layer_position> averaged = {}) const {
    const auto is_averaged = [&](const detail::placed_part& p) {
      return std::ranges::find(averaged, layer_position{p.stage, p.layer}) != averaged.end();
    };
    if (!averaged.empty()) put_layers(c, is_averaged);
    supernet_plan made;
    made.graph_ = to_network(space(), c);
    made.sets_ = layout_.sets_of(c);
    for (const detail::placed_part& p : detail::parts_of(space(), c)) {
      if (p.layer_count == 0) continue;
      supernet_plan::part part{p.first_layer, p.end_layer()};
      const auto flow = detail::flow_of(made.graph_, part.first, part.end);
      if (flow && p.layer >= 0 && (is_averaged(p) || options_.rematerialize)) {
        part.flow = *flow;
        auto branches = branches_of(c, p, made.graph_, *flow, is_averaged(p));
        if (!branches.empty() && (branches.size() > 1 || options_.rematerialize))
          part.branches = std::make_shared<const std::vector<supernet_plan::branch>>(std::move(branches));
      }
      made.parts_.push_back(std::move(part));
    }
    return made;
  }
  /// The supernet has to outlive gradients through it.
  std::vector<at::Tensor> forward(const supernet_plan& plan, const at::Tensor& images) const {
    detail::check_batch(plan.graph_, images);
    detail::torch_run run(plan.graph_, detail::as_nchw(images));
    for (const supernet_plan::part& p : plan.parts_) {
      if (!p.branches) {
        run.layers(
            p.first, p.end, [&](std::size_t i) { return parameters(plan.sets_[i], plan.graph_.layers()[i]); }, mode());
        continue;
      }
      run.replace(p.first, p.end, p.flow.input, p.flow.output, [&](const at::Tensor& x) {
        return detail::run_steps(options_.rematerialize, x, p.branches->size(),
                                 [this, branches = p.branches](std::size_t i, const at::Tensor& in) {
                                   return run_branch(*branches, i, in);
                                 });
      });
    }
    return run.outputs();
  }
  /// For each of `tensors()` that is a kernel how much of each weight is used: 1, of averaged operations the share of
  /// one; undefined where none is. Where several use a weight, the most that one does. So TuNAS regularises.
  std::vector<at::Tensor> used(const supernet_plan& plan) const {
    std::vector<at::Tensor> shares(tensors_.size());
    const at::NoGradGuard off;
    const auto add = [&](int set, const layer& l, double share) {
      if (set < 0 || !l.has_weights()) return;
      const std::size_t i = firsts_[static_cast<std::size_t>(set)];
      if (!shares[i].defined()) shares[i] = at::zeros_like(tensors_[i].value);
      const at::Tensor part = detail::slice_of({shares[i], {}, {}, {}, {}, {}}, whole(set), l).kernel;
      part.clamp_min_(share);
    };
    for (const supernet_plan::part& p : plan.parts_) {
      if (p.branches)
        for (const supernet_plan::branch& b : *p.branches)
          for (std::size_t i = 0; i < b.sets.size(); ++i)
            add(b.sets[i], b.what.graph.layers()[i], 1 / static_cast<double>(p.branches->size()));
      else
        for (std::size_t i = p.first; i < p.end; ++i) add(plan.sets_[i], plan.graph_.layers()[i], 1);
    }
    return shares;
  }

 private:
  detail::torch_mode mode() const { return {true, static_cast<double>(options_.epsilon), 0}; }
  const layer& whole(int set) const { return layout_.sets()[static_cast<std::size_t>(set)].whole; }
  detail::torch_parameters parameters(int set, const layer& l) const {
    if (set < 0) return {};
    return detail::slice_of(weights_[static_cast<std::size_t>(set)], whole(set), l);
  }

  at::Tensor run_branch(const std::vector<supernet_plan::branch>& branches, std::size_t number,
                        const at::Tensor& x) const {
    const supernet_plan::branch& b = branches[number];
    const network& graph = b.what.graph;
    detail::torch_run run(graph, x);
    run.layers(
        0, graph.layers().size(), [&](std::size_t i) { return parameters(b.sets[i], graph.layers()[i]); }, mode());
    const at::Tensor& y = run.map(graph.output_tensors().front());
    return branches.size() == 1 ? y : y / static_cast<double>(branches.size());
  }

  /// What a part is, or all that it could be.
  std::vector<supernet_plan::branch> branches_of(const candidate<Space>& c, const detail::placed_part& p,
                                                 const network& graph, const detail::block_flow& flow, bool all) const {
    std::vector<supernet_plan::branch> branches;
    const auto add = [&](const candidate<Space>& one) {
      auto o = detail::operation_of(space(), layout_.view(), one, p.stage, p.layer, graph.tensor_shape(flow.input));
      if (!o || !(o->output == graph.tensor_shape(flow.output))) return;
      const auto sets = layout_.find(o->part, o->graph.layers());
      if (sets) branches.push_back({std::move(*o), *sets});
    };
    if (all)
      detail::for_each_operation(space(), layout_.view().stages[static_cast<std::size_t>(p.stage)], p.layer, c, add);
    else add(c);
    return branches;
  }

  /// Positions that are averaged but skipped get an operation that the average can take the place of.
  template <class Averaged>
  void put_layers(candidate<Space>& c, const Averaged& is_averaged) const {
    const network graph = to_network(space(), c);
    int map = 0;  // that the next part reads
    for (const detail::placed_part& p : detail::parts_of(space(), c)) {
      if (p.layer_count > 0) {
        const auto flow = detail::flow_of(graph, p.first_layer, p.end_layer());
        map = flow ? flow->output : static_cast<int>(p.end_layer());
      } else if (is_averaged(p)) {
        std::optional<candidate<Space>> other;
        const shape& at = graph.tensor_shape(map);
        detail::for_each_operation(
            space(), layout_.view().stages[static_cast<std::size_t>(p.stage)], p.layer, c,
            [&](const candidate<Space>& one) {
              if (other) return;
              const auto o = detail::operation_of(space(), layout_.view(), one, p.stage, p.layer, at);
              if (o && o->output == at && !o->graph.layers().empty() && layout_.find(o->part, o->graph.layers()))
                other = one;
            });
        if (other) c = *other;
      }
    }
  }

  supernet_options options_;
  supernet_layout<Space> layout_;
  std::vector<std::size_t> firsts_;  ///< by set, its first tensor
  std::vector<detail::torch_parameters> weights_;
  std::vector<named_tensor> tensors_;
};

template <class Space>
supernet(const Space&) -> supernet<Space>;
template <class Space>
supernet(const Space&, supernet_options) -> supernet<Space>;

}  // namespace nascent
