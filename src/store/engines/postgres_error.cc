#include "store/engines/postgres_error.h"

#include <string>

namespace kw::store::engines {

namespace {

struct Meaning {
  std::string_view state;  // a whole SQLSTATE, or its first two characters: the class
  Damage damage;
  bool again;
  Code code;
  std::string_view reason;
  std::string_view message;
};

// The first line that fits.
constexpr Meaning kMeanings[] = {
    {"23505", Damage::kWork, false, Code::kAlreadyExists, "unique_violation",
     "this row exists already"},
    {"40001", Damage::kTransaction, true, Code::kUnavailable, "store_unavailable",
     "other nodes changed the same rows, several times in a row"},
    {"40P01", Damage::kTransaction, true, Code::kUnavailable, "store_unavailable",
     "deadlocked with other nodes, several times in a row"},
    {"40003", Damage::kUnknown, false, Code::kUnavailable, "store_outcome_unknown",
     "the database does not know whether the write is durable"},
    {"53100", Damage::kWork, false, Code::kUnavailable, "store_full",
     "the disk of the database is full"},
    {"22021", Damage::kWork, false, Code::kInvalidArgument, "bad_text",
     "a text is UTF-8 without NUL"},
    {"54", Damage::kWork, false, Code::kTooLarge, "value_too_large",
     "a value or statement is too large"},
    {"XX001", Damage::kWork, false, Code::kDataLoss, "store_corrupt", "the database is damaged"},
    {"XX002", Damage::kWork, false, Code::kDataLoss, "store_corrupt", "the database is damaged"},
    {"55P03", Damage::kWork, false, Code::kUnavailable, "store_unavailable",
     "waited too long for a lock"},
    {"08P01", Damage::kWork, false, Code::kInternal, "store_error",
     "a statement wants other parameters"},
    {"08", Damage::kWork, false, Code::kUnavailable, "store_unavailable", "the connection failed"},
    {"53", Damage::kWork, false, Code::kUnavailable, "store_unavailable",
     "the database is short of resources"},
    {"57", Damage::kWork, false, Code::kUnavailable, "store_unavailable",
     "the database ended the statement"},
    {"58", Damage::kWork, false, Code::kUnavailable, "store_unavailable",
     "the database met a system error"},
};

}  // namespace

Failure postgres_failure(std::string_view state, std::string_view message) {
  for (const Meaning& meaning : kMeanings)
    if (state.substr(0, meaning.state.size()) == meaning.state)
      return {meaning.damage, meaning.again, error(meaning.code, meaning.reason, meaning.message)};
  std::string text = "SQLSTATE " + std::string(state);
  // Class 42 names tables, columns and types; other classes quote values.
  if (state.substr(0, 2) == "42") text += ": " + std::string(message);
  return {Damage::kWork, false, error(Code::kInternal, "store_error", text)};
}

}  // namespace kw::store::engines
