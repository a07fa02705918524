// Measures the store: rewriting cells in bulk against row by row, and durable writes per second.
//
//   store_bench [rows]            in $TMPDIR and, when it is installed, on a PostgreSQL of its own
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <thread>

#include "base/check.h"
#include "base/clock.h"
#include "store/postgres_fixture.h"
#include "store/store.h"

namespace kw::store {
namespace {

constexpr std::size_t kCellSize = 96;
constexpr std::size_t kSlice = 1'000;
constexpr Migration kSchema[] = {
    {"bench", 1, "CREATE TABLE cells (id BIGINT PRIMARY KEY, cell BYTEA NOT NULL)/*cells*/"},
    {"bench", 2, "CREATE TABLE version (id BIGINT PRIMARY KEY, note TEXT NOT NULL)"},
    {"bench", 3, "CREATE TABLE leaf (id BIGINT PRIMARY KEY, body BYTEA NOT NULL)"},
};

void must(const Status& status) {
  if (!status) std::fprintf(stderr, "%s\n", status.error().message.c_str());
  KW_CHECK(status.has_value());
}

template <typename Run>
void measure(Store& store, const char* what, std::int64_t count, const Run& run) {
  const SystemClock clock;
  const SteadyTime start = clock.steady();
  const std::clock_t cpu_start = std::clock();
  run();
  const double cpu = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
  const std::chrono::duration<double> taken = clock.steady() - start;
  // On a busy machine the processor time of this process is the steadier number.
  std::printf("%-9s %-48s %9.0f /s %8.2f us of CPU each\n", std::string(store.engine()).c_str(),
              what, static_cast<double>(count) / taken.count(),
              cpu * 1e6 / static_cast<double>(count));
  std::fflush(stdout);
}

Bytes cell(std::uint32_t prefix) {
  Bytes bytes = ByteWriter().u32(prefix).bytes();
  bytes.resize(kCellSize, static_cast<std::uint8_t>(prefix));
  return bytes;
}

void fill(Store& store, std::int64_t rows) {
  const Bytes first = cell(1);
  for (std::int64_t id = 1; id <= rows; id += 10'000)
    must(store.write([&](Tx& tx) -> Status {
      for (std::int64_t i = id; i < id + 10'000 && i <= rows; ++i)
        KW_OK(tx.post("INSERT INTO cells (id, cell) VALUES ($1, $2)", {i, first}));
      return ok();
    }));
}

// Keeps the prefix; another filling, since an unchanged row would not be written at all.
void row_by_row(Store& store, std::int64_t rows) {
  Bytes next = cell(1);
  next.back() = 99;
  for (std::int64_t id = 1; id <= rows; ++id)
    must(store.write([&](Tx& tx) -> Status {
      KW_OK(tx.query("SELECT cell FROM cells WHERE id = $1", {id}));
      KW_OK(tx.execute("UPDATE cells SET cell = $1 WHERE id = $2", {next, id}));
      return ok();
    }));
}

// As a re-wrap does without its crypto; `read` off measures the writing alone.
void in_slices(Store& store, std::int64_t rows, std::uint32_t prefix, bool read) {
  const Bytes next = cell(prefix);
  std::vector<CellUpdate> updates(kSlice);
  for (std::int64_t after = 0; after < rows; after += kSlice)
    must(store.write(
        [&](Tx& tx) -> Status {
          if (read) KW_OK(tx.read_cells("cells", after, rows, kSlice));
          for (std::size_t i = 0; i < kSlice; ++i)
            updates[i] = {after + static_cast<std::int64_t>(i) + 1, prefix - 1, next};
          KW_TRY(auto count, tx.write_cells("cells", updates));
          KW_CHECK(count == static_cast<std::int64_t>(kSlice));
          return ok();
        },
        Priority::kBackground));
}

void durable_writes(Store& store, int threads, std::int64_t each, std::int64_t first) {
  const Bytes body(300, 7);
  std::vector<std::thread> running;
  running.reserve(static_cast<std::size_t>(threads));
  for (int t = 0; t < threads; ++t)
    running.emplace_back([&, id = first + t * each]() mutable {
      for (const std::int64_t end = id + each; id < end; ++id)
        must(store.write([&](Tx& tx) -> Status {
          KW_OK(tx.query("SELECT note FROM version WHERE id = $1", {id - 1}));
          KW_OK(tx.post("INSERT INTO version (id, note) VALUES ($1, $2)", {id, "a version"}));
          return tx.post("INSERT INTO leaf (id, body) VALUES ($1, $2)", {id, body});
        }));
    });
  for (std::thread& thread : running) thread.join();
}

void bench(const std::string& url, std::int64_t rows) {
  auto opened = open(url);
  KW_CHECK(opened.has_value());
  Store& store = **opened;
  must(store.migrate(kSchema));
  measure(store, "cells inserted", rows, [&] { fill(store, rows); });
  measure(store, "cells rewritten row by row", 3'000, [&] { row_by_row(store, 3'000); });
  for (std::uint32_t round = 2; round <= 6; round += 2) {
    measure(store, "cells written in slices of 1,000", rows,
            [&] { in_slices(store, rows, round, false); });
    measure(store, "cells read and written in slices of 1,000", rows,
            [&] { in_slices(store, rows, round + 1, true); });
  }
  std::int64_t first = 1;
  for (const int threads : {1, 16, 64}) {
    const std::int64_t each = threads == 1 ? 3'000 : 30'000 / threads;
    const std::string what =
        "durable writes (1 read, 2 inserts), threads: " + std::to_string(threads);
    measure(store, what.c_str(), threads * each,
            [&] { durable_writes(store, threads, each, first); });
    std::printf("%-9s   p99 of the last second: %.2f ms\n", "", store.foreground().p99 * 1000);
    first += threads * each;
  }
}

}  // namespace
}  // namespace kw::store

int main(int argc, char** argv) {
  const std::int64_t rows =
      (argc > 1 ? std::strtoll(argv[1], nullptr, 10) : 1'000'000) / 1000 * 1000;
  std::string folder = (std::filesystem::temp_directory_path() / "kwbench.XXXXXX").string();
  KW_CHECK(::mkdtemp(folder.data()) != nullptr);
  kw::store::bench("sqlite://" + folder + "/store.db", rows);
  std::filesystem::remove_all(folder);
  auto server = kw::store::PostgresServer::start();
  if (server) kw::store::bench((*server)->fresh_database(), rows);
  return 0;
}
