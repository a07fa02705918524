// What a version holds: bytes, or texts by name. Lives in the arena in the form in which it is
// sealed; this is the one file that knows that form.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "secrets/model.h"

namespace kw::secrets {

/// Texts by name, each once, in the order of their names.
using Fields = std::vector<std::pair<std::string, SecretBytes>>;

/// Move-only. Thread-safety: as std::vector.
class Value {
 public:
  Value() = default;
  /// @errors kInvalidArgument(bad_value): empty, or more than kValueBytesMax
  static Result<Value> of_bytes(SecretBytes bytes);
  /// @errors kInvalidArgument(bad_field): no field or too many, a name that is no [a-z0-9_]{1,64},
  ///   a name twice, a value that is no UTF-8; kInvalidArgument(bad_value): too long in all
  static Result<Value> of_fields(Fields fields);
  /// What a cell of a secret of this shape held. @errors kDataLoss(bad_value)
  static Result<Value> from_sealed(Shape shape, SecretBytes sealed);

  bool structured() const { return structured_; }
  const SecretBytes& sealed_form() const { return form_; }
  Value clone() const;
  /// The names of the fields; empty for bytes.
  Result<std::vector<std::string>> names() const;
  /// The field, or for "" the bytes as a whole. @errors kNotFound(no_such_field)
  Result<SecretBytes> part(std::string_view name) const;
  /// A field that is no secret by itself, such as a user name. @errors kNotFound(no_such_field)
  Result<std::string> text_of(std::string_view name) const;
  /// Every part with its name: fields, or ("", bytes).
  Result<Fields> parts() const;
  /// This with `changes` put over its fields.
  Result<Value> with(Fields changes) const;

 private:
  Value(bool structured, SecretBytes form) : structured_(structured), form_(std::move(form)) {}
  bool structured_ = false;
  SecretBytes form_;
};

}  // namespace kw::secrets
