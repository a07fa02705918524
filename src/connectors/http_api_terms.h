// What a third party's API is like, as a target's settings declare it: its calls, and where in its
// answers ids and secrets are.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "codec/text_template.h"
#include "net/egress.h"
#include "secrets/connector.h"

namespace kw::connectors {

/// "POST /keys/{{id}}" with its body. Values are escaped for their place: percent form in a path,
/// a JSON string with its quotes in a body, as they are in a header.
struct HttpCall {
  std::string method;
  codec::TextTemplate path;
  std::optional<codec::TextTemplate> body;
};

/// "Authorization: Bearer {{secret}}".
struct HttpField {
  std::string name;
  codec::TextTemplate value;
};

struct HttpApiTerms {
  net::EgressUrl base;
  std::string ca_file;
  bool keeps_slots = false;  ///< fixed keys that are made anew, instead of create and delete
  std::vector<std::string> slot_names;
  int slots = 2;
  std::string name;  ///< of the account: begins the tags
  std::optional<HttpCall> create, list, remove, disable, enable, regenerate, probe;
  std::optional<HttpField> admin_field, probe_field;
  std::string id_at, secret_at;  ///< in the answer to create or regenerate
  std::string items_at, item_id, item_tag, item_used, next_at;  ///< in that to list
};

extern const std::array<secrets::SettingRule, 22> kHttpApiSystemRules;
extern const std::array<secrets::SettingRule, 1> kHttpApiAccountRules;

/// @errors kInvalidArgument(bad_setting | bad_url | insecure_url | bad_template)
Result<HttpApiTerms> read_http_api_terms(const secrets::Place& place);

}  // namespace kw::connectors
