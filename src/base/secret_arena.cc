#include "base/secret_arena.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <mutex>
#include <vector>

#include "base/secret_bytes.h"

#if defined(__SANITIZE_ADDRESS__)
#define KW_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KW_ASAN 1
#endif
#endif
#ifdef KW_ASAN
#include <sanitizer/asan_interface.h>
#define KW_POISON(address, size) __asan_poison_memory_region(address, size)
#define KW_UNPOISON(address, size) __asan_unpoison_memory_region(address, size)
#else
#define KW_POISON(address, size) static_cast<void>(0)
#define KW_UNPOISON(address, size) static_cast<void>(0)
#endif

namespace kw {

namespace {

constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::size_t kCanaryBytes = 16;
constexpr std::size_t kSmallestSlot = 64;
constexpr std::size_t kClasses =
    12;  // slots of 64 B to 128 KiB; larger secrets get a mapping of their own
constexpr std::uint8_t kCanary = 0xA7;

struct Mapping {
  std::uint8_t* begin = nullptr;
  std::size_t size = 0;
  bool contains(const void* address) const {
    const auto* at = static_cast<const std::uint8_t*>(address);
    return at >= begin && at < begin + size;
  }
};

// Memory that the kernel itself cannot read through its direct map, nor a debugger through ptrace.
// Absent in older kernels and where it is switched off: then locked anonymous memory serves.
bool map_secret_memory(std::uint8_t* begin, std::size_t size) {
#ifdef SYS_memfd_secret
  const int file = static_cast<int>(syscall(SYS_memfd_secret, 0));
  if (file < 0) return false;
  void* mapped = MAP_FAILED;
  if (ftruncate(file, static_cast<off_t>(size)) == 0) {
    mapped = mmap(begin, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0);
  }
  close(file);
  if (mapped == MAP_FAILED) return false;
  madvise(begin, size, MADV_DONTFORK);  // shared memory cannot be wiped in a child: it gets none
  return true;
#else
  static_cast<void>(begin);
  static_cast<void>(size);
  return false;
#endif
}

// Locked anonymous memory. @returns whether it could be locked.
bool map_locked_memory(std::uint8_t* begin, std::size_t size) {
  KW_CHECK(mprotect(begin, size, PROT_READ | PROT_WRITE) == 0);
  const bool locked = mlock(begin, size) == 0;
  madvise(begin, size, MADV_DONTDUMP);
  madvise(begin, size, MADV_WIPEONFORK);
  return locked;
}

std::size_t slot_class(std::size_t total) {
  const std::size_t rounded = std::bit_ceil(total < kSmallestSlot ? kSmallestSlot : total);
  return static_cast<std::size_t>(std::countr_zero(rounded) - std::countr_zero(kSmallestSlot));
}

class Arena {
 public:
  Status reserve(SecretArena::Unlocked unlocked, SecretArena::Forks forks) {
    std::lock_guard lock(mutex_);
    if (chunks_.empty()) forks_ = forks;
    if (chunks_.empty()) map_chunk(kChunkBytes);
    if (locked_ || unlocked == SecretArena::Unlocked::kAllow) return ok();
    return error(Code::kFailedPrecondition, "memory_not_lockable",
                 "memory for keys cannot be locked: raise the limit (LimitMEMLOCK, ulimit -l)");
  }

  void* take(std::size_t size) {
    const std::size_t total = size + 2 * kCanaryBytes;
    const std::size_t which = slot_class(total);
    std::lock_guard lock(mutex_);
    std::uint8_t* slot = which < kClasses ? take_small(which) : map_chunk(total);
    KW_UNPOISON(slot, total);
    memset(slot, kCanary, kCanaryBytes);
    memset(slot + kCanaryBytes, 0, size);
    memset(slot + kCanaryBytes + size, kCanary, kCanaryBytes);
    return slot + kCanaryBytes;
  }

  void give_back(void* data, std::size_t size) {
    auto* slot = static_cast<std::uint8_t*>(data) - kCanaryBytes;
    for (std::size_t i = 0; i < kCanaryBytes; ++i)
      KW_CHECK(slot[i] == kCanary && slot[kCanaryBytes + size + i] == kCanary);
    const std::size_t total = size + 2 * kCanaryBytes;
    wipe(slot, total);
    const std::size_t which = slot_class(total);
    std::lock_guard lock(mutex_);
    if (which < kClasses) {
      KW_POISON(slot, kSmallestSlot << which);
      free_[which].push_back(slot);
    } else {
      unmap(slot);
    }
  }

  bool holds(const void* address) {
    std::lock_guard lock(mutex_);
    for (const Mapping& chunk : chunks_)
      if (chunk.contains(address)) return true;
    return false;
  }
  std::size_t reserved() {
    std::lock_guard lock(mutex_);
    std::size_t sum = 0;
    for (const Mapping& chunk : chunks_) sum += chunk.size;
    return sum;
  }
  bool locked() {
    std::lock_guard lock(mutex_);
    return locked_;
  }

 private:
  std::uint8_t* take_small(std::size_t which) {
    if (free_[which].empty()) {
      const std::size_t slot_size = kSmallestSlot << which;
      if (chunk_left_ < slot_size) {
        chunk_next_ = map_chunk(kChunkBytes);
        chunk_left_ = kChunkBytes;
      }
      std::uint8_t* fresh = chunk_next_;
      chunk_next_ += slot_size;
      chunk_left_ -= slot_size;
      return fresh;
    }
    std::uint8_t* slot = free_[which].back();
    free_[which].pop_back();
    return slot;
  }

  // guard page | locked pages | guard page
  std::uint8_t* map_chunk(std::size_t size) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t inner = (size + page - 1) / page * page;
    void* outer = mmap(nullptr, inner + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    KW_CHECK(outer != MAP_FAILED);
    auto* begin = static_cast<std::uint8_t*>(outer) + page;
    const bool secret = forks_ == SecretArena::Forks::kNever && map_secret_memory(begin, inner);
    if (!secret && !map_locked_memory(begin, inner)) locked_ = false;
    chunks_.push_back({begin, inner});
    return begin;
  }

  void unmap(std::uint8_t* begin) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    for (auto chunk = chunks_.begin(); chunk != chunks_.end(); ++chunk) {
      if (chunk->begin != begin) continue;
      munmap(begin - page, chunk->size + 2 * page);
      chunks_.erase(chunk);
      return;
    }
    KW_CHECK(!"a slot that the arena never gave out");
  }

  std::mutex mutex_;
  std::vector<Mapping> chunks_;
  std::array<std::vector<std::uint8_t*>, kClasses> free_;
  std::uint8_t* chunk_next_ = nullptr;
  std::size_t chunk_left_ = 0;
  bool locked_ = true;
  SecretArena::Forks forks_ = SecretArena::Forks::kPossible;
};

// Never destroyed: secrets in other static or thread objects may die after any given static.
Arena& arena() {
  static auto* instance = new Arena;
  return *instance;
}

}  // namespace

Status SecretArena::reserve(Unlocked unlocked, Forks forks) {
  return arena().reserve(unlocked, forks);
}
void* SecretArena::take(std::size_t size) {
  return arena().take(size);
}
void SecretArena::give_back(void* slot, std::size_t size) noexcept {
  arena().give_back(slot, size);
}
bool SecretArena::holds(const void* address) {
  return arena().holds(address);
}
std::size_t SecretArena::reserved_bytes() {
  return arena().reserved();
}
bool SecretArena::locked() {
  return arena().locked();
}

}  // namespace kw
