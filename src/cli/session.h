// One run of the command line: where it talks to, how it prints, and what it learned on the way.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"
#include "client/connection.h"

namespace kw::cli {

enum class Format : std::uint8_t { kTable, kWide, kJson, kJsonLines, kYaml, kName, kCalendar };

struct GlobalOptions {
  std::string context, tenant, url;
  Format format = Format::kTable;
  bool quiet = false;         ///< print ids alone
  bool no_input = false;      ///< never ask
  bool verbose = false;       ///< request ids
  bool show_request = false;  ///< print the request as curl instead of sending it
  bool show_policy = false;   ///< print the permit that the request needs instead of sending it
  std::string columns;        ///< of lists, with commas between; "" for the usual ones
  std::string approval;       ///< id of an approval to spend
};

/// "[TENANT:]NAME[@N]", as printed and as accepted.
struct Reference {
  std::string tenant;
  std::string name;
  std::optional<std::uint32_t> version;
  std::string text() const;
};

/// A table for people: columns sized to their content, two spaces between.
using Table = std::vector<std::vector<std::string>>;

class Session {
 public:
  explicit Session(GlobalOptions options) : options_(std::move(options)) {}

  const GlobalOptions& options() const { return options_; }
  bool table() const {
    return (options_.format == Format::kTable || options_.format == Format::kWide) &&
           !options_.quiet;
  }
  /// Requests are shown, not sent.
  bool showing() const { return options_.show_request || options_.show_policy; }

  /// Parses a reference; the tenant comes from it, -t, KEYWRIGHT_TENANT or the context.
  /// @errors kInvalidArgument(usage)
  Result<Reference> reference(const std::string& text);
  /// The same for secrets, whose names are paths: "[TENANT:]PATH[@N]".
  Result<Reference> secret_reference(const std::string& text);
  Result<std::string> tenant();
  /// "/api/v1/tenants/T/keys/K"
  static std::string key_path(const Reference& at);
  /// "/api/v1/tenants/T/secrets/P"
  static std::string secret_path(const Reference& at);

  /// Sends; with --show-request or --show-policy prints that instead and answers kAborted(shown).
  Result<client::Answer> send(const std::string& method, const std::string& path,
                              std::string_view body = {}, const std::string& if_match = "");
  Result<client::Connection*> connection();
  /// One more to the same server, for another thread.
  Result<client::Connection> another_connection();
  /// The refusal of the last request, if one was sent.
  const client::Problem* problem() const {
    return connection_ ? &connection_->last_problem() : nullptr;
  }
  /// KEYWRIGHT_TOKEN hides the token of this context; "" when it does not.
  const std::string& hidden_context() const { return hidden_context_; }
  /// The context's own server URL, for messages.
  std::string server() const { return server_; }

  /// Prints the answer as the chosen machine format. @returns false when people want a table: the
  /// caller prints it.
  bool print_for_machines(const client::Answer& answer, std::string_view name = {}) const;
  static void print(const Table& table);
  static void line(const std::string& text);  ///< to standard output
  static void say(const std::string& text);   ///< to standard error: words, not data

  /// Asks on the terminal; @errors kInvalidArgument(confirm_required): there is no terminal and the
  /// flag was not given.
  Status confirm_by_name(const std::string& what, const std::string& consequence,
                         const std::string& name, const std::string& given);
  /// A secret typed without echo, or one line of standard input when that is not a terminal.
  Result<WipedText> ask_secret(const std::string& prompt);
  static bool terminal_out();
  static bool terminal_in();

 private:
  GlobalOptions options_;
  std::optional<client::Connection> connection_;
  std::string server_;
  std::string context_tenant_;
  std::string hidden_context_;
  bool resolved_ = false;
  Result<Reference> split_reference(const std::string& text);
  Result<Context> resolve();
};

/// JSON members as people read them.
std::string member(const codec::JsonView& object, std::string_view name);  ///< "" when absent
std::int64_t count(const codec::JsonView& object, std::string_view name);  ///< 0 when absent
/// "2026-11-20 13:00Z" from RFC 3339; "" stays "".
std::string moment(const std::string& rfc3339_text);
/// 1,234,567
std::string grouped(std::int64_t number);
/// A JSON value as one line of JSON.
std::string json_of(const codec::JsonView& value);
/// A JSON value as YAML text.
std::string yaml_of(const codec::JsonView& value, int indent = 0);

}  // namespace kw::cli
