#include "connectors/redis_session.h"

#include <hiredis/hiredis.h>

#include <algorithm>

#include "connectors/credential_text.h"
#include "connectors/outcome.h"

namespace kw::connectors {

namespace {

constexpr std::string_view kWhat = "Redis";

// "WRONGPASS invalid username…": the first word is the code, the rest may repeat what we sent.
std::string code_of(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  const bool plain =
      !word.empty() && word.size() <= 16 &&
      std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  return plain ? std::string(word) : "ERR";
}

Error error_of(std::string_view text) {
  const std::string code = code_of(text);
  const std::string words = "Redis refused: " + code;
  if (code == "WRONGPASS" || code == "NOAUTH") return credential_refused(kWhat, code);
  for (const std::string_view passing :
       {"LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "READONLY", "OOM"})
    if (code == passing) return error(Code::kUnavailable, "target_busy", words);
  if (code == "NOPERM") return error(Code::kFailedPrecondition, "target_permission", words);
  return error(Code::kFailedPrecondition, "target_refused", words);
}

RedisReply copy_of(const redisReply& reply) {
  RedisReply copy;
  switch (reply.type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      copy.kind = RedisReply::Kind::kText;
      copy.text.assign(reply.str, static_cast<std::size_t>(reply.len));
      break;
    case REDIS_REPLY_INTEGER:
      copy.kind = RedisReply::Kind::kNumber;
      copy.number = reply.integer;
      break;
    case REDIS_REPLY_ARRAY:
      copy.kind = RedisReply::Kind::kList;
      for (std::size_t i = 0; i < reply.elements; ++i)
        copy.list.push_back(copy_of(*reply.element[i]));
      break;
    default:
      break;
  }
  return copy;
}

}  // namespace

void RedisSession::Free::operator()(redisReader* reader) const noexcept {
  redisReaderFree(reader);
}

RedisSession::RedisSession(std::unique_ptr<Wire> wire)
    : wire_(std::move(wire)), reader_(redisReaderCreate()) {}

Result<std::unique_ptr<RedisSession>> RedisSession::open(const ServerAddress& address,
                                                         const secrets::Credential& credential,
                                                         SteadyTime deadline) {
  KW_TRY(const WipedText password, credential_text(credential.secret));
  KW_TRY(auto wire, Wire::open(address, deadline, kWhat));
  std::unique_ptr<RedisSession> session(new RedisSession(std::move(wire)));
  std::string_view user = credential.principal;
  if (user.empty()) user = "default";
  KW_OK(session->run({"AUTH", user, password}));
  return session;
}

Result<RedisReply> RedisSession::ask(const std::vector<std::string_view>& arguments) {
  WipedText command = "*";
  command.append(std::to_string(arguments.size())).append("\r\n");
  for (const std::string_view argument : arguments) {
    command.append("$").append(std::to_string(argument.size())).append("\r\n");
    command.append(argument).append("\r\n");
  }
  KW_OK(wire_->write(command));
  return receive();
}

Status RedisSession::run(const std::vector<std::string_view>& arguments) {
  KW_OK(ask(arguments));
  return ok();
}

Result<RedisReply> RedisSession::receive() {
  for (;;) {
    void* found = nullptr;
    if (redisReaderGetReply(reader_.get(), &found) != REDIS_OK) return unreachable(kWhat);
    if (found != nullptr) {
      const std::unique_ptr<redisReply, void (*)(redisReply*)> reply(
          static_cast<redisReply*>(found), [](redisReply* one) { freeReplyObject(one); });
      if (reply->type == REDIS_REPLY_ERROR)
        return error_of({reply->str, static_cast<std::size_t>(reply->len)});
      return copy_of(*reply);
    }
    KW_TRY(const std::string_view more, wire_->read());
    if (redisReaderFeed(reader_.get(), more.data(), more.size()) != REDIS_OK)
      return unreachable(kWhat);
  }
}

}  // namespace kw::connectors
