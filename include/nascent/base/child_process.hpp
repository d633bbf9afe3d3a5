// SPDX-License-Identifier: Apache-2.0
/// \file
/// A command of the shell that is run to its end, or ended: what it was given, what it said, and how it ended.
#pragma once

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>

#include <fcntl.h>
#include <sys/poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nascent/base/error.hpp"

namespace nascent {

struct child_options {
  double time_limit_s = std::numeric_limits<double>::infinity();
  std::string input{};  ///< for its standard input
  /// Called with every line of its standard output; false ends the command.
  std::function<bool(std::string_view)> each_line{};
  std::function<bool()> is_stopped{};               ///< asked ten times a second; true ends the command
  std::size_t most_output = std::size_t{16} << 20;  ///< bytes of standard output; more end the command
};

/// How a command ended.
struct child_result {
  enum class end : unsigned char { exited, signalled, time_limit, enough, stopped, too_much_output };

  end how = end::exited;
  int code = 0;         ///< exit status, or the signal's number
  std::string error{};  ///< the last 4096 bytes of its standard error

  bool is_good() const { return how == end::exited && code == 0; }
};

namespace detail {

/// A file descriptor that closes itself.
class descriptor {
 public:
  explicit descriptor(int number = -1) : number_(number) {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() { close(); }

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  void set(int number) {
    close();
    number_ = number;
  }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

[[noreturn]] inline void throw_no_child(std::string_view command, int error) {
  throw nascent::error("base.child", "command '" + std::string(command) + "'", std::generic_category().message(error),
                       "a system that lets it start; end other processes, then try again");
}

struct pipe_ends {
  descriptor read;
  descriptor write;

  explicit pipe_ends(std::string_view command) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw_no_child(command, errno);
    read.set(ends[0]);
    write.set(ends[1]);
  }
};

/// A command under way, with its process group: what it started ends with it.
class child {
 public:
  child(const std::string& command, const child_options& options)
      : options_(options), input_(command), output_(command), error_(command) {
    id_ = ::fork();
    if (id_ < 0) throw_no_child(command, errno);
    if (id_ == 0) begin(command.c_str());
    ::setpgid(id_, id_);
    input_.read.close();
    output_.write.close();
    error_.write.close();
    for (const int end : {input_.write.number(), output_.read.number(), error_.read.number()})
      ::fcntl(end, F_SETFL, O_NONBLOCK);
    if (options_.input.empty()) input_.write.close();
  }
  child(const child&) = delete;
  child& operator=(const child&) = delete;
  ~child() {
    if (id_ > 0) finish(child_result::end::stopped);
  }

  child_result run() {
    const auto start = std::chrono::steady_clock::now();
    while (output_.read.is_open() || error_.read.is_open()) {
      exchange();
      if (enough_) return finish(child_result::end::enough);
      if (said_ > options_.most_output) return finish(child_result::end::too_much_output);
      if (options_.is_stopped && options_.is_stopped()) return finish(child_result::end::stopped);
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      if (taken.count() >= options_.time_limit_s) return finish(child_result::end::time_limit);
      if (!output_.read.is_open() || !error_.read.is_open() || quiet_)
        if (int status = 0; ::waitpid(id_, &status, WNOHANG) == id_) {  // what it left behind may hold the pipes
          id_ = 0;
          do exchange();
          while (!quiet_ && !enough_ && said_ <= options_.most_output && output_.read.is_open());
          end_line();
          return ended(status);
        }
    }
    end_line();
    for (;;) {
      int status = 0;
      if (::waitpid(id_, &status, WNOHANG) == id_) {
        id_ = 0;
        return ended(status);
      }
      if (options_.is_stopped && options_.is_stopped()) return finish(child_result::end::stopped);
      const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
      if (taken.count() >= options_.time_limit_s) return finish(child_result::end::time_limit);
      ::poll(nullptr, 0, 5);
    }
  }

 private:
  [[noreturn]] void begin(const char* command) const {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nobody waits for it once this process is gone
    ::dup2(input_.read.number(), 0);
    ::dup2(output_.write.number(), 1);
    ::dup2(error_.write.number(), 2);
    ::signal(SIGINT, SIG_DFL);
    ::signal(SIGTERM, SIG_DFL);
    ::signal(SIGPIPE, SIG_DFL);
    ::execl("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr));
    ::_exit(127);
  }

  /// Gives and takes what there is, for up to a tenth of a second.
  void exchange() {
    pollfd ends[3] = {
        {input_.write.number(), POLLOUT, 0}, {output_.read.number(), POLLIN, 0}, {error_.read.number(), POLLIN, 0}};
    const int ready = ::poll(ends, 3, id_ > 0 ? 100 : 0);
    quiet_ = ready <= 0;
    if (quiet_) return;
    if (ends[0].revents != 0) give();
    if (ends[1].revents != 0)
      take(output_.read, [this](std::string_view part) {
        said_ += part.size();
        line_ += part;
        for (std::size_t end = line_.find('\n'); end != std::string::npos && !enough_; end = line_.find('\n')) {
          say(std::string_view(line_).substr(0, end));
          line_.erase(0, end + 1);
        }
      });
    if (ends[2].revents != 0)
      take(error_.read, [this](std::string_view part) {
        complaint_ += part;
        if (complaint_.size() > most_complaint) complaint_.erase(0, complaint_.size() - most_complaint);
      });
  }

  void give() {
    // A command that does not read its input is none of our business, nor is its closed pipe a reason to end.
    struct sigaction ignore {};
    struct sigaction before {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before);
    const ssize_t n = ::write(input_.write.number(), options_.input.data() + given_, options_.input.size() - given_);
    const bool failed = n < 0 && errno != EAGAIN && errno != EINTR;
    ::sigaction(SIGPIPE, &before, nullptr);
    if (n > 0) given_ += static_cast<std::size_t>(n);
    if (failed || given_ == options_.input.size()) input_.write.close();
  }

  template <class Take>
  static void take(descriptor& from, Take&& use) {
    char part[16384];
    const ssize_t n = ::read(from.number(), part, sizeof part);
    if (n > 0) use(std::string_view(part, static_cast<std::size_t>(n)));
    else if (n == 0 || (errno != EAGAIN && errno != EINTR)) from.close();
  }

  void say(std::string_view line) {
    if (options_.each_line && !options_.each_line(line)) enough_ = true;
  }
  void end_line() {
    if (!line_.empty() && !enough_) say(line_);
    line_.clear();
  }

  /// Ends the command and all that it started: politely first.
  child_result finish(child_result::end how) {
    ::kill(-id_, SIGTERM);
    for (int wait = 0; wait < 200; ++wait) {
      if (::waitpid(id_, nullptr, WNOHANG) == id_) {
        ::kill(-id_, SIGKILL);
        id_ = 0;
        break;
      }
      ::poll(nullptr, 0, 10);
    }
    if (id_ > 0) {
      ::kill(-id_, SIGKILL);
      ::waitpid(id_, nullptr, 0);
      id_ = 0;
    }
    return {.how = how, .code = 0, .error = complaint_};
  }

  child_result ended(int status) const {
    if (WIFSIGNALED(status)) return {child_result::end::signalled, WTERMSIG(status), complaint_};
    return {child_result::end::exited, WEXITSTATUS(status), complaint_};
  }

  static constexpr std::size_t most_complaint = 4096;

  const child_options& options_;
  pipe_ends input_;
  pipe_ends output_;
  pipe_ends error_;
  pid_t id_ = 0;
  std::string line_;
  std::string complaint_;
  std::size_t given_ = 0;
  std::size_t said_ = 0;
  bool enough_ = false;
  bool quiet_ = false;
};

}  // namespace detail

/// Runs a command by /bin/sh, in a process group of its own: where it is ended, so is what it started. \throws error
/// where it cannot be started; what `each_line` and `is_stopped` throw
inline child_result run_child(const std::string& command, const child_options& options = {}) {
  return detail::child(command, options).run();
}

/// The number of this process: for names of files that others must not have.
inline int process_number() { return static_cast<int>(::getpid()); }

/// A text as one word for the shell.
inline std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

}  // namespace nascent
