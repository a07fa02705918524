#include "secrets/model.h"

#include <algorithm>
#include <array>

#include "codec/strict_text.h"

namespace kw::secrets {

namespace {

constexpr std::array<std::string_view, 3> kShapes = {"value", "fields", "template"};
constexpr std::array<std::string_view, 4> kClassifications = {"public", "internal", "confidential",
                                                              "restricted"};
constexpr std::size_t kOwnerMax = 128, kDescriptionMax = 512, kInstructionsMax = 4096,
                      kTypeMax = 32;
constexpr std::size_t kRegionsMax = 32, kRegionMax = 63, kLabelsMax = 64, kLabelValueMax = 256;

bool is_text(std::string_view text, std::size_t size_max) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return text.size() <= size_max && codec::valid_utf8(text) &&
         std::none_of(text.begin(), text.end(), control);
}

// Lines end with a line feed; no other control character.
bool is_lines(std::string_view text, std::size_t size_max) {
  const auto control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7F;
  };
  return text.size() <= size_max && codec::valid_utf8(text) &&
         std::none_of(text.begin(), text.end(), control);
}

bool is_word(std::string_view text, std::size_t size_max) {
  return !text.empty() && text.size() <= size_max &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

Error bad(std::string_view reason, std::string_view message) {
  return error(Code::kInvalidArgument, reason, message);
}

bool good_labels(const std::map<std::string, std::string>& labels) {
  return labels.size() <= kLabelsMax &&
         std::all_of(labels.begin(), labels.end(), [](const auto& each) {
           return ObjectRule::matches(each.first) && is_text(each.second, kLabelValueMax);
         });
}

bool good_regions(const std::vector<std::string>& regions) {
  return regions.size() <= kRegionsMax &&
         std::all_of(regions.begin(), regions.end(),
                     [](const std::string& each) { return is_word(each, kRegionMax); });
}

}  // namespace

std::string_view shape_name(Shape shape) {
  return kShapes.at(static_cast<std::size_t>(shape));
}

Result<Shape> parse_shape(std::string_view name) {
  const auto found = std::find(kShapes.begin(), kShapes.end(), name);
  if (found == kShapes.end()) return bad("unknown_shape", "a shape is value, fields or template");
  return static_cast<Shape>(found - kShapes.begin());
}

Status check_metadata(const Metadata& metadata) {
  if (!is_word(metadata.type, kTypeMax)) return bad("bad_type", "a type is [a-z0-9-]{1,32}");
  if (!is_text(metadata.owner, kOwnerMax))
    return bad("bad_owner", "an owner is at most 128 bytes of text");
  const auto known =
      std::find(kClassifications.begin(), kClassifications.end(), metadata.classification);
  if (known == kClassifications.end())
    return bad("unknown_classification",
               "a classification is public, internal, confidential or restricted");
  if (!is_text(metadata.description, kDescriptionMax))
    return bad("bad_description", "a description is at most 512 bytes of text");
  if (!is_lines(metadata.instructions, kInstructionsMax))
    return bad("bad_instructions", "instructions are at most 4,096 bytes of text in lines");
  if (!good_regions(metadata.regions))
    return bad("bad_region", "at most 32 regions, each [a-z0-9-]{1,63}");
  if (!good_labels(metadata.labels))
    return bad("bad_label",
               "at most 64 labels; a name is [A-Za-z0-9][A-Za-z0-9._-]{0,127}, a value at most 256 "
               "bytes of text");
  return ok();
}

const Version* Secret::version(std::uint32_t number) const {
  if (number == 0 || number > versions.size()) return nullptr;
  return &versions[number - 1];
}

const Version* Secret::previous() const {
  const Version* youngest = nullptr;
  for (const Version& each : versions) {
    if (each.state != VersionState::kSecondary) continue;
    if (youngest == nullptr || each.demoted_at >= youngest->demoted_at) youngest = &each;
  }
  return youngest;
}

std::string Secret::etag() const {
  return "\"" + std::to_string(epoch) + "\"";
}

bool readable(VersionState state) {
  return rotation::permission(state, rotation::VersionUse::kProtect) != rotation::Permission::kNo;
}

}  // namespace kw::secrets
