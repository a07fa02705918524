#include "api/rest/incident_json.h"

#include <algorithm>
#include <map>
#include <set>

#include "api/rest/key_json.h"
#include "rotation/incident_record.h"

namespace kw::api::rest {

namespace {

using codec::JsonWriter;

constexpr std::size_t kUsersShown = 20;

void write_board(JsonWriter& json, const rotation::IncidentItem& item,
                 const rotation::Board& board) {
  std::set<std::string> used, behind;
  for (const rotation::Acknowledgement& one : board.acknowledgements)
    (one.used_at || !one.live ? used : behind).insert(one.consumer);
  for (const rotation::Consumer& one : board.silent) behind.insert(one.name);
  json.begin_object().member("node", item.node).member("version", item.replaced_to);
  json.member("live", board.live).name("moved").begin_array();
  for (const std::string& name : used)
    if (!behind.contains(name)) json.value(name);
  json.end_array().name("behind").begin_array();
  for (const std::string& name : behind) json.value(name);
  json.end_array().end_object();
}

void write_timeline(JsonWriter& json, const std::vector<rotation::TimelineEntry>& timeline) {
  json.name("timeline").begin_array();
  for (const rotation::TimelineEntry& entry : timeline) {
    json.begin_object().member("seq", entry.seq);
    write_time(json, "at", entry.at);
    json.member("who", entry.who).member("what", entry.what).member("detail", entry.detail);
    json.member("hash", entry.hash).end_object();
  }
  json.end_array();
}

/// What a principal did with all of the suspects.
struct User {
  std::int64_t uses = 0;
  std::set<std::string> hosts;
  bool known = false;
};

std::map<std::string, User> users_of(const rotation::BlastRadius& radius) {
  std::map<std::string, User> users;
  for (const rotation::BlastSubject& one : radius.subjects) {
    if (!one.suspect) continue;
    for (const rotation::Use& use : one.uses) {
      User& user = users[use.principal];
      user.uses += use.count;
      if (!use.peer.empty()) user.hosts.insert(use.peer);
    }
    for (const std::string& name : one.expected) users[name].known = true;
  }
  return users;
}

void write_users(JsonWriter& json, const std::map<std::string, User>& users) {
  std::vector<std::pair<std::string, User>> by_use(users.begin(), users.end());
  std::stable_sort(by_use.begin(), by_use.end(), [](const auto& a, const auto& b) {
    return a.second.uses > b.second.uses;
  });
  if (by_use.size() > kUsersShown) by_use.resize(kUsersShown);
  json.name("users").begin_array();
  for (const auto& [name, user] : by_use) {
    json.begin_object().member("principal", name).member("uses", user.uses);
    json.member("registered", user.known).name("hosts").begin_array();
    for (const std::string& host : user.hosts) json.value(host);
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace

void write_incident_view(JsonWriter& json, const service::IncidentView& view) {
  json.begin_object().member("id", view.incident.id.text());
  json.name("incident").raw(rotation::incident_json(view.incident));
  json.name("items").begin_array();
  for (const rotation::IncidentItem& item : view.items) json.raw(rotation::item_json(item));
  json.end_array().name("acknowledgements").begin_array();
  for (const auto& [position, board] : view.boards)
    write_board(json, view.items[static_cast<std::size_t>(position)], board);
  json.end_array();
  write_timeline(json, view.timeline);
  if (view.approval) {
    json.name("approval");
    write_approval(json, *view.approval);
  }
  json.end_object();
}

void write_radius_summary(JsonWriter& json, const rotation::BlastRadius& radius) {
  std::int64_t suspects = 0, versions = 0, records = 0, uses = 0;
  bool exact = true;
  std::set<std::string> stores, consumers;
  for (const rotation::BlastSubject& one : radius.subjects) {
    if (!one.suspect) continue;
    ++suspects;
    versions += static_cast<std::int64_t>(one.versions.size());
    consumers.insert(one.expected.begin(), one.expected.end());
    consumers.insert(one.absent.begin(), one.absent.end());
    for (const rotation::Use& use : one.uses) uses += use.count;
    for (const rotation::Readable& readable : one.readable) {
      stores.insert(readable.tenant + " " + readable.store);
      records += readable.items;
      exact = exact && readable.exact;
    }
  }
  const auto users = users_of(radius);
  json.begin_object().member("suspects", suspects).member("versions", versions);
  json.member("subjects", static_cast<std::uint64_t>(radius.subjects.size()));
  json.member("outside", static_cast<std::uint64_t>(radius.outside.size()));
  json.member("stores", static_cast<std::uint64_t>(stores.size())).member("records", records);
  json.member("records_exact", exact);
  json.member("consumers", static_cast<std::uint64_t>(consumers.size())).member("uses", uses);
  write_time(json, "since", radius.from);
  write_users(json, users);
  json.name("gaps").begin_array();
  for (const std::string& gap : radius.gaps) json.value(gap);
  json.end_array().end_object();
}

void write_ceremony(JsonWriter& json, const rotation::Ceremony& ceremony) {
  json.raw(rotation::ceremony_json(ceremony));
}

}  // namespace kw::api::rest
