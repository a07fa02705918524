#include "service/ceremonies.h"

#include "api/rest/handlers.h"
#include "api/rest/incident_json.h"

namespace kw::api::rest {

namespace {

using codec::JsonView;
using codec::JsonWriter;
using rotation::Ceremony;
using rotation::CeremonyId;

Answer ceremony_answer(const Ceremony& ceremony, int status = 200) {
  JsonWriter json;
  write_ceremony(json, ceremony);
  return json_answer(json, status);
}

service::CeremonyWording wording() {
  return [](const Ceremony& now) { return kept(ceremony_answer(now)); };
}

Result<std::vector<std::string>> people_in(const JsonView& body, std::string_view name) {
  KW_TRY(const JsonView list, body.member(name));
  std::vector<std::string> people;
  for (const JsonView& one : list.elements()) {
    KW_TRY(const std::string_view person, one.text());
    KW_TRY(const ObjectName parsed, ObjectName::parse(person));
    people.push_back(parsed.text());
  }
  return people;
}

Result<CeremonyId> id_of(const Exchange& exchange) {
  return CeremonyId::parse(exchange.parameter("ceremony"));
}

}  // namespace

namespace handlers {

Result<Answer> ceremony_open(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant"}));
  KW_TRY(const auto document, exchange.body_object({"operation", "object", "threshold",
                                                    "custodians", "witnesses", "valid_seconds"}));
  const JsonView body = document.root();
  rotation::CeremonyRequest request;
  KW_TRY(request.operation, body.text("operation"));
  KW_TRY(request.object, body.text("object"));
  KW_TRY(request.custodians, people_in(body, "custodians"));
  KW_TRY(request.witnesses, people_in(body, "witnesses"));
  KW_TRY(const std::int64_t threshold, integer_or(body, "threshold", 2, 2, 16));
  KW_TRY(const std::int64_t valid, integer_or(body, "valid_seconds", 3600, 60, 86'400));
  request.threshold = static_cast<int>(threshold);
  request.valid = std::chrono::seconds(valid);
  KW_TRY(const Ceremony opened,
         service::open_ceremony(exchange.house, exchange.call, request, [](const Ceremony& made) {
           return kept(ceremony_answer(made, 201));
         }));
  return ceremony_answer(opened, 201);
}

Result<Answer> ceremony_list(Exchange& exchange) {
  KW_OK(exchange.query_only({"tenant", "limit"}));
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  KW_TRY(const auto ceremonies, service::list_ceremonies(exchange.house, exchange.call,
                                                         static_cast<int>(limit)));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const Ceremony& one : ceremonies) write_ceremony(json, one);
  json.end_array().end_object();
  return json_answer(json);
}

Result<Answer> ceremony_show(Exchange& exchange) {
  KW_TRY(const CeremonyId id, id_of(exchange));
  KW_TRY(const Ceremony found, service::show_ceremony(exchange.house, exchange.call, id));
  return ceremony_answer(found);
}

Result<Answer> ceremony_acknowledge(Exchange& exchange) {
  KW_TRY(const auto body, exchange.body_object({"request_hash"}));
  KW_TRY(const std::string_view hash, body.root().text("request_hash"));
  KW_TRY(const CeremonyId id, id_of(exchange));
  KW_TRY(const Ceremony now, service::acknowledge_ceremony(exchange.house, exchange.call, id, hash,
                                                           wording()));
  return ceremony_answer(now);
}

Result<Answer> ceremony_perform(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const CeremonyId id, id_of(exchange));
  KW_TRY(const Ceremony now,
         service::perform_ceremony(exchange.house, exchange.call, id, wording()));
  return ceremony_answer(now);
}

Result<Answer> ceremony_cancel(Exchange& exchange) {
  KW_OK(exchange.body_object({}));
  KW_TRY(const CeremonyId id, id_of(exchange));
  KW_TRY(const Ceremony now,
         service::cancel_ceremony(exchange.house, exchange.call, id, wording()));
  return ceremony_answer(now);
}

Result<Answer> ceremony_transcript(Exchange& exchange) {
  KW_TRY(const CeremonyId id, id_of(exchange));
  KW_TRY(const std::string text,
         service::ceremony_transcript(exchange.house, exchange.call, id));
  Answer answer;
  answer.body.assign(text);
  return answer;
}

}  // namespace handlers

}  // namespace kw::api::rest
