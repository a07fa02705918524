// What was acknowledged survives kill -9 at any moment.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <random>
#include <string>

#include "base/check.h"
#include "store/contract.h"

namespace kw::store {
namespace {

class Victim {
 public:
  explicit Victim(const std::string& url) {
    int ends[2];
    KW_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
    child_ = ::fork();
    KW_CHECK(child_ >= 0);  // kill(-1) would reach every process there is
    if (child_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::execl(KW_KILL_TARGET, KW_KILL_TARGET, url.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    acknowledged_ = ::fdopen(ends[0], "r");
  }
  ~Victim() {
    std::fclose(acknowledged_);
    ::waitpid(child_, nullptr, 0);
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  bool next(int& thread, std::int64_t& number) {
    std::array<char, 64> line{};
    if (std::fgets(line.data(), line.size(), acknowledged_) == nullptr) return false;
    char* rest = nullptr;
    thread = static_cast<int>(std::strtol(line.data(), &rest, 10));
    number = std::strtoll(rest, nullptr, 10);
    return true;
  }
  void kill() const { ::kill(child_, SIGKILL); }

 private:
  pid_t child_ = -1;
  FILE* acknowledged_ = nullptr;
};

using Highest = std::map<int, std::int64_t>;

// Kills after `most` acknowledgements and collects also those that were in the pipe by then.
void live_and_die(const std::string& url, int most, Highest& highest) {
  Victim victim(url);
  int thread = 0;
  std::int64_t number = 0;
  for (int count = 0; victim.next(thread, number); ++count) {
    highest[thread] = std::max(highest[thread], number);
    if (count == most) victim.kill();
  }
}

void check_all(const std::string& url, const Highest& highest) {
  auto store = open(url);
  ASSERT_EQ(reason(store), "");
  const Status read = (*store)->read([&](Reader& reader) -> Status {
    for (const auto& [thread, number] : highest) {
      KW_TRY(auto row,
             reader.query_one("SELECT count(*), max(number) FROM ack WHERE thread = $1", {thread}));
      EXPECT_GE(row->integer(0), number);
      EXPECT_EQ(row->integer(0), row->integer(1));
    }
    KW_TRY(auto sound, reader.query_one("PRAGMA integrity_check", {}));
    EXPECT_EQ(sound->text(0), "ok");
    return ok();
  });
  EXPECT_EQ(reason(read), "");
}

TEST(SqliteCrash, loses_nothing_that_was_acknowledged) {
  std::string folder = testing::TempDir() + "kwcrash.XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const std::string url = "sqlite://" + folder + "/store.db";
  const unsigned seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  std::mt19937 random(seed);
  Highest highest;
  for (int life = 0; life < 12; ++life) {
    live_and_die(url, static_cast<int>(random() % 800), highest);
    check_all(url, highest);
  }
  EXPECT_EQ(highest.size(), 8U);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace kw::store
