// Signing subkeys of a GnuPG key. The primary key only certifies; each version is a subkey of it.
// The published keyring, which clients fetch, holds the public halves: a new one is published
// before anybody signs with it, and the old one stays until it is revoked.
#include <algorithm>
#include <array>
#include <fstream>

#include "base/reveal.h"
#include "connectors/credential_file.h"
#include "connectors/gnupg_attempt.h"
#include "connectors/gnupg_home.h"
#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

using secrets::Answer;
using secrets::Capabilities;
using secrets::Context;
using secrets::Credential;
using secrets::Drain;
using secrets::Minting;
using secrets::Observed;
using secrets::Outcome;
using secrets::Place;
using secrets::Probe;
using secrets::SettingRule;

constexpr std::array kSystemRules{
    SettingRule{"root", "a folder of file_roots in the server's configuration", true, ""},
    SettingRule{"home", "folder of GnuPG with the primary key, below the root", true, ""},
    SettingRule{"published", "keyring file that clients fetch, below the root", true, ""},
    SettingRule{"program", "name of gpg in programs of the server's configuration", false, "gpg"},
};
constexpr std::array kAccountRules{
    SettingRule{"key", "fingerprint of the primary key: 40 hexadecimal digits", true, ""},
    SettingRule{"algorithm", "of the subkeys: ed25519, rsa3072, rsa4096, nistp256", false,
                "ed25519"},
    SettingRule{"expires", "life of a subkey: 30d to 1095d, or 1y to 3y", false, "2y"},
};
constexpr std::string_view kProbe = "a text that Keywright signs to prove a key\n";
constexpr std::string_view kOtherProbe = "a text that Keywright did not sign\n";

struct Terms {
  CredentialFileTerms published;
  std::string home, program, key, algorithm, expires;
};

bool is_life(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  return digits != text.npos && digits > 0 && digits <= 4 && digits + 1 == text.size() &&
         (text.back() == 'd' || text.back() == 'y') && text.front() != '0';
}

Result<Terms> read_terms(const Place& place) {
  const auto of_system = [&](std::string_view name) {
    return std::string(secrets::setting(place.system, kSystemRules, name));
  };
  const auto account = [&](std::string_view name) {
    return std::string(secrets::setting(place.account, kAccountRules, name));
  };
  Terms terms;
  terms.published.root = of_system("root");
  terms.published.path = of_system("published");
  terms.home = of_system("home");
  terms.program = of_system("program");
  terms.key = account("key");
  terms.algorithm = account("algorithm");
  terms.expires = account("expires");
  if (terms.key.size() != 40 ||
      terms.key.find_first_not_of("0123456789ABCDEF") != std::string::npos)
    return bad_setting("key is a fingerprint: 40 hexadecimal digits in upper case");
  constexpr std::array<std::string_view, 4> kAlgorithms{"ed25519", "rsa3072", "rsa4096",
                                                        "nistp256"};
  if (std::find(kAlgorithms.begin(), kAlgorithms.end(), terms.algorithm) == kAlgorithms.end())
    return bad_setting("algorithm is ed25519, rsa3072, rsa4096 or nistp256");
  if (!is_life(terms.expires)) return bad_setting("expires is days or years: 365d, 2y");
  return terms;
}

class Gnupg final : public secrets::Connector {
 public:
  explicit Gnupg(const ConnectorOptions& options)
      : roots_(options.file_roots),
        programs_(options.programs),
        run_(options.run),
        scratch_(options.scratch) {}
  std::string_view name() const override { return "gnupg"; }
  std::span<const SettingRule> system_rules() const override { return kSystemRules; }
  std::span<const SettingRule> account_rules() const override { return kAccountRules; }
  Status check(const Place& place) const override {
    KW_TRY(const Terms terms, read_terms(place));
    KW_OK(check_file_terms(terms.published, roots_));
    CredentialFileTerms home = terms.published;
    home.path = terms.home;
    KW_OK(check_file_terms(home, roots_));
    KW_OK(program(terms));
    return ok();
  }
  Capabilities describe(const Place&) const override {
    Capabilities can;
    can.slots = 2;
    can.principal_per_version = true;
    can.self_generates = true;
    can.sessions_survive_revoke = true;  // clients keep the keyring that they have
    can.ends_sessions = false;
    return can;
  }

  Result<Credential> create_pending(const Context& context, const Place& place,
                                    const Minting& minting) override;
  Result<Observed> inspect(const Context& context, const Place& place,
                           std::span<const Credential* const> known) override;
  Answer install(const Context& context, const Place& place, const Credential& fresh,
                 const Credential* old) override;
  Answer test(const Context& context, const Place& place, const Credential& credential,
              Probe probe) override;
  Result<Drain> measure_drain(const Context&, const Place&, const Credential&) override {
    return Drain{};
  }
  Answer disable_old(const Context&, const Place&, const Credential&, const Credential&) override {
    return Answer::ok();
  }
  Answer restore_old(const Context&, const Place&, const Credential&, const Credential&) override {
    return Answer::ok();
  }
  Answer revoke_old(const Context& context, const Place& place, const Credential& old,
                    const Credential& fresh, bool end_sessions) override;
  Answer remove_pending(const Context& context, const Place& place, const Credential& fresh,
                        const Credential* old) override;

 private:
  Result<GnupgHome::Gpg> program(const Terms& terms) const {
    const auto found = programs_.find(terms.program);
    if (found == programs_.end())
      return bad_setting("the server's configuration declares no program of that name");
    return GnupgHome::Gpg{found->second, run_, scratch_};
  }
  Result<GnupgHome> home(const Context& context, const Terms& terms) const {
    KW_TRY(GnupgHome::Gpg gpg, program(terms));
    return GnupgHome(std::move(gpg), terms.published.root + "/" + terms.home, context.deadline);
  }
  /// The subkeys that clients of the published file find; empty when there is no file.
  Result<std::vector<GnupgSubkey>> published(const Context& context, const Terms& terms) const;
  Status publish(const Context& context, const Terms& terms, const GnupgHome& home) const;
  Status change(const Context& context, const Place& place, const Credential& credential,
                const std::string& commands, const std::string& unless) const;
  Status remove_lost(const Context& context, const Place& place, std::uint32_t version) const;
  Result<GnupgVerdict> verdict(const Context& context, const Place& place,
                               const Credential& credential, std::string_view text_seen) const;

  const std::vector<std::string> roots_;
  const std::map<std::string, DeclaredProgram, std::less<>> programs_;
  const std::function<Result<ProgramEnd>(const ProgramCall&)> run_;
  const std::string scratch_;
};

const GnupgSubkey* subkey_of(const std::vector<GnupgSubkey>& all, std::string_view fingerprint) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const GnupgSubkey& each) {
    return each.fingerprint == fingerprint;
  });
  return found == all.end() ? nullptr : &*found;
}

Error changed_meanwhile() {
  return error(Code::kUnavailable, "changed_elsewhere", "the key got other subkeys meanwhile");
}

Result<std::vector<GnupgSubkey>> Gnupg::published(const Context& context,
                                                  const Terms& terms) const {
  KW_TRY(const CredentialFile file, CredentialFile::open(terms.published));
  KW_TRY(const auto content, file.read());
  if (!content) return std::vector<GnupgSubkey>();
  KW_TRY(GnupgHome::Gpg gpg, program(terms));
  KW_TRY(const GnupgHome eyes, GnupgHome::temporary(std::move(gpg), context.deadline));
  KW_TRY(const WipedText listing, eyes.must({"--batch", "--with-colons", "--show-keys"}, *content));
  return gnupg_subkeys(listing);
}

GnupgAttempt attempt_of(const Context& context, const Terms& terms, std::uint32_t version) {
  CredentialFileTerms note;
  note.root = terms.published.root;
  note.path = terms.home + "/keywright-" + terms.key;
  return {std::move(note), std::string(context.run) + "-v" + std::to_string(version)};
}

Status Gnupg::publish(const Context& context, const Terms& terms, const GnupgHome& home) const {
  KW_TRY(const WipedText keyring, home.must({"--batch", "--export", terms.key}));
  KW_TRY(const CredentialFile file, CredentialFile::open(terms.published));
  return file.edit(context.deadline, [&](std::optional<WipedText>& text) -> Result<bool> {
    if (text && *text == keyring) return false;
    text = keyring;
    return true;
  });
}

Result<Credential> Gnupg::create_pending(const Context& context, const Place& place,
                                         const Minting& minting) {
  KW_TRY(const Terms terms, read_terms(place));
  KW_TRY(const GnupgHome home, this->home(context, terms));
  KW_TRY(const auto there, home.subkeys(terms.key));
  const GnupgAttempt attempt = attempt_of(context, terms, minting.version);
  KW_TRY(std::vector<std::string> fresh, attempt.made(there));  // its answer was lost
  if (fresh.empty()) {
    KW_OK(attempt.begin(context.deadline, there));
    KW_OK(home.must(
        {"--batch", "--quick-add-key", terms.key, terms.algorithm, "sign", terms.expires}));
    KW_TRY(const auto after, home.subkeys(terms.key));
    KW_TRY(fresh, attempt.made(after));
  }
  // Somebody else adds keys as well: whose is whose cannot be told.
  if (fresh.size() != 1) return changed_meanwhile();
  KW_TRY(const WipedText secret,
         home.must({"--batch", "--armor", "--export-secret-subkeys", fresh.front() + "!"}));
  return Credential{minting.version, fresh.front(), SecretBytes::copy_of(as_bytes(secret))};
}

Answer Gnupg::install(const Context& context, const Place& place, const Credential& fresh,
                      const Credential*) {
  const auto done = [&]() -> Status {
    KW_TRY(const Terms terms, read_terms(place));
    KW_TRY(const GnupgHome home, this->home(context, terms));
    KW_TRY(const auto mine, home.subkeys(terms.key));
    const GnupgSubkey* subkey = subkey_of(mine, fresh.principal);
    if (subkey == nullptr || !subkey->usable)
      return error(Code::kFailedPrecondition, "principal_missing",
                   "the home folder has no such subkey that may be used");
    return publish(context, terms, home);
  };
  return answer_of(done());
}

Result<Observed> Gnupg::inspect(const Context& context, const Place& place,
                                std::span<const Credential* const> known) {
  KW_TRY(const Terms terms, read_terms(place));
  KW_TRY(const auto all, published(context, terms));
  Observed seen;
  for (const Credential* each : known) {
    const GnupgSubkey* subkey = subkey_of(all, each->principal);
    const bool accepted = subkey != nullptr && subkey->usable && subkey->signs;
    seen.accepted.push_back(accepted ? Observed::Accepted::kYes : Observed::Accepted::kNo);
  }
  return seen;
}

// With eyes of a client: only the published keyring, and the secret that a consumer has.
Result<GnupgVerdict> Gnupg::verdict(const Context& context, const Place& place,
                                    const Credential& credential,
                                    std::string_view text_seen) const {
  KW_TRY(const Terms terms, read_terms(place));
  KW_TRY(const CredentialFile file, CredentialFile::open(terms.published));
  KW_TRY(const auto keyring, file.read());
  if (!keyring) return GnupgVerdict::kNone;
  KW_TRY(GnupgHome::Gpg gpg, program(terms));
  KW_TRY(const GnupgHome eyes, GnupgHome::temporary(std::move(gpg), context.deadline));
  KW_OK(eyes.must({"--batch", "--import"}, *keyring));
  // What comes with the secret would be believed as well.
  KW_TRY(const WipedText listing,
         eyes.must({"--batch", "--with-colons", "--list-keys", terms.key}));
  if (subkey_of(gnupg_subkeys(listing), credential.principal) == nullptr)
    return GnupgVerdict::kNone;
  KW_OK(eyes.must({"--batch", "--import"}, as_text(credential.secret.reveal(Reveal{}))));
  auto verdict = eyes.signs(credential.principal, kProbe, text_seen);
  // gpg does not sign with a key that it knows to be revoked or expired.
  if (!verdict && verdict.error().reason == "gpg_refused") return GnupgVerdict::kRevoked;
  return verdict;
}

Answer Gnupg::test(const Context& context, const Place& place, const Credential& credential,
                   Probe probe) {
  if (probe == Probe::kPermission) {
    const Credential* const known[] = {&credential};
    const auto seen = inspect(context, place, known);
    if (!seen) return answer_of(seen.error());
    if (seen->accepted.front() == Observed::Accepted::kYes) return Answer::ok();
    return Answer::definite_fail("permission_missing", "the published key may not sign");
  }
  const bool negative = probe == Probe::kNegative;
  const auto found = verdict(context, place, credential, negative ? kOtherProbe : kProbe);
  if (!found) return answer_of(found.error());
  if (negative)
    return *found == GnupgVerdict::kGood
               ? Answer::definite_fail("any_secret_accepted", "a wrong signature was accepted")
               : Answer::ok();
  switch (*found) {
    case GnupgVerdict::kGood:
      return Answer::ok();
    case GnupgVerdict::kExpired:
      return Answer::definite_fail("expired", "clients see a signature of an expired key");
    case GnupgVerdict::kRevoked:
      return Answer::definite_fail("credential_refused", "clients see a revoked key");
    case GnupgVerdict::kBad:
    case GnupgVerdict::kNone:
      break;
  }
  return Answer::definite_fail("credential_refused", "clients do not know the key");
}

// Edits the subkey of the home folder unless it is like that already, and publishes.
Status Gnupg::change(const Context& context, const Place& place, const Credential& credential,
                     const std::string& commands, const std::string& unless) const {
  KW_TRY(const Terms terms, read_terms(place));
  KW_TRY(const GnupgHome home, this->home(context, terms));
  KW_TRY(const auto mine, home.subkeys(terms.key));
  const GnupgSubkey* subkey = subkey_of(mine, credential.principal);
  const bool done = subkey == nullptr || (unless == "unusable" && !subkey->usable);
  if (!done) {
    const std::string input = "key " + std::string(subkey->key_id()) + "\n" + commands + "save\n";
    KW_OK(home.must({"--command-fd", "0", "--edit-key", terms.key}, input));
    KW_TRY(const auto after, home.subkeys(terms.key));
    const GnupgSubkey* left = subkey_of(after, credential.principal);
    if (left != nullptr && (unless != "unusable" || left->usable))
      return error(Code::kFailedPrecondition, "gpg_refused", "gpg left the subkey as it was");
  }
  return publish(context, terms, home);
}

Answer Gnupg::revoke_old(const Context& context, const Place& place, const Credential& old,
                         const Credential&, bool end_sessions) {
  // 1: compromised; 2: superseded. Signatures of a compromised key are refused whenever they were
  // made.
  const std::string reason = context.emergency ? "1" : "2";
  Answer answer =
      answer_of(change(context, place, old, "revkey\ny\n" + reason + "\n\ny\n", "unusable"));
  if (answer.outcome != Outcome::kOk || !end_sessions) return answer;
  return Answer::definite_fail("sessions_cannot_be_ended",
                               "clients refuse the key when they fetch the keyring again");
}

// What was made for a lost answer was never published.
Status Gnupg::remove_lost(const Context& context, const Place& place, std::uint32_t version) const {
  KW_TRY(const Terms terms, read_terms(place));
  KW_TRY(const GnupgHome home, this->home(context, terms));
  KW_TRY(const auto there, home.subkeys(terms.key));
  KW_TRY(const auto lost, attempt_of(context, terms, version).made(there));
  if (lost.size() > 1) return changed_meanwhile();
  for (const std::string& each : lost)
    KW_OK(change(context, place, {version, each, {}}, "delkey\ny\n", "gone"));
  return ok();
}

Answer Gnupg::remove_pending(const Context& context, const Place& place, const Credential& fresh,
                             const Credential*) {
  if (fresh.principal.empty()) return answer_of(remove_lost(context, place, fresh.version));
  return answer_of(change(context, place, fresh, "delkey\ny\n", "gone"));
}

}  // namespace

std::unique_ptr<secrets::Connector> make_gnupg(const ConnectorOptions& options) {
  return std::make_unique<Gnupg>(options);
}

}  // namespace kw::connectors
