#include "cli/completion.h"

#include <map>
#include <set>

#include "cli/exit_code.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

using Words = std::map<std::string, std::set<std::string>>;

// noun -> verbs, and "noun verb" -> flags.
Words verbs_of(const std::vector<Command>& commands) {
  Words words;
  for (const Command& command : commands) {
    if (command.noun.empty())
      words[command.verb];
    else
      words[command.noun].insert(command.verb);
  }
  words["server"];
  words["help"] = {"exit-codes", "environment", "output", "algorithms", "config", "runbook"};
  return words;
}
Words flags_of(const std::vector<Command>& commands) {
  Words words;
  for (const Command& command : commands)
    for (const Flag& flag : command.flags)
      words[command.noun + " " + command.verb].insert(flag.name);
  return words;
}

std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string bash_script(const std::vector<Command>& commands) {
  const Words verbs = verbs_of(commands);
  std::set<std::string> nouns;
  for (const auto& [noun, unused] : verbs) nouns.insert(noun);
  std::string text =
      "_keywright() {\n  local cur=${COMP_WORDS[COMP_CWORD]} words=\"\"\n  case $COMP_CWORD in\n  "
      "1) words=\"" +
      joined(nouns) + "\" ;;\n  2) case ${COMP_WORDS[1]} in\n";
  for (const auto& [noun, list] : verbs)
    text += "     " + noun + ") words=\"" + joined(list) + "\" ;;\n";
  text += "     esac ;;\n  *) case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in\n";
  for (const auto& [command, list] : flags_of(commands))
    text += "     \"" + command + "\") words=\"" + joined(list) + "\" ;;\n";
  text +=
      "     esac\n     if [[ $cur != -* && ${COMP_WORDS[1]} == key ]]; then\n"
      "       words=\"$(timeout 0.3 keywright key list -q 2>/dev/null)\"\n     fi ;;\n  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -F _keywright keywright";
  return text;
}

std::string fish_script(const std::vector<Command>& commands) {
  std::string text = "complete -c keywright -f";
  for (const auto& [noun, list] : verbs_of(commands)) {
    text += "\ncomplete -c keywright -n __fish_use_subcommand -a " + noun;
    if (!list.empty())
      text += "\ncomplete -c keywright -n '__fish_seen_subcommand_from " + noun + "' -a '" +
              joined(list) + "'";
  }
  return text;
}

}  // namespace

int show_completion(const std::vector<Command>& commands, int argc, char** argv) {
  const std::string shell = argc > 2 ? argv[2] : "";
  if (shell == "bash") {
    Session::line(bash_script(commands));
  } else if (shell == "zsh") {
    Session::line("autoload -U +X bashcompinit && bashcompinit\n" + bash_script(commands));
  } else if (shell == "fish") {
    Session::line(fish_script(commands));
  } else {
    Session::say("error: say for which shell [usage]\n  try: keywright completion bash");
    return kUsage;
  }
  return kDone;
}

}  // namespace kw::cli
