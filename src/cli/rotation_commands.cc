#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/command.h"
#include "cli/duration.h"
#include "cli/key_facts.h"
#include "cli/listing.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

constexpr std::size_t kColumns = 80;
constexpr std::chrono::milliseconds kPoll{500};

// "plan p-…  acme:orders @1 -> @2", and that nothing was changed, at the right edge.
std::string plan_title(const Reference& at, const JsonView& plan) {
  const std::int64_t from = count(plan, "from");
  std::string title = "plan " + member(plan, "plan") + "  " + at.text() + " " +
                      (from == 0 ? "none" : "@" + std::to_string(from)) + " -> @" +
                      std::to_string(count(plan, "to"));
  const std::string note = "nothing has been changed";
  title.resize(std::max(title.size() + 2, kColumns - note.size()), ' ');
  return title + note;
}

std::string demotion(const JsonView& plan) {
  const std::string purpose = member(plan, "purpose");
  const std::string grace = " after " + std::to_string(count(plan, "lease_grace_seconds")) + " s";
  if (purpose == "sign") return "verifies, no longer signs" + grace;
  if (purpose == "mac") return "verifies, no longer makes MACs" + grace;
  if (purpose == "derive") return "derives only when named";
  return "decrypts, no longer protects" + grace;
}

void print_plan(const Reference& at, const JsonView& plan) {
  const bool promote = plan.boolean("promote") && *plan.boolean("promote");
  const std::int64_t from = count(plan, "from");
  const std::string old_version = at.name + "@" + std::to_string(from);
  Session::line(plan_title(at, plan));
  Session::line("  + " + at.name + "@" + std::to_string(count(plan, "to")) + "    " +
                algorithm_text(member(plan, "algorithm")) +
                ", proved by a known-answer test before use");
  if (promote && from != 0)
    Session::line("  ~ " + old_version + "    primary -> secondary: " + demotion(plan));
  if (!promote && from != 0) Session::line("    " + old_version + "    stays primary");
  if (promote && from != 0)
    Session::line("  rollback      one command, until " + old_version +
                  " is retired; approval: not needed");
  Session::line("apply           keywright key rotate " + at.name + " --plan " +
                member(plan, "plan"));
}

Status rotate(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  JsonWriter json;
  json.begin_object();
  if (arguments.has("--plan")) json.member("plan", arguments.text("--plan"));
  if (arguments.has("--algorithm")) json.member("algorithm", arguments.text("--algorithm"));
  if (arguments.has("--no-promote")) json.member("promote", false);
  if (arguments.has("--dry-run")) json.member("dry_run", true);
  json.end_object();
  KW_TRY(const auto answer, session.send("POST", Session::key_path(at) + ":rotate", json.text()));
  const JsonView root = answer.json.root();
  if (arguments.has("--dry-run")) {
    if (!session.print_for_machines(answer, member(root, "plan"))) print_plan(at, root);
    return ok();
  }
  const auto version = count(root, "version");
  const std::string made = at.text() + "@" + std::to_string(version);
  if (session.print_for_machines(answer, made)) return ok();
  const bool primary = root.member("key") && count(*root.member("key"), "primary") == version;
  Session::line("rotated " + made + (primary ? "  primary" : "  active"));
  Session::line(primary ? "  undo     keywright key rollback " + at.name
                        : "  next     keywright key promote " + at.name + "@" +
                              std::to_string(version));
  return ok();
}

Status roll_back(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  JsonWriter json;
  json.begin_object();
  if (at.version) json.member("to", *at.version);
  json.end_object();
  Reference key = at;
  key.version.reset();
  KW_TRY(const auto answer, session.send("POST", Session::key_path(at) + ":rollback", json.text()));
  const std::string now = key.text() + primary_text(answer.json.root());
  if (!session.print_for_machines(answer, now))
    Session::line("rolled back: " + now + " is primary again");
  return ok();
}

bool is_ready(const JsonView& answer) {
  return answer.boolean("ready") && *answer.boolean("ready");
}

// Asks once, or with --wait until the version is free or the time is over.
Result<client::Answer> ask_readiness(Session& session, const Reference& at,
                                     const Arguments& arguments) {
  KW_TRY(const std::chrono::seconds patience, parse_duration(arguments.text("--timeout", "1h")));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  const std::string path = Session::key_path(at) + "/readiness" +
                           client::query({{"version", std::to_string(*at.version)},
                                          {"for", arguments.text("--for", "retire")},
                                          {"quiet_seconds", arguments.text("--quiet-seconds")}});
  for (;;) {
    KW_TRY(client::Answer answer, session.send("GET", path));
    if (!arguments.has("--wait") || is_ready(answer.json.root())) return answer;
    if (std::chrono::steady_clock::now() >= deadline)
      return error(Code::kDeadlineExceeded, "not_yet",
                   at.text() + " is not ready after " + std::to_string(patience.count()) + " s");
    std::this_thread::sleep_for(kPoll);
  }
}

void print_blockers(const Reference& at, const JsonView& root, const std::string& target) {
  const auto list = root.find("blockers");
  const auto blockers = list ? list->elements() : std::vector<JsonView>();
  const std::string not_before = member(root, "not_before");
  Session::line("not ready: " + at.text() + " has " + std::to_string(blockers.size()) +
                (blockers.size() == 1 ? " blocker" : " blockers") +
                (not_before.empty() ? "" : "; not before " + moment(not_before)));
  Table table = {{"  BLOCKER", "AMOUNT", "WHERE", "CLEARS WHEN"}};
  for (const JsonView& blocker : blockers)
    table.push_back({"  " + member(blocker, "kind"), grouped(count(blocker, "amount")),
                     member(blocker, "where"), member(blocker, "clears_when")});
  Session::print(table);
  Session::line("wait:  keywright key readiness " + at.name + "@" + std::to_string(*at.version) +
                " --for " + target + " --wait --timeout 2h");
}

Status readiness(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  if (!at.version)
    return error(Code::kInvalidArgument, "usage", "say which version: " + at.name + "@1");
  const std::string target = arguments.text("--for", "retire");
  KW_TRY(const auto answer, ask_readiness(session, at, arguments));
  const bool ready = is_ready(answer.json.root());
  const Error refused{Code::kFailedPrecondition, "not_ready", "", std::nullopt};
  if (session.print_for_machines(answer, at.text())) return ready ? ok() : Status(refused);
  if (!ready) {
    print_blockers(at, answer.json.root(), target);
    return refused;
  }
  Session::line("ready: " + at.text() + " can be " +
                (target == "destroy" ? "destroyed" : target + "d"));
  return ok();
}

Status usage(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_TRY(const auto answer,
         session.send("GET", Session::key_path(at) + "/usage" +
                                 client::query({{"since", arguments.text("--since")}})));
  const auto version = [](const JsonView& row) {
    return "@" + std::to_string(count(row, "version"));
  };
  const auto uses = [](const JsonView& row) { return grouped(count(row, "count")); };
  return show_list(session, answer,
                   {{time_column("HOUR", "hour"),
                     {"VERSION", version},
                     text_column("OPERATION", "operation"),
                     text_column("CALLER", "caller"),
                     {"COUNT", uses},
                     time_column("LAST", "last_at")},
                    [at, version](const JsonView& row) { return at.text() + version(row); },
                    at.text() + " was not used in this time"});
}

Status public_key(Session& session, const Arguments& arguments) {
  KW_TRY(Reference at, session.reference(arguments.reference));
  if (!at.version) {
    KW_TRY(const auto key, session.send("GET", Session::key_path(at)));
    at.version = static_cast<std::uint32_t>(count(key.json.root(), "primary"));
  }
  KW_TRY(const auto answer, session.send("GET", Session::key_path(at) + "/versions/" +
                                                    std::to_string(*at.version) + "/public-key"));
  if (session.options().format == Format::kJson && session.print_for_machines(answer)) return ok();
  const std::string pem = member(answer.json.root(), "public_key");
  Session::line(pem.substr(0, pem.find_last_not_of('\n') + 1));
  return ok();
}

}  // namespace

void add_rotation_commands(std::vector<Command>& commands) {
  commands.insert(commands.end(),
                  {{"key",
                    "rotate",
                    "make a new version and promote it",
                    "KEY",
                    {{"--algorithm", "another algorithm for the new version", Kind::kText},
                     {"--no-promote", "leave the new version active, for a canary", Kind::kSwitch},
                     {"--dry-run", "a plan from the server; nothing is changed", Kind::kSwitch},
                     {"--plan", "do exactly what this plan says, or refuse", Kind::kText}},
                    {"keywright key rotate orders --dry-run", "keywright key rotate orders"},
                    rotate},
                   {"key",
                    "rollback",
                    "make an older version primary again",
                    "KEY[@N]",
                    {},
                    {"keywright key rollback orders"},
                    roll_back},
                   {"key",
                    "readiness",
                    "may this version go, and what is in the way",
                    "KEY@N",
                    {{"--for", "retire, archive or destroy", Kind::kText},
                     {"--quiet-seconds", "how long it must have been unused", Kind::kNumber},
                     {"--wait", "until it is ready", Kind::kSwitch},
                     {"--timeout", "how long to wait at most: 90s, 15m, 2h (1h)", Kind::kText}},
                    {"keywright key readiness orders@1 --for retire"},
                    readiness},
                   {"key",
                    "usage",
                    "who used which version for what",
                    "KEY",
                    {{"--since", "from this time, RFC 3339", Kind::kText}},
                    {"keywright key usage orders"},
                    usage},
                   {"key",
                    "public-key",
                    "the public key as PEM",
                    "KEY[@N]",
                    {},
                    {"keywright key public-key tokens"},
                    public_key}});
}

}  // namespace kw::cli
