#include "observe/log.h"

#include <gtest/gtest.h>

#include <cmath>
#include <thread>
#include <type_traits>
#include <vector>

#include "base/secret_bytes.h"

namespace kw::observe {
namespace {

static_assert(!std::is_constructible_v<Field, std::string_view, SecretBytes>);
static_assert(!std::is_constructible_v<Field, std::string_view, const SecretBytes&>);
static_assert(!std::is_constructible_v<Field, std::string_view, Bytes>);
static_assert(!std::is_constructible_v<Field, std::string_view, ByteView>);
static_assert(!std::is_constructible_v<Field, std::string_view, WipedBytes>);

class LogTest : public testing::Test {
 protected:
  Log log(Level least, Log::Format format) {
    return {clock_, least, format, [this](std::string_view line) { lines_.emplace_back(line); }};
  }
  FakeClock clock_{parse_rfc3339("2026-11-20T13:00:00Z").value()};
  std::vector<std::string> lines_;
};

TEST_F(LogTest, writes_one_json_object_per_line) {
  log(Level::kInfo, Log::Format::kJson)
      .info("server.started", {{"address", "127.0.0.1:8200"},
                               {"threads", 4},
                               {"bytes", std::uint64_t{18446744073709551615u}},
                               {"offset", std::int64_t{-5}},
                               {"seconds", 0.25},
                               {"none", std::nan("")},
                               {"tls", true},
                               {"node", std::string("n1")}});
  EXPECT_EQ(
      lines_,
      std::vector<std::string>{
          R"({"time":"2026-11-20T13:00:00Z","level":"info","event":"server.started",)"
          R"("address":"127.0.0.1:8200","threads":4,"bytes":18446744073709551615,"offset":-5,)"
          R"("seconds":0.25,"none":null,"tls":true,"node":"n1"})"
          "\n"});
}

TEST_F(LogTest, writes_text_for_terminals) {
  log(Level::kInfo, Log::Format::kText)
      .warning("server.slow", {{"operation", "encrypt"}, {"seconds", 2.5}});
  EXPECT_EQ(lines_,
            std::vector<std::string>{
                "2026-11-20T13:00:00Z warning server.slow operation=\"encrypt\" seconds=2.5\n"});
}

TEST_F(LogTest, drops_what_is_below_its_level) {
  const Log quiet = log(Level::kWarning, Log::Format::kJson);
  quiet.write(Level::kDebug, "a");
  quiet.info("b");
  EXPECT_TRUE(lines_.empty());
  quiet.warning("c");
  quiet.write(Level::kError, "d");
  EXPECT_EQ(lines_.size(), 2u);
}

TEST_F(LogTest, keeps_a_record_on_one_line_whatever_is_in_it) {
  const std::string hostile = "x\n{\"event\":\"forged\"}\r\x1b[2J\xE2\x80\xA8\xFF";
  for (const auto format : {Log::Format::kJson, Log::Format::kText}) {
    lines_.clear();
    log(Level::kInfo, format).info(hostile, {{hostile, hostile}});
    ASSERT_EQ(lines_.size(), 1u);
    EXPECT_EQ(lines_[0].find('\n'), lines_[0].size() - 1);
    for (const char* part : {"\r", "\x1b", "\xE2\x80\xA8", "\xFF", "{\"event\":\"forged\"}"})
      EXPECT_EQ(lines_[0].find(part), std::string::npos) << lines_[0];
  }
}

TEST_F(LogTest, tells_a_failure_with_code_reason_and_message) {
  log(Level::kInfo, Log::Format::kJson)
      .failure("store.commit", error(Code::kUnavailable, "store_busy", "the store is busy"));
  EXPECT_EQ(lines_,
            std::vector<std::string>{
                R"({"time":"2026-11-20T13:00:00Z","level":"error","event":"store.commit",)"
                R"("code":"unavailable","reason":"store_busy","message":"the store is busy"})"
                "\n"});
}

TEST_F(LogTest, writes_lines_one_after_another_from_many_threads) {
  const Log shared = log(Level::kInfo, Log::Format::kJson);
  const Log copy = shared;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&shared, &copy, t] {
      for (int i = 0; i < 500; ++i) (t % 2 == 0 ? shared : copy).info("tick", {{"i", i}});
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(lines_.size(), 2'000u);
}

TEST_F(LogTest, writes_to_standard_error) {
  testing::internal::CaptureStderr();
  Log::to_stderr(clock_, Level::kInfo, Log::Format::kText).info("hello");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "2026-11-20T13:00:00Z info hello\n");
}

}  // namespace
}  // namespace kw::observe
