#include "service/operation.h"

#include <algorithm>
#include <array>
#include <string>

namespace kw::service {

namespace {

constexpr std::uint16_t bit(auth::Role role) {
  return static_cast<std::uint16_t>(1u << static_cast<unsigned>(role));
}
constexpr std::uint16_t KA = bit(auth::Role::kKeyAdmin);
constexpr std::uint16_t KU = bit(auth::Role::kKeyUser);
constexpr std::uint16_t SO = bit(auth::Role::kSecurityOfficer);
constexpr std::uint16_t AP = bit(auth::Role::kApprover);
constexpr std::uint16_t TO = bit(auth::Role::kTenantOwner);
constexpr std::uint16_t AC = bit(auth::Role::kArchiveCustodian);
constexpr std::uint16_t AU = bit(auth::Role::kAuditor);
constexpr std::uint16_t OP = bit(auth::Role::kOperator);
constexpr std::uint16_t SCH = bit(auth::Role::kScheduler);
constexpr std::uint16_t SETUP = bit(auth::Role::kSetup);
constexpr std::uint16_t SA = bit(auth::Role::kSecretAdmin);
constexpr std::uint16_t SU = bit(auth::Role::kSecretUser);
constexpr std::uint16_t NOBODY = 0;
constexpr std::uint16_t ANYONE = (1u << auth::kRoleCount) - 1;

// Turns "key:encrypt" into "key.encrypt" at compile time.
template <std::size_t N>
struct Dotted {
  std::array<char, N> text{};
  explicit constexpr Dotted(const char (&action)[N]) {
    for (std::size_t i = 0; i < N; ++i) text[i] = action[i] == ':' ? '.' : action[i];
  }
  constexpr std::string_view view() const { return {text.data(), N - 1}; }
};

#define OPERATION(id, method, path, action, roles, plane, kind, summary) \
  constexpr Dotted kEvent_##id(action);
#include "service/operations.def"
#undef OPERATION

constexpr Operation kOperations[] = {
#define OPERATION(id, method, path, action, roles, plane, kind, summary) \
  {OperationId::id,    #id,     #method,      path, action,              \
   kEvent_##id.view(), (roles), Plane::plane, kind, summary},
#include "service/operations.def"
#undef OPERATION
};

std::vector<std::string_view> distinct(std::string_view Operation::*column) {
  std::vector<std::string_view> all;
  for (const Operation& row : kOperations) all.push_back(row.*column);
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

}  // namespace

std::span<const Operation> operations() {
  return kOperations;
}

const Operation& operation(OperationId id) {
  return kOperations[static_cast<std::size_t>(id)];
}

std::vector<auth::Role> default_roles(const Operation& row) {
  std::vector<auth::Role> roles;
  for (int i = 0; i < auth::kRoleCount; ++i) {
    const auto role = static_cast<auth::Role>(i);
    if ((row.roles & bit(role)) != 0) roles.push_back(role);
  }
  return roles;
}

std::span<const std::string_view> actions() {
  static const std::vector<std::string_view> all = distinct(&Operation::action);
  return all;
}

std::span<const std::string_view> kinds() {
  static const std::vector<std::string_view> all = distinct(&Operation::kind);
  return all;
}

std::span<const std::string_view> facts() {
  static constexpr std::string_view kFacts[] = {"classification", "owner", "purpose"};
  return kFacts;
}

}  // namespace kw::service
