// A credential in a text file, for systems that read one: a password of its own, a line of a
// configuration, or a list of users and passwords of which each is accepted.
//
// swap: the line of the old credential becomes that of the new one, in its place. list: the new
// line stands beside the old one until that is revoked. The file does not say who reads it, so
// there is no meter: consumers acknowledge.
#include <array>

#include "connectors/credential_file.h"
#include "connectors/credential_lines.h"
#include "connectors/credential_text.h"
#include "connectors/make_connectors.h"
#include "connectors/outcome.h"
#include "connectors/principal_name.h"

namespace kw::connectors {

namespace {

using secrets::Answer;
using secrets::Capabilities;
using secrets::Context;
using secrets::Credential;
using secrets::Drain;
using secrets::Minting;
using secrets::Observed;
using secrets::Place;
using secrets::Probe;
using secrets::SettingRule;

constexpr std::array kSystemRules{
    SettingRule{"root", "a folder of file_roots in the server's configuration", true, ""},
};
constexpr std::array kAccountRules{
    SettingRule{"path", "the file, below the root", true, ""},
    SettingRule{"style", "swap (one line, replaced) or list (old and new line side by side)", false,
                "swap"},
    SettingRule{"line", "form of a line, with {password} and perhaps {username}", false,
                "{password}"},
    SettingRule{"name", "user name; with users=alternate the base of two", false, ""},
    SettingRule{"users", "of a list: alternate (name_a, name_b) or same", false, "alternate"},
    SettingRule{"newline", "yes or no: whether a new file ends with a line feed", false, "yes"},
    SettingRule{"mode", "0600 to 0664; empty: as the file has", false, ""},
    SettingRule{"owner", "user name or number; empty: as the file has", false, ""},
    SettingRule{"group", "group name or number; empty: as the file has", false, ""},
};

/// The settings of one account, read.
struct Terms {
  CredentialFileTerms file;
  LineForm form;
  std::string name;
  bool list = false, alternate = false, newline = true;
};

Result<bool> either(std::string_view value, std::string_view yes, std::string_view no) {
  if (value == yes) return true;
  if (value == no) return false;
  return bad_setting("a setting is " + std::string(yes) + " or " + std::string(no));
}

Result<Terms> read_terms(const Place& place) {
  const auto of = [&](std::string_view name) {
    return secrets::setting(place.account, kAccountRules, name);
  };
  Terms terms;
  terms.file.root = secrets::setting(place.system, kSystemRules, "root");
  terms.file.path = of("path");
  KW_TRY(terms.file.mode, read_mode(of("mode")));
  KW_TRY(terms.file.uid, read_user(of("owner")));
  KW_TRY(terms.file.gid, read_group(of("group")));
  KW_TRY(terms.form, LineForm::parse(of("line")));
  KW_TRY(terms.list, either(of("style"), "list", "swap"));
  KW_TRY(terms.newline, either(of("newline"), "yes", "no"));
  KW_TRY(const bool alternate, either(of("users"), "alternate", "same"));
  terms.alternate = terms.list && alternate && terms.form.has_username();
  terms.name = of("name");
  if (terms.form.has_username() || !terms.name.empty()) KW_OK(check_base_name(terms.name));
  return terms;
}

class File final : public secrets::Connector {
 public:
  explicit File(std::vector<std::string> roots) : roots_(std::move(roots)) {}

  std::string_view name() const override { return "file"; }
  std::span<const SettingRule> system_rules() const override { return kSystemRules; }
  std::span<const SettingRule> account_rules() const override { return kAccountRules; }
  Status check(const Place& place) const override {
    KW_TRY(const Terms terms, read_terms(place));
    return check_file_terms(terms.file, roots_);
  }
  Capabilities describe(const Place& place) const override {
    Capabilities can;
    can.sessions_survive_revoke = true;
    const auto terms = read_terms(place);
    if (!terms || !terms->list) return can;
    can.slots = 2;
    can.native_overlap = !terms->alternate;
    can.principal_per_version = terms->alternate;
    can.soft_disable = true;
    return can;
  }

  Result<Credential> create_pending(const Context&, const Place& place,
                                    const Minting& minting) override {
    KW_TRY(const Terms terms, read_terms(place));
    Credential made;
    made.version = minting.version;
    made.principal = terms.name;
    if (terms.alternate) {
      KW_TRY(made.principal, alternate_name(terms.name, minting));
    }
    return made;
  }
  Result<Observed> inspect(const Context& context, const Place& place,
                           std::span<const Credential* const> known) override;
  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override;
  Answer test(const Context& context, const Place& place, const Credential& credential,
              Probe probe) override;
  Result<Drain> measure_drain(const Context&, const Place&, const Credential&) override {
    return Drain{};
  }
  Answer disable_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return take_out(context, place, old, fresh);
  }
  Answer restore_old(const Context& context, const Place& place, const Credential& old,
                     const Credential& fresh) override {
    return describe(place).soft_disable ? install(context, place, old, &fresh) : Answer::ok();
  }
  Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                    const Credential& fresh, bool end_sessions) override {
    Answer answer = take_out(context, place, old, fresh);
    if (answer.outcome != secrets::Outcome::kOk || !end_sessions) return answer;
    return Answer::definite_fail("sessions_cannot_be_ended",
                                 "a file does not know who read it: restart its readers");
  }
  Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                        const Credential* old) override;

 private:
  /// An account's file, opened, and what is in it changed line by line.
  struct Opened {
    Terms terms;
    CredentialFile file;
  };
  Result<Opened> open(const Place& place) const {
    KW_TRY(Terms terms, read_terms(place));
    KW_OK(check_file_terms(terms.file, roots_));
    KW_TRY(CredentialFile file, CredentialFile::open(terms.file));
    return Opened{std::move(terms), std::move(file)};
  }
  Status edit(const Context& context, const Place& place,
              const std::function<Result<bool>(const Terms&, CredentialLines&)>& change) const;
  Answer take_out(const Context& context, const Place& place, const Credential& old,
                  const Credential& fresh) const;

  const std::vector<std::string> roots_;
};

Result<WipedText> line_of(const Terms& terms, const Credential& credential) {
  KW_TRY(const WipedText password, credential_text(credential.secret));
  return terms.form.line(credential.principal, password);
}

Error changed_elsewhere() {
  return error(Code::kFailedPrecondition, "changed_elsewhere",
               "the file holds neither the old nor the new credential");
}

Result<bool> put_beside(const Terms& terms, CredentialLines& lines, const Credential& fresh,
                        std::string_view line) {
  // A line of that user with another password is what an attempt before left.
  if (terms.alternate && lines.replace_of(terms.form, fresh.principal, line)) return true;
  if (!terms.alternate && terms.form.has_username() &&
      lines.count_of(terms.form, fresh.principal) > 1)
    return error(Code::kFailedPrecondition, "no_free_slot",
                 "the user has two lines already: revoke an old version first");
  lines.append(line);
  return true;
}

Result<bool> put(const Terms& terms, CredentialLines& lines, const Credential& fresh,
                 const Credential* old) {
  KW_TRY(const WipedText line, line_of(terms, fresh));
  if (lines.has(line)) return false;
  if (terms.list) return put_beside(terms, lines, fresh, line);
  if (old == nullptr) {
    if (lines.count_of(terms.form, fresh.principal) > 0) return changed_elsewhere();
    lines.append(line);
    return true;
  }
  KW_TRY(const WipedText before, line_of(terms, *old));
  if (!lines.replace(before, line)) return changed_elsewhere();
  return true;
}

Status File::edit(const Context& context, const Place& place,
                  const std::function<Result<bool>(const Terms&, CredentialLines&)>& change) const {
  KW_TRY(const Opened opened, open(place));
  return opened.file.edit(context.deadline, [&](std::optional<WipedText>& text) -> Result<bool> {
    if (!text) text.emplace();
    CredentialLines lines(*text, opened.terms.newline);
    return change(opened.terms, lines);
  });
}

Answer File::install(const Context& context, const Place& place, const Credential& fresh,
                     const Credential* old) {
  return answer_of(edit(context, place, [&](const Terms& terms, CredentialLines& lines) {
    return put(terms, lines, fresh, old);
  }));
}

Answer File::remove_pending(const Context& context, const Place& place, const Credential& fresh,
                            const Credential* old) {
  return answer_of(
      edit(context, place, [&](const Terms& terms, CredentialLines& lines) -> Result<bool> {
        KW_TRY(const WipedText line, line_of(terms, fresh));
        if (terms.list || old == nullptr) return lines.remove(line);
        KW_TRY(const WipedText before, line_of(terms, *old));
        if (lines.has(before)) return false;
        if (!lines.replace(line, before)) return changed_elsewhere();
        return true;
      }));
}

Answer File::take_out(const Context& context, const Place& place, const Credential& old,
                      const Credential& fresh) const {
  return answer_of(
      edit(context, place, [&](const Terms& terms, CredentialLines& lines) -> Result<bool> {
        KW_TRY(const WipedText stays, line_of(terms, fresh));
        KW_TRY(const WipedText line, line_of(terms, old));
        if (!lines.has(line)) return false;
        // Never the last one that is accepted.
        if (!lines.has(stays)) return changed_elsewhere();
        return lines.remove(line);
      }));
}

Result<Observed> File::inspect(const Context&, const Place& place,
                               std::span<const Credential* const> known) {
  KW_TRY(const Opened opened, open(place));
  KW_TRY(std::optional<WipedText> text, opened.file.read());
  if (!text) text.emplace();
  const CredentialLines lines(*text, true);
  Observed seen;
  bool any = false;
  for (const Credential* each : known) {
    KW_TRY(const WipedText line, line_of(opened.terms, *each));
    const bool there = lines.has(line);
    any = any || there;
    seen.accepted.push_back(there ? Observed::Accepted::kYes : Observed::Accepted::kNo);
  }
  if (!known.empty() && !any) seen.drift = "changed_elsewhere";
  if (opened.terms.list && !opened.terms.alternate && opened.terms.form.has_username())
    seen.free_slot = lines.count_of(opened.terms.form, opened.terms.name) < 2;
  return seen;
}

Result<bool> accepts(const CredentialFile& file, const Terms& terms, const Credential& credential,
                     bool with_wrong_secret) {
  KW_TRY(std::optional<WipedText> text, file.read());
  if (!text) return false;
  Credential asked{credential.version, credential.principal,
                   with_wrong_secret ? mutated(credential.secret) : credential.secret.clone()};
  KW_TRY(const WipedText line, line_of(terms, asked));
  return CredentialLines(*text, true).has(line);
}

Answer File::test(const Context&, const Place& place, const Credential& credential, Probe probe) {
  const auto opened = open(place);
  if (!opened) return answer_of(opened.error());
  if (probe == Probe::kPermission) {
    const auto fits = opened->file.as_wanted();
    if (!fits) return answer_of(fits.error());
    return *fits
               ? Answer::ok()
               : Answer::definite_fail("wrong_permissions",
                                       "the file has another owner, group or mode than it should");
  }
  const auto there = accepts(opened->file, opened->terms, credential, probe == Probe::kNegative);
  if (!there) return answer_of(there.error());
  if (probe == Probe::kNegative)
    return *there ? Answer::definite_fail("any_secret_accepted", "a wrong secret is in the file")
                  : Answer::ok();
  return *there ? Answer::ok()
                : Answer::definite_fail("credential_refused", "the file does not hold it");
}

}  // namespace

std::unique_ptr<secrets::Connector> make_file(const ConnectorOptions& options) {
  return std::make_unique<File>(options.file_roots);
}

}  // namespace kw::connectors
