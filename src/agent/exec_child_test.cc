#include "agent/exec_child.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "agent/folder_for_tests.h"

namespace kw::agent {
namespace {

Environment with(const std::string& value) {
  Environment environment;
  environment.emplace_back("KW_VALUE", WipedText(value));
  return environment;
}

struct Room {
  explicit Room(ExecChange change = ExecChange::kRestart, const std::string& script = "") {
    config.on_change = change;
    config.signal = SIGHUP;
    config.stop_timeout = std::chrono::seconds(20);
    const std::string program = script.empty()
                                    ? "trap 'exit 0' TERM; trap 'echo hup >> " +
                                          folder.file("out") + "' HUP; echo $KW_VALUE >> " +
                                          folder.file("out") + "; while :; do sleep 0.02; done"
                                    : script;
    child = std::make_unique<ExecChild>(config, Words{"/bin/sh", "-c", program}, [this](Ended how) {
      code = how.code;
      ++ends;
    });
  }
  void until(const std::string& text) const {
    for (int i = 0; i < 10'000 && folder.read("out") != text; ++i) usleep(1000);
    EXPECT_EQ(folder.read("out"), text);
  }
  Folder folder;
  ExecConfig config;
  std::atomic<int> code{-1}, ends{0};
  std::unique_ptr<ExecChild> child;
};

TEST(ExecChild, is_restarted_with_its_new_environment_and_nobody_is_told) {
  Room room;
  EXPECT_FALSE(room.child->started());
  ASSERT_TRUE(room.child->reload(with("one")));
  room.until("one\n");
  ASSERT_TRUE(room.child->reload(with("two")));
  room.until("one\ntwo\n");
  room.child->stop();
  EXPECT_EQ(room.ends, 0);
}

TEST(ExecChild, is_signalled_or_left_alone_when_the_settings_say_so) {
  Room signalled(ExecChange::kSignal);
  ASSERT_TRUE(signalled.child->reload(with("one")));
  signalled.until("one\n");
  ASSERT_TRUE(signalled.child->reload(with("two")));
  signalled.until("one\nhup\n");
  Room alone(ExecChange::kNothing);
  ASSERT_TRUE(alone.child->reload(with("one")));
  alone.until("one\n");
  ASSERT_TRUE(alone.child->reload(with("two")));
  EXPECT_EQ(alone.folder.read("out"), "one\n");
}

TEST(ExecChild, its_own_end_is_told_with_its_code) {
  Room room(ExecChange::kRestart, "exit 42");
  ASSERT_TRUE(room.child->reload(with("one")));
  for (int i = 0; i < 10'000 && room.ends == 0; ++i) usleep(1000);
  EXPECT_EQ(room.code, 42);
  room.child->signal(SIGTERM);
  room.child->stop();
  EXPECT_EQ(room.ends, 1);
}

TEST(ExecChild, a_program_that_is_not_there_is_an_error) {
  ExecConfig config;
  ExecChild child(config, {"/nonexistent/program"}, [](Ended) {});
  EXPECT_EQ(child.reload(with("one")).error().reason, "program_not_started");
}

}  // namespace
}  // namespace kw::agent
