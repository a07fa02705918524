#include "cli/session.h"

#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "base/name.h"
#include "cli/permit.h"
#include "cli/sealed_file.h"

namespace kw::cli {

namespace {

std::string environment(const char* name) {
  const char* value =
      std::getenv(name);  // NOLINT(concurrency-mt-unsafe): the command line has one thread
  return value == nullptr ? "" : value;
}

Error usage(const std::string& message) {
  return error(Code::kInvalidArgument, "usage", message);
}

Result<WipedText> first_line(const std::string& file) {
  std::ifstream in(file);
  std::string text;
  errno = 0;
  if (!std::getline(in, text))
    return errno != 0 ? cannot_read(file, errno)
                      : error(Code::kInvalidArgument, "cannot_read",
                              "cannot read " + file + ": it has no first line");
  WipedText token(text);
  wipe(text.data(), text.size());
  return token;
}

std::string shell_quoted(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::string Reference::text() const {
  return tenant + ":" + name + (version ? "@" + std::to_string(*version) : "");
}

// Order: flag, environment, context. Each value says on its own where it came from (`context
// show`).
Result<Context> Session::resolve() {
  KW_TRY(Contexts contexts, load_contexts());
  std::string name =
      !options_.context.empty() ? options_.context : environment("KEYWRIGHT_CONTEXT");
  if (name.empty()) name = contexts.current;
  Context chosen;
  if (const auto found = contexts.all.find(name); found != contexts.all.end()) {
    chosen = std::move(found->second);
  } else if (!name.empty()) {
    return error(Code::kNotFound, "no_such_context", "there is no context \"" + name + "\"");
  }
  if (const std::string url = environment("KEYWRIGHT_ADDR"); !url.empty()) chosen.url = url;
  if (!options_.url.empty()) chosen.url = options_.url;
  if (const std::string ca = environment("KEYWRIGHT_CA_FILE"); !ca.empty()) chosen.ca_file = ca;
  if (const std::string tenant = environment("KEYWRIGHT_TENANT"); !tenant.empty())
    chosen.tenant = tenant;
  if (const std::string file = environment("KEYWRIGHT_TOKEN_FILE"); !file.empty()) {
    KW_TRY(chosen.token, first_line(file));
  }
  if (const std::string token = environment("KEYWRIGHT_TOKEN"); !token.empty()) {
    if (!chosen.token.empty()) hidden_context_ = name;
    chosen.token.assign(token);
  }
  if (!options_.tenant.empty()) chosen.tenant = options_.tenant;
  context_tenant_ = chosen.tenant;
  server_ = chosen.url;
  resolved_ = true;
  return chosen;
}

Result<client::Connection*> Session::connection() {
  if (connection_) return &*connection_;
  KW_TRY(client::Connection opened, another_connection());
  connection_.emplace(std::move(opened));
  return &*connection_;
}

Result<client::Connection> Session::another_connection() {
  KW_TRY(Context context, resolve());
  if (context.url.empty())
    return error(Code::kUnauthenticated, "no_server",
                 "no server is known: there is no context yet");
  client::ConnectionOptions options;
  options.http.base_url = context.url;
  options.http.ca_file = context.ca_file;
  options.http.pinned_sha256_hex = context.pinned_sha256;
  options.http.client_certificate_file = context.client_certificate_file;
  options.http.client_key_file = context.client_key_file;
  options.token = std::move(context.token);
  return client::Connection::open(std::move(options));
}

Result<std::string> Session::tenant() {
  if (!resolved_) KW_OK(resolve());
  if (context_tenant_.empty())
    return error(Code::kInvalidArgument, "no_tenant",
                 "no tenant is named, and the context has none");
  return context_tenant_;
}

Result<Reference> Session::split_reference(const std::string& text) {
  Reference at;
  std::string rest = text;
  if (const auto colon = rest.find(':'); colon != rest.npos) {
    at.tenant = rest.substr(0, colon);
    rest = rest.substr(colon + 1);
  } else {
    KW_TRY(at.tenant, tenant());
  }
  if (const auto mark = rest.find('@'); mark != rest.npos) {
    std::uint32_t number = 0;
    const std::string digits = rest.substr(mark + 1);
    const auto [end, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (failure != std::errc{} || end != digits.data() + digits.size() || number == 0)
      return usage("\"" + text + "\": after @ comes a version number");
    at.version = number;
    rest = rest.substr(0, mark);
  }
  at.name = rest;
  return at;
}

Result<Reference> Session::reference(const std::string& text) {
  KW_TRY(Reference at, split_reference(text));
  if (TenantName::parse(at.tenant) && ObjectName::parse(at.name)) return at;
  return usage("\"" + text + "\" is not a name; the form is [TENANT:]NAME[@VERSION]");
}

Result<Reference> Session::secret_reference(const std::string& text) {
  KW_TRY(Reference at, split_reference(text));
  if (TenantName::parse(at.tenant) && SecretPath::parse(at.name)) return at;
  return usage("\"" + text + "\" is not a path; the form is [TENANT:]NAME/NAME[@VERSION]");
}

std::string Session::key_path(const Reference& at) {
  return "/api/v1/tenants/" + at.tenant + "/keys/" + at.name;
}

std::string Session::secret_path(const Reference& at) {
  return "/api/v1/tenants/" + at.tenant + "/secrets/" + at.name;
}

Result<client::Answer> Session::send(const std::string& method, const std::string& path,
                                     std::string_view body, const std::string& if_match) {
  if (options_.show_request) {
    KW_OK(resolve());
    line("curl -X " + method + " -H \"Authorization: Bearer $KEYWRIGHT_TOKEN\"" +
         (options_.approval.empty() ? "" : " -H 'Keywright-Approval: " + options_.approval + "'") +
         (if_match.empty() ? "" : " -H 'If-Match: " + if_match + "'") +
         (body.empty() ? "" : " -H 'Content-Type: application/json' -d " + shell_quoted(body)) +
         " " + shell_quoted(server_ + path));
    return error(Code::kAborted, "shown", "the request was shown, not sent");
  }
  KW_TRY(client::Connection* const to, connection());
  if (options_.show_policy) {
    KW_TRY(const std::string permit, permit_for(*to, method, path, body));
    line(permit);
    return error(Code::kAborted, "shown", "the permit was shown, nothing was sent");
  }
  client::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  request.approval = options_.approval;
  request.if_match = if_match;
  return to->send(request);
}

bool Session::print_for_machines(const client::Answer& answer, std::string_view name) const {
  if (options_.quiet || options_.format == Format::kName) {
    line(std::string(name));
    return true;
  }
  if (options_.format == Format::kJson) {
    line(std::string(answer.text.data(), answer.text.size()));
    return true;
  }
  if (options_.format == Format::kJsonLines) {
    const auto items = answer.json.root().find("items");
    if (!items) line(json_of(answer.json.root()));
    if (!items) return true;
    for (const codec::JsonView& item : items->elements()) line(json_of(item));
    return true;
  }
  if (options_.format == Format::kYaml) {
    std::fputs(yaml_of(answer.json.root()).c_str(), stdout);
    return true;
  }
  return false;
}

void Session::print(const Table& table) {
  std::vector<std::size_t> widths;
  for (const auto& row : table) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  for (const auto& row : table) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text.append(widths[i] - row[i].size() + 2, ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    line(text);
  }
}

void Session::line(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

void Session::say(const std::string& text) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s\n", text.c_str());
}

bool Session::terminal_out() {
  return isatty(STDOUT_FILENO) == 1;
}
bool Session::terminal_in() {
  return isatty(STDIN_FILENO) == 1;
}

Status Session::confirm_by_name(const std::string& what, const std::string& consequence,
                                const std::string& name, const std::string& given) {
  if (given == name) return ok();
  if (!given.empty())
    return error(Code::kInvalidArgument, "confirm_required",
                 "--confirm names another object than " + name);
  if (options_.no_input || !terminal_in())
    return error(Code::kInvalidArgument, "confirm_required",
                 what + " needs a name to confirm, and there is no terminal");
  std::fprintf(stderr, "%s: %s.\nType %s to go on: ", what.c_str(), consequence.c_str(),
               name.c_str());
  std::string typed;
  std::getline(std::cin, typed);
  if (typed == name) return ok();
  return error(Code::kInvalidArgument, "confirm_required", "nothing was changed");
}

Result<WipedText> Session::ask_secret(const std::string& prompt) {
  const bool terminal = terminal_in();
  if (terminal && options_.no_input) return usage("a secret is needed on standard input");
  termios before{};
  if (terminal) {
    std::fprintf(stderr, "%s: ", prompt.c_str());
    tcgetattr(STDIN_FILENO, &before);
    termios hidden = before;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &hidden);
  }
  WipedText text;
  char c = 0;
  while (text.size() < 4096 && read(STDIN_FILENO, &c, 1) == 1 && c != '\n') text.push_back(c);
  if (terminal) {
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
    std::fputc('\n', stderr);
  }
  if (text.empty()) return usage("nothing was given on standard input");
  return text;
}

std::string member(const codec::JsonView& object, std::string_view name) {
  const auto text = object.text(name);
  return text ? std::string(*text) : std::string();
}

std::int64_t count(const codec::JsonView& object, std::string_view name) {
  const auto number = object.integer(name);
  return number ? *number : 0;
}

std::string moment(const std::string& text) {
  if (text.size() < 17) return text;
  return text.substr(0, 10) + " " + text.substr(11, 5) + "Z";
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return (number < 0 ? "-" : "") + digits;
}

}  // namespace kw::cli
