#include "rotation/incident_record.h"

#include <gtest/gtest.h>

#include "rotation/incident_world_for_test.h"

namespace kw::rotation {
namespace {

TEST(IncidentRecord, reads_back_what_it_wrote) {
  IncidentRoom room;
  Incident incident;
  incident.request = request_for(room, {"key:acme/orders", "key:acme/mail"});
  incident.break_glass = BreakGlass{"dave", room.clock().wall(), room.clock().wall(), "", ""};
  incident.approvers = {"bob"};
  incident.revoked_at = room.clock().wall();
  const auto again = parse_incident(incident_json(incident));
  ASSERT_EQ(why(again), "");
  EXPECT_EQ(incident_json(*again), incident_json(incident));
  IncidentItem item;
  item.node = "key:acme/orders";
  item.subject = item.acting = key_subject("orders");
  item.versions = {1, 4'294'967'295};
  item.revoked = {{1, room.clock().wall(), Refusal{true, 2, 1, 1'900, "agents: 60 s"}},
                  {2, room.clock().wall(), {}}};
  item.census = ReencryptState{true, false, 10, 0, ""};
  const auto same = parse_item(item_json(item));
  ASSERT_EQ(why(same), "");
  EXPECT_EQ(item_json(*same), item_json(item));
  for (const char* text : {"", "{}", "[]", "{\"id\":1}"}) {
    EXPECT_EQ(why(parse_incident(text)), "bad_incident");
    EXPECT_EQ(why(parse_item(text)), "bad_incident");
  }
}

}  // namespace
}  // namespace kw::rotation
