#include "net/mailbox.h"

#include <utility>

namespace kw::net {

void Mailbox::deliver(std::shared_ptr<Wakeable> letter) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  letters_.push_back(std::move(letter));
  schedule();
}

void Mailbox::deliver(Letters letters) {
  std::lock_guard lock(mutex_);
  if (closed_) return;
  for (auto& letter : letters) letters_.push_back(std::move(letter));
  schedule();
}

// Under the lock: after close() returned, the loop may be destroyed.
void Mailbox::schedule() {
  if (std::exchange(scheduled_, true)) return;
  schedule_drain_();
}

void Mailbox::drain() {
  Letters letters;
  {
    std::lock_guard lock(mutex_);
    letters.swap(letters_);
    scheduled_ = false;
  }
  for (const auto& letter : letters) letter->wake();
}

void Mailbox::close() {
  Letters dropped;  // freed after the lock: a letter may own much
  std::lock_guard lock(mutex_);
  closed_ = true;
  dropped.swap(letters_);
}

}  // namespace kw::net
