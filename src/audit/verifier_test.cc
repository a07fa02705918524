#include "audit/verifier.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <random>
#include <set>

#include "audit/legal_transitions.h"
#include "audit/log_for_tests.h"
#include "audit/note.h"
#include "audit/segment.h"
#include "audit/tile.h"
#include "audit/tile_list.h"

namespace kw::audit {
namespace {

namespace fs = std::filesystem;

constexpr int kLeaves = 300;
const SystemClock kClock;

using Entries = std::vector<std::string>;

Entries entries_of(const std::string& path) {
  const Bytes bytes = read_bytes(path);
  Entries entries;
  EntryReader reader(bytes);
  while (!reader.done()) entries.emplace_back(reader.next().value());
  return entries;
}
void write_entries(const std::string& path, const Entries& entries) {
  Bytes bytes;
  for (const std::string& entry : entries) append_entry(bytes, entry);
  write_bytes(path, bytes);
}

// One pristine export, made once; every test works on its own copy.
class Export {
 public:
  Export() {
    TestLog test(folder_);
    test.fill(kLeaves / 3);
    EXPECT_EQ(reason(test.log().checkpoint()), "");
    auto access = AccessLog::open(access_options(folder_), kClock).value();
    access->unlock(test.log().signer());
    for (int i = 0; i < kLeaves; ++i) {
      EXPECT_EQ(reason(access->append_and_wait(event_of(i))), "");
      if (i != 100) continue;
      EXPECT_EQ(reason(anchor(test.log(), *access)), "");
    }
    EXPECT_EQ(reason(anchor(test.log(), *access)), "");
    EXPECT_EQ(reason(anchor(test.log(), *access)), "") << "nothing to anchor";
    test.fill(kLeaves - kLeaves / 3 - 2);
    EXPECT_EQ(reason(test.log().export_to(path())), "");
    EXPECT_EQ(reason(access->export_to(path())), "");
    vkey_ = test.log().verifier_key().value();
  }
  std::string path() const { return folder_.file("export"); }
  const std::string& vkey() const { return vkey_; }

 private:
  TestFolder folder_;
  std::string vkey_;
};

class VerifierTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { export_ = new Export; }
  static void TearDownTestSuite() {
    delete export_;
    export_ = nullptr;
  }
  void SetUp() override { restore(); }

  void restore() {
    fs::remove_all(place(""));
    fs::copy(export_->path(), place(""), fs::copy_options::recursive);
  }
  std::string place(const std::string& name) const { return folder_.file("copy/") + name; }
  std::string segment() const { return segment_path(place("access/node-1"), 0); }
  VerifyReport check() {
    auto report = verify({place(""), export_->vkey()});
    EXPECT_EQ(reason(report), "");
    return *std::move(report);
  }
  LogReport change_log() { return check().logs.at(0); }
  LogReport access_log() { return check().logs.at(1); }

  static Export* export_;
  TestFolder folder_;
};
Export* VerifierTest::export_ = nullptr;

TEST_F(VerifierTest, finds_nothing_wrong_with_what_was_written) {
  const VerifyReport report = check();
  ASSERT_EQ(report.logs.size(), 2u);
  for (const LogReport& log : report.logs) {
    EXPECT_TRUE(log.good) << log.name << " " << log.problem << " " << log.place;
    EXPECT_EQ(log.leaves, static_cast<std::uint64_t>(kLeaves));
    EXPECT_EQ(log.proven, static_cast<std::uint64_t>(kLeaves));
    EXPECT_EQ(log.first_bad, -1);
    EXPECT_EQ(log.root_hex.size(), 64u);
    EXPECT_NE(log.checkpoint_time, "");
  }
  EXPECT_EQ(report.logs[1].name, "access log node-1");
  EXPECT_TRUE(report.good());
  // Without the pinned key the export's own is used.
  EXPECT_TRUE(verify({place(""), ""}).value().good());
}

TEST_F(VerifierTest, is_given_exactly_the_listed_tiles_by_an_export) {
  const auto listed = tile_paths(as_text(read_bytes(place("checkpoint")))).value();
  std::set<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(place("tile")))
    if (entry.is_regular_file()) found.insert(entry.path().string().substr(place("").size()));
  EXPECT_EQ(std::set<std::string>(listed.begin(), listed.end()), found);
}

TEST_F(VerifierTest, reads_a_live_folder_and_a_single_node) {
  EXPECT_TRUE(verify({place("access"), ""}).value().good());
  EXPECT_TRUE(verify({place("access/node-1"), export_->vkey()}).value().good());
  EXPECT_EQ(verify({place("access"), ""}).value().logs.at(0).proven,
            static_cast<std::uint64_t>(kLeaves));
  EXPECT_EQ(reason(verify({place("tile"), ""})), "not_an_audit_directory");
  EXPECT_EQ(reason(verify({place("nowhere"), ""})), "not_an_audit_directory");
  EXPECT_EQ(reason(verify({place(""), "not a key"})), "bad_verifier_key");
}

// One way to damage the list of entries at `i`; the second value is the first bad index.
struct Damage {
  const char* name;
  std::function<std::size_t(Entries&, std::size_t i)> act;
};
const Damage kDamages[] = {
    {"flip", [](Entries& all, std::size_t i) { return all[i][i % all[i].size()] ^= 4, i; }},
    {"delete",
     [](Entries& all, std::size_t i) { return all.erase(all.begin() + static_cast<long>(i)), i; }},
    {"duplicate",
     [](Entries& all, std::size_t i) {
       const std::string copy = all[i];
       all.insert(all.begin() + static_cast<long>(i), copy);
       return i + 1;
     }},
    {"swap",
     [](Entries& all, std::size_t i) {
       const std::size_t other = i == 0 ? all.size() - 1 : i - 1;
       std::swap(all[i], all[other]);
       return std::min(i, other);
     }},
    {"truncate", [](Entries& all, std::size_t i) { return all.resize(i), i; }},
};

TEST_F(VerifierTest, names_the_first_bad_record_of_the_change_log_for_every_damage) {
  const std::string names[] = {"tile/entries/000", "tile/entries/001.p/44"};
  for (std::size_t bundle = 0; bundle < 2; ++bundle) {
    const std::string path = place(names[bundle]);
    const Entries pristine = entries_of(path);
    for (const Damage& damage : kDamages)
      for (std::size_t i = 0; i < pristine.size(); ++i) {
        Entries entries = pristine;
        const std::size_t bad = bundle * 256 + damage.act(entries, i);
        write_entries(path, entries);
        const LogReport log = change_log();
        ASSERT_FALSE(log.good) << damage.name << i;
        ASSERT_EQ(log.first_bad, static_cast<std::int64_t>(bad))
            << damage.name << i << log.problem << log.place;
      }
    write_entries(path, pristine);
  }
  EXPECT_TRUE(check().good());
}

TEST_F(VerifierTest, names_the_first_bad_record_of_an_access_log_for_every_damage) {
  const Entries pristine = entries_of(segment());
  ASSERT_EQ(pristine.size(), static_cast<std::size_t>(kLeaves));
  for (const Damage& damage : kDamages)
    for (std::size_t i = 0; i < pristine.size(); ++i) {
      Entries entries = pristine;
      const std::size_t bad = damage.act(entries, i);
      write_entries(segment(), entries);
      const LogReport log = access_log();
      // A copy behind the last record is nothing that a checkpoint could contradict, but its
      // missing hash is.
      const bool behind_the_end = bad == pristine.size();
      ASSERT_EQ(log.good, behind_the_end) << damage.name << i << log.problem;
      if (!behind_the_end) {
        ASSERT_EQ(log.first_bad, static_cast<std::int64_t>(bad)) << damage.name << i << log.problem;
      }
    }
}

TEST_F(VerifierTest, detects_any_changed_byte_of_the_proof_files) {
  for (const std::string name : {"tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "checkpoint",
                                 "checkpoints", "access/node-1/checkpoints"}) {
    const Bytes pristine = read_bytes(place(name));
    ASSERT_FALSE(pristine.empty()) << name;
    const std::size_t step = pristine.size() > 2000 ? 37 : 1;
    for (std::size_t i = 0; i < pristine.size(); i += step) {
      Bytes changed = pristine;
      changed[i] ^= 1;
      write_bytes(place(name), changed);
      ASSERT_FALSE(check().good()) << name << " " << i;
    }
    write_bytes(place(name), pristine);
  }
  for (const std::string name :
       {"tile/0/000", "tile/1/000.p/1", "checkpoint", "tile/entries/000"}) {
    fs::remove(place(name));
    EXPECT_FALSE(check().good()) << name;
    restore();
  }
}

TEST_F(VerifierTest, bounds_the_damage_when_the_hashes_are_forged_too) {
  Entries entries = entries_of(place("tile/entries/001.p/44"));
  entries[7][20] ^= 1;
  write_entries(place("tile/entries/001.p/44"), entries);
  Bytes tile = read_bytes(place("tile/0/001.p/44"));
  const Hash forged = leaf_hash(as_bytes(entries[7]));
  std::copy(forged.begin(), forged.end(), tile.begin() + 7 * 32);
  write_bytes(place("tile/0/001.p/44"), tile);
  const LogReport log = change_log();
  EXPECT_EQ(log.problem, "hash_differs");
  EXPECT_EQ(log.first_bad, kLeaves / 3) << "behind the last checkpoint that holds";
  EXPECT_EQ(log.proven, static_cast<std::uint64_t>(kLeaves / 3));
}

TEST_F(VerifierTest, bounds_damage_by_checkpoints_when_a_segment_has_no_hashes) {
  fs::remove(hashes_path(place("access/node-1"), 0));
  EXPECT_TRUE(check().good());
  Entries entries = entries_of(segment());
  const auto at = entries[150].find("10.1.2.3");
  entries[150][at] = '9';
  write_entries(segment(), entries);
  LogReport log = access_log();
  EXPECT_EQ(log.problem, "hash_differs");
  EXPECT_EQ(log.first_bad, 101);
  entries[150][0] = '[';
  write_entries(segment(), entries);
  log = access_log();
  EXPECT_EQ(log.problem, "not_canonical");
  EXPECT_EQ(log.first_bad, 150);
}

TEST_F(VerifierTest, tells_truncation_by_checkpoint_and_by_anchor) {
  Entries entries = entries_of(segment());
  entries.resize(250);
  write_entries(segment(), entries);
  EXPECT_EQ(access_log().problem, "truncated");
  // Even when the node's own checkpoints are cut back as well.
  const Bytes notes = read_bytes(place("access/node-1/checkpoints"));
  const auto first = split_notes(as_text(notes)).front();
  write_bytes(place("access/node-1/checkpoints"), as_bytes(std::string(first) + "\n"));
  const LogReport log = access_log();
  EXPECT_EQ(log.problem, "truncated");
  EXPECT_EQ(log.first_bad, 250);
  EXPECT_EQ(log.proven, 101u);
  fs::remove_all(place("access/node-1"));
  const LogReport missing = access_log();
  EXPECT_EQ(missing.name, "access log node-1");
  EXPECT_EQ(missing.problem, "truncated");
}

TEST_F(VerifierTest, refuses_another_key) {
  const auto key = crypto::SigningKey::from_seed(SecretBytes::copy_of(Bytes(32, 9))).value();
  const std::string stranger = vkey_line({"test/audit/1", key.public_key()});
  const VerifyReport report = verify({place(""), stranger}).value();
  EXPECT_EQ(report.logs[0].problem, "bad_signature");
  EXPECT_EQ(report.logs[0].proven, 0u);
  EXPECT_FALSE(report.logs[1].good);
  fs::remove(place("vkey"));
  EXPECT_FALSE(verify({place(""), ""}).value().good());
}

TEST_F(VerifierTest, wants_every_access_log_anchored) {
  fs::rename(place("access/node-1"), place("access/node-2"));
  const VerifyReport report = check();
  ASSERT_EQ(report.logs.size(), 3u);
  EXPECT_FALSE(report.logs[1].good);
  EXPECT_EQ(report.logs[2].name, "access log node-1");
  EXPECT_EQ(report.logs[2].problem, "truncated");
}

TEST_F(VerifierTest, does_not_call_an_unsigned_log_good) {
  fs::remove(place("access/node-1/checkpoints"));
  EXPECT_TRUE(check().good()) << "anchors prove it as well";
  const VerifyReport live = verify({place("access"), ""}).value();
  EXPECT_EQ(live.logs.at(0).problem, "unproven");
}

TEST_F(VerifierTest, survives_random_damage_anywhere) {
  const unsigned seed = static_cast<unsigned>(std::random_device{}());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(place("")))
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  for (int round = 0; round < 300; ++round) {
    const std::string& file = files[random() % files.size()];
    const Bytes pristine = read_bytes(file);
    Bytes changed = pristine;
    changed.resize(random() % (pristine.size() + 100));
    for (int i = 0; i < 5 && !changed.empty(); ++i)
      changed[random() % changed.size()] = static_cast<std::uint8_t>(random());
    write_bytes(file, changed);
    (void)check();
    write_bytes(file, pristine);
  }
  EXPECT_TRUE(check().good());
}

// A change log of key-version leaves in an export of its own.
LogReport verify_transitions(const std::vector<StatePair>& pairs, std::int64_t version = 1) {
  const TestFolder folder;
  TestLog test(folder);
  for (const StatePair& pair : pairs) {
    Event event;
    event.action = "key.version.changed";
    event.kind = "key-version";
    event.object = "acme/orders";
    event.version = version;
    event.from_state = pair.from;
    event.to_state = pair.to;
    EXPECT_EQ(reason(test.log().append(event)), "");
  }
  EXPECT_EQ(reason(test.log().export_to(folder.file("export"))), "");
  return verify({folder.file("export"), ""}).value().logs.at(0);
}

// A promotion in one leaf: `version` becomes primary, `demoted` secondary.
LogReport verify_handovers(const std::vector<std::pair<std::int64_t, std::int64_t>>& pairs) {
  const TestFolder folder;
  TestLog test(folder);
  for (const auto& [version, demoted] : pairs) {
    Event event;
    event.action = "run.rotate";
    event.kind = "key-version";
    event.object = "acme/orders";
    event.version = version;
    event.demoted = demoted;
    event.from_state = "none";
    event.to_state = "primary";
    EXPECT_EQ(reason(test.log().append(event)), "");
  }
  EXPECT_EQ(reason(test.log().export_to(folder.file("export"))), "");
  return verify({folder.file("export"), ""}).value().logs.at(0);
}

TEST(Lifecycle, follows_the_version_that_a_handover_demotes) {
  const LogReport good = verify_handovers({{1, 0}, {2, 1}, {3, 2}});
  EXPECT_TRUE(good.good) << good.problem;
  const LogReport twice = verify_handovers({{1, 0}, {2, 1}, {3, 1}});
  EXPECT_EQ(twice.problem, "illegal_transition");
  EXPECT_EQ(twice.first_bad, 2);
}

TEST(Lifecycle, has_33_distinct_legal_transitions) {
  std::set<std::pair<std::string_view, std::string_view>> distinct;
  for (const StatePair& pair : kLegalTransitions) distinct.emplace(pair.from, pair.to);
  EXPECT_EQ(distinct.size(), 33u);
  EXPECT_TRUE(is_legal_transition("none", "pending"));
  EXPECT_FALSE(is_legal_transition("none", "retired"));
  EXPECT_FALSE(is_legal_transition("destroyed", "active"));
  EXPECT_FALSE(is_legal_transition("revoked", "active"));
}

TEST(Lifecycle, accepts_a_whole_life) {
  const LogReport log = verify_transitions({{"none", "pending"},
                                            {"pending", "active"},
                                            {"active", "primary"},
                                            {"primary", "secondary"},
                                            {"secondary", "retired"},
                                            {"retired", "archived"},
                                            {"archived", "destroying"},
                                            {"destroying", "destroyed"}});
  EXPECT_TRUE(log.good) << log.problem;
}

TEST(Lifecycle, tells_illegal_and_interrupted_chains) {
  const LogReport illegal = verify_transitions({{"none", "active"}, {"active", "archived"}});
  EXPECT_EQ(illegal.problem, "illegal_transition");
  EXPECT_EQ(illegal.first_bad, 1);
  EXPECT_EQ(illegal.proven, 2u) << "the leaves themselves are genuine";
  const LogReport gap = verify_transitions({{"none", "active"}, {"primary", "secondary"}});
  EXPECT_EQ(gap.first_bad, 1);
  const LogReport start = verify_transitions({{"none", "revoked"}});
  EXPECT_EQ(start.first_bad, 0);
  const LogReport twice = verify_transitions({{"none", "active"}, {"none", "active"}});
  EXPECT_EQ(twice.first_bad, 1);
}

TEST(ExportTest, grows_and_never_becomes_another_log) {
  const TestFolder folder, other_folder;
  TestLog test(folder), other(other_folder);
  const std::string target = folder.file("export");
  const auto good = [&] {
    return verify({target, test.log().verifier_key().value()}).value().good();
  };
  test.fill(200);
  ASSERT_EQ(reason(test.log().export_to(target)), "");
  EXPECT_TRUE(good());
  test.fill(200);
  ASSERT_EQ(reason(test.log().export_to(target)), "");
  EXPECT_TRUE(good());
  EXPECT_FALSE(fs::exists(target + "/tile/entries/000.p"));
  EXPECT_TRUE(fs::exists(target + "/tile/entries/001.p/144"));
  const auto untouched = fs::last_write_time(target + "/tile/entries/000");
  test.fill(100);
  ASSERT_EQ(reason(test.log().export_to(target)), "");
  EXPECT_TRUE(good());
  EXPECT_EQ(fs::last_write_time(target + "/tile/entries/000"), untouched);
  EXPECT_FALSE(fs::exists(target + "/tile/entries/001.p/144"));

  other.fill(900);
  EXPECT_EQ(reason(other.log().export_to(target)), "foreign_export");
  EXPECT_TRUE(good());
  fs::create_directories(folder.file("mine"));
  write_bytes(folder.file("mine/letter"), as_bytes("dear"));
  EXPECT_EQ(reason(test.log().export_to(folder.file("mine"))), "not_an_export");
  EXPECT_EQ(reason(test.log().export_to(folder.file("mine/letter/x"))), "export_failed");
}

TEST(ExportTest, works_while_sealed_once_there_is_a_checkpoint) {
  const TestFolder folder;
  TestLog test(folder);
  test.fill(10);
  ASSERT_EQ(reason(test.log().unlock(nullptr)), "");
  EXPECT_EQ(reason(test.log().export_to(folder.file("export"))), "sealed");
  ASSERT_EQ(reason(test.log().unlock(&test.barrier())), "");
  ASSERT_EQ(reason(test.log().checkpoint()), "");
  test.fill(5);
  ASSERT_EQ(reason(test.log().unlock(nullptr)), "");
  ASSERT_EQ(reason(test.log().export_to(folder.file("export"))), "");
  const LogReport log = verify({folder.file("export"), ""}).value().logs.at(0);
  EXPECT_TRUE(log.good) << log.problem;
  EXPECT_EQ(log.leaves, 10u);
}

}  // namespace
}  // namespace kw::audit
