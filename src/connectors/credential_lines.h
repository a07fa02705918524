// Lines of a text file that hold a credential each, in a form that people write once:
// "{username}:{password}", "password={password}", "{password}". Pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret_bytes.h"

namespace kw::connectors {

/// The form of a line: literal text with {password} once and {username} at most once.
class LineForm {
 public:
  /// @errors kInvalidArgument(bad_setting)
  static Result<LineForm> parse(std::string_view text);

  bool has_username() const { return has_username_; }
  /// On the heap, without an end of line.
  WipedText line(std::string_view username, std::string_view password) const;
  /// True when the line has this user name and any password. Without {username}: what is literal
  /// fits.
  bool is_of(std::string_view line, std::string_view username) const;

 private:
  std::string filled(std::string_view piece, std::string_view username) const;
  std::string before_, after_;  ///< around {password}, with {username} still in one of them
  bool has_username_ = false;
};

/// A text as lines. Only what is asked for changes: other lines, the end of the last one and ends
/// with a carriage return stay.
class CredentialLines {
 public:
  /// @param text  borrowed while this object lives. @param ends  whether the last line of a text
  ///   that was empty gets a line feed
  CredentialLines(WipedText& text, bool ends) : text_(text), ends_(ends) {}

  /// Says of a line, without its end, whether it is meant.
  using Fits = std::function<bool(std::string_view line)>;

  bool has(std::string_view line) const;
  int count_if(const Fits& fits) const;
  /// Every such line. False: there is none.
  bool remove_if(const Fits& fits);
  int count_of(const LineForm& form, std::string_view username) const;
  void append(std::string_view line);
  /// False: there is no such line. The first one changes.
  bool replace(std::string_view line, std::string_view with);
  /// Puts `with` in the place of the first line of that user. False: there is none.
  bool replace_of(const LineForm& form, std::string_view username, std::string_view with);
  /// Every such line. False: there is none.
  bool remove(std::string_view line);
  bool remove_of(const LineForm& form, std::string_view username);

 private:
  struct Range {
    std::size_t begin, size, next;
  };
  std::optional<Range> find(std::size_t from, const Fits& fits) const;
  void put(const Range& range, std::string_view with);

  WipedText& text_;
  bool ends_;
};

}  // namespace kw::connectors
