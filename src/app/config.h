// The server's settings: a YAML file, checked whole before anything starts. Every setting is listed
// in docs/guide/configuration.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "connectors/data_places.h"
#include "connectors/make_connectors.h"
#include "observe/log.h"

namespace kw::app {

struct Config {
  std::string node = "node-1";  ///< names this node's access log; [A-Za-z0-9][A-Za-z0-9._-]{0,127}
  std::string cluster = "keywright";  ///< names the audit log's origin
  std::string data_directory;         ///< required unless dev: store, audit log, certificate
  std::string store_url;              ///< default: sqlite in the data directory
  std::string address = "127.0.0.1";
  std::uint16_t port = 8443;  ///< 0: any free port
  int threads = 2;
  std::string certificate_file, private_key_file;  ///< made at first start when neither is given
  std::string client_ca_file;
  std::string seal = "shamir";  ///< shamir, or dev (loopback only)
  observe::Level log_level = observe::Level::kInfo;
  observe::Log::Format log_format = observe::Log::Format::kJson;
  bool allow_unlocked_memory = false;
  double per_source_rate = 20'000;  ///< requests per second; 0: no limit
  double per_caller_rate = 50'000;
  double per_tenant_rate = 50'000;
  std::int64_t audit_linger_us = 200;
  std::int64_t destroy_wait_seconds = 30LL * 24 * 3600;
  std::int64_t message_limit = 0;  ///< lower hard limit for counted suites; 0: the algorithm's own
  bool rotation_enabled = true;    ///< false: this node rotates nothing by itself
  int rotation_workers = 4;
  int rotation_poll_ms = 100;                ///< between two rounds of the scheduler
  std::int64_t rotation_lease_seconds = 30;  ///< after a crash another node goes on so late
  int rotation_begins_per_minute = 600;      ///< at one foreign system; 0: no limit
  int rotation_clock_rate = 1;  ///< scheduled seconds per second; more than 1 with seal dev only
  std::vector<connectors::DataPlace> data_stores;  ///< what re-encryption may go through
  connectors::ConnectorOptions connectors;         ///< what connectors may reach
  bool development = false;                        ///< set by --dev only
};

/// @errors kInvalidArgument(config_invalid): "file:line:column ..." and the nearest known setting.
Result<Config> parse_config(std::string_view yaml, std::string_view file_name);
/// Reads and parses. @errors as parse_config; kNotFound(config_missing)
Result<Config> load_config(const std::string& file);

}  // namespace kw::app
