#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "cli/advice.h"
#include "cli/command.h"
#include "cli/completion.h"
#include "cli/emergency_commands.h"
#include "cli/exit_code.h"
#include "cli/help.h"
#include "cli/hints.h"
#include "cli/session.h"

namespace kw::cli {

namespace {

// What CLI11 fills for one command.
struct Filled {
  const Command* command = nullptr;
  CLI::App* app = nullptr;
  std::string reference;
  std::map<std::string, std::vector<std::string>> values;
  std::map<std::string, bool> switches;
};

void add_flag(CLI::App& app, const Flag& flag, Filled& filled) {
  if (flag.kind == Flag::Kind::kSwitch) {
    app.add_flag(flag.name, filled.switches[flag.name], flag.help);
    return;
  }
  CLI::Option* option = app.add_option(flag.name, filled.values[flag.name], flag.help);
  if (flag.kind != Flag::Kind::kRepeated) option->expected(1);
  if (flag.kind == Flag::Kind::kNumber) option->check(CLI::TypeValidator<std::int64_t>("NUMBER"));
  if (flag.required) option->required();
}

void add_command(CLI::App& noun, const Command& command, Filled& filled) {
  CLI::App* app = noun.add_subcommand(command.verb, command.summary);
  filled.command = &command;
  filled.app = app;
  if (!command.positional.empty()) {
    CLI::Option* option = app->add_option("REF", filled.reference, command.positional);
    if (command.positional.front() != '[') option->required();
  }
  for (const Flag& flag : command.flags) add_flag(*app, flag, filled);
  std::string examples;
  for (const std::string& example : command.examples)
    examples += (examples.empty() ? "Examples:\n  " : "\n  ") + example;
  app->footer(examples);
}

void add_globals(CLI::App& app, GlobalOptions& options, std::string& format) {
  app.add_option("--context", options.context, "which context to use");
  app.add_option("-t,--tenant", options.tenant, "the tenant, when the reference does not name it");
  app.add_option("--url", options.url, "the server, over the context's");
  app.add_option("-o,--output", format, "table, wide, json, jsonl, yaml or name; a calendar also as ics, a graph as dot")
      ->check(CLI::IsMember({"table", "wide", "json", "jsonl", "yaml", "name", "ics", "dot"}));
  app.add_option("--columns", options.columns, "of a list: these columns, with commas between");
  app.add_flag("-q,--quiet", options.quiet, "print ids alone");
  app.add_flag("--no-input", options.no_input, "never ask; a missing answer is an error");
  app.add_flag("-v,--verbose", options.verbose, "show request ids");
  app.add_flag("--show-request", options.show_request, "print the request as curl; do not send it");
  app.add_flag("--show-policy", options.show_policy,
               "print the smallest permit that the request needs; do not send it");
  app.add_option("--approval", options.approval, "the id of an approval to spend");
}

Format parse_format(const std::string& text) {
  if (text == "wide") return Format::kWide;
  if (text == "json") return Format::kJson;
  if (text == "jsonl") return Format::kJsonLines;
  if (text == "yaml") return Format::kYaml;
  if (text == "name") return Format::kName;
  if (text == "ics") return Format::kCalendar;
  return Format::kTable;
}

Arguments arguments_of(Filled& filled) {
  Arguments arguments;
  arguments.reference = filled.reference;
  for (auto& [name, given] : filled.values)
    if (!given.empty()) arguments.values[name] = given;
  for (const auto& [name, on] : filled.switches)
    if (on) arguments.values[name] = {"true"};
  return arguments;
}

int run_command(Filled& filled, GlobalOptions options, const std::vector<std::string>& words) {
  Session session(std::move(options));
  const Arguments arguments = arguments_of(filled);
  const bool calendar = session.options().format == Format::kCalendar;
  const bool graph = filled.command->noun == "graph" && filled.command->verb == "show";
  const bool strange = (calendar && filled.command->verb != "calendar") ||
                       (arguments.has(std::string(kDotFlag)) && !graph);
  const Status outcome =
      strange ? Status(error(Code::kInvalidArgument, "usage",
                             "-o ics is for keywright calendar, -o dot for keywright graph show"))
              : filled.command->run(session, arguments);
  std::fflush(stdout);
  if (outcome || outcome.error().reason == "shown") return kDone;
  if (outcome.error().reason == "proof_failed" && outcome.error().message.empty())
    return kProofFailed;
  if (outcome.error().reason == "not_ready" && outcome.error().message.empty()) return kRefused;
  // A watch has shown how it ended; its exit code tells scripts.
  if (outcome.error().reason == kWatchEnded) return exit_code(outcome.error());
  // Hints may ask the server: what the refusal said is kept before.
  const client::Problem problem = session.problem() ? *session.problem() : client::Problem{};
  const Hints hints = hints_for(session, *filled.command, arguments, words, outcome.error());
  Session::say(advice(outcome.error(), problem, session.options().verbose, hints));
  return exit_code(outcome.error());
}

// Refused before anything else looks at it. Our tokens are known by their first letters.
bool secret_typed(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    const std::string_view flag = word.substr(0, word.find('='));
    for (const char* prefix : {"kwt_", "kws_"})
      if (word.starts_with(prefix) || word.find(std::string("=") + prefix) != word.npos) return true;
    for (const char* name : {"--token", "--share", "--password", "--secret", "--passphrase"})
      if (flag == name) return true;
  }
  return false;
}

// A value after `secret put PATH`: not echoed.
bool value_typed(const CLI::ParseError& problem, int argc, char** argv) {
  if (argc < 4 || dynamic_cast<const CLI::ExtrasError*>(&problem) == nullptr) return false;
  const std::string_view noun = argv[1], verb = argv[2];
  return noun == "secret" && (verb == "put" || verb == "find");
}

// CLI11 speaks of "arguments"; people want to know which word was wrong and what would be right.
int usage_error(const CLI::ParseError& problem, const std::vector<Command>& commands, int argc,
                char** argv) {
  if (value_typed(problem, argc, argv)) {
    Session::say(
        "error: a value is not taken from arguments: ps and history keep it [usage]\n"
        "  try: keywright secret put PATH < file, or --generate 'length=32'");
    return kUsage;
  }
  const std::string unknown = unknown_word(commands, argc, argv);
  std::string text = "error: " + (unknown.empty() ? problem.what() : unknown);
  text += " [usage]";
  if (const std::string nearest = nearest_command(commands, argc, argv); !nearest.empty())
    text += "\n  try: keywright " + nearest;
  Session::say(text);
  return kUsage;
}

}  // namespace

int run(int argc, char** argv) {
  const std::vector<Command> commands = all_commands();
  if (argc < 2) {
    Session::line(first_screen());
    return kDone;
  }
  if (secret_typed(argc, argv)) {
    Session::say(
        "error: secrets are not taken from arguments: ps and history keep them [usage]\n"
        "  try: the same without it: it is asked for, or read from standard input (< file)");
    return kUsage;
  }
  if (std::string_view(argv[1]) == "help") return show_help(argc, argv);
  if (std::string_view(argv[1]) == "completion") return show_completion(commands, argc, argv);

  CLI::App app{"Keeps, uses, versions and rotates keys, with proof.", "keywright"};
  app.set_version_flag("--version", std::string("keywright ") + KW_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  GlobalOptions options;
  std::string format;
  add_globals(app, options, format);
  std::map<std::string, CLI::App*> nouns;
  std::vector<std::unique_ptr<Filled>> all;
  for (const Command& command : commands) {
    CLI::App* parent = &app;
    if (!command.noun.empty()) {
      CLI::App*& noun = nouns[command.noun];
      if (noun == nullptr) {
        noun = app.add_subcommand(command.noun, noun_summary(command.noun));
        noun->require_subcommand(1);
        noun->fallthrough();
      }
      parent = noun;
    }
    all.push_back(std::make_unique<Filled>());
    add_command(*parent, command, *all.back());
    all.back()->app->fallthrough();
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return app.exit(help);
  } catch (const CLI::CallForVersion& version) {
    return app.exit(version);
  } catch (const CLI::ParseError& problem) {
    return usage_error(problem, commands, argc, argv);
  }
  options.format = parse_format(format);
  const bool dot = format == "dot";
  for (const auto& filled : all)
    if (filled->app->parsed()) {
      if (dot) filled->values[std::string(kDotFlag)] = {"true"};
      return run_command(*filled, std::move(options), {argv + 1, argv + argc});
    }
  return kUsage;
}

}  // namespace kw::cli
