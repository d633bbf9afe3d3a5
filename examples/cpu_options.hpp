// SPDX-License-Identifier: Apache-2.0
/// \file
/// The options by which all programs here choose how this CPU computes.
#pragma once

#include <string>

#include "checked_options.hpp"
#include <CLI/CLI.hpp>

#include <nascent/executor/onednn.hpp>
#include <nascent/executor/own_kernels.hpp>
#include <nascent/io/block_text.hpp>

namespace examples {

struct cpu_options {
  int threads = 1;
  std::string dtype = "f32";
  std::string isa = "best";
  std::string kernels = "fastest";

  void add_to(CLI::App& app) {
    app.add_option("--threads", threads, "threads")->check(examples::threads())->capture_default_str();
    add_isa_and_kernels(app);
    app.add_option("--dtype", dtype,
                   "f32, bf16 or int8; in int8 ranges of maps are assumed: times are right, numbers are not")
        ->check(CLI::IsMember({"f32", "bf16", "int8"}))
        ->capture_default_str();
  }
  void add_isa_and_kernels(CLI::App& app) {
    app.add_option("--isa", isa, "the largest instruction set to use, e.g. sse41, avx2, avx512_core, best")
        ->capture_default_str();
    app.add_option("--kernels", kernels, "who computes: oneDNN alone, or per kernel the fastest of oneDNN and nascent")
        ->check(CLI::IsMember({"fastest", "onednn"}))
        ->capture_default_str();
  }

  nascent::data_type type() const { return nascent::parse_data_type(dtype); }
  nascent::onednn::executor executor() const { return executor(type()); }
  nascent::onednn::executor executor(nascent::data_type of_maps) const {
    return nascent::onednn::executor{
        {.threads = threads,
         .type = of_maps,
         .isa = nascent::onednn::parse_isa(isa),
         .kernels = kernels == "onednn" ? nascent::kernel_library{} : nascent::own_kernels(),
         .uncalibrated = nascent::onednn::uncalibrated_networks::assume_ranges}};
  }
};

}  // namespace examples
