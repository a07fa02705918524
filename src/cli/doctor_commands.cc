#include "cli/command.h"
#include "cli/exit_code.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;

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

void print_findings(const std::vector<Finding>& found) {
  std::string group;
  for (const Finding& finding : found) {
    std::string margin = finding.group == group ? "" : finding.group;
    margin.resize(12, ' ');
    group = finding.group;
    Session::line("  " + margin + glyph(finding.status) + " " + finding.id + " " + finding.text);
    if (!finding.fix.empty()) Session::line("                fix: " + finding.fix);
  }
}

Status doctor(Session& session, const Arguments&) {
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
    const int good = static_cast<int>(found.size()) - warnings - failed;
    Session::line(std::to_string(found.size()) + " checks: " + std::to_string(good) + " ok, " +
                  std::to_string(warnings) + " warnings, " + std::to_string(failed) + " failed");
  }
  if (failed == 0) return ok();
  return Error{Code::kDataLoss, "proof_failed", "", std::nullopt};
}

}  // namespace

void add_doctor_commands(std::vector<Command>& commands) {
  commands.push_back({"",
                      "doctor",
                      "what is wrong with this installation, and how to mend it",
                      "",
                      {},
                      {"keywright doctor"},
                      doctor});
}

}  // namespace kw::cli
