// Single values of the agent's settings: users, modes, templates, words.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "codec/text_template.h"
#include "codec/yaml.h"

namespace kw::agent {

/// A name that this machine knows, or a number. @errors kInvalidArgument(config_invalid)
Result<uid_t> read_user(const codec::YamlView& at);
Result<gid_t> read_group(const codec::YamlView& at);
/// Three or four octal digits in quotes, without execute, set-user and sticky bits.
Result<mode_t> read_mode(const codec::YamlView& at);
/// A list of at least one text.
Result<std::vector<std::string>> read_words(const codec::YamlView& at);
Result<codec::TextTemplate> read_template(const codec::YamlView& at);
/// The template in the file whose absolute name `at` holds.
Result<codec::TextTemplate> read_template_file(const codec::YamlView& at);
/// "HUP" or "SIGHUP" …
Result<int> read_signal(const codec::YamlView& at);

}  // namespace kw::agent
