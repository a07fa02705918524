#include "rotation/evidence.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "audit/note.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "rotation/evidence_timeline.h"
#include "rotation/incident_room_for_test.h"

namespace kw::rotation {
namespace {

constexpr const char* kId = "00112233445566778899aabbccddeeff";

crypto::SigningKey signer(std::uint8_t seed = 5) {
  return std::move(crypto::SigningKey::from_seed(SecretBytes::copy_of(Bytes(32, seed))).value());
}
std::string vkey(const crypto::SigningKey& key, std::string name = "golden/audit/1") {
  audit::VerifierKey verifier;
  verifier.name = std::move(name);
  verifier.public_key = key.public_key();
  return audit::vkey_line(verifier);
}

EvidenceDraft draft() {
  EvidenceDraft made;
  made.kind = "incident";
  made.id = kId;
  made.facts = R"({"incident":{"mode":"contain_first","reason":"leak"},)"
               R"("items":[{"fingerprint":"0123456789abcdef"}]})";
  made.made_at = WallTime(std::chrono::seconds(1'800'000'100));
  std::string before = timeline_start(kId);
  const char* whats[] = {"incident.opened", "incident.approved", "incident.closed"};
  for (int i = 0; i < 3; ++i) {
    TimelineEntry entry;
    entry.seq = i + 1;
    entry.at = WallTime(std::chrono::seconds(1'800'000'000 + 40 * i));
    entry.who = "alice";
    entry.what = whats[i];
    entry.detail = i == 0 ? "seen on \"paste\" <b> \xC3\xA4" : "";
    entry.hash = before = timeline_hash(before, entry);
    made.timeline.push_back(entry);
  }
  audit::Checkpoint checkpoint;
  checkpoint.origin = "golden/audit/1";
  checkpoint.size = 42;
  checkpoint.root.fill(9);
  made.checkpoint = audit::sign_checkpoint(checkpoint, signer());
  return made;
}
std::string file_of(const EvidenceDraft& made) {
  const auto file = sign_evidence(made, signer(), vkey(signer()));
  EXPECT_EQ(why(file), "");
  return file ? *file : "";
}
std::string problem_of(std::string_view file) {
  const auto report = verify_evidence(file, vkey(signer()));
  return report ? report->problem : "! " + report.error().reason;
}

TEST(Evidence, verifies_without_a_server) {
  const auto report = verify_evidence(file_of(draft()), vkey(signer()) + "\n");
  ASSERT_EQ(why(report), "");
  EXPECT_EQ(report->problem, "");
  EXPECT_EQ(report->kind, "incident");
  EXPECT_EQ(report->id, kId);
  EXPECT_EQ(report->entries, 3U);
  EXPECT_EQ(report->checkpoint_size, 42U);
  EXPECT_EQ(report->made_at, "2027-01-15T08:01:40Z");
}

// KW_WRITE_GOLDEN=1 writes it anew, after a change of format that was meant.
TEST(Evidence, matches_the_golden_file) {
  const std::string file = file_of(draft());
  if (std::getenv("KW_WRITE_GOLDEN") != nullptr)  // NOLINT(concurrency-mt-unsafe): nobody sets it
    std::ofstream(KW_EVIDENCE_GOLDEN, std::ios::binary) << file;
  std::ifstream in(KW_EVIDENCE_GOLDEN, std::ios::binary);
  const std::string golden((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_EQ(file, golden);
  EXPECT_EQ(problem_of(golden), "");
}

TEST(Evidence, finds_every_changed_byte) {
  const std::string file = file_of(draft());
  ASSERT_EQ(problem_of(file), "");
  for (std::size_t i = 0; i < file.size(); ++i) {
    for (const char mask : {char(1), char(32)}) {
      std::string changed = file;
      changed[i] = static_cast<char>(changed[i] ^ mask);
      EXPECT_NE(problem_of(changed), "") << "byte " << i;
    }
  }
}

TEST(Evidence, finds_cuts_and_additions) {
  const std::string file = file_of(draft());
  for (std::size_t i = 0; i < file.size(); ++i) EXPECT_NE(problem_of(file.substr(0, i)), "") << i;
  EXPECT_EQ(problem_of(file + "\n"), "not_canonical");
  EXPECT_EQ(problem_of(" " + file), "not_canonical");
  EXPECT_EQ(problem_of(""), "not_canonical");
  std::string more = file;
  more.insert(1, "\"a\":1,");
  EXPECT_EQ(problem_of(more), "not_canonical");
}

// Each field changed and the digest made right again: the signature says no.
TEST(Evidence, a_right_digest_does_not_help) {
  EvidenceDraft made = draft();
  const std::string honest = file_of(made);
  made.facts = R"({"incident":{"mode":"continuity_first"}})";
  const std::string other = file_of(made);
  const auto signature = [](const std::string& file) {
    return std::string(codec::JsonDocument::parse(file)->root().text("signature").value());
  };
  std::string forged = other;
  forged.replace(forged.find(signature(other)), signature(other).size(), signature(honest));
  EXPECT_EQ(problem_of(forged), "bad_signature");
}

TEST(Evidence, is_of_the_signer_that_the_reader_trusts) {
  const std::string file = file_of(draft());
  EXPECT_EQ(verify_evidence(file, vkey(signer(6))).value().problem, "other_signer");
  EXPECT_EQ(verify_evidence(file, vkey(signer(), "other/log")).value().problem, "other_signer");
  EXPECT_EQ(why(verify_evidence(file, "nonsense")), "bad_verifier_key");
  // Signed by another key under the trusted name.
  const auto forged = sign_evidence(draft(), signer(6), vkey(signer()));
  EXPECT_EQ(problem_of(forged.value()), "bad_signature");
}

TEST(Evidence, needs_the_logs_own_checkpoint) {
  for (const std::string& note : {std::string(), std::string("x"),
                                  audit::sign_checkpoint({"golden/audit/1", 42, {}}, signer(6)),
                                  audit::sign_checkpoint({"other/log", 42, {}}, signer())}) {
    EvidenceDraft made = draft();
    made.checkpoint = note;
    EXPECT_EQ(problem_of(file_of(made)), "bad_checkpoint") << note;
  }
}

TEST(Evidence, a_checkpoint_is_no_evidence_and_the_other_way_round) {
  EXPECT_EQ(problem_of(draft().checkpoint), "not_evidence");
  EXPECT_FALSE(audit::parse_note(file_of(draft())));
}

TEST(Evidence, refuses_to_sign_what_would_not_verify) {
  const auto refused = [](const std::function<void(EvidenceDraft&)>& change) {
    EvidenceDraft made = draft();
    change(made);
    return why(sign_evidence(made, signer(), vkey(signer())));
  };
  EXPECT_EQ(refused([](auto& one) { one.timeline[1].detail = "x"; }), "bad_evidence");
  EXPECT_EQ(refused([](auto& one) { one.timeline.erase(one.timeline.begin()); }), "bad_evidence");
  EXPECT_EQ(refused([](auto& one) { std::swap(one.timeline[0], one.timeline[1]); }),
            "bad_evidence");
  EXPECT_EQ(refused([](auto& one) { one.facts = "[]"; }), "bad_evidence");
  EXPECT_EQ(refused([](auto& one) { one.facts = "{}}"; }), "bad_evidence");
  EXPECT_EQ(refused([](auto& one) { one.id = "other"; }), "bad_evidence");
  EXPECT_EQ(refused([](auto& one) { one.facts.assign(kEvidenceBytesMax + 1, ' '); }),
            "evidence_too_large");
  EXPECT_EQ(refused([](auto&) {}), "");
}

TEST(Timeline, covers_every_field_of_every_line) {
  const auto broken = [](const std::function<void(std::vector<TimelineEntry>&)>& change) {
    auto entries = draft().timeline;
    change(entries);
    return timeline_problem(kId, entries);
  };
  EXPECT_EQ(broken([](auto&) {}), "");
  EXPECT_EQ(broken([](auto& all) { all[1].who = "bob"; }), "broken_chain");
  EXPECT_EQ(broken([](auto& all) { all[1].what = "x"; }), "broken_chain");
  EXPECT_EQ(broken([](auto& all) { all[1].detail = "x"; }), "broken_chain");
  EXPECT_EQ(broken([](auto& all) { all[1].at += std::chrono::seconds(1); }), "broken_chain");
  EXPECT_EQ(broken([](auto& all) { all[0].at += std::chrono::hours(1); }), "broken_chain");
  EXPECT_EQ(broken([](auto& all) { all[1].at -= std::chrono::hours(1); }), "clock");
  EXPECT_EQ(broken([](auto& all) { all[2].seq = 4; }), "sequence");
  EXPECT_EQ(broken([](auto& all) { all.erase(all.begin() + 1); }), "sequence");
  EXPECT_EQ(timeline_problem("another", draft().timeline), "broken_chain");
}

TEST(Timeline, keeps_order_when_the_clock_goes_back_and_cleans_what_people_typed) {
  IncidentRoom room;
  const auto add = [&](std::string_view detail) {
    return room.write([&](Change change) -> Status {
      TimelineEntry entry;
      entry.at = room.clock().wall();
      entry.who = "alice";
      entry.what = "x";
      entry.detail = detail;
      KW_OK(append_entry(change.tx, kId, entry));
      return ok();
    });
  };
  EXPECT_EQ(add("a\n\x1b\xff" + std::string(5'000, 'x')), "");
  room.clock().jump_wall(-std::chrono::hours(1));
  EXPECT_EQ(add(""), "");
  const auto all = [&] {
    std::vector<TimelineEntry> entries;
    const std::string reason = why(room.store().read([&](store::Reader& reader) -> Status {
      KW_TRY(entries, read_timeline(reader, kId));
      return ok();
    }));
    return std::pair(reason, entries);
  };
  const auto [reason, entries] = all();
  EXPECT_EQ(reason, "");
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0].at, entries[1].at);
  EXPECT_LE(entries[0].detail.size(), 2'003U);
  EXPECT_EQ(entries[0].detail.substr(0, 10), "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(room.run("UPDATE evidence_entry SET who = 'mallory' WHERE seq = 1"), "");
  EXPECT_EQ(all().first, "broken_timeline");
}

TEST(Fingerprint, is_never_material) {
  EXPECT_TRUE(is_fingerprint("0123456789abcdef"));
  for (const char* text : {"", "0123456789abcde", "0123456789ABCDEF", "hunter2-hunter2-hunter2"})
    EXPECT_FALSE(is_fingerprint(text));
  EXPECT_FALSE(is_fingerprint(std::string(129, 'a')));
}

}  // namespace
}  // namespace kw::rotation
