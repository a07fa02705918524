#include "cli/command.h"
#include "cli/listing.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;

Status create(Session& session, const Arguments& arguments) {
  JsonWriter json;
  json.begin_object().member("name", arguments.reference).end_object();
  KW_TRY(const auto answer, session.send("POST", "/api/v1/tenants", json.text()));
  if (session.print_for_machines(answer, arguments.reference)) return ok();
  Session::line("created tenant " + arguments.reference);
  Session::line("  next     keywright key create " + arguments.reference + ":orders");
  return ok();
}

Status list(Session& session, const Arguments&) {
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tenants"));
  return show_list(session, answer,
                   {{text_column("TENANT", "name"), time_column("CREATED", "created_at")},
                    [](const JsonView& tenant) { return member(tenant, "name"); },
                    "no tenants yet.  make one: keywright tenant create NAME"});
}

Status show(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tenants/" + arguments.reference));
  if (session.print_for_machines(answer, arguments.reference)) return ok();
  std::fputs(yaml_of(answer.json.root()).c_str(), stdout);
  return ok();
}

}  // namespace

void add_tenant_commands(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"tenant",
        "create",
        "make a tenant with its own KEK",
        "NAME",
        {},
        {"keywright tenant create acme"},
        create},
       {"tenant", "list", "all tenants", "", {}, {"keywright tenant list"}, list},
       {"tenant", "show", "one tenant", "NAME", {}, {"keywright tenant show acme"}, show}});
}

}  // namespace kw::cli
