// The local socket: applications read secrets, wait for changes, and say how they fare with them.
// Who may is decided by the user and group that the kernel gives for the connection.
//
//   GET  /api/v1/tenants/TENANT/secrets/PATH[?version=previous | ?after=N&wait_seconds=S]
//   POST /api/v1/tenants/TENANT/secrets/PATH:used | :failed   {"version": N}
//   GET  /health, GET /metrics
//
// The answer of a read is the server's own, so the client library speaks to either. What somebody
// may not read looks like what does not exist.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "agent/config.h"
#include "agent/holdings.h"
#include "net/http_server.h"
#include "observe/metrics.h"

namespace kw::agent {

/// Borrows everything. Answers come from the socket's loop and from a thread of its own.
class LocalApi final : public net::Application {
 public:
  struct Parts {
    const Clock& clock;
    Holdings& holdings;
    observe::Registry& metrics;
    std::function<bool()> connected;
    std::function<void()> wake;  ///< something is to be said to the server
  };
  LocalApi(const Config& config, Parts parts);
  ~LocalApi() override;
  LocalApi(const LocalApi&) = delete;
  LocalApi& operator=(const LocalApi&) = delete;

  Admission admit(const net::RequestHead& head) override;
  void handle(net::Request request, net::Reply reply) override;
  /// A version came into force: who waits for it gets it.
  void changed(const std::string& path);

 private:
  struct Waiting {
    net::Reply reply;
    std::string path;
    std::uint32_t after;
    SteadyTime until;
  };
  struct Asked;
  bool may_use(const net::PeerProcess* peer, const std::string& path) const;
  Result<Asked> parse(const net::RequestHead& head) const;
  void read(const Asked& asked, net::Reply reply);
  void judge(const Asked& asked, std::string_view body, net::Reply reply);
  net::Response health() const;
  net::Response value_response(const client::SecretPointer& value) const;
  void answer_late();

  const Config& config_;
  Parts parts_;
  std::map<std::string, const SecretConfig*> secrets_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Waiting> waiting_;
  bool stopping_ = false;
  std::thread late_;
};

}  // namespace kw::agent
