// SPDX-License-Identifier: Apache-2.0
/// \file
/// How much memory there is, so that what cannot fit is refused before it is asked for.
#pragma once

#include <algorithm>
#include <limits>
#include <string>

#include <sys/resource.h>
#include <unistd.h>

#include "nascent/base/number_text.hpp"

namespace nascent {

/// Bytes that this process can have at most: the machine's memory, or less where the process is limited (`ulimit -v`).
/// How much of it others use is another question.
inline double memory_limit() {
  double least = std::numeric_limits<double>::max();
  const long pages = ::sysconf(_SC_PHYS_PAGES);
  const long page = ::sysconf(_SC_PAGE_SIZE);
  if (pages > 0 && page > 0) least = static_cast<double>(pages) * static_cast<double>(page);
  struct ::rlimit limit {};
  for (const auto what : {RLIMIT_AS, RLIMIT_DATA})
    if (::getrlimit(what, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
      least = std::min(least, static_cast<double>(limit.rlim_cur));
  return least;
}

/// "1.50 GB", "28 bytes".
inline std::string bytes_text(double bytes) {
  constexpr const char* units[] = {" bytes", " kB", " MB", " GB", " TB"};
  int unit = 0;
  for (; unit < 4 && bytes >= 1000; ++unit) bytes /= 1000;
  return (unit == 0 ? rounded_text(bytes, 0) : significant_text(bytes, 3)) + units[unit];
}

}  // namespace nascent
