#include "connectors/http_api_provider_for_tests.h"

#include <fstream>

#include "base/check.h"
#include "net/http_client.h"

namespace kw::connectors {

HttpApiProvider::HttpApiProvider() {
  process_.start(
      {"/usr/bin/python3", "-B", KW_CONNECTORS "/http_api_provider_for_tests.py", folder_ / "port"},
      folder_ / "log");
  KW_CHECK(comes_true([&] { return bool(std::ifstream(folder_ / "port") >> port_); }));
}

codec::JsonDocument HttpApiProvider::control(std::string_view change) const {
  net::ClientOptions options;
  options.base_url = "http://127.0.0.1:" + std::to_string(port_);
  auto client = net::HttpClient::create(options);
  net::ClientRequest request;
  request.method = "POST";
  request.path = "/control";
  request.body = change;
  auto answer = client->send(request);
  return std::move(codec::JsonDocument::parse(answer.value().body).value());
}

ConnectorOptions HttpApiProvider::options() {
  ConnectorOptions made;
  made.egress.loopback = true;
  return made;
}

secrets::Settings HttpApiProvider::settings() const {
  return {{"base_url", "http://127.0.0.1:" + std::to_string(port_) + "/v1"},
          {"create", "POST /keys"},
          {"list", "GET /keys"},
          {"next_at", "/next"},
          {"delete", "DELETE /keys/{{id}}"},
          {"disable", "POST /keys/{{id}}/disable"},
          {"enable", "POST /keys/{{id}}/enable"},
          {"regenerate", "POST /slots/{{id}}/regenerate"},
          {"probe", "GET /whoami"},
          {"item_used", "/last_used_at"}};
}

secrets::Credential HttpApiProvider::administrator() {
  return {1, "admin", value_for_tests("admin-token-of-the-tests")};
}

}  // namespace kw::connectors
