// SPDX-License-Identifier: Apache-2.0
// How well a latency table predicts networks that it was not built from (prediction.hpp), for three spaces on this
// processor. Prints errors, writes JSON and a scatter plot for each space.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "prediction.hpp"
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <nascent/base/file.hpp>
#include <nascent/base/signal_stop.hpp>
#include <nascent/executor/avx512.hpp>
#include <nascent/executor/onednn.hpp>
#include <nascent/zoo/spaces.hpp>

using namespace nascent;
using prediction::settings;
using prediction::study;

int main(int argc, char** argv) try {
  settings s;
  std::vector<std::string> spaces{"proxylessnas", "efficientnet_x", "gpunet_encoded"};
  CLI::App app("How well a latency table predicts networks that it was not built from");
  app.add_option("--networks", s.networks, "networks to predict, for each space")
      ->check(CLI::Range(2, 100000))
      ->capture_default_str();
  app.add_option("--spaces", spaces, "which")
      ->check(CLI::IsMember({"proxylessnas", "efficientnet_x", "gpunet_encoded"}))
      ->capture_default_str();
  app.add_option("--pool", s.pool, "random networks that fill the table first")
      ->check(CLI::Range(0, 100000))
      ->capture_default_str();
  app.add_option("--fill-s", s.fill_s, "seconds for filling a table; no network is started for it afterwards")
      ->check(CLI::PositiveNumber);
  app.add_option("--references", s.references, "networks that those to predict are timed against")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--sweeps", s.sweeps, "how often each of them is measured")
      ->check(CLI::Range(2, 100))
      ->capture_default_str();
  app.add_option("--threads", s.threads, "threads of the executor")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--kernels", s.kernels, "who computes: oneDNN alone, or per kernel the fastest of oneDNN and nascent")
      ->check(CLI::IsMember({"fastest", "onednn"}))
      ->capture_default_str();
  app.add_option("--dtype", s.dtype, "f32 or bf16")->check(CLI::IsMember({"f32", "bf16"}))->capture_default_str();
  app.add_option("--seed", s.seed, "of the random networks")->capture_default_str();
  app.add_option("--most-gmacs", s.most_gmacs, "leave larger networks out")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--placements", s.placements, "compilations that each kernel is measured in, at least")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--most-placements", s.most_placements, "the same where they disagree by more than 1 %")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--average", s.average, "of placements")
      ->check(CLI::IsMember({"mean", "median"}))
      ->capture_default_str();
  app.add_option("--out", s.out, "folder for tables, JSON and plots; tables that are there are used again")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  std::filesystem::create_directories(s.out);
  return until_signal(
      "the tables in '" + s.out + "' keep what was measured: run the same command again to go on",
      [&](const signal_stop& signals) {
        s.stop = &signals.received();
        onednn::executor cpu{{.threads = s.threads,
                              .type = s.dtype == "bf16" ? data_type::bf16 : data_type::f32,
                              .kernels = s.kernels == "onednn" ? kernel_library{} : avx512_kernels()}};
        const device_description d = cpu.description();
        std::printf("%s\n", describe(d).c_str());
        nlohmann::json all = nlohmann::json::array();
        for (const std::string& name : spaces)
          all.push_back(zoo::with_space(
              name, [&](const auto& space) { return study(space, s, cpu); }, zoo::proxylessnas, zoo::efficientnet_x,
              zoo::gpunet_encoded));
        write_file(
            std::filesystem::path(s.out) / ("predict " + s.dtype + ".json"),
            nlohmann::json{
                {"device", d.device}, {"library", d.library}, {"isa", d.isa}, {"threads", d.threads}, {"studies", all}}
                    .dump(2) +
                "\n");
        return 0;
      });
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
