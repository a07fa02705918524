#include <set>

#include "cli/command.h"
#include "cli/doctor_topics.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;

constexpr std::size_t kColumns = 80;
constexpr std::size_t kMargin = 13;

struct Finding {
  std::string id, group, status, text, fix;
};

std::string glyph(const std::string& status) {
  return status == "ok" ? "✓" : status == "warning" ? "!" : "✗";
}

// What can be seen from outside, before the server says anything itself.
std::vector<Finding> outside(Session& session) {
  const auto health = session.send("GET", "/api/v1/sys/health");
  if (!health) {
    const std::string fix = health.error().reason == "no_server"
                                ? "keywright server --dev"
                                : "start the server, or check: keywright context show";
    return {{"CN-1", "connection", "failed",
             health.error().message + " [" + health.error().reason + "]", fix}};
  }
  std::vector<Finding> found = {
      {"CN-1", "connection", "ok",
       "reached " + session.server() + ", version " + member(health->json.root(), "version"), ""}};
  const bool sealed =
      health->json.root().boolean("sealed") && *health->json.root().boolean("sealed");
  if (sealed)
    found.push_back({"SE-1", "seal", "failed", "the server is sealed", "keywright seal unseal"});
  return found;
}

void add_inside(Session& session, std::vector<Finding>& found) {
  if (found.back().status == "failed") return;
  const auto answer = session.send("GET", "/api/v1/sys/diagnosis");
  if (!answer) {
    found.push_back(
        {"AC-1", "access", "warning",
         "the server's own checks need the role operator [" + answer.error().reason + "]",
         "keywright token self"});
    return;
  }
  const auto checks = answer->json.root().member("checks");
  if (!checks) return;
  for (const JsonView& check : checks->elements())
    found.push_back({member(check, "id"), member(check, "group"), member(check, "status"),
                     member(check, "text"), member(check, "fix")});
}

// One group: what is well on few lines, then each problem with its remedy.
void print_group(const std::string& group, const std::vector<Finding>& found) {
  std::string margin = "  " + group;
  margin.resize(kMargin, ' ');
  std::string text = margin;
  std::size_t used = 0;
  for (const Finding& finding : found) {
    if (finding.group != group || finding.status != "ok") continue;
    if (used > 0 && used + finding.text.size() + 5 > kColumns - kMargin) {
      Session::line(text);
      text = std::string(kMargin, ' ');
      used = 0;
    }
    text += (used > 0 ? "   " : "") + glyph(finding.status) + " " + finding.text;
    used += finding.text.size() + 5;
  }
  if (used > 0) Session::line(text);
  if (used > 0) margin = std::string(kMargin, ' ');
  for (const Finding& finding : found) {
    if (finding.group != group || finding.status == "ok") continue;
    Session::line(margin + glyph(finding.status) + " " + finding.id + " " + finding.text);
    if (!finding.fix.empty()) Session::line(std::string(kMargin + 2, ' ') + "fix: " + finding.fix);
    margin = std::string(kMargin, ' ');
  }
}

void print_findings(const std::vector<Finding>& found) {
  std::set<std::string> shown;
  for (const Finding& finding : found)
    if (shown.insert(finding.group).second) print_group(finding.group, found);
}

std::string plural(int number, const std::string& word) {
  return std::to_string(number) + " " + word + (number == 1 ? "" : "s");
}

// "11 checks: 10 ok, 1 warning, 0 failed.   more: keywright doctor --explain SV-5"
std::string summary(const std::vector<Finding>& found, int warnings, int failed) {
  std::string text = plural(static_cast<int>(found.size()), "check") + ": " +
                     std::to_string(static_cast<int>(found.size()) - warnings - failed) + " ok, " +
                     plural(warnings, "warning") + ", " + std::to_string(failed) + " failed";
  const std::string worst = failed > 0 ? "failed" : "warning";
  for (const Finding& finding : found)
    if (finding.status == worst) return text + ".   more: keywright doctor --explain " + finding.id;
  return text;
}

Status explain(const std::string& id) {
  const DoctorTopic* topic = doctor_topic(id);
  if (topic == nullptr)
    return error(Code::kNotFound, "no_such_check", "there is no check \"" + id + "\"");
  Session::line(id + "  " + std::string(topic->question));
  Session::line("  why   " + std::string(topic->why));
  Session::line("  mend  " + std::string(topic->mend));
  return ok();
}

Status doctor(Session& session, const Arguments& arguments) {
  if (arguments.has("--explain")) return explain(arguments.text("--explain"));
  std::vector<Finding> found = outside(session);
  add_inside(session, found);
  int warnings = 0, failed = 0;
  for (const Finding& finding : found) {
    warnings += finding.status == "warning" ? 1 : 0;
    failed += finding.status == "failed" ? 1 : 0;
  }
  if (session.options().format == Format::kJson) {
    codec::JsonWriter json;
    json.begin_object()
        .member("failed", failed)
        .member("warnings", warnings)
        .name("checks")
        .begin_array();
    for (const Finding& finding : found)
      json.begin_object()
          .member("id", finding.id)
          .member("group", finding.group)
          .member("status", finding.status)
          .member("text", finding.text)
          .member("fix", finding.fix)
          .end_object();
    json.end_array().end_object();
    Session::line(std::string(json.text()));
  } else {
    print_findings(found);
    Session::line(summary(found, warnings, failed));
  }
  if (failed == 0) return ok();
  return Error{Code::kDataLoss, "proof_failed", "", std::nullopt};
}

}  // namespace

void add_doctor_commands(std::vector<Command>& commands) {
  commands.push_back(
      {"",
       "doctor",
       "what is wrong with this installation, and how to mend it",
       "",
       {{"--explain", "what a check asks, why, and how to mend it", Flag::Kind::kText}},
       {"keywright doctor", "keywright doctor --explain ST-1"},
       doctor});
}

}  // namespace kw::cli
