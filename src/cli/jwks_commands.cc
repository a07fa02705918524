// Tokens and the public keys that verify them.
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/sealed_file.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

constexpr std::size_t kTokenFileMax = 64 * 1024;

std::string curve_or_size(const JsonView& key) {
  std::string curve = member(key, "crv");
  if (!curve.empty()) return curve;
  // Three bytes in four characters.
  return std::to_string(member(key, "n").size() * 6 / 64 * 64) + " bit";
}

Status show(Session& session, const Arguments&) {
  KW_TRY(const std::string tenant, session.tenant());
  KW_TRY(const auto answer, session.send("GET", "/api/v1/tenants/" + tenant + "/jwks"));
  if (session.print_for_machines(answer, tenant)) return ok();
  KW_TRY(const JsonView keys, answer.json.root().member("keys"));
  Table table = {{"KID", "ALG", "TYPE", "CURVE OR SIZE"}};
  for (const JsonView& key : keys.elements())
    table.push_back(
        {member(key, "kid"), member(key, "alg"), member(key, "kty"), curve_or_size(key)});
  if (table.size() == 1) {
    Session::say("the set of " + tenant + " is empty: none of its token keys may be trusted now");
    return ok();
  }
  Session::print(table);
  return ok();
}

void print_history(const JsonView& key) {
  Session::say(member(key, "kid") + "  " + member(key, "algorithm") + "  " + member(key, "state"));
  for (const auto& [name, words] :
       {std::pair("created_at", "created"), std::pair("promoted_at", "signed from"),
        std::pair("demoted_at", "signed until"), std::pair("compromised_at", "compromised")})
    if (const std::string time = member(key, name); !time.empty())
      Session::say("  " + std::string(words) + "  " + moment(time));
}

Status key(Session& session, const Arguments& arguments) {
  KW_TRY(const std::string tenant, session.tenant());
  if (arguments.reference.find_first_not_of(
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != std::string::npos)
    return error(Code::kInvalidArgument, "usage", "a kid is base64url text");
  KW_TRY(const auto answer,
         session.send("GET", "/api/v1/tenants/" + tenant + "/public-keys/" + arguments.reference));
  if (session.print_for_machines(answer, arguments.reference)) return ok();
  print_history(answer.json.root());
  const std::string pem = member(answer.json.root(), "public_key");
  Session::line(pem.substr(0, pem.find_last_not_of('\n') + 1));
  return ok();
}

Status sign_jwt(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_TRY(const WipedBytes claims, read_file(arguments.text("--claims", "-")));
  const auto document = codec::JsonDocument::parse(as_text(claims));
  if (!document || document->root().kind() != JsonView::Kind::kObject)
    return error(Code::kInvalidArgument, "usage", "the claims are one JSON object");
  JsonWriter json;
  json.begin_object().name("claims").raw(as_text(claims));
  if (arguments.has("--type")) json.member("type", arguments.text("--type"));
  if (at.version) json.member("version", *at.version);
  json.end_object();
  KW_TRY(const auto answer, session.send("POST", Session::key_path(at) + ":sign-jwt", json.text()));
  if (!session.print_for_machines(answer, at.text()))
    Session::line(member(answer.json.root(), "token"));
  return ok();
}

// One line: files and terminals end it.
std::string_view trimmed(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \r\n");
  return end == text.npos ? std::string_view() : text.substr(0, end + 1);
}

Status verify_jwt(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_TRY(const WipedBytes token, read_file(arguments.text("--in", "-"), kTokenFileMax));
  JsonWriter json;
  json.begin_object().member("token", trimmed(as_text(token))).end_object();
  KW_TRY(const auto answer,
         session.send("POST", Session::key_path(at) + ":verify-jwt", json.text()));
  const JsonView root = answer.json.root();
  const std::string verdict = member(root, "verdict"), reason = member(root, "reason");
  if (!session.print_for_machines(answer, verdict)) {
    Session::line(verdict + "  " + at.text() + "@" + std::to_string(count(root, "version")) +
                  (reason.empty() ? "" : "  " + reason));
    if (const auto claims = root.find("claims")) Session::line(json_of(*claims));
  }
  const auto relied_on = root.boolean("valid");
  if (relied_on && *relied_on) return ok();
  return Error{Code::kFailedPrecondition, "proof_failed", "", std::nullopt};
}

}  // namespace

void add_jwks_commands(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"jwks",
        "show",
        "the keys that verify the tenant's tokens now",
        "",
        {},
        {"keywright jwks show", "keywright jwks show -o json"},
        show},
       {"jwks",
        "key",
        "a public key by its kid, whatever became of it: PEM and history",
        "KID",
        {},
        {"keywright jwks key NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"},
        key},
       {"key",
        "sign-jwt",
        "sign claims as a JSON Web Token; keys with the label use=jwt",
        "KEY[@N]",
        {{"--claims", "file with the claims, a JSON object; - is standard input", Kind::kText},
         {"--type", "typ of the header, JWT by default", Kind::kText}},
        {"keywright key sign-jwt tokens --claims claims.json"},
        sign_jwt},
       {"key",
        "verify-jwt",
        "verify a JSON Web Token; exit 7 when it is not valid now",
        "KEY",
        {{"--in", "file with the token; - is standard input", Kind::kText}},
        {"keywright key verify-jwt tokens --in token.txt"},
        verify_jwt}});
}

}  // namespace kw::cli
