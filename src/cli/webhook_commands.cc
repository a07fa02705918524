// Webhooks signed and checked by the service: the secret is never here.
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/sealed_file.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

Status payload_member(JsonWriter& json, const Arguments& arguments) {
  KW_TRY(const WipedBytes payload, read_file(arguments.text("--payload", "-")));
  json.name("payload").base64(payload);
  return ok();
}

Status sign(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  JsonWriter json;
  json.begin_object();
  KW_OK(payload_member(json, arguments));
  if (arguments.has("--id")) json.member("id", arguments.text("--id"));
  if (arguments.has("--timestamp")) json.member("timestamp", arguments.number("--timestamp", 0));
  json.end_object();
  KW_TRY(const auto answer,
         session.send("POST", Session::secret_path(at) + ":sign-webhook", json.text()));
  if (session.print_for_machines(answer, at.text())) return ok();
  KW_TRY(const JsonView headers, answer.json.root().member("headers"));
  for (const auto& [name, value] : headers.members()) {
    KW_TRY(const std::string_view text, value.text());
    Session::line(std::string(name) + ": " + std::string(text));
  }
  return ok();
}

// "Name: value", as HTTP writes it.
Status header_members(JsonWriter& json, const std::vector<std::string>& headers) {
  json.name("headers").begin_object();
  for (const std::string& header : headers) {
    const auto colon = header.find(':');
    if (colon == header.npos || colon == 0)
      return error(Code::kInvalidArgument, "usage", "a header is 'NAME: VALUE'");
    const auto value = header.find_first_not_of(' ', colon + 1);
    json.member(header.substr(0, colon), value == header.npos ? "" : header.substr(value));
  }
  json.end_object();
  return ok();
}

Status verify(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.secret_reference(arguments.reference));
  JsonWriter json;
  json.begin_object();
  KW_OK(payload_member(json, arguments));
  KW_OK(header_members(json, arguments.repeated("--header")));
  if (arguments.has("--form")) json.member("form", arguments.text("--form"));
  if (arguments.has("--signature-header"))
    json.member("signature_header", arguments.text("--signature-header"));
  if (arguments.has("--tolerance"))
    json.member("tolerance_seconds", arguments.number("--tolerance", 0));
  json.end_object();
  KW_TRY(const auto answer,
         session.send("POST", Session::secret_path(at) + ":verify-webhook", json.text()));
  const JsonView root = answer.json.root();
  const std::string verdict = member(root, "verdict");
  if (!session.print_for_machines(answer, verdict)) {
    const auto version = count(root, "version");
    const std::string reason = member(root, "reason");
    Session::line(verdict + (version > 0 ? "  " + at.text() + "@" + std::to_string(version) : "") +
                  (reason.empty() ? "" : "  " + reason));
  }
  if (verdict == "valid") return ok();
  return Error{Code::kFailedPrecondition, "proof_failed", "", std::nullopt};
}

}  // namespace

void add_webhook_commands(std::vector<Command>& commands) {
  const Flag payload{"--payload", "FILE with the body of the webhook; - is standard input",
                     Kind::kText};
  commands.insert(
      commands.end(),
      {{"secret",
        "sign-webhook",
        "the headers of a webhook, signed with every live version",
        "PATH",
        {payload,
         {"--id", "of the message, the same when it is sent again; default: a new one",
          Kind::kText},
         {"--timestamp", "seconds since 1970; default: now", Kind::kNumber}},
        {"keywright secret sign-webhook hooks/shop --payload order.json"},
        sign},
       {"secret",
        "verify-webhook",
        "which version signed a webhook; exit 7 when it is not valid",
        "PATH",
        {payload,
         {"--header", "'NAME: VALUE' that came with it; may be given more than once",
          Kind::kRepeated, true},
         {"--form", "standard, hex_of_body or timed_hex", Kind::kText},
         {"--signature-header", "which header has the signature, in the other forms", Kind::kText},
         {"--tolerance", "seconds that the sender's clock may be off; default 300", Kind::kNumber}},
        {"keywright secret verify-webhook in/git --payload body --form hex_of_body "
         "--signature-header X-Hub-Signature-256 --header 'X-Hub-Signature-256: sha256=…'"},
        verify}});
}

}  // namespace kw::cli
