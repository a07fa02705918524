#include "agent/upstream.h"

#include <algorithm>

namespace kw::agent {

namespace {

using codec::JsonWriter;

constexpr Milliseconds kRequestMax{10'000};
constexpr std::string_view kKind = "secret";

std::string consumer_url(std::string_view tenant, std::string_view consumer,
                         std::string_view verb) {
  return "/api/v1/rotation/consumers/" + client::path_segment(consumer) + std::string(verb) +
         client::query({{"tenant", tenant}});
}

// The subject that an event is about; "" when the whole lot has to be looked at.
std::string changed_path(std::string_view event, std::string_view data) {
  const auto document = codec::JsonDocument::parse(data);
  if (event != "changed" || !document) return "";
  const auto kind = document->root().text("kind");
  const auto name = document->root().text("name");
  return kind && name && *kind == kKind ? std::string(*name) : std::string();
}

}  // namespace

std::string_view grade_name(Grade grade) {
  switch (grade) {
    case Grade::kLoaded:
      return "loaded";
    case Grade::kUsed:
      return "used";
    case Grade::kFailed:
      break;
  }
  return "failed";
}

bool is_away(const Error& failure) {
  switch (failure.code) {
    case Code::kNotFound:
    case Code::kPermissionDenied:
    case Code::kFailedPrecondition:
    case Code::kInvalidArgument:
      return failure.reason == "token_file_missing" || failure.reason == "bad_token_file" ||
             failure.reason == "token_file_open" || failure.reason == "bad_client_certificate";
    default:
      return true;
  }
}

Upstream::Upstream(const Config& config, std::shared_ptr<client::Channel> channel,
                   const Clock& clock)
    : canary_(config.canary),
      tenant_(config.tenant),
      consumer_(config.consumer),
      instance_(config.instance),
      channel_(std::move(channel)),
      clock_(clock) {}

Result<std::unique_ptr<Upstream>> Upstream::open(const Config& config, const Clock& clock) {
  client::ChannelOptions options;
  options.http.base_url = config.server.url;
  options.http.ca_file = config.server.ca_file;
  options.http.pinned_sha256_hex = config.server.pinned_sha256;
  options.http.client_certificate_file = config.server.certificate_file;
  options.http.client_key_file = config.server.private_key_file;
  options.http.timeout = kRequestMax;
  options.token_file = config.server.token_file;
  options.role_id = config.server.role_id;
  options.secret_id_file = config.server.secret_id_file;
  options.attempts = 1;
  options.connections_max = 2;
  KW_TRY(std::shared_ptr<client::Channel> channel, client::Channel::open(std::move(options)));
  return std::unique_ptr<Upstream>(new Upstream(config, std::move(channel), clock));
}

Result<client::SecretPointer> Upstream::fetch(const std::string& path, bool previous) {
  KW_TRY(client::SecretPointer value, read(path, previous ? "previous" : ""));
  if (!canary_ || previous) return value;
  const auto now = standing(path);
  if (!now && is_away(now.error())) return now.error();
  if (!now || now->in_rollout <= value->version) return value;
  return read(path, std::to_string(now->in_rollout));
}

// Whose turn a rollout is goes by the consumer's name, whoever the caller is.
Result<client::SecretPointer> Upstream::read(const std::string& path, const std::string& version) {
  client::Request request;
  request.path = client::secret_url(tenant_, path) +
                 client::query({{"version", version}, {"consumer", consumer_}});
  KW_TRY(const client::Answer answer, channel_->send(std::move(request)));
  return client::read_secret(path, answer.json.root());
}

Result<Upstream::Standing> Upstream::standing(const std::string& path) {
  client::Request request;
  request.path = client::secret_url(tenant_, path) + ":metadata";
  KW_TRY(const client::Answer answer, channel_->send(std::move(request)));
  Standing now;
  if (const auto versions = answer.json.root().find("versions")) {
    for (const codec::JsonView& each : versions->elements()) {
      const auto number = each.integer("version");
      const auto state = each.text("state");
      if (number && state && *state == "active")
        now.newest_active = std::max(now.newest_active, static_cast<std::uint32_t>(*number));
    }
  }
  if (const auto rollout = answer.json.root().find("rollout")) {
    const auto version = rollout->integer("version");
    const auto percent = rollout->integer("percent");
    if (version && percent && *percent > 0) now.in_rollout = static_cast<std::uint32_t>(*version);
  }
  return now;
}

Result<client::SecretPointer> Upstream::upcoming(const std::string& path, std::uint32_t present) {
  KW_TRY(const Standing now, standing(path));
  if (now.newest_active <= present) return client::SecretPointer();
  return read(path, std::to_string(now.newest_active));
}

Status Upstream::acknowledge(const std::string& path, std::uint32_t version, Grade grade) {
  JsonWriter json;
  json.begin_object().member("kind", kKind).member("name", path).member("instance", instance_);
  json.member("version", static_cast<std::int64_t>(version)).member("grade", grade_name(grade));
  json.member("observed_at", rfc3339(clock_.wall())).end_object();
  client::Request request;
  request.method = "POST";
  request.path = consumer_url(tenant_, consumer_, ":acknowledge");
  request.body = json.text();
  KW_OK(channel_->send(std::move(request)));
  return ok();
}

Status Upstream::heartbeat() {
  client::Request request;
  request.method = "POST";
  request.path = consumer_url(tenant_, consumer_, ":heartbeat");
  request.body = "{}";
  KW_OK(channel_->send(std::move(request)));
  return ok();
}

Status Upstream::listen(const std::function<void(bool resumed)>& on_open,
                        const std::function<void(const std::string& path)>& on_change,
                        const std::atomic<bool>& stop) {
  return channel_->events(
      consumer_url(tenant_, consumer_, "/events"), last_event_,
      [&](std::string_view id, std::string_view event, std::string_view data) {
        if (!id.empty()) last_event_ = id;
        if (event == "ready") {
          on_open(data == R"({"resumed":true})");
        } else {
          on_change(changed_path(event, data));
        }
        return !stop.load();
      },
      stop);
}

}  // namespace kw::agent
