#include "service/incident_approval.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "auth/access.h"
#include "seal/barrier.h"
#include "seal/seal.h"

namespace kw::service {
namespace {

using rotation::IncidentRequest;
using rotation::Scope;

std::string tenant_of(Scope::Kind kind, std::vector<std::string> names) {
  IncidentRequest request;
  request.scope = {kind, std::move(names)};
  return incident_tenant(request);
}

TEST(TheTenantOfAnIncident, is_the_one_that_its_scope_names) {
  EXPECT_EQ(tenant_of(Scope::Kind::kSubject, {"key:acme/orders", "kek:acme/kek"}), "acme");
  EXPECT_EQ(tenant_of(Scope::Kind::kTenant, {"acme"}), "acme");
}

TEST(TheTenantOfAnIncident, is_none_where_several_or_all_may_be_meant) {
  EXPECT_EQ(tenant_of(Scope::Kind::kSubject, {"key:acme/orders", "key:globex/orders"}), "");
  EXPECT_EQ(tenant_of(Scope::Kind::kTenant, {"acme", "globex"}), "");
  EXPECT_EQ(tenant_of(Scope::Kind::kCaller, {"acme"}), "");
  EXPECT_EQ(tenant_of(Scope::Kind::kSubject, {}), "");
}

TEST(TheTenantOfAnIncident, does_not_believe_a_name_that_is_no_subject) {
  EXPECT_EQ(tenant_of(Scope::Kind::kSubject, {"acme/key:orders"}), "");
  EXPECT_EQ(tenant_of(Scope::Kind::kSubject, {"orders"}), "");
}

// A store with people in it, and one incident that sol opened.
class TwoPeople : public testing::Test {
 protected:
  TwoPeople() {
    folder_ = (std::filesystem::temp_directory_path() / "kw-two-XXXXXX").string();
    KW_CHECK(::mkdtemp(folder_.data()) != nullptr);
    store_ = store::open("sqlite://" + folder_ + "/store.db").value();
    KW_CHECK(store_->migrate(seal::migrations()).has_value());
    KW_CHECK(store_->migrate(auth::migrations()).has_value());
    barrier_ = std::make_unique<seal::Barrier>(*store_, clock_);
    const seal::RootKey root(SecretBytes::copy_of(Bytes(32, 7)));
    KW_CHECK(barrier_->install(&root).has_value());
    access_ = std::make_unique<auth::Access>(*store_, *barrier_, clock_, auth::Access::Options{});
    approvals_ = std::make_unique<auth::Approvals>(*store_, *barrier_, clock_);
    for (const char* name : {"sol", "amy", "bob"})
      EXPECT_EQ(write([&](store::Tx& tx) {
                  return access_->create_principal(
                      tx, {*ObjectName::parse(name), {{auth::Role::kApprover, "*"}}, ""});
                }),
                "");
    EXPECT_TRUE(access_->reload().has_value());
    incident_.id = IncidentId::parse("3f1d0c5a9b7e4f20a1b2c3d4e5f60718").value();
    incident_.request.scope.names = {"key:acme/orders"};
    incident_.plan_hash = std::string(64, 'a');
    incident_.opened_by = "sol";
  }
  ~TwoPeople() override {
    approvals_.reset();
    access_.reset();
    barrier_.reset();
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::string write(const store::Store::Work& work) {
    const Status written = store_->write(work);
    return written ? std::string() : written.error().reason;
  }
  void ask() {
    EXPECT_EQ(write([&](store::Tx& tx) -> Status {
                KW_TRY(const auth::Approval asked, ask_for_incident(*approvals_, tx, incident_));
                incident_.approval = asked.id.text();
                return ok();
              }),
              "");
  }
  std::string approve(std::string_view name) {
    return write([&](store::Tx& tx) -> Status {
      KW_TRY(const ApprovalId id, ApprovalId::parse(incident_.approval));
      KW_OK(approvals_->approve(tx, id, name));
      return ok();
    });
  }
  rotation::Verdict spend(const rotation::Incident& incident) {
    rotation::Verdict verdict;
    audit::Event by;
    EXPECT_EQ(write([&](store::Tx& tx) -> Status {
                KW_TRY(verdict, spend_for_incident(*approvals_, {tx, by}, incident));
                return ok();
              }),
              "");
    return verdict;
  }

  std::string folder_;
  FakeClock clock_{from_micros(1'800'000'000'000'000)};
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<seal::Barrier> barrier_;
  std::unique_ptr<auth::Access> access_;
  std::unique_ptr<auth::Approvals> approvals_;
  rotation::Incident incident_;
};

TEST_F(TwoPeople, let_it_go_on_once) {
  EXPECT_FALSE(spend(incident_).approved);  // nobody was asked
  ask();
  EXPECT_EQ(approve("sol"), "own_request");
  EXPECT_EQ(approve("amy"), "");
  EXPECT_EQ(approve("amy"), "already_voted");
  EXPECT_FALSE(spend(incident_).approved);
  EXPECT_EQ(approve("bob"), "");
  const rotation::Verdict verdict = spend(incident_);
  EXPECT_TRUE(verdict.approved);
  EXPECT_EQ(verdict.approvers, (std::vector<std::string>{"amy", "bob"}));
  EXPECT_FALSE(spend(incident_).approved);  // it is spent
}

TEST_F(TwoPeople, do_not_let_another_plan_go_on) {
  ask();
  EXPECT_EQ(approve("amy"), "");
  EXPECT_EQ(approve("bob"), "");
  rotation::Incident other = incident_;
  other.plan_hash = std::string(64, 'b');
  EXPECT_FALSE(spend(other).approved);
  other = incident_;
  other.id = IncidentId::parse("4f1d0c5a9b7e4f20a1b2c3d4e5f60718").value();
  EXPECT_FALSE(spend(other).approved);
  other = incident_;
  other.opened_by = "amy";
  EXPECT_FALSE(spend(other).approved);
  EXPECT_TRUE(spend(incident_).approved);
}

TEST_F(TwoPeople, are_asked_again_after_a_day) {
  ask();
  EXPECT_EQ(approve("amy"), "");
  EXPECT_EQ(approve("bob"), "");
  clock_.advance(std::chrono::hours(25));
  EXPECT_FALSE(spend(incident_).approved);
  const std::string expired = incident_.approval;
  ask();
  EXPECT_NE(incident_.approval, expired);
  EXPECT_EQ(approve("amy"), "");
  EXPECT_EQ(approve("bob"), "");
  EXPECT_TRUE(spend(incident_).approved);
}

}  // namespace
}  // namespace kw::service
