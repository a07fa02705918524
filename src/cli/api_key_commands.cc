#include "cli/command.h"
#include "cli/duration.h"
#include "cli/listing.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

std::string keys_path(const std::string& tenant, const std::string& rest = "") {
  return "/api/v1/tenants/" + tenant + "/api-keys" + rest;
}

// The text goes to standard output alone, so that it can be piped on.
Status show_issued(Session& session, const client::Answer& answer) {
  const JsonView root = answer.json.root();
  if (session.options().quiet) {
    Session::line(member(root, "api_key"));
    return ok();
  }
  if (session.print_for_machines(answer, member(root, "id"))) return ok();
  Session::line(member(root, "api_key"));
  const std::string end = member(root, "expires_at");
  Session::say("shown once.  key " + std::to_string(count(root, "number")) + " of " +
               member(root, "client") + (end.empty() ? "" : ", until " + moment(end)));
  return ok();
}

Status issue(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string tenant, session.tenant());
  KW_TRY(const auto life, parse_duration(arguments.text("--ttl", "0s")));
  JsonWriter json;
  json.begin_object().member("client", arguments.reference).member("ttl_seconds", life.count());
  json.end_object();
  KW_TRY(const auto answer, session.send("POST", keys_path(tenant), json.text()));
  return show_issued(session, answer);
}

Status rotate(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string tenant, session.tenant());
  KW_TRY(const auto life, parse_duration(arguments.text("--ttl", "0s")));
  KW_TRY(const auto grace, parse_duration(arguments.text("--grace", "7d")));
  JsonWriter json;
  json.begin_object().member("client", arguments.reference).member("ttl_seconds", life.count());
  json.member("grace_seconds", grace.count()).end_object();
  KW_TRY(const auto answer, session.send("POST", keys_path(tenant, ":rotate"), json.text()));
  KW_OK(show_issued(session, answer));
  if (!session.options().quiet)
    Session::say("the key before goes on for " + about(grace) +
                 "; its last use: keywright api-key list");
  return ok();
}

Status list(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string tenant, session.tenant());
  KW_TRY(const auto answer,
         session.send("GET",
                      keys_path(tenant, client::query({{"client", arguments.text("--client")}}))));
  const auto number = [](const JsonView& row) { return std::to_string(count(row, "number")); };
  const auto uses = [](const JsonView& row) { return std::to_string(count(row, "uses")); };
  return show_list(session, answer,
                   {{text_column("ID", "id"),
                     text_column("CLIENT", "client"),
                     {"KEY", number},
                     text_column("STATE", "state"),
                     time_column("EXPIRES", "expires_at"),
                     {"USES", uses},
                     time_column("LAST USED", "last_used_at")},
                    [](const JsonView& row) { return member(row, "id"); },
                    "no API keys; issue one: keywright api-key issue CLIENT"});
}

// suspend, restore, revoke
std::function<Status(Session&, const Arguments&)> moving(const std::string& verb) {
  return [verb](Session& session, const Arguments& arguments) -> Status {
    KW_TRY(const std::string tenant, session.tenant());
    KW_TRY(const auto answer,
           session.send("POST", keys_path(tenant, "/" + arguments.reference + ":" + verb), "{}"));
    const JsonView root = answer.json.root();
    if (session.print_for_machines(answer, member(root, "id"))) return ok();
    Session::line(member(root, "client") + " key " + std::to_string(count(root, "number")) + "  " +
                  member(root, "state"));
    return ok();
  };
}

}  // namespace

void add_api_key_commands(std::vector<Command>& commands) {
  const Flag ttl{"--ttl", "how long it lives; without it it has no end", Kind::kText};
  commands.insert(
      commands.end(),
      {{"api-key",
        "issue",
        "issue an API key to a client of yours; it is shown once",
        "CLIENT",
        {ttl},
        {"keywright api-key issue billing"},
        issue},
       {"api-key",
        "list",
        "API keys, with their last use",
        "",
        {{"--client", "only of this client", Kind::kText}},
        {"keywright api-key list --client billing"},
        list},
       {"api-key",
        "rotate",
        "a new key for a client; the old one goes on for its grace",
        "CLIENT",
        {ttl, {"--grace", "how long the old one goes on (7d); 0s: it leaked", Kind::kText}},
        {"keywright api-key rotate billing --grace 14d"},
        rotate},
       {"api-key",
        "suspend",
        "refuse a key until it is restored",
        "ID",
        {},
        {"keywright api-key suspend ID"},
        moving("suspend")},
       {"api-key",
        "restore",
        "accept a suspended key again",
        "ID",
        {},
        {"keywright api-key restore ID"},
        moving("restore")},
       {"api-key",
        "revoke",
        "refuse a key for ever",
        "ID",
        {},
        {"keywright api-key revoke ID"},
        moving("revoke")}});
}

}  // namespace kw::cli
