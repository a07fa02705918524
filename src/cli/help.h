// The first screen, the topics of `keywright help`, and the nearest command to a mistyped one.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace kw::cli {

/// Twelve lines: what it is, five commands in the order of a first day, one example.
std::string first_screen();
std::string noun_summary(const std::string& noun);
/// `keywright help [TOPIC]`.
int show_help(int argc, char** argv);
/// `no command "kye"` or `no verb "creat" of key`; "" when both words are known.
std::string unknown_word(const std::vector<Command>& commands, int argc, char** argv);
/// "key create" when "key creat" was typed; "" when nothing is near.
std::string nearest_command(const std::vector<Command>& commands, int argc, char** argv);

}  // namespace kw::cli
