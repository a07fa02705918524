#include "rotation/incident_record.h"

#include <algorithm>
#include <array>

#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/digest.h"

namespace kw::rotation {
namespace {

using codec::JsonView;
using codec::JsonWriter;

constexpr std::array<std::string_view, 3> kScopeNames = {"subject", "tenant", "caller"};
constexpr std::array<std::string_view, 2> kModeNames = {"contain_first", "continuity_first"};
constexpr std::array<std::string_view, 8> kPhaseNames = {
    "opened", "contained", "reported", "replaced", "revoked", "reencrypting", "evidence", "closed"};

template <std::size_t Size>
Result<std::size_t> index_in(const std::array<std::string_view, Size>& names,
                             std::string_view name) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  return error(Code::kInvalidArgument, "bad_incident", "an unknown word in an incident");
}

void write_time(JsonWriter& out, std::string_view name, const std::optional<WallTime>& time) {
  if (time) out.member(name, rfc3339(*time));
}
Result<WallTime> time_in(const JsonView& view, std::string_view name) {
  KW_TRY(const std::string_view text, view.text(name));
  return parse_rfc3339(text);
}
Result<std::optional<WallTime>> optional_time(const JsonView& view, std::string_view name) {
  if (!view.has(name)) return std::optional<WallTime>();
  KW_TRY(const WallTime time, time_in(view, name));
  return std::optional(time);
}

void write_texts(JsonWriter& out, std::string_view name, const std::vector<std::string>& texts) {
  out.name(name).begin_array();
  for (const std::string& text : texts) out.value(text);
  out.end_array();
}
Result<std::vector<std::string>> texts_in(const JsonView& view, std::string_view name) {
  KW_TRY(const JsonView list, view.member(name));
  std::vector<std::string> texts;
  for (const JsonView& one : list.elements()) {
    KW_TRY(const std::string_view text, one.text());
    texts.emplace_back(text);
  }
  return texts;
}

Result<std::uint32_t> version_of(const JsonView& view) {
  KW_TRY(const std::int64_t number, view.integer());
  if (number < 0 || number > UINT32_MAX)
    return error(Code::kInvalidArgument, "bad_incident", "a version out of range");
  return static_cast<std::uint32_t>(number);
}
Result<std::uint32_t> version_in(const JsonView& view, std::string_view name) {
  KW_TRY(const JsonView member, view.member(name));
  return version_of(member);
}

void write_subject(JsonWriter& out, std::string_view name, const std::optional<Subject>& subject) {
  if (subject) out.member(name, subject->text());
}
Result<std::optional<Subject>> subject_in(const JsonView& view, std::string_view name) {
  if (!view.has(name)) return std::optional<Subject>();
  KW_TRY(const std::string_view text, view.text(name));
  KW_TRY(const Node node, Node::parse(text));
  return node.subject();
}

void write_request(JsonWriter& out, const IncidentRequest& request) {
  out.begin_object().member("scope", scope_kind_name(request.scope.kind));
  write_texts(out, "names", request.scope.names);
  out.member("mode", incident_mode_name(request.mode)).member("reason", request.reason);
  out.member("description", request.description);
  out.member("compromised_since", rfc3339(request.compromised_since));
  out.member("drill", request.drill);
  out.member("deadline_seconds", static_cast<std::int64_t>(request.deadline.count()));
  out.end_object();
}
Result<IncidentRequest> request_of(const JsonView& view) {
  IncidentRequest request;
  KW_TRY(const std::string_view scope, view.text("scope"));
  KW_TRY(const std::size_t kind, index_in(kScopeNames, scope));
  request.scope.kind = static_cast<Scope::Kind>(kind);
  KW_TRY(request.scope.names, texts_in(view, "names"));
  KW_TRY(const std::string_view mode, view.text("mode"));
  KW_TRY(request.mode, parse_incident_mode(mode));
  KW_TRY(request.reason, view.text("reason"));
  KW_TRY(request.description, view.text("description"));
  KW_TRY(request.compromised_since, time_in(view, "compromised_since"));
  KW_TRY(request.drill, view.boolean("drill"));
  KW_TRY(const std::int64_t deadline, view.integer("deadline_seconds"));
  request.deadline = std::chrono::seconds(deadline);
  return request;
}

void write_glass(JsonWriter& out, const BreakGlass& glass) {
  out.name("break_glass").begin_object().member("by", glass.by).member("at", rfc3339(glass.at));
  out.member("review_due", rfc3339(glass.review_due)).member("reviewed_by", glass.reviewed_by);
  out.member("verdict", glass.verdict).end_object();
}
Result<BreakGlass> glass_of(const JsonView& view) {
  BreakGlass glass;
  KW_TRY(glass.by, view.text("by"));
  KW_TRY(glass.at, time_in(view, "at"));
  KW_TRY(glass.review_due, time_in(view, "review_due"));
  KW_TRY(glass.reviewed_by, view.text("reviewed_by"));
  KW_TRY(glass.verdict, view.text("verdict"));
  return glass;
}

Result<Incident> incident_of(const JsonView& view) {
  Incident incident;
  KW_TRY(const std::string_view id, view.text("id"));
  KW_TRY(incident.id, IncidentId::parse(id));
  KW_TRY(const std::string_view phase, view.text("phase"));
  KW_TRY(const std::size_t index, index_in(kPhaseNames, phase));
  incident.phase = static_cast<IncidentPhase>(index);
  KW_TRY(const JsonView request, view.member("request"));
  KW_TRY(incident.request, request_of(request));
  KW_TRY(incident.opened_by, view.text("opened_by"));
  KW_TRY(incident.opened_at, time_in(view, "opened_at"));
  KW_TRY(incident.deadline_at, time_in(view, "deadline_at"));
  KW_TRY(incident.plan_hash, view.text("plan_hash"));
  KW_TRY(incident.approved_at, optional_time(view, "approved_at"));
  KW_TRY(incident.revoked_at, optional_time(view, "revoked_at"));
  KW_TRY(incident.closed_at, optional_time(view, "closed_at"));
  KW_TRY(incident.approval, view.text("approval"));
  KW_TRY(incident.approvers, texts_in(view, "approvers"));
  if (const auto glass = view.find("break_glass")) {
    KW_TRY(incident.break_glass, glass_of(*glass));
  }
  KW_TRY(incident.withdrawn, view.boolean("withdrawn"));
  KW_TRY(incident.told_overdue, view.boolean("told_overdue"));
  KW_TRY(incident.told_review, view.boolean("told_review"));
  KW_TRY(incident.problem, view.text("problem"));
  return incident;
}

void write_plan(JsonWriter& out, const IncidentItem& item) {
  out.member("position", item.position).member("wave", item.wave).member("node", item.node);
  write_subject(out, "subject", item.subject);
  out.member("mode", cascade_mode_name(item.mode)).member("suspect", item.suspect);
  out.member("lead", item.lead).name("versions").begin_array();
  for (const std::uint32_t version : item.versions) out.value(version);
  out.end_array();
}

void write_revoked(JsonWriter& out, const std::vector<IncidentItem::Revoked>& all) {
  out.name("revoked").begin_array();
  for (const auto& one : all) {
    out.begin_object().member("version", one.version).member("at", rfc3339(one.at));
    if (one.proof) {
      out.name("proof").begin_object().member("everywhere", one.proof->everywhere);
      out.member("confirmed", one.proof->confirmed).member("fenced", one.proof->fenced);
      out.member("took_ms", one.proof->took_ms).member("residual", one.proof->residual);
      out.end_object();
    }
    out.end_object();
  }
  out.end_array();
}
Result<IncidentItem::Revoked> revoked_of(const JsonView& view) {
  IncidentItem::Revoked one;
  KW_TRY(one.version, version_in(view, "version"));
  KW_TRY(one.at, time_in(view, "at"));
  const auto proof = view.find("proof");
  if (!proof) return one;
  Refusal refusal;
  KW_TRY(refusal.everywhere, proof->boolean("everywhere"));
  KW_TRY(const std::int64_t confirmed, proof->integer("confirmed"));
  KW_TRY(const std::int64_t fenced, proof->integer("fenced"));
  refusal.confirmed = static_cast<int>(confirmed);
  refusal.fenced = static_cast<int>(fenced);
  KW_TRY(refusal.took_ms, proof->integer("took_ms"));
  KW_TRY(refusal.residual, proof->text("residual"));
  one.proof = refusal;
  return one;
}

void write_census(JsonWriter& out, const ReencryptState& census) {
  out.name("census").begin_object().member("done", census.done).member("failed", census.failed);
  out.member("items", census.items).member("left", census.left);
  out.member("problem", census.problem).end_object();
}
Result<ReencryptState> census_of(const JsonView& view) {
  ReencryptState census;
  KW_TRY(census.done, view.boolean("done"));
  KW_TRY(census.failed, view.boolean("failed"));
  KW_TRY(census.items, view.integer("items"));
  KW_TRY(census.left, view.integer("left"));
  KW_TRY(census.problem, view.text("problem"));
  return census;
}

Status read_plan(const JsonView& view, IncidentItem& item) {
  KW_TRY(const std::int64_t position, view.integer("position"));
  KW_TRY(const std::int64_t wave, view.integer("wave"));
  KW_TRY(const std::int64_t lead, view.integer("lead"));
  item.position = static_cast<int>(position);
  item.wave = static_cast<int>(wave);
  item.lead = static_cast<int>(lead);
  KW_TRY(item.node, view.text("node"));
  KW_TRY(item.subject, subject_in(view, "subject"));
  KW_TRY(const std::string_view mode, view.text("mode"));
  KW_TRY(item.mode, parse_cascade_mode(mode));
  KW_TRY(item.suspect, view.boolean("suspect"));
  KW_TRY(const JsonView versions, view.member("versions"));
  for (const JsonView& one : versions.elements()) {
    KW_TRY(const std::uint32_t version, version_of(one));
    item.versions.push_back(version);
  }
  return ok();
}

Result<IncidentItem> item_of(const JsonView& view) {
  IncidentItem item;
  KW_OK(read_plan(view, item));
  KW_TRY(item.acting, subject_in(view, "acting"));
  KW_TRY(item.taken, view.boolean("taken"));
  KW_TRY(item.before, texts_in(view, "before"));
  KW_TRY(item.after, texts_in(view, "after"));
  KW_TRY(item.run, view.text("run"));
  KW_TRY(const std::int64_t tries, view.integer("tries"));
  item.tries = static_cast<int>(tries);
  KW_TRY(item.replaced_to, version_in(view, "replaced_to"));
  KW_TRY(item.replaced, view.boolean("replaced"));
  KW_TRY(const JsonView revoked, view.member("revoked"));
  for (const JsonView& one : revoked.elements()) {
    KW_TRY(IncidentItem::Revoked entry, revoked_of(one));
    item.revoked.push_back(std::move(entry));
  }
  KW_TRY(item.job_begun, view.boolean("job_begun"));
  KW_TRY(item.job, view.text("job"));
  if (const auto census = view.find("census")) {
    KW_TRY(item.census, census_of(*census));
  }
  return item;
}

template <typename Read>
auto parsed(std::string_view text, Read read) -> decltype(read(std::declval<JsonView>())) {
  const auto bad = [] {
    return error(Code::kDataLoss, "bad_incident", "a stored incident is not one that we write");
  };
  const auto document = codec::JsonDocument::parse(text);
  if (!document) return bad();
  auto value = read(document->root());
  if (!value) return bad();
  return value;
}

}  // namespace

std::string_view scope_kind_name(Scope::Kind kind) {
  return kScopeNames[static_cast<std::size_t>(kind)];
}
std::string_view incident_mode_name(IncidentMode mode) {
  return kModeNames[static_cast<std::size_t>(mode)];
}
std::string_view incident_phase_name(IncidentPhase phase) {
  return kPhaseNames[static_cast<std::size_t>(phase)];
}
Result<IncidentMode> parse_incident_mode(std::string_view name) {
  KW_TRY(const std::size_t index, index_in(kModeNames, name));
  return static_cast<IncidentMode>(index);
}

std::string incident_json(const Incident& incident) {
  JsonWriter out;
  out.begin_object().member("id", incident.id.text());
  out.member("phase", incident_phase_name(incident.phase)).name("request");
  write_request(out, incident.request);
  out.member("opened_by", incident.opened_by).member("opened_at", rfc3339(incident.opened_at));
  out.member("deadline_at", rfc3339(incident.deadline_at));
  out.member("plan_hash", incident.plan_hash);
  write_time(out, "approved_at", incident.approved_at);
  write_time(out, "revoked_at", incident.revoked_at);
  write_time(out, "closed_at", incident.closed_at);
  out.member("approval", incident.approval);
  write_texts(out, "approvers", incident.approvers);
  if (incident.break_glass) write_glass(out, *incident.break_glass);
  out.member("withdrawn", incident.withdrawn).member("told_overdue", incident.told_overdue);
  out.member("told_review", incident.told_review).member("problem", incident.problem);
  out.end_object();
  return std::string(out.text());
}

Result<Incident> parse_incident(std::string_view text) {
  return parsed(text, incident_of);
}

std::string item_json(const IncidentItem& item) {
  JsonWriter out;
  out.begin_object();
  write_plan(out, item);
  write_subject(out, "acting", item.acting);
  out.member("taken", item.taken);
  write_texts(out, "before", item.before);
  write_texts(out, "after", item.after);
  out.member("run", item.run).member("tries", item.tries);
  out.member("replaced_to", item.replaced_to).member("replaced", item.replaced);
  write_revoked(out, item.revoked);
  out.member("job_begun", item.job_begun).member("job", item.job);
  if (item.census) write_census(out, *item.census);
  out.end_object();
  return std::string(out.text());
}

Result<IncidentItem> parse_item(std::string_view text) {
  return parsed(text, item_of);
}

std::string incident_plan_hash(const IncidentRequest& request,
                               const std::vector<IncidentItem>& items) {
  JsonWriter out;
  out.begin_object().name("request");
  write_request(out, request);
  out.name("items").begin_array();
  for (const IncidentItem& item : items) {
    out.begin_object();
    write_plan(out, item);
    out.end_object();
  }
  out.end_array().end_object();
  return codec::hex(crypto::sha256(as_bytes(out.text())));
}

}  // namespace kw::rotation
