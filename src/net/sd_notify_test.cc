#include "net/sd_notify.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace kw::net {
namespace {

// A service manager with an abstract socket that the kernel names.
class Manager {
 public:
  Manager() : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socklen_t size = sizeof(sa_family_t);  // unix(7): autobind
    if (bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0) ADD_FAILURE() << errno;
    size = sizeof address;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    name_.assign(address.sun_path, size - offsetof(sockaddr_un, sun_path));
    name_[0] = '@';
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody reads it now
    setenv("NOTIFY_SOCKET", name_.c_str(), 1);
  }
  ~Manager() {
    unsetenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): nobody reads it now
    close(socket_);
  }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;
  std::string received() const {
    char text[256];
    const ssize_t size = recv(socket_, text, sizeof text, 0);
    return size < 0 ? "" : std::string(text, static_cast<std::size_t>(size));
  }

 private:
  int socket_;
  std::string name_;
};

TEST(SdNotify, tells_the_service_manager) {
  const Manager manager;
  notify_service_manager("READY=1\nSTATUS=serving");
  EXPECT_EQ(manager.received(), "READY=1\nSTATUS=serving");
  EXPECT_EQ(manager.received(), "");
}

TEST(SdNotify, does_nothing_without_a_usable_socket) {
  notify_service_manager("READY=1");
  for (const std::string& odd : {std::string("relative"), std::string("/nonexistent/socket"),
                                 "/" + std::string(200, 'a'), std::string("")}) {
    setenv("NOTIFY_SOCKET", odd.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): nobody reads it now
    notify_service_manager("READY=1");
  }
  unsetenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): nobody reads it now
}

}  // namespace
}  // namespace kw::net
