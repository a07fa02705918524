// Consumers of versions.
#include "service/rotation_consumers.h"

#include "api/rest/handlers.h"
#include "api/rest/key_json.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using rotation::Consumer;
using rotation::Subject;

constexpr std::size_t kSubjectsMax = 1000;
constexpr std::int64_t kRefreshMax = 31LL * 24 * 3600;
constexpr std::int64_t kLeaseMax = 90LL * 24 * 3600;

void write_consumer(JsonWriter& json, const Consumer& consumer) {
  json.begin_object().member("name", consumer.name).member("tenant", consumer.tenant);
  json.member("principal", consumer.speaker());
  json.member("environment", consumer.environment).member("canary", consumer.canary);
  json.member("refresh_seconds", consumer.refresh.count());
  json.member("lease_seconds", consumer.lease.count());
  if (!consumer.subjects.empty()) {
    json.name("subjects").begin_array();
    for (const Subject& subject : consumer.subjects)
      json.begin_object().member("kind", subject.kind).member("name", subject.name).end_object();
    json.end_array();
  }
  write_time(json, "registered_at", consumer.registered_at);
  write_time(json, "seen_at", consumer.seen_at);
  json.end_object();
}

Answer consumer_answer(const Consumer& consumer) {
  JsonWriter json;
  write_consumer(json, consumer);
  return json_answer(json);
}

Result<Subject> read_named(const JsonView& entry, const std::string& tenant) {
  KW_TRY(std::string kind, text_or(entry, "kind", "key"));
  KW_TRY(const std::string_view text, entry.text("name"));
  KW_TRY(const SecretPath name, SecretPath::parse(text));
  return Subject{std::move(kind), tenant, name.text()};
}

Status read_subjects(const JsonView& body, Consumer& consumer) {
  KW_TRY(const JsonView list, body.member("subjects"));
  if (list.kind() != JsonView::Kind::kArray)
    return error(Code::kInvalidArgument, "json_type",
                 "\"subjects\" is an array of {\"kind\", \"name\"}");
  for (const JsonView& entry : list.elements()) {
    KW_OK(only_members(entry, {"kind", "name"}));
    if (consumer.subjects.size() == kSubjectsMax)
      return error(Code::kInvalidArgument, "out_of_range", "at most 1,000 subjects");
    KW_TRY(Subject subject, read_named(entry, consumer.tenant));
    consumer.subjects.push_back(std::move(subject));
  }
  return ok();
}

void write_acknowledgement(JsonWriter& json, const rotation::Acknowledgement& ack) {
  json.begin_object().member("consumer", ack.consumer).member("instance", ack.instance);
  json.member("environment", ack.environment).member("canary", ack.canary);
  json.member("live", ack.live).member("version", ack.version).member("failed", ack.failed);
  write_time(json, "loaded_at", ack.loaded_at);
  write_time(json, "used_at", ack.used_at);
  write_time(json, "last_at", ack.last_at);
  json.end_object();
}

// The subscriber owns its end of the stream.
service::ConsumerStreams::Subscriber subscriber_of(
    const std::shared_ptr<net::EventStream>& stream) {
  service::ConsumerStreams::Subscriber subscriber;
  subscriber.ready = [stream](std::int64_t seq, bool resumed) {
    return stream->send(std::to_string(seq), "ready",
                        resumed ? R"({"resumed":true})" : R"({"resumed":false})");
  };
  subscriber.changed = [stream](const service::ConsumerStreams::Event& event) {
    JsonWriter json;
    json.begin_object().member("kind", event.kind).member("name", event.name);
    json.member("action", event.action);
    if (event.version != 0) json.member("version", event.version);
    if (!event.state.empty()) json.member("state", event.state);
    json.end_object();
    return stream->send(std::to_string(event.seq), "changed", json.text());
  };
  return subscriber;
}

}  // namespace

namespace handlers {

Result<Answer> consumer_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "after", "limit"}));
  KW_OK(exchange.named_tenant());
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  KW_TRY(const auto consumers, service::list_consumers(exchange.house, exchange.call,
                                                       exchange.query_text("after").value_or(""),
                                                       static_cast<int>(limit)));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const Consumer& consumer : consumers) write_consumer(json, consumer);
  json.end_array();
  if (static_cast<std::int64_t>(consumers.size()) == limit)
    json.member("next", consumers.back().name);
  json.end_object();
  return json_answer(json);
}

Result<Answer> consumer_show(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_OK(exchange.named_tenant());
  KW_TRY(const ObjectName name, exchange.object_name("consumer"));
  KW_TRY(const Consumer consumer, service::show_consumer(exchange.house, exchange.call, name));
  return consumer_answer(consumer);
}

Result<Answer> consumer_register(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto document, exchange.body_object({"environment", "canary", "refresh_seconds",
                                                    "lease_seconds", "subjects", "principal"}));
  const JsonView body = document.root();
  Consumer consumer;
  KW_TRY(consumer.tenant, exchange.named_tenant());
  KW_TRY(const ObjectName name, exchange.object_name("consumer"));
  consumer.name = name.text();
  KW_TRY(consumer.environment, text_or(body, "environment", "production"));
  KW_TRY(consumer.principal, text_or(body, "principal", ""));
  KW_TRY(consumer.canary, boolean_or(body, "canary", false));
  KW_TRY(const std::int64_t refresh, integer_or(body, "refresh_seconds", 300, 1, kRefreshMax));
  KW_TRY(const std::int64_t lease, integer_or(body, "lease_seconds", 900, 10, kLeaseMax));
  consumer.refresh = std::chrono::seconds(refresh);
  consumer.lease = std::chrono::seconds(lease);
  KW_OK(read_subjects(body, consumer));
  KW_TRY(const Consumer enrolled,
         service::enroll_consumer(exchange.house, exchange.call, consumer,
                                  [](const Consumer& now) { return kept(consumer_answer(now)); }));
  return consumer_answer(enrolled);
}

Result<Answer> consumer_remove(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_OK(exchange.named_tenant());
  KW_TRY(const ObjectName name, exchange.object_name("consumer"));
  KW_OK(service::remove_consumer(exchange.house, exchange.call, name, kept_no_content));
  return no_content();
}

Result<Answer> consumer_heartbeat(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_OK(exchange.body_object({}));
  KW_OK(exchange.named_tenant());
  KW_TRY(const ObjectName name, exchange.object_name("consumer"));
  KW_OK(service::heartbeat_consumer(exchange.house, exchange.call, name));
  return no_content();
}

Result<Answer> consumer_acknowledge(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto document,
         exchange.body_object({"kind", "name", "instance", "version", "grade", "observed_at"}));
  const JsonView body = document.root();
  KW_TRY(const std::string tenant, exchange.named_tenant());
  KW_TRY(const ObjectName consumer, exchange.object_name("consumer"));
  rotation::Said said;
  KW_TRY(said.subject, read_named(body, tenant));
  said.consumer = consumer.text();
  KW_TRY(const std::string instance, text_or(body, "instance", consumer.text()));
  said.instance = instance;
  KW_TRY(const std::int64_t version, integer_or(body, "version", 0, 1, UINT32_MAX));
  if (version == 0) return error(Code::kInvalidArgument, "json_missing", "\"version\" is missing");
  said.version = static_cast<std::uint32_t>(version);
  KW_TRY(const std::string grade, text_or(body, "grade", "loaded"));
  KW_TRY(said.grade, rotation::parse_grade(grade));
  if (body.has("observed_at")) {
    KW_TRY(const std::string_view at, body.text("observed_at"));
    KW_TRY(said.observed_at, parse_rfc3339(at));
  }
  KW_OK(service::acknowledge_version(exchange.house, exchange.call, said));
  return no_content();
}

Result<Answer> consumer_events(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_OK(exchange.named_tenant());
  KW_TRY(const ObjectName name, exchange.object_name("consumer"));
  KW_TRY(const std::int64_t after, exchange.last_event());
  KW_TRY(const Consumer consumer,
         service::authorise_consumer_events(exchange.house, exchange.call, name));
  const std::shared_ptr<net::EventStream> stream = exchange.reply->stream();
  exchange.streamed = true;
  KW_OK(exchange.consumer_streams->subscribe(consumer, after, subscriber_of(stream)));
  return Answer{};
}

Result<Answer> consumer_board(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "kind", "name", "version"}));
  KW_TRY(std::string tenant, exchange.named_tenant());
  KW_TRY(const SecretPath name, SecretPath::parse(exchange.query_text("name").value_or("")));
  KW_TRY(const std::int64_t version, exchange.query_integer("version", 0, 0, UINT32_MAX));
  const std::string kind(exchange.query_text("kind").value_or("key"));
  KW_TRY(
      const service::ConsumerBoard asked,
      service::consumer_board(exchange.house, exchange.call, {kind, std::move(tenant), name.text()},
                              static_cast<std::uint32_t>(version)));
  JsonWriter json;
  json.begin_object().member("subject", asked.subject.text()).member("version", asked.version);
  json.member("live", asked.board.live).name("items").begin_array();
  for (const auto& ack : asked.board.acknowledgements) write_acknowledgement(json, ack);
  json.end_array().name("silent").begin_array();
  for (const Consumer& consumer : asked.board.silent) write_consumer(json, consumer);
  json.end_array().end_object();
  return json_answer(json);
}

}  // namespace handlers

}  // namespace kw::api::rest
