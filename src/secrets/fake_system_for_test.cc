#include "secrets/fake_system_for_test.h"

#include "base/reveal.h"

namespace kw::secrets {

namespace {

constexpr SettingRule kSystem[] = {{"host", "where it is", true, ""}};
constexpr SettingRule kAccount[] = {{"account", "base name of its users", true, ""}};
constexpr SettingRule kRole[] = {{"grants", "what its users may", true, ""}};

std::string text_of(const Credential& credential) {
  return std::string(as_text(credential.secret.reveal(Reveal{})));
}

Answer no_answer() {
  return Answer::unknown("target_unreachable", "no answer");
}

}  // namespace

bool FakeSystem::accepts(const std::string& user, const std::string& password) {
  ++logins_;
  const auto found = accounts_.find(user);
  const bool good = found != accounts_.end() && found->second.enabled &&
                    (accepts_anything || found->second.passwords.contains(password));
  if (!good) ++failed_logins_;
  return good;
}

bool FakeSystem::logs_in(const std::string& user, const std::string& password) {
  const std::scoped_lock lock(mutex_);
  return accepts(user, password);
}

void FakeSystem::set_password(const std::string& user, const std::string& password) {
  const std::scoped_lock lock(mutex_);
  accounts_[user] = {{password}, true};
}

std::set<std::string> FakeSystem::users() {
  const std::scoped_lock lock(mutex_);
  std::set<std::string> all;
  for (const auto& [user, account] : accounts_) all.insert(user);
  return all;
}

void FakeSystem::fail_at(int call, Fault fault, int calls) {
  const std::scoped_lock lock(mutex_);
  fault_ = fault;
  fault_from_ = calls_ + call;
  fault_to_ = fault_from_ + calls;
}

FakeSystem::Fault FakeSystem::next_fault() {
  ++calls_;
  if (calls_ >= fault_from_ && calls_ < fault_to_) return fault_;
  // Scattered, and the same in every run of a test.
  const std::uint32_t scattered = (static_cast<std::uint32_t>(calls_) * 2'654'435'761U) >> 16;
  if (static_cast<int>(scattered % 100) >= faults_per_hundred) return Fault::kNone;
  return scattered / 100 % 2 == 0 ? Fault::kDown : Fault::kLostReply;
}

Answer FakeSystem::guarded(const Place& place, std::initializer_list<const Credential*> selves,
                           const std::function<Answer()>& change) {
  const std::scoped_lock lock(mutex_);
  const Fault fault = next_fault();
  if (fault == Fault::kDown) return no_answer();
  const auto may = [&](const Credential* who) {
    return who != nullptr && accepts(who->principal, text_of(*who));
  };
  bool allowed = place.admin != nullptr ? may(place.admin) : false;
  if (place.admin == nullptr)
    for (const Credential* self : selves) allowed = allowed || may(self);
  if (!allowed) return Answer::definite_fail("admin_refused", "who asked may not log in");
  const Answer answer = change();
  return fault == Fault::kLostReply ? no_answer() : answer;
}

std::string_view FakeSystem::name() const {
  if (kind_ == Kind::kAlternating) return "alternating";
  return kind_ == Kind::kDual ? "dual" : "single";
}

std::span<const SettingRule> FakeSystem::system_rules() const {
  return kSystem;
}
std::span<const SettingRule> FakeSystem::account_rules() const {
  return kAccount;
}
std::span<const SettingRule> FakeSystem::role_rules() const {
  return kRole;
}

Status FakeSystem::check(const Place& place) const {
  if (kind_ == Kind::kAlternating && place.admin == nullptr)
    return error(Code::kInvalidArgument, "bad_setting", "users that take turns need an admin");
  if (setting(place.account, kAccount, "account").find(' ') == std::string_view::npos) return ok();
  return error(Code::kInvalidArgument, "bad_setting", "an account has no blanks");
}

Capabilities FakeSystem::describe(const Place&) const {
  Capabilities can;
  can.slots = kind_ == Kind::kSingle ? 1 : 2;
  can.native_overlap = kind_ == Kind::kDual;
  can.principal_per_version = kind_ == Kind::kAlternating;
  can.soft_disable = kind_ == Kind::kAlternating;
  can.meter = kind_ == Kind::kAlternating ? Drain::Quality::kExact : Drain::Quality::kNone;
  can.lockout_threshold = lockout_threshold;
  can.sessions_survive_revoke = sessions_survive;
  can.ends_sessions = ends_sessions;
  can.consumer_takes = consumer_takes;
  can.self_generates = makes_secrets;
  return can;
}

Result<Credential> FakeSystem::create_pending(const Context& context, const Place& place,
                                              const Minting& minting) {
  const std::string base(setting(place.account, kAccount, "account"));
  Credential made;
  made.version = minting.version;
  made.principal = base;
  if (kind_ != Kind::kAlternating) return made;
  for (const char* suffix : {"_a", "_b"}) {
    made.principal = base + suffix;
    const auto& taken = minting.taken;
    if (std::find(taken.begin(), taken.end(), made.principal) != taken.end()) continue;
    return makes_secrets ? made_here(context, std::move(made)) : std::move(made);
  }
  return error(Code::kFailedPrecondition, "no_free_slot", "both users are in use");
}

// The user is there before its password is known to anybody.
Result<Credential> FakeSystem::made_here(const Context& context, Credential made) {
  const std::scoped_lock lock(mutex_);
  const std::string password = "made-" + std::to_string(++made_);
  accounts_[made.principal] = {{password}, true};
  made_for_[std::string(context.run) + "/" + std::to_string(made.version)] = made.principal;
  if (lost_creations > 0) {
    --lost_creations;
    return error(Code::kUnavailable, "target_unreachable", "no answer");
  }
  made.secret = SecretBytes::copy_of(as_bytes(password));
  return made;
}

Result<Observed> FakeSystem::inspect(const Context&, const Place&,
                                     std::span<const Credential* const> known) {
  const std::scoped_lock lock(mutex_);
  Observed seen;
  const bool silent = next_fault() != Fault::kNone;
  for (const Credential* each : known)
    seen.accepted.push_back(silent ? Observed::Accepted::kUnknown
                            : accepts(each->principal, text_of(*each)) ? Observed::Accepted::kYes
                                                                       : Observed::Accepted::kNo);
  return seen;
}

Answer FakeSystem::install(const Context&, const Place& place, const Credential& fresh,
                           const Credential* old) {
  return guarded(place, {old, &fresh}, [&]() -> Answer {
    if (consumer_takes) return Answer::ok();
    if (accounts_[fresh.principal].passwords.contains(text_of(fresh))) {
      accounts_[fresh.principal].enabled = true;
      return Answer::ok();
    }
    if (reject_by_policy > 0) {
      --reject_by_policy;
      return Answer::definite_fail("rejected_by_policy", "too simple");
    }
    Account& account = accounts_[fresh.principal];
    if (kind_ != Kind::kDual) account.passwords.clear();
    account.passwords.insert(text_of(fresh));
    account.enabled = true;
    return Answer::ok();
  });
}

Answer FakeSystem::test(const Context&, const Place&, const Credential& credential, Probe probe) {
  const std::scoped_lock lock(mutex_);
  if (next_fault() != Fault::kNone) return no_answer();
  std::string password = text_of(credential);
  if (probe == Probe::kNegative) password += "x";
  const bool good = accepts(credential.principal, password);
  if (probe == Probe::kNegative)
    return good ? Answer::definite_fail("any_secret_accepted") : Answer::ok();
  return good ? Answer::ok() : Answer::definite_fail("credential_refused");
}

Answer FakeSystem::promote(const Context&, const Place& place, const Credential& fresh,
                           const Credential* old) {
  return guarded(place, {&fresh, old}, [] { return Answer::ok(); });
}

Result<Drain> FakeSystem::measure_drain(const Context&, const Place&, const Credential&) {
  const std::scoped_lock lock(mutex_);
  Drain drain;
  drain.quality = Drain::Quality::kExact;
  drain.in_use = sessions_of_old;
  return drain;
}

Answer FakeSystem::disable_old(const Context&, const Place& place, const Credential& old,
                               const Credential& fresh) {
  return guarded(place, {&fresh}, [&] {
    if (kind_ == Kind::kAlternating) accounts_[old.principal].enabled = false;
    return Answer::ok();
  });
}

Answer FakeSystem::restore_old(const Context&, const Place& place, const Credential& old,
                               const Credential& fresh) {
  return guarded(place, {&fresh}, [&] {
    if (kind_ == Kind::kAlternating) accounts_[old.principal].enabled = true;
    return Answer::ok();
  });
}

Answer FakeSystem::revoke_old(const Context&, const Place& place, const Credential& old,
                              const Credential& fresh, bool end_sessions) {
  return guarded(place, {&fresh}, [&] {
    if (end_sessions && !ends_sessions) return Answer::definite_fail("sessions_cannot_be_ended");
    if (old.principal == fresh.principal) {
      accounts_[old.principal].passwords.erase(text_of(old));
    } else {
      accounts_.erase(old.principal);
    }
    return Answer::ok();
  });
}

void FakeSystem::put_back(const Credential& credential) {
  accounts_[credential.principal] = {{text_of(credential)}, true};
}

Answer FakeSystem::remove_pending(const Context& context, const Place& place,
                                  const Credential& fresh, const Credential* old) {
  return guarded(place, {old, &fresh}, [&] {
    if (fresh.principal.empty()) {
      accounts_.erase(made_for_[std::string(context.run) + "/" + std::to_string(fresh.version)]);
      return Answer::ok();
    }
    if (old != nullptr && old->principal == fresh.principal) {
      if (kind_ == Kind::kSingle) put_back(*old);
      accounts_[fresh.principal].passwords.erase(text_of(fresh));
    } else {
      accounts_.erase(fresh.principal);
    }
    return Answer::ok();
  });
}

Answer FakeSystem::issue(const Context&, const Place& place, const Settings&,
                         const Credential& credential, WallTime) {
  return guarded(place, {}, [&] {
    accounts_[credential.principal] = {{text_of(credential)}, true};
    return Answer::ok();
  });
}

Answer FakeSystem::renew(const Context&, const Place& place, std::string_view principal, WallTime) {
  return guarded(place, {}, [&] {
    return accounts_.contains(std::string(principal)) ? Answer::ok()
                                                      : Answer::definite_fail("no_such_user");
  });
}

Answer FakeSystem::revoke(const Context&, const Place& place, const Settings&,
                          std::string_view principal) {
  return guarded(place, {}, [&] {
    accounts_.erase(std::string(principal));
    return Answer::ok();
  });
}

Result<std::vector<std::string>> FakeSystem::issued(const Context&, const Place&,
                                                    std::string_view prefix) {
  const std::scoped_lock lock(mutex_);
  if (next_fault() != Fault::kNone)
    return error(Code::kUnavailable, "target_unreachable", "no answer");
  std::vector<std::string> all;
  for (const auto& [user, account] : accounts_)
    if (user.starts_with(prefix)) all.push_back(user);
  return all;
}

}  // namespace kw::secrets
