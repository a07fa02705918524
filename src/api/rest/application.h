// The REST dialect as a net::Application: admission before the body is read, then the handler on
// the right thread.
#pragma once

#include <memory>

#include "net/http_server.h"
#include "service/house.h"
#include "service/limits.h"

namespace kw::api::rest {

struct ApplicationOptions {
  service::Rate per_source{20'000, 40'000};   ///< requests per second by socket address
  service::Rate per_caller{50'000, 100'000};  ///< by principal
  service::Rate per_tenant{50'000, 100'000};
  std::size_t body_max = 1 << 20;  ///< of authenticated requests
  std::size_t public_body_max = 64 * 1024;
  int workers = 32;
};

/// Thread-safe. `house` must outlive it.
class Application final : public net::Application {
 public:
  Application(service::House& house, ApplicationOptions options);
  ~Application() override;
  Admission admit(const net::RequestHead& head) override;
  void handle(net::Request request, net::Reply reply) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kw::api::rest
