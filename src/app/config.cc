#include "app/config.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <vector>

#include "app/connector_config.h"
#include "app/data_store_config.h"
#include "base/name.h"
#include "codec/yaml.h"

namespace kw::app {

namespace {

using codec::YamlView;

Error invalid(const YamlView& at, const std::string& what) {
  return error(Code::kInvalidArgument, "config_invalid", at.where() + " " + what);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

using Reader = std::function<Status(const YamlView&, Config&)>;
using Section = std::map<std::string, Reader, std::less<>>;

Reader text(std::string Config::*member) {
  return [member](const YamlView& at, Config& config) -> Status {
    KW_TRY(config.*member, at.text());
    return ok();
  };
}

template <typename Number>
Reader number(Number Config::*member, std::int64_t low, std::int64_t high) {
  return [=](const YamlView& at, Config& config) -> Status {
    KW_TRY(const std::int64_t value, at.integer());
    if (value < low || value > high)
      return invalid(at, "must be from " + std::to_string(low) + " to " + std::to_string(high));
    config.*member = static_cast<Number>(value);
    return ok();
  };
}

Reader flag(bool Config::*member) {
  return [member](const YamlView& at, Config& config) -> Status {
    KW_TRY(config.*member, at.boolean());
    return ok();
  };
}

Reader seconds(std::int64_t Config::*member, std::int64_t low, std::int64_t high) {
  return [=](const YamlView& at, Config& config) -> Status {
    KW_TRY(config.*member, at.seconds());
    if (config.*member < low || config.*member > high)
      return invalid(
          at, "must be from " + std::to_string(low) + " s to " + std::to_string(high) + " s");
    return ok();
  };
}

Reader one_of(std::string Config::*member, const std::vector<std::string>& choices) {
  return [member, choices](const YamlView& at, Config& config) -> Status {
    KW_TRY(config.*member, at.text());
    if (std::find(choices.begin(), choices.end(), config.*member) != choices.end()) return ok();
    std::string list;
    for (const std::string& choice : choices) list += (list.empty() ? "" : ", ") + choice;
    return invalid(at, "must be one of: " + list);
  };
}

Status log_level(const YamlView& at, Config& config) {
  KW_TRY(const std::string level, at.text());
  static const std::map<std::string, observe::Level, std::less<>> kLevels = {
      {"debug", observe::Level::kDebug},
      {"info", observe::Level::kInfo},
      {"warning", observe::Level::kWarning},
      {"error", observe::Level::kError}};
  const auto found = kLevels.find(level);
  if (found == kLevels.end()) return invalid(at, "must be one of: debug, info, warning, error");
  config.log_level = found->second;
  return ok();
}

Status log_format(const YamlView& at, Config& config) {
  KW_TRY(const std::string format, at.text());
  if (format != "json" && format != "text") return invalid(at, "must be one of: json, text");
  config.log_format = format == "json" ? observe::Log::Format::kJson : observe::Log::Format::kText;
  return ok();
}

// Reads a map by a table of its settings; the first unknown one is an error that names the nearest
// known.
Status read_section(const YamlView& map, const Section& section, Config& config) {
  if (map.kind() != YamlView::Kind::kMap) return invalid(map, "must be a map of settings");
  for (const auto& member : map.members()) {
    const std::string& name = member.first;
    const YamlView& value = member.second;
    const auto found = section.find(name);
    if (found != section.end()) {
      KW_OK(found->second(value, config));
      continue;
    }
    const auto nearest =
        std::min_element(section.begin(), section.end(), [&](const auto& a, const auto& b) {
          return edit_distance(a.first, name) < edit_distance(b.first, name);
        });
    return invalid(value,
                   "unknown setting \"" + name + "\"; nearest is \"" + nearest->first + "\"");
  }
  return ok();
}

Reader section(Section settings) {
  return [settings = std::move(settings)](const YamlView& at, Config& config) {
    return read_section(at, settings, config);
  };
}

Status data_stores(const YamlView& at, Config& config) {
  KW_TRY(config.data_stores, read_data_stores(at));
  return ok();
}

Status connector_options(const YamlView& at, Config& config) {
  KW_TRY(config.connectors, read_connectors(at));
  return ok();
}

Section all_settings() {
  return {
      {"node", text(&Config::node)},
      {"cluster", text(&Config::cluster)},
      {"data_directory", text(&Config::data_directory)},
      {"store", text(&Config::store_url)},
      {"listen", section({{"address", text(&Config::address)},
                          {"port", number(&Config::port, 0, 65535)},
                          {"threads", number(&Config::threads, 1, 64)}})},
      {"tls", section({{"certificate_file", text(&Config::certificate_file)},
                       {"private_key_file", text(&Config::private_key_file)},
                       {"client_ca_file", text(&Config::client_ca_file)}})},
      {"seal", one_of(&Config::seal, {"shamir", "dev"})},
      {"log", section({{"level", log_level}, {"format", log_format}})},
      {"allow_unlocked_memory", flag(&Config::allow_unlocked_memory)},
      {"limits", section({{"per_source", number(&Config::per_source_rate, 0, 10'000'000)},
                          {"per_caller", number(&Config::per_caller_rate, 0, 10'000'000)},
                          {"per_tenant", number(&Config::per_tenant_rate, 0, 10'000'000)},
                          {"messages", number(&Config::message_limit, 0, 1LL << 32)}})},
      {"rotation",
       section({{"enabled", flag(&Config::rotation_enabled)},
                {"workers", number(&Config::rotation_workers, 1, 64)},
                {"poll_ms", number(&Config::rotation_poll_ms, 10, 10'000)},
                {"lease", seconds(&Config::rotation_lease_seconds, 2, 300)},
                {"begins_per_minute", number(&Config::rotation_begins_per_minute, 0, 1'000'000)},
                {"clock_rate", number(&Config::rotation_clock_rate, 1, 10'000)}})},
      {"data_stores", data_stores},
      {"connectors", connector_options},
      {"audit", section({{"linger_us", number(&Config::audit_linger_us, 0, 2000)}})},
      {"destroy_wait", seconds(&Config::destroy_wait_seconds, 7LL * 24 * 3600, 365LL * 24 * 3600)},
  };
}

bool loopback(std::string_view address) {
  return address == "127.0.0.1" || address == "::1" || address == "localhost";
}

Status check_together(const YamlView& root, const Config& config) {
  if (config.data_directory.empty())
    return invalid(root, "data_directory is missing: where the server keeps its files");
  if (!std::filesystem::path(config.data_directory).is_absolute())
    return invalid(root, "data_directory must be an absolute path");
  if (config.certificate_file.empty() != config.private_key_file.empty())
    return invalid(root, "tls needs both certificate_file and private_key_file, or neither");
  if (config.seal == "dev" && !loopback(config.address))
    return invalid(root, "seal: dev is for loopback addresses only; use seal: shamir");
  if (config.rotation_clock_rate != 1 && config.seal != "dev")
    return invalid(root, "rotation.clock_rate is for development: it needs seal: dev");
  for (const std::string& name : {config.node, config.cluster})
    if (!ObjectName::parse(name))
      return invalid(root, "node and cluster are names: letters, digits, dot, underscore, hyphen");
  return ok();
}

}  // namespace

Result<Config> parse_config(std::string_view yaml, std::string_view file_name) {
  KW_TRY(const codec::YamlDocument document, codec::YamlDocument::parse(yaml, file_name));
  Config config;
  KW_OK(read_section(document.root(), all_settings(), config));
  KW_OK(check_together(document.root(), config));
  if (config.store_url.empty())
    config.store_url = "sqlite://" + config.data_directory + "/keywright.db";
  return config;
}

Result<Config> load_config(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return error(Code::kNotFound, "config_missing", "cannot read the configuration file " + file);
  std::ostringstream content;
  content << in.rdbuf();
  return parse_config(content.str(), file);
}

}  // namespace kw::app
