// SPDX-License-Identifier: Apache-2.0
// Latency tables as comma-separated values: what is read comes out of the table as it went in, or nothing was written.
#include <sstream>

#include "target.hpp"

#include "nascent/latency/exchange.hpp"

using namespace nascent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::scratch_file table("table");
  std::istringstream in(fuzz::text_of(data, size));
  try {
    const exchange_result r = import_csv(table.path(), in);
    fuzz::demand(r.written <= r.rows);
    std::stringstream out;
    latency_store(table.path(), {}, true).export_csv(out);
    fuzz::demand(import_csv(table.path(), out).written == 0);
  } catch (const latency_table_error&) {
  }
  return 0;
}
