#include "keys/attributes.h"

#include <algorithm>

#include "codec/json.h"
#include "codec/strict_text.h"
#include "keys/jwks.h"
#include "rotation/duration_text.h"

namespace kw::keys {

namespace {

constexpr std::size_t kOwnerMax = 128, kRegionsMax = 32, kRegionMax = 63;
constexpr std::size_t kLabelsMax = 64, kLabelValueMax = 256, kReasonMax = 64;
constexpr std::chrono::seconds kLeaseGraceMax{90 * 24 * 3600};

Error bad(std::string_view reason, std::string_view message) {
  return error(Code::kInvalidArgument, reason, message);
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

bool is_text(std::string_view text, std::size_t size_max) {
  return text.size() <= size_max && codec::valid_utf8(text) &&
         std::none_of(text.begin(), text.end(), is_control);
}

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= kRegionMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

std::string text_of(const codec::JsonWriter& json) {
  return std::string(json.text());
}

}  // namespace

Status check_owner(std::string_view owner) {
  if (is_text(owner, kOwnerMax)) return ok();
  return bad("bad_owner", "an owner is at most 128 bytes of text");
}

Status check_regions(const std::vector<std::string>& regions) {
  const bool good = regions.size() <= kRegionsMax &&
                    std::all_of(regions.begin(), regions.end(),
                                [](const std::string& each) { return is_region(each); });
  if (good) return ok();
  return bad("bad_region", "at most 32 regions, each [a-z0-9-]{1,63}");
}

namespace {

// A mistyped life would take a key out of the set while its tokens are still in use.
Status check_token_life(const std::map<std::string, std::string>& labels) {
  const auto life = labels.find(std::string(kTokenLifeLabel));
  if (life == labels.end() || rotation::parse_duration(life->second)) return ok();
  return bad("bad_label", "jwt.token-life is a duration such as 15min, 12h or 30d");
}

}  // namespace

Status check_labels(const std::map<std::string, std::string>& labels) {
  const bool good =
      labels.size() <= kLabelsMax &&
      std::all_of(labels.begin(), labels.end(), [](const auto& each) {
        return ObjectRule::matches(each.first) && is_text(each.second, kLabelValueMax);
      });
  if (good) return check_token_life(labels);
  return bad("bad_label",
             "at most 64 labels; a name is [A-Za-z0-9][A-Za-z0-9._-]{0,127}, a value at most 256 "
             "bytes of text");
}

Status check_lease_grace(std::chrono::seconds grace) {
  if (grace >= grace.zero() && grace <= kLeaseGraceMax) return ok();
  return bad("bad_lease_grace", "the lease grace is 0 s to 90 d");
}

Status check_purpose(crypto::Algorithm algorithm, crypto::Purpose purpose) {
  const auto& purposes = crypto::info(algorithm).purposes;
  if (std::find(purposes.begin(), purposes.end(), purpose) != purposes.end()) return ok();
  return bad("purpose_mismatch", std::string(crypto::info(algorithm).name) +
                                     " cannot serve the purpose " +
                                     std::string(crypto::purpose_name(purpose)));
}

Status check_reason(std::string_view reason) {
  const bool good =
      reason.size() <= kReasonMax && std::all_of(reason.begin(), reason.end(), [](char c) {
        return is_lower_or_digit(c) || c == '_' || c == '-';
      });
  if (good) return ok();
  return bad("bad_reason", "a reason is [a-z0-9_-]{0,64}");
}

std::string regions_json(const std::vector<std::string>& regions) {
  codec::JsonWriter json;
  json.begin_array();
  for (const std::string& each : regions) json.value(each);
  json.end_array();
  return text_of(json);
}

std::string labels_json(const std::map<std::string, std::string>& labels) {
  codec::JsonWriter json;
  json.begin_object();
  for (const auto& [name, value] : labels) json.member(name, value);
  json.end_object();
  return text_of(json);
}

Result<std::vector<std::string>> parse_regions(std::string_view json) {
  KW_TRY(const auto document, codec::JsonDocument::parse(json));
  std::vector<std::string> regions;
  for (const codec::JsonView& each : document.root().elements()) {
    KW_TRY(const std::string_view text, each.text());
    regions.emplace_back(text);
  }
  return regions;
}

Result<std::map<std::string, std::string>> parse_labels(std::string_view json) {
  KW_TRY(const auto document, codec::JsonDocument::parse(json));
  std::map<std::string, std::string> labels;
  for (const auto& [name, value] : document.root().members()) {
    KW_TRY(const std::string_view text, value.text());
    labels.emplace(name, text);
  }
  return labels;
}

}  // namespace kw::keys
