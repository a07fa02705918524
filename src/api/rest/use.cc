#include <optional>

#include "api/rest/handlers.h"
#include "api/rest/key_json.h"
#include "api/rest/problem.h"
#include "base/reveal.h"
#include "codec/base64.h"
#include "codec/json_copy.h"
#include "crypto/envelope.h"
#include "service/keys.h"
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
    case OperationId::key_sign_jwt:
      return Operation::kSign;
    case OperationId::key_verify:
    case OperationId::key_verify_jwt:
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
  bool claims = false;  ///< a token's
  bool token = false;   ///< a token itself
  bool form = false;    ///< of a signature
  bool kid = false;     ///< names the version
  bool anchor = false;  ///< ask for, or show, the record of a signing
};
Shape shape_of(Operation operation, bool token) {
  if (token && operation == Operation::kVerify)
    return {.input = "", .proof = "", .token = true, .anchor = true};
  if (token) return {.input = "", .proof = "", .version = true, .claims = true};
  switch (operation) {
    case Operation::kEncrypt:
      return {.input = "plaintext", .proof = "", .associated_data = true, .version = true};
    case Operation::kDecrypt:
    case Operation::kRewrap:
      return {.input = "", .proof = "", .envelope = true, .associated_data = true};
    case Operation::kSign:
      return {.input = "message", .proof = "", .version = true, .form = true, .anchor = true};
    case Operation::kMac:
      return {.input = "message", .proof = "", .version = true};
    case Operation::kVerify:
      return {.input = "message",
              .proof = "signature",
              .version = true,
              .form = true,
              .kid = true,
              .anchor = true};
    case Operation::kVerifyMac:
      return {.input = "message", .proof = "mac", .version = true, .kid = true};
    case Operation::kGenerateDataKey:
      return {.input = "", .proof = "", .associated_data = true, .version = true, .size = true};
    case Operation::kDerive:
      return {.input = "context", .proof = "", .version = true, .size = true};
  }
  return {};
}

// Decoded members of one item; UseItem borrows from it.
struct Decoded {
  WipedBytes input;
  Bytes associated_data, envelope, proof;
  bool anchor = false;
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
    bool claims = !shape_.claims, token = !shape_.token;
    for (const auto& [name, value] : object.members()) {
      KW_OK(member(name, value));
      input = input || name == shape_.input;
      proof = proof || name == shape_.proof;
      envelope = envelope || name == "ciphertext";
      claims = claims || name == "claims";
      token = token || name == "token";
    }
    if (!input || !proof || !envelope || !claims || !token)
      return error(Code::kInvalidArgument, "json_missing",
                   "the item lacks " + missing(input, proof));
    if (!item_.kid.empty() && item_.version != 0)
      return error(Code::kInvalidArgument, "kid_and_version",
                   "a version is named by its number or by its kid, not by both");
    item_.input = bytes_.input;
    item_.associated_data = bytes_.associated_data;
    item_.envelope = bytes_.envelope;
    item_.proof = bytes_.proof;
    return ok();
  }

 private:
  std::string missing(bool input, bool proof) const {
    const std::string_view other = shape_.claims ? "claims" : shape_.token ? "token" : "ciphertext";
    return "\"" + std::string(!input ? shape_.input : !proof ? shape_.proof : other) + "\"";
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
    if (shape_.claims) return token_member(name, value);
    return signature_member(name, value);
  }

  static Error unknown() {
    return error(Code::kInvalidArgument, "unknown_field",
                 "the body has a member that this operation does not know");
  }

  Status token_member(std::string_view name, const JsonView& value) {
    if (name == "claims") {
      codec::JsonWriter json;
      codec::write_view(json, value);
      item_.claims = json.text();
      return ok();
    }
    if (name != "type") return unknown();
    KW_TRY(const std::string_view type, value.text());
    item_.type = type;
    return ok();
  }

  Status signature_member(std::string_view name, const JsonView& value) {
    const bool verifies = !shape_.proof.empty() || shape_.token;
    if (shape_.token && name == "token") {
      KW_TRY(item_.token, value.text());
      return ok();
    }
    if (shape_.form && name == "signature_format") {
      KW_TRY(const std::string_view form, value.text());
      KW_TRY(item_.form, crypto::parse_signature_form(form));
      return ok();
    }
    if (shape_.kid && name == "kid") {
      KW_TRY(const std::string_view kid, value.text());
      item_.kid = kid;
      return ok();
    }
    if (shape_.anchor && name == "anchor")
      return verifies ? read_anchor(value) : want_anchor(value);
    if (shape_.form && verifies && name == "signed_at") {
      KW_TRY(const std::string_view time, value.text());
      KW_TRY(item_.signed_at, parse_rfc3339(time));
      return ok();
    }
    return unknown();
  }

  Status want_anchor(const JsonView& value) {
    KW_TRY(bytes_.anchor, value.boolean());
    return ok();
  }

  Status read_anchor(const JsonView& value) {
    KW_OK(only_members(value, {"node", "from"}));
    service::SignatureAnchor anchor;
    KW_TRY(const std::string_view node, value.text("node"));
    KW_TRY(const std::int64_t from, value.integer("from"));
    if (from < 0)
      return error(Code::kInvalidArgument, "out_of_range", "\"from\" is a whole number from 0");
    anchor.node = node;
    anchor.from = static_cast<std::uint64_t>(from);
    item_.anchor = std::move(anchor);
    return ok();
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

Status parse(const JsonView& root, service::OperationId id, Parsed& parsed) {
  parsed.request.operation = operation_of(id);
  parsed.request.token =
      id == service::OperationId::key_sign_jwt || id == service::OperationId::key_verify_jwt;
  const Shape shape = shape_of(parsed.request.operation, parsed.request.token);
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
  for (const Decoded& each : parsed.bytes) parsed.request.anchor |= each.anchor;
  if (parsed.request.anchor && items.size() > 1)
    return error(Code::kInvalidArgument, "anchor_single",
                 "one record has one digest: a signature with an anchor is asked for alone");
  return ok();
}

void write_verdict(codec::JsonWriter& json, const UseOutcome& outcome) {
  json.member("valid", keys::relied_on(outcome.verdict));
  json.member("verdict", keys::verdict_name(outcome.verdict));
  if (!outcome.reason.empty()) json.member("reason", outcome.reason);
  if (!outcome.claims.empty()) json.name("claims").raw(outcome.claims);
}

void write_signature(codec::JsonWriter& json, bool token, const UseOutcome& outcome) {
  if (token) {
    json.member("token", as_text(outcome.output));
    return;
  }
  json.name("signature").base64(outcome.output);
  if (!outcome.anchor) return;
  json.name("anchor").begin_object().member("node", outcome.anchor->node);
  json.member("from", outcome.anchor->from).end_object();
}

void write_outcome(codec::JsonWriter& json, const service::UseRequest& request,
                   const UseOutcome& outcome) {
  json.begin_object();
  switch (request.operation) {
    case Operation::kEncrypt:
    case Operation::kRewrap:
      json.member("ciphertext", crypto::envelope_text(outcome.output));
      break;
    case Operation::kDecrypt:
      json.name("plaintext").base64(outcome.plaintext);
      break;
    case Operation::kSign:
      write_signature(json, request.token, outcome);
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
  if (!outcome.kid.empty()) json.member("kid", outcome.kid);
  json.member("version", outcome.version).end_object();
}

void write_failure(codec::JsonWriter& json, const Error& failure) {
  json.begin_object().name("error").begin_object();
  json.member("reason", failure.reason).member("title", code_name(failure.code));
  json.end_object().end_object();
}

net::Response answer(const Parsed& parsed, const std::vector<UseOutcome>& outcomes,
                     std::string_view request_id) {
  const bool batch = parsed.batch;
  if (!batch && outcomes.front().failure) return problem(*outcomes.front().failure, request_id);
  net::Response response;
  codec::JsonWriter json;
  if (batch) json.begin_object().name("items").begin_array();
  for (const UseOutcome& outcome : outcomes) {
    if (outcome.failure) {
      write_failure(json, *outcome.failure);
    } else {
      write_outcome(json, parsed.request, outcome);
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
  if (const Status readable = parse(document->root(), call.operation->id, parsed); !readable)
    return refuse(readable.error());
  service::use_key(house, call, **key, parsed.request,
                   [&](const std::vector<UseOutcome>& outcomes) {
                     return release(std::move(reply), answer(parsed, outcomes, call.request_id),
                                    call.request_id);
                   });
}

bool handle_kept_key(service::House& house, service::Call& call, net::Reply& reply) {
  if (!service::is_kept(house, call)) return false;
  const Result<service::KeyPtr> key = service::visible_key(house, call);
  net::Response response;
  if (key) {
    codec::JsonWriter json;
    write_key(json, **key);
    response.body = json.take();
    response.headers.emplace_back("Keywright-Request-Id", call.request_id);
    response.headers.emplace_back("ETag", (*key)->etag());
  } else {
    response = problem(key.error(), call.request_id, &call.details);
  }
  service::record(house, call, service::status_of(key), 0, 0,
                  release(std::move(reply), std::move(response), call.request_id));
  return true;
}

}  // namespace kw::api::rest
