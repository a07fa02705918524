#include "auth/evaluation.h"

#include <algorithm>

namespace kw::auth {
namespace {

// A denial explains itself from at most this many statements: explaining must not cost more than
// deciding.
constexpr std::size_t kExplainedMax = 1000;

struct Comparison {
  int agreed = 0;
  std::string_view differs;  // the first part that does not match; empty when all match
};

bool subject_matches(const Statement& statement, const Principal& principal,
                     std::string_view tenant) {
  if (statement.principals.empty() && statement.roles.empty())
    return statement.effect == Effect::kForbid;
  const auto& names = statement.principals;
  if (std::find(names.begin(), names.end(), principal.name) != names.end()) return true;
  return std::any_of(statement.roles.begin(), statement.roles.end(),
                     [&](Role role) { return principal.has(role, tenant); });
}

bool action_matches(const Statement& statement, std::string_view action) {
  const auto& actions = statement.actions;
  if (actions.empty()) return statement.effect == Effect::kForbid;
  return std::find(actions.begin(), actions.end(), action) != actions.end();
}

bool word_matches(const Statement& statement, std::string_view wanted, std::string_view given) {
  return wanted.empty() ? statement.effect == Effect::kForbid : wanted == given;
}

bool name_matches(const Statement& statement, std::string_view name) {
  const auto& names = statement.names;
  if (names.empty() && statement.prefix.empty()) return true;
  if (name.empty()) return false;
  if (!statement.prefix.empty() && name.starts_with(statement.prefix)) return true;
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool facts_match(const Statement& statement, const Question& question) {
  return std::all_of(statement.when.begin(), statement.when.end(), [&](const auto& condition) {
    const auto fact = question.facts.find(condition.first);
    // What cannot be judged is refused: a permit does not match, a forbid does.
    if (fact == question.facts.end()) return statement.effect == Effect::kForbid;
    return fact->second == condition.second;
  });
}

bool matches(const Statement& statement, const Principal& principal, const Question& question) {
  return action_matches(statement, question.action) &&
         word_matches(statement, statement.tenant, question.tenant) &&
         word_matches(statement, statement.kind, question.kind) &&
         name_matches(statement, question.name) &&
         subject_matches(statement, principal, question.tenant) && facts_match(statement, question);
}

Comparison compare(const Statement& statement, const Principal& principal,
                   const Question& question) {
  const std::array<std::pair<std::string_view, bool>, 6> parts = {{
      {"principal", subject_matches(statement, principal, question.tenant)},
      {"action", action_matches(statement, question.action)},
      {"tenant", word_matches(statement, statement.tenant, question.tenant)},
      {"kind", word_matches(statement, statement.kind, question.kind)},
      {"name", name_matches(statement, question.name)},
      {"condition", facts_match(statement, question)},
  }};
  Comparison result;
  for (const auto& [part, agrees] : parts) {
    if (agrees) ++result.agreed;
    if (!agrees && result.differs.empty()) result.differs = part;
  }
  return result;
}

std::string nearest_permit(const Principal& principal, const Question& question,
                           const Candidates& candidates) {
  const Statement* nearest = nullptr;
  Comparison best;
  std::size_t seen = 0;
  for (const StatementList& list : candidates.all) {
    for (const Statement* statement : list) {
      if (seen++ == kExplainedMax) break;
      if (statement->effect != Effect::kPermit) continue;
      const Comparison comparison = compare(*statement, principal, question);
      if (nearest != nullptr && comparison.agreed <= best.agreed) continue;
      nearest = statement;
      best = comparison;
    }
  }
  if (nearest == nullptr) return "no permit matches";
  return "no permit matches; nearest is " + nearest->where + ", whose " +
         std::string(best.differs) + " differs";
}

// A permit lends a role that holds the action. The service's own role is never lent.
bool may_lend(const Principal& principal, const Question& question) {
  if (question.roles.empty()) return true;
  return std::any_of(question.roles.begin(), question.roles.end(), [&](Role role) {
    if (role == Role::kScheduler) return false;
    const Grant loan{role, std::string(question.tenant)};
    return std::none_of(principal.grants.begin(), principal.grants.end(),
                        [&](const Grant& grant) { return duties_conflict(grant, loan); });
  });
}

}  // namespace

Decision evaluate(const Principal& principal, const Question& question,
                  const Candidates& candidates, Duties duties) {
  const auto held = std::find_if(question.roles.begin(), question.roles.end(),
                                 [&](Role role) { return principal.has(role, question.tenant); });
  const bool has_role = held != question.roles.end();
  const Statement* permit = nullptr;
  for (const StatementList& list : candidates.relevant) {
    for (const Statement* statement : list) {
      const bool needless = has_role || permit != nullptr;
      if (needless && statement->effect == Effect::kPermit) continue;
      if (!matches(*statement, principal, question)) continue;
      if (statement->effect == Effect::kForbid) return {false, statement->where + " forbids"};
      permit = statement;
    }
  }
  if (has_role) return {true, "role " + std::string(role_name(*held))};
  if (permit == nullptr) return {false, nearest_permit(principal, question, candidates)};
  if (duties == Duties::kEnforce && !may_lend(principal, question)) {
    return {false,
            permit->where + " permits, but separation of duties forbids it to this principal"};
  }
  return {true, permit->where + " permits"};
}

Decision decide(const Principal& principal, const Question& question,
                const std::vector<Statement>& statements, Duties duties) {
  std::vector<const Statement*> list;
  list.reserve(statements.size());
  for (const Statement& statement : statements) list.push_back(&statement);
  Candidates candidates;
  candidates.relevant[0] = list;
  candidates.all[0] = list;
  return evaluate(principal, question, candidates, duties);
}

}  // namespace kw::auth
