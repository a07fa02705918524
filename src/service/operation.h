// One row of operations.def, and the table of all of them.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "auth/principal.h"

namespace kw::service {

enum class Plane : std::uint8_t { kPublic, kUse, kRead, kChange };

/// Names of the operations, in the order of operations.def.
enum class OperationId : std::uint8_t {
#define OPERATION(id, method, path, action, roles, plane, kind, summary) id,
#include "service/operations.def"
#undef OPERATION
};

struct Operation {
  OperationId id;
  std::string_view name;    ///< "key_encrypt"
  std::string_view method;  ///< "POST"
  std::string_view path;    ///< with {parameters}
  std::string_view action;  ///< "key:encrypt"
  std::string_view event;   ///< "key.encrypt"
  std::uint16_t roles;      ///< bit set of auth::Role
  Plane plane;
  std::string_view kind;
  std::string_view summary;
};

/// All operations; index = OperationId.
std::span<const Operation> operations();
const Operation& operation(OperationId id);
/// The roles that hold it by default.
std::vector<auth::Role> default_roles(const Operation& operation);
/// All action names, each once.
std::span<const std::string_view> actions();
/// All kinds of objects, each once.
std::span<const std::string_view> kinds();
/// The facts that policies may compare: see facts_of in gate.cc.
std::span<const std::string_view> facts();

}  // namespace kw::service
