#include <optional>

#include "api/rest/handlers.h"
#include "api/rest/problem.h"
#include "base/reveal.h"
#include "codec/base64.h"
#include "crypto/envelope.h"
#include "service/use.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using keys::Operation;
using service::UseItem;
using service::UseOutcome;

constexpr std::size_t kItemsMax = 256;

Operation operation_of(service::OperationId id) {
  using service::OperationId;
  switch (id) {
    case OperationId::key_decrypt:
      return Operation::kDecrypt;
    case OperationId::key_rewrap:
      return Operation::kRewrap;
    case OperationId::key_sign:
      return Operation::kSign;
    case OperationId::key_verify:
      return Operation::kVerify;
    case OperationId::key_mac:
      return Operation::kMac;
    case OperationId::key_verify_mac:
      return Operation::kVerifyMac;
    case OperationId::key_generate_data_key:
      return Operation::kGenerateDataKey;
    case OperationId::key_derive:
      return Operation::kDerive;
    default:
      return Operation::kEncrypt;
  }
}

// Which members an operation's item has: the input's name, the proof's name, and whether it knows
// the others.
struct Shape {
  std::string_view input;
  std::string_view proof;
  bool envelope = false, associated_data = false, version = false, size = false;
};
Shape shape_of(Operation operation) {
  switch (operation) {
    case Operation::kEncrypt:
      return {"plaintext", "", false, true, true, false};
    case Operation::kDecrypt:
    case Operation::kRewrap:
      return {"", "", true, true, false, false};
    case Operation::kSign:
    case Operation::kMac:
      return {"message", "", false, false, true, false};
    case Operation::kVerify:
      return {"message", "signature", false, false, true, false};
    case Operation::kVerifyMac:
      return {"message", "mac", false, false, true, false};
    case Operation::kGenerateDataKey:
      return {"", "", false, true, true, true};
    case Operation::kDerive:
      return {"context", "", false, false, true, true};
  }
  return {};
}

// Decoded members of one item; UseItem borrows from it.
struct Decoded {
  WipedBytes input;
  Bytes associated_data, envelope, proof;
};

// Reads members in one pass; whatever the shape does not name is unknown.
class ItemReader {
 public:
  ItemReader(const Shape& shape, Decoded& bytes, UseItem& item)
      : shape_(shape), bytes_(bytes), item_(item) {}

  Status read(const JsonView& object) {
    if (object.kind() != JsonView::Kind::kObject)
      return error(Code::kInvalidArgument, "json_type", "an item is a JSON object");
    bool input = shape_.input.empty(), proof = shape_.proof.empty(), envelope = !shape_.envelope;
    for (const auto& [name, value] : object.members()) {
      KW_OK(member(name, value));
      input = input || name == shape_.input;
      proof = proof || name == shape_.proof;
      envelope = envelope || name == "ciphertext";
    }
    if (!input || !proof || !envelope)
      return error(Code::kInvalidArgument, "json_missing",
                   "the item lacks " + missing(input, proof));
    item_.input = bytes_.input;
    item_.associated_data = bytes_.associated_data;
    item_.envelope = bytes_.envelope;
    item_.proof = bytes_.proof;
    return ok();
  }

 private:
  std::string missing(bool input, bool proof) const {
    return "\"" + std::string(!input ? shape_.input : !proof ? shape_.proof : "ciphertext") + "\"";
  }

  Status member(std::string_view name, const JsonView& value) {
    if (!shape_.input.empty() && name == shape_.input) return text(value, bytes_.input);
    if (!shape_.proof.empty() && name == shape_.proof) return text(value, bytes_.proof);
    if (shape_.associated_data && name == "associated_data")
      return text(value, bytes_.associated_data);
    if (shape_.envelope && name == "ciphertext") {
      KW_TRY(const std::string_view ciphertext, value.text());
      KW_TRY(bytes_.envelope, crypto::envelope_from_text(ciphertext));
      return ok();
    }
    if (shape_.version && name == "version") {
      KW_TRY(const std::int64_t version, value.integer());
      if (version < 1 || version > UINT32_MAX)
        return error(Code::kInvalidArgument, "bad_version", "a version is a whole number from 1");
      item_.version = static_cast<std::uint32_t>(version);
      return ok();
    }
    if (shape_.size && name == "bytes") {
      KW_TRY(const std::int64_t size, value.integer());
      if (size < 16 || size > 64)
        return error(Code::kInvalidArgument, "bad_size", "\"bytes\" is 16 to 64");
      item_.size = static_cast<std::size_t>(size);
      return ok();
    }
    return error(Code::kInvalidArgument, "unknown_field",
                 "the body has a member that this operation does not know");
  }

  static Status text(const JsonView& value, WipedBytes& out) {
    KW_TRY(const std::string_view base64, value.text());
    KW_TRY(out, codec::wiped_from_base64(base64));
    return ok();
  }
  static Status text(const JsonView& value, Bytes& out) {
    KW_TRY(const std::string_view base64, value.text());
    KW_TRY(out, codec::from_base64(base64));
    return ok();
  }

  const Shape& shape_;
  Decoded& bytes_;
  UseItem& item_;
};

// A parsed body. `bytes` keeps its place in memory: items borrow from it.
struct Parsed {
  service::UseRequest request;
  std::vector<Decoded> bytes;
  bool batch = false;
};

Status parse(const JsonView& root, Operation operation, Parsed& parsed) {
  parsed.request.operation = operation;
  const Shape shape = shape_of(operation);
  std::vector<JsonView> items;
  parsed.batch = root.has("items");
  if (parsed.batch) {
    KW_OK(only_members(root, {"items"}));
    KW_TRY(const JsonView list, root.member("items"));
    items = list.elements();
    if (list.kind() != JsonView::Kind::kArray || items.empty() || items.size() > kItemsMax)
      return error(Code::kInvalidArgument, "bad_items", "\"items\" is an array of 1 to 256 items");
  } else {
    items.push_back(root);
  }
  parsed.bytes.resize(items.size());
  parsed.request.items.resize(items.size());
  for (std::size_t i = 0; i < items.size(); ++i)
    KW_OK(ItemReader(shape, parsed.bytes[i], parsed.request.items[i]).read(items[i]));
  return ok();
}

void write_verdict(codec::JsonWriter& json, const UseOutcome& outcome) {
  static constexpr std::string_view kNames[] = {"valid", "invalid", "untrusted"};
  json.member("valid", outcome.verdict == keys::Verdict::kValid);
  json.member("verdict", kNames[static_cast<int>(outcome.verdict)]);
  if (!outcome.reason.empty()) json.member("reason", outcome.reason);
}

void write_outcome(codec::JsonWriter& json, Operation operation, const UseOutcome& outcome) {
  json.begin_object();
  switch (operation) {
    case Operation::kEncrypt:
    case Operation::kRewrap:
      json.member("ciphertext", crypto::envelope_text(outcome.output));
      break;
    case Operation::kDecrypt:
      json.name("plaintext").base64(outcome.plaintext);
      break;
    case Operation::kSign:
      json.name("signature").base64(outcome.output);
      break;
    case Operation::kMac:
      json.name("mac").base64(outcome.output);
      break;
    case Operation::kVerify:
    case Operation::kVerifyMac:
      write_verdict(json, outcome);
      break;
    case Operation::kGenerateDataKey:
      json.name("plaintext").base64(outcome.secret.reveal(Reveal{}));
      json.member("ciphertext", crypto::envelope_text(outcome.output));
      break;
    case Operation::kDerive:
      json.name("derived_key").base64(outcome.secret.reveal(Reveal{}));
      break;
  }
  json.member("version", outcome.version).end_object();
}

void write_failure(codec::JsonWriter& json, const Error& failure) {
  json.begin_object().name("error").begin_object();
  json.member("reason", failure.reason).member("title", code_name(failure.code));
  json.end_object().end_object();
}

net::Response answer(Operation operation, bool batch, const std::vector<UseOutcome>& outcomes,
                     std::string_view request_id) {
  if (!batch && outcomes.front().failure) return problem(*outcomes.front().failure, request_id);
  net::Response response;
  codec::JsonWriter json;
  if (batch) json.begin_object().name("items").begin_array();
  for (const UseOutcome& outcome : outcomes) {
    if (outcome.failure) {
      write_failure(json, *outcome.failure);
    } else {
      write_outcome(json, operation, outcome);
    }
  }
  if (batch) json.end_array().end_object();
  response.body = json.take();
  response.headers.emplace_back("Keywright-Request-Id", std::string(request_id));
  return response;
}

// std::function wants copyable captures; the reply is not.
std::function<void(Status)> release(net::Reply reply, net::Response response,
                                    std::string request_id) {
  struct Waiting {
    net::Reply reply;
    net::Response response;
    std::string request_id;
  };
  auto waiting = std::make_shared<Waiting>(
      Waiting{std::move(reply), std::move(response), std::move(request_id)});
  return [waiting](const Status& durable) {
    if (!durable) waiting->response = problem(durable.error(), waiting->request_id);
    waiting->reply.send(std::move(waiting->response));
  };
}

}  // namespace

void handle_use(service::House& house, service::Call call, std::string_view body,
                net::Reply reply) {
  const Operation operation = operation_of(call.operation->id);
  const auto refuse = [&](const Error& failure) {
    service::record(house, call, failure, 0, 0,
                    release(std::move(reply), problem(failure, call.request_id, &call.details),
                            call.request_id));
  };
  const auto key = service::admit_use(house, call);
  if (!key) return refuse(key.error());
  const auto document = codec::JsonDocument::parse(body);
  if (!document) return refuse(document.error());
  Parsed parsed;
  if (const Status readable = parse(document->root(), operation, parsed); !readable)
    return refuse(readable.error());
  service::use_key(
      house, call, **key, parsed.request, [&](const std::vector<UseOutcome>& outcomes) {
        return release(std::move(reply), answer(operation, parsed.batch, outcomes, call.request_id),
                       call.request_id);
      });
}

}  // namespace kw::api::rest
