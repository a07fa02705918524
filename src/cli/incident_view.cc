#include "cli/incident_view.h"

#include <algorithm>
#include <array>

#include "base/clock.h"

namespace kw::cli {

namespace {

using codec::JsonView;

constexpr std::size_t kRowsShown = 40;
constexpr std::array<std::string_view, 8> kPhases = {
    "opened", "contained", "reported", "replaced", "revoked", "reencrypting", "evidence", "closed"};

std::vector<JsonView> list(const JsonView& object, std::string_view name) {
  const auto found = object.find(name);
  return found ? found->elements() : std::vector<JsonView>();
}

bool flag(const JsonView& object, std::string_view name) {
  const auto found = object.boolean(name);
  return found && *found;
}

std::string texts(const JsonView& object, std::string_view name) {
  std::string all;
  for (const JsonView& one : list(object, name))
    all += (all.empty() ? "" : ", ") + (one.text() ? std::string(*one.text()) : "");
  return all;
}

std::string plural(std::int64_t number, const std::string& word) {
  return grouped(number) + " " + word + (number == 1 ? "" : "s");
}

// "mallory (10.0.4.7)"
std::string user_text(const JsonView& user) {
  const std::string hosts = texts(user, "hosts");
  return member(user, "principal") + (hosts.empty() ? "" : " (" + hosts + ")");
}

std::vector<JsonView> unknown_users(const JsonView& radius) {
  std::vector<JsonView> unknown;
  for (const JsonView& user : list(radius, "users"))
    if (!flag(user, "registered")) unknown.push_back(user);
  return unknown;
}

std::string unknown_names(const JsonView& radius) {
  std::string names;
  for (const JsonView& user : unknown_users(radius))
    names += (names.empty() ? "" : ", ") + member(user, "principal");
  return names;
}

std::string time_of_day(const std::string& rfc3339_text) {
  return rfc3339_text.size() < 17 ? rfc3339_text : rfc3339_text.substr(11, 5) + "Z";
}

std::string radius_text(const JsonView& radius) {
  const std::int64_t unknown = static_cast<std::int64_t>(unknown_users(radius).size());
  std::string text = plural(count(radius, "versions"), "version") + ", " +
                     plural(count(radius, "stores"), "store") + ", " +
                     (flag(radius, "records_exact") ? "" : "about ") +
                     plural(count(radius, "records"), "record") + ", " +
                     plural(count(radius, "consumers"), "consumer");
  if (unknown > 0) text += " + " + grouped(unknown) + " unknown";
  return text;
}

std::string use_text(const JsonView& radius) {
  std::string text = grouped(count(radius, "uses")) + " times since " +
                     moment(member(radius, "since"));
  const auto unknown = unknown_users(radius);
  if (!unknown.empty())
    text += ", " + grouped(count(unknown.front(), "uses")) + " of them by " +
            user_text(unknown.front());
  return text;
}

std::string forecast_text(const JsonView& request, const JsonView& radius,
                          const std::string& deadline) {
  if (flag(request, "drill")) return "stand-ins only: nothing real is touched";
  if (member(request, "mode") == "contain_first")
    return "from the approval on, nothing under the old versions opens or verifies";
  const std::string names = unknown_names(radius);
  return plural(count(radius, "consumers"), "consumer") + ": no outage." +
         (names.empty() ? "" : "  " + names + " fails from " + time_of_day(deadline) +
                                   " at the latest");
}

void print_ladder(const JsonView& incident) {
  const std::string phase = member(incident, "phase");
  const auto at = std::find(kPhases.begin(), kPhases.end(), phase) - kPhases.begin();
  std::string text;
  for (std::size_t i = 0; i < kPhases.size(); ++i)
    text += (i == 0 ? "" : " ") + std::string(static_cast<std::ptrdiff_t>(i) <= at ? "●" : "○") +
            " " + std::string(kPhases[i]);
  Session::line("  " + text);
}

std::string versions_text(const JsonView& item) {
  std::string text;
  for (const JsonView& one : list(item, "versions"))
    text += (text.empty() ? "@" : " @") + std::to_string(one.integer() ? *one.integer() : 0);
  return text.size() > 24 ? grouped(static_cast<std::int64_t>(list(item, "versions").size())) +
                                " versions"
                          : text;
}

std::string item_state(const JsonView& item) {
  const std::size_t versions = list(item, "versions").size();
  std::size_t proved = 0;
  const auto revoked = list(item, "revoked");
  for (const JsonView& one : revoked) proved += one.has("proof") ? 1 : 0;
  std::string text;
  if (flag(item, "suspect"))
    text = std::to_string(revoked.size()) + "/" + std::to_string(versions) + " revoked, " +
           std::to_string(proved) + " proved; ";
  if (!flag(item, "replaced")) return text + "not replaced";
  const std::int64_t to = count(item, "replaced_to");
  return text + (to > 0 ? "replaced by @" + std::to_string(to) : "told");
}

void print_items(const JsonView& view) {
  Table table = {{"  WAVE", "SUBJECT", "SUSPECT", "STATE"}};
  const auto items = list(view, "items");
  for (std::size_t i = 0; i < std::min(items.size(), kRowsShown); ++i)
    table.push_back({"  " + std::to_string(count(items[i], "wave")), member(items[i], "node"),
                     flag(items[i], "suspect") ? versions_text(items[i]) : "-",
                     item_state(items[i])});
  Session::print(table);
  if (items.size() > kRowsShown)
    Session::line("  … " + grouped(static_cast<std::int64_t>(items.size() - kRowsShown)) +
                  " more: -o json");
}

void print_board(const JsonView& view) {
  for (const JsonView& board : list(view, "acknowledgements")) {
    const std::string moved = texts(board, "moved"), behind = texts(board, "behind");
    if (moved.empty() && behind.empty()) continue;
    Session::line("  board         " + member(board, "node") + "@" +
                  std::to_string(count(board, "version")) +
                  (moved.empty() ? "" : "  moved: " + moved) +
                  (behind.empty() ? "" : "  BEHIND: " + behind));
  }
}

std::string next_text(const JsonView& view, const JsonView& incident) {
  const std::string id = member(view, "id");
  const std::string problem = member(incident, "problem");
  if (member(incident, "phase") == "closed" && !flag(incident, "withdrawn"))
    return "keywright incident evidence " + id + " --out evidence.json";
  if (problem == "review") return "another person: keywright incident review " + id;
  if (problem == "approval_open" && view.has("approval"))
    return "they type: keywright approval approve " + member(*view.find("approval"), "id");
  return "keywright incident watch " + id;
}

constexpr std::array<std::string_view, 9> kQuietLines = {
    "incident.version_revoked", "incident.run_started",  "incident.refusal_proved",
    "incident.version_replaced", "incident.job_started", "incident.shadows",
    "incident.to_tell",          "incident.reencrypted", "incident.versions_taken"};

void print_uses(const JsonView& subject) {
  const auto uses = list(subject, "uses");
  for (std::size_t i = 0; i < std::min(uses.size(), kRowsShown); ++i) {
    const JsonView& use = uses[i];
    std::string text = "    " + member(use, "principal") + "  " + member(use, "peer") + "  " +
                       member(use, "operation") + " @" + std::to_string(count(use, "version")) +
                       "  " + grouped(count(use, "count")) + " times, last " +
                       moment(member(use, "last_seen"));
    if (count(use, "refused_after_revoke") > 0)
      text += "  REFUSED " + grouped(count(use, "refused_after_revoke"));
    Session::line(text);
  }
  if (uses.size() > kRowsShown)
    Session::line("    … " + grouped(static_cast<std::int64_t>(uses.size() - kRowsShown)) +
                  " more: -o json");
}

void print_pair(const std::string& title, const std::string& text) {
  if (text.empty()) return;
  std::string label = "  " + title;
  label.resize(std::max<std::size_t>(label.size() + 2, 20), ' ');
  Session::line(label + text);
}

void print_subject(const JsonView& subject) {
  Session::line(member(subject, "subject") + (flag(subject, "suspect") ? "  SUSPECT" : ""));
  std::string alive, held, readable;
  for (const JsonView& one : list(subject, "versions"))
    alive += (alive.empty() ? "@" : ", @") + std::to_string(count(one, "version")) + " " +
             member(one, "state");
  for (const JsonView& one : list(subject, "holders"))
    held += (held.empty() ? "" : ", ") + member(one, "kind") + " " + member(one, "name");
  for (const JsonView& one : list(subject, "readable"))
    readable += (readable.empty() ? "" : ", ") + member(one, "tenant") + " " +
                grouped(count(one, "items")) + " " + member(one, "store") +
                (flag(one, "exact") ? "" : " (estimate)");
  print_pair("versions alive", alive);
  print_pair("held by", held);
  print_pair("could", texts(subject, "abilities"));
  print_pair("opens", readable);
  print_pair("UNKNOWN USERS", texts(subject, "unknown_consumers"));
  print_pair("not seen", texts(subject, "absent_consumers"));
  print_uses(subject);
}

}  // namespace

void print_forecast(const JsonView& request, const JsonView& radius, const std::string& deadline,
                    std::size_t items) {
  Session::line("  blast radius  " + radius_text(radius));
  Session::line("  used          " + use_text(radius));
  Session::line("  forecast      " + forecast_text(request, radius, deadline));
  Session::line("  frozen        schedules of " +
                plural(static_cast<std::int64_t>(items), "subject"));
  for (const JsonView& gap : list(radius, "gaps"))
    Session::line("  NOT KNOWN     " + (gap.text() ? std::string(*gap.text()) : ""));
}

std::string approval_text(const JsonView& view) {
  const auto incident = view.find("incident");
  if (!incident) return "";
  if (const auto glass = incident->find("break_glass")) {
    const std::string verdict = member(*glass, "verdict");
    return "glass broken by " + member(*glass, "by") +
           (verdict.empty() ? "; review due " + moment(member(*glass, "review_due"))
                            : "; " + verdict + " says " + member(*glass, "reviewed_by"));
  }
  if (incident->has("approved_at")) {
    const std::string approvers = texts(*incident, "approvers");
    return approvers.empty() ? "a drill needs none" : "by " + approvers;
  }
  const auto approval = view.find("approval");
  if (!approval) return "not needed for a drill";
  return std::to_string(list(*approval, "approvers").size()) + " of " +
         std::to_string(count(*approval, "needed")) + ", " + member(*approval, "state");
}

void print_incident(const JsonView& view) {
  const auto incident = view.find("incident");
  if (!incident) return;
  const auto request = incident->find("request");
  const bool drill = request && flag(*request, "drill");
  Session::line("incident " + member(view, "id") + (drill ? "  DRILL" : "") +
                (flag(*incident, "withdrawn") ? "  WITHDRAWN" : ""));
  print_ladder(*incident);
  Session::line("  opened        " + moment(member(*incident, "opened_at")) + " by " +
                member(*incident, "opened_by") + ", deadline " +
                moment(member(*incident, "deadline_at")));
  if (request)
    Session::line("  why           " + member(*request, "reason") + ", " +
                  member(*request, "mode") + ", since " +
                  moment(member(*request, "compromised_since")));
  Session::line("  approval      " + approval_text(view));
  if (const std::string problem = member(*incident, "problem"); !problem.empty())
    Session::line("  waits for     " + problem);
  print_board(view);
  print_items(view);
  Session::line("next: " + next_text(view, *incident));
}

std::string clock_text(const std::string& opened_at, const std::string& at) {
  const auto begin = parse_rfc3339(opened_at), end = parse_rfc3339(at);
  if (!begin || !end) return "T+?";
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*end - *begin).count();
  char text[32];
  std::snprintf(text, sizeof text, "T+%02lld:%02lld", static_cast<long long>(seconds / 60),
                static_cast<long long>(seconds % 60));
  return text;
}

std::int64_t print_timeline(const JsonView& view, std::int64_t after) {
  const auto incident = view.find("incident");
  if (!incident) return after;
  const std::string opened = member(*incident, "opened_at");
  for (const JsonView& entry : list(view, "timeline")) {
    const std::int64_t seq = count(entry, "seq");
    if (seq <= after) continue;
    after = seq;
    const std::string what = member(entry, "what");
    if (std::find(kQuietLines.begin(), kQuietLines.end(), what) != kQuietLines.end()) continue;
    std::string word = what.substr(what.find('.') + 1);
    word.resize(std::max<std::size_t>(word.size(), 16), ' ');
    Session::line(clock_text(opened, member(entry, "at")) + "  " + word + "  " +
                  member(entry, "who") + (member(entry, "detail").empty() ? "" : ": ") +
                  member(entry, "detail"));
  }
  return after;
}

void print_report(const JsonView& report) {
  Session::line("blast radius, uses " + moment(member(report, "from")) + " to " +
                moment(member(report, "to")));
  for (const JsonView& subject : list(report, "subjects")) print_subject(subject);
  print_pair("to tell", texts(report, "outside"));
  for (const JsonView& gap : list(report, "gaps"))
    Session::line("NOT KNOWN: " + (gap.text() ? std::string(*gap.text()) : ""));
}

}  // namespace kw::cli
