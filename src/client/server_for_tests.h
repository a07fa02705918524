// A server on a local socket that answers as a test says: for faults that a real one shows too
// seldom. What a healthy server answers is tested against the real one (tests/system, examples).
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "client/channel.h"
#include "net/http_server.h"

namespace kw::client {

class ServerForTests final : public net::Application {
 public:
  struct Seen {
    std::string method, path, token, idempotency_key, body;
  };
  using Responder = std::function<net::Response(const Seen&)>;

  explicit ServerForTests(Responder responder)
      : respond_(std::move(responder)),
        log_(clock_, observe::Level::kError, observe::Log::Format::kJson, [](std::string_view) {}) {
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    start();
  }
  ~ServerForTests() override {
    stop();
    std::filesystem::remove_all(folder);
  }
  ServerForTests(const ServerForTests&) = delete;
  ServerForTests& operator=(const ServerForTests&) = delete;

  void start() {
    net::ServerOptions options;
    options.unix_socket = folder + "/s";
    options.tls = false;
    options.threads = 1;
    server_ = net::HttpServer::start(std::move(options), *this, log_).value();
  }
  void stop() {
    if (server_) server_->stop(std::chrono::milliseconds(1000));
    server_.reset();
  }

  Admission admit(const net::RequestHead&) override {
    Admission admission;
    admission.body_max = 1 << 20;
    return admission;
  }
  void handle(net::Request request, net::Reply reply) override {
    const net::RequestHead& head = request.head;
    const std::string query = head.query.empty() ? "" : "?" + std::string(head.query);
    const Seen one{std::string(head.method), std::string(head.path) + query,
                   std::string(head.header("Authorization")),
                   std::string(head.header("Idempotency-Key")), std::string(request.body)};
    {
      std::lock_guard lock(mutex_);
      seen_.push_back(one);
    }
    reply.send(respond_(one));
  }

  std::vector<Seen> seen() {
    std::lock_guard lock(mutex_);
    return seen_;
  }
  ChannelOptions options() const {
    ChannelOptions options;
    options.http.base_url = "unix://" + folder + "/s";
    options.first_wait = std::chrono::milliseconds(1);
    options.most_wait = std::chrono::milliseconds(5);
    return options;
  }
  std::string write(const std::string& name, const std::string& content) const {
    std::string file = folder + "/" + name;
    std::ofstream(file + ".new") << content;
    std::filesystem::permissions(file + ".new", std::filesystem::perms::owner_read);
    std::filesystem::rename(file + ".new", file);
    return file;
  }

  std::string folder = (std::filesystem::temp_directory_path() / "kw-client-XXXXXX").string();

 private:
  Responder respond_;
  SystemClock clock_;
  observe::Log log_;
  std::mutex mutex_;
  std::vector<Seen> seen_;
  std::unique_ptr<net::HttpServer> server_;
};

inline net::Response json_response(int status, std::string_view body) {
  net::Response response;
  response.status = status;
  response.body.assign(body);
  return response;
}
inline net::Response problem_response(int status, std::string_view reason) {
  return json_response(status, "{\"reason\":\"" + std::string(reason) + "\",\"detail\":\"d\"}");
}
inline net::Response secret_response(int version) {
  return json_response(200, "{\"version\":" + std::to_string(version) +
                                ",\"state\":\"primary\",\"fields\":{\"password\":\"p" +
                                std::to_string(version) + "\",\"user\":\"app\"}}");
}

}  // namespace kw::client
