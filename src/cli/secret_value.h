// Values of secrets as people give them: from a file, standard input or the keyboard, never an
// argument.
#pragma once

#include "cli/command.h"
#include "cli/session.h"

namespace kw::cli {

inline const Flag kFromFile{"--from-file", "read the value from FILE; - is standard input",
                            Flag::Kind::kText};
inline const Flag kKeepNewline{"--keep-newline", "a line's end belongs to the value",
                               Flag::Kind::kSwitch};
inline const Flag kJsonFields{"--json", "the value is a JSON object of texts: fields",
                              Flag::Kind::kSwitch};

/// What --from-file names, else standard input, else what is typed.
Result<WipedBytes> read_value(Session& session, const Arguments& arguments);
/// Without the end of its line, which was typed or piped with it.
ByteView without_newline(const WipedBytes& value, bool keep);
/// The value as "value", or with --json as "fields". @errors kInvalidArgument(usage)
Status value_members(Session& session, codec::JsonWriter& json, const Arguments& arguments);

}  // namespace kw::cli
