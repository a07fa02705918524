#include "net/event_loop.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <map>
#include <thread>
#include <vector>

#include "net/connection.h"

namespace kw::net {

namespace asio = boost::asio;

namespace {

using Executor = asio::io_context::executor_type;
using Token = asio::as_tuple_t<asio::use_awaitable_t<Executor>>;
using Descriptor = asio::posix::basic_stream_descriptor<Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;

// So that a flood of connections does not starve those that are being served.
constexpr int kAcceptsPerTurn = 64;
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::seconds kQuiet{10};  // between two warnings about the same trouble

// Signals belong to the main thread; those that a fault raises stay with whoever caused them.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGPROF})
    sigdelset(&all, fault);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

struct EventLoop::State {
  State(EventLoop& owner, Listener given)
      : loop(owner),
        listener(std::move(given)),
        acceptable(context, listener.descriptor()),
        sweep_timer(context),
        accept_timer(context),
        writer(owner.server().options.tls),
        mailbox(std::make_shared<Mailbox>(
            [this] { asio::post(context, [this] { mailbox->drain(); }); })) {
    read_clocks();
  }
  ~State() {
    mailbox->close();
    if (acceptable.is_open()) acceptable.release();  // the listener closes it
  }

  void run() {
    block_signals();
    mailbox->set_loop_thread(std::this_thread::get_id());
    asio::co_spawn(context, accept_connections(), [](const std::exception_ptr&) {});
    sweep_later();
    for (bool again = true; again;) again = !run_until_empty();
    std::lock_guard lock(loop.server().mutex);
    --loop.server().loops_running;
    loop.server().loop_ended.notify_all();
  }

  // An exception here is a lack of memory in one handler: the others go on.
  bool run_until_empty() {
    try {
      context.run();
      return true;
    } catch (const std::exception&) {
      loop.server().log.failure("http.loop_exception",
                                error(Code::kInternal, "exception", "a connection was given up"));
      return false;
    }
  }

  asio::awaitable<void, Executor> accept_connections() {
    SteadyTime quiet_until{};
    while (!draining) {
      auto [failed] = co_await acceptable.async_wait(Descriptor::wait_read, Token{});
      if (failed || draining) co_return;
      if (accept_some()) continue;
      if (now >= quiet_until) loop.server().log.warning("http.accept_paused", {});
      quiet_until = now + kQuiet;
      accept_timer.expires_after(kAcceptPause);
      co_await accept_timer.async_wait(Token{});
    }
  }

  // False when the machine has no more descriptors or memory.
  bool accept_some() {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      Listener::Accepted accepted = listener.accept();
      if (accepted.kind == Listener::Accepted::Kind::kNothing) return true;
      if (accepted.kind == Listener::Accepted::Kind::kNoResources) return false;
      begin_connection(accepted);
    }
    return true;
  }

  void begin_connection(Listener::Accepted& accepted) {
    if (!loop.server().limits.admit(accepted.peer.key)) {
      close(accepted.socket);
      return;
    }
    auto connection = make_connection(loop, accepted.socket, std::move(accepted.peer));
    if (!connection) return;
    try {
      connections.emplace(connection.get(), connection);
      connection->start();
      loop.server().accepted.fetch_add(1, std::memory_order_relaxed);
    } catch (const std::exception&) {
      connections.erase(connection.get());  // no memory: only this connection is lost
    }
  }

  void read_clocks() {
    now = loop.server().clock().steady();
    writer.refresh(loop.server().clock().wall());
  }

  void sweep_later() {
    sweep_timer.expires_after(kSweep);
    sweep_timer.async_wait([this](const boost::system::error_code&) {
      if (draining && connections.empty()) return;
      read_clocks();
      for (const auto& [address, connection] : connections) connection->sweep(now);
      sweep_later();
    });
  }

  void begin_drain() {
    if (draining) return;
    draining = true;
    acceptable.cancel();
    accept_timer.cancel();
    acceptable.release();
    Listener closing(std::move(listener));
    for (const auto& [address, connection] : connections) connection->drain();
    if (connections.empty()) sweep_timer.cancel();
  }

  EventLoop& loop;
  asio::io_context context{1};
  Listener listener;
  Descriptor acceptable;
  Timer sweep_timer;
  Timer accept_timer;
  ResponseWriter writer;
  std::shared_ptr<Mailbox> mailbox;
  std::map<Connection*, std::shared_ptr<Connection>> connections;
  SteadyTime now;
  bool draining = false;
  std::thread thread;
};

EventLoop::EventLoop(ServerState& server, Listener listener)
    : server_(server), state_(std::make_unique<State>(*this, std::move(listener))) {}
EventLoop::~EventLoop() = default;

void EventLoop::start() {
  state_->thread = std::thread([this] { state_->run(); });
}

void EventLoop::drain() {
  asio::post(state_->context, [this] { state_->begin_drain(); });
}

void EventLoop::abort() {
  asio::post(state_->context, [this] {
    for (const auto& [address, connection] : state_->connections) connection->abort();
  });
}

void EventLoop::join() {
  if (state_->thread.joinable()) state_->thread.join();
}

asio::io_context& EventLoop::context() {
  return state_->context;
}
const ResponseWriter& EventLoop::writer() const {
  return state_->writer;
}
const std::shared_ptr<Mailbox>& EventLoop::mailbox() const {
  return state_->mailbox;
}
SteadyTime EventLoop::now() const {
  return state_->now;
}
bool EventLoop::draining() const {
  return state_->draining;
}

void EventLoop::finished(Connection& connection) {
  state_->connections.erase(&connection);
  if (state_->draining && state_->connections.empty()) state_->sweep_timer.cancel();
}

}  // namespace kw::net
