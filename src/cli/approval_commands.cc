#include "cli/command.h"
#include "cli/listing.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using Kind = Flag::Kind;

std::string people(const JsonView& approval) {
  std::string text;
  const auto list = approval.member("approvers");
  if (!list) return text;
  for (const JsonView& name : list->elements())
    text += (text.empty() ? "" : ", ") + (name.text() ? std::string(*name.text()) : "");
  return text;
}

std::string progress_of(const JsonView& approval) {
  const auto list = approval.member("approvers");
  return std::to_string(list ? list->elements().size() : 0) + " of " +
         std::to_string(count(approval, "needed"));
}

Status list(Session& session, const Arguments& arguments) {
  const std::string tenant = arguments.has("--all")         ? ""
                             : session.tenant().has_value() ? *session.tenant()
                                                            : "";
  KW_TRY(const auto answer,
         session.send(
             "GET", "/api/v1/approvals" +
                        client::query({{"tenant", tenant}, {"state", arguments.text("--state")}})));
  return show_list(session, answer,
                   {{text_column("APPROVAL", "id"),
                     text_column("WHAT", "summary"),
                     text_column("REQUESTER", "requester"),
                     {"APPROVED", progress_of},
                     {"BY", people, true},
                     text_column("STATE", "state"),
                     time_column("EXPIRES", "expires_at")},
                    [](const JsonView& row) { return member(row, "id"); },
                    "no approvals"});
}

Status show(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer, session.send("GET", "/api/v1/approvals/" + arguments.reference));
  if (session.print_for_machines(answer, arguments.reference)) return ok();
  const JsonView row = answer.json.root();
  Session::print({{"what", member(row, "summary")},
                  {"asked by", member(row, "requester")},
                  {"approved", progress_of(row) + (people(row).empty() ? "" : "  " + people(row))},
                  {"state", member(row, "state")},
                  {"until", moment(member(row, "expires_at"))}});
  return ok();
}

Status vote(Session& session, const Arguments& arguments, const std::string& verb) {
  KW_TRY(const auto answer,
         session.send("POST", "/api/v1/approvals/" + arguments.reference + ":" + verb, "{}"));
  if (!session.print_for_machines(answer, arguments.reference))
    Session::line(member(answer.json.root(), "summary") + ": " + progress_of(answer.json.root()) +
                  " approved, " + member(answer.json.root(), "state"));
  return ok();
}

}  // namespace

void add_approval_commands(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"approval",
        "list",
        "requests that need other people",
        "",
        {{"--state", "open, approved, rejected, spent or expired", Kind::kText},
         {"--all", "of all tenants", Kind::kSwitch}},
        {"keywright approval list --state open"},
        list},
       {"approval", "show", "one approval", "ID", {}, {"keywright approval show ID"}, show},
       {"approval",
        "approve",
        "approve somebody else's request",
        "ID",
        {},
        {"keywright approval approve ID"},
        [](Session& session, const Arguments& arguments) {
          return vote(session, arguments, "approve");
        }},
       {"approval",
        "reject",
        "reject somebody else's request",
        "ID",
        {},
        {"keywright approval reject ID"},
        [](Session& session, const Arguments& arguments) {
          return vote(session, arguments, "reject");
        }}});
}

}  // namespace kw::cli
