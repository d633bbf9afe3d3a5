// SPDX-License-Identifier: Apache-2.0
// Files of execution plans: what is read is written back as it was.
#include "nascent/executor/cudnn/plan_cache.hpp"

#include "target.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) try {
  const nascent::cudnn::plan_place here{.device = "GPU", .compute_capability = 900, .cudnn = "9"};
  const fuzz::scratch_file file(data, size);
  nascent::cudnn::plan_cache cache(file.path(), here);
  cache.keep("another", {.json = "{}"});
  cache.save();
  const nascent::cudnn::plan_cache again(file.path(), here);
  fuzz::demand(again.size() == cache.size() && again.find("another") != nullptr);
  return 0;
} catch (const nascent::cudnn::plan_cache_error&) {
  return 0;
}
