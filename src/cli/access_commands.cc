#include "cli/command.h"
#include "cli/listing.h"
#include "cli/sealed_file.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

// "key-admin:acme" or "auditor:*".
Status grant_members(JsonWriter& json, const std::vector<std::string>& grants) {
  json.name("grants").begin_array();
  for (const std::string& grant : grants) {
    const auto colon = grant.find(':');
    if (colon == grant.npos)
      return error(Code::kInvalidArgument, "usage",
                   "a role is ROLE:TENANT, or ROLE:* for all tenants");
    json.begin_object()
        .member("role", grant.substr(0, colon))
        .member("tenant", grant.substr(colon + 1))
        .end_object();
  }
  json.end_array();
  return ok();
}

std::string grants_text(const JsonView& object) {
  std::string text;
  const auto grants = object.member("grants");
  if (!grants) return text;
  for (const JsonView& grant : grants->elements())
    text += (text.empty() ? "" : " ") + member(grant, "role") + ":" + member(grant, "tenant");
  return text;
}

Status create_principal(Session& session, const Arguments& arguments) {
  JsonWriter json;
  json.begin_object().member("name", arguments.reference);
  KW_OK(grant_members(json, arguments.repeated("--role")));
  if (arguments.has("--certificate-name"))
    json.member("certificate_name", arguments.text("--certificate-name"));
  json.end_object();
  KW_TRY(const auto answer, session.send("POST", "/api/v1/principals", json.text()));
  if (session.print_for_machines(answer, arguments.reference)) return ok();
  Session::line("created " + arguments.reference + "  " + grants_text(answer.json.root()));
  Session::line("  next     keywright token create " + arguments.reference);
  return ok();
}

Status list_principals(Session& session, const Arguments&) {
  KW_TRY(const auto answer, session.send("GET", "/api/v1/principals"));
  const auto state = [](const JsonView& row) -> std::string {
    return row.boolean("disabled") && *row.boolean("disabled") ? "disabled" : "enabled";
  };
  const auto epoch = [](const JsonView& row) { return std::to_string(count(row, "epoch")); };
  return show_list(session, answer,
                   {{text_column("PRINCIPAL", "name"),
                     {"ROLES", grants_text},
                     text_column("CERTIFICATE", "certificate_name"),
                     {"STATE", state},
                     {"EPOCH", epoch, true}},
                    [](const JsonView& row) { return member(row, "name"); },
                    ""});
}

Status edit_principal(Session& session, const Arguments& arguments) {
  JsonWriter json;
  json.begin_object();
  if (arguments.has("--role")) KW_OK(grant_members(json, arguments.repeated("--role")));
  if (arguments.has("--disable")) json.member("disabled", true);
  if (arguments.has("--enable")) json.member("disabled", false);
  json.end_object();
  KW_TRY(const auto answer,
         session.send("PATCH", "/api/v1/principals/" + arguments.reference, json.text()));
  if (!session.print_for_machines(answer, arguments.reference))
    Session::line("changed " + arguments.reference + "  " + grants_text(answer.json.root()));
  return ok();
}

Status create_token(Session& session, const Arguments& arguments) {
  JsonWriter json;
  json.begin_object()
      .member("principal", arguments.reference)
      .member("ttl_seconds", arguments.number("--ttl-seconds", 3600));
  if (arguments.has("--idle-seconds"))
    json.member("idle_seconds", arguments.number("--idle-seconds", 0));
  if (arguments.has("--certificate-sha256"))
    json.member("certificate_sha256", arguments.text("--certificate-sha256"));
  if (arguments.has("--secret-id")) json.member("secret_id", true);
  json.end_object();
  KW_TRY(const auto answer, session.send("POST", "/api/v1/tokens", json.text()));
  const JsonView root = answer.json.root();
  if (session.options().quiet) {
    Session::line(member(root, "token"));
    return ok();
  }
  if (session.print_for_machines(answer, member(root, "accessor"))) return ok();
  Session::line(member(root, "token"));
  Session::say("shown once.  for " + arguments.reference + ", until " +
               moment(member(root, "expires_at")) + ", accessor " + member(root, "accessor"));
  return ok();
}

Status list_tokens(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer,
         session.send("GET", "/api/v1/tokens" +
                                 client::query({{"principal", arguments.text("--principal")}})));
  const auto state = [](const JsonView& row) -> std::string {
    return row.boolean("revoked") && *row.boolean("revoked") ? "revoked" : "live";
  };
  return show_list(session, answer,
                   {{text_column("ACCESSOR", "accessor"),
                     text_column("PRINCIPAL", "principal"),
                     time_column("CREATED", "created_at", true),
                     time_column("EXPIRES", "expires_at"),
                     time_column("LAST USED", "last_used_at"),
                     {"STATE", state}},
                    [](const JsonView& row) { return member(row, "accessor"); },
                    "no tokens"});
}

Status token_self(Session& session, const Arguments&) {
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tokens/self"));
  if (session.print_for_machines(answer)) return ok();
  const JsonView root = answer.json.root();
  Session::print({{"principal", member(root, "principal")},
                  {"roles", grants_text(root)},
                  {"by", member(root, "method")},
                  {"until", moment(member(root, "expires_at"))}});
  return ok();
}

Status revoke_token(Session& session, const Arguments& arguments) {
  KW_OK(session.send("POST", "/api/v1/tokens/" + arguments.reference + ":revoke", "{}"));
  Session::line("revoked " + arguments.reference);
  return ok();
}

Status put_policy(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_TRY(const WipedBytes text, read_file(arguments.text("--file")));
  JsonWriter json;
  json.begin_object().member("policy", as_text(text)).end_object();
  KW_OK(session.send("PUT", "/api/v1/tenants/" + at.tenant + "/access-policies/" + at.name,
                     json.text()));
  Session::line("in force: " + at.text());
  return ok();
}

Status list_policies(Session& session, const Arguments&) {
  KW_TRY(const std::string tenant, session.tenant());
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tenants/" + tenant + "/access-policies"));
  if (!session.table() || !session.options().columns.empty())
    return show_list(session, answer,
                     {{text_column("NAME", "name"), text_column("POLICY", "policy", true)},
                      [](const JsonView& row) { return member(row, "name"); },
                      ""});
  KW_TRY(const JsonView items, answer.json.root().member("items"));
  for (const JsonView& row : items.elements()) {
    Session::line("# " + tenant + ":" + member(row, "name"));
    Session::line(member(row, "policy"));
  }
  return ok();
}

Status remove_policy(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_OK(session.send("DELETE", "/api/v1/tenants/" + at.tenant + "/access-policies/" + at.name));
  Session::line("removed " + at.text());
  return ok();
}

}  // namespace

namespace {

void add_principals(std::vector<Command>& commands) {
  const Flag role{"--role", "ROLE:TENANT, or ROLE:* ; may be given more than once",
                  Kind::kRepeated};
  commands.insert(
      commands.end(),
      {{"principal",
        "create",
        "make a principal with roles",
        "NAME",
        {role, {"--certificate-name", "DNS name or URI of its client certificate", Kind::kText}},
        {"keywright principal create payments-app --role key-user:acme"},
        create_principal},
       {"principal",
        "list",
        "all principals",
        "",
        {},
        {"keywright principal list"},
        list_principals},
       {"principal",
        "edit",
        "change roles; disable or enable",
        "NAME",
        {role,
         {"--disable", "refuse its credentials", Kind::kSwitch},
         {"--enable", "accept them again", Kind::kSwitch}},
        {"keywright principal edit payments-app --disable"},
        edit_principal}});
}

void add_tokens(std::vector<Command>& commands) {
  commands.insert(commands.end(),
                  {{"token",
                    "create",
                    "issue a token; it is shown once",
                    "PRINCIPAL",
                    {{"--ttl-seconds", "life, 60 s to 365 d", Kind::kNumber},
                     {"--idle-seconds", "dies when unused for so long", Kind::kNumber},
                     {"--certificate-sha256", "only with this client certificate", Kind::kText},
                     {"--secret-id", "for an agent: it exchanges it for short tokens",
                      Kind::kSwitch}},
                    {"keywright token create payments-app --ttl-seconds 86400"},
                    create_token},
                   {"token",
                    "list",
                    "tokens by accessor",
                    "",
                    {{"--principal", "only of this principal", Kind::kText}},
                    {"keywright token list"},
                    list_tokens},
                   {"token", "self", "who am I", "", {}, {"keywright token self"}, token_self},
                   {"token",
                    "revoke",
                    "revoke a token",
                    "ACCESSOR",
                    {},
                    {"keywright token revoke ACCESSOR"},
                    revoke_token}});
}

void add_policies(std::vector<Command>& commands) {
  commands.insert(commands.end(), {{"access-policy",
                                    "put",
                                    "create or replace an access policy",
                                    "NAME",
                                    {{"--file", "YAML file", Kind::kText, true}},
                                    {"keywright access-policy put payments --file payments.yaml"},
                                    put_policy},
                                   {"access-policy",
                                    "list",
                                    "the tenant's access policies",
                                    "",
                                    {},
                                    {"keywright access-policy list"},
                                    list_policies},
                                   {"access-policy",
                                    "remove",
                                    "remove an access policy",
                                    "NAME",
                                    {},
                                    {"keywright access-policy remove payments"},
                                    remove_policy}});
}

}  // namespace

void add_access_commands(std::vector<Command>& commands) {
  add_principals(commands);
  add_tokens(commands);
  add_policies(commands);
}

}  // namespace kw::cli
