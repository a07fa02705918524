// Dynamic credentials: short-lived users of a target.
#include "cli/command.h"
#include "cli/duration.h"
#include "cli/listing.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

std::string role_path(const Reference& at) {
  return "/api/v1/tenants/" + at.tenant + "/lease-roles/" + at.name;
}

Result<std::string> lease_path(Session& session, const std::string& id) {
  KW_TRY(const std::string tenant, session.tenant());
  if (id.size() != 32 || id.find_first_not_of("0123456789abcdef") != id.npos)
    return error(Code::kInvalidArgument, "usage", "a lease is named by 32 hexadecimal digits");
  return "/api/v1/tenants/" + tenant + "/leases/" + id;
}

Status role_add(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  JsonWriter json;
  json.begin_object().member("target", arguments.text("--target")).name("settings").begin_object();
  for (const std::string& each : arguments.repeated("--set")) {
    const auto equals = each.find('=');
    if (equals == each.npos)
      return error(Code::kInvalidArgument, "usage", "a setting is NAME=VALUE");
    json.member(each.substr(0, equals), each.substr(equals + 1));
  }
  json.end_object();
  if (arguments.has("--generator")) json.member("generator", arguments.text("--generator"));
  if (arguments.has("--ttl")) json.member("ttl_seconds", arguments.number("--ttl", 0));
  if (arguments.has("--ttl-max")) json.member("ttl_max_seconds", arguments.number("--ttl-max", 0));
  if (arguments.has("--max")) json.member("leases_max", arguments.number("--max", 0));
  json.end_object();
  KW_TRY(const auto answer, session.send("PUT", role_path(at), json.text()));
  if (session.print_for_machines(answer, at.text())) return ok();
  Session::line("added role " + at.text() + "  at " + arguments.text("--target"));
  Session::line("  issue    keywright lease issue " + at.name);
  return ok();
}

Status role_list(Session& session, const Arguments&) {
  KW_TRY(const std::string tenant, session.tenant());
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tenants/" + tenant + "/lease-roles"));
  const auto number = [](const char* name) {
    return [name](const JsonView& row) { return std::to_string(count(row, name)); };
  };
  return show_list(session, answer,
                   {{text_column("ROLE", "name"),
                     text_column("TARGET", "target"),
                     {"TTL", number("ttl_seconds")},
                     {"TTL MAX", number("ttl_max_seconds")},
                     {"LEASES MAX", number("leases_max")}},
                    [](const JsonView& row) { return member(row, "name"); },
                    "no roles in tenant " + tenant});
}

Status role_remove(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_OK(session.send("DELETE", role_path(at)));
  Session::line("removed role " + at.text() + "; its leases live to their end");
  return ok();
}

Status issue(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  JsonWriter json;
  json.begin_object();
  if (arguments.has("--ttl")) json.member("ttl_seconds", arguments.number("--ttl", 0));
  json.end_object();
  KW_TRY(const auto answer,
         session.send("POST", "/api/v1/tenants/" + at.tenant + "/dynamic/" + at.name + ":issue",
                      json.text()));
  const JsonView root = answer.json.root();
  if (Session::terminal_out())
    Session::say("warning: the password is on your screen and in what your terminal keeps");
  if (session.print_for_machines(answer, member(root, "lease"))) return ok();
  Session::line("username=" + member(root, "username"));
  Session::line("password=" + member(root, "password"));
  Session::say("lease " + member(root, "lease") + " until " + moment(member(root, "expires_at")));
  return ok();
}

Status list(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string tenant, session.tenant());
  const std::string query = client::query({{"role", arguments.text("--role")},
                                           {"caller", arguments.text("--caller")},
                                           {"all", arguments.has("--all") ? "true" : ""},
                                           {"limit", arguments.text("--limit")},
                                           {"after", arguments.text("--after")}});
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tenants/" + tenant + "/leases" + query));
  return show_list(
      session, answer,
      {{text_column("LEASE", "lease"), text_column("ROLE", "role"), text_column("USER", "username"),
        text_column("CALLER", "caller"), text_column("STATE", "state"),
        time_column("EXPIRES", "expires_at"), text_column("PROBLEM", "problem")},
       [](const JsonView& row) { return member(row, "lease"); },
       "no leases in tenant " + tenant});
}

Status renew(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string path, lease_path(session, arguments.reference));
  JsonWriter json;
  json.begin_object();
  if (arguments.has("--ttl")) json.member("ttl_seconds", arguments.number("--ttl", 0));
  json.end_object();
  KW_TRY(const auto answer, session.send("POST", path + ":renew", json.text()));
  if (session.print_for_machines(answer, arguments.reference)) return ok();
  Session::line("renewed " + arguments.reference + "  until " +
                moment(member(answer.json.root(), "expires_at")));
  return ok();
}

Status revoke(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string path, lease_path(session, arguments.reference));
  KW_TRY(const auto answer, session.send("POST", path + ":revoke", "{}"));
  if (session.print_for_machines(answer, arguments.reference)) return ok();
  const std::string state = member(answer.json.root(), "state");
  Session::line(state == "revoked" ? "revoked " + arguments.reference
                                   : "revoking " + arguments.reference +
                                         ": the target does not answer; it is tried until it does");
  return ok();
}

}  // namespace

void add_lease_commands(std::vector<Command>& commands) {
  const Flag ttl{"--ttl", "seconds", Kind::kNumber};
  commands.insert(
      commands.end(),
      {{"lease",
        "role-add",
        "what short-lived users callers may ask for",
        "ROLE",
        {{"--target", "where they are made", Kind::kText, true},
         {"--set", "NAME=VALUE; may be given more than once", Kind::kRepeated},
         {"--generator", "of their passwords: 'length=32'", Kind::kText},
         ttl,
         {"--ttl-max", "seconds, with all renewals", Kind::kNumber},
         {"--max", "so many at once", Kind::kNumber}},
        {"keywright lease role-add reader --target shop-db --set grants=readonly --ttl 3600"},
        role_add},
       {"lease",
        "role-list",
        "the tenant's roles",
        "",
        {},
        {"keywright lease role-list"},
        role_list},
       {"lease",
        "role-remove",
        "no new leases of it",
        "ROLE",
        {},
        {"keywright lease role-remove reader"},
        role_remove},
       {"lease",
        "issue",
        "a user and its password, until the lease ends",
        "ROLE",
        {ttl},
        {"keywright lease issue reader", "keywright lease issue reader --ttl 600 -o json"},
        issue},
       {"lease",
        "list",
        "leases that are not revoked",
        "",
        {{"--role", "of this role", Kind::kText},
         {"--caller", "asked for by them", Kind::kText},
         {"--all", "revoked ones too", Kind::kSwitch},
         {"--limit", "at most so many, 1 to 1000", Kind::kNumber},
         {"--after", "go on after this lease", Kind::kText}},
        {"keywright lease list"},
        list},
       {"lease", "renew", "a later end", "LEASE", {ttl}, {"keywright lease renew ID"}, renew},
       {"lease", "revoke", "end it now", "LEASE", {}, {"keywright lease revoke ID"}, revoke}});
}

}  // namespace kw::cli
