#include "net/connection.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "net/event_loop.h"
#include "net/exchange.h"
#include "net/refusal.h"
#include "net/request_reader.h"
#include "net/tls_session.h"

// GCC 12 takes the recycling allocation of Asio's coroutine frames for a mismatched pair.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace kw::net {

namespace asio = boost::asio;

namespace {

using Executor = asio::io_context::executor_type;
using UseAwaitable = asio::use_awaitable_t<Executor>;
using Token = asio::as_tuple_t<UseAwaitable>;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
template <typename T>
using Task = asio::awaitable<T, Executor>;
// A coroutine that sleeps.
using Sleeper = asio::async_result<UseAwaitable, void()>::handler_type;
using MaybeRefusal = std::optional<Refusal>;
using Kind = IoStep::Kind;
using Progress = RequestReader::Progress;

constexpr std::chrono::seconds kHandshakeMax{10};
constexpr std::chrono::seconds kLingerMax{2};
constexpr std::size_t kLingerBytesMax = 256 * 1024;
constexpr std::chrono::seconds kHeartbeat{15};
constexpr std::size_t kBodyStep = 32 * 1024;
// A body up to this size is sent in one piece with its head.
constexpr std::size_t kJoinedBodyMax = 16 * 1024;
// A slow reader has one request_timeout for each of these.
constexpr std::size_t kWriteStep = 64 * 1024;
constexpr unsigned kRequestsPerTurn = 16;

// In this file no co_await stands in the condition of a loop: GCC 12 builds a trap from it.

enum class Phase { kHandshake, kIdle, kRequest, kHandling, kWriting, kStreaming, kLingering };

// The bytes of one connection, with or without TLS, and its one deadline.
class Wire {
 public:
  Wire(EventLoop& loop, Socket socket) : loop_(loop), socket_(std::move(socket)) {}

  Phase phase() const { return phase_; }
  bool expired() const { return expired_; }
  bool aborted() const { return aborted_; }
  bool heartbeat_due() { return std::exchange(heartbeat_due_, false); }

  /// Begins a phase that ends with an expiry; the wait in progress is cancelled then.
  void enter(Phase phase, std::chrono::milliseconds most) {
    phase_ = phase;
    // The loop's clock may be one sweep behind: never too early.
    deadline_ = loop_.now() + most + EventLoop::kSweep;
    expired_ = false;
  }
  void enter_handling() {
    phase_ = Phase::kHandling;
    deadline_ = SteadyTime::max();
  }
  /// True when the deadline passed.
  bool sweep(SteadyTime now) {
    if (now < deadline_) return false;
    deadline_ = SteadyTime::max();
    if (phase_ == Phase::kStreaming) {
      heartbeat_due_ = true;
    } else {
      expired_ = true;
      cancel();
    }
    return true;
  }
  void cancel() {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }
  void abort() {
    aborted_ = true;
    cancel();
  }
  void close() {
    if (tls_ && !aborted_) tls_->shutdown();
    aborted_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  /// The TLS handshake; false when it failed.
  Task<bool> handshake(std::optional<PeerCertificate>& peer) {
    tls_ = TlsSession::create(*loop_.server().tls, socket_.native_handle());
    if (!tls_) co_return false;
    const auto most = std::min(kHandshakeMax, loop_.server().options.request_timeout);
    enter(Phase::kHandshake, most);
    for (;;) {
      const IoStep step = tls_->handshake();
      if (step.kind == Kind::kDone) break;
      if (!co_await unblock(step)) co_return false;
    }
    auto certificate = peer_certificate(tls_->get());
    if (!certificate) co_return false;
    peer = *std::move(certificate);
    co_return true;
  }

  /// Reads at least one byte; 0 when the peer is gone or too slow.
  Task<std::size_t> read_some(std::span<char> room) {
    if (!tls_) co_return co_await receive(room);
    for (;;) {
      const IoStep step = tls_->read(room);
      if (step.kind == Kind::kDone) co_return step.count;
      if (!co_await unblock(step)) co_return 0;
    }
  }

  /// Sends all bytes: at once as far as the socket takes them, then as it takes more.
  Task<bool> write(std::string_view bytes) {
    for (bool extended = true; !bytes.empty();) {
      if (extended) enter(Phase::kWriting, loop_.server().options.request_timeout);
      const IoStep step = write_now(bytes);
      if (step.kind == Kind::kDone) co_return true;
      if (!co_await unblock(step)) co_return false;
      extended = written_ >= kWriteStep;
      if (extended) written_ = 0;
    }
    co_return true;
  }

  /// Sends nothing more; the peer has a moment to do the same.
  void end_sending() {
    enter(Phase::kLingering, kLingerMax);
    if (tls_) tls_->shutdown();
    boost::system::error_code ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
  }

  /// Ends our side, then lets the peer read: closing with unread input would destroy the answer on
  /// its way.
  Task<void> linger() {
    end_sending();
    char scratch[4096];
    for (std::size_t total = 0; total < kLingerBytesMax;) {
      const std::size_t count = co_await receive(scratch);
      if (count == 0) co_return;
      total += count;
    }
  }

 private:
  bool broken() const { return expired_ || aborted_; }

  Task<std::size_t> receive(std::span<char> room) {
    if (broken()) co_return 0;
    auto [failed, count] =
        co_await socket_.async_read_some(asio::buffer(room.data(), room.size()), Token{});
    co_return failed || broken() ? 0 : count;
  }

  // Waits for what the step lacks; false when that will not come.
  Task<bool> unblock(IoStep step) {
    if (broken()) co_return false;
    if (step.kind == Kind::kNeedsOutput) {
      auto [failed] = co_await socket_.async_wait(Socket::wait_write, Token{});
      co_return !failed && !broken();
    }
    if (step.kind != Kind::kNeedsInput) co_return false;
    const std::size_t count = co_await receive(tls_->receive_room());
    tls_->received(count);
    co_return count != 0;
  }

  IoStep write_now(std::string_view& bytes) {
    for (;;) {
      const IoStep step = tls_ ? tls_->write(bytes) : send_now(socket_.native_handle(), bytes);
      if (step.kind != Kind::kDone) return step;
      bytes.remove_prefix(step.count);
      written_ += step.count;
      if (bytes.empty()) return step;
    }
  }

  EventLoop& loop_;
  Socket socket_;
  std::unique_ptr<TlsSession> tls_;
  Phase phase_ = Phase::kIdle;
  SteadyTime deadline_ = SteadyTime::max();
  std::size_t written_ = 0;
  bool expired_ = false;        // the deadline passed: the wait was cancelled
  bool aborted_ = false;        // nothing may be read or sent any more
  bool heartbeat_due_ = false;  // of an event stream
};

class HttpConnection final : public Connection,
                             public AnswerListener,
                             public EventListener,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(EventLoop& loop, Socket socket, Peer peer)
      : loop_(loop),
        peer_key_(peer.key),
        wire_(loop, std::move(socket)),
        exchange_(std::make_shared<Reply::Target>(loop.mailbox())),
        reader_(loop.server().options.header_bytes_max) {
    exchange_->peer_address = std::move(peer.address);
    exchange_->peer_process = peer.process;
    exchange_->listener = this;
  }
  ~HttpConnection() override { loop_.server().limits.release(peer_key_); }

  void start() override {
    asio::co_spawn(loop_.context(), run(),
                   [self = shared_from_this()](const std::exception_ptr&) { self->finish(); });
  }
  void sweep(SteadyTime now) override {
    if (wire_.sweep(now) && wire_.phase() == Phase::kStreaming) wake_later();
  }
  void drain() override {
    if (wire_.phase() == Phase::kIdle) wire_.cancel();
    if (exchange_->is_answered && exchange_->stream) exchange_->stream->finish();
  }
  void abort() override {
    wire_.abort();
    exchange_->listener = nullptr;
    wake_later();
  }
  void answered() override {
    exchange_->is_awaited = false;
    wake();
  }
  void events_waiting() override {
    if (wire_.phase() == Phase::kStreaming) wake();
  }

 private:
  const ServerOptions& options() const { return loop_.server().options; }

  // Until wake(). The caller has checked that what it waits for is not there yet.
  Task<void> sleep() {
    co_await asio::async_initiate<const UseAwaitable, void()>(
        [this](Sleeper handler) { sleeper_.emplace(std::move(handler)); }, UseAwaitable{});
  }
  void wake() {
    if (!sleeper_) return;
    Sleeper woken(std::move(*sleeper_));
    sleeper_.reset();
    woken();
  }
  // Not inside a walk over the connections, which may end this one.
  void wake_later() {
    asio::post(loop_.context(), [self = shared_from_this()] { self->wake(); });
  }

  Task<void> run() {
    bool going = true;
    if (loop_.server().tls) going = co_await wire_.handshake(exchange_->peer_certificate);
    if (!going) loop_.server().handshakes_failed.fetch_add(1, std::memory_order_relaxed);
    while (going) going = co_await serve_request();
  }

  void finish() {
    exchange_->listener = nullptr;
    if (exchange_->stream) exchange_->stream->set_listener(nullptr);
    wire_.close();
    loop_.finished(*this);
  }

  /// True when the next request may follow.
  Task<bool> serve_request() {
    exchange_->clear();
    RequestHead head;
    MessageFacts facts;
    MaybeRefusal refusal = co_await read_head(head, facts);
    if (refusal) co_return co_await refuse(*refusal);

    Application::Admission admission = admit(head);
    if (admission.refusal) {
      facts.keep_alive = facts.keep_alive && !facts.has_body();  // the body stays unread
      co_return co_await respond(*admission.refusal, facts);
    }
    if (facts.has_body()) refusal = co_await read_body(facts, admission.body_max);
    if (refusal) co_return co_await refuse(*refusal);

    wire_.enter_handling();
    handle({std::move(head), exchange_->body, std::move(admission.context)});
    while (!exchange_->is_answered && !wire_.aborted()) {
      exchange_->is_awaited = true;
      co_await sleep();
    }
    if (wire_.aborted()) co_return false;
    if (exchange_->stream) co_return co_await stream_events();
    co_return co_await respond(*exchange_->response, facts);
  }

  Application::Admission admit(const RequestHead& head) {
    try {
      return loop_.server().application.admit(head);
    } catch (const std::exception&) {
      log_exception();
      Application::Admission refused;
      refused.refusal = problem_response({500, "internal"});
      return refused;
    }
  }
  // A Reply that is lost on the way answers 500 by itself.
  void handle(Request request) {
    try {
      loop_.server().application.handle(std::move(request), Reply(exchange_));
    } catch (const std::exception&) {
      log_exception();
    }
  }
  void log_exception() const {
    loop_.server().log.failure("http.handler_exception",
                               error(Code::kInternal, "exception", "a request handler threw"));
  }

  Task<MaybeRefusal> read_head(RequestHead& head, MessageFacts& facts) {
    reader_.begin_request();
    if (reader_.empty()) {
      if (loop_.draining()) co_return kHangUp;
      const auto first = std::min(options().idle_timeout, options().request_timeout);
      wire_.enter(Phase::kIdle, requests_ == 0 ? first : options().idle_timeout);
      without_waiting_ = 0;
    } else {
      wire_.enter(Phase::kRequest, options().request_timeout);
      // Pipelined requests must not starve the other connections.
      if (++without_waiting_ % kRequestsPerTurn == 0)
        co_await asio::post(loop_.context(), UseAwaitable{});
    }
    ++requests_;
    for (;;) {
      const auto progress = reader_.take_head(*exchange_, head, facts);
      if (progress == Progress::kDone) co_return std::nullopt;
      if (progress == Progress::kRefused) co_return reader_.refusal();
      if (!co_await read_more()) co_return interruption();
    }
  }

  Task<bool> read_more() {
    const std::size_t count = co_await wire_.read_some(reader_.room());
    if (count == 0) co_return false;
    if (wire_.phase() == Phase::kIdle) wire_.enter(Phase::kRequest, options().request_timeout);
    reader_.filled(count);
    co_return true;
  }

  /// Why reading ended: too slow in the middle of a request, or gone.
  Refusal interruption() const {
    const bool in_request = wire_.phase() == Phase::kRequest;
    return wire_.expired() && in_request ? Refusal{408, "request_timeout"} : kHangUp;
  }

  Task<MaybeRefusal> read_body(const MessageFacts& facts, std::size_t most) {
    if (facts.content_length > most) co_return Refusal{413, "body_too_large"};
    if (facts.expects_continue && reader_.empty()) {
      if (!co_await wire_.write("HTTP/1.1 100 Continue\r\n\r\n")) co_return kHangUp;
      wire_.enter(Phase::kRequest, options().request_timeout);
    }
    if (!facts.chunked) co_return co_await read_sized(facts.content_length);
    for (;;) {
      const auto progress = reader_.take_chunks(most, exchange_->body);
      if (progress == Progress::kDone) co_return std::nullopt;
      if (progress == Progress::kRefused) co_return reader_.refusal();
      if (!co_await read_more()) co_return interruption();
    }
  }

  Task<MaybeRefusal> read_sized(std::size_t length) {
    WipedText& body = exchange_->body;
    reader_.take_ready(length, body);
    while (body.size() < length) {
      // Memory follows what has arrived, not what was promised.
      const std::size_t had = body.size();
      const std::size_t step = std::min(length - had, kBodyStep);
      body.resize(had + step);
      const std::size_t count = co_await wire_.read_some({body.data() + had, step});
      body.resize(had + count);
      if (count == 0) co_return interruption();
    }
    co_return std::nullopt;
  }

  Task<bool> refuse(Refusal refusal) {
    if (refusal.status == 0) co_return false;
    loop_.server().requests_refused.fetch_add(1, std::memory_order_relaxed);
    Response response = problem_response(refusal);
    MessageFacts facts;
    facts.keep_alive = false;
    co_return co_await respond(response, facts);
  }

  Task<bool> respond(Response& response, const MessageFacts& facts) {
    if (!ResponseWriter::is_safe(response)) response = problem_response({500, "bad_response"});
    const AnswerForm form{facts.keep_alive && !loop_.draining(), facts.head_only};
    out_.clear();
    const bool with_body = loop_.writer().write_head(response, form, out_);
    const bool joined = with_body && response.body.size() <= kJoinedBodyMax;
    if (joined) out_.append(response.body);
    bool sent = co_await wire_.write(out_);
    if (sent && with_body && !joined) sent = co_await wire_.write(response.body);
    wipe(out_.data(), out_.size());
    wipe(response.body.data(), response.body.size());
    if (!sent) co_return false;
    if (!form.keep_alive) co_await wire_.linger();
    co_return form.keep_alive;
  }

  Task<bool> stream_events() {
    const std::shared_ptr<EventQueue> queue = exchange_->stream;
    queue->set_listener(this);
    if (loop_.draining()) queue->finish();
    watching_ = true;
    asio::co_spawn(loop_.context(), watch_for_hang_up(queue),
                   [self = shared_from_this()](const std::exception_ptr&) {});
    out_.clear();
    loop_.writer().write_stream_head(out_);
    bool going = co_await wire_.write(out_);
    while (going && !wire_.aborted()) {
      WipedText events;
      const EventQueue::Next next = queue->take(events);
      if (events.empty() && next == EventQueue::Next::kEnd) break;
      if (events.empty() && wire_.heartbeat_due()) events = ":\n\n";
      if (events.empty()) {
        wire_.enter(Phase::kStreaming, kHeartbeat);
        co_await sleep();
      } else {
        out_.clear();
        ResponseWriter::write_chunk(events, out_);
        going = co_await wire_.write(out_);
        wipe(out_.data(), out_.size());
      }
    }
    queue->finish();
    if (going && !wire_.aborted()) going = co_await wire_.write("0\r\n\r\n");
    if (going) wire_.end_sending();
    if (going && watching_) co_await sleep();
    co_return false;
  }

  // Beside the stream: a client that leaves is noticed at once, not at the next heartbeat.
  Task<void> watch_for_hang_up(std::shared_ptr<EventQueue> queue) {
    char scratch[512];
    std::size_t count = 1;
    while (count != 0) count = co_await wire_.read_some(scratch);
    queue->finish();
    watching_ = false;
    wake_later();
  }

  EventLoop& loop_;
  const PeerKey peer_key_;
  Wire wire_;
  const std::shared_ptr<Reply::Target> exchange_;
  RequestReader reader_;
  unsigned requests_ = 0;
  unsigned without_waiting_ = 0;  // requests in a row that were there already
  WipedText out_;
  bool watching_ = false;  // watch_for_hang_up still reads
  std::optional<Sleeper> sleeper_;
};

}  // namespace

std::shared_ptr<Connection> make_connection(EventLoop& loop, int socket, Peer peer) {
  const PeerKey key = peer.key;
  Socket owned(loop.context());
  boost::system::error_code failed;
  // The protocol is a label here: a local socket reads and writes alike.
  owned.assign(asio::ip::tcp::v4(), socket, failed);
  if (failed) ::close(socket);
  try {
    if (!failed) return std::make_shared<HttpConnection>(loop, std::move(owned), std::move(peer));
  } catch (const std::exception&) {
    // No memory: the socket closes itself.
  }
  loop.server().limits.release(key);
  return nullptr;
}

}  // namespace kw::net
