#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "net/http_client.h"
#include "net/test_server.h"

namespace kw::net::test {
namespace {

struct Folder {
  Folder() { EXPECT_NE(mkdtemp(path.data()), nullptr); }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path = (std::filesystem::temp_directory_path() / "kw-socket-XXXXXX").string();
};

ServerOptions local(const std::string& path) {
  ServerOptions options;
  options.unix_socket = path;
  options.tls = false;
  options.threads = 1;
  return options;
}

struct LocalServer {
  explicit LocalServer(const ServerOptions& given)
      : log(clock, observe::Level::kError, observe::Log::Format::kJson, [](std::string_view) {}) {
    ServerOptions options;
    options.unix_socket = given.unix_socket;
    options.unix_socket_mode = given.unix_socket_mode;
    options.tls = false;
    options.threads = 1;
    started = HttpServer::start(std::move(options), application, log);
  }
  SystemClock clock;
  TestApplication application;
  observe::Log log;
  Result<std::unique_ptr<HttpServer>> started = error(Code::kInternal, "none", "not started");
};

ClientOptions client_options(const std::string& socket) {
  ClientOptions options;
  options.base_url = "unix://" + socket;
  return options;
}

Result<std::string> get_from(const std::string& socket) {
  KW_TRY(HttpClient client, HttpClient::create(client_options(socket)));
  ClientRequest request;
  request.path = "/";
  KW_TRY(const ClientResponse answer, client.send(request));
  return std::string(answer.body.data(), answer.body.size());
}

TEST(LocalSocket, says_which_user_is_at_the_other_end) {
  const Folder folder;
  LocalServer server(local(folder.path + "/s"));
  server.application.on_request = [](const Request& request, Reply reply) {
    const PeerProcess* process = request.head.peer_process;
    Response response;
    response.body = process == nullptr
                        ? "nobody"
                        : std::to_string(process->uid) + " " + std::to_string(process->gid) + " " +
                              std::to_string(process->pid);
    reply.send(std::move(response));
  };
  ASSERT_TRUE(server.started) << server.started.error().message;
  EXPECT_EQ(
      get_from(folder.path + "/s").value(),
      std::to_string(getuid()) + " " + std::to_string(getgid()) + " " + std::to_string(getpid()));
}

TEST(LocalSocket, has_the_mode_it_was_given_whatever_the_umask) {
  const Folder folder;
  const mode_t before = umask(0);
  ServerOptions options = local(folder.path + "/s");
  options.unix_socket_mode = 0640;
  const LocalServer server(options);
  umask(before);
  struct stat found {};
  ASSERT_EQ(stat((folder.path + "/s").c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0640U);
}

TEST(LocalSocket, replaces_what_nobody_listens_on_and_nothing_else) {
  const Folder folder;
  const std::string path = folder.path + "/s";
  { const LocalServer gone(local(path)); }
  EXPECT_TRUE(std::filesystem::exists(path));
  const LocalServer server(local(path));
  ASSERT_TRUE(server.started) << server.started.error().message;
  EXPECT_EQ(LocalServer(local(path)).started.error().reason, "address_in_use");
  EXPECT_TRUE(get_from(path));
  std::ofstream(folder.path + "/file") << "mine";
  EXPECT_EQ(LocalServer(local(folder.path + "/file")).started.error().reason, "bad_address");
  EXPECT_EQ(LocalServer(local(folder.path + "/" + std::string(120, 'x'))).started.error().reason,
            "bad_address");
}

TEST(LocalSocket, a_stream_ends_when_the_caller_says_stop) {
  const Folder folder;
  LocalServer server(local(folder.path + "/s"));
  std::shared_ptr<EventStream> stream;
  server.application.on_request = [&](const Request&, Reply reply) { stream = reply.stream(); };
  std::atomic<bool> stop{false};
  HttpClient client = HttpClient::create(client_options(folder.path + "/s")).value();
  std::thread stopping([&] {
    EXPECT_TRUE(eventually([&] { return server.started.value()->connections() == 1; }));
    stop = true;
  });
  ClientRequest request;
  request.path = "/";
  EXPECT_TRUE(client.stream(
      request, [](std::string_view) { return true; }, &stop));
  stopping.join();
}

}  // namespace
}  // namespace kw::net::test
