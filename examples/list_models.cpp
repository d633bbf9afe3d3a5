// SPDX-License-Identifier: Apache-2.0
// The zoo: every model of the literature with its counts against what is printed, and every search space with its size.
// `list_models` prints all, `list_models NAME...` some; `--markdown` prints docs/models.md.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "program.hpp"

#include <nascent/base/number_text.hpp>
#include <nascent/space/naive_size.hpp>
#include <nascent/zoo/catalog.hpp>
#include <nascent/zoo/convolution_spaces.hpp>
#include <nascent/zoo/efficientnet_x.hpp>
#include <nascent/zoo/gpunet.hpp>
#include <nascent/zoo/mnasnet.hpp>
#include <nascent/zoo/nas_bench_201.hpp>
#include <nascent/zoo/nas_bench_macro.hpp>
#include <nascent/zoo/once_for_all.hpp>
#include <nascent/zoo/public_modules.hpp>
#include <nascent/zoo/tunas.hpp>
#include <nascent/zoo/vision_transformer_spaces.hpp>

using namespace nascent;

namespace {

/// "+1.9 %", or "as printed" where the count rounds to the printed figure.
std::string difference(double counted, double printed) {
  if (printed == 0) return "";
  const double percent = 100 * (counted - printed) / printed;
  return std::fabs(percent) < .05 ? "0" : (percent < 0 ? "" : "+") + fixed_text(percent, 1) + " %";
}

/// Six digits, without trailing zeros; empty where nothing is printed.
std::string printed_text(double number) {
  if (number == 0) return {};
  std::string text = significant_text(number, 6);
  if (text.find('.') != std::string::npos) text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

using row = std::vector<std::string>;

template <class Model>
row model_row(const Model& m) {
  const counts c = count(m);
  const double params = static_cast<double>(c.params) / 1e6;
  const double macs = static_cast<double>(c.macs) / 1e9;
  return {std::string(m.name),
          std::to_string(m.resolution),
          std::to_string(c.params),
          std::to_string(c.macs),
          printed_text(m.printed.params_m),
          difference(params, m.printed.params_m),
          printed_text(m.printed.macs_g),
          difference(macs, m.printed.macs_g),
          std::string(m.printed.source),
          std::string(m.printed.remark),
          zoo::same_outputs_as(m.name)};
}

const row model_titles{"model",     "input px",   "parameters", "MACs",           "printed M",      "difference",
                       "printed G", "difference", "printed in", "why it differs", "same outputs as"};

template <class Space>
row space_row(const Space& space, const char* printed, const char* reading) {
  return {space.name(),
          std::to_string(space.slot_count),
          to_decimal(space.size()).c_str(),
          naive_size(space).c_str(),
          printed,
          reading};
}

const row space_titles{"space", "decisions", "distinct networks", "all choices multiplied", "printed", "reading"};

std::vector<row> spaces() {
  return {
      space_row(zoo::efficientnet_x, "",
                "EfficientNet-X supplement, Table 4, around EfficientNet's stage plan; with constraints that tie the "
                "reshaping to its stage"),
      space_row(zoo::gpunet, "1e30",
                "GPUNet paper, Table 1: its own ranges multiply out to 3.6e23 without and 1.4e24 with the stem's "
                "kernel and activation"),
      space_row(zoo::gpunet_encoded, "1e30", "GPUNet paper, Table 2: 41 integers"),
      space_row(zoo::proxylessnas, "1e21", "TuNAS: its public code prints the product; a skipped layer has no kernel"),
      space_row(zoo::proxylessnas_enlarged, "1e28", "as above"),
      space_row(zoo::mobilenet_v3_like, "1e43", "as above"),
      space_row(zoo::once_for_all, "about 2e19", "Once-for-All: (9^2 + 9^3 + 9^4)^5"),
      space_row(zoo::mnasnet, "about 1e13", "MnasNet, section 4.1: 432^5"),
      space_row(zoo::nas_bench_macro, "6561", "NAS-Bench-Macro as trained: 3^8 codes"),
      space_row(zoo::nas_bench_macro_distinct, "3969",
                "the same, a layer that passes its input on not counted as a layer"),
      space_row(zoo::nas_bench_201, "15625",
                "NAS-Bench-201: 5^6 cells; smaller counts by other definitions: tests/zoo/nas_bench_201.cpp"),
      space_row(zoo::convnext, "", "around the eight ConvNeXts from Atto to L, which are members"),
      space_row(
          zoo::mobilenet_v4, "",
          "around MobileNetV4-Conv-S, a member: both depthwise convolutions of every universal inverted bottleneck"),
      space_row(zoo::autoformer_t, "",
                "AutoFormer paper, Table 1, and ratio 3, which its AutoFormer-T has; DeiT-Ti is a member: 3 * (6^12 + "
                "6^13 + 6^14)"),
      space_row(zoo::autoformer_s, "", "the same; ViT-S/16 is a member: 3 * (9^12 + 9^13 + 9^14)"),
      space_row(zoo::mobilevit, "", "around MobileViT-XXS, XS and S, which are members"),
  };
}

void print_markdown(const row& titles, const std::vector<row>& rows) {
  const auto line = [](const row& cells) {
    std::string joined = "|";
    for (const std::string& cell : cells) joined += " " + cell + (cell.empty() ? "|" : " |");
    std::puts(joined.c_str());
  };
  line(titles);
  line(row(titles.size(), "---"));
  for (const row& r : rows) line(r);
}

/// The first columns, aligned; the others are sentences.
void print_table(const row& titles, const std::vector<row>& rows, std::size_t columns) {
  std::vector<std::size_t> widths(columns);
  const auto widen = [&](const row& r) {
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], r[i].size());
  };
  widen(titles);
  for (const row& r : rows) widen(r);
  const auto line = [&](const row& r) {
    for (std::size_t i = 0; i < columns; ++i)
      std::printf("%s%*s", i == 0 ? "" : "  ", static_cast<int>(widths[i]) * (i == 0 ? -1 : 1), r[i].c_str());
    std::putchar('\n');
  };
  line(titles);
  for (const row& r : rows) line(r);
}

}  // namespace

static int program(int argc, char** argv) {
  const bool markdown = argc > 1 && std::string_view(argv[1]) == "--markdown";
  if (argc > 1 && std::string_view(argv[1]) == "--help") {
    std::puts(
        "usage: list_models [--markdown | NAME...]\nParameters and MACs of the zoo's models against the printed "
        "figures, and the sizes of its spaces.\n\nExample: list_models EfficientNet-B0 ResNet-50");
    return 0;
  }
  std::vector<row> models;
  if (argc > 1 && !markdown)
    for (int i = 1; i < argc; ++i) zoo::with_model(argv[i], [&](const auto& m) { models.push_back(model_row(m)); });
  else zoo::for_each_model([&](const auto& m) { models.push_back(model_row(m)); });
  if (!markdown) {
    print_table(model_titles, models, 8);
    if (argc == 1) {
      std::puts("");
      print_table(space_titles, spaces(), 5);
    }
    return 0;
  }
  std::puts(
      "# Models and spaces of the literature\n\nMade by `list_models --markdown`; a test compares. Counted: parameters "
      "are weights, biases, gamma and beta of batch");
  std::puts(
      "normalisations; MACs are those of convolutions and dense layers for one image, SAME padding being ceil(size / "
      "stride). Printed figures");
  std::puts(
      "are as printed: with two digits, 3 % is rounding. A reason stands where the difference is above 1 %. Modules of "
      "timm "
      "and torchvision that");
  std::puts(
      "give the same outputs with the same weights stand in the last column; tests/zoo/check_timm.py compares "
      "parameters, MACs and outputs.\n\n## Models\n");
  print_markdown(model_titles, models);
  std::puts("\n## Spaces\n\ndocs/counting.md says what a distinct network is.\n");
  print_markdown(space_titles, spaces());
  return 0;
}

int main(int argc, char** argv) {
  return examples::run_program("list_models", [&] { return program(argc, argv); });
}
