#include "connectors/ssh_key_file.h"

#include "connectors/credential_text.h"
#include "connectors/outcome.h"

namespace kw::connectors {

using secrets::Answer;
using secrets::Capabilities;
using secrets::Context;
using secrets::Credential;
using secrets::Minting;
using secrets::Observed;
using secrets::Outcome;
using secrets::Place;
using secrets::Probe;

namespace {

constexpr int kSlots = 2;

CredentialLines::Fits of_key(const SshPublicKey& key) {
  return [&key](std::string_view line) { return line_has_key(line, key); };
}

// "keywright-<name>-v<version>": how people recognise our lines.
std::string comment_of(const SshKeyFileTerms& terms, std::uint32_t version) {
  return "keywright-" + terms.name + "-v" + std::to_string(version);
}

bool is_ours(std::string_view line, const SshKeyFileTerms& terms) {
  const std::string begin = " keywright-" + terms.name + "-v";
  const std::size_t at = line.rfind(begin);
  return at != line.npos && !line.starts_with('#') &&
         line.find_first_not_of("0123456789", at + begin.size()) == line.npos;
}

Error no_key(const Error& error) {
  return kw::error(Code::kFailedPrecondition, "rejected_by_policy", error.message);
}

Result<SshPublicKey> key_of(const Credential& credential) {
  auto key = public_half(credential.secret);
  if (!key) return no_key(key.error());
  return key;
}

}  // namespace

Result<SshKeyFile::Opened> SshKeyFile::open(const Place& place) const {
  KW_TRY(SshKeyFileTerms terms, terms_of(place));
  KW_OK(check_file_terms(terms.file, roots_));
  KW_TRY(CredentialFile file, CredentialFile::open(terms.file));
  return Opened{std::move(terms), std::move(file)};
}

Status SshKeyFile::edit(
    const Context& context, const Place& place,
    const std::function<Result<bool>(const SshKeyFileTerms&, CredentialLines&)>& change) const {
  KW_TRY(const Opened opened, open(place));
  return opened.file.edit(context.deadline, [&](std::optional<WipedText>& text) -> Result<bool> {
    if (!text) text.emplace();
    CredentialLines lines(*text, true);
    return change(opened.terms, lines);
  });
}

Status SshKeyFile::check(const Place& place) const {
  KW_TRY(const SshKeyFileTerms terms, terms_of(place));
  return check_file_terms(terms.file, roots_);
}

Capabilities SshKeyFile::describe(const Place&) const {
  Capabilities can;
  can.slots = kSlots;
  can.principal_per_version = true;
  can.self_generates = true;
  can.soft_disable = true;
  can.sessions_survive_revoke = true;
  can.ends_sessions = false;
  return can;
}

Result<Credential> SshKeyFile::create_pending(const Context&, const Place& place,
                                              const Minting& minting) {
  KW_TRY(const SshKeyFileTerms terms, terms_of(place));
  Credential made;
  made.version = minting.version;
  made.principal = comment_of(terms, minting.version);
  KW_TRY(made.secret, new_ssh_key(made.principal));
  return made;
}

Answer SshKeyFile::install(const Context& context, const Place& place, const Credential& fresh,
                           const Credential*) {
  const auto key = key_of(fresh);
  if (!key) return answer_of(key.error());
  return answer_of(edit(
      context, place, [&](const SshKeyFileTerms& terms, CredentialLines& lines) -> Result<bool> {
        if (lines.count_if(of_key(*key)) > 0) return false;
        const std::string prefix = terms.options.empty() ? "" : terms.options + " ";
        lines.append(prefix + key->line() + " " + comment_of(terms, fresh.version));
        return true;
      }));
}

Status SshKeyFile::take_out(const Context& context, const Place& place,
                            const Credential& credential, const Credential* stays) const {
  KW_TRY(const SshPublicKey key, key_of(credential));
  std::optional<SshPublicKey> other;
  if (stays != nullptr) {
    KW_TRY(other, key_of(*stays));
  }
  return edit(context, place, [&](const SshKeyFileTerms&, CredentialLines& lines) -> Result<bool> {
    if (lines.count_if(of_key(key)) == 0) return false;
    // Never the last one that is accepted.
    if (other && lines.count_if(of_key(*other)) == 0)
      return error(Code::kFailedPrecondition, "changed_elsewhere",
                   "the new key is not in the file any more: the old one stays");
    return lines.remove_if(of_key(key));
  });
}

Answer SshKeyFile::disable_old(const Context& context, const Place& place, const Credential& old,
                               const Credential& fresh) {
  return answer_of(take_out(context, place, old, &fresh));
}

Answer SshKeyFile::revoke_old(const Context& context, const Place& place, const Credential& old,
                              const Credential& fresh, bool end_sessions) {
  const auto terms = terms_of(place);
  if (!terms) return answer_of(terms.error());
  Answer answer = answer_of(take_out(context, place, old, &fresh));
  if (answer.outcome != Outcome::kOk) return answer;
  const auto key = key_of(old);
  if (!key) return answer_of(key.error());
  if (terms->on_revoke)
    if (const Status told = terms->on_revoke(context, *key); !told) return answer_of(told);
  if (!end_sessions) return answer;
  return Answer::definite_fail("sessions_cannot_be_ended",
                               "sshd does not end sessions of a key: end them on the hosts");
}

Answer SshKeyFile::remove_pending(const Context& context, const Place& place,
                                  const Credential& fresh, const Credential*) {
  if (fresh.secret.empty()) return Answer::ok();  // keys are made here: nobody was told of it
  return answer_of(take_out(context, place, fresh, nullptr));
}

Result<Observed> SshKeyFile::inspect(const Context&, const Place& place,
                                     std::span<const Credential* const> known) {
  KW_TRY(const Opened opened, open(place));
  KW_TRY(std::optional<WipedText> text, opened.file.read());
  if (!text) text.emplace();
  const CredentialLines lines(*text, true);
  Observed seen;
  bool any = false;
  for (const Credential* each : known) {
    KW_TRY(const SshPublicKey key, key_of(*each));
    const bool there = lines.count_if(of_key(key)) > 0;
    any = any || there;
    seen.accepted.push_back(there ? Observed::Accepted::kYes : Observed::Accepted::kNo);
  }
  if (!known.empty() && !any) seen.drift = "changed_elsewhere";
  seen.free_slot =
      lines.count_if([&](std::string_view line) { return is_ours(line, opened.terms); }) < kSlots;
  return seen;
}

Answer SshKeyFile::test(const Context&, const Place& place, const Credential& credential,
                        Probe probe) {
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
  auto key = key_of(credential);
  if (!key) return answer_of(key.error());
  if (probe == Probe::kNegative) key->blob.back() ^= 1;
  const auto text = opened->file.read();
  if (!text) return answer_of(text.error());
  WipedText content = text->value_or(WipedText());
  const bool there = CredentialLines(content, true).count_if(of_key(*key)) > 0;
  if (there != (probe == Probe::kNegative)) return Answer::ok();
  return there
             ? Answer::definite_fail("any_secret_accepted", "a key that nobody has is in the file")
             : Answer::definite_fail("credential_refused", "the file does not hold the key");
}

}  // namespace kw::connectors
