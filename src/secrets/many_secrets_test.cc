// Many secrets of one system that rotate at once, while some of its answers get lost.
// KEYWRIGHT_SECRETS: how many.
#include <stdlib.h>

#include <iostream>

#include "secrets/rotation_room_for_test.h"

namespace kw::secrets {
namespace {

using rotation::RunState;

constexpr std::chrono::seconds kRound{10};
constexpr int kRoundsInMinute = 6;

int secrets_wanted() {
  const char* const text = ::getenv("KEYWRIGHT_SECRETS");  // NOLINT(concurrency-mt-unsafe)
  return text == nullptr ? 60 : static_cast<int>(::strtol(text, nullptr, 10));
}

/// The most events that any minute of the clock had.
int most_in_a_minute(const std::vector<std::int64_t>& times) {
  std::size_t first = 0;
  int most = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    while (times[i] - times[first] >= 60'000'000) ++first;
    most = std::max(most, static_cast<int>(i - first) + 1);
  }
  return most;
}

class ManySecrets : public testing::Test {
 protected:
  std::vector<std::int64_t> numbers(std::string_view sql) {
    std::vector<std::int64_t> found;
    must(room.house.store->read([&](store::Reader& reader) -> Status {
      found.clear();
      KW_TRY(const store::Rows rows, reader.query(sql, {}));
      for (const store::Row& row : rows) found.push_back(row.integer(0));
      return ok();
    }));
    return found;
  }
  /// Rounds until all runs ended. @returns the most logins of a minute
  int carry_all() {
    int most = 0, before = room.system->logins();
    for (int i = 1; i < 10'000 && open() > 0; ++i) {
      must(room.engine->tick());
      room.house.clock.advance(kRound);
      if (i % kRoundsInMinute != 0) continue;
      most = std::max(most, room.system->logins() - before);
      before = room.system->logins();
    }
    return most;
  }
  std::int64_t open() {
    return numbers("SELECT COUNT(*) FROM rotation_run WHERE finished_at IS NULL").front();
  }

  RotationRoom room{FakeSystem::Kind::kAlternating};
};

TEST_F(ManySecrets, begin_at_a_pace_and_end_in_success_or_a_clean_rollback) {
  const int count = secrets_wanted(), pace = std::max(6, count / 10);
  room.bind_app();
  const int before = room.system->logins();
  EXPECT_EQ(room.carry_to_end(room.start("app").id).state, RunState::kDone);
  const int logins_of_one = room.system->logins() - before;

  room.options.begins_per_minute = pace;
  room.options.in_flight_per_tenant = room.options.in_flight_per_target = count;
  room.restart();
  std::vector<RunId> runs;
  for (int i = 0; i < count; ++i) {
    const std::string path = "many/" + std::to_string(i);
    room.bind_app({}, path);
    runs.push_back(room.start(path).id);
  }
  room.system->faults_per_hundred = 5;
  const int calls = room.system->calls();
  const int most_logins = carry_all();
  room.system->faults_per_hundred = 0;

  int rolled_back = 0;
  for (int i = 0; i < count; ++i) {
    const std::string path = "many/" + std::to_string(i);
    const auto run = room.show(runs[static_cast<std::size_t>(i)]);
    const bool back = run.state == RunState::kRolledBack;
    EXPECT_TRUE(back || run.state == RunState::kDone) << path << " " << run.problem;
    EXPECT_TRUE(room.reader_gets_in(path)) << path;
    EXPECT_EQ(room.works(1, path), back) << path;
    rolled_back += back ? 1 : 0;
  }
  const auto promoted = numbers(
      "SELECT promoted_at FROM rotation_run WHERE promoted_at IS NOT NULL ORDER BY promoted_at");
  const int most_promoted = most_in_a_minute(promoted);
  // A round is a sixth of a minute: so many may be early or late.
  EXPECT_LE(most_promoted, pace + pace / kRoundsInMinute + 1);
  EXPECT_LE(most_logins, pace * logins_of_one * 3 / 2);
  std::cout << count << " secrets, at most " << pace << " begin in a minute: at most "
            << most_promoted << " reloads and " << most_logins << " logins in a minute ("
            << logins_of_one << " of one rotation), " << room.system->calls() - calls
            << " calls, 5 % of them without an answer: " << count - rolled_back << " rotated, "
            << rolled_back << " rolled back\n";
}

}  // namespace
}  // namespace kw::secrets
