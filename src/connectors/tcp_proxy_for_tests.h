// A network between a connector and its target that fails where a test says.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace kw::connectors {

class TcpProxy {
 public:
  enum class Fault : std::uint8_t {
    kNone,
    kCutBefore,  ///< the request is lost
    kCutAfter,   ///< the request arrives, its reply is lost
    kStall,      ///< nothing is passed on, nothing is closed
  };
  explicit TcpProxy(std::uint16_t target);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::uint16_t port() const { return port_; }
  /// The request with this number from now on (0 is the next) meets the fault; so do all
  /// connections after it. kNone: everything passes again.
  void arm(Fault fault, int request = 0);
  bool fired() const { return fired_; }

 private:
  struct Pair {
    int client = -1, server = -1;
    bool reply_lost = false;  ///< closes with the next reply
  };
  void serve();
  void accept_one();
  bool pass_request(Pair& pair);
  bool pass_reply(Pair& pair);

  std::uint16_t target_, port_ = 0;
  int listener_ = -1, wake_[2] = {-1, -1};
  std::mutex lock_;
  Fault fault_ = Fault::kNone;
  int requests_left_ = 0;
  std::atomic<bool> fired_ = false, ended_ = false;
  std::vector<Pair> pairs_;
  std::thread thread_;
};

}  // namespace kw::connectors
