// How the exec connector takes what programs answer, and what they do instead of answering.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/reveal.h"
#include "connectors/make_connectors.h"
#include "connectors/server_process_for_tests.h"

namespace kw::connectors {

std::unique_ptr<secrets::Connector> make_exec(const ConnectorOptions& options);

namespace {

using secrets::Answer;
using secrets::Credential;
using secrets::Outcome;

class ExecTest : public testing::Test {
 protected:
  // A program of the tests; its question is kept in the file `asked`.
  Answer install_with(const std::string& script,
                      std::chrono::milliseconds patience = std::chrono::seconds(20)) {
    folder.write("program", "#!/bin/sh\ncat >" + (folder / "asked") + "\n" + script);
    chmod((folder / "program").c_str(), 0755);
    ConnectorOptions options;
    options.programs["ours"] = {folder / "program", {}};
    connector = make_exec(options);
    const Credential fresh{2, "app", value_for_tests("the-new-secret")};
    return connector->install({"run-1", std::chrono::steady_clock::now() + patience, false},
                              place(), fresh, nullptr);
  }
  secrets::Place place() const { return {"acme", "here", system, account, nullptr}; }
  std::string asked() const {
    std::ifstream file(folder / "asked");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TestFolder folder;
  secrets::Settings system{{"program", "ours"}, {"settings", "a \"text\" of the operator"}};
  secrets::Settings account{{"name", "app"}};
  std::unique_ptr<secrets::Connector> connector;
};

std::string said(const Answer& answer) {
  const char* const outcomes[] = {"ok", "definite_fail", "unknown"};
  return std::string(outcomes[static_cast<int>(answer.outcome)]) + " " + answer.reason;
}

TEST_F(ExecTest, an_answer_with_code_zero_counts) {
  EXPECT_EQ(said(install_with(R"(echo '{"outcome":"ok"}')")), "ok ");
  EXPECT_EQ(
      said(install_with(R"(echo '{"outcome":"definite_fail","reason":"rejected_by_policy"}')")),
      "definite_fail rejected_by_policy");
  EXPECT_EQ(said(install_with(R"(echo '{"outcome":"unknown","reason":"half_done"}')")),
            "unknown half_done");
}

TEST_F(ExecTest, everything_else_is_unknown) {
  EXPECT_EQ(said(install_with(R"(echo '{"outcome":"ok"}'; exit 1)")), "unknown program_failed");
  EXPECT_EQ(said(install_with(R"(echo '{"outcome":"ok"}'; kill -9 $$)")), "unknown program_failed");
  for (const char* wrong : {"", "ok", "[]", R"({"outcome":"fine"})",
                            R"({"outcome":"definite_fail"})", R"({"outcome":"ok"}{"outcome":"ok"})",
                            R"({"outcome":"definite_fail","reason":"Free text!"})",
                            R"({"outcome":"unknown","reason":""})"})
    EXPECT_EQ(said(install_with("echo '" + std::string(wrong) + "'")), "unknown bad_answer")
        << wrong;
  EXPECT_EQ(said(install_with("yes")), "unknown bad_answer");
  EXPECT_EQ(said(install_with("exec sleep 1000", std::chrono::milliseconds(200))),
            "unknown target_slow");
}

TEST_F(ExecTest, a_program_that_is_gone_did_nothing_and_that_is_not_known_either) {
  install_with("");
  std::filesystem::remove(folder / "program");
  const Credential fresh{2, "app", value_for_tests("the-new-secret")};
  const Answer answer = connector->install(
      {"run-1", std::chrono::steady_clock::now() + std::chrono::seconds(5), false}, place(), fresh,
      nullptr);
  EXPECT_EQ(said(answer), "unknown program_missing");
}

TEST_F(ExecTest, the_question_has_what_the_protocol_says) {
  install_with(R"(echo '{"outcome":"ok"}')");
  const std::string text = asked();
  for (
      const char* part :
      {R"("protocol":"keywright-exec/1","verb":"install","run":"run-1","emergency":false)",
       R"("tenant":"acme","target":"here","system":"a \"text\" of the operator")",
       R"("account":{"name":"app","settings":""},"admin":null)",
       R"("fresh":{"version":2,"principal":"app","secret_base64":"dGhlLW5ldy1zZWNyZXQ="},"old":null)"})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
}

TEST_F(ExecTest, words_of_the_program_go_nowhere) {
  const Answer answer = install_with(
      R"(echo 'the-new-secret' >&2; echo '{"outcome":"definite_fail","reason":"no","detail":"the-new-secret"}')");
  EXPECT_EQ(answer.detail.find("the-new-secret"), std::string::npos);
}

TEST_F(ExecTest, only_declared_programs_are_started) {
  install_with("");
  for (const char* name : {"", "other", "/bin/sh", "../program", "ours "}) {
    system["program"] = name;
    EXPECT_FALSE(connector->check(place())) << name;
  }
  system["program"] = "ours";
  EXPECT_TRUE(connector->check(place()));
  system["slots"] = "0";
  EXPECT_FALSE(connector->check(place()));
}

TEST_F(ExecTest, a_system_that_makes_secrets_gives_them_in_its_answer) {
  system["makes_secrets"] = "yes";
  install_with(R"(echo '{"outcome":"ok","principal":"key-7","secret_base64":"c2VjcmV0"}')");
  const secrets::Context context{
      "run-1", std::chrono::steady_clock::now() + std::chrono::seconds(20), false};
  const auto made = connector->create_pending(context, place(), {2, {}});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->principal, "key-7");
  EXPECT_EQ(as_text(made->secret.reveal(Reveal{})), "secret");
  install_with(R"(echo '{"outcome":"ok","principal":"key-7"}')");
  EXPECT_EQ(connector->create_pending(context, place(), {2, {}}).error().reason, "bad_answer");
}

}  // namespace
}  // namespace kw::connectors
