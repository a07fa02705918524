#include "cli/command.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using Kind = Flag::Kind;

Status status(Session& session, const Arguments&) {
  KW_TRY(const auto answer, session.send("GET", "/api/v1/sys/seal-status"));
  if (session.print_for_machines(answer)) return ok();
  const JsonView root = answer.json.root();
  const bool initialised = root.boolean("initialised") && *root.boolean("initialised");
  const bool sealed = !root.boolean("sealed") || *root.boolean("sealed");
  if (!initialised) {
    Session::line("not initialised.  next: keywright seal init --shares 5 --threshold 3");
  } else if (sealed) {
    Session::line("sealed since " + moment(member(root, "sealed_since")) + ", " +
                  std::to_string(count(root, "progress")) + " of " +
                  std::to_string(count(root, "threshold")) +
                  " shares given.  next: keywright seal unseal");
  } else {
    Session::line("unsealed, " + member(root, "kind") +
                  (count(root, "shares") > 0 ? " " + std::to_string(count(root, "threshold")) +
                                                   " of " + std::to_string(count(root, "shares"))
                                             : ""));
  }
  return ok();
}

std::string split_body(const Arguments& arguments) {
  JsonWriter json;
  json.begin_object()
      .member("shares", arguments.number("--shares", 5))
      .member("threshold", arguments.number("--threshold", 3))
      .end_object();
  return std::string(json.text());
}

Result<client::Answer> give_share(Session& session, const std::string& path,
                                  const std::string& prompt) {
  KW_TRY(const WipedText share, session.ask_secret(prompt));
  JsonWriter json;
  json.begin_object().member("share", std::string_view(share.data(), share.size())).end_object();
  return session.send("POST", path, json.text());
}

void print_shares(const JsonView& root) {
  const auto shares = root.member("shares");
  if (!shares) return;
  int number = 0;
  for (const JsonView& share : shares->elements()) {
    const auto text = share.text();
    Session::line("share " + std::to_string(++number) + "  " + (text ? std::string(*text) : ""));
  }
}

// On a terminal the ceremony goes on at once: each new share is asked back before any of them
// counts.
Status verify_all(Session& session, const std::string& path, std::int64_t wanted) {
  for (std::int64_t given = 0; given < wanted;) {
    auto answer = give_share(
        session, path,
        "give share back (" + std::to_string(given) + " of " + std::to_string(wanted) + " so far)");
    if (!answer && answer.error().code == Code::kInvalidArgument &&
        answer.error().reason != "usage") {
      Session::say("not accepted: " + answer.error().message);
      continue;
    }
    if (!answer) return answer.error();
    const JsonView root = answer->json.root();
    given = count(root, "verified");
    if (!root.boolean("completed") || !*root.boolean("completed")) continue;
    Session::line("✓ all shares verified; they count from now");
    if (const std::string token = member(root, "token"); !token.empty()) {
      Session::line("first token (1 h, makes people and tenants only)  " + token);
      Session::line("  next     keywright context create NAME --url URL --token-stdin");
    }
    return ok();
  }
  return ok();
}

Status init(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer, session.send("POST", "/api/v1/sys/init", split_body(arguments)));
  if (session.print_for_machines(answer)) return ok();
  print_shares(answer.json.root());
  Session::line(
      "Give each share to another person. Nothing counts until every share was given back once.");
  if (!Session::terminal_in()) {
    Session::line(
        "  next     keywright seal verify   (once per share, the share on standard input)");
    return ok();
  }
  return verify_all(session, "/api/v1/sys/init/verify", count(answer.json.root(), "verify_wanted"));
}

Status verify(Session& session, const Arguments& arguments) {
  const std::string path =
      arguments.has("--reseal") ? "/api/v1/sys/reseal/verify" : "/api/v1/sys/init/verify";
  KW_TRY(const auto answer, give_share(session, path, "share"));
  if (session.print_for_machines(answer)) return ok();
  const JsonView root = answer.json.root();
  if (!root.boolean("completed") || !*root.boolean("completed")) {
    Session::line(std::to_string(count(root, "verified")) + " of " +
                  std::to_string(count(root, "verify_wanted")) + " shares given back");
    return ok();
  }
  Session::line("✓ all shares verified; they count from now");
  if (const std::string token = member(root, "token"); !token.empty())
    Session::line("first token (1 h, makes people and tenants only)  " + token);
  return ok();
}

Status unseal(Session& session, const Arguments&) {
  KW_TRY(const auto answer, give_share(session, "/api/v1/sys/unseal", "share"));
  if (session.print_for_machines(answer)) return ok();
  const JsonView root = answer.json.root();
  if (root.boolean("sealed") && !*root.boolean("sealed")) {
    Session::line("✓ unsealed");
  } else {
    Session::line(std::to_string(count(root, "progress")) + " of " +
                  std::to_string(count(root, "threshold")) +
                  " shares given; the next person: keywright seal unseal");
  }
  return ok();
}

Status seal_now(Session& session, const Arguments&) {
  KW_OK(session.send("POST", "/api/v1/sys/seal", "{}"));
  Session::line("sealed: no key is in memory any more.  back: keywright seal unseal");
  return ok();
}

Status reseal(Session& session, const Arguments& arguments) {
  KW_TRY(const auto answer, session.send("POST", "/api/v1/sys/reseal", split_body(arguments)));
  if (session.print_for_machines(answer)) return ok();
  Session::line(
      "change of shares started.  next: " + std::to_string(count(answer.json.root(), "threshold")) +
      " old shares, each by its holder: keywright seal give-old");
  return ok();
}

Status give_old(Session& session, const Arguments&) {
  KW_TRY(const auto answer, give_share(session, "/api/v1/sys/reseal/share", "old share"));
  if (session.print_for_machines(answer)) return ok();
  const JsonView root = answer.json.root();
  if (!root.has("shares") || root.member("shares")->kind() != JsonView::Kind::kArray) {
    Session::line(std::to_string(count(root, "progress")) + " of " +
                  std::to_string(count(root, "threshold")) + " old shares given");
    return ok();
  }
  print_shares(root);
  Session::line("  next     keywright seal verify --reseal   (once per new share)");
  return ok();
}

}  // namespace

void add_seal_commands(std::vector<Command>& commands) {
  const std::vector<Flag> split = {{"--shares", "how many shares, 1 to 16", Kind::kNumber},
                                   {"--threshold", "how many of them unseal", Kind::kNumber}};
  commands.insert(commands.end(),
                  {{"seal", "status", "sealed or not", "", {}, {"keywright seal status"}, status},
                   {"seal",
                    "init",
                    "make the root key and its shares",
                    "",
                    split,
                    {"keywright seal init --shares 5 --threshold 3"},
                    init},
                   {"seal",
                    "verify",
                    "give one new share back",
                    "",
                    {{"--reseal", "of a change of shares", Kind::kSwitch}},
                    {"keywright seal verify < share.txt"},
                    verify},
                   {"seal",
                    "unseal",
                    "give one share towards unsealing",
                    "",
                    {},
                    {"keywright seal unseal"},
                    unseal},
                   {"seal",
                    "seal",
                    "forget every key until the next unsealing",
                    "",
                    {},
                    {"keywright seal seal"},
                    seal_now},
                   {"seal",
                    "reseal",
                    "start a change of shares",
                    "",
                    split,
                    {"keywright seal reseal --shares 7 --threshold 4"},
                    reseal},
                   {"seal",
                    "give-old",
                    "give one old share towards a change of shares",
                    "",
                    {},
                    {"keywright seal give-old < share.txt"},
                    give_old}});
}

}  // namespace kw::cli
