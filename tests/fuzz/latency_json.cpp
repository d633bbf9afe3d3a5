// SPDX-License-Identifier: Apache-2.0
// Latency tables as JSON: what is read comes out of the table as it went in, or nothing was written.
#include "nascent/io/latency_json.hpp"

#include "target.hpp"

using namespace nascent;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::scratch_file file(data, size);
  const fuzz::scratch_file table("table");
  try {
    const json j = read_json(file.path());
    const exchange_result r = import_latency_json(table.path(), j);
    fuzz::demand(r.written <= r.rows);
    fuzz::demand(import_latency_json(table.path(), latency_table_to_json(table.path())).written == 0);
  } catch (const json_error&) {
    fuzz::demand(!std::filesystem::exists(table.path()));
  } catch (const latency_table_error&) {
  }
  return 0;
}
