// SPDX-License-Identifier: Apache-2.0
// Descriptions of GPUs: what is read reads back as itself.
#include "nascent/executor/cudnn/device_text.hpp"

#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) try {
  const auto device = nascent::cudnn::parse_device_properties(fuzz::text_of(data, size));
  fuzz::demand(nascent::cudnn::parse_device_properties(nascent::cudnn::to_json(device)) == device);
  return 0;
} catch (const nascent::cudnn::device_properties_error&) {
  return 0;
}
