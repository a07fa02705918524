#include "api/rest/key_json.h"

namespace kw::api::rest {

using codec::JsonWriter;

void write_time(JsonWriter& json, std::string_view name, WallTime time) {
  json.member(name, rfc3339(time));
}

void write_time(JsonWriter& json, std::string_view name, const std::optional<WallTime>& time) {
  if (time) write_time(json, name, *time);
}

namespace {

void write_version(JsonWriter& json, const keys::Version& version) {
  json.begin_object().member("version", version.number);
  json.member("algorithm", crypto::info(version.algorithm).name);
  json.member("state", keys::state_name(version.state)).member("origin", version.origin);
  write_time(json, "created_at", version.created_at);
  write_time(json, "promoted_at", version.promoted_at);
  write_time(json, "demoted_at", version.demoted_at);
  write_time(json, "destroy_after", version.destroy_after);
  write_time(json, "compromised_at", version.compromised_at);
  if (!version.reason.empty()) json.member("reason", version.reason);
  json.end_object();
}

void write_texts(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  json.name(name).begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

}  // namespace

void write_key(JsonWriter& json, const keys::Key& key) {
  json.begin_object()
      .member("name", key.name)
      .member("id", key.id.text())
      .member("tenant", key.tenant_name);
  json.member("purpose", crypto::purpose_name(key.purpose)).member("exportable", key.exportable);
  json.member("owner", key.owner)
      .member("classification", keys::classification_name(key.classification));
  write_texts(json, "regions", key.regions);
  json.name("labels").begin_object();
  for (const auto& [name, value] : key.labels) json.member(name, value);
  json.end_object();
  json.member("lease_grace_seconds", static_cast<std::int64_t>(key.lease_grace.count()));
  write_time(json, "created_at", key.created_at);
  json.member("epoch", key.epoch);
  if (key.primary != 0) {
    json.member("primary", key.primary);
  } else {
    json.name("primary").null();
  }
  json.name("versions").begin_array();
  for (const keys::Version& version : key.versions) write_version(json, version);
  json.end_array().end_object();
}

void write_job(JsonWriter& json, const keys::Job& job) {
  json.begin_object()
      .member("id", job.id.text())
      .member("kind", job.kind)
      .member("tenant", job.tenant_name);
  json.member("phase", job.phase).member("state", keys::job_state_name(job.state));
  json.member("from_version", job.from_version).member("target_version", job.target_version);
  json.member("done", job.done).member("total", job.total).member("rate_per_second", job.rate);
  if (job.state == keys::JobState::kRunning && job.rate > 0)
    json.member("eta_seconds", static_cast<double>(job.total - job.done) / job.rate);
  json.member("foreground_p99_ratio", job.foreground_p99_ratio);
  if (!job.problem.empty()) json.member("problem", job.problem);
  write_time(json, "created_at", job.created_at);
  write_time(json, "updated_at", job.updated_at);
  json.end_object();
}

void write_job(JsonWriter& json, const rotation::Job& job) {
  const rotation::JobCounts& counts = job.progress.counts;
  json.begin_object().member("id", job.id.text()).member("kind", job.kind);
  json.member("tenant", job.tenant).member("subject", job.subject).member("store", job.place);
  json.member("phase", job.progress.phase).member("pass", job.progress.pass);
  json.member("state", rotation::job_state_name(job.state));
  json.member("from_version", job.from_version).member("target_version", job.target_version);
  json.member("done", counts.done).member("total", counts.total);
  json.member("rewritten", counts.rewritten).member("skipped", counts.skipped);
  json.member("cas_lost", counts.cas_lost).member("quarantined", counts.quarantined);
  json.member("rate_per_second", job.rate);
  if (job.eta_p50) json.member("eta_seconds", static_cast<double>(job.eta_p50->count()) / 1000);
  if (job.eta_p90) json.member("eta_p90_seconds", static_cast<double>(job.eta_p90->count()) / 1000);
  json.member("foreground_ratio", job.foreground_ratio);
  json.name("throttle").begin_object();
  json.member("per_second_max", job.throttle.per_second_max);
  json.member("foreground_percent_max", job.throttle.foreground_percent_max);
  json.member("lag_seconds_max", job.throttle.lag_max.count() / 1000).end_object();
  if (!job.problem.empty()) json.member("problem", job.problem);
  write_time(json, "created_at", job.created_at);
  write_time(json, "updated_at", job.updated_at);
  json.end_object();
}

void write_approval(JsonWriter& json, const auth::Approval& approval) {
  json.begin_object().member("id", approval.id.text()).member("operation", approval.operation);
  json.member("tenant", approval.tenant)
      .member("object", approval.object)
      .member("summary", approval.summary);
  json.member("requester", approval.requester).member("needed", approval.needed);
  write_texts(json, "approvers", approval.approvers);
  json.member("state", auth::approval_state_name(approval.state));
  write_time(json, "created_at", approval.created_at);
  write_time(json, "expires_at", approval.expires_at);
  json.end_object();
}

void write_grants(JsonWriter& json, const std::vector<auth::Grant>& grants) {
  json.name("grants").begin_array();
  for (const auth::Grant& grant : grants)
    json.begin_object()
        .member("role", auth::role_name(grant.role))
        .member("tenant", grant.tenant)
        .end_object();
  json.end_array();
}

Answer key_answer(const keys::Key& key, int status) {
  codec::JsonWriter json;
  write_key(json, key);
  Answer answer = json_answer(json, status);
  answer.etag = key.etag();
  return answer;
}

service::KeptAnswer kept_key(const keys::Key& key) {
  return kept(key_answer(key));
}
service::KeptAnswer kept_new_key(const keys::Key& key) {
  return kept(key_answer(key, 201));
}

}  // namespace kw::api::rest
