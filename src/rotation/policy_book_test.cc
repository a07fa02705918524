#include "rotation/policy_book.h"

#include <stdlib.h>

#include <filesystem>

#include "rotation/migrations.h"
#include "rotation/subject_for_tests.h"
#include "store/postgres_fixture.h"

namespace kw::rotation {
namespace {

store::PostgresServer* postgres() {
  static const auto server = store::PostgresServer::start();
  return server ? server->get() : nullptr;
}

class PolicyBookOn : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::string url;
    if (GetParam() == "postgres") {
      if (postgres() == nullptr) GTEST_SKIP() << "no PostgreSQL on this machine";
      url = postgres()->fresh_database();
    } else {
      folder_ = (std::filesystem::temp_directory_path() / "kw-rotation-XXXXXX").string();
      ASSERT_NE(mkdtemp(folder_.data()), nullptr);
      url = "sqlite://" + folder_ + "/store.db";
    }
    auto opened = store::open(url);
    ASSERT_TRUE(opened.has_value());
    store_ = *std::move(opened);
    ASSERT_EQ(reason_of(store_->migrate(audit::migrations())), "");
    ASSERT_EQ(reason_of(store_->migrate(migrations())), "");
    log_ = std::make_unique<audit::ChangeLog>(*store_, clock_, "node-1", "test/audit/1");
    book_ = std::make_unique<PolicyBook>(*store_, *log_, clock_);
  }
  void TearDown() override {
    book_.reset();
    log_.reset();
    store_.reset();
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  std::string put(std::string_view tenant, std::string_view text, std::int64_t expected = 0) {
    const PolicyDocument parsed = document(text);
    return reason_of(store_->write([&](store::Tx& tx) -> Status {
      KW_TRY(epoch_, book_->put(tx, by(), tenant, parsed, expected));
      return ok();
    }));
  }
  std::string remove(std::string_view tenant, std::string_view name, std::int64_t expected) {
    return reason_of(store_->write(
        [&](store::Tx& tx) { return book_->remove(tx, by(), tenant, name, expected); }));
  }
  static audit::Event by() {
    audit::Event event;
    event.actor = "alice";
    return event;
  }
  Seconds interval(const SubjectFacts& facts) {
    const auto policy = book_->effective(facts);
    EXPECT_TRUE(policy.has_value());
    return policy && policy->interval ? *policy->interval : Seconds(0);
  }

  std::string folder_;
  FakeClock clock_{at("2027-01-01T00:00:00Z")};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<audit::ChangeLog> log_;
  std::unique_ptr<PolicyBook> book_;
  std::int64_t epoch_ = 0;
};

TEST_P(PolicyBookOn, a_policy_is_put_shown_replaced_and_removed) {
  ASSERT_EQ(put("acme", "name: a\ninterval: 30d"), "");
  EXPECT_EQ(epoch_, 1);
  ASSERT_EQ(put("acme", "name: a\ninterval: 20d", 1), "");
  EXPECT_EQ(epoch_, 2);
  const auto shown = book_->show("acme", "a");
  ASSERT_TRUE(shown.has_value());
  EXPECT_EQ(shown->document.clauses.interval, 20 * kDay);
  EXPECT_EQ(shown->epoch, 2);
  EXPECT_EQ(shown->created_at, clock_.wall());
  EXPECT_EQ(remove("acme", "a", 1), "epoch_moved");
  EXPECT_EQ(remove("acme", "a", 2), "");
  EXPECT_EQ(reason_of(book_->show("acme", "a")), "not_found");
  EXPECT_EQ(remove("acme", "a", 2), "not_found");
}

TEST_P(PolicyBookOn, a_lost_race_changes_nothing) {
  ASSERT_EQ(put("acme", "name: a\ninterval: 30d"), "");
  EXPECT_EQ(put("acme", "name: a\ninterval: 25d"), "epoch_moved");
  EXPECT_EQ(put("acme", "name: a\ninterval: 25d", 7), "epoch_moved");
  EXPECT_EQ(book_->show("acme", "a")->document.clauses.interval, 30 * kDay);
}

TEST_P(PolicyBookOn, what_cannot_be_met_is_refused_at_apply) {
  EXPECT_EQ(put("acme", "name: a\ninterval: 5d\noverlap: {min: 9d}"), "interval_below_overlap");
  EXPECT_EQ(put("acme", "name: pci-dss-4.0.1"), "reserved_name");
  EXPECT_EQ(put("Not A Tenant", "name: a"), "bad_name");
  EXPECT_EQ(book_->list("acme", "", 10)->size(), 0U);
  EXPECT_EQ(*log_->size(), 0);
}

TEST_P(PolicyBookOn, a_tenants_policy_holds_for_that_tenant_only) {
  ASSERT_EQ(put("acme", "name: a\ninterval: 30d\napplies_to: {tenants: [other]}"), "");
  book_->forget();
  SubjectFacts facts = subject("k");
  EXPECT_EQ(interval(facts), 30 * kDay);
  facts.subject.tenant = "other";
  EXPECT_EQ(interval(facts), 90 * kDay);
  ASSERT_EQ(put("", "name: all\ninterval: 25d"), "");
  book_->forget();
  EXPECT_EQ(interval(facts), 25 * kDay);
  EXPECT_EQ(book_->documents_for(facts)->size(), 1U);
}

TEST_P(PolicyBookOn, the_set_is_kept_until_it_is_forgotten) {
  EXPECT_EQ(interval(subject("k")), 90 * kDay);
  ASSERT_EQ(put("acme", "name: a\ninterval: 30d"), "");
  EXPECT_EQ(interval(subject("k")), 90 * kDay);
  book_->forget();
  EXPECT_EQ(interval(subject("k")), 30 * kDay);
}

TEST_P(PolicyBookOn, lists_by_name_page_by_page) {
  for (const char* name : {"c", "a", "b"})
    ASSERT_EQ(put("acme", "name: " + std::string(name) + "\ninterval: 30d"), "");
  const auto first = book_->list("acme", "", 2);
  ASSERT_EQ(first->size(), 2U);
  EXPECT_EQ(first->at(1).document.name, "b");
  EXPECT_EQ(book_->list("acme", "b", 2)->at(0).document.name, "c");
  EXPECT_EQ(reason_of(book_->list("acme", "", 0)), "bad_limit");
}

TEST_P(PolicyBookOn, every_change_has_its_leaf) {
  ASSERT_EQ(put("acme", "name: a\ninterval: 30d"), "");
  ASSERT_EQ(remove("acme", "a", 1), "");
  audit::Query query;
  query.action = "rotation-policy.*";
  const auto records = log_->query(query);
  ASSERT_TRUE(records.has_value());
  ASSERT_EQ(records->size(), 2U);
  EXPECT_NE(records->at(0).leaf.find("rotation-policy.remove"), std::string::npos);
  EXPECT_NE(records->at(1).leaf.find("\"actor\":\"alice\""), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Engines, PolicyBookOn, testing::Values("sqlite", "postgres"),
                         [](const auto& param) { return param.param; });

}  // namespace
}  // namespace kw::rotation
