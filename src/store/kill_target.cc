// Writes acknowledged numbers to a store and to standard output until it is killed.
//
// Line "t n": the write of number n by thread t was acknowledged. Used by sqlite_crash_test.cc.
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "base/check.h"
#include "store/store.h"

namespace {

// Each thread goes on after the highest number that an earlier life stored.
void write_numbers(kw::store::Store& store, int thread) {
  for (;;) {
    std::int64_t number = 0;
    const kw::Status written = store.write([&](kw::store::Tx& tx) -> kw::Status {
      KW_TRY(auto row, tx.query_one("SELECT count(*) FROM ack WHERE thread = $1", {thread}));
      number = row->integer(0) + 1;
      KW_OK(tx.execute("INSERT INTO ack (thread, number) VALUES ($1, $2)", {thread, number}));
      return kw::ok();
    });
    KW_CHECK(written.has_value());
    const std::string line = std::to_string(thread) + " " + std::to_string(number) + "\n";
    // One write of a short line to a pipe is atomic.
    KW_CHECK(::write(STDOUT_FILENO, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  KW_CHECK(argc == 2);
  constexpr kw::store::Migration kSchema{
      "kill", 1,
      "CREATE TABLE ack (thread BIGINT NOT NULL, number BIGINT NOT NULL,"
      " PRIMARY KEY (thread, number))"};
  auto store = kw::store::open(argv[1]);
  KW_CHECK(store.has_value());
  KW_CHECK((*store)->migrate({&kSchema, 1}).has_value());
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int i = 0; i < 8; ++i) threads.emplace_back([&store, i] { write_numbers(**store, i); });
  for (std::thread& thread : threads) thread.join();
  return 0;
}
