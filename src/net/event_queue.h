// The waiting events of one server-sent event stream, already in their wire form.
#pragma once

#include <memory>
#include <mutex>

#include "base/secret_bytes.h"
#include "net/http_server.h"
#include "net/mailbox.h"

namespace kw::net {

/// Told on the loop's thread that events wait or that the stream ended.
class EventListener {
 public:
  virtual ~EventListener() = default;
  virtual void events_waiting() = 0;
};

/// Filled by any thread, emptied by the connection. Bounded: a client that does not read loses its
/// stream, never the server's memory. @source WHATWG HTML, 9.2 Server-sent events.
class EventQueue final : public Wakeable, public std::enable_shared_from_this<EventQueue> {
 public:
  static constexpr std::size_t kEventsMax = 1'000;
  static constexpr std::size_t kBytesMax = 4 * 1024 * 1024;

  explicit EventQueue(std::shared_ptr<Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}

  /// What the application holds; its end finishes the stream after the events that wait.
  static std::shared_ptr<EventStream> open_handle(std::shared_ptr<EventQueue> queue);

  /// Any thread. False when closed, full (which closes), or when id or event hold a line break or
  /// NUL.
  bool push(std::string_view id, std::string_view event, std::string_view data);
  bool closed() const;
  /// No more events will come.
  void finish();

  enum class Next { kMore, kEnd };
  /// Takes all that waits. The loop's thread only.
  Next take(WipedText& out);
  void set_listener(EventListener* listener) { listener_ = listener; }
  void wake() override;

 private:
  void notify();

  const std::shared_ptr<Mailbox> mailbox_;
  mutable std::mutex mutex_;
  WipedText waiting_;
  std::size_t events_ = 0;
  bool finished_ = false;
  bool notified_ = false;
  EventListener* listener_ = nullptr;  // the loop's thread only
};

}  // namespace kw::net
