// Random policies, principals and questions: the evaluator agrees with an independent one, and its
// laws hold.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <random>

#include "auth/policy.h"
#include "auth/policy_set.h"
#include "auth/room_for_tests.h"

namespace kw::auth {
namespace {

constexpr int kCases = 120'000;

std::uint64_t seed() {
  const char* given = std::getenv("KW_SEED");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  const std::uint64_t value =
      given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  std::cout << "seed: KW_SEED=" << value << '\n';
  return value;
}

struct Case {
  Principal principal;
  Question question;
  std::vector<Statement> statements;
};

class Generator {
 public:
  explicit Generator(std::uint64_t from) : random_(from) {}

  std::size_t below(std::size_t n) {
    return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_);
  }
  bool chance(int percent) { return below(100) < static_cast<std::size_t>(percent); }
  template <typename T>
  const T& one(const std::vector<T>& from) {
    return from[below(from.size())];
  }
  template <typename T>
  std::vector<T> some(const std::vector<T>& from, std::size_t most) {
    std::vector<T> chosen;
    for (std::size_t n = 1 + below(most); n > 0; --n) chosen.push_back(one(from));
    return chosen;
  }

  Statement statement(Effect effect) {
    const bool forbid = effect == Effect::kForbid;
    Statement statement;
    statement.effect = effect;
    statement.where = "p:" + std::to_string(++line_);
    if (!forbid || chance(80)) {
      if (chance(50)) {
        statement.principals = some(people_, 2);
      } else {
        statement.roles = some(roles_, 2);
      }
    }
    if (!forbid || chance(80)) statement.actions = some(actions_, 2);
    if (!forbid || chance(80)) statement.tenant = one(tenants_);
    if (!forbid || chance(80)) statement.kind = one(kinds_);
    if (chance(40)) statement.names = some(names_, 2);
    if (statement.names.empty() && chance(40)) statement.prefix = one(prefixes_);
    while (chance(25)) statement.when[one(facts_)] = one(values_);
    return statement;
  }

  Case next() {
    Case made;
    made.principal.name = one(people_);
    for (std::size_t n = below(3); n > 0; --n) {
      made.principal.grants.push_back({one(roles_), chance(30) ? "*" : one(tenants_)});
    }
    made.question.action = one(actions_);
    made.question.tenant = chance(10) ? std::string_view() : std::string_view(one(tenants_));
    made.question.kind = one(kinds_);
    made.question.name = chance(10) ? std::string_view() : std::string_view(one(names_));
    if (chance(70)) made.question.roles = some(roles_, 2);
    for (const std::string& fact : facts_) {
      if (chance(70)) made.question.facts[fact] = one(values_);
    }
    for (std::size_t n = below(6); n > 0; --n) {
      made.statements.push_back(statement(chance(70) ? Effect::kPermit : Effect::kForbid));
    }
    return made;
  }

  std::mt19937_64& random() { return random_; }

 private:
  std::mt19937_64 random_;
  int line_ = 0;
  const std::vector<std::string> people_ = {"ann", "bob", "Ann"};
  const std::vector<Role> roles_ = {Role::kKeyAdmin, Role::kKeyUser,  Role::kApprover,
                                    Role::kAuditor,  Role::kOperator, Role::kScheduler};
  const std::vector<std::string> actions_ = {"key:encrypt", "key:decrypt", "key:rotate"};
  const std::vector<std::string> tenants_ = {"acme", "globex"};
  const std::vector<std::string> kinds_ = {"key", "secret"};
  const std::vector<std::string> names_ = {"a",  "ab",  "abc", "b",   "*",
                                           "a*", "a,b", "a/b", "[a]", "?"};
  const std::vector<std::string> prefixes_ = {"a", "ab", "b"};
  const std::vector<std::string> facts_ = {"classification", "owner"};
  const std::vector<std::string> values_ = {"internal", "restricted", "*", "internal,restricted"};
};

// The reference: slow and literal, straight from the rules in auth/policy.h, sharing no code with
// the evaluator.
namespace reference {

bool listed(const std::vector<std::string>& list, std::string_view word) {
  for (const std::string& entry : list) {
    if (entry == word) return true;
  }
  return false;
}

bool holds(const Principal& who, Role role, std::string_view tenant) {
  for (const Grant& grant : who.grants) {
    if (grant.role != role) continue;
    if (grant.tenant == "*") return true;
    if (!tenant.empty() && grant.tenant == tenant) return true;
  }
  return false;
}

bool applies(const Statement& s, const Principal& who, const Question& q) {
  const bool forbid = s.effect == Effect::kForbid;
  bool subject = forbid && s.principals.empty() && s.roles.empty();
  if (listed(s.principals, who.name)) subject = true;
  for (const Role role : s.roles) subject = subject || holds(who, role, q.tenant);
  const bool action = (forbid && s.actions.empty()) || listed(s.actions, q.action);
  const bool tenant = (forbid && s.tenant.empty()) || (!s.tenant.empty() && s.tenant == q.tenant);
  const bool kind = (forbid && s.kind.empty()) || (!s.kind.empty() && s.kind == q.kind);
  bool name = s.names.empty() && s.prefix.empty();
  if (!q.name.empty()) {
    if (listed(s.names, q.name)) name = true;
    if (!s.prefix.empty() && q.name.substr(0, s.prefix.size()) == s.prefix) name = true;
  }
  bool facts = true;
  for (const auto& [fact, value] : s.when) {
    if (q.facts.count(fact) == 0) {
      facts = facts && forbid;
    } else {
      facts = facts && q.facts.at(fact) == value;
    }
  }
  return subject && action && tenant && kind && name && facts;
}

bool conflict(const Grant& held, Role lent, std::string_view tenant) {
  if (held.role == lent) return false;
  if (held.tenant != "*" && held.tenant != tenant) return false;
  if (held.role == Role::kAuditor || lent == Role::kAuditor) return true;
  if (held.role == Role::kKeyAdmin) return lent == Role::kKeyUser || lent == Role::kApprover;
  if (lent == Role::kKeyAdmin) return held.role == Role::kKeyUser || held.role == Role::kApprover;
  return false;
}

bool lendable(const Principal& who, const Question& q) {
  if (q.roles.empty()) return true;
  for (const Role role : q.roles) {
    bool free = role != Role::kScheduler;
    for (const Grant& grant : who.grants) free = free && !conflict(grant, role, q.tenant);
    if (free) return true;
  }
  return false;
}

bool allowed(const Case& c) {
  bool permitted = false;
  for (const Statement& s : c.statements) {
    if (!applies(s, c.principal, c.question)) continue;
    if (s.effect == Effect::kForbid) return false;
    permitted = true;
  }
  for (const Role role : c.question.roles) {
    if (holds(c.principal, role, c.question.tenant)) return true;
  }
  return permitted && lendable(c.principal, c.question);
}

}  // namespace reference

bool allows(const Case& c) {
  return decide(c.principal, c.question, c.statements).allowed;
}

TEST(DecideProperty, agrees_with_an_independent_evaluator) {
  Generator generate(seed());
  int allowed = 0;
  for (int i = 0; i < kCases; ++i) {
    const Case c = generate.next();
    ASSERT_EQ(allows(c), reference::allowed(c)) << "case " << i;
    if (allows(c)) ++allowed;
  }
  // Both answers must be common, or agreement means nothing.
  EXPECT_GT(allowed, kCases / 10);
  EXPECT_LT(allowed, kCases * 9 / 10);
}

TEST(DecideProperty, another_forbid_never_allows_more) {
  Generator generate(seed());
  int taken_away = 0;
  for (int i = 0; i < kCases; ++i) {
    Case c = generate.next();
    const bool before = allows(c);
    const auto at = static_cast<std::ptrdiff_t>(generate.below(c.statements.size() + 1));
    c.statements.insert(c.statements.begin() + at, generate.statement(Effect::kForbid));
    const bool after = allows(c);
    ASSERT_FALSE(after && !before) << "case " << i;
    if (before && !after) ++taken_away;
  }
  EXPECT_GT(taken_away, kCases / 1000);
}

TEST(DecideProperty, another_permit_never_allows_less) {
  Generator generate(seed());
  for (int i = 0; i < kCases; ++i) {
    Case c = generate.next();
    const bool before = allows(c);
    c.statements.push_back(generate.statement(Effect::kPermit));
    ASSERT_FALSE(before && !allows(c)) << "case " << i;
  }
}

TEST(DecideProperty, order_does_not_matter) {
  Generator generate(seed());
  for (int i = 0; i < kCases; ++i) {
    Case c = generate.next();
    const bool before = allows(c);
    std::shuffle(c.statements.begin(), c.statements.end(), generate.random());
    ASSERT_EQ(allows(c), before) << "case " << i;
  }
}

// Renames what a policy compares by equality: characters that other systems treat as patterns mean
// nothing here.
TEST(DecideProperty, values_with_special_characters_decide_as_opaque_ones) {
  Generator generate(seed());
  const auto opaque = [](const std::string& value) {
    std::string hex = "v";
    for (const char c : value) hex += std::to_string(static_cast<int>(c)) + "x";
    return hex;
  };
  for (int i = 0; i < kCases; ++i) {
    Case c = generate.next();
    const bool before = allows(c);
    for (Statement& statement : c.statements) {
      for (auto& condition : statement.when) condition.second = opaque(condition.second);
    }
    for (auto& fact : c.question.facts) fact.second = opaque(fact.second);
    ASSERT_EQ(allows(c), before) << "case " << i;
  }
}

// As text for put_policy: what the index over tenants and actions answers must be what the plain
// list answers.
std::string yaml_of(const Statement& s) {
  const auto list = [](const std::vector<std::string>& words) {
    std::string text = "[";
    for (const std::string& word : words) text += (text.size() > 1 ? ", " : "") + word;
    return text + "]";
  };
  std::string text =
      std::string("  - effect: ") + (s.effect == Effect::kPermit ? "permit\n" : "forbid\n");
  std::vector<std::string> roles;
  for (const Role role : s.roles) roles.emplace_back(role_name(role));
  if (!s.principals.empty()) text += "    principals: " + list(s.principals) + "\n";
  if (!roles.empty()) text += "    roles: " + list(roles) + "\n";
  if (!s.actions.empty()) text += "    actions: " + list(s.actions) + "\n";
  if (!s.tenant.empty()) text += "    tenant: " + s.tenant + "\n";
  if (!s.kind.empty()) text += "    kind: " + s.kind + "\n";
  return text;
}

TEST(DecideProperty, the_index_answers_as_the_plain_list) {
  Generator generate(seed());
  for (int i = 0; i < 3000; ++i) {
    Case c = generate.next();
    PolicySet set;
    std::vector<PolicyRow> rows;
    for (Statement& s : c.statements) {
      s.names.clear();
      s.prefix.clear();
      s.when.clear();
      const std::string tenant = generate.chance(50) ? s.tenant : "";
      const std::string name = "p" + std::to_string(rows.size());
      rows.push_back({tenant, name, "statements:\n" + yaml_of(s), false, 1});
    }
    auto filled = set.with(rows, test_vocabulary());
    ASSERT_TRUE(filled) << filled.error().message;
    const auto candidates = filled->candidates(c.question.tenant, c.question.action);
    ASSERT_EQ(evaluate(c.principal, c.question, candidates, Duties::kEnforce).allowed, allows(c))
        << "case " << i;
  }
}

}  // namespace
}  // namespace kw::auth
