#include "service/jobs.h"

#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "service/references.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using rotation::Job;

constexpr std::int64_t kPerSecondMax = 1'000'000'000, kPercentMax = 10'000, kLagMax = 24 * 3600;

Answer job_answer(const Job& job, int status = 200) {
  JsonWriter json;
  write_job(json, job);
  return json_answer(json, status);
}

service::Wording<Job> kept_job(int status = 200) {
  return [status](const Job& job) { return kept(job_answer(job, status)); };
}

Result<JobId> job_of(const Exchange& exchange) {
  return JobId::parse(exchange.parameter("job"));
}

Result<Answer> steer(Exchange& exchange, service::JobAction action) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const JobId id, job_of(exchange));
  KW_TRY(const Job job, service::steer_job(exchange.house, exchange.call, id, action, kept_job()));
  return job_answer(job);
}

// Members that are absent keep what `throttle` has.
Status read_throttle(const JsonView& body, rotation::JobThrottle& throttle) {
  KW_TRY(throttle.per_second_max,
         integer_or(body, "per_second_max", throttle.per_second_max, 0, kPerSecondMax));
  KW_TRY(throttle.foreground_percent_max,
         integer_or(body, "foreground_percent_max", throttle.foreground_percent_max, 100,
                    kPercentMax));
  const std::int64_t now =
      std::chrono::duration_cast<std::chrono::seconds>(throttle.lag_max).count();
  KW_TRY(const std::int64_t lag, integer_or(body, "lag_seconds_max", now, 0, kLagMax));
  throttle.lag_max = std::chrono::seconds(lag);
  return ok();
}

void write_reference(JsonWriter& json, const rotation::Reference& reference) {
  json.begin_object().member("store", reference.place).member("version", reference.version);
  json.member("items", reference.items);
  write_time(json, "first_counted_at", reference.first_at);
  write_time(json, "second_counted_at", reference.second_at);
  json.end_object();
}

void write_proof(JsonWriter& json, const rotation::ReferenceProof& proof) {
  json.name("proof").begin_object().member("version", proof.version());
  json.member("complete", proof.complete()).name("points").begin_array();
  for (const auto& each : proof.points()) {
    json.begin_object().member("point", rotation::proof_point_name(each.point));
    json.member("shown", each.shown);
    if (!each.missing.empty()) json.member("missing", each.missing);
    if (!each.where.empty()) json.member("where", each.where);
    json.end_object();
  }
  json.end_array().end_object();
}

}  // namespace

namespace handlers {

Result<Answer> job_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "limit", "before"}));
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  KW_TRY(const auto before, exchange.query_time("before"));
  KW_TRY(const auto jobs,
         service::list_jobs(exchange.house, exchange.call, before, static_cast<int>(limit)));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const Job& job : jobs) write_job(json, job);
  json.end_array();
  if (static_cast<std::int64_t>(jobs.size()) == limit)
    json.member("next", rfc3339(jobs.back().created_at));
  json.end_object();
  return json_answer(json);
}

Result<Answer> job_show(Exchange& exchange) {
  KW_TRY(const JobId id, job_of(exchange));
  KW_TRY(const Job job, service::show_job(exchange.house, exchange.call, id));
  return job_answer(job);
}

Result<Answer> job_start(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto body,
         exchange.body_object({"store", "from_version", "target_version", "per_second_max",
                               "foreground_percent_max", "lag_seconds_max"}));
  service::JobOrder order;
  KW_TRY(order.store, body.root().text("store"));
  KW_TRY(const std::int64_t from, integer_or(body.root(), "from_version", 0, 1, UINT32_MAX));
  KW_TRY(const std::int64_t target, integer_or(body.root(), "target_version", 0, 1, UINT32_MAX));
  order.from = static_cast<std::uint32_t>(from);
  order.target = static_cast<std::uint32_t>(target);
  KW_OK(read_throttle(body.root(), order.throttle));
  KW_TRY(const Job job, service::start_job(exchange.house, exchange.call, order, kept_job(202)));
  return job_answer(job, 202);
}

Result<Answer> job_pause(Exchange& exchange) {
  return steer(exchange, service::JobAction::kPause);
}
Result<Answer> job_resume(Exchange& exchange) {
  return steer(exchange, service::JobAction::kResume);
}
Result<Answer> job_rollback(Exchange& exchange) {
  return steer(exchange, service::JobAction::kRollBack);
}

Result<Answer> job_throttle(Exchange& exchange) {
  KW_TRY(const auto body,
         exchange.body_object({"per_second_max", "foreground_percent_max", "lag_seconds_max"}));
  KW_TRY(const JobId id, job_of(exchange));
  KW_TRY(const Job now, service::show_job(exchange.house, exchange.call, id));
  rotation::JobThrottle throttle = now.throttle;
  KW_OK(read_throttle(body.root(), throttle));
  KW_TRY(const Job job,
         service::throttle_job(exchange.house, exchange.call, id, throttle, kept_job()));
  return job_answer(job);
}

Result<Answer> job_quarantine(Exchange& exchange) {
  KW_OK(exchange.query_only({"after", "limit"}));
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  KW_TRY(const JobId id, job_of(exchange));
  KW_TRY(const auto items, service::job_quarantine(exchange.house, exchange.call, id,
                                                   exchange.query_text("after").value_or(""),
                                                   static_cast<int>(limit)));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const rotation::Quarantined& item : items) {
    json.begin_object().member("item", item.item).member("reason", item.reason);
    json.member("pass", item.pass);
    write_time(json, "first_at", item.first_at);
    write_time(json, "last_at", item.last_at);
    json.end_object();
  }
  json.end_array();
  if (static_cast<std::int64_t>(items.size()) == limit) json.member("next", items.back().item);
  json.end_object();
  return json_answer(json);
}

Result<Answer> data_store_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto stores, service::list_data_stores(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const connectors::DataPlace& store : stores) {
    json.begin_object().member("name", store.name).member("kind", store.kind());
    json.member("tenant", store.tenant).member("key", store.key);
    json.member("where", store.where_text()).end_object();
  }
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> key_references(Exchange& exchange) {
  KW_OK(exchange.query_only({"version"}));
  KW_TRY(const std::int64_t number, exchange.query_integer("version", 0, 1, UINT32_MAX));
  const auto version =
      number == 0 ? std::nullopt : std::optional(static_cast<std::uint32_t>(number));
  KW_TRY(const service::ReferenceReport report,
         service::key_references(exchange.house, exchange.call, version));
  JsonWriter json;
  json.begin_object().name("stores").begin_array();
  for (const std::string& store : report.stores) json.value(store);
  json.end_array().name("items").begin_array();
  for (const rotation::Reference& reference : report.references) write_reference(json, reference);
  json.end_array();
  if (report.proof) write_proof(json, *report.proof);
  json.end_object();
  return json_answer(json);
}

}  // namespace handlers

}  // namespace kw::api::rest
