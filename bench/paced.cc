// One GET over TLS again and again: as fast as it goes, or at random moments with a given mean
// rate. A request's latency counts from the moment when it was due, also while all connections are
// busy: waiting in the client is not left out.
//
//   KEYWRIGHT_TOKEN=… bench_paced PORT PATH CONNECTIONS SECONDS RATE     RATE 0: as fast as it goes
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fcntl.h>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

struct Connection {
  int socket = -1;
  SSL* tls = nullptr;
  Time due;
  std::string in;
};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "failed: %s\n", what);
  std::_Exit(1);
}

Connection open_connection(SSL_CTX* context, std::uint16_t port) {
  Connection made;
  made.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (connect(made.socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    fail("connect");
  const int on = 1;
  setsockopt(made.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  made.tls = SSL_new(context);
  SSL_set_fd(made.tls, made.socket);
  if (SSL_connect(made.tls) != 1) fail("TLS handshake");
  fcntl(made.socket, F_SETFL, fcntl(made.socket, F_GETFL) | O_NONBLOCK);
  return made;
}

class Load {
 public:
  Load(std::vector<Connection> connections, std::string request, double rate, Time begin, Time end)
      : connections_(std::move(connections)),
        request_(std::move(request)),
        rate_(rate),
        end_(end),
        next_(begin) {
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      epoll_event wanted{EPOLLIN, {}};
      wanted.data.u64 = i;
      epoll_ctl(poll_, EPOLL_CTL_ADD, connections_[i].socket, &wanted);
      idle_.push_back(i);
    }
  }

  void run() {
    for (epoll_event events[64];;) {
      const Time now = Clock::now();
      if (now >= end_) break;
      become_due(now);
      while (!waiting_.empty() && !idle_.empty()) send();
      const int count =
          epoll_pwait2(poll_, events, 64, rate_ > 0 ? until(next_) : nullptr, nullptr);
      for (int i = 0; i < count; ++i) receive(events[i].data.u64);
    }
  }

  std::vector<double> milliseconds;
  std::int64_t failed = 0;

 private:
  // Without a rate a request is due whenever a connection is free.
  void become_due(Time now) {
    if (rate_ <= 0) waiting_.assign(idle_.size(), now);
    for (; rate_ > 0 && next_ <= now;
         next_ += std::chrono::nanoseconds(static_cast<long>(1e9 / rate_ * gap_(random_))))
      waiting_.push_back(next_);
  }

  void send() {
    Connection& on = connections_[idle_.back()];
    idle_.pop_back();
    on.due = waiting_.front();
    waiting_.pop_front();
    if (SSL_write(on.tls, request_.data(), static_cast<int>(request_.size())) <= 0) fail("write");
  }

  void receive(std::size_t index) {
    Connection& on = connections_[index];
    char buffer[16384];
    for (int got = 0; (got = SSL_read(on.tls, buffer, sizeof buffer)) > 0;)
      on.in.append(buffer, static_cast<std::size_t>(got));
    const auto head = on.in.find("\r\n\r\n");
    const auto field = on.in.find("Content-Length: ");
    if (head == std::string::npos || field == std::string::npos) return;
    if (on.in.size() < head + 4 + std::strtoul(on.in.c_str() + field + 16, nullptr, 10)) return;
    if (on.in.compare(9, 3, "200") != 0) ++failed;
    on.in.clear();
    milliseconds.push_back(
        std::chrono::duration<double, std::milli>(Clock::now() - on.due).count());
    idle_.push_back(index);
  }

  const timespec* until(Time moment) {
    const auto left =
        std::max<std::int64_t>(0, std::chrono::nanoseconds(moment - Clock::now()).count());
    left_ = {left / 1'000'000'000, left % 1'000'000'000};
    return &left_;
  }

  std::vector<Connection> connections_;
  const std::string request_;
  const double rate_;
  const Time end_;
  Time next_;
  timespec left_{};
  const int poll_ = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::size_t> idle_;
  std::deque<Time> waiting_;
  // NOLINTNEXTLINE(cert-msc32-c,cert-msc51-cpp): the same load in each turn
  std::mt19937_64 random_{20'240'101};
  std::exponential_distribution<double> gap_{1};
};

}  // namespace

int main(int count, char** words) {
  const char* token = std::getenv("KEYWRIGHT_TOKEN");  // NOLINT(concurrency-mt-unsafe): one thread
  if (count != 6 || token == nullptr) return 2;
  prctl(PR_SET_TIMERSLACK, 1);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  const auto count_wanted = std::strtoul(words[3], nullptr, 10);
  std::vector<Connection> connections;
  connections.reserve(count_wanted);
  while (connections.size() < count_wanted)
    connections.push_back(
        open_connection(context, static_cast<std::uint16_t>(std::strtol(words[1], nullptr, 10))));
  const std::string request =
      std::string("GET ") + words[2] +
      " HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nAuthorization: Bearer " + token +
      "\r\n\r\n";
  const double seconds = std::strtod(words[4], nullptr);
  const Time begin = Clock::now();
  Load load(std::move(connections), request, std::strtod(words[5], nullptr), begin,
            begin + std::chrono::microseconds(static_cast<long>(seconds * 1e6)));
  load.run();
  auto& times = load.milliseconds;
  if (times.empty()) fail("no answers");
  std::sort(times.begin(), times.end());
  const auto at = [&](double part) {
    return times[static_cast<std::size_t>(static_cast<double>(times.size() - 1) * part)];
  };
  std::printf(R"({"per_second":%.1f,"failed":%ld,"p50_ms":%.4f,"p99_ms":%.4f,"p999_ms":%.4f})"
              "\n",
              static_cast<double>(times.size()) / seconds, static_cast<long>(load.failed), at(.5),
              at(.99), at(.999));
  return 0;
}
