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
  /// One listener for each target; the faults are common.
  explicit TcpProxy(const std::vector<std::uint16_t>& targets);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::vector<std::uint16_t> ports() const;
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
  struct Listener {
    std::uint16_t target = 0, port = 0;
    int socket = -1;
  };
  void accept_one(const Listener& listener);
  bool pass_request(Pair& pair);
  bool pass_reply(Pair& pair);

  std::vector<Listener> listeners_;
  int wake_[2] = {-1, -1};
  std::mutex lock_;
  Fault fault_ = Fault::kNone;
  int requests_left_ = 0;
  std::atomic<bool> fired_ = false, ended_ = false;
  std::vector<Pair> pairs_;
  std::thread thread_;
};

}  // namespace kw::connectors
