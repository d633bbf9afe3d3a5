// SPDX-License-Identifier: Apache-2.0
/// \file
/// An executor whose type is not known: for programs that choose where networks run by name.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

#include "nascent/executor/executor.hpp"

namespace nascent {

namespace detail {

class compiled_interface {
 public:
  compiled_interface() = default;
  compiled_interface(const compiled_interface&) = delete;
  compiled_interface& operator=(const compiled_interface&) = delete;
  virtual ~compiled_interface() = default;

  virtual std::span<const kernel> kernels() const = 0;
  virtual int batch() const = 0;
  virtual void run(std::span<const float> in, std::span<float> out) = 0;
  virtual void run() = 0;
  virtual void run_kernel(std::size_t i) = 0;
};

template <compiled_network Compiled>
class compiled_holder final : public compiled_interface {
 public:
  explicit compiled_holder(Compiled c) : inside_(std::move(c)) {}

  std::span<const kernel> kernels() const override { return inside_.kernels(); }
  int batch() const override { return inside_.batch(); }
  void run(std::span<const float> in, std::span<float> out) override { inside_.run(in, out); }
  void run() override { inside_.run(); }
  void run_kernel(std::size_t i) override { inside_.run_kernel(i); }

 private:
  Compiled inside_;
};

}  // namespace detail

/// What `any_executor` compiles: a compiled network.
class any_compiled_network {
 public:
  template <class Compiled>
  requires(!std::same_as<Compiled, any_compiled_network> && compiled_network<Compiled>)
      any_compiled_network(Compiled c)  // NOLINT(google-explicit-constructor): as std::any
      : inside_(std::make_unique<detail::compiled_holder<Compiled>>(std::move(c))) {}

  std::span<const kernel> kernels() const { return std::as_const(*inside_).kernels(); }
  int batch() const { return inside_->batch(); }
  void run(std::span<const float> in, std::span<float> out) { inside_->run(in, out); }
  void run() { inside_->run(); }
  void run_kernel(std::size_t i) { inside_->run_kernel(i); }

 private:
  std::unique_ptr<detail::compiled_interface> inside_;
};

/// Any executor behind one type:
///
///     any_executor where = device == "cpu" ? any_executor(onednn::executor({.kernels = own_kernels()}))
///                                          : any_executor(reference::executor());
///
/// An executor itself, with one exception: a device's own clock and the binding of threads to cores are not seen
/// through it. So what times networks should be given the executor inside. Copies share the executor.
class any_executor {
 public:
  template <class Executor>
  requires(!std::same_as<Executor, any_executor> && executor<Executor>)
      any_executor(Executor e)  // NOLINT(google-explicit-constructor): as std::any
      : inside_(std::make_shared<holder<Executor>>(std::move(e))) {}

  device_description description() const { return inside_->description(); }
  /// \throws executor_error
  any_compiled_network compile(const network& graph, const weights& values, int batch = 1) {
    return inside_->compile(graph, values, batch);
  }

 private:
  class interface {
   public:
    interface() = default;
    interface(const interface&) = delete;
    interface& operator=(const interface&) = delete;
    virtual ~interface() = default;
    virtual device_description description() = 0;
    virtual any_compiled_network compile(const network& graph, const weights& values, int batch) = 0;
  };
  template <class Executor>
  class holder final : public interface {
   public:
    explicit holder(Executor e) : inside_(std::move(e)) {}
    device_description description() override { return inside_.description(); }
    any_compiled_network compile(const network& graph, const weights& values, int batch) override {
      return inside_.compile(graph, values, batch);
    }

   private:
    Executor inside_;
  };

  std::shared_ptr<interface> inside_;
};

}  // namespace nascent
