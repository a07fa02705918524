#include "service/auditing.h"

#include "api/rest/handlers.h"

namespace kw::api::rest {

namespace {

using codec::JsonWriter;

// At 8 KiB each they fill half of what our client accepts.
constexpr std::int64_t kAccessRecordsMax = 4096;

void write_hashes(JsonWriter& json, const audit::Proof& proof) {
  json.name("hashes").begin_array();
  for (const audit::Hash& hash : proof) json.base64(hash);
  json.end_array();
}

Result<audit::Query> read_query(Exchange& exchange) {
  KW_OK(exchange.query_only(
      {"tenant", "actor", "action", "kind", "object", "from", "to", "before", "limit"}));
  const auto text = [&](std::string_view name) {
    return std::string(exchange.query_text(name).value_or(""));
  };
  audit::Query query;
  query.tenant = text("tenant");
  query.actor = text("actor");
  query.action = text("action");
  query.kind = text("kind");
  query.object = text("object");
  KW_TRY(query.from, exchange.query_time("from"));
  KW_TRY(query.to, exchange.query_time("to"));
  KW_TRY(query.before, exchange.query_integer("before", INT64_MAX, 0, INT64_MAX));
  KW_TRY(const std::int64_t limit, exchange.query_integer("limit", 100, 1, 1000));
  query.limit = static_cast<int>(limit);
  return query;
}

// A stream answers over the exchange's reply; the subscriber owns its end.
Status open_stream(Exchange& exchange, std::int64_t after) {
  const std::shared_ptr<net::EventStream> stream = exchange.reply->stream();
  exchange.streamed = true;
  return exchange.streams.subscribe(after, [stream](const audit::Record& record) {
    const std::string_view leaf(record.leaf);
    std::string_view action = "audit";
    if (const auto at = leaf.find("\"action\":\""); at != leaf.npos) {
      action = leaf.substr(at + 10);
      action = action.substr(0, action.find('"'));
    }
    return stream->send(std::to_string(record.seq), action, leaf);
  });
}

}  // namespace

namespace handlers {

Result<Answer> audit_records(Exchange& exchange) {
  KW_TRY(const audit::Query query, read_query(exchange));
  KW_TRY(const auto records, service::audit_records(exchange.house, exchange.call, query));
  JsonWriter json;
  json.begin_object().name("items").begin_array();
  for (const audit::Record& record : records)
    json.begin_object().member("seq", record.seq).name("record").raw(record.leaf).end_object();
  json.end_array();
  if (static_cast<int>(records.size()) == query.limit)
    json.member("next", std::to_string(records.back().seq));
  json.end_object();
  return json_answer(json);
}

Result<Answer> audit_checkpoint(Exchange& exchange) {
  KW_TRY(const service::Checkpoint checkpoint,
         service::audit_checkpoint(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object()
      .member("checkpoint", checkpoint.note)
      .member("verifier_key", checkpoint.verifier_key)
      .end_object();
  return json_answer(json);
}

Result<Answer> audit_proof(Exchange& exchange) {
  KW_OK(exchange.query_only({"leaf", "old", "size"}));
  KW_TRY(const std::int64_t size, exchange.query_integer("size", -1, 1, INT64_MAX));
  KW_TRY(const std::int64_t leaf, exchange.query_integer("leaf", -1, 0, INT64_MAX));
  KW_TRY(const std::int64_t old_size, exchange.query_integer("old", -1, 1, INT64_MAX));
  if (size < 0 || (leaf < 0) == (old_size < 0))
    return error(Code::kInvalidArgument, "bad_query", "ask with ?leaf=&size= or with ?old=&size=");
  JsonWriter json;
  json.begin_object();
  if (leaf >= 0) {
    KW_TRY(const audit::Proof proof,
           service::audit_inclusion(exchange.house, exchange.call, leaf, size));
    json.member("leaf_index", leaf);
    write_hashes(json, proof);
  } else {
    KW_TRY(const audit::Proof proof,
           service::audit_consistency(exchange.house, exchange.call, old_size, size));
    json.member("old_size", old_size);
    write_hashes(json, proof);
  }
  json.member("tree_size", size).end_object();
  return json_answer(json);
}

Result<Answer> audit_tile(Exchange& exchange) {
  KW_OK(exchange.query_only({"path"}));
  KW_TRY(const Bytes tile, service::audit_tile(exchange.house, exchange.call,
                                               exchange.query_text("path").value_or("")));
  Answer answer;
  answer.body.assign(as_text(tile));
  answer.content_type = "application/octet-stream";
  return answer;
}

Result<Answer> audit_access_log(Exchange& exchange) {
  KW_OK(exchange.query_only({}));
  KW_TRY(const auto log, service::audit_access_log(exchange.house, exchange.call));
  JsonWriter json;
  json.begin_object().member("node", log.node).member("size", log.size);
  json.member("verifier_key", log.promises.verifier_key);
  json.member("checkpoints", log.promises.checkpoints).end_object();
  return json_answer(json);
}

Result<Answer> audit_access_records(Exchange& exchange) {
  KW_OK(exchange.query_only({"first", "count"}));
  KW_TRY(const std::int64_t first, exchange.query_integer("first", 0, 0, INT64_MAX));
  KW_TRY(const std::int64_t count,
         exchange.query_integer("count", kAccessRecordsMax, 1, kAccessRecordsMax));
  KW_TRY(const auto records,
         service::audit_access_records(exchange.house, exchange.call, first, count));
  ByteWriter bytes;
  for (const std::string& record : records)
    bytes.u16(static_cast<std::uint16_t>(record.size())).raw(as_bytes(record));
  Answer answer;
  answer.body.assign(as_text(bytes.bytes()));
  answer.content_type = "application/octet-stream";
  return answer;
}

Result<Answer> sys_events(Exchange& exchange) {
  KW_OK(service::authorise_events(exchange.house, exchange.call));
  KW_TRY(const std::int64_t after, exchange.last_event());
  KW_OK(open_stream(exchange, after));
  return Answer{};
}

}  // namespace handlers

}  // namespace kw::api::rest
