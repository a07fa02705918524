#include <cstdlib>

#include "cli/command.h"
#include "cli/listing.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using Kind = Flag::Kind;

Status create(Session& session, const Arguments& arguments) {
  KW_TRY(Contexts contexts, load_contexts());
  Context& context = contexts.all[arguments.reference];
  if (arguments.has("--server")) context.url = arguments.text("--server");
  if (!session.options().url.empty()) context.url = session.options().url;
  if (!session.options().tenant.empty()) context.tenant = session.options().tenant;
  if (arguments.has("--ca-file")) context.ca_file = arguments.text("--ca-file");
  if (arguments.has("--pin")) context.pinned_sha256 = arguments.text("--pin");
  if (arguments.has("--client-certificate"))
    context.client_certificate_file = arguments.text("--client-certificate");
  if (arguments.has("--client-key")) context.client_key_file = arguments.text("--client-key");
  if (arguments.has("--token-stdin")) {
    KW_TRY(context.token, session.ask_secret("token"));
  }
  if (context.url.empty())
    return error(Code::kInvalidArgument, "usage",
                 "a context needs the server: --url https://HOST:8443");
  contexts.current = arguments.reference;
  KW_OK(save_contexts(contexts));
  Session::line("context " + arguments.reference + " is current");
  Session::line("  next     keywright token self");
  return ok();
}

// Tokens stay where they are: a list only says whether there is one.
Status list(Session& session, const Arguments&) {
  KW_TRY(const Contexts contexts, load_contexts());
  codec::JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const auto& [name, context] : contexts.all)
    json.begin_object()
        .member("current", name == contexts.current ? "*" : "")
        .member("name", name)
        .member("url", context.url)
        .member("tenant", context.tenant)
        .member("token", context.token.empty() ? "" : "kept")
        .end_object();
  json.end_array().end_object();
  KW_TRY(codec::JsonDocument document, codec::JsonDocument::parse(json.text()));
  const client::Answer answer{200, WipedText(json.text()), std::move(document)};
  return show_list(
      session, answer,
      {{text_column("", "current"), text_column("CONTEXT", "name"), text_column("SERVER", "url"),
        text_column("TENANT", "tenant"), text_column("TOKEN", "token")},
       [](const codec::JsonView& context) { return member(context, "name"); },
       "no contexts yet.  keywright server --dev makes one"});
}

Status use(Session&, const Arguments& arguments) {
  KW_TRY(Contexts contexts, load_contexts());
  if (!contexts.all.contains(arguments.reference))
    return error(Code::kNotFound, "no_such_context",
                 "there is no context \"" + arguments.reference + "\"");
  contexts.current = arguments.reference;
  KW_OK(save_contexts(contexts));
  Session::line("context " + arguments.reference + " is current");
  return ok();
}

Status remove(Session&, const Arguments& arguments) {
  KW_TRY(Contexts contexts, load_contexts());
  if (contexts.all.erase(arguments.reference) == 0)
    return error(Code::kNotFound, "no_such_context",
                 "there is no context \"" + arguments.reference + "\"");
  if (contexts.current == arguments.reference) contexts.current.clear();
  KW_OK(save_contexts(contexts));
  Session::line("removed context " + arguments.reference);
  return ok();
}

Status trust(Session& session, const Arguments& arguments) {
  KW_TRY(Contexts contexts, load_contexts());
  const std::string name =
      session.options().context.empty() ? contexts.current : session.options().context;
  const auto found = contexts.all.find(name);
  if (found == contexts.all.end())
    return error(Code::kNotFound, "no_such_context", "there is no context \"" + name + "\"");
  std::string digits;
  for (const char c : arguments.reference)
    if (c != ':' && c != '-') digits.push_back(c);
  if (digits.size() != 64)
    return error(Code::kInvalidArgument, "usage",
                 "a fingerprint is the certificate's SHA-256: 64 hexadecimal digits");
  found->second.pinned_sha256 = digits;
  KW_OK(save_contexts(contexts));
  Session::line("context " + name + " trusts exactly that certificate");
  return ok();
}

// Each value with where it comes from: a forgotten variable must not hide a good token.
Status show(Session& session, const Arguments&) {
  KW_TRY(const Contexts contexts, load_contexts());
  const auto environment = [](const char* name) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the command line has one thread
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  std::string name = session.options().context;
  std::string source = "--context";
  if (name.empty()) name = environment("KEYWRIGHT_CONTEXT"), source = "KEYWRIGHT_CONTEXT";
  if (name.empty()) name = contexts.current, source = "current";
  const auto found = contexts.all.find(name);
  Context context;
  if (found != contexts.all.end()) {
    context.url = found->second.url;
    context.tenant = found->second.tenant;
    context.pinned_sha256 = found->second.pinned_sha256;
    context.ca_file = found->second.ca_file;
    context.token = found->second.token;
  }
  const auto row = [&](const std::string& what, const std::string& given, const char* variable,
                       const std::string& kept) {
    if (!given.empty()) return std::vector<std::string>{what, given, "flag"};
    if (const std::string value = environment(variable); !value.empty())
      return std::vector<std::string>{what, value, variable};
    return std::vector<std::string>{what, kept, kept.empty() ? "" : "context " + name};
  };
  std::string token_source = context.token.empty() ? "" : "context " + name;
  if (!environment("KEYWRIGHT_TOKEN_FILE").empty()) token_source = "KEYWRIGHT_TOKEN_FILE";
  if (!environment("KEYWRIGHT_TOKEN").empty()) token_source = "KEYWRIGHT_TOKEN";
  Session::print(
      {{"context", name.empty() ? "none" : name, name.empty() ? "" : source},
       row("server", session.options().url, "KEYWRIGHT_ADDR", context.url),
       row("tenant", session.options().tenant, "KEYWRIGHT_TENANT", context.tenant),
       {"token", token_source.empty() ? "none" : "set", token_source},
       {"trusts",
        !context.pinned_sha256.empty() ? "certificate " + context.pinned_sha256.substr(0, 16) + "…"
        : context.ca_file.empty()      ? "the system's CAs"
                                       : context.ca_file,
        ""}});
  return ok();
}

}  // namespace

void add_context_commands(std::vector<Command>& commands) {
  commands.insert(
      commands.end(),
      {{"context",
        "create",
        "make or change a context and use it",
        "NAME",
        {{"--server", "the server's URL (or --url)", Kind::kText},
         {"--ca-file", "CA bundle to trust", Kind::kText},
         {"--pin", "trust exactly the certificate with this SHA-256", Kind::kText},
         {"--client-certificate", "PEM file", Kind::kText},
         {"--client-key", "PEM file", Kind::kText},
         {"--token-stdin", "read the token from standard input", Kind::kSwitch}},
        {"keywright context create prod --url https://kms:8443 -t acme --token-stdin < token"},
        create},
       {"context", "list", "all contexts", "", {}, {"keywright context list"}, list},
       {"context",
        "use",
        "make a context current",
        "NAME",
        {},
        {"keywright context use prod"},
        use},
       {"context",
        "show",
        "what applies now, and where each value comes from",
        "",
        {},
        {"keywright context show"},
        show},
       {"context",
        "trust",
        "trust exactly this server certificate",
        "FINGERPRINT",
        {},
        {"keywright context trust FINGERPRINT"},
        trust},
       {"context",
        "remove",
        "forget a context",
        "NAME",
        {},
        {"keywright context remove prod"},
        remove}});
}

}  // namespace kw::cli
