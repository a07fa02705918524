#include "cli/help.h"

#include <algorithm>
#include <map>

#include "cli/exit_code.h"
#include "cli/hints.h"
#include "cli/runbook_texts.h"
#include "cli/session.h"
#include "crypto/algorithm.h"

namespace kw::cli {

namespace {

std::string exit_codes() {
  return "0   done\n1   failed for good\n2   usage or bad file\n3   not logged in\n4   denied\n5   "
         "no such object\n"
         "6   refused by a guard (in use, state, conflict)\n7   proof failed (verify, decrypt, "
         "server identity, doctor)\n"
         "8   retry later (sealed, unreachable, rate limit)\n9   not yet (approval open, still "
         "running)\n"
         "10  differences (only with --exit-code)\n130 interrupted";
}

std::string environment_help() {
  return "Order: flag, environment, context.\n"
         "KEYWRIGHT_CONTEXT     which context\nKEYWRIGHT_ADDR        server URL\nKEYWRIGHT_TENANT  "
         "    tenant\n"
         "KEYWRIGHT_TOKEN       token\nKEYWRIGHT_TOKEN_FILE  file with the token in its first "
         "line\n"
         "KEYWRIGHT_CA_FILE     CA bundle to trust\nKEYWRIGHT_CONFIG_DIR  where contexts are kept";
}

std::string output_help() {
  return "-o table   columns for people; -o wide: more of them\n"
         "-o json    what the API answered; its member names are the API's\n"
         "-o jsonl   one JSON text per line: each item of a list\n"
         "-o yaml    the same as YAML\n"
         "-o name    names or ids alone, as they can be pasted back; so does -q\n"
         "--columns a,b    these columns of a list, in this order\n"
         "--show-request   the request as curl, not sent; the token is $KEYWRIGHT_TOKEN\n"
         "--show-policy    the smallest permit that the request needs; nothing is sent\n"
         "Data goes to standard output, words to standard error. Times are UTC.";
}

std::string algorithms_help() {
  std::string text;
  for (const crypto::AlgorithmInfo& info : crypto::algorithms()) {
    std::string purposes;
    for (const crypto::Purpose purpose : info.purposes)
      purposes += (purposes.empty() ? "" : ", ") + std::string(crypto::purpose_name(purpose));
    std::string name(info.name);
    name.resize(std::max<std::size_t>(name.size(), 26), ' ');
    text += name + purposes +
            (crypto::available(info.algorithm) ? "" : "   (needs a newer OpenSSL)") + "\n";
  }
  text.pop_back();
  return text;
}

std::string config_help() {
  return "node: node-1                 # names this node's access log\ncluster: keywright          "
         " # names the audit log\n"
         "data_directory: /var/lib/keywright   # required; store, audit log, certificate\n"
         "store: postgres://…          # default: SQLite in data_directory\n"
         "listen: {address: 127.0.0.1, port: 8443, threads: 2}\n"
         "tls: {certificate_file: …, private_key_file: …, client_ca_file: …}   # made at first "
         "start when absent\n"
         "seal: shamir                 # or dev (loopback only)\nlog: {level: info, format: json}\n"
         "limits: {per_source: 20000, per_caller: 50000, per_tenant: 50000, messages: 0}\n"
         "audit: {linger_us: 200}\nrotation: {enabled: true, workers: 4, poll_ms: "
         "100}\ndestroy_wait: 30d            # 7d to "
         "365d\nallow_unlocked_memory: false";
}

const std::map<std::string, std::string (*)(), std::less<>>& topics() {
  static const std::map<std::string, std::string (*)(), std::less<>> kTopics = {
      {"exit-codes", exit_codes},
      {"environment", environment_help},
      {"output", output_help},
      {"algorithms", algorithms_help},
      {"config", config_help}};
  return kTopics;
}

}  // namespace

std::string first_screen() {
  return "keywright: a key management and rotation service, server and command line in one\n\n"
         "  keywright server --dev               start a server to try things on\n"
         "  keywright key create orders          make a key\n"
         "  keywright key encrypt orders --in F --out F.kw\n"
         "  keywright key rotate orders          a new version; old data still opens\n"
         "  keywright audit verify --dir DIR     prove that nothing was changed\n\n"
         "example: keywright key create orders --owner payments --class confidential\n\n"
         "keywright NOUN --help lists its verbs: key secret target lease policy run\n"
         "agent consumer kek job tenant token api-key approval audit graph incident\n"
         "ceremony doctor.  topics: keywright help";
}

std::string noun_summary(const std::string& noun) {
  static const std::map<std::string, std::string, std::less<>> kSummaries = {
      {"key", "keys: create, use, rotate, retire"},
      {"alias", "names that point at keys"},
      {"lease", "short-lived users of targets"},
      {"target", "foreign systems that accept secrets"},
      {"secret", "secrets: put, get, rotate, roll back, find"},
      {"tenant", "tenants: isolation units with their own KEK"},
      {"kek", "a tenant's key-encryption keys"},
      {"policy", "rotation policies: when what rotates"},
      {"run", "rotations under way and done"},
      {"consumer", "who uses which version"},
      {"event", "events from outside that begin rotations"},
      {"hook", "signed webhooks that report events"},
      {"jwks", "public keys that verify a tenant's tokens"},
      {"job", "long work: re-wrapping, re-encryption of data"},
      {"seal", "the root of trust: shares, unsealing"},
      {"principal", "who may call, with which roles"},
      {"token", "credentials of principals"},
      {"access-policy", "permit and forbid statements"},
      {"approval", "requests that need other people"},
      {"api-key", "API keys that you issue to your clients"},
      {"graph", "what depends on what"},
      {"incident", "emergencies: replace, revoke, prove"},
      {"ceremony", "KEK and root operations by several people"},
      {"audit", "the log of everything, and its proof"},
      {"context", "which server, which tenant, which token"}};
  const auto found = kSummaries.find(noun);
  return found == kSummaries.end() ? "" : found->second;
}

namespace {

int no_such_page(const std::string& what, const std::string& wanted, const std::string& before,
                 const std::vector<std::string>& names) {
  const std::string near = nearest(wanted, names);
  Session::say("error: no " + what + " \"" + wanted + "\" [usage]\n  try: keywright help" + before +
               (near.empty() ? "" : " " + near));
  return kUsage;
}

// @param wanted  an alert's id or a page's name; nullptr: which ones there are.
int show_runbook(const char* wanted) {
  std::vector<std::string> names;
  for (const RunbookText& page : runbook_texts()) {
    if (wanted != nullptr && page.name == wanted) {
      Session::line(std::string(page.text.substr(0, page.text.find_last_not_of('\n') + 1)));
      return kDone;
    }
    names.emplace_back(page.name);
  }
  if (wanted != nullptr) return no_such_page("runbook", wanted, " runbook", names);
  std::string list = "runbooks:";
  for (const std::string& name : names) list += " " + name;
  Session::line(list + "\n  keywright help runbook ID");
  return kDone;
}

}  // namespace

int show_help(int argc, char** argv) {
  if (argc < 3) {
    std::string list = "topics:";
    for (const auto& [name, text] : topics()) list += " " + name;
    list += " runbook";
    Session::line(list + "\n  keywright help TOPIC;  commands: keywright NOUN --help");
    return kDone;
  }
  std::string topic = argv[2];
  if (topic == "runbook") return show_runbook(argc > 3 && argv[3][0] != '-' ? argv[3] : nullptr);
  const auto found = topics().find(topic);
  if (found == topics().end()) {
    std::vector<std::string> names = {"runbook"};
    for (const auto& [name, text] : topics()) names.push_back(name);
    return no_such_page("help topic", topic, "", names);
  }
  Session::line(found->second());
  return kDone;
}

namespace {

// The first two words, up to the first flag.
std::vector<std::string> leading_words(int argc, char** argv) {
  std::vector<std::string> words;
  for (int i = 1; i < argc && i < 3 && argv[i][0] != '-'; ++i) words.emplace_back(argv[i]);
  return words;
}

// What may stand first, and what may stand behind `noun`.
std::vector<std::string> nouns_of(const std::vector<Command>& commands) {
  std::vector<std::string> nouns = {"server", "help", "completion"};
  for (const Command& command : commands)
    nouns.push_back(command.noun.empty() ? command.verb : command.noun);
  return nouns;
}
std::vector<std::string> verbs_of(const std::vector<Command>& commands, const std::string& noun) {
  std::vector<std::string> verbs;
  for (const Command& command : commands)
    if (command.noun == noun) verbs.push_back(command.verb);
  return verbs;
}

bool among(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::string unknown_word(const std::vector<Command>& commands, int argc, char** argv) {
  const std::vector<std::string> typed = leading_words(argc, argv);
  if (typed.empty()) return "";
  if (!among(nouns_of(commands), typed[0])) return "no command \"" + typed[0] + "\"";
  const std::vector<std::string> verbs = verbs_of(commands, typed[0]);
  if (typed.size() < 2 || verbs.empty() || among(verbs, typed[1])) return "";
  return "no verb \"" + typed[1] + "\" of " + typed[0];
}

std::string nearest_command(const std::vector<Command>& commands, int argc, char** argv) {
  const std::vector<std::string> typed = leading_words(argc, argv);
  if (typed.empty()) return "";
  const std::vector<std::string> nouns = nouns_of(commands);
  const std::string noun = among(nouns, typed[0]) ? typed[0] : nearest(typed[0], nouns);
  if (noun.empty()) return "help";
  const std::vector<std::string> verbs = verbs_of(commands, noun);
  if (verbs.empty() || typed.size() < 2) return noun + " --help";
  if (noun == typed[0] && among(verbs, typed[1])) return noun + " " + typed[1] + " --help";
  const std::string verb = nearest(typed[1], verbs);
  return noun + " " + (verb.empty() ? "--help" : verb);
}

}  // namespace kw::cli
