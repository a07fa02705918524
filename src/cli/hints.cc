#include "cli/hints.h"

#include <algorithm>
#include <utility>

namespace kw::cli {

namespace {

using codec::JsonView;

// Insertions, deletions, replacements, and two neighbours in the wrong order.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, last, row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
  }
  return row.back();
}

bool plain(const std::string& word) {
  return !word.empty() && word.find_first_not_of(
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                              "_-./:@=,%+") == word.npos;
}

std::string quoted(const std::string& word) {
  return plain(word) ? word : "'" + word + "'";
}

// The command as it was typed, with one word replaced: it can be pasted.
std::string command_line(const std::vector<std::string>& words, const std::string& replaced,
                         const std::string& by) {
  std::string line = "keywright";
  for (const std::string& word : words) {
    const std::string& shown = !replaced.empty() && word == replaced ? by : word;
    line += " " + quoted(shown);
  }
  return line;
}

std::vector<std::string> key_names(Session& session, const std::string& tenant) {
  std::vector<std::string> names;
  const auto answer = session.send("GET", "/api/v1/tenants/" + tenant + "/keys?limit=1000");
  const auto items = answer ? answer->json.root().find("items") : std::nullopt;
  if (!items) return names;
  for (const JsonView& key : items->elements()) names.push_back(member(key, "name"));
  return names;
}

Hints missing_key(Session& session, const Arguments& arguments,
                  const std::vector<std::string>& words) {
  Hints hints;
  const auto at = session.reference(arguments.reference);
  if (!at) return hints;
  const std::vector<std::string> names = key_names(session, at->tenant);
  if (at->version && std::find(names.begin(), names.end(), at->name) != names.end()) {
    hints.what =
        "no version @" + std::to_string(*at->version) + " of " + at->tenant + ":" + at->name;
    hints.attempt = "keywright key show " + at->tenant + ":" + at->name;
    return hints;
  }
  hints.what = "no key \"" + at->name + "\" in tenant " + at->tenant;
  const std::string near = nearest(at->name, names);
  if (near.empty()) return hints;
  std::string corrected = arguments.reference;
  corrected.replace(corrected.rfind(at->name), at->name.size(), near);
  hints.attempt = command_line(words, arguments.reference, corrected);
  return hints;
}

Hints while_sealed(Session& session) {
  Hints hints;
  const auto answer = session.send("GET", "/api/v1/sys/seal-status");
  if (!answer) return hints;
  const JsonView root = answer->json.root();
  const std::string since = moment(member(root, "sealed_since"));
  hints.what = "server is sealed";
  if (since.size() > 11) hints.what += " since " + since.substr(11);
  if (count(root, "threshold") == 0) {
    hints.attempt = "start the development server again: it unseals itself";
    return hints;
  }
  hints.what += ", " + std::to_string(count(root, "progress")) + " of " +
                std::to_string(count(root, "threshold")) + " shares given";
  hints.attempt = "keywright seal unseal        (asks for a share; holders: " +
                  std::to_string(count(root, "shares")) + " custodians)";
  return hints;
}

bool about_the_token(const std::string& reason) {
  return reason == "token_invalid" || reason == "token_expired" || reason == "token_revoked";
}

}  // namespace

std::string nearest(const std::string& typed, const std::vector<std::string>& candidates) {
  std::string found;
  std::size_t best = std::max<std::size_t>(typed.size() / 3, 1) + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t away = distance(typed, candidate);
    if (away >= best) continue;
    best = away;
    found = candidate;
  }
  return found;
}

// "cannot read PATH: CAUSE"
Hints file_trouble(const Error& failure) {
  Hints hints;
  const auto colon = failure.message.rfind(": ");
  if (colon == std::string::npos) return hints;
  hints.what = failure.message.substr(0, colon);
  hints.why = failure.message.substr(colon + 2);
  const auto name = hints.what.find(' ', hints.what.find(' ') + 1);
  const std::string path = name == std::string::npos ? "" : hints.what.substr(name + 1);
  const auto slash = path.rfind('/');
  const bool lost = failure.reason == "cannot_write" || hints.why.starts_with("there is no");
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  hints.attempt = lost ? "ls -ld " + quoted(folder) : "ls -l " + quoted(path);
  if (failure.reason == "file_too_large") hints.attempt = "split it, or choose another file";
  if (path == "-") hints.attempt = "name a file instead of standard input";
  return hints;
}

Hints hints_for(Session& session, const Command& command, const Arguments& arguments,
                const std::vector<std::string>& words, const Error& failure) {
  Hints hints;
  if (failure.reason == "not_found" && command.noun == "key" &&
      command.positional.find("KEY") != std::string::npos && command.verb != "create")
    return missing_key(session, arguments, words);
  if (failure.reason == "not_found" && (command.noun == "incident" || command.noun == "ceremony"))
    hints.attempt = "keywright " + command.noun + " list --all";
  if (failure.reason == "cannot_read" || failure.reason == "cannot_write" ||
      failure.reason == "file_too_large")
    return file_trouble(failure);
  if (failure.reason == "task_open" || failure.reason == "no_task")
    hints.attempt = std::string("keywright secret ") +
                    (failure.reason == "task_open" ? "complete " : "rotate ") + arguments.reference;
  if (failure.reason == "sealed") return while_sealed(session);
  if (failure.reason == "row_tampered") hints.attempt = "keywright help runbook KS-2";
  if (about_the_token(failure.reason) && !session.hidden_context().empty()) {
    hints.why =
        "KEYWRIGHT_TOKEN is set and wins over the token of context " + session.hidden_context();
    hints.attempt = "unset KEYWRIGHT_TOKEN";
  }
  if (failure.reason == "permission_denied")
    hints.attempt =
        "ask a security officer for this: " + command_line(words, "", "") + " --show-policy";
  if (failure.reason == "confirm_required" && command.noun == "incident") {
    hints.why = "it goes on at once, alone in your name, and another person reviews it within 24 h";
    hints.attempt = command_line(words, "", "") + " --confirm " + arguments.reference;
  } else if (failure.reason == "confirm_required" && !arguments.has("--confirm")) {
    const auto at = session.reference(arguments.reference);
    hints.why = "what only it protects becomes unreadable";
    if (at) hints.attempt = command_line(words, "", "") + " --confirm " + at->name;
  }
  return hints;
}

}  // namespace kw::cli
