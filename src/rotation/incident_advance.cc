// Taking incidents further, and the notices about them.
#include <algorithm>

#include "codec/json.h"
#include "rotation/incident.h"
#include "rotation/incident_rows.h"
#include "rotation/incident_step.h"

namespace kw::rotation {
namespace {

constexpr int kOpenMax = 100;
constexpr int kStepsPerTick = 1'000;

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

NoticeFields fields_of(const IncidentRow& row) {
  const Incident& incident = row.incident;
  const auto suspects = std::count_if(row.items.begin(), row.items.end(),
                                      [](const IncidentItem& item) { return item.suspect; });
  const auto items = static_cast<std::ptrdiff_t>(row.items.size());
  return {{"incident", incident.id.text()},
          {"drill", incident.request.drill ? " (DRILL)" : ""},
          {"reason", incident.request.reason},
          {"description", incident.request.description},
          {"mode", std::string(incident_mode_name(incident.request.mode))},
          {"phase", std::string(incident_phase_name(incident.phase))},
          {"opened_at", rfc3339(incident.opened_at)},
          {"opened_by", incident.opened_by},
          {"compromised_since", rfc3339(incident.request.compromised_since)},
          {"deadline_at", rfc3339(incident.deadline_at)},
          {"plan_hash", incident.plan_hash},
          {"approvers", incident.break_glass ? incident.break_glass->by + " (broke the glass)"
                                             : joined(incident.approvers)},
          {"suspects", std::to_string(suspects)},
          {"dependants", std::to_string(items - suspects)}};
}

// What the report says of each tenant's ciphertext; empty before there is a report.
std::map<std::string, std::int64_t> readable_in(std::string_view report) {
  std::map<std::string, std::int64_t> by_tenant;
  codec::JsonLimits limits;
  limits.bytes_max = kEvidenceBytesMax;
  limits.tokens_max = 4'000'000;
  const auto document = codec::JsonDocument::parse(report, limits);
  if (!document) return by_tenant;
  const auto list = document->root().find("readable_by_tenant");
  if (!list) return by_tenant;
  for (const auto& [tenant, count] : list->members())
    by_tenant[std::string(tenant)] = count.integer() ? *count.integer() : 0;
  return by_tenant;
}

Status add_notice(std::vector<Notice>& notices, NoticeKind kind, std::string recipient,
                  NoticeFields fields) {
  fields["recipient"] = recipient;
  KW_TRY(std::string body, render_notice(notice_template(kind), fields, notice_form(kind)));
  notices.push_back({kind, std::move(recipient), std::move(body)});
  return ok();
}

}  // namespace

Result<Incidents::Progress> Incidents::advance(const audit::Event& by, const IncidentId& id) {
  IncidentRow row;
  KW_OK(house_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(row.incident, load_incident(reader, house_.proof, id));
    KW_TRY(row.items, load_items(reader, id));
    return ok();
  }));
  return IncidentStep(*this, by, std::move(row)).make();
}

Result<int> Incidents::tick(const audit::Event& by) {
  std::vector<IncidentId> ids;
  KW_OK(house_.store.read([&](store::Reader& reader) -> Status {
    KW_TRY(ids, incident_ids(reader, true, kOpenMax));
    return ok();
  }));
  int steps = 0;
  std::optional<Error> first;
  for (const IncidentId& id : ids) {
    for (bool moved = true; moved && steps < kStepsPerTick;) {
      const auto progress = advance(by, id);
      moved = progress && progress->moved;
      if (moved) ++steps;
      // One incident in trouble must not hold up the others.
      if (!progress && !first) first = progress.error();
    }
  }
  if (first && steps == 0) return *first;
  return steps;
}

Result<std::vector<Notice>> Incidents::notices(store::Reader& reader, const IncidentId& id) {
  IncidentRow row;
  KW_TRY(row.incident, load_incident(reader, house_.proof, id));
  KW_TRY(row.items, load_items(reader, id));
  KW_TRY(const std::string report, this->report(reader, id));
  const auto readable = readable_in(report);
  NoticeFields fields = fields_of(row);
  std::int64_t items = 0;
  for (const auto& [tenant, count] : readable) items += count;
  fields["readable_items"] = std::to_string(items);
  fields["tenants"] = std::to_string(readable.size());
  std::vector<Notice> notices;
  KW_OK(add_notice(notices, NoticeKind::kInternalPage, "on-call", fields));
  KW_OK(add_notice(notices, NoticeKind::kRegulatorDraft, "regulator", fields));
  KW_OK(add_notice(notices, NoticeKind::kStatusPage, "status page", fields));
  KW_OK(add_notice(notices, NoticeKind::kAuditorLetter, "auditor", fields));
  for (const auto& [tenant, count] : readable) {
    NoticeFields own = fields;
    own["readable_items"] = std::to_string(count);
    KW_OK(add_notice(notices, NoticeKind::kTenant, tenant, std::move(own)));
  }
  for (const IncidentItem& item : row.items) {
    if (item.subject) continue;
    NoticeFields own = fields;
    own["subject"] = item.node;
    KW_OK(add_notice(notices, NoticeKind::kWebhookConsumer, item.node, std::move(own)));
  }
  return notices;
}

}  // namespace kw::rotation
