#include "connectors/http_api_terms.h"

#include <algorithm>
#include <charconv>

#include "connectors/json_pointer.h"
#include "connectors/outcome.h"
#include "connectors/principal_name.h"
#include "connectors/server_address.h"

namespace kw::connectors {

using secrets::SettingRule;

constexpr std::array<SettingRule, 22> kHttpApiSystemRules{{
    {"base_url", "https://host/prefix, before the path of each call", true, ""},
    kCaFileRule,
    {"style", "create_delete (a key per version) or slots (fixed keys, made anew)", false,
     "create_delete"},
    {"slot_names", "of style slots: the ids of the fixed keys, with commas", false, "key1,key2"},
    {"slots", "of style create_delete: keys that may exist at once, 2 to 10", false, "2"},
    {"auth", "header of the administrator's calls: Name: value with {{admin}}", false,
     "Authorization: Bearer {{admin}}"},
    {"create", "METHOD /path of the call that makes a key", false, ""},
    {"create_body", "JSON with {{tag}} and {{name}}, which come with their quotes", false,
     R"({"name":{{tag}}})"},
    {"list", "METHOD /path of the call that lists keys", false, ""},
    {"delete", "METHOD /path/{{id}} of the call that ends a key", false, ""},
    {"disable", "METHOD /path/{{id}} of the call that stops a key; empty: there is none", false,
     ""},
    {"enable", "METHOD /path/{{id}} of the call that lets it work again", false, ""},
    {"regenerate", "of style slots: METHOD /path/{{id}} of the call that makes a key anew", false,
     ""},
    {"probe", "METHOD /path of a cheap call that any key may make", true, ""},
    {"probe_auth", "its header: Name: value with {{secret}}, perhaps {{id}}", false,
     "Authorization: Bearer {{secret}}"},
    {"id_at", "JSON pointer to the id in the answer to create", false, "/id"},
    {"secret_at", "JSON pointer to the secret in the answer to create or regenerate", false,
     "/secret"},
    {"items_at", "JSON pointer to the array in the answer to list", false, "/items"},
    {"item_id", "JSON pointer to the id in an item", false, "/id"},
    {"item_tag", "JSON pointer to what create_body gave as {{tag}}", false, "/name"},
    {"item_used", "JSON pointer to the time of the last use in an item; empty: unknown", false, ""},
    {"next_at", "JSON pointer to the path of the next page; empty: there is one page", false, ""},
}};
constexpr std::array<SettingRule, 1> kHttpApiAccountRules{{
    {"name", "begins the tag of each key: letters, digits, '_', '-', '.'", true, ""},
}};

namespace {

class Reading {
 public:
  explicit Reading(const secrets::Place& place) : place_(place) {}
  std::string_view of(std::string_view name) const {
    return secrets::setting(place_.system, kHttpApiSystemRules, name);
  }

  Result<std::optional<HttpCall>> call(std::string_view name, std::string_view body) const {
    const std::string_view text = of(name);
    if (text.empty()) return std::optional<HttpCall>();
    const std::size_t blank = text.find(' ');
    HttpCall call;
    call.method = text.substr(0, blank);
    const bool known = call.method == "GET" || call.method == "POST" || call.method == "PUT" ||
                       call.method == "PATCH" || call.method == "DELETE";
    if (!known || blank == text.npos || !text.substr(blank + 1).starts_with('/'))
      return bad_setting("a call is METHOD /path, the method GET, POST, PUT, PATCH or DELETE");
    KW_TRY(call.path, codec::TextTemplate::parse(text.substr(blank + 1)));
    KW_OK(check_references(call.path));
    if (!body.empty()) {
      KW_TRY(call.body, codec::TextTemplate::parse(body));
      KW_OK(check_references(*call.body));
    }
    return std::optional(std::move(call));
  }
  Result<HttpField> field(std::string_view name) const {
    const std::string_view text = of(name);
    const std::size_t colon = text.find(": ");
    if (colon == text.npos || colon == 0) return bad_setting("a header is Name: value");
    HttpField field;
    field.name = text.substr(0, colon);
    KW_TRY(field.value, codec::TextTemplate::parse(text.substr(colon + 2)));
    KW_OK(check_references(field.value));
    return field;
  }
  Result<std::string> pointer(std::string_view name) const {
    KW_OK(check_json_pointer(of(name)));
    return std::string(of(name));
  }

 private:
  static Status check_references(const codec::TextTemplate& text) {
    for (const codec::TextReference& each : text.references()) {
      const bool known = each.path == "id" || each.path == "secret" || each.path == "admin" ||
                         each.path == "tag" || each.path == "name";
      if (!known || !each.field.empty() || each.previous)
        return bad_setting("a call knows {{id}}, {{secret}}, {{admin}}, {{tag}} and {{name}}");
    }
    return ok();
  }
  const secrets::Place& place_;
};

Result<std::vector<std::string>> read_slot_names(std::string_view list) {
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(one.size() + 1, list.size()));
    KW_OK(check_base_name(one));
    names.emplace_back(one);
  }
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  const bool unique = std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  if (names.size() < 2 || names.size() > 10 || !unique)
    return bad_setting("slot_names are 2 to 10 different names with commas between");
  return names;
}

Status read_calls(const Reading& read, HttpApiTerms& terms) {
  KW_TRY(terms.create, read.call("create", read.of("create_body")));
  KW_TRY(terms.list, read.call("list", ""));
  KW_TRY(terms.remove, read.call("delete", ""));
  KW_TRY(terms.disable, read.call("disable", ""));
  KW_TRY(terms.enable, read.call("enable", ""));
  KW_TRY(terms.regenerate, read.call("regenerate", ""));
  KW_TRY(terms.probe, read.call("probe", ""));
  KW_TRY(terms.admin_field, read.field("auth"));
  KW_TRY(terms.probe_field, read.field("probe_auth"));
  return ok();
}

Status read_pointers(const Reading& read, HttpApiTerms& terms) {
  KW_TRY(terms.id_at, read.pointer("id_at"));
  KW_TRY(terms.secret_at, read.pointer("secret_at"));
  KW_TRY(terms.items_at, read.pointer("items_at"));
  KW_TRY(terms.item_id, read.pointer("item_id"));
  KW_TRY(terms.item_tag, read.pointer("item_tag"));
  KW_TRY(terms.item_used, read.pointer("item_used"));
  KW_TRY(terms.next_at, read.pointer("next_at"));
  return ok();
}

Status check_whole(const HttpApiTerms& terms) {
  if (!terms.probe) return bad_setting("probe is needed: without it no key can be tested");
  if (terms.keeps_slots && !terms.regenerate) return bad_setting("style slots needs regenerate");
  // Without a list a lost answer to create would leave a key that nobody knows.
  if (!terms.keeps_slots && (!terms.create || !terms.list || !terms.remove))
    return bad_setting("style create_delete needs create, list and delete");
  if (terms.disable.has_value() != terms.enable.has_value())
    return bad_setting("disable and enable come together");
  return ok();
}

}  // namespace

Result<HttpApiTerms> read_http_api_terms(const secrets::Place& place) {
  const Reading read(place);
  HttpApiTerms terms;
  KW_TRY(terms.base, net::split_url(read.of("base_url")));
  while (terms.base.path.ends_with('/')) terms.base.path.pop_back();
  if (terms.base.path.find('?') != terms.base.path.npos)
    return bad_setting("base_url has no query");
  terms.ca_file = read.of("ca_file");
  terms.keeps_slots = read.of("style") == "slots";
  if (!terms.keeps_slots && read.of("style") != "create_delete")
    return bad_setting("style is create_delete or slots");
  KW_TRY(terms.slot_names, read_slot_names(read.of("slot_names")));
  const std::string_view slots = read.of("slots");
  const auto got = std::from_chars(slots.data(), slots.data() + slots.size(), terms.slots);
  if (got.ptr != slots.data() + slots.size() || terms.slots < 2 || terms.slots > 10)
    return bad_setting("slots is a number from 2 to 10");
  if (terms.keeps_slots) terms.slots = static_cast<int>(terms.slot_names.size());
  terms.name = secrets::setting(place.account, kHttpApiAccountRules, "name");
  KW_OK(check_base_name(terms.name));
  KW_OK(read_calls(read, terms));
  KW_OK(read_pointers(read, terms));
  KW_OK(check_whole(terms));
  return terms;
}

}  // namespace kw::connectors
