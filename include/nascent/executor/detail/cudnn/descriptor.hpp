// SPDX-License-Identifier: Apache-2.0
/// \file
/// cuDNN's backend descriptors as values that own themselves. Everything cuDNN plans is made of them: set attributes,
/// finalise, ask.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <cudnn_graph.h>

#include "nascent/executor/cudnn/status.hpp"

namespace nascent::cudnn::detail {

/// What cuDNN calls the type of a value; for the types alone that attributes have.
template <class T>
struct attribute_type;
template <>
struct attribute_type<bool> {
  static constexpr auto value = CUDNN_TYPE_BOOLEAN;
};
template <>
struct attribute_type<char> {
  static constexpr auto value = CUDNN_TYPE_CHAR;
};
template <>
struct attribute_type<std::int32_t> {
  static constexpr auto value = CUDNN_TYPE_INT32;
};
template <>
struct attribute_type<std::int64_t> {
  static constexpr auto value = CUDNN_TYPE_INT64;
};
template <>
struct attribute_type<float> {
  static constexpr auto value = CUDNN_TYPE_FLOAT;
};
template <>
struct attribute_type<double> {
  static constexpr auto value = CUDNN_TYPE_DOUBLE;
};
template <>
struct attribute_type<void*> {
  static constexpr auto value = CUDNN_TYPE_VOID_PTR;
};
template <>
struct attribute_type<cudnnHandle_t> {
  static constexpr auto value = CUDNN_TYPE_HANDLE;
};
template <>
struct attribute_type<cudnnFraction_t> {
  static constexpr auto value = CUDNN_TYPE_FRACTION;
};
template <>
struct attribute_type<cudnnDataType_t> {
  static constexpr auto value = CUDNN_TYPE_DATA_TYPE;
};
template <>
struct attribute_type<cudnnConvolutionMode_t> {
  static constexpr auto value = CUDNN_TYPE_CONVOLUTION_MODE;
};
template <>
struct attribute_type<cudnnPointwiseMode_t> {
  static constexpr auto value = CUDNN_TYPE_POINTWISE_MODE;
};
template <>
struct attribute_type<cudnnResampleMode_t> {
  static constexpr auto value = CUDNN_TYPE_RESAMPLE_MODE;
};
template <>
struct attribute_type<cudnnPaddingMode_t> {
  static constexpr auto value = CUDNN_TYPE_PADDING_MODE;
};
template <>
struct attribute_type<cudnnBackendHeurMode_t> {
  static constexpr auto value = CUDNN_TYPE_HEUR_MODE;
};
template <>
struct attribute_type<cudnnBackendNumericalNote_t> {
  static constexpr auto value = CUDNN_TYPE_NUMERICAL_NOTE;
};
template <>
struct attribute_type<cudnnBackendBehaviorNote_t> {
  static constexpr auto value = CUDNN_TYPE_BEHAVIOR_NOTE;
};
template <class T>
inline constexpr cudnnBackendAttributeType_t type_of = attribute_type<T>::value;

constexpr std::string_view name_of(cudnnBackendDescriptorType_t type) {
  switch (type) {
    case CUDNN_BACKEND_TENSOR_DESCRIPTOR: return "tensor";
    case CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR: return "convolution";
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR: return "convolution operation";
    case CUDNN_BACKEND_POINTWISE_DESCRIPTOR: return "pointwise function";
    case CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR: return "pointwise operation";
    case CUDNN_BACKEND_RESAMPLE_DESCRIPTOR: return "resampling";
    case CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR: return "resampling operation";
    case CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR: return "operation graph";
    case CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR: return "device description";
    case CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR: return "heuristic";
    case CUDNN_BACKEND_ENGINE_DESCRIPTOR: return "engine";
    case CUDNN_BACKEND_ENGINECFG_DESCRIPTOR: return "engine configuration";
    case CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR: return "execution plan";
    case CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR: return "variant pack";
    default: return "descriptor";
  }
}

/// One descriptor. Movable. Descriptors that it refers to must live as long as it does. All members throw
/// library_error.
class descriptor {
 public:
  explicit descriptor(cudnnBackendDescriptorType_t type) : type_(type) {
    const cudnnStatus_t status = cudnnBackendCreateDescriptor(type, &raw_);
    if (status != CUDNN_STATUS_SUCCESS) check(status, text("making", ""));
  }
  descriptor(descriptor&& other) noexcept : type_(other.type_), raw_(std::exchange(other.raw_, nullptr)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(type_, other.type_);
    std::swap(raw_, other.raw_);
    return *this;
  }
  ~descriptor() {
    if (raw_ != nullptr) cudnnBackendDestroyDescriptor(raw_);
  }

  cudnnBackendDescriptor_t raw() const { return raw_; }

  template <class T>
  descriptor& set(cudnnBackendAttributeName_t attribute, const T& value) {
    return set(attribute, type_of<T>, 1, &value);
  }
  template <class T>
  descriptor& set(cudnnBackendAttributeName_t attribute, const std::vector<T>& values) {
    return set(attribute, type_of<T>, values.size(), values.data());
  }
  descriptor& set_text(cudnnBackendAttributeName_t attribute, std::string_view characters) {
    return set(attribute, CUDNN_TYPE_CHAR, characters.size(), characters.data());
  }
  descriptor& set(cudnnBackendAttributeName_t attribute, const descriptor& value) {
    return set(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.raw_);
  }
  descriptor& set(cudnnBackendAttributeName_t attribute, const std::vector<descriptor>& values) {
    std::vector<cudnnBackendDescriptor_t> list;
    for (const descriptor& d : values) list.push_back(d.raw_);
    return set(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, list.size(), list.data());
  }

  descriptor& finalise() {
    const cudnnStatus_t status = cudnnBackendFinalize(raw_);
    if (status != CUDNN_STATUS_SUCCESS) check(status, text("finalising", ""));
    return *this;
  }

  template <class T>
  T get(cudnnBackendAttributeName_t attribute) const {
    T value{};
    get(attribute, type_of<T>, 1, &value);
    return value;
  }
  template <class T>
  std::vector<T> get_all(cudnnBackendAttributeName_t attribute) const {
    std::vector<T> values(static_cast<std::size_t>(count(attribute, type_of<T>)));
    if (values.empty()) return values;
    values.resize(
        static_cast<std::size_t>(get(attribute, type_of<T>, static_cast<std::int64_t>(values.size()), values.data())));
    return values;
  }
  std::string get_text(cudnnBackendAttributeName_t attribute) const {
    const std::vector<char> characters = get_all<char>(attribute);
    std::string result(characters.begin(), characters.end());
    return result.substr(0, result.find('\0'));
  }
  /// Fills descriptors that were made for the purpose; cuDNN copies into them.
  void get(cudnnBackendAttributeName_t attribute, descriptor& into) const {
    get(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &into.raw_);
  }
  std::vector<descriptor> get_descriptors(cudnnBackendAttributeName_t attribute,
                                          cudnnBackendDescriptorType_t type) const {
    std::vector<descriptor> list;
    std::vector<cudnnBackendDescriptor_t> raws;
    for (std::int64_t i = count(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR); i > 0; --i)
      raws.push_back(list.emplace_back(type).raw_);
    if (list.empty()) return list;
    const std::int64_t filled =
        get(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<std::int64_t>(raws.size()), raws.data());
    while (static_cast<std::int64_t>(list.size()) > filled) list.pop_back();
    return list;
  }

 private:
  std::string text(std::string_view verb, std::string_view rest) const {
    const std::string_view name = name_of(type_);
    return std::string(verb) +
           (std::string_view("aeiou").find(name.front()) != std::string_view::npos ? " an " : " a ") +
           std::string(name) + std::string(rest);
  }
  std::string text(std::string_view verb, cudnnBackendAttributeName_t attribute) const {
    return text(verb, " (attribute " + std::to_string(static_cast<int>(attribute)) + ")");
  }
  descriptor& set(cudnnBackendAttributeName_t attribute, cudnnBackendAttributeType_t type, std::size_t n,
                  const void* values) {
    const cudnnStatus_t status = cudnnBackendSetAttribute(raw_, attribute, type, static_cast<std::int64_t>(n), values);
    if (status != CUDNN_STATUS_SUCCESS) check(status, text("describing", attribute));
    return *this;
  }
  std::int64_t get(cudnnBackendAttributeName_t attribute, cudnnBackendAttributeType_t type, std::int64_t room,
                   void* values) const {
    std::int64_t found = 0;
    const cudnnStatus_t status = cudnnBackendGetAttribute(raw_, attribute, type, room, &found, values);
    if (status != CUDNN_STATUS_SUCCESS) check(status, text("reading", attribute));
    return found;
  }
  std::int64_t count(cudnnBackendAttributeName_t attribute, cudnnBackendAttributeType_t type) const {
    return get(attribute, type, 0, nullptr);
  }

  cudnnBackendDescriptorType_t type_;
  cudnnBackendDescriptor_t raw_ = nullptr;
};

}  // namespace nascent::cudnn::detail
