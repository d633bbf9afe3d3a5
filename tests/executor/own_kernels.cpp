// SPDX-License-Identifier: Apache-2.0
// The library's own kernels for every instruction set that this processor runs: against the reference at the sizes
// where their blocking begins, their activation functions against the C library, and which implementation an executor
// chooses.
#include "nascent/executor/own_kernels.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "networks.hpp"
#include "own_library.hpp"
#include "own_process.hpp"
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "nascent/executor/detail/vector/memory.hpp"
#include "nascent/executor/onednn.hpp"
#include "nascent/executor/reference.hpp"

using namespace nascent;
namespace own = nascent::detail::own;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

namespace {

/// The kernels for each instruction set that this processor runs; those of AVX-512 first.
std::vector<kernel_library> libraries() {
  std::vector<kernel_library> all{avx512_kernels(kernel_preference::always), avx2_kernels(kernel_preference::always)};
  std::erase_if(all, [](const kernel_library& l) {
    return !nascent::processor_has(l.features) || !onednn::detail::isa_allows(l.features);
  });
  return all;
}

std::vector<data_type> types_of(const kernel_library& library) {
  if (library.name.starts_with("nascent avx512") && onednn::computes_bf16()) return {data_type::f32, data_type::bf16};
  return {data_type::f32};
}

const std::string widened = "nascent_widened_convolution";  ///< in bf16 alone

bool is_own(const std::string& implementation) { return implementation.starts_with("nascent_"); }

/// Runs a network with the kernels for each instruction set, of those that `only` begins if it is not empty, on one
/// thread and on all cores, and compares with the reference. At least one kernel must be ours. Returns how often it
/// ran.
template <class Build>
int compare(const std::string& name, shape input, Build&& build, int batch = 1, const std::string& only = {}) {
  int runs = 0;
  const network graph = make_network(name, input, build);
  const weights values = random_weights(graph, 3);
  const std::vector<float> in = test::random_numbers(test::input_size(graph, batch), 5);
  const std::vector<float> expected = test::run_once(reference::executor{}, graph, values, in, batch);
  for (kernel_library library : libraries()) {
    std::erase_if(library.implementations, [&](const kernel_implementation& i) { return !i.name.starts_with(only); });
    if (library.implementations.empty()) continue;
    for (const data_type type : types_of(library)) {
      if (type == data_type::f32 && only == widened) continue;
      for (const int threads : {1, nascent::available_cores()}) {
        INFO(name << ", " << library.name << ", " << to_string(type) << ", " << threads << " threads");
        auto program =
            onednn::executor{{.threads = threads, .type = type, .kernels = library}}.compile(graph, values, batch);
        bool any = false;
        for (std::size_t i = 0; i < program.kernels().size(); ++i) any |= is_own(program.kernel_implementation(i));
        CHECK(any);
        std::vector<float> out(test::output_size(graph, batch));
        program.run(in, out);
        CHECK(test::distance(out, expected) <= (type == data_type::f32 ? 1e-4 : 2e-2));
        program.run(in, out);  // whatever the scratch memory holds now
        CHECK(test::distance(out, expected) <= (type == data_type::f32 ? 1e-4 : 2e-2));
        ++runs;
      }
    }
  }
  return runs;
}

network two_convolutions() {
  return make_network("two convolutions", {1, 14, 14, 32}, [](auto& net, tensor x) {
    const auto y = net.conv(x, {.filters = 64, .kernel = 1, .act = swish});
    net.depthwise_conv(y, {.kernel = 3, .act = swish});
  });
}

}  // namespace

std::vector<kernel_library> test::own_libraries(data_type type) {
  std::vector<kernel_library> all;
  for (kernel_library library : libraries()) {
    const std::vector<data_type> types = types_of(library);
    if (std::ranges::find(types, type) == types.end()) continue;
    all.push_back(library);
    for (const std::string& first : {std::string("nascent_winograd"), widened}) {
      if (std::ranges::partition(library.implementations, [&](const auto& i) {
            return i.name.starts_with(first);
          }).begin() == library.implementations.begin())
        continue;
      all.push_back(library);
    }
  }
  return all;
}

kernel_library test::linked_kernels(kernel_preference preference) { return own_kernels(preference); }

TEST_CASE("own_kernels: numbers of 16 bits are the nearest ones, ties to even") {
  const auto bits = [](float x) { return own::nearest<own::bfloat16>(x).bits; };
  CHECK(bits(1.0F) == 0x3F80);
  CHECK(bits(std::bit_cast<float>(0x3F808000U)) == 0x3F80);  // half way, down to even
  CHECK(bits(std::bit_cast<float>(0x3F818000U)) == 0x3F82);  // half way, up to even
  CHECK(bits(std::bit_cast<float>(0x3F808001U)) == 0x3F81);
  CHECK(bits(-2.5F) == 0xC020);
  CHECK(bits(std::bit_cast<float>(0x7F7FFFFFU)) == 0x7F80);  // the largest f32 is nearer to infinity
  CHECK((bits(std::nanf("")) & 0x7FFF) > 0x7F80);
}

TEST_CASE("own_kernels: parts share all and nothing twice") {
  for (const int parts : {1, 2, 3, 7})
    for (const int count : {0, 1, 6, 7, 100, 2'000'000'000}) {
      CHECK(own::share(count, 0, parts) == 0);
      CHECK(own::share(count, parts, parts) == count);
      for (int p = 0; p < parts; ++p) {
        const int size = own::share(count, p + 1, parts) - own::share(count, p, parts);
        CHECK((size == count / parts || size == count / parts + 1));
      }
    }
}

TEST_CASE("own_kernels: activations are those of the C library") {
  if (libraries().empty()) SKIP("neither AVX-512 nor AVX2");
  constexpr int count = 4096;
  for (const activation_function& f : {activation_function{identity},
                                       {relu},
                                       {relu6},
                                       {swish},
                                       {hswish},
                                       {sigmoid},
                                       {activation::zero},
                                       {hsigmoid},
                                       {leaky_relu},
                                       {activation::clamp},
                                       {activation::clamp, -3, 20}}) {
    const activation act = f.act;
    INFO(to_string(act));
    // A pointwise convolution with the identity matrix as its weights, from -100 to 100.
    const network graph = make_network("activation", {1, 64, 64, 1}, [&](auto& net, tensor x) {
      net.conv(x, {.filters = 1, .kernel = 1, .act = f, .bias = true});
    });
    weights values(1);
    values[0] = {.kernel = {1}, .bias = {0}};
    std::vector<float> in(count);
    for (int i = 0; i < count; ++i)
      in[static_cast<std::size_t>(i)] = -100.0F + 200.0F * static_cast<float>(i) / (count - 1);
    for (const kernel_library& library : libraries()) {
      INFO(library.name);
      std::vector<float> out(count);
      onednn::executor{{.kernels = library}}.compile(graph, values).run(in, out);
      double worst = 0;
      for (std::size_t i = 0; i < in.size(); ++i) {
        const double x = in[i];
        const double logistic = 1 / (1 + std::exp(-x));
        const double expected = act == relu                ? std::max(x, 0.0)
                                : act == relu6             ? std::clamp(x, 0.0, 6.0)
                                : act == swish             ? x * logistic
                                : act == hswish            ? x * std::clamp(x + 3, 0.0, 6.0) / 6
                                : act == sigmoid           ? logistic
                                : act == identity          ? x
                                : act == hsigmoid          ? std::clamp(x + 3, 0.0, 6.0) / 6
                                : act == leaky_relu        ? std::max(x, x / 100)
                                : act == activation::clamp ? std::clamp(x, f.low(), f.high())
                                                           : 0;
        // Below 1e-30 it is the absolute difference that counts.
        worst = std::max(worst, std::abs(static_cast<double>(out[i]) - expected) / std::max(std::abs(expected), 1e-30));
      }
      CHECK(worst < 5e-6);  // beyond -64 the exponent itself is rounded to 4e-6
    }
  }
}

TEST_CASE("own_kernels: pointwise convolutions, whole and in pieces, for few and many channels") {
  if (libraries().empty()) SKIP("neither AVX-512 nor AVX2");
  for (const int channels : {1, 3, 16, 17, 33})
    for (const int filters : {1, 8, 16, 24, 47, 64, 80, 100})
      compare("pointwise " + std::to_string(channels) + ">" + std::to_string(filters), {1, 5, 7, channels},
              [&](auto& net, tensor x) { net.conv(x, {.filters = filters, .kernel = 1, .act = swish}); });
  for (const int side : {15, 16, 17, 40})  // one line of up to 256 pixels, or several
    compare("pointwise on " + std::to_string(side), {1, side, side, 24},
            [](auto& net, tensor x) { net.conv(x, {.filters = 40, .kernel = 1, .act = relu}); });
  compare("several blocks", {1, 60, 60, 96}, [](auto& net, tensor x) { net.conv(x, {.filters = 48, .kernel = 1}); });
  compare(
      "a batch", {1, 9, 9, 20}, [](auto& net, tensor x) { net.conv(x, {.filters = 40, .kernel = 1, .act = hswish}); },
      5);
}

TEST_CASE("own_kernels: windows, with and without a third of the weights at a time") {
  if (libraries().empty()) SKIP("neither AVX-512 nor AVX2");
  for (const int channels : {3, 5, 15, 16, 31})
    for (const int stride : {1, 2})
      compare(
          "window over " + std::to_string(channels), {1, 19, 23, channels},
          [&](auto& net, tensor x) { net.conv(x, {.filters = 24, .kernel = 3, .stride = stride, .act = swish}); }, 2);
  compare("weights of more than a chunk", {1, 7, 7, 512},
          [](auto& net, tensor x) { net.conv(x, {.filters = 112, .kernel = 3, .act = relu}); });
  compare("a stem", {1, 64, 64, 3}, [](auto& net, tensor x) {
    net.conv(x, {.filters = 64, .kernel = 7, .stride = 2, .act = relu, .pad = padding::symmetric});
  });
}

TEST_CASE("own_kernels: strides that differ between rows and columns") {
  if (libraries().empty()) SKIP("neither AVX-512 nor AVX2");
  for (const strides& stride : {strides{2, 1}, strides{1, 2}, strides{3, 2}, strides{3, 1}})
    for (const padding pad : {padding::same, padding::symmetric, padding::valid})
      for (const int channels : {3, 20}) {
        INFO(stride.height << "x" << stride.width << ", " << to_string(pad));
        compare(
            "window", {1, 19, 23, channels},
            [&](auto& net, tensor x) {
              net.conv(x, {.filters = 24, .kernel = 3, .stride = stride, .act = swish, .pad = pad});
            },
            2);
        compare(
            "pixel", {1, 19, 23, channels},
            [&](auto& net, tensor x) { net.conv(x, {.filters = 24, .stride = stride, .act = relu, .pad = pad}); }, 2);
        for (const int kernel : {3, 5})
          compare(
              "depthwise", {1, 19, 23, channels},
              [&](auto& net, tensor x) {
                net.depthwise_conv(x, {.kernel = kernel, .stride = stride, .act = hswish, .pad = pad});
              },
              2);
      }
}

TEST_CASE("own_kernels: Winograd's convolutions at every edge") {
  if (libraries().empty()) SKIP("neither AVX-512 nor AVX2");
  const std::string winograd = "nascent_winograd";
  for (const int side : {3, 4, 5, 6, 7, 17})
    for (const padding pad : {padding::same, padding::valid}) {
      INFO(to_string(pad));
      compare(
          "winograd on " + std::to_string(side), {1, side, side + 1, 17},
          [&](auto& net, tensor x) { net.conv(x, {.filters = 20, .kernel = 3, .act = swish, .pad = pad}); }, 2,
          winograd);
    }
  for (const int filters : {16, 33, 64, 100})
    compare(
        "winograd to " + std::to_string(filters), {1, 9, 9, 48},
        [&](auto& net, tensor x) { net.conv(x, {.filters = filters, .kernel = 3, .act = relu}); }, 1, winograd);
  compare(
      "winograd with a residual sum", {1, 14, 14, 32},
      [](auto& net, tensor x) {
        const auto y = net.conv(x, {.filters = 32, .kernel = 3, .act = relu});
        net.add(net.conv(y, {.filters = 32, .kernel = 3}), net.conv(x, {.filters = 32, .kernel = 3}), relu);
      },
      1, winograd);
  compare(
      "winograd of several blocks", {1, 60, 60, 64},
      [](auto& net, tensor x) { net.conv(x, {.filters = 32, .kernel = 3, .act = relu}); }, 1, winograd);
}

TEST_CASE("own_kernels: convolutions of bf16 maps with products in f32") {
  if (libraries().empty() || types_of(libraries().front()).size() < 2) SKIP("no bf16");
  int runs = 0;
  for (const int side : {5, 16, 40})  // one block, a line of 256 pixels, several
    for (const int channels : {1, 17, 48, 160})
      for (const activation act : {relu, swish, hswish})
        runs += compare(
            "widened " + std::to_string(channels) + " on " + std::to_string(side), {1, side, side, channels},
            [&](auto& net, tensor x) { net.conv(x, {.filters = 40, .kernel = 1, .act = act}); }, 2, widened);
  for (const int channels : {3, 15, 16, 31})
    for (const int stride : {1, 2})
      for (const padding pad : {padding::same, padding::valid, padding::symmetric}) {
        INFO(to_string(pad));
        runs += compare(
            "widened window over " + std::to_string(channels), {1, 19, 23, channels},
            [&](auto& net, tensor x) {
              net.conv(x, {.filters = 24, .kernel = 3, .stride = stride, .act = swish, .pad = pad});
            },
            3, widened);
      }
  runs += compare(
      "blocks of one map each", {1, 60, 60, 64}, [](auto& net, tensor x) { net.conv(x, {.filters = 24, .kernel = 5}); },
      2, widened);
  runs += compare(
      "weights of more than a chunk", {1, 7, 7, 512},
      [](auto& net, tensor x) { net.conv(x, {.filters = 112, .kernel = 3}); }, 1, widened);
  runs += compare(
      "dilated", {1, 19, 23, 20},
      [](auto& net, tensor x) { net.conv(x, {.filters = 24, .kernel = 3, .dilation = 2, .act = relu6}); }, 2, widened);
  runs += compare(
      "residual", {1, 12, 12, 24},
      [](auto& net, tensor x) {
        const auto y = net.conv(x, {.filters = 72, .kernel = 1, .act = swish});
        const auto z = net.conv(x, {.filters = 24, .kernel = 3, .stride = 1, .act = relu});
        net.add(net.conv(y, {.filters = 24, .kernel = 1}), z);
      },
      1, widened);
  CHECK(runs >= 63);
}

TEST_CASE("own_kernels: residual sums, with an activation before or after") {
  if (libraries().empty()) SKIP("neither AVX-512 nor AVX2");
  for (const activation after : {identity, relu})
    compare("residual", {1, 12, 12, 24}, [&](auto& net, tensor x) {
      const auto y = net.conv(x, {.filters = 72, .kernel = 1, .act = swish});
      const auto z = net.conv(x, {.filters = 24, .kernel = 3});
      net.add(net.conv(y, {.filters = 24, .kernel = 1}), z, after);
    });
}

TEST_CASE("own_kernels: depthwise convolutions at every width and tail") {
  if (libraries().empty()) SKIP("neither AVX-512 nor AVX2");
  for (const int kernel : {3, 5, 7})
    for (const int stride : {1, 2})
      for (const int width : {8, 13, 14, 15, 28})
        compare("depthwise k" + std::to_string(kernel) + " s" + std::to_string(stride) + " on " + std::to_string(width),
                {1, width + 3, width, 40}, [&](auto& net, tensor x) {
                  net.depthwise_conv(x, {.kernel = kernel, .stride = stride, .act = width % 2 == 0 ? relu6 : swish});
                });
  compare(
      "many channels", {1, 7, 7, 1152}, [](auto& net, tensor x) { net.depthwise_conv(x, {.kernel = 5, .act = swish}); },
      2);
}

TEST_CASE("own_kernels: means over all pixels, of parts of a map and of several maps") {
  if (libraries().empty()) SKIP("neither AVX-512 nor AVX2");
  for (const int channels : {1, 15, 16, 24, 130, 144})
    for (const int batch : {1, 3})
      compare(
          "pool over " + std::to_string(channels), {1, 13, 11, channels},
          [](auto& net, tensor x) { net.global_pool(x); }, batch, "nascent_pool");
  compare(
      "a pixel", {1, 1, 1, 20}, [](auto& net, tensor x) { net.global_pool(x); }, 1, "nascent_pool");
  compare(
      "a large map", {1, 120, 111, 20}, [](auto& net, tensor x) { net.global_pool(x); }, 1, "nascent_pool");
}

TEST_CASE("own_kernels: gates") {
  if (libraries().empty()) SKIP("neither AVX-512 nor AVX2");
  for (const int channels : {1, 16, 40})
    compare(
        "gate", {1, 9, 9, channels},
        [](auto& net, tensor x) {
          const auto gate = net.conv(net.global_pool(x), {.filters = x.channels, .kernel = 1, .act = sigmoid});
          net.multiply(x, gate);
        },
        3);
}

TEST_CASE("own_kernels: what they bring for others changes nothing that they compute") {
  if (libraries().empty()) SKIP("neither AVX-512 nor AVX2");
  const auto convolutions = {
      make_network("pointwise", {1, 7, 7, 33},
                   [](auto& net, tensor x) { net.conv(x, {.filters = 50, .kernel = 1, .act = hswish}); }),
      make_network("window", {1, 9, 9, 20},
                   [](auto& net, tensor x) { net.conv(x, {.filters = 40, .kernel = 3, .stride = 2, .act = relu}); }),
      make_network("stem", {1, 20, 20, 3},
                   [](auto& net, tensor x) { net.conv(x, {.filters = 16, .kernel = 3, .act = swish}); }),
      make_network("a line", {1, 1, 1, 40},
                   [](auto& net, tensor x) { net.conv(x, {.filters = 17, .kernel = 1, .act = sigmoid}); })};
  int bringing = 0;
  for (const network& graph : convolutions) {
    const weights values = random_weights(graph, 4);
    const std::vector<float> in = test::random_numbers(test::input_size(graph), 6);
    const kernel what = fuse(graph).front();
    for (const kernel_library& library : libraries())
      for (const kernel_implementation& i : library.implementations) {
        constexpr int most_parts = 3;
        const kernel_request request{.what = what, .values = values[0], .parts = most_parts};
        if (!i.supports(request)) continue;
        const compiled_kernel made = i.compile(request);
        if (!made.bring) continue;
        ++bringing;
        const auto run = [&](int parts) {
          std::vector<float> out(test::output_size(graph));
          for (int part = 0; part < parts; ++part) made.run(in.data(), nullptr, out.data(), part, parts);
          return out;
        };
        for (const int parts : {1, most_parts}) {
          made.bring({});
          const std::vector<float> expected = run(parts);
          for (const std::size_t bytes : {1U, 63U, 1000U, 1U << 20}) {
            INFO(graph.name() << ", " << i.name << ", " << bytes << " bytes for " << parts << " parts");
            const std::vector<std::byte> later(bytes);
            made.bring({later, std::span(later).first(bytes / 2)});
            CHECK(run(parts) == expected);
          }
          made.bring({});
        }
      }
  }
  CHECK(bringing >= static_cast<int>(4 * libraries().size()));
}

TEST_CASE("own_kernels: parts ask for every line of what they bring, each for its own") {
  constexpr std::int64_t line = 64;
  const std::vector<std::byte> first(100'000), second(3'000), empty;
  const std::vector<std::span<const std::byte>> pieces{first, empty, second};
  const std::byte nothing{};
  for (const int parts : {1, 2, 3})
    for (const std::int64_t steps : {1'620, 5'000, 200'000})
      for (const std::int64_t at_once : {1, 7, 100}) {
        INFO(parts << " parts, " << steps << " steps, " << at_once << " at once");
        std::vector<bool> asked(first.size() + second.size());
        for (int part = 0; part < parts; ++part) {
          own::memory_pieces mine(pieces, part, parts, steps / parts);
          for (std::int64_t step = 0; step < steps / parts; step += at_once) {
            const own::memory_stream s = mine.take(at_once, &nothing);
            CHECK(s.stride <= line);  // no line is left out
            if (s.at == &nothing) {
              CHECK(s.stride == 0);
              continue;
            }
            const bool in_first = s.at >= first.data() && s.at < first.data() + first.size();
            const std::ptrdiff_t base =
                in_first ? s.at - first.data() : s.at - second.data() + static_cast<std::ptrdiff_t>(first.size());
            const std::ptrdiff_t end = static_cast<std::ptrdiff_t>(in_first ? first.size() : asked.size());
            for (std::ptrdiff_t i = base; i < std::min(base + (at_once - 1) * s.stride + line, end); ++i)
              asked[static_cast<std::size_t>(i)] = true;
          }
        }
        // The last steps at once may pass the end of a piece: the last piece lacks them.
        const std::ptrdiff_t stride = own::stride_over(static_cast<std::int64_t>(asked.size()) / parts, steps / parts);
        CHECK(std::ranges::count(asked, false) <= 2 * parts * (at_once * stride + line));
      }
  own::memory_pieces few(pieces, 0, 1, 10);  // fewer steps than lines: the first lines
  CHECK(few.take(10, &nothing).stride == line);
  own::memory_pieces none({}, 0, 1, 100);
  CHECK(none.take(10, &nothing).at == &nothing);
}

TEST_CASE("own_kernels: an executor keeps to what it found, and can be told who computes") {
  const network graph = two_convolutions();
  const weights values = random_weights(graph, 1);
  const auto implementations = [&](const onednn::executor& executor, int batch = 1) {
    const auto program = executor.compile(graph, values, batch);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < program.kernels().size(); ++i) names.push_back(program.kernel_implementation(i));
    return names;
  };
  const onednn::executor theirs;
  for (const std::string& name : implementations(theirs)) CHECK_FALSE(is_own(name));
  CHECK(theirs.description().library.find("nascent") == std::string::npos);
  if (libraries().empty()) SKIP("neither AVX-512 nor AVX2");
  const onednn::executor ours{{.kernels = own_kernels(kernel_preference::always)}};
  for (const std::string& name : implementations(ours)) CHECK(is_own(name));
  const onednn::executor fastest{{.kernels = own_kernels()}};
  const auto chosen = implementations(fastest);
  for (int i = 0; i < 5; ++i) CHECK(implementations(fastest) == chosen);
  const onednn::executor copy = fastest;
  CHECK(implementations(copy) == chosen);
  // A table of measured times must not mix the two.
  CHECK(fastest.description().library != theirs.description().library);
}

TEST_CASE("own_kernels: an executor takes those for the largest instruction set that it may use") {
  const auto own_libraries = libraries();
  const std::string library = onednn::executor{{.kernels = own_kernels()}}.description().library;
  if (own_libraries.empty()) CHECK(library.find("nascent") == std::string::npos);
  else CHECK(library.ends_with(" + " + own_libraries.front().name));
}

TEST_CASE("own_kernels: a limited instruction set limits them, too") {
  if (!nascent::processor_has("avx2 fma")) SKIP("no AVX2");
  CHECK(test::passes_in_own_process("child: own kernels limited to avx2"));
  CHECK(test::passes_in_own_process("child: own kernels limited to sse41"));
}

TEST_CASE("child: own kernels limited to avx2", "[.child]") {
  const onednn::executor limited{{.isa = onednn::isa::avx2, .kernels = own_kernels(kernel_preference::always)}};
  CHECK(limited.description().library.find(" + nascent avx2") != std::string::npos);
  const network graph = two_convolutions();
  const auto program = limited.compile(graph, random_weights(graph, 1));
  CHECK(program.kernel_implementation(0) == "nascent_convolution:avx2");
  CHECK(program.kernel_implementation(1) == "nascent_depthwise:avx2");
  CHECK(onednn::executor{{.kernels = avx512_kernels(kernel_preference::always)}}.description() ==
        onednn::executor{}.description());
}

TEST_CASE("child: own kernels limited to sse41", "[.child]") {
  const onednn::executor limited{{.isa = onednn::isa::sse41, .kernels = own_kernels(kernel_preference::always)}};
  CHECK(limited.description() == onednn::executor{}.description());
  const network graph = two_convolutions();
  const auto program = limited.compile(graph, random_weights(graph, 1));
  for (std::size_t i = 0; i < program.kernels().size(); ++i) CHECK_FALSE(is_own(program.kernel_implementation(i)));
}

TEST_CASE("onednn: features belong to instruction sets as whole names do") {
  using onednn::detail::isa_allows;
  CHECK(isa_allows(""));
  CHECK(isa_allows("sse2 popcnt"));
  if (nascent::processor_has("avx2 fma") && onednn::executor{}.description().isa.starts_with("avx"))
    CHECK(isa_allows("avx"));
  CHECK(test::passes_in_own_process("child: features within avx2"));
}

TEST_CASE("child: features within avx2", "[.child]") {
  if (!nascent::processor_has("avx2 fma")) SKIP("no AVX2");
  const onednn::executor limited{{.isa = onednn::isa::avx2}};
  using onednn::detail::isa_allows;
  CHECK(isa_allows("sse4_1 avx avx2 fma f16c"));
  for (const char* more : {"avx512f", "avx2 avx512vl", "avx_vnni", "amx_tile", "avx512_bf16"})
    CHECK_FALSE(isa_allows(more));
}

TEST_CASE("onednn: a batch in pieces gives what the whole batch gives") {
  const network graph = two_convolutions();
  const weights values = random_weights(graph, 1);
  const std::vector<float> in = test::random_numbers(test::input_size(graph, 6), 5);
  const std::vector<float> whole = test::run_once(onednn::executor{}, graph, values, in, 6);
  for (const int piece : {1, 2, 3, 6}) {
    INFO(piece);
    auto program = onednn::executor{{.images_at_once = piece}}.compile(graph, values, 6);
    CHECK(program.batch() == 6);
    std::vector<float> out(test::output_size(graph, 6));
    program.run(in, out);
    CHECK(test::distance(out, whole) <= 1e-5);
    program.run();
    program.run_kernel(0);
    if (piece < 6) CHECK_THROWS_AS(program.copy_output(out), executor_error);
  }
  CHECK_THROWS_MATCHES(onednn::executor{{.images_at_once = 4}}.compile(graph, values, 6), executor_error,
                       MessageMatches(ContainsSubstring("images_at_once: found 4; allowed: divisors of batch 6")));
  CHECK_THROWS_AS(onednn::executor{{.images_at_once = -1}}.compile(graph, values, 6), executor_error);
}
