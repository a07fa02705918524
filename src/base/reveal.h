// The one searchable name of danger: only files that include this header can look at secret bytes.
// `tests/house` holds the list of those files and why each needs it.
#pragma once

namespace kw {

/// Permission to look at the bytes of a secret. `secret.reveal(Reveal{})` borrows them; do not keep
/// the span.
struct Reveal {
  explicit Reveal() = default;
};

}  // namespace kw
