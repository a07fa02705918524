#include "cli/command.h"
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
  KW_TRY(const JsonView items, answer.json.root().member("items"));
  if (session.options().quiet || session.options().format == Format::kName) {
    for (const JsonView& tenant : items.elements()) Session::line(member(tenant, "name"));
    return ok();
  }
  if (session.print_for_machines(answer)) return ok();
  Table table = {{"TENANT", "CREATED"}};
  for (const JsonView& tenant : items.elements())
    table.push_back({member(tenant, "name"), moment(member(tenant, "created_at"))});
  Session::print(table);
  return ok();
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
