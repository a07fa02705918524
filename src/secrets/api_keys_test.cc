#include "secrets/api_keys.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/reveal.h"
#include "cluster/cluster.h"
#include "crypto/random.h"
#include "seal/seal.h"

namespace kw::secrets {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

template <typename T>
T must(Result<T> result) {
  if (!result) ADD_FAILURE() << result.error().reason << ": " << result.error().message;
  return *std::move(result);
}
void must(const Status& status) {
  if (!status) ADD_FAILURE() << status.error().reason << ": " << status.error().message;
}
template <typename T>
std::string reason_of(const Result<T>& result) {
  return result ? std::string() : result.error().reason;
}

Result<std::int64_t> tenant_number(store::Reader&, std::string_view name) {
  if (name == "acme") return std::int64_t{1};
  if (name == "globex") return std::int64_t{2};
  return error(Code::kNotFound, "not_found", "no such tenant");
}

class ApiKeysTest : public testing::Test {
 protected:
  ApiKeysTest() {
    folder_ = (std::filesystem::temp_directory_path() / "kw-apikeys-XXXXXX").string();
    KW_CHECK(::mkdtemp(folder_.data()) != nullptr);
    store = must(store::open("sqlite://" + folder_ + "/keys.db"));
    for (const auto room :
         {seal::migrations(), audit::migrations(), cluster::migrations(), api_key_migrations()})
      must(store->migrate(room));
    barrier = std::make_unique<seal::Barrier>(*store, clock);
    const seal::RootKey root(crypto::random_secret(32));
    must(barrier->install(&root));
    log = std::make_unique<audit::ChangeLog>(*store, clock, "node-1", "test/audit");
    keys =
        std::make_unique<ApiKeys>(ApiKeyFoundations{*store, *barrier, *log, clock, tenant_number});
    event.action = "api-key.test";
    event.actor = "alice";
  }
  ~ApiKeysTest() override {
    keys.reset();
    log.reset();
    barrier.reset();
    store.reset();
    std::filesystem::remove_all(folder_);
  }

  template <typename Work>
  auto change(Work work) -> decltype(work(std::declval<rotation::Change>())) {
    std::optional<decltype(work(std::declval<rotation::Change>()))> outcome;
    const Status written = store->write([&](store::Tx& tx) -> Status {
      outcome.emplace(work(rotation::Change{tx, event}));
      if (!*outcome) return outcome->error();
      return ok();
    });
    if (!written) return written.error();
    return *std::move(outcome);
  }
  Result<IssuedApiKey> issue(std::string_view client, seconds lifetime = seconds(0)) {
    return change([&](auto c) { return keys->issue(c, "acme", client, lifetime); });
  }
  Result<IssuedApiKey> rotate(std::string_view client, seconds grace) {
    return change([&](auto c) { return keys->rotate(c, "acme", client, seconds(0), grace); });
  }
  Result<ApiKey> move(const ApiKeyId& id, ApiKeyState to, std::string_view tenant = "acme") {
    return change([&](auto c) { return keys->move(c, tenant, id, to); });
  }
  std::string check(const IssuedApiKey& issued, std::string_view tenant = "acme") {
    return reason_of(keys->verify(tenant, issued.text.reveal(Reveal{})));
  }

  FakeClock clock{from_micros(1'800'000'000'000'000)};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<seal::Barrier> barrier;
  std::unique_ptr<audit::ChangeLog> log;
  std::unique_ptr<ApiKeys> keys;
  audit::Event event;

 private:
  std::string folder_;
};

TEST_F(ApiKeysTest, a_key_says_who_it_is_and_the_store_does_not_have_it) {
  const IssuedApiKey issued = must(issue("billing"));
  const std::string text(as_text(issued.text.reveal(Reveal{})));
  EXPECT_EQ(text.size(), kApiKeyTextBytes);
  EXPECT_TRUE(text.starts_with("kwk_" + issued.key.id.text() + "_"));
  const ApiKey found = must(keys->verify("acme", as_bytes(text)));
  EXPECT_EQ(found.client, "billing");
  EXPECT_EQ(found.number, 1u);
  must(store->read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row, reader.query_one("SELECT digest FROM api_key", {}));
    EXPECT_EQ(row->bytes(0).size(), 32u);
    EXPECT_NE(row->bytes(0), to_bytes(crypto::sha256(as_bytes(text))));
    return ok();
  }));
}

TEST_F(ApiKeysTest, whatever_is_wrong_with_a_text_the_answer_is_one) {
  const IssuedApiKey mine = must(issue("billing"));
  const IssuedApiKey other = must(issue("shop"));
  const std::string text(as_text(mine.text.reveal(Reveal{})));
  std::string mixed =
      text.substr(0, 37) + std::string(as_text(other.text.reveal(Reveal{}))).substr(37);
  std::string last = text;
  last.back() = last.back() == 'A' ? 'B' : 'A';
  for (const std::string& wrong :
       {std::string(), std::string("kwk_"), text.substr(1), text + "A", mixed, last,
        "kwk_" + std::string(32, '0') + text.substr(36), std::string(kApiKeyTextBytes, 'x')})
    EXPECT_EQ(reason_of(keys->verify("acme", as_bytes(wrong))), "api_key_refused") << wrong;
  EXPECT_EQ(check(mine, "globex"), "api_key_refused");
  EXPECT_EQ(check(mine, "nobody"), "not_found");
  EXPECT_EQ(check(mine), "");
}

TEST_F(ApiKeysTest, a_rotation_leaves_both_until_the_grace_is_over) {
  IssuedApiKey old = must(issue("billing"));
  for (int round = 0; round < 10; ++round) {
    IssuedApiKey fresh = must(rotate("billing", hours(24)));
    EXPECT_EQ(fresh.key.number, static_cast<std::uint32_t>(round + 2));
    EXPECT_EQ(check(old), "");
    EXPECT_EQ(check(fresh), "");
    EXPECT_EQ(reason_of(rotate("billing", hours(24))), "no_free_slot");
    EXPECT_EQ(reason_of(issue("billing")), "no_free_slot");
    clock.advance(hours(24));
    EXPECT_EQ(check(old), "api_key_refused");
    EXPECT_EQ(check(fresh), "");
    old = std::move(fresh);
  }
  EXPECT_EQ(reason_of(rotate("nobody", hours(1))), "no_key");
}

TEST_F(ApiKeysTest, an_emergency_rotation_has_no_grace) {
  const IssuedApiKey old = must(issue("billing"));
  const IssuedApiKey fresh = must(rotate("billing", seconds(0)));
  EXPECT_EQ(check(old), "api_key_refused");
  EXPECT_EQ(check(fresh), "");
}

TEST_F(ApiKeysTest, a_suspended_key_comes_back_and_a_revoked_one_never) {
  const IssuedApiKey issued = must(issue("billing"));
  must(move(issued.key.id, ApiKeyState::kSuspended));
  EXPECT_EQ(check(issued), "api_key_refused");
  must(move(issued.key.id, ApiKeyState::kLive));
  EXPECT_EQ(check(issued), "");
  must(move(issued.key.id, ApiKeyState::kRevoked));
  must(move(issued.key.id, ApiKeyState::kRevoked));
  EXPECT_EQ(check(issued), "api_key_refused");
  EXPECT_EQ(reason_of(move(issued.key.id, ApiKeyState::kLive)), "invalid_transition");
  EXPECT_EQ(reason_of(move(issued.key.id, ApiKeyState::kRevoked, "globex")), "not_found");
}

TEST_F(ApiKeysTest, a_third_key_does_not_become_live_by_coming_back) {
  const IssuedApiKey first = must(issue("billing"));
  must(move(first.key.id, ApiKeyState::kSuspended));
  must(issue("billing"));
  must(issue("billing"));
  EXPECT_EQ(reason_of(move(first.key.id, ApiKeyState::kLive)), "no_free_slot");
}

TEST_F(ApiKeysTest, uses_are_counted_per_key_so_the_old_one_is_seen_to_drain) {
  const IssuedApiKey old = must(issue("billing"));
  const IssuedApiKey fresh = must(rotate("billing", hours(24)));
  const WallTime first = clock.wall();
  check(old);
  clock.advance(hours(1));
  check(fresh);
  check(fresh);
  const auto all = must(keys->list("acme", "billing"));
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].number, 2u);
  EXPECT_EQ(all[0].uses, 2);
  EXPECT_EQ(all[1].uses, 1);
  EXPECT_EQ(all[1].last_used, first);
  EXPECT_EQ(must(keys->list("acme", "")).size(), 2u);
  EXPECT_TRUE(must(keys->list("globex", "")).empty());
}

TEST_F(ApiKeysTest, a_key_ends_at_its_own_end_even_within_a_longer_grace) {
  const IssuedApiKey short_lived = must(issue("billing", hours(1)));
  must(rotate("billing", hours(24)));
  clock.advance(hours(1));
  EXPECT_EQ(check(short_lived), "api_key_refused");
}

TEST_F(ApiKeysTest, a_row_that_was_changed_behind_our_back_is_not_believed) {
  const IssuedApiKey issued = must(issue("billing"));
  must(move(issued.key.id, ApiKeyState::kSuspended));
  must(store->write([](store::Tx& tx) -> Status {
    KW_OK(tx.execute("UPDATE api_key SET state = 'live'", {}));
    return ok();
  }));
  EXPECT_EQ(check(issued), "row_tampered");
}

TEST_F(ApiKeysTest, a_client_has_a_name) {
  for (const char* name : {"", ".", "a b", "../x", "a/b"})
    EXPECT_EQ(reason_of(issue(name)), "bad_name") << name;
}

}  // namespace
}  // namespace kw::secrets
