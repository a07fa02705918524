// Result<T>: a value or an Error, shaped like std::expected (which neither supported compiler has
// in C++20).
//
//   Result<Port> parse_port(std::string_view text);
//   Result<Listener> open(std::string_view text) {
//     KW_TRY(Port port, parse_port(text));      // returns the Error to our caller
//     return Listener{port};
//   }
#pragma once

#include <optional>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace kw {

/// A value of `T`, or why there is none. Reading the value of a failed result aborts.
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}  // NOLINT(*-explicit-*)
  Result(Error failure)
      : content_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT(*-explicit-*)

  bool has_value() const noexcept { return content_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return checked(); }
  const T& value() const& { return const_cast<Result*>(this)->checked(); }
  T&& value() && { return std::move(checked()); }
  T& operator*() & { return checked(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& {
    KW_CHECK(!has_value());
    return std::get<1>(content_);
  }
  Error&& error() && {
    KW_CHECK(!has_value());
    return std::get<1>(std::move(content_));
  }

 private:
  T& checked() {
    KW_CHECK(has_value());
    return std::get<0>(content_);
  }

  std::variant<T, Error> content_;
};

/// Success without a value, or why not.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error failure) : failure_(std::move(failure)) {}  // NOLINT(*-explicit-*)

  bool has_value() const noexcept { return !failure_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }

  const Error& error() const& {
    KW_CHECK(!has_value());
    return *failure_;
  }
  Error&& error() && {
    KW_CHECK(!has_value());
    return *std::move(failure_);
  }

 private:
  std::optional<Error> failure_;
};

using Status = Result<void>;

/// The successful Status, for readability: `return ok();`
inline Status ok() {
  return {};
}

}  // namespace kw

// A fresh name per use: macros nest when a lambda inside one of them uses them too.
#define KW_TRY_CONCAT_(a, b) a##b
#define KW_TRY_NAME_(number) KW_TRY_CONCAT_(kw_try_result_, number)

// Statements, never expressions: an early return out of an aggregate initialiser would skip
// destructors. `KW_TRY(auto key, load(id));` binds the value or returns the error to the caller.
#define KW_TRY(declaration, ...) KW_TRY_AS_(KW_TRY_NAME_(__COUNTER__), declaration, __VA_ARGS__)
#define KW_TRY_AS_(name, declaration, ...) \
  auto name = (__VA_ARGS__);               \
  if (!name.has_value()) [[unlikely]]      \
    return std::move(name).error();        \
  declaration = *std::move(name)

// `KW_OK(tx.execute(...));` returns the error of a Status or Result whose value is not needed.
#define KW_OK(...) KW_OK_AS_(KW_TRY_NAME_(__COUNTER__), __VA_ARGS__)
#define KW_OK_AS_(name, ...)                                       \
  do {                                                             \
    if (auto name = (__VA_ARGS__); !name.has_value()) [[unlikely]] \
      return std::move(name).error();                              \
  } while (false)
