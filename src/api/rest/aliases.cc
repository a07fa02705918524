#include "api/rest/handlers.h"
#include "service/keys.h"

namespace kw::api::rest {

using codec::JsonWriter;

namespace handlers {

Result<Answer> alias_list(Exchange& exchange) {
  KW_TRY(const auto aliases, service::list_aliases(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const auto& alias : aliases)
    json.begin_object().member("alias", alias.name).member("key", alias.key).end_object();
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> alias_put(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"key"}));
  KW_TRY(const std::string_view target, body.root().text("key"));
  KW_TRY(const ObjectName key, ObjectName::parse(target));
  KW_TRY(const ObjectName alias, exchange.object_name("alias"));
  KW_OK(service::put_alias(exchange.house, exchange.call, alias, key, kept_no_content));
  return no_content();
}

Result<Answer> alias_remove(Exchange& exchange) {
  KW_TRY(const ObjectName alias, exchange.object_name("alias"));
  KW_OK(service::remove_alias(exchange.house, exchange.call, alias, kept_no_content));
  return no_content();
}

}  // namespace handlers

}  // namespace kw::api::rest
