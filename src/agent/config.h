// The agent's settings: a YAML file, checked whole before anything starts. Every setting is listed
// in docs/guide/agent.md.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/cache.h"
#include "agent/health_check.h"
#include "agent/rooted_file.h"
#include "base/result.h"
#include "codec/text_template.h"
#include "observe/log.h"

namespace kw::agent {

using Milliseconds = std::chrono::milliseconds;

struct ServerConfig {
  std::string url;            ///< required: "https://host:port"
  std::string ca_file;        ///< "": the system's
  std::string pinned_sha256;  ///< trust exactly this certificate
  std::string token_file;     ///< one of these three ways to prove who we are:
  std::string certificate_file, private_key_file;
  std::string role_id, secret_id_file;
};

struct FileConfig {
  RootedPath path;
  codec::TextTemplate text;
  FileForm form;
};

/// What happens after new content was written.
struct Reload {
  Words command;         ///< not empty: run it
  std::string pid_file;  ///< not empty: signal the process that it names
  int signal = 0;
  Milliseconds timeout{30'000};
};

/// Somebody who uses secrets: files, a reload and a health gate that belong together.
struct ApplicationConfig {
  std::string name;
  std::vector<FileConfig> files;
  std::vector<std::pair<std::string, codec::TextTemplate>> environment;  ///< of exec mode only
  Reload reload;
  HealthCheck health;
  Milliseconds stagger{0};
};

/// What exec mode does when its environment changes.
enum class ExecChange : std::uint8_t { kRestart, kSignal, kNothing };
struct ExecConfig {
  ApplicationConfig application;
  ExecChange on_change = ExecChange::kRestart;
  int signal = 0;
  Milliseconds stop_timeout{10'000};
};

/// Who may read a secret at the local socket.
struct SecretConfig {
  std::string path;
  std::set<uid_t> users;
  std::set<gid_t> groups;
};

struct SocketConfig {
  std::string path;  ///< "": none
  mode_t mode = 0600;
};

struct Config {
  ServerConfig server;
  std::string tenant, consumer;
  bool canary = false;                ///< takes what a rollout tries before its turn
  std::string instance;               ///< default: the host's name
  std::chrono::seconds poll{60};      ///< while the stream of events is away
  std::chrono::seconds refresh{300};  ///< everything is read again so often, whatever happens
  std::chrono::seconds lease{900};    ///< as the consumer was registered
  std::vector<std::string> roots;     ///< files are written below these only
  CacheOptions cache;
  SocketConfig socket;
  std::vector<SecretConfig> secrets;
  std::vector<ApplicationConfig> applications;
  std::optional<ExecConfig> exec;
  bool allow_unlocked_memory = false;
  observe::Level log_level = observe::Level::kInfo;
  observe::Log::Format log_format = observe::Log::Format::kJson;
};

/// @param base  relative template_file names start there.
/// @errors kInvalidArgument(config_invalid): "file:line:column …" with what would be right
Result<Config> parse_config(std::string_view yaml, const std::string& file_name);
/// Reads and parses. @errors as parse_config; kNotFound(config_missing)
Result<Config> load_config(const std::string& file);

/// Every setting's full name ("server.url", "applications.files.path" …), for the documentation's
/// test.
std::vector<std::string> setting_names();

/// What is legal and probably not meant; one sentence each.
std::vector<std::string> doubts(const Config& config);

}  // namespace kw::agent
