#include "crypto/random.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <set>
#include <thread>

#include "base/reveal.h"

namespace kw::crypto {
namespace {

using Sample = std::array<std::uint8_t, 16>;

Sample sample() {
  Sample out{};
  random_public(out);
  return out;
}

TEST(Random, never_repeats_over_many_small_requests_and_threads) {
  constexpr std::size_t kEach = 20'000;
  std::array<std::vector<Sample>, 4> taken;
  std::vector<std::thread> threads;
  threads.reserve(taken.size());
  for (auto& mine : taken)
    threads.emplace_back([&mine] {
      for (std::size_t i = 0; i < kEach; ++i) mine.push_back(sample());
    });
  for (std::thread& thread : threads) thread.join();
  std::set<Sample> distinct;
  for (const auto& mine : taken) distinct.insert(mine.begin(), mine.end());
  EXPECT_EQ(distinct.size(), taken.size() * kEach);
}

TEST(Random, fills_every_byte_of_requests_of_every_size) {
  for (const std::size_t size : {1U, 15U, 64U, 65U, 1024U, 5000U}) {
    Bytes seen(size, 0);
    Bytes out(size);
    for (int round = 0; round < 20; ++round) {
      random_public(out);
      for (std::size_t i = 0; i < size; ++i) seen[i] |= out[i];
    }
    EXPECT_EQ(std::count(seen.begin(), seen.end(), 0), 0) << size;  // wrong once in 2^160 / size
  }
}

TEST(Random, a_forked_child_does_not_serve_what_its_parent_serves) {
  sample();  // there is a block in advance now
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe(pipe_ends.data()), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const Sample mine = sample();
    const bool written =
        write(pipe_ends[1], mine.data(), mine.size()) == static_cast<ssize_t>(mine.size());
    _exit(written ? 0 : 1);
  }
  const Sample mine = sample();
  Sample theirs{};
  ASSERT_EQ(read(pipe_ends[0], theirs.data(), theirs.size()), static_cast<ssize_t>(theirs.size()));
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  EXPECT_EQ(status, 0);
  EXPECT_NE(mine, theirs);
  EXPECT_NE(theirs, Sample{});
}

TEST(Random, secrets_have_their_size_and_differ) {
  const SecretBytes a = random_secret(32);
  const SecretBytes b = random_secret(32);
  EXPECT_EQ(a.size(), 32U);
  EXPECT_FALSE(equal_constant_time(a, b));
  EXPECT_TRUE(random_secret(0).empty());
  EXPECT_NE(random_id<KeyId>(), random_id<KeyId>());
}

}  // namespace
}  // namespace kw::crypto
