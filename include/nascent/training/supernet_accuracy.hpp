// SPDX-License-Identifier: Apache-2.0
/// \file
/// What shared weights say of networks that were never trained by themselves.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "nascent/training/supernet.hpp"
#include "nascent/training/trainer.hpp"

namespace nascent {

/// The accuracy of candidates with the weights of a supernet, in per cent: what `search` takes where it takes an
/// accuracy model. After one training it answers for as many searches, targets and devices as one likes
/// (Once-for-all). It ranks networks; what it recommends is trained by itself for the last word.
template <layered_space Space>
class supernet_accuracy {
 public:
  /// Keeps a pointer to the supernet. Images go through in equal batches of `batch` at most, whose statistics
  /// normalise them.
  supernet_accuracy(const supernet<Space>& of, image_set images, standardization pixels, int batch = 256)
      : of_(&of), images_(std::move(images)), pixels_(std::move(pixels)) {
    check_images(images_);
    if (batch < 2)
      throw training_error("training.option", "supernet_accuracy, batch", std::to_string(batch),
                           "2 or more: batches are normalised");
    const auto most = static_cast<std::size_t>(batch);
    const std::size_t batches = std::max<std::size_t>(1, (images_.size() + most - 1) / most);
    batch_ = static_cast<int>((images_.size() + batches - 1) / batches);
  }

  /// \throws training_error where the images do not fit the candidate's network
  double operator()(const candidate<Space>& c) const {
    const supernet_plan plan = of_->plan(c);
    detail::check_fit(plan.graph(), images_);
    return detail::share_right(images_, pixels_, batch_, of_->options().device,
                               [&](const at::Tensor& x) { return of_->forward(plan, x).front(); });
  }

 private:
  const supernet<Space>* of_;
  image_set images_;
  standardization pixels_;
  int batch_ = 1;
};

}  // namespace nascent
