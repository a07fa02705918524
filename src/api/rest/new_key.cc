#include "api/rest/new_key.h"

namespace kw::api::rest {

using codec::JsonView;

Result<std::vector<std::string>> texts(const JsonView& list, std::size_t count_max,
                                       std::size_t size_max) {
  if (list.kind() != JsonView::Kind::kArray)
    return error(Code::kInvalidArgument, "json_type", "a list of texts is an array");
  std::vector<std::string> all;
  for (const JsonView& element : list.elements()) {
    KW_TRY(const std::string_view text, element.text());
    if (all.size() == count_max || text.size() > size_max)
      return error(Code::kInvalidArgument, "out_of_range", "too many texts, or one is too long");
    all.emplace_back(text);
  }
  return all;
}

Result<std::map<std::string, std::string>> labels(const JsonView& object) {
  if (object.kind() != JsonView::Kind::kObject)
    return error(Code::kInvalidArgument, "json_type", "labels are an object");
  std::map<std::string, std::string> all;
  for (const auto& [name, value] : object.members()) {
    KW_TRY(const ObjectName label, ObjectName::parse(name));
    KW_TRY(const std::string_view text, value.text());
    if (all.size() == 64 || text.size() > 256)
      return error(Code::kInvalidArgument, "out_of_range",
                   "at most 64 labels of at most 256 bytes");
    all.emplace(label.text(), text);
  }
  return all;
}

Result<std::string> owner_text(const JsonView& body, std::string_view fallback) {
  KW_TRY(std::string owner, text_or(body, "owner", fallback));
  if (owner.size() > 128)
    return error(Code::kInvalidArgument, "out_of_range", "an owner has at most 128 bytes");
  return owner;
}

namespace {

// Purpose and algorithm default each other: the natural purpose of an algorithm, the default
// algorithm of a purpose.
Status read_algorithm(const JsonView& body, keys::NewKey& wanted) {
  KW_TRY(const std::string purpose, text_or(body, "purpose", ""));
  KW_TRY(const std::string algorithm, text_or(body, "algorithm", ""));
  if (!purpose.empty()) {
    KW_TRY(wanted.purpose, crypto::parse_purpose(purpose));
  }
  if (algorithm.empty()) {
    wanted.algorithm = crypto::default_algorithm(wanted.purpose);
    return ok();
  }
  KW_TRY(wanted.algorithm, crypto::parse_algorithm(algorithm));
  if (purpose.empty()) wanted.purpose = crypto::info(wanted.algorithm).purposes.front();
  return ok();
}

}  // namespace

Result<keys::NewKey> new_key(const JsonView& body) {
  KW_TRY(const std::string_view name_text, body.text("name"));
  KW_TRY(ObjectName name, ObjectName::parse(name_text));
  keys::NewKey wanted{.name = std::move(name)};
  KW_OK(read_algorithm(body, wanted));
  KW_TRY(wanted.exportable, boolean_or(body, "exportable", false));
  KW_TRY(wanted.owner, owner_text(body, ""));
  KW_TRY(const std::string classification, text_or(body, "classification", "internal"));
  KW_TRY(wanted.classification, keys::parse_classification(classification));
  if (body.has("regions")) {
    KW_TRY(const JsonView list, body.member("regions"));
    KW_TRY(wanted.regions, texts(list, 64, 64));
  }
  if (body.has("labels")) {
    KW_TRY(const JsonView object, body.member("labels"));
    KW_TRY(wanted.labels, labels(object));
  }
  KW_TRY(const std::int64_t grace, integer_or(body, "lease_grace_seconds", 60, 0, kGraceMax));
  wanted.lease_grace = std::chrono::seconds(grace);
  return wanted;
}

}  // namespace kw::api::rest
