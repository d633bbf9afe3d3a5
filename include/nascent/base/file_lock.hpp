// SPDX-License-Identifier: Apache-2.0
/// \file
/// One process at a time: for files that are read, changed and written as a whole.
#pragma once

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <string>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sys/file.h>

#include "nascent/base/file.hpp"
#include "nascent/base/number_text.hpp"

namespace nascent {

/// Holds a file against other processes that ask for it too, until the end of its scope. The lock is on an empty file
/// beside it, "hub.json.lock", which stays: who holds it, not whether it is there, is the lock.
class file_lock {
 public:
  /// \throws file_error where the lock cannot be made, or where another process holds it for longer than `patience_s`
  explicit file_lock(const std::filesystem::path& of, double patience_s = 30)
      : file_(path_of(of), O_RDWR | O_CREAT | O_CLOEXEC, 0666) {
    if (!file_) detail::throw_unwritable(path_of(of), errno);
    const auto start = std::chrono::steady_clock::now();
    while (::flock(file_.number(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) detail::throw_unwritable(path_of(of), errno);
      const std::chrono::duration<double> waited = std::chrono::steady_clock::now() - start;
      if (waited.count() >= patience_s)
        throw file_error("file.locked", "file '" + of.string() + "'",
                         "another process that has changed it for " + rounded_text(patience_s) + " s",
                         "one at a time; run the command again when it is done");
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

 private:
  static std::filesystem::path path_of(std::filesystem::path of) { return of += ".lock"; }

  detail::open_file file_;  ///< closing it gives the lock back
};

}  // namespace nascent
