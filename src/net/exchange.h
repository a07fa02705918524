// One request and its answer: the memory that both borrow from, and the way of the answer back to
// the connection.
//
// A connection reuses one Exchange for all its requests. Replies share it, so it outlives a
// connection that was cut while a handler still reads the request; it holds nothing of the loop but
// its mailbox.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/secret_bytes.h"
#include "net/event_queue.h"
#include "net/http_server.h"
#include "net/mailbox.h"

namespace kw::net {

/// The connection's side of the answer. Called on the loop's thread.
class AnswerListener {
 public:
  virtual ~AnswerListener() = default;
  virtual void answered() = 0;
};

struct Reply::Target final : Wakeable, std::enable_shared_from_this<Reply::Target> {
  explicit Target(std::shared_ptr<Mailbox> loop_mailbox) : mailbox(std::move(loop_mailbox)) {}

  /// Any thread, once per request.
  void answer(Response given);
  std::shared_ptr<EventStream> open_stream();
  /// On the loop's thread: the answer has arrived.
  void wake() override;
  /// Wipes the request and forgets the answer, keeping the memory.
  void clear();

  const std::shared_ptr<Mailbox> mailbox;

  std::string peer_address;
  std::optional<PeerCertificate> peer_certificate;
  std::optional<PeerProcess> peer_process;
  WipedText head;
  WipedText body;

  // Written by the thread that answers, then handed over through the mailbox.
  std::optional<Response> response;
  std::shared_ptr<EventQueue> stream;

  // The loop's thread only.
  bool is_answered = false;
  bool is_awaited = false;  ///< the connection sleeps until answered() is called
  AnswerListener* listener = nullptr;

 private:
  void hand_over();
};

}  // namespace kw::net
