// SPDX-License-Identifier: Apache-2.0
#include "nascent/base/file.hpp"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "../temporary_folder.hpp"
#include <catch2/catch_test_macros.hpp>
#include <sys/resource.h>

namespace fs = std::filesystem;
using nascent::file_error;
using nascent::read_file;
using nascent::write_file;
using test::temporary_folder;

namespace {

std::size_t entries(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

/// The error that writing to `path` ends in.
std::string write_fault(const fs::path& path, const std::string& content = "new") {
  try {
    write_file(path, content);
  } catch (const file_error& e) {
    CHECK(e.where() == "file '" + path.string() + "', writing");
    return e.what();
  }
  return "";
}

bool contains(const std::string& all, const std::string& part) { return all.find(part) != std::string::npos; }

/// Files of this process cannot grow past a few bytes for a while: a full disk in the middle of a write.
class full_disk {
 public:
  explicit full_disk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit less{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &less);
  }
  full_disk(const full_disk&) = delete;
  full_disk& operator=(const full_disk&) = delete;
  ~full_disk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int);
};

TEST_CASE("a file without end is refused before it fills the memory") {
  std::string message;
  try {
    static_cast<void>(read_file("/dev/zero"));
  } catch (const file_error& e) {
    message = e.what();
  }
  CHECK(message ==
        "nascent: file '/dev/zero', reading: found more than 256 MiB; allowed: a file of text; check the path");
}

TEST_CASE("a file holds what was written last, and nothing else is left behind") {
  const temporary_folder folder;
  const fs::path path = folder / "a.txt";
  const std::string binary("\0\n\r\xff end", 8);
  for (const std::string& content : {std::string("first"), std::string(), binary, std::string(3 << 20, 'x')}) {
    write_file(path, content);
    CHECK(read_file(path) == content);
    CHECK(entries(folder.path()) == 1);
  }
}

TEST_CASE("a path without a folder is one in the working folder") {
  const temporary_folder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  write_file("plain.txt", "x");
  fs::current_path(before);
  CHECK(read_file(folder / "plain.txt") == "x");
}

TEST_CASE("permissions survive, links are followed") {
  const temporary_folder folder;
  write_file(folder / "a", "1");
  fs::create_symlink("a", folder / "link");
  // More and less than what a new file has under the mask of 022 or 027.
  const mode_t mask = ::umask(022);
  for (const int mode : {0666, 0604, 0600, 0755}) {
    fs::permissions(folder / "a", static_cast<fs::perms>(mode));
    write_file(folder / "link", std::to_string(mode));
    CHECK(fs::is_symlink(folder / "link"));
    CHECK(read_file(folder / "a") == std::to_string(mode));
    CHECK(fs::status(folder / "a").permissions() == static_cast<fs::perms>(mode));
  }

  ::umask(027);
  write_file(folder / "b", "1");
  ::umask(mask);
  CHECK(fs::status(folder / "b").permissions() == static_cast<fs::perms>(0640));
}

TEST_CASE("an error says which file, why, and what to do") {
  const temporary_folder folder;
  const std::string missing = write_fault(folder / "no" / "such" / "file");
  CHECK(contains(missing, (folder / "no" / "such" / "file").string()));
  CHECK(contains(missing, "found No such file or directory; allowed: a path that can be written; make the folder '" +
                              (folder / "no" / "such").string() + "' first"));
  CHECK(contains(write_fault(folder.path()),
                 "Is a directory; allowed: a path that can be written; it is a folder; name a file in it"));
  CHECK(contains(write_fault(""), "found no name; allowed: the path of a file"));
  CHECK(contains(write_fault(folder / std::string(300, 'n')), "choose a shorter name"));
  write_file(folder / "file", "x");
  CHECK(contains(write_fault(folder / "file" / "below"), "Not a directory"));
  CHECK(entries(folder.path()) == 1);
}

/// Root may write anywhere: somebody else for a while.
class nobody {
 public:
  static constexpr uid_t id = 65534;

  nobody() : is_root_(::geteuid() == 0), worked_(!is_root_ || ::seteuid(id) == 0) {}
  nobody(const nobody&) = delete;
  nobody& operator=(const nobody&) = delete;
  ~nobody() {
    if (is_root_ && worked_) static_cast<void>(::seteuid(0));
  }
  bool is_root() const { return is_root_; }
  bool worked() const { return worked_; }

 private:
  bool is_root_;
  bool worked_;
};

TEST_CASE("a folder that takes no files leaves what is there alone") {
  CHECK(contains(write_fault("/proc/nascent-test"), "allowed: a path that can be written"));
  const temporary_folder folder;
  write_file(folder / "a", "old");
  if (::geteuid() == 0)
    for (const fs::path& path : {folder.path(), folder / "a"})
      REQUIRE(::chown(path.c_str(), nobody::id, nobody::id) == 0);
  const nobody caller;
  if (!caller.worked()) SKIP("root that cannot be anybody else");
  fs::permissions(folder.path(), fs::perms::owner_read | fs::perms::owner_exec);
  CHECK(contains(write_fault(folder / "a"),
                 "found Permission denied; allowed: a path that can be written; ask for the permission to write it"));
  fs::permissions(folder.path(), fs::perms::owner_all);
  CHECK(read_file(folder / "a") == "old");
  fs::permissions(folder / "a", fs::perms::owner_read);
  CHECK(contains(write_fault(folder / "a"), "Permission denied"));
  CHECK(read_file(folder / "a") == "old");
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a disk that is full in the middle of a file leaves the old file, and no half one") {
  const temporary_folder folder;
  write_file(folder / "a", "old");
  std::string found;
  {
    const full_disk disk(1000);
    found = write_fault(folder / "a", std::string(100'000, 'n'));
    CHECK(contains(write_fault(folder / "b", std::string(100'000, 'n')), "free some space"));
  }
  CHECK(contains(found, "free some space there, or name a path on another disk"));
  CHECK(read_file(folder / "a") == "old");
  CHECK(entries(folder.path()) == 1);
  write_file(folder / "a", "new");
  CHECK(read_file(folder / "a") == "new");
}

TEST_CASE("a device is written to, never replaced") {
  if (!fs::is_character_file("/dev/full")) return;
  CHECK(contains(write_fault("/dev/full"),
                 "No space left on device; allowed: a path that can be written; free some space"));
  CHECK(fs::is_character_file("/dev/full"));
  write_file("/dev/null", "x");
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("writers at the same time each write a whole file") {
  const temporary_folder folder;
  const fs::path path = folder / "shared";
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i)
    writers.emplace_back([&path, i] {
      for (int k = 0; k < 20; ++k) write_file(path, std::string(20'000, static_cast<char>('a' + i)));
    });
  for (std::thread& w : writers) w.join();
  const std::string content = read_file(path);
  CHECK(content.size() == 20'000);
  CHECK(std::all_of(content.begin(), content.end(), [&](char c) { return c == content.front(); }));
  CHECK(entries(folder.path()) == 1);
}

TEST_CASE("what a killed writer left does not stop the next") {
  const temporary_folder folder;
  for (int i = 0; i < 2000; ++i)
    test::make_empty(folder / (".nascent-" + std::to_string(::getpid()) + "-" + std::to_string(i) + ".tmp"));
  write_file(folder / "a", "x");
  CHECK(read_file(folder / "a") == "x");
}

TEST_CASE("reading says what is wrong") {
  const temporary_folder folder;
  const auto fault = [](const fs::path& path) {
    try {
      return "read " + read_file(path);
    } catch (const file_error& e) {
      return std::string(e.what());
    }
  };
  CHECK(contains(fault(folder / "none"),
                 "reading: found No such file or directory; allowed: a file that can be read; check the path"));
  CHECK(contains(fault(folder.path()), "this is a folder: name a file in it"));
}

TEST_CASE("whether a file can be written is seen before there is anything to write, and leaves no trace") {
  const temporary_folder folder;
  const auto fault = [](const fs::path& path) -> std::string {
    try {
      nascent::check_writable(path);
    } catch (const file_error& e) {
      return e.what();
    }
    return "";
  };
  CHECK(fault(folder / "new.txt").empty());
  CHECK(entries(folder.path()) == 0);
  write_file(folder / "old.txt", "old");
  CHECK(fault(folder / "old.txt").empty());
  CHECK(read_file(folder / "old.txt") == "old");
  CHECK(fault("/dev/null").empty());
  CHECK(contains(fault(folder / "no/such/x.csv"), "No such file or directory"));
  CHECK(contains(fault(folder.path()), "it is a folder"));
  CHECK(contains(fault(folder / "old.txt" / "x"), "Not a directory"));
  CHECK(contains(fault(""), "no name"));
  CHECK(contains(fault("/proc/no_such_file"), "allowed: a path that can be written"));
  CHECK(entries(folder.path()) == 1);
}

}  // namespace
