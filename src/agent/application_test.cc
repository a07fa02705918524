#include "agent/application.h"

#include <unistd.h>

#include "agent/folder_for_tests.h"

namespace kw::agent {
namespace {

struct NoPause final : Pause {
  bool wait(std::chrono::milliseconds) override { return true; }
};

// Notes what it is told and what the file held then.
struct NotingDelivery final : Delivery {
  explicit NotingDelivery(const Folder& f) : folder(f) {}
  Status reload(const Environment&) override {
    told.push_back(folder.read("login"));
    return ok();
  }
  const Folder& folder;
  std::vector<std::string> told;
};

struct Room {
  Room() {
    FileConfig file{Roots({folder.path}).place(folder.file("login")).value(),
                    codec::TextTemplate::parse("{{db#user}}:{{db#password}}").value(),
                    {}};
    config.name = "app";
    config.files.push_back(std::move(file));
    config.health.how = CommandCheck{{"/bin/sh", "-c", "test ! -e " + folder.file("broken")}};
    config.health.timeout = std::chrono::milliseconds(50);
    config.health.interval = std::chrono::milliseconds(10);
    restart();
  }
  void restart() {
    application = std::make_unique<Application>(config, holdings, delivery, pause, log);
  }
  void offer(std::uint32_t version, bool whole = true) {
    auto value = std::make_shared<client::SecretValue>();
    value->path = "db";
    value->version = version;
    value->parts.emplace_back("user", SecretBytes::copy_of(as_bytes("app")));
    const std::string password = "p" + std::to_string(version);
    if (whole) value->parts.emplace_back("password", SecretBytes::copy_of(as_bytes(password)));
    holdings.offer(std::move(value));
  }
  Taken take() { return application->take(clock.steady()); }
  bool behind() { return application->is_behind(clock.steady()); }

  Folder folder;
  FakeClock clock{from_micros(1'800'000'000'000'000)};
  Holdings holdings{{"db"}, {}, clock};
  NotingDelivery delivery{folder};
  NoPause pause;
  observe::Log log{clock, observe::Level::kError, observe::Log::Format::kJson,
                   [this](std::string_view line) { logged += line; }};
  ApplicationConfig config;
  std::unique_ptr<Application> application;
  std::string logged;
};

TEST(Application, is_written_then_reloaded_then_asked) {
  Room room;
  EXPECT_FALSE(room.behind()) << "there is nothing yet";
  room.offer(1);
  ASSERT_TRUE(room.behind());
  const Taken taken = room.take();
  EXPECT_EQ(taken.kind, Taken::Kind::kTaken);
  EXPECT_TRUE(taken.well);
  EXPECT_EQ(room.delivery.told, (std::vector<std::string>{"app:p1"}));
  EXPECT_EQ(room.application->versions().at("db"), 1U);
  EXPECT_FALSE(room.behind());
}

TEST(Application, what_it_is_not_well_with_is_put_back_and_reloaded_again) {
  Room room;
  room.offer(1);
  room.take();
  room.folder.write("broken", "");
  room.offer(2);
  EXPECT_EQ(room.take().kind, Taken::Kind::kRefused);
  EXPECT_EQ(room.folder.read("login"), "app:p1");
  EXPECT_EQ(room.delivery.told, (std::vector<std::string>{"app:p1", "app:p2", "app:p1"}));
  EXPECT_EQ(room.application->versions().at("db"), 1U);
  room.holdings.reached("db", 2, Grade::kFailed);
  EXPECT_EQ(room.logged.find("p2"), std::string::npos);
}

TEST(Application, that_was_never_well_is_not_up_yet) {
  Room room;
  room.folder.write("broken", "");
  room.offer(1);
  EXPECT_EQ(room.take().kind, Taken::Kind::kUnwell);
  EXPECT_EQ(room.folder.read("login"), "app:p1");
  EXPECT_FALSE(room.behind()) << "not again at once";
  room.clock.advance(std::chrono::seconds(60));
  ASSERT_TRUE(room.behind());
  std::filesystem::remove(room.folder.file("broken"));
  const Taken taken = room.take();
  EXPECT_EQ(taken.kind, Taken::Kind::kUnchanged);
  EXPECT_TRUE(taken.well);
  EXPECT_EQ(room.delivery.told.size(), 1U) << "nothing changed: no reload";
}

TEST(Application, after_a_restart_of_the_agent_nothing_is_reloaded_that_is_right_already) {
  Room room;
  room.offer(1);
  room.take();
  room.restart();
  ASSERT_TRUE(room.behind());
  EXPECT_EQ(room.take().kind, Taken::Kind::kUnchanged);
  EXPECT_EQ(room.delivery.told.size(), 1U);
  room.folder.write("login", "tampered");
  room.restart();
  EXPECT_EQ(room.take().kind, Taken::Kind::kTaken);
  EXPECT_EQ(room.folder.read("login"), "app:p1");
}

TEST(Application, without_a_field_changes_nothing_and_a_probe_says_so_before) {
  Room room;
  room.offer(1);
  room.take();
  auto bare = std::make_shared<client::SecretValue>();
  bare->path = "db";
  bare->version = 2;
  bare->parts.emplace_back("user", SecretBytes::copy_of(as_bytes("app")));
  EXPECT_EQ(room.application->probe(bare).error().reason, "no_such_field");
  room.offer(2, false);
  EXPECT_EQ(room.take().kind, Taken::Kind::kImpossible);
  EXPECT_EQ(room.folder.read("login"), "app:p1");
  EXPECT_EQ(room.delivery.told.size(), 1U);
}

TEST(Application, a_version_with_the_same_content_needs_no_reload) {
  Room room;
  room.offer(1);
  room.take();
  auto same = std::make_shared<client::SecretValue>();
  same->path = "db";
  same->version = 2;
  same->parts.emplace_back("user", SecretBytes::copy_of(as_bytes("app")));
  same->parts.emplace_back("password", SecretBytes::copy_of(as_bytes("p1")));
  room.holdings.offer(same);
  ASSERT_TRUE(room.behind());
  EXPECT_EQ(room.take().kind, Taken::Kind::kUnchanged);
  EXPECT_EQ(room.application->versions().at("db"), 2U);
  EXPECT_EQ(room.delivery.told.size(), 1U);
}

}  // namespace
}  // namespace kw::agent
