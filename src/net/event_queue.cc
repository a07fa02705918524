#include "net/event_queue.h"

#include <utility>

namespace kw::net {

namespace {

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

void append_field(WipedText& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out.append(name).append(value).append("\n");
}

// CR, LF and CRLF all end a line in this format, so each begins a new data field.
void append_data(WipedText& out, std::string_view data) {
  for (;;) {
    const std::size_t end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == std::string_view::npos) return;
    const bool crlf = data.substr(end, 2) == "\r\n";
    data.remove_prefix(end + (crlf ? 2 : 1));
  }
}

class Handle final : public EventStream {
 public:
  explicit Handle(std::shared_ptr<EventQueue> queue) : queue_(std::move(queue)) {}
  ~Handle() override { queue_->finish(); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  bool send(std::string_view id, std::string_view event, std::string_view data) override {
    return queue_->push(id, event, data);
  }
  bool closed() const override { return queue_->closed(); }

 private:
  const std::shared_ptr<EventQueue> queue_;
};

}  // namespace

std::shared_ptr<EventStream> EventQueue::open_handle(std::shared_ptr<EventQueue> queue) {
  return std::make_shared<Handle>(std::move(queue));
}

bool EventQueue::push(std::string_view id, std::string_view event, std::string_view data) {
  if (!is_one_line(id) || !is_one_line(event)) return false;
  std::lock_guard lock(mutex_);
  if (finished_) return false;
  const bool full = events_ >= kEventsMax || waiting_.size() + data.size() > kBytesMax;
  if (full) {
    finished_ = true;
  } else {
    append_field(waiting_, "id: ", id);
    append_field(waiting_, "event: ", event);
    append_data(waiting_, data);
    waiting_.append("\n");
    ++events_;
  }
  notify();
  return !full;
}

bool EventQueue::closed() const {
  std::lock_guard lock(mutex_);
  return finished_;
}

void EventQueue::finish() {
  std::lock_guard lock(mutex_);
  if (std::exchange(finished_, true)) return;
  notify();
}

// Under the lock. One letter is enough for all events until it is opened.
void EventQueue::notify() {
  if (std::exchange(notified_, true)) return;
  mailbox_->deliver(shared_from_this());
}

EventQueue::Next EventQueue::take(WipedText& out) {
  std::lock_guard lock(mutex_);
  out.append(waiting_);
  wipe(waiting_.data(), waiting_.size());
  waiting_.clear();
  events_ = 0;
  return finished_ ? Next::kEnd : Next::kMore;
}

void EventQueue::wake() {
  {
    std::lock_guard lock(mutex_);
    notified_ = false;
  }
  if (listener_ != nullptr) listener_->events_waiting();
}

}  // namespace kw::net
