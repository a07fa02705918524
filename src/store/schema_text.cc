#include "store/schema_text.h"

#include <algorithm>

namespace kw::store {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}
bool is_word(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

std::string upper(std::string_view word) {
  std::string text(word);
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

class Translator {
 public:
  Translator(std::string_view sql, const Dialect& dialect) : rest_(sql), dialect_(dialect) {}

  Result<std::vector<std::string>> run() {
    while (!rest_.empty()) KW_OK(step());
    end_statement();
    return std::move(statements_);
  }

 private:
  Status step();
  Status quoted(char quote);
  Status comment();
  void line_comment() { take(std::min(rest_.find('\n'), rest_.size())); }
  Status word();
  void end_statement();
  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  static Error bad(std::string_view why) {
    return error(Code::kInvalidArgument, "bad_migration", why);
  }

  std::string_view rest_;
  const Dialect& dialect_;
  std::string statement_;
  bool foreign_ = false;  // the statement is another engine's
  std::vector<std::string> statements_;
};

Status Translator::step() {
  const char c = rest_[0];
  if (c == '\'' || c == '"') return quoted(c);
  if (rest_.substr(0, 2) == "/*") return comment();
  if (is_letter(c)) return word();
  if (rest_.substr(0, 2) == "--") {
    line_comment();
  } else if (c == ';') {
    take(1);
    end_statement();
  } else {
    const auto digits = std::find_if_not(rest_.begin() + 1, rest_.end(), is_word);
    statement_ += take(is_word(c) ? static_cast<std::size_t>(digits - rest_.begin()) : 1);
  }
  return ok();
}

// A doubled quote inside reads as two quoted texts in a row: the same characters are copied.
Status Translator::quoted(char quote) {
  const std::size_t end = rest_.find(quote, 1);
  if (end == rest_.npos) return bad("a quote does not end");
  statement_ += take(end + 1);
  return ok();
}

Status Translator::comment() {
  const std::size_t end = rest_.find("*/", 2);
  if (end == rest_.npos) return bad("a comment does not end");
  const std::string_view words = take(end + 2);
  foreign_ = foreign_ || (words == "/*postgres*/" && !dialect_.postgres);
  statement_ += words == "/*cells*/" ? dialect_.cells : std::string_view(" ");
  return ok();
}

Status Translator::word() {
  const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_word);
  const std::string_view word = take(static_cast<std::size_t>(end - rest_.begin()));
  const std::string name = upper(word);
  if (name == "INT" || name == "INTEGER") return bad("use BIGINT: engines size INT differently");
  if (name == "BIGINT") {
    statement_ += dialect_.bigint;
  } else if (name == "BYTEA") {
    statement_ += dialect_.bytea;
  } else {
    statement_ += word;
  }
  return ok();
}

void Translator::end_statement() {
  const auto first = statement_.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && !foreign_) {
    if (upper(std::string_view(statement_).substr(first, 12)) == "CREATE TABLE")
      statement_ += dialect_.table_end;
    statements_.push_back(statement_.substr(first));
  }
  statement_.clear();
  foreign_ = false;
}

}  // namespace

Result<std::vector<std::string>> portable_statements(std::string_view sql, const Dialect& dialect) {
  return Translator(sql, dialect).run();
}

}  // namespace kw::store
