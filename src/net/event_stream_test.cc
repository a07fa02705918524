#include <gtest/gtest.h>

#include <mutex>

#include "net/event_queue.h"
#include "net/test_server.h"

namespace kw::net::test {
namespace {

// Takes the stream of each request.
struct Streams {
  explicit Streams(TestServer& server) {
    server.application.on_request = [this](const Request&, Reply reply) {
      std::lock_guard lock(mutex);
      stream = reply.stream();
    };
  }
  std::shared_ptr<EventStream> take() {
    eventually([this] {
      std::lock_guard lock(mutex);
      return stream != nullptr;
    });
    std::lock_guard lock(mutex);
    return std::exchange(stream, nullptr);
  }
  std::mutex mutex;
  std::shared_ptr<EventStream> stream;
};

class Events : public testing::TestWithParam<Security> {};

TEST_P(Events, arrive_as_they_are_sent) {
  TestServer server(GetParam());
  Streams streams(server);
  RawClient client(server);
  client.send(get("/events"));
  const auto stream = streams.take();
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_NE(head.find("Content-Type: text/event-stream\r\n"), std::string::npos);
  EXPECT_NE(head.find("Cache-Control: no-store\r\n"), std::string::npos);
  EXPECT_TRUE(stream->send("1", "key", "{}"));
  EXPECT_EQ(client.read_until("\n\n"), "1b\r\nid: 1\nevent: key\ndata: {}\n\n");
  EXPECT_TRUE(stream->send("", "", "a\nb\r\nc\rd"));
  EXPECT_EQ(client.read_until("\n\n"), "\r\n21\r\ndata: a\ndata: b\ndata: c\ndata: d\n\n");
}

TEST_P(Events, cannot_be_forged_by_line_breaks) {
  TestServer server(GetParam());
  Streams streams(server);
  RawClient client(server);
  client.send(get("/events"));
  const auto stream = streams.take();
  EXPECT_FALSE(stream->send("1\nevent: x", "a", "b"));
  EXPECT_FALSE(stream->send("1", "a\rdata: x", "b"));
  EXPECT_TRUE(stream->send("1", "a", "b"));
}

TEST_P(Events, end_when_the_application_lets_go) {
  TestServer server(GetParam());
  Streams streams(server);
  RawClient client(server);
  client.send(get("/events"));
  auto stream = streams.take();
  EXPECT_TRUE(stream->send("", "", "last"));
  stream.reset();
  const std::string all = client.read_to_end();
  EXPECT_NE(all.find("data: last\n\n"), std::string::npos);
  EXPECT_TRUE(all.ends_with("0\r\n\r\n"));
}

TEST_P(Events, have_a_heartbeat) {
  TestServer server(GetParam());
  Streams streams(server);
  RawClient client(server);
  client.send(get("/events"));
  const auto stream = streams.take();
  const RunningTime running(server.clock);
  EXPECT_NE(client.read_until("3\r\n:\n\n\r\n"), "");
  EXPECT_NE(client.read_until("3\r\n:\n\n\r\n"), "");
  EXPECT_FALSE(stream->closed());
}

TEST_P(Events, notice_a_client_that_leaves) {
  TestServer server(GetParam());
  Streams streams(server);
  std::shared_ptr<EventStream> stream;
  {
    RawClient client(server);
    client.send(get("/events"));
    stream = streams.take();
    client.read_until("\r\n\r\n");
    EXPECT_FALSE(stream->closed());
  }
  EXPECT_TRUE(eventually([&] { return stream->closed(); }));
  EXPECT_FALSE(stream->send("", "", "x"));
  EXPECT_TRUE(eventually([&] { return server.server->connections() == 0; }));
}

TEST_P(Events, end_with_the_server) {
  TestServer server(GetParam());
  Streams streams(server);
  RawClient client(server);
  client.send(get("/events"));
  const auto stream = streams.take();
  client.read_until("\r\n\r\n");
  std::thread stopping([&] { server.server->stop(std::chrono::seconds(20)); });
  EXPECT_TRUE(client.read_to_end().ends_with("0\r\n\r\n"));
  client.finish_sending();
  stopping.join();
  EXPECT_FALSE(stream->send("", "", "x"));
}

TEST_P(Events, never_pile_up_for_a_client_that_does_not_read) {
  TestServer server(GetParam());
  Streams streams(server);
  RawClient client(server);
  client.send(get("/events"));
  const auto stream = streams.take();
  const std::string data(60'000, 'x');
  EXPECT_TRUE(eventually([&] { return !stream->send("", "", data); }));
  EXPECT_TRUE(stream->closed());
}

TEST(EventQueue, holds_a_thousand_events) {
  const auto mailbox = std::make_shared<Mailbox>([] {});
  const auto queue = std::make_shared<EventQueue>(mailbox);
  for (std::size_t i = 0; i < EventQueue::kEventsMax; ++i) EXPECT_TRUE(queue->push("", "", "x"));
  EXPECT_FALSE(queue->closed());
  EXPECT_FALSE(queue->push("", "", "x"));
  EXPECT_TRUE(queue->closed());
  WipedText all;
  EXPECT_EQ(queue->take(all), EventQueue::Next::kEnd);
  EXPECT_EQ(all.size(), EventQueue::kEventsMax * 9);
  mailbox->close();  // its letters hold the queue, which holds the mailbox
}

TEST(Mailbox, wakes_its_loop_once_for_all_that_waits) {
  struct Counted final : Wakeable {
    void wake() override { ++woken; }
    int woken = 0;
  };
  int scheduled = 0;
  Mailbox mailbox([&] { ++scheduled; });
  const auto letter = std::make_shared<Counted>();
  for (int i = 0; i < 64; ++i) mailbox.deliver(letter);
  mailbox.deliver(Mailbox::Letters(64, letter));
  EXPECT_EQ(scheduled, 1);
  mailbox.drain();
  EXPECT_EQ(letter->woken, 128);
  mailbox.deliver(letter);
  EXPECT_EQ(scheduled, 2);
  mailbox.close();
  mailbox.deliver(letter);
  mailbox.drain();
  EXPECT_EQ(scheduled, 2);
  EXPECT_EQ(letter->woken, 128);
}

INSTANTIATE_TEST_SUITE_P(Wire, Events, testing::Values(Security::kPlain, Security::kTls),
                         [](const auto& wire) {
                           return wire.param == Security::kTls ? "tls" : "plain";
                         });

}  // namespace
}  // namespace kw::net::test
