// SPDX-License-Identifier: Apache-2.0
/// \file
/// Files written whole or not at all.
#pragma once

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nascent/base/error.hpp"

namespace nascent {

/// A file that cannot be read or written: the text says which, why, and what to do about it.
struct file_error : error {
  using error::error;
};

namespace detail {

/// An open file that closes itself.
class open_file {
 public:
  open_file(const std::filesystem::path& path, int flags, mode_t mode = 0)
      : number_(::open(path.c_str(), flags, mode)) {}
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() { static_cast<void>(close()); }

  explicit operator bool() const { return number_ >= 0; }
  int number() const { return number_; }

  /// False, with errno, where not everything could be written.
  bool write(std::string_view content) const {
    while (!content.empty()) {
      const ssize_t n = ::write(number_, content.data(), content.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      content.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  bool close() {
    const int number = std::exchange(number_, -1);
    return number < 0 || ::close(number) == 0;
  }

 private:
  int number_;
};

/// What to do about an error of the system.
inline std::string remedy_for(int error, const std::filesystem::path& folder) {
  const std::string where = "'" + folder.string() + "'";
  switch (error) {
    case ENOENT:
    case ENOTDIR: return "make the folder " + where + " first, or check the path";
    case EACCES:
    case EPERM:
    case EROFS: return "ask for the permission to write it and its folder " + where + ", or name another path";
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return "free some space there, or name a path on another disk";
    case EISDIR: return "it is a folder; name a file in it";
    case ENAMETOOLONG: return "choose a shorter name";
    default: return "check the path and the disk";
  }
}

[[noreturn]] inline void throw_unwritable(const std::filesystem::path& path, int error) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  throw file_error("file.write", "file '" + path.string() + "', writing", std::generic_category().message(error),
                   "a path that can be written; " + remedy_for(error, folder));
}

/// A device or a pipe has nothing to lose: it takes the text as it comes.
inline void write_through(const std::filesystem::path& path, std::string_view content) {
  open_file file(path, O_WRONLY | O_CLOEXEC);
  if (!file || !file.write(content) || !file.close()) throw_unwritable(path, errno);
}

/// Puts `content` into a new file next to `path`, safely on the disk, then gives it the name. Returns errno, 0 if all
/// went well.
inline int replace_file(const std::filesystem::path& path, std::string_view content, mode_t mode, bool keep_mode) {
  static std::atomic<unsigned> count{0};
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const std::string prefix = ".nascent-" + std::to_string(::getpid()) + "-";
  for (;;) {
    const std::filesystem::path temporary = folder / (prefix + std::to_string(count++) + ".tmp");
    open_file file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (!file && errno == EEXIST) continue;  // left behind by a process of this number that was killed
    if (!file) return errno;
    const bool written = (!keep_mode || ::fchmod(file.number(), mode) == 0) && file.write(content) &&
                         ::fsync(file.number()) == 0 && file.close() &&
                         std::rename(temporary.c_str(), path.c_str()) == 0;
    if (written) break;
    const int error = errno;
    ::unlink(temporary.c_str());
    return error;
  }
  const open_file entry(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (entry)
    static_cast<void>(::fsync(entry.number()));  // the new name too; some file systems cannot, the text is safe
  return 0;
}

/// The file that is to be written.
struct write_target {
  std::filesystem::path path;  ///< behind links
  bool exists = false;
  bool regular = true;  ///< or will be; a device or a pipe is not
  mode_t mode = 0666;
};

/// \throws file_error where what is there cannot be written
inline write_target find_write_target(const std::filesystem::path& path) {
  std::error_code ignored;
  write_target target{.path = std::filesystem::canonical(path, ignored)};  // fails for a new file
  if (ignored) target.path = path;
  if (target.path.empty()) throw file_error("file.write", "file '', writing", "no name", "the path of a file");
  const std::filesystem::file_status status = std::filesystem::status(target.path, ignored);
  target.exists = std::filesystem::exists(status);
  if (std::filesystem::is_directory(status)) throw_unwritable(path, EISDIR);
  target.regular = !target.exists || std::filesystem::is_regular_file(status);
  if (target.exists && ::faccessat(AT_FDCWD, target.path.c_str(), W_OK, AT_EACCESS) != 0) throw_unwritable(path, errno);
  if (target.exists) target.mode = static_cast<mode_t>(status.permissions());
  return target;
}

}  // namespace detail

/// Writes a file whole or not at all: whatever happens, the path holds the old text or the new one. Keeps permissions,
/// follows links. \throws file_error
inline void write_file(const std::filesystem::path& path, std::string_view content) {
  const detail::write_target target = detail::find_write_target(path);
  if (!target.regular) return detail::write_through(target.path, content);
  if (const int error = detail::replace_file(target.path, content, target.mode, target.exists); error != 0)
    detail::throw_unwritable(path, error);
}

/// For the beginning of long work: that `write_file` will be able to write there, as far as that can be seen. Leaves
/// nothing behind. \throws file_error
inline void check_writable(const std::filesystem::path& path) {
  const detail::write_target target = detail::find_write_target(path);
  if (!target.regular) return;
  const std::filesystem::path folder = target.path.has_parent_path() ? target.path.parent_path() : ".";
  std::string probe = (folder / (".nascent-" + std::to_string(::getpid()) + "-XXXXXX")).string();
  const int number = ::mkstemp(probe.data());
  if (number < 0) detail::throw_unwritable(path, errno);
  ::close(number);
  ::unlink(probe.c_str());
}

/// The text of a file of up to 256 MiB: more is no text, or without end, as /dev/zero is. \throws file_error
inline std::string read_file(const std::filesystem::path& path) {
  constexpr std::size_t most = std::size_t{256} << 20;
  const auto fail = [&](int error) {
    throw file_error("file.read", "file '" + path.string() + "', reading", std::generic_category().message(error),
                     error == EISDIR   ? "the path of a file; this is a folder: name a file in it"
                     : error == EACCES ? "a file that can be read; ask for the permission"
                                       : "a file that can be read; check the path");
  };
  const detail::open_file file(path, O_RDONLY | O_CLOEXEC);
  if (!file) fail(errno);
  std::string content;
  char part[16384];
  for (;;) {
    const ssize_t n = ::read(file.number(), part, sizeof part);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(errno);
    if (n <= 0) return content;
    if (static_cast<std::size_t>(n) > most - content.size())
      throw file_error("file.read", "file '" + path.string() + "', reading", "more than 256 MiB",
                       "a file of text; check the path");
    content.append(part, static_cast<std::size_t>(n));
  }
}

}  // namespace nascent
