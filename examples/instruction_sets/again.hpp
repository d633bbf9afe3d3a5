// SPDX-License-Identifier: Apache-2.0
/// \file
/// This program as a further process, from its start to its end.
#pragma once

#include <atomic>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace examples::sets {

/// Runs this program with other arguments, the first of which is its name, and returns its exit code. A request to stop
/// is handed on, once: the process saves what it has and ends. It ends with this one, too.
inline int run_again(const std::vector<std::string>& arguments, const std::atomic<int>& stop) {
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t process = ::fork();
  if (process < 0) throw std::runtime_error("the system starts no further process");
  if (process == 0) {
    ::setpgid(0, 0);  // a terminal's Ctrl-C reaches the first process alone, which hands it on: not twice
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() == parent) ::execv("/proc/self/exe", argv.data());
    ::_exit(127);
  }
  int status = 0;
  for (bool told = false; ::waitpid(process, &status, WNOHANG) == 0;) {
    if (stop != 0 && !told) {
      ::kill(process, SIGTERM);
      told = true;
    }
    ::usleep(20'000);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace examples::sets
