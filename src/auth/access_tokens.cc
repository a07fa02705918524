// Bearer tokens: issue, authenticate, revoke, and the record of their last use.
#include <algorithm>

#include "auth/access_state.h"
#include "auth/high_water.h"
#include "auth/token_rows.h"
#include "base/failpoint.h"
#include "base/reveal.h"
#include "codec/base64.h"
#include "crypto/random.h"

namespace kw::auth {
namespace {

using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;

constexpr std::string_view kPrefix = "kwt_";
constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kTextSize = 4 + 43;  // 43 base64url characters hold 32 bytes
constexpr int kPageMax = 1000;
constexpr std::size_t kFlushBatch = 500;
constexpr std::int64_t kWritePause = microseconds(seconds(60)).count();
constexpr std::int64_t kKeepEnded = microseconds(hours(24 * 7)).count();

Error unauthenticated(std::string_view reason, std::string_view message) {
  return error(Code::kUnauthenticated, reason, message);
}

bool is_token_text(std::string_view text) {
  if (text.size() != kTextSize || !text.starts_with(kPrefix)) return false;
  return std::all_of(text.begin() + kPrefix.size(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

bool is_lower_hex_digest(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Status check_new_token(const NewToken& token, const PrincipalRecord& principal) {
  constexpr seconds kDay = hours(24);
  // Development principals play all roles, setup among them: the short life is for a principal that
  // is only that.
  const bool only_setup =
      !principal.grants.empty() &&
      std::all_of(principal.grants.begin(), principal.grants.end(),
                  [](const Grant& grant) { return grant.role == Role::kSetup; });
  if (token.time_to_live < seconds(60) || token.time_to_live > 365 * kDay ||
      (only_setup && token.time_to_live > hours(1))) {
    return error(Code::kInvalidArgument, "bad_time_to_live",
                 "a token lives from 60 s to 365 d, that of a setup principal at most 1 h");
  }
  if (token.idle_max != seconds(0) &&
      (token.idle_max < seconds(120) || token.idle_max > 365 * kDay)) {
    return error(Code::kInvalidArgument, "bad_idle", "an idle limit is 0 (none) or 120 s to 365 d");
  }
  if (!token.certificate_sha256.empty() && !is_lower_hex_digest(token.certificate_sha256)) {
    return error(Code::kInvalidArgument, "bad_certificate",
                 "a certificate is named by 64 lower-case hex digits");
  }
  return ok();
}

Status make_room(store::Tx& tx, const std::string& principal, std::int64_t now) {
  KW_OK(tx.execute("DELETE FROM token WHERE principal = $1 AND expires_at < $2",
                   {principal, now - kKeepEnded}));
  KW_TRY(const auto live,
         tx.query_one("SELECT COUNT(*) FROM token WHERE principal = $1 AND revoked_at = 0 "
                      "AND expires_at > $2",
                      {principal, now}));
  if (!live || live->integer(0) < kLiveTokensPerPrincipalMax) return ok();
  return error(Code::kResourceExhausted, "too_many_tokens",
               "the principal has 10,000 live tokens already");
}

std::shared_ptr<const Principal> principal_of(const PrincipalRecord& record,
                                              const TokenRow& token) {
  auto principal = std::make_shared<Principal>();
  principal->name = record.name;
  principal->method = "token";
  principal->grants = record.grants;
  principal->token_accessor = token.accessor;
  principal->certificate_sha256 = token.certificate_sha256;
  principal->expires_at = from_micros(token.expires_at);
  return principal;
}

void raise(std::atomic<std::int64_t>& mark, std::int64_t value) {
  std::int64_t seen = mark.load(std::memory_order_relaxed);
  while (value > seen && !mark.compare_exchange_weak(seen, value, std::memory_order_relaxed)) {
  }
}

Status check_certificate(const CachedToken& token, std::string_view certificate) {
  const std::string& bound = token.row.certificate_sha256;
  if (bound.empty() || bound == certificate) return ok();
  return unauthenticated("certificate_mismatch",
                         "the token is bound to another client certificate");
}

Status write_last_use(store::Tx& tx, seal::Barrier& barrier, const CachedToken& token) {
  KW_TRY(auto row, find_token(tx, barrier, token.row.token_mac));
  const std::int64_t used = token.last_used.load();
  if (!row || row->revoked_at != 0 || row->last_used_at >= used) return ok();
  row->last_used_at = used;
  return update_token(tx, barrier, *row, row->epoch);
}

}  // namespace

Result<std::shared_ptr<CachedToken>> Access::State::load_token(std::string_view bearer,
                                                               const TokenCache::Key& key,
                                                               std::string_view certificate) {
  const std::uint64_t evictions = cache.evictions();
  const auto current = snapshot();
  const auto earlier = cache.find(key);
  KW_TRY(const auto token_mac, barrier.token_hmac(as_bytes(bearer)));
  std::optional<TokenRow> row;
  const auto work = [&](store::Reader& reader) -> Status {
    KW_TRY(row, find_token(reader, barrier, token_mac));
    return ok();
  };
  KW_OK(store.read(work));
  if (!row) {
    check_no_row(barrier);
    return unauthenticated("token_invalid", "the token is not known");
  }
  if (row->revoked_at != 0) return unauthenticated("token_revoked", "the token was revoked");
  const PrincipalRecord* record = current->enabled(row->principal);
  if (record == nullptr)
    return unauthenticated("token_revoked", "the token's principal is disabled");
  auto token =
      std::make_shared<CachedToken>(*row, principal_of(*record, *row), current->generation);
  if (earlier) raise(token->last_used, earlier->last_used.load());
  KW_OK(check_certificate(*token, certificate));
  KW_OK(check_alive(*token));
  if (!unsettled.holds(row->token_mac)) cache.insert(key, token, evictions);
  return token;
}

// Not expired and not idle too long; marks the use.
Status Access::State::check_alive(CachedToken& token) const {
  const std::int64_t now = to_micros(clock.wall());
  if (now >= token.row.expires_at) return unauthenticated("token_expired", "the token has expired");
  const std::int64_t idle_max = token.row.idle_seconds * microseconds(seconds(1)).count();
  if (idle_max > 0 && now - token.last_used.load(std::memory_order_relaxed) >= idle_max) {
    return unauthenticated("token_expired", "the token was not used for too long");
  }
  raise(token.last_used, now);
  return ok();
}

Result<std::shared_ptr<const Principal>> Access::authenticate_token(
    std::string_view bearer, std::string_view certificate_sha256_hex) {
  State& state = *state_;
  KW_OK(state.refuse_if_sealed());
  if (bearer.empty())
    return unauthenticated("token_missing", "send a token or a client certificate");
  if (!is_token_text(bearer)) {
    static_cast<void>(state.barrier.token_hmac(as_bytes(bearer.substr(0, kTextSize))));
    return unauthenticated("token_invalid", "the token is not known");
  }
  const TokenCache::Key key = state.cache.key_of(bearer);
  std::shared_ptr<CachedToken> token = state.cache.find(key);
  if (token) KW_OK(check_certificate(*token, certificate_sha256_hex));
  // A stale principal, or idleness that another node may know better, is settled by the store.
  if (!token || token->generation != state.generation() || !state.check_alive(*token)) {
    KW_TRY(token, state.load_token(bearer, key, certificate_sha256_hex));
  }
  return token->principal;
}

Result<IssuedToken> Access::issue_token(store::Tx& tx, const NewToken& token) {
  KW_FAILPOINT("auth.token.issue");
  const std::string& name = token.principal.text();
  KW_TRY(const auto principal, find_principal(tx, state_->barrier, name));
  if (!principal)
    return error(Code::kNotFound, "not_found", "there is no principal with this name");
  if (principal->record.disabled) {
    return error(Code::kFailedPrecondition, "principal_disabled", "the principal is disabled");
  }
  KW_OK(check_new_token(token, principal->record));
  const std::int64_t now = to_micros(state_->clock.wall());
  KW_OK(make_room(tx, name, now));

  IssuedToken issued;
  issued.text = WipedText(token.secret_id ? kSecretIdPrefix : kPrefix);
  issued.text += codec::wiped_base64url(crypto::random_secret(kTokenBytes).reveal(Reveal{}));
  issued.accessor = crypto::random_id<TokenId>().text();
  TokenRow row;
  KW_TRY(row.token_mac, state_->barrier.token_hmac(as_bytes(issued.text)));
  row.accessor = issued.accessor;
  row.principal = name;
  row.created_at = now;
  row.expires_at = now + duration_cast<microseconds>(token.time_to_live).count();
  row.idle_seconds = token.idle_max.count();
  row.last_used_at = now;
  row.certificate_sha256 = token.certificate_sha256;
  KW_OK(insert_token(tx, state_->barrier, row));
  issued.expires_at = from_micros(row.expires_at);
  return issued;
}

Status Access::revoke_token(store::Tx& tx, std::string_view accessor) {
  KW_TRY(auto row, find_token_by_accessor(tx, state_->barrier, accessor));
  if (!row) return error(Code::kNotFound, "not_found", "there is no token with this accessor");
  if (row->revoked_at != 0) return ok();
  const std::int64_t as_issued = row->epoch;
  KW_TRY(row->epoch, next_change(tx));
  row->revoked_at = to_micros(state_->clock.wall());
  KW_OK(update_token(tx, state_->barrier, *row, as_issued));
  // In this order: who reads the row before the commit either sees it unsettled or loses to the
  // eviction.
  state_->unsettled.add(row->token_mac, row->epoch);
  state_->cache.evict({row->token_mac});
  return ok();
}

Result<std::vector<TokenRecord>> Access::tokens(store::Reader& reader, std::string_view principal,
                                                std::string_view after, int limit) {
  KW_TRY(const auto rows,
         tokens_of(reader, state_->barrier, principal, after, std::clamp(limit, 1, kPageMax)));
  std::vector<TokenRecord> records;
  records.reserve(rows.size());
  for (const TokenRow& row : rows) {
    records.push_back({row.accessor, row.principal, from_micros(row.created_at),
                       from_micros(row.expires_at), from_micros(row.last_used_at),
                       row.revoked_at != 0});
  }
  return records;
}

Status Access::flush_last_used() {
  KW_FAILPOINT("auth.token.flush");
  KW_OK(state_->refuse_if_sealed());
  const std::int64_t now = to_micros(state_->clock.wall());
  const auto tokens = state_->cache.unwritten(now, kWritePause);
  for (std::size_t begin = 0; begin < tokens.size(); begin += kFlushBatch) {
    const std::size_t end = std::min(begin + kFlushBatch, tokens.size());
    const auto work = [&](store::Tx& tx) -> Status {
      for (std::size_t i = begin; i < end; ++i)
        KW_OK(write_last_use(tx, state_->barrier, *tokens[i]));
      return ok();
    };
    KW_OK(state_->store.write(work, store::Priority::kBackground));
    for (std::size_t i = begin; i < end; ++i) tokens[i]->written.store(now);
  }
  const auto work = [&](store::Tx& tx) -> Status {
    KW_OK(store_high_water(tx, state_->barrier, state_->clock));
    KW_OK(
        tx.execute("DELETE FROM token WHERE token_mac IN "
                   "(SELECT token_mac FROM token WHERE expires_at < $1 LIMIT 1000)",
                   {now - kKeepEnded}));
    return ok();
  };
  return state_->store.write(work, store::Priority::kBackground);
}

}  // namespace kw::auth
