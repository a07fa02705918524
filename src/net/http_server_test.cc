#include "net/http_server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "net/test_server.h"

namespace kw::net::test {
namespace {

std::string post(std::string_view path, std::string_view fields, std::string_view body) {
  std::string text = "POST ";
  return text.append(path)
      .append(" HTTP/1.1\r\nHost: a\r\n")
      .append(fields)
      .append("\r\n")
      .append(body);
}

Response echo(const Request& request) {
  return json(request.body);
}

class Server : public testing::TestWithParam<Security> {};

TEST_P(Server, answers_with_the_headers_that_protect) {
  TestServer server(GetParam());
  RawClient client(server);
  client.send(get("/"));
  const RawAnswer answer = client.answer();
  EXPECT_EQ(answer.head.find("HTTP/1.1 200 OK\r\n"), 0U);
  EXPECT_EQ(answer.body, R"({"ok":true})");
  EXPECT_TRUE(answer.has("Date: Fri, 15 Jan 2027 08:00:00 GMT\r\n")) << answer.head;
  EXPECT_TRUE(answer.has("Cache-Control: no-store\r\n"));
  EXPECT_TRUE(answer.has("X-Content-Type-Options: nosniff\r\n"));
  EXPECT_TRUE(answer.has("Content-Type: application/json\r\n"));
  EXPECT_EQ(answer.has("Strict-Transport-Security: "), GetParam() == Security::kTls);
}

TEST_P(Server, shows_the_request_as_it_was_sent) {
  TestServer server(GetParam());
  server.application.on_request = [](const Request& request, Reply reply) {
    const RequestHead& head = request.head;
    std::string text;
    text.append(head.method).append(" ").append(head.path).append(" ").append(head.query);
    text.append(" ").append(head.header("x-one")).append(" ").append(head.peer_address);
    text.append(" ").append(std::to_string(head.header_count("x-two")));
    text.append(head.header("x-two")).append(request.body);
    reply.send(json(text));
  };
  RawClient client(server);
  client.send(
      post("/a:b?c=%2f", "X-One: \t1 2 \r\nX-Two: a\r\nX-Two: b\r\nContent-Length: 3\r\n", "xyz"));
  EXPECT_EQ(client.answer().body, "POST /a:b c=%2f 1 2 127.0.0.1 2xyz");
}

TEST_P(Server, answers_pipelined_requests_in_order) {
  TestServer server(GetParam());
  server.application.on_request = [](const Request& request, Reply reply) {
    reply.send(json(std::string(request.head.path) + std::string(request.body)));
  };
  RawClient client(server);
  constexpr int kRequests = 300;
  std::string all;
  for (int i = 0; i < kRequests; ++i) {
    const std::string path = "/" + std::to_string(i);
    all += i % 2 == 0 ? get(path) : post(path, "Content-Length: 2\r\n", "ab");
  }
  std::thread sender([&] { client.send(all); });
  for (int i = 0; i < kRequests; ++i)
    EXPECT_EQ(client.answer().body, "/" + std::to_string(i) + (i % 2 == 0 ? "" : "ab"));
  sender.join();
}

TEST_P(Server, takes_bodies_of_every_size_and_form) {
  TestServer server(GetParam());
  server.application.on_request = [](const Request& request, Reply reply) {
    reply.send(echo(request));
  };
  RawClient client(server);
  for (const std::size_t size : {1U, 4'095U, 4'096U, 16'384U, 40'000U, 300'000U, 1U << 20U}) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i % 26);
    client.send(post("/", "Content-Length: " + std::to_string(size) + "\r\n", body));
    EXPECT_EQ(client.answer().body, body) << size;
    std::string chunks;
    for (std::size_t at = 0; at < size; at += 5'000) {
      char head[32];
      const std::string piece = body.substr(at, 5'000);
      snprintf(head, sizeof head, "%zx;a=b\r\n", piece.size());
      chunks += head + piece + "\r\n";
    }
    std::thread sender(
        [&] { client.send(post("/", "Transfer-Encoding: Chunked\r\n", chunks + "0\r\n\r\n")); });
    EXPECT_EQ(client.answer().body, body) << size;
    sender.join();
  }
}

TEST_P(Server, takes_requests_byte_by_byte) {
  TestServer server(GetParam());
  server.application.on_request = [](const Request& request, Reply reply) {
    reply.send(echo(request));
  };
  RawClient client(server);
  for (const std::string& request :
       {post("/", "Content-Length: 3\r\n", "abc"),
        post("/", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n")}) {
    for (const char byte : request) ASSERT_TRUE(client.send({&byte, 1}));
    EXPECT_EQ(client.answer().body, "abc");
  }
}

TEST_P(Server, asks_for_a_body_only_after_admission) {
  TestServer server(GetParam());
  server.application.on_admit = [](const RequestHead& head) {
    Application::Admission admission;
    admission.body_max = 10;
    if (head.path == "/no") {
      admission.refusal = json("refused");
      admission.refusal->status = 403;
    }
    return admission;
  };
  server.application.on_request = [](const Request& request, Reply reply) {
    reply.send(echo(request));
  };
  {
    RawClient client(server);
    client.send(post("/yes", "Expect: 100-continue\r\nContent-Length: 2\r\n", ""));
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("ab");
    EXPECT_EQ(client.answer().body, "ab");
  }
  {
    RawClient client(server);
    client.send(post("/no", "Expect: 100-continue\r\nContent-Length: 2\r\n", ""));
    EXPECT_EQ(client.answer().status, 403);
    EXPECT_EQ(client.read_to_end(), "");
  }
  RawClient client(server);
  client.send(post("/yes", "Expect: 100-continue\r\nContent-Length: 11\r\n", ""));
  EXPECT_EQ(client.answer().status, 413);
}

TEST_P(Server, keeps_the_connection_after_a_refusal_without_body) {
  TestServer server(GetParam());
  server.application.on_admit = [](const RequestHead&) {
    Application::Admission admission;
    admission.refusal = json("{}");
    admission.refusal->status = 401;
    return admission;
  };
  RawClient client(server);
  client.send(get("/"));
  EXPECT_EQ(client.answer().status, 401);
  client.send(get("/"));
  EXPECT_EQ(client.answer().status, 401);
}

TEST_P(Server, hands_the_context_of_admission_to_the_handler) {
  TestServer server(GetParam());
  server.application.on_admit = [](const RequestHead&) {
    Application::Admission admission;
    admission.context = std::make_shared<std::string>("who");
    return admission;
  };
  server.application.on_request = [](const Request& request, Reply reply) {
    reply.send(json(*std::static_pointer_cast<std::string>(request.context)));
  };
  RawClient client(server);
  client.send(get("/"));
  EXPECT_EQ(client.answer().body, "who");
}

TEST_P(Server, closes_when_asked_to) {
  TestServer server(GetParam());
  RawClient client(server);
  client.send(get("/", "Connection: close\r\n"));
  EXPECT_TRUE(client.answer().has("Connection: close\r\n"));
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_P(Server, answers_a_client_that_stopped_sending) {
  TestServer server(GetParam());
  RawClient client(server);
  client.send(get("/"));
  client.finish_sending();
  EXPECT_EQ(client.answer().status, 200);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return server.server->connections() == 0; }));
}

TEST_P(Server, sees_the_end_that_came_with_the_request) {
  TestServer server(GetParam(), [](ServerOptions& options) { options.threads = 1; });
  std::atomic<int> step{0};
  server.application.on_request = [&](const Request& request, Reply reply) {
    if (request.head.path == "/block") {
      step = 1;
      eventually([&] { return step == 2; });
    }
    reply.send(json("x"));
  };
  RawClient client(server);
  client.send(get("/"));
  EXPECT_EQ(client.answer().status, 200);
  RawClient blocker(server);
  blocker.send(get("/block"));
  EXPECT_TRUE(eventually([&] { return step == 1; }));
  client.send(get("/"));  // the loop will find both the request and the end
  client.finish_sending();
  step = 2;
  EXPECT_EQ(client.answer().status, 200);
  EXPECT_EQ(client.read_to_end(), "");
}

TEST_P(Server, sends_no_body_where_none_may_be) {
  TestServer server(GetParam());
  server.application.on_request = [](const Request& request, Reply reply) {
    Response response = json("body");
    if (request.head.path == "/204") response.status = 204;
    reply.send(std::move(response));
  };
  RawClient client(server);
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.read_until("\r\n\r\n").find("Content-Length: 4\r\n"), std::string::npos);
  client.send(get("/204"));
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_EQ(head.find("HTTP/1.1 204 No Content\r\n"), 0U);
  EXPECT_EQ(head.find("Content-Length"), std::string::npos);
  client.send(get("/"));
  EXPECT_EQ(client.answer().body, "body");
}

TEST_P(Server, never_sends_a_header_that_splits_the_answer) {
  TestServer server(GetParam());
  server.application.on_request = [](const Request& request, Reply reply) {
    Response response = json("secret");
    if (request.head.path == "/value") response.headers = {{"location", "/\r\nSet-Cookie: a=b"}};
    if (request.head.path == "/name") response.headers = {{"a b", "c"}};
    if (request.head.path == "/fine") response.headers = {{"cache-control", "max-age=60"}};
    reply.send(std::move(response));
  };
  RawClient client(server);
  for (const char* path : {"/value", "/name"}) {
    client.send(get(path));
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.body.find("secret"), std::string::npos);
    EXPECT_FALSE(answer.has("Set-Cookie"));
  }
  client.send(get("/fine"));
  const RawAnswer answer = client.answer();
  EXPECT_TRUE(answer.has("cache-control: max-age=60\r\n"));
  EXPECT_FALSE(answer.has("no-store"));
}

TEST_P(Server, answers_500_for_handlers_that_fail) {
  TestServer server(GetParam());
  server.application.on_admit = [](const RequestHead& head) {
    if (head.path == "/admit") throw std::runtime_error("x");
    return Application::Admission{};
  };
  server.application.on_request = [](const Request& request, Reply reply) {
    if (request.head.path == "/throw") throw std::runtime_error("x");
    const Reply lost(std::move(reply));
  };
  RawClient client(server);
  for (const char* path : {"/admit", "/throw", "/lost"}) {
    client.send(get(path));
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.status, 500) << path;
    EXPECT_NE(answer.body.find("\"status\":500"), std::string::npos);
  }
}

TEST_P(Server, sends_large_answers_to_a_slow_reader_whole) {
  TestServer server(GetParam());
  const std::string large(8'000'000, 'z');
  server.application.on_request = [&](const Request&, Reply reply) { reply.send(json(large)); };
  RawClient client(server);
  for (int i = 0; i < 2; ++i) {
    client.send(get("/"));
    EXPECT_EQ(client.answer().body, large);
  }
}

// Collects replies and answers them from a thread of its own, a batch at a time.
class Worker {
 public:
  Worker() : thread_([this] { run(); }) {}
  ~Worker() {
    {
      std::lock_guard lock(mutex_);
      over_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  void take(Reply reply, const std::string& text) {
    std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(reply), json(text)});
    changed_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!over_ || !waiting_.empty()) {
      changed_.wait(lock, [this] { return over_ || !waiting_.empty(); });
      std::vector<Reply::Answer> batch = std::exchange(waiting_, {});
      lock.unlock();
      if (++batches_ % 2 == 0) {
        Reply::send_all(std::move(batch));
      } else {
        for (auto& answer : batch) answer.reply.send(std::move(answer.response));
      }
      lock.lock();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Reply::Answer> waiting_;
  bool over_ = false;
  int batches_ = 0;
  std::thread thread_;
};

TEST_P(Server, takes_answers_from_another_thread_under_load) {
  Worker worker;
  TestServer server(GetParam());
  server.application.on_request = [&](const Request& request, Reply reply) {
    worker.take(std::move(reply), std::string(request.head.path));
  };
  std::vector<std::thread> clients;
  clients.reserve(8);
  for (int c = 0; c < 8; ++c) {
    clients.emplace_back([&server, c] {
      RawClient client(server);
      for (int i = 0; i < 200; ++i) {
        const std::string path = "/" + std::to_string(c) + "/" + std::to_string(i);
        client.send(get(path) + get(path + "b"));
        ASSERT_EQ(client.answer().body, path);
        ASSERT_EQ(client.answer().body, path + "b");
      }
    });
  }
  for (auto& client : clients) client.join();
}

TEST_P(Server, finishes_what_is_in_flight_when_it_stops) {
  TestServer server(GetParam(), [](ServerOptions& options) { options.threads = 1; });
  std::mutex mutex;
  std::vector<Reply> held;
  server.application.on_request = [&](const Request& request, Reply reply) {
    if (request.head.path == "/now") return reply.send(json("now"));
    std::lock_guard lock(mutex);
    held.push_back(std::move(reply));
  };
  RawClient idle(server);
  idle.send(get("/now"));
  EXPECT_EQ(idle.answer().status, 200);
  RawClient busy(server);
  busy.send(get("/later"));
  EXPECT_TRUE(eventually([&] {
    std::lock_guard lock(mutex);
    return held.size() == 1;
  }));
  std::thread stopping([&] { server.server->stop(std::chrono::seconds(20)); });
  EXPECT_EQ(idle.read_to_end(), "");  // the stop has begun
  held[0].send(json("late"));
  const RawAnswer answer = busy.answer();
  EXPECT_EQ(answer.body, "late");
  EXPECT_TRUE(answer.has("Connection: close\r\n"));
  busy.finish_sending();
  stopping.join();
  EXPECT_EQ(server.server->connections(), 0U);
  server.server->stop(std::chrono::seconds(20));
}

TEST_P(Server, cuts_what_does_not_finish_and_drops_late_answers) {
  TestServer server(GetParam());
  std::mutex mutex;
  std::vector<std::pair<Request, Reply>> held;
  server.application.on_request = [&](const Request& request, Reply reply) {
    std::lock_guard lock(mutex);
    held.emplace_back(request, std::move(reply));
  };
  RawClient client(server);
  client.send(post("/x", "Content-Length: 3\r\n", "abc"));
  EXPECT_TRUE(eventually([&] {
    std::lock_guard lock(mutex);
    return held.size() == 1;
  }));
  server.server->stop(std::chrono::milliseconds(1));
  server.server.reset();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_EQ(held[0].first.body, "abc");  // the request is readable until its Reply is gone
  EXPECT_EQ(held[0].first.head.path, "/x");
  held[0].second.send(json("too late"));
  held.clear();
}

INSTANTIATE_TEST_SUITE_P(Wire, Server, testing::Values(Security::kPlain, Security::kTls),
                         [](const auto& wire) {
                           return wire.param == Security::kTls ? "tls" : "plain";
                         });

}  // namespace
}  // namespace kw::net::test
