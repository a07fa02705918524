// Locked memory for secrets: never swapped, never dumped, wiped when freed, wiped in a forked
// child. A process that never forks gets it from memfd_secret(2) where the kernel has that: not
// even a debugger reads it then.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"

namespace kw {

/// The process's memory for secrets. Thread-safe. It is the one process-wide object of the house
/// (docs/adr/0002): a SecretBytes may outlive any owner that could be injected.
class SecretArena {
 public:
  enum class Unlocked : std::uint8_t { kRefuse, kAllow };
  /// kNever: the process promises not to fork; a forked child would have no arena at all.
  enum class Forks : std::uint8_t { kPossible, kNever };

  /// Reserves the arena. Call once at start, before the first secret; without a call the first
  /// secret reserves it.
  ///
  /// @param unlocked  kAllow goes on when the machine refuses to lock memory; the caller audits
  /// that.
  /// @errors kFailedPrecondition(memory_not_lockable): raise RLIMIT_MEMLOCK or allow it by name.
  static Status reserve(Unlocked unlocked, Forks forks = Forks::kPossible);

  /// A slot of at least `size` bytes, zeroed. Never null: aborts when the machine has no memory
  /// left.
  static void* take(std::size_t size);
  /// Wipes and returns the slot; checks the canaries around it (overflow aborts).
  static void give_back(void* slot, std::size_t size) noexcept;
  /// True when `address` lies inside the arena.
  static bool holds(const void* address);
  /// Bytes reserved in locked mappings; 0 before the first use.
  static std::size_t reserved_bytes();
  /// False when the arena had to go on without locked pages.
  static bool locked();
};

}  // namespace kw
