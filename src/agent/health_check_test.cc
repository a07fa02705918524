#include "agent/health_check.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "agent/folder_for_tests.h"

namespace kw::agent {
namespace {

// Counts pauses instead of waiting.
struct NoPause final : Pause {
  bool wait(std::chrono::milliseconds) override { return ++count < most; }
  int count = 0;
  int most = 1'000'000;
};

TEST(HealthCheck, without_a_question_all_is_well) {
  NoPause pause;
  EXPECT_TRUE(check_health({}, pause));
}

TEST(HealthCheck, asks_a_command_until_it_is_content) {
  const Folder folder;
  HealthCheck check;
  check.how = CommandCheck{
      {"/bin/sh", "-c",
       "echo x >> " + folder.file("n") + "; test $(wc -l < " + folder.file("n") + ") -ge 3"}};
  NoPause pause;
  EXPECT_TRUE(check_health(check, pause));
  EXPECT_EQ(pause.count, 2);
}

TEST(HealthCheck, gives_up_after_its_time_and_says_why) {
  HealthCheck check;
  check.how = CommandCheck{{"/bin/false"}};
  check.timeout = std::chrono::milliseconds(200);
  check.interval = std::chrono::milliseconds(20);
  NoPause pause;
  const Status bad = check_health(check, pause);
  EXPECT_EQ(bad.error().reason, "unhealthy");
  EXPECT_EQ(bad.error().message, "/bin/false ended with code 1");
  NoPause stopping;
  stopping.most = 0;
  EXPECT_EQ(check_health(check, stopping).error().reason, "stopping");
}

TEST(HealthCheck, tries_a_port) {
  const Descriptor listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(bind(listener.get(), generic, size), 0);
  ASSERT_EQ(getsockname(listener.get(), generic, &size), 0);
  HealthCheck check;
  check.how = TcpCheck{"127.0.0.1", std::to_string(ntohs(address.sin_port))};
  check.timeout = std::chrono::milliseconds(100);
  check.interval = std::chrono::milliseconds(20);
  NoPause pause;
  EXPECT_EQ(check_health(check, pause).error().reason, "unhealthy");
  ASSERT_EQ(listen(listener.get(), 5), 0);
  EXPECT_TRUE(check_health(check, pause));
}

TEST(HealthCheck, an_address_without_a_server_is_unhealthy) {
  HealthCheck check;
  check.how = HttpCheck{"http://127.0.0.1:1/health", ""};
  check.timeout = std::chrono::milliseconds(100);
  check.interval = std::chrono::milliseconds(20);
  NoPause pause;
  EXPECT_EQ(check_health(check, pause).error().reason, "unhealthy");
}

}  // namespace
}  // namespace kw::agent
