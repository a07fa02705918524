#include <utility>
#include <vector>

#include "net/exchange.h"
#include "net/refusal.h"

namespace kw::net {

namespace {

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

// Room that one request's body needed must not stay with an idle connection.
constexpr std::size_t kKeptBytes = 16 * 1024;

void wipe_and_keep(WipedText& text) {
  wipe(text.data(), text.size());
  text.clear();
  if (text.capacity() > kKeptBytes) text = WipedText();
}

}  // namespace

std::string_view RequestHead::header(std::string_view name) const {
  std::string_view found;
  int count = 0;
  for (const Header& field : headers) {
    if (!same_name(field.name, name)) continue;
    found = field.value;
    if (++count > 1) return {};
  }
  return found;
}

int RequestHead::header_count(std::string_view name) const {
  int count = 0;
  for (const Header& field : headers) count += same_name(field.name, name) ? 1 : 0;
  return count;
}

void Reply::Target::answer(Response given) {
  response = std::move(given);
  hand_over();
}

std::shared_ptr<EventStream> Reply::Target::open_stream() {
  stream = std::make_shared<EventQueue>(mailbox);
  auto handle = EventQueue::open_handle(stream);
  hand_over();
  return handle;
}

// An answer given inside Application::handle needs no way round: the connection looks when handle()
// returns.
void Reply::Target::hand_over() {
  if (mailbox->on_loop_thread() && !is_awaited) {
    is_answered = true;
    return;
  }
  mailbox->deliver(shared_from_this());
}

void Reply::Target::wake() {
  is_answered = true;
  if (listener != nullptr) listener->answered();
}

void Reply::Target::clear() {
  wipe_and_keep(head);
  wipe_and_keep(body);
  response.reset();
  stream.reset();
  is_answered = false;
}

Reply::Reply(std::shared_ptr<Target> target) : target_(std::move(target)) {}
Reply::Reply(Reply&& other) noexcept : target_(std::move(other.target_)) {}

Reply& Reply::operator=(Reply&& other) noexcept {
  Reply previous(std::move(*this));
  target_ = std::move(other.target_);
  return *this;
}

Reply::~Reply() {
  if (target_) std::exchange(target_, nullptr)->answer(problem_response({500, "no_answer"}));
}

void Reply::send(Response response) {
  if (target_) std::exchange(target_, nullptr)->answer(std::move(response));
}

std::shared_ptr<EventStream> Reply::stream() {
  KW_CHECK(target_ != nullptr);
  return std::exchange(target_, nullptr)->open_stream();
}

void Reply::send_all(std::vector<Answer> answers) {
  std::vector<std::pair<std::shared_ptr<Mailbox>, Mailbox::Letters>> batches;
  for (Answer& answer : answers) {
    auto target = std::exchange(answer.reply.target_, nullptr);
    if (!target) continue;
    if (target->mailbox->on_loop_thread()) {
      target->answer(std::move(answer.response));
      continue;
    }
    target->response = std::move(answer.response);
    const std::shared_ptr<Mailbox> mailbox = target->mailbox;
    auto batch = batches.begin();
    while (batch != batches.end() && batch->first != mailbox) ++batch;
    if (batch == batches.end()) batch = batches.insert(batch, {mailbox, {}});
    batch->second.push_back(std::move(target));
  }
  for (auto& [mailbox, letters] : batches) mailbox->deliver(std::move(letters));
}

}  // namespace kw::net
