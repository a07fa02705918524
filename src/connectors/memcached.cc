// memcached with an authentication file: two lines of one user are two passwords.
// docs/connectors/memcached.md says what it needs and what its traps are.
#include "connectors/credential_file.h"
#include "connectors/credential_lines.h"
#include "connectors/credential_text.h"
#include "connectors/login_connector.h"
#include "connectors/make_connectors.h"
#include "connectors/memcached_login.h"
#include "connectors/outcome.h"
#include "connectors/principal_name.h"
#include "connectors/server_reload.h"

namespace kw::connectors {

using secrets::Answer;
using secrets::Capabilities;
using secrets::Context;
using secrets::Credential;
using secrets::Drain;
using secrets::Minting;
using secrets::Place;
using secrets::SettingRule;

namespace {

constexpr int kLinesMax = 8;                    // of the server: it reads no more, without a word
constexpr std::size_t kPasswordBytesMax = 200;  // the server's login line has its limit

constexpr SettingRule kSystemRules[] = {
    kHostRule,
    {"port", "TCP port", false, "11211"},
    kTlsRule,
    kCaFileRule,
    {"root", "a folder of file_roots in the server's configuration", true, ""},
    {"auth_file", "file of -Y, below the root", true, ""},
    {"pid_file", "pid file of memcached (-P), below the root", true, ""}};
constexpr SettingRule kAccountRules[] = {{"name", "the user", true, ""}};

struct Target {
  ServerAddress address;
  CredentialFileTerms auth_file, pid_file;
  std::string name;

  static Result<Target> read(const Place& place) {
    const auto of = [&](std::string_view which) {
      return std::string(secrets::setting(place.system, kSystemRules, which));
    };
    Target target;
    KW_TRY(target.address, read_address(place.system, kSystemRules));
    target.auth_file.root = target.pid_file.root = of("root");
    target.auth_file.path = of("auth_file");
    target.pid_file.path = of("pid_file");
    target.name = secrets::setting(place.account, kAccountRules, "name");
    return target;
  }
  Status probe(const Credential& credential, SteadyTime deadline) const {
    KW_OK(MemcachedLogin::open(address, credential, deadline));
    return ok();
  }
};

Result<WipedText> line_of(const Credential& credential) {
  KW_TRY(const WipedText password, credential_text(credential.secret));
  if (password.size() > kPasswordBytesMax)
    return rejected_by_policy("memcached takes values of at most 200 bytes");
  // Its login is two words.
  if (password.find(' ') != WipedText::npos)
    return rejected_by_policy("memcached takes no values with spaces");
  KW_TRY(const LineForm form, LineForm::parse("{username}:{password}"));
  return form.line(credential.principal, password);
}

class Memcached final : public LoginConnector {
 public:
  explicit Memcached(std::vector<std::string> roots) : roots_(std::move(roots)) {}
  std::string_view name() const override { return "memcached"; }
  std::span<const SettingRule> system_rules() const override { return kSystemRules; }
  std::span<const SettingRule> account_rules() const override { return kAccountRules; }

  Status check(const Place& place) const override {
    KW_TRY(const Target target, Target::read(place));
    // The file has name:password, the login "name password".
    KW_OK(check_base_name(target.name));
    KW_OK(check_file_terms(target.auth_file, roots_));
    return check_file_terms(target.pid_file, roots_);
  }

  Capabilities describe(const Place&) const override {
    Capabilities can;
    can.slots = 2;
    can.native_overlap = true;
    can.soft_disable = true;
    can.sessions_survive_revoke = true;
    return can;
  }

  Result<Credential> create_pending(const Context&, const Place& place,
                                    const Minting& minting) override {
    KW_TRY(const Target target, Target::read(place));
    return Credential{minting.version, target.name, {}};
  }

  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential*) override {
    return answer_of(let_in(context, place, fresh));
  }

  Result<Drain> measure_drain(const Context&, const Place&, const Credential&) override {
    return Drain{};
  }
  Answer disable_old(const Context& context, const Place& place, const Credential& old,
                     const Credential&) override {
    return answer_of(shut_out(context, place, old));
  }
  Answer restore_old(const Context& context, const Place& place, const Credential& old,
                     const Credential&) override {
    return answer_of(let_in(context, place, old));
  }

  // Never said to be done when it cannot be: whoever is in stays in until memcached restarts.
  Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                    const Credential&, bool end_sessions) override {
    const Status revoked = shut_out(context, place, old);
    if (!revoked || !end_sessions) return answer_of(revoked);
    return Answer::definite_fail(
        "sessions_cannot_be_ended",
        "the old password is refused; memcached ends sessions only when it "
        "is restarted");
  }

  Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                        const Credential*) override {
    return answer_of(shut_out(context, place, fresh));
  }

 private:
  Status log_in(const Context& context, const Place& place,
                const Credential& credential) const override {
    KW_TRY(const Target target, Target::read(place));
    return target.probe(credential, context.deadline);
  }

  using Change = std::function<Result<bool>(CredentialLines&)>;

  // Reloads also when nothing changed: an earlier try may have been cut off before that.
  Status edit(const Context& context, const Place& place, const Credential& one, bool wanted,
              const Change& change) const {
    KW_OK(check(place));
    KW_TRY(const Target target, Target::read(place));
    KW_TRY(const CredentialFile file, CredentialFile::open(target.auth_file));
    KW_OK(file.edit(context.deadline, [&](std::optional<WipedText>& text) -> Result<bool> {
      if (!text) text.emplace();
      CredentialLines lines(*text, true);
      return change(lines);
    }));
    KW_OK(reload_server(target.pid_file, "memcached"));
    return await_login([&] { return target.probe(one, context.deadline); }, wanted,
                       context.deadline);
  }

  Status let_in(const Context& context, const Place& place, const Credential& one) const {
    KW_TRY(const WipedText line, line_of(one));
    return edit(context, place, one, true, [&](CredentialLines& lines) -> Result<bool> {
      if (lines.has(line)) return false;
      if (lines.count_if([](std::string_view each) { return !each.empty(); }) >= kLinesMax)
        return error(Code::kFailedPrecondition, "no_free_slot",
                     "the file has eight lines, and memcached reads no more");
      lines.append(line);
      return true;
    });
  }

  Status shut_out(const Context& context, const Place& place, const Credential& one) const {
    KW_TRY(const WipedText line, line_of(one));
    return edit(context, place, one, false,
                [&](CredentialLines& lines) -> Result<bool> { return lines.remove(line); });
  }

  std::vector<std::string> roots_;
};

}  // namespace

std::unique_ptr<secrets::Connector> make_memcached(const ConnectorOptions& options);
std::unique_ptr<secrets::Connector> make_memcached(const ConnectorOptions& options) {
  return std::make_unique<Memcached>(options.file_roots);
}

}  // namespace kw::connectors
