#include "connectors/nats_target.h"

#include <poll.h>

#include <charconv>

#include "codec/base64.h"
#include "codec/json.h"
#include "connectors/outcome.h"
#include "connectors/principal_name.h"
#include "net/http_client.h"

namespace kw::connectors {

using secrets::Credential;
using secrets::Place;
using secrets::SettingRule;

namespace {

constexpr std::string_view kWhat = "NATS";
constexpr std::size_t kPage = 256;
constexpr int kCostMin = 4, kCostMax = 14;
constexpr int kRefusedPauseMs = 30, kRefusedPauseMaxMs = 120;

constexpr SettingRule kSystemRules[] = {
    kHostRule,
    {"port", "port for clients", false, "4222"},
    {"monitoring_port", "port of /connz, same host; empty: no meter", false, ""},
    kTlsRule,
    kCaFileRule,
    {"root", "a folder of file_roots in the server's configuration", true, ""},
    {"users_file", "file of users that nats-server includes, below the root", true, ""},
    {"pid_file", "pid file of nats-server, below the root", true, ""}};
constexpr SettingRule kAccountRules[] = {
    kNameRule,
    {"permissions", "JSON object, as in {\"publish\":[\"app.>\"]}; empty: those of the old user",
     false, ""},
    {"probe_subject", "subject that the account must be able to subscribe to; empty: not probed",
     false, ""},
    {"hash_cost", "4 to 14: bcrypt rounds as a power of two, which each login costs the server",
     false, "4"}};

std::string encoded(std::string_view text) {
  std::string made;
  for (const char each : text) made += "%" + codec::hex(as_bytes(std::string_view(&each, 1)));
  return made;
}

bool is_subject(std::string_view text) {
  return text.find_first_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

std::span<const SettingRule> nats_system_rules() {
  return kSystemRules;
}
std::span<const SettingRule> nats_account_rules() {
  return kAccountRules;
}

Result<NatsTarget> NatsTarget::read(const Place& place) {
  const auto of_system = [&](std::string_view which) {
    return std::string(secrets::setting(place.system, kSystemRules, which));
  };
  const auto of = [&](std::string_view which) {
    return std::string(secrets::setting(place.account, kAccountRules, which));
  };
  NatsTarget target;
  KW_TRY(target.address, read_address(place.system, kSystemRules));
  const std::string monitoring = of_system("monitoring_port");
  target.monitored = !monitoring.empty();
  if (target.monitored) {
    KW_TRY(const auto addresses,
           read_addresses(target.address.host + ":" + monitoring, target.address));
    target.monitoring = addresses.at(0);
  }
  target.users_file.root = target.pid_file.root = of_system("root");
  target.users_file.path = of_system("users_file");
  target.pid_file.path = of_system("pid_file");
  target.name = of("name");
  KW_TRY(target.permissions, read_permissions(of("permissions")));
  target.probe_subject = of("probe_subject");
  if (!is_subject(target.probe_subject)) return bad_setting("a subject has no spaces");
  const std::string cost = of("hash_cost");
  const auto read = std::from_chars(cost.data(), cost.data() + cost.size(), target.hash_cost);
  if (read.ptr != cost.data() + cost.size() || target.hash_cost < kCostMin ||
      target.hash_cost > kCostMax)
    return bad_setting("hash_cost is a number from 4 to 14");
  return target;
}

Result<std::unique_ptr<NatsLogin>> NatsTarget::log_in(const Credential& credential,
                                                      SteadyTime deadline) const {
  for (int pause_ms = kRefusedPauseMs;; pause_ms *= 2) {
    auto login = NatsLogin::open(address, credential, deadline);
    const bool refused = !login && login.error().code == Code::kUnauthenticated;
    if (!refused || pause_ms > kRefusedPauseMaxMs) return login;
    if (left_until(deadline).count() <= pause_ms) return login;
    poll(nullptr, 0, pause_ms);
  }
}

Status NatsTarget::probe(const Credential& credential, SteadyTime deadline) const {
  KW_OK(log_in(credential, deadline));
  return ok();
}

Result<std::vector<std::string>> NatsTarget::connections(std::string_view user,
                                                         SteadyTime deadline) const {
  std::vector<std::string> found;
  for (std::size_t offset = 0;; offset += kPage) {
    net::ClientOptions options;
    options.base_url = (monitoring.tls ? "https://" : "http://") + monitoring.host + ":" +
                       std::to_string(monitoring.port);
    options.ca_file = monitoring.ca_file;
    options.timeout = left_until(deadline);
    if (options.timeout.count() == 0) return too_slow(kWhat);
    KW_TRY(auto client, net::HttpClient::create(std::move(options)));
    net::ClientRequest request;
    request.path = "/connz?auth=1&limit=" + std::to_string(kPage) +
                   "&offset=" + std::to_string(offset) + "&user=" + encoded(user);
    KW_TRY(const auto response, client.send(request));
    const auto document = codec::JsonDocument::parse(response.body);
    if (response.status != 200 || !document)
      return error(Code::kUnavailable, "target_busy", "NATS does not say who is connected");
    const auto listed = document->root().find("connections");
    const auto page = listed ? listed->elements() : std::vector<codec::JsonView>();
    for (const codec::JsonView& each : page) {
      const auto who = each.text("authorized_user"), ip = each.text("ip");
      if (who && *who == user) found.emplace_back(ip ? *ip : "");
    }
    if (page.size() < kPage) return found;
  }
}

Status NatsTarget::edit(SteadyTime deadline,
                        const std::function<Result<bool>(NatsUsers&)>& change) const {
  KW_TRY(const CredentialFile file, CredentialFile::open(users_file));
  KW_OK(file.edit(deadline, [&](std::optional<WipedText>& text) -> Result<bool> {
    KW_TRY(NatsUsers users, NatsUsers::parse(text ? std::string_view(*text) : ""));
    KW_TRY(const bool changed, change(users));
    if (changed) text = users.text();
    return changed;
  }));
  // Also when nothing changed: an earlier try may have been cut off before this.
  return reload_server(pid_file, "nats-server");
}

}  // namespace kw::connectors
