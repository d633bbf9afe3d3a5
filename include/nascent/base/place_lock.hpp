// SPDX-License-Identifier: Apache-2.0
/// \file
/// Who is still alive: numbered places in a file, each held by one process, free again however that process ended.
#pragma once

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "nascent/base/file.hpp"

namespace nascent {

/// Holds one place of a file until the end of its scope. The lock is the system's, on a byte of an empty file that
/// stays: it goes with the process, also where that is killed, on every machine that shares the file system.
class place_lock {
 public:
  /// Takes place `place`, which nobody may hold. \throws file_error
  place_lock(std::filesystem::path file, std::int64_t place)
      : path_(std::move(file)), file_(path_, O_RDWR | O_CREAT | O_CLOEXEC, 0666), place_(place) {
    struct flock lock = byte_of(place);
    if (!file_ || ::fcntl(file_.number(), F_OFD_SETLK, &lock) != 0) detail::throw_unwritable(path_, errno);
  }

  std::int64_t place() const { return place_; }

  /// Whether somebody holds a place; this lock's own is held. \throws file_error
  bool is_held(std::int64_t place) const {
    if (place == place_) return true;
    struct flock lock = byte_of(place);
    if (::fcntl(file_.number(), F_OFD_GETLK, &lock) != 0) detail::throw_unwritable(path_, errno);
    return lock.l_type != F_UNLCK;
  }

 private:
  static struct flock byte_of(std::int64_t place) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = place;
    lock.l_len = 1;
    return lock;
  }

  std::filesystem::path path_;
  detail::open_file file_;
  std::int64_t place_;
};

}  // namespace nascent
