// SPDX-License-Identifier: Apache-2.0
/// \file
/// Images in folders that are named after their classes, as torchvision's ImageFolder reads them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "nascent/base/file.hpp"
#include "nascent/base/watch.hpp"
#include "nascent/training/detail/jpeg.hpp"
#include "nascent/training/detail/png.hpp"
#include "nascent/training/image_set.hpp"
#include "nascent/training/resized.hpp"

namespace nascent {

struct image_folder_options {
  int channels = 3;  ///< 3: red, green and blue; 1: grey, by Rec. 601's weights
  /// What images are resized to; 0 for none: then all must have the size of the first.
  int height = 0;
  int width = 0;
  nascent::watch* watch = nullptr;  ///< a request to stop, and progress; a step is an image
};

struct image_folder {
  image_set images{};
  std::vector<std::string> classes{};          ///< the name of each label
  std::vector<std::filesystem::path> files{};  ///< of each image
};

namespace detail {

/// Entries of a folder in the order of their names' bytes.
inline std::vector<std::filesystem::path> sorted_entries(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> all;
  std::error_code failed;
  for (std::filesystem::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed))
    all.push_back(at->path());
  if (failed)
    throw file_error("file.read", "folder '" + folder.string() + "', reading", failed.message(),
                     "a folder with a folder of images for each class; check the path");
  std::ranges::sort(all, {}, [](const std::filesystem::path& p) { return p.filename().string(); });
  return all;
}

inline std::string lower_extension(const std::filesystem::path& file) {
  std::string extension = file.extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return extension;
}

/// Files below a class' folder that have an image's name: by folder, then by name. \throws training_error for a format
/// that is not read here: nothing is left out silently
inline void find_images(const std::filesystem::path& folder, std::vector<std::filesystem::path>& found) {
  constexpr auto into_links = std::filesystem::directory_options::follow_directory_symlink;
  std::vector<std::string> folders{folder.string()};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, into_links))
    if (entry.is_directory()) folders.push_back(entry.path().string());
  std::ranges::sort(folders);
  for (const std::string& of : folders)
    for (const std::filesystem::path& entry : sorted_entries(of)) {
      if (std::filesystem::is_directory(entry)) continue;
      const std::string extension = lower_extension(entry);
      const auto is_one_of = [&](std::initializer_list<const char*> names) {
        return std::ranges::find(names, extension) != names.end();
      };
      if (is_one_of({".jpg", ".jpeg", ".png"})) found.push_back(entry);
      else if (is_one_of({".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp"}))
        refuse_image(entry.string(), extension + ", an image in another format", ".jpg, .jpeg, .png; convert it");
    }
}

/// By what it begins with, whatever it is called. \throws training_error, file_error
inline decoded_image decode_image(const std::filesystem::path& file) {
  const std::string bytes = read_file(file);
  if (is_png(bytes)) return decode_png(bytes, file.string());
  if (is_jpeg(bytes)) return decode_jpeg(bytes, file.string());
  refuse_image(file.string(), "neither a JPEG nor a PNG", "one of these");
}

/// Pillow's: weights of 16 bits.
inline std::vector<std::uint8_t> grey_of(const std::vector<std::uint8_t>& colours) {
  std::vector<std::uint8_t> grey;
  for (std::size_t i = 0; i < colours.size(); i += 3)
    grey.push_back(static_cast<std::uint8_t>(
        (19595U * colours[i] + 38470U * colours[i + 1] + 7471U * colours[i + 2] + 0x8000U) >> 16));
  return grey;
}

}  // namespace detail

/// The images of a folder: its folders are the classes, in the order of their names, with all JPEG and PNG files below
/// them. What is transparent keeps its colour, of 16 bits the upper 8 are taken, files are not turned as their EXIF
/// says. \throws file_error where a folder or a file cannot be read; training_error for a class without images, an
/// image that is damaged, of another format, or of another size where none is asked for; stopped_error
inline image_folder read_image_folder(const std::filesystem::path& folder, const image_folder_options& options = {}) {
  const std::string of = "image folder '" + folder.string() + "'";
  if ((options.channels != 1 && options.channels != 3) || options.height < 0 || options.width < 0 ||
      (options.height == 0) != (options.width == 0))
    throw training_error("training.option", of + ", image_folder_options",
                         std::to_string(options.channels) + " channels, " + std::to_string(options.height) + " x " +
                             std::to_string(options.width) + " pixels",
                         "1 or 3 channels, and a height and a width, or none of them");
  image_folder all;
  std::vector<int> labels;
  for (const std::filesystem::path& entry : detail::sorted_entries(folder)) {
    if (!std::filesystem::is_directory(entry)) continue;
    const std::size_t before = all.files.size();
    detail::find_images(entry, all.files);
    if (all.files.size() == before)
      throw training_error("training.file", of + ", class '" + entry.filename().string() + "'", "no images",
                           "1 or more: .jpg, .jpeg, .png; remove the folder otherwise");
    labels.resize(all.files.size(), static_cast<int>(all.classes.size()));
    all.classes.push_back(entry.filename().string());
  }
  if (all.classes.empty())
    throw training_error("training.file", of, "no folders in it", "a folder of images for each class");
  all.images = {of, options.height, options.width, options.channels, static_cast<int>(all.classes.size()), {}, labels};
  detail::watch_or_none watched(options.watch);
  watch_job job = watched->begin("reading images", all.files.size());
  for (const std::filesystem::path& file : all.files) {
    watched->throw_if_stopped();
    detail::decoded_image one = detail::decode_image(file);
    if (all.images.height == 0) {
      all.images.height = one.height;
      all.images.width = one.width;
    }
    const bool fits = one.height == all.images.height && one.width == all.images.width;
    if (!fits && options.height == 0)
      detail::refuse_image(file.string(), std::to_string(one.height) + " x " + std::to_string(one.width) + " pixels",
                           std::to_string(all.images.height) + " x " + std::to_string(all.images.width) + ", as '" +
                               all.files.front().string() +
                               "' has; or give image_folder_options a height and a width to resize to");
    image_set now{file.string(), one.height, one.width, options.channels, 1, std::move(one.colours), {0}};
    if (options.channels == 1) now.pixels = detail::grey_of(now.pixels);
    if (!fits) now = resized(now, all.images.height, all.images.width);
    all.images.pixels.insert(all.images.pixels.end(), now.pixels.begin(), now.pixels.end());
    job.advance();
  }
  check_images(all.images);
  return all;
}

}  // namespace nascent
