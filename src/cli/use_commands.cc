#include "cli/command.h"
#include "cli/sealed_file.h"
#include "cli/session.h"
#include "codec/base64.h"
#include "crypto/envelope.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

std::string size_text(std::size_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KB", "MB", "GB"};
  double size = static_cast<double>(bytes);
  int unit = 0;
  for (; size >= 1000 && unit < 3; ++unit) size /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", size, kUnits[unit]);
  return text;
}

Status refuse_binary_on_terminal(const std::string& out) {
  if (out != "-" || !Session::terminal_out()) return ok();
  return error(Code::kInvalidArgument, "usage",
               "the output is binary and this is a terminal: use --out FILE or a pipe");
}

void common_members(JsonWriter& json, const Arguments& arguments, const Reference& at) {
  if (arguments.has("--aad"))
    json.name("associated_data").base64(as_bytes(arguments.text("--aad")));
  if (at.version) json.member("version", *at.version);
}

Status encrypt(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  const std::string in = arguments.text("--in", "-"), out = arguments.text("--out", "-");
  KW_OK(refuse_binary_on_terminal(out));
  KW_TRY(const WipedBytes plaintext, read_file(in));
  JsonWriter json;
  json.begin_object();
  common_members(json, arguments, at);
  json.end_object();
  KW_TRY(const auto answer,
         session.send("POST", Session::key_path(at) + ":generate-data-key", json.text()));
  KW_TRY(const std::string_view clear, answer.json.root().text("plaintext"));
  KW_TRY(const SecretBytes data_key, codec::secret_from_base64(clear));
  KW_TRY(const Bytes wrapped, crypto::envelope_from_text(member(answer.json.root(), "ciphertext")));
  KW_TRY(const Bytes content, seal_content(plaintext, data_key));
  KW_OK(write_file(out, join_sealed_file({wrapped, content})));
  Reference used = at;
  used.version = static_cast<std::uint32_t>(count(answer.json.root(), "version"));
  if (out != "-" && session.table())
    Session::line(in + " -> " + out + "  " + size_text(plaintext.size()) + "  " + used.text());
  return ok();
}

Status decrypt(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  const std::string in = arguments.text("--in", "-"), out = arguments.text("--out", "-");
  KW_TRY(const WipedBytes bytes, read_file(in));
  KW_TRY(const SealedFile file, parse_sealed_file(bytes));
  JsonWriter json;
  json.begin_object().member("ciphertext", crypto::envelope_text(file.wrapped_key));
  if (arguments.has("--aad"))
    json.name("associated_data").base64(as_bytes(arguments.text("--aad")));
  json.end_object();
  KW_TRY(const auto answer, session.send("POST", Session::key_path(at) + ":decrypt", json.text()));
  KW_TRY(const std::string_view clear, answer.json.root().text("plaintext"));
  KW_TRY(const SecretBytes data_key, codec::secret_from_base64(clear));
  KW_TRY(const WipedBytes plaintext, open_content(file.content, data_key));
  KW_OK(write_file(out, plaintext));
  if (out != "-" && session.table())
    Session::line(in + " -> " + out + "  " + size_text(plaintext.size()) + "  " + at.text());
  return ok();
}

// Re-wraps the data key under the primary version: the content is not touched.
Status rewrap(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  const std::string in = arguments.text("--in", "-");
  KW_TRY(const WipedBytes bytes, read_file(in));
  KW_TRY(const SealedFile file, parse_sealed_file(bytes));
  JsonWriter json;
  json.begin_object().member("ciphertext", crypto::envelope_text(file.wrapped_key));
  if (arguments.has("--aad"))
    json.name("associated_data").base64(as_bytes(arguments.text("--aad")));
  json.end_object();
  KW_TRY(const auto answer, session.send("POST", Session::key_path(at) + ":rewrap", json.text()));
  KW_TRY(const Bytes wrapped, crypto::envelope_from_text(member(answer.json.root(), "ciphertext")));
  KW_OK(write_file(arguments.text("--out", in), join_sealed_file({wrapped, file.content})));
  if (session.table())
    Session::line(in + "  now " + at.text() + "@" +
                  std::to_string(count(answer.json.root(), "version")));
  return ok();
}

// Reads the header of a file or of the text form, without a server.
Status inspect(Session&, const Arguments& arguments) {
  KW_TRY(const WipedBytes bytes, read_file(arguments.reference));
  const auto file = parse_sealed_file(bytes);
  Bytes text_form;
  ByteView envelope_bytes = bytes;
  if (file) {
    envelope_bytes = file->wrapped_key;
  } else if (as_text(bytes).starts_with("kw1:")) {
    std::string_view text = as_text(bytes);
    text = text.substr(0, text.find_last_not_of("\r\n") + 1);
    KW_TRY(text_form, crypto::envelope_from_text(text));
    envelope_bytes = text_form;
  }
  KW_TRY(const crypto::Envelope envelope, crypto::parse_envelope(envelope_bytes));
  char suite[8];
  std::snprintf(suite, sizeof suite, "0x%04x", envelope.header.suite);
  Session::print({{"form", file ? "file, data key wrapped" : "ciphertext"},
                  {"suite", suite},
                  {"key id", envelope.header.key.text()},
                  {"version", "@" + std::to_string(envelope.header.version)}});
  return ok();
}

Status sign(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_TRY(const WipedBytes message, read_file(arguments.text("--in", "-")));
  JsonWriter json;
  json.begin_object().name("message").base64(message);
  if (at.version) json.member("version", *at.version);
  if (arguments.has("--format")) json.member("signature_format", arguments.text("--format"));
  if (arguments.has("--anchor")) json.member("anchor", true);
  json.end_object();
  const std::string verb = arguments.has("--mac") ? "mac" : "sign";
  KW_TRY(const auto answer, session.send("POST", Session::key_path(at) + ":" + verb, json.text()));
  if (session.options().format != Format::kTable && session.print_for_machines(answer, at.text()))
    return ok();
  const std::string text = member(answer.json.root(), verb == "mac" ? "mac" : "signature");
  if (const auto anchor = answer.json.root().find("anchor"))
    Session::say("anchor " + member(*anchor, "node") + ":" +
                 std::to_string(count(*anchor, "from")) +
                 "  keep it: it proves the age of this signature after a compromise");
  if (!arguments.has("--out")) {
    Session::line(text);
    return ok();
  }
  KW_TRY(const Bytes raw, codec::from_base64(text));
  return write_file(arguments.text("--out"), raw);
}

// "NODE:NUMBER", as `key sign --anchor` printed it.
Status anchor_member(JsonWriter& json, const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::string digits = colon == text.npos ? "" : text.substr(colon + 1);
  if (digits.empty() || digits.size() > 15 || digits.find_first_not_of("0123456789") != digits.npos)
    return error(Code::kInvalidArgument, "usage", "an anchor is NODE:NUMBER");
  json.name("anchor").begin_object().member("node", text.substr(0, colon));
  json.member("from", static_cast<std::int64_t>(std::stoll(digits))).end_object();
  return ok();
}

Status verify(Session& session, const Arguments& arguments) {
  KW_TRY(const Reference at, session.reference(arguments.reference));
  KW_TRY(const WipedBytes message, read_file(arguments.text("--in", "-")));
  const bool mac = arguments.has("--mac");
  KW_TRY(const WipedBytes proof, read_file(arguments.text("--signature")));
  JsonWriter json;
  json.begin_object().name("message").base64(message).name(mac ? "mac" : "signature").base64(proof);
  if (at.version) json.member("version", *at.version);
  if (arguments.has("--format")) json.member("signature_format", arguments.text("--format"));
  if (arguments.has("--signed-at")) json.member("signed_at", arguments.text("--signed-at"));
  if (arguments.has("--anchor")) KW_OK(anchor_member(json, arguments.text("--anchor")));
  json.end_object();
  KW_TRY(
      const auto answer,
      session.send("POST", Session::key_path(at) + (mac ? ":verify-mac" : ":verify"), json.text()));
  const JsonView root = answer.json.root();
  const std::string verdict = member(root, "verdict");
  if (!session.print_for_machines(answer, verdict))
    Session::line(verdict +
                  (verdict == "invalid"
                       ? ""
                       : "  " + at.text() +
                             (at.version ? "" : "@" + std::to_string(count(root, "version")))) +
                  (member(root, "reason").empty() ? "" : "  " + member(root, "reason")));
  const auto relied_on = root.boolean("valid");
  if (relied_on && *relied_on) return ok();
  return Error{Code::kFailedPrecondition, "proof_failed", "", std::nullopt};
}

}  // namespace

void add_use_commands(std::vector<Command>& commands) {
  const Flag in{"--in", "file to read; - is standard input", Kind::kText};
  const Flag out{"--out", "file to write; - is standard output", Kind::kText};
  const Flag aad{"--aad", "associated data: must be the same to decrypt; not secret", Kind::kText};
  const Flag format{"--format", "of an ECDSA signature: der or jose (raw)", Kind::kText};
  const Flag mac{"--mac", "a MAC instead of a signature", Kind::kSwitch};
  commands.insert(commands.end(),
                  {{"key",
                    "encrypt",
                    "encrypt a file under a fresh data key that the key wraps",
                    "KEY[@N]",
                    {in, out, aad},
                    {"keywright key encrypt orders --in report.pdf --out report.pdf.kw"},
                    encrypt},
                   {"key",
                    "decrypt",
                    "decrypt a file",
                    "KEY",
                    {in, out, aad},
                    {"keywright key decrypt orders --in report.pdf.kw --out report.pdf"},
                    decrypt},
                   {"key",
                    "rewrap",
                    "bring a file to the primary version",
                    "KEY",
                    {in, out, aad},
                    {"keywright key rewrap orders --in report.pdf.kw"},
                    rewrap},
                   {"key",
                    "inspect",
                    "which key and version a file needs; needs no server",
                    "FILE",
                    {},
                    {"keywright key inspect report.pdf.kw"},
                    inspect},
                   {"key",
                    "sign",
                    "sign a file (at most 700 KB)",
                    "KEY[@N]",
                    {in,
                     out,
                     mac,
                     format,
                     {"--anchor", "record the signature's digest for good", Kind::kSwitch}},
                    {"keywright key sign tokens --in release.txt --out release.sig"},
                    sign},
                   {"key",
                    "verify",
                    "verify a signature; exit 7 when it is not valid",
                    "KEY[@N]",
                    {in,
                     {"--signature", "file with the signature or MAC", Kind::kText, true},
                     mac,
                     format,
                     {"--signed-at", "when it was signed, as you know it; RFC 3339", Kind::kText},
                     {"--anchor", "NODE:NUMBER, as key sign --anchor said", Kind::kText}},
                    {"keywright key verify tokens --in release.txt --signature release.sig"},
                    verify}});
}

}  // namespace kw::cli
