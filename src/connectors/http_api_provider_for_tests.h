// The provider of http_api_provider_for_tests.py, started.
#pragma once

#include "codec/json.h"
#include "connectors/foreign_system_for_tests.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {

class HttpApiProvider {
 public:
  HttpApiProvider();
  std::uint16_t port() const { return port_; }
  /// Changes its state and tells it. @param change  JSON
  codec::JsonDocument control(std::string_view change = "{}") const;
  static ConnectorOptions options();
  secrets::Settings settings() const;
  static secrets::Credential administrator();

 private:
  TestFolder folder_;
  ServerProcess process_;
  std::uint16_t port_ = 0;
};

}  // namespace kw::connectors
