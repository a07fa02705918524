#include "connectors/ssh_key.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/reveal.h"
#include "connectors/program_run.h"
#include "connectors/ssh_krl.h"

namespace kw::connectors {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKeygen = "/usr/bin/ssh-keygen";

ProgramEnd keygen(std::vector<std::string> arguments) {
  auto end = run_program({.path = kKeygen,
                          .arguments = std::move(arguments),
                          .deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20)});
  if (!end) ADD_FAILURE() << end.error().message;
  return std::move(*end);
}

class SshKeyTest : public testing::Test {
 protected:
  SshKeyTest() {
    std::string pattern = fs::temp_directory_path() / "keywright-ssh-XXXXXX";
    folder = mkdtemp(pattern.data());
  }
  ~SshKeyTest() override { fs::remove_all(folder); }
  void SetUp() override {
    if (!fs::exists(kKeygen)) GTEST_SKIP() << "OpenSSH is not installed";
  }
  std::string write(const std::string& name, std::string_view text) const {
    const fs::path path = folder / name;
    std::ofstream(path) << text;
    fs::permissions(path, fs::perms(0600));
    return path;
  }
  fs::path folder;
};

TEST_F(SshKeyTest, openssh_reads_what_we_make) {
  for (int i = 0; i < 3; ++i) {
    const SecretBytes key =
        new_ssh_key("comment." + std::string(static_cast<std::size_t>(i), 'x')).value();
    const std::string path = write("key", as_text(key.reveal(Reveal{})));
    const ProgramEnd shown = keygen({"-y", "-f", path});
    const SshPublicKey mine = public_half(key).value();
    EXPECT_TRUE(std::string_view(shown.output).starts_with(mine.line())) << shown.output;
    const ProgramEnd listed = keygen({"-l", "-f", path});
    EXPECT_NE(std::string_view(listed.output).find(mine.fingerprint()), std::string_view::npos);
  }
}

TEST_F(SshKeyTest, we_read_what_openssh_makes_and_nothing_else) {
  keygen({"-q", "-t", "ed25519", "-N", "", "-C", "someone", "-f", folder / "plain"});
  keygen({"-q", "-t", "ed25519", "-N", "passphrase", "-f", folder / "locked"});
  keygen({"-q", "-t", "ecdsa", "-N", "", "-f", folder / "curve"});
  const auto read = [&](const char* name) {
    std::ifstream file(folder / name);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return public_half(SecretBytes::copy_of(as_bytes(text)));
  };
  std::ifstream file(folder / "plain.pub");
  std::string line;
  std::getline(file, line);
  ASSERT_TRUE(read("plain"));
  EXPECT_TRUE(line.starts_with(read("plain")->line()));
  EXPECT_TRUE(line_has_key(line, *read("plain")));
  EXPECT_EQ(read("locked").error().reason, "bad_ssh_key");
  EXPECT_EQ(read("curve").error().reason, "bad_ssh_key");
  EXPECT_EQ(read("plain.pub").error().reason, "bad_ssh_key");
}

TEST_F(SshKeyTest, a_line_is_known_by_its_key_alone) {
  const SshPublicKey key = public_half(new_ssh_key("a").value()).value();
  const SshPublicKey other = public_half(new_ssh_key("b").value()).value();
  EXPECT_TRUE(line_has_key("restrict,from=\"10.0.0.0/8\" " + key.line() + " any comment", key));
  EXPECT_TRUE(line_has_key("\t" + key.line(), key));
  EXPECT_FALSE(line_has_key("# " + key.line(), key));
  EXPECT_FALSE(line_has_key("x" + key.line(), key));
  EXPECT_FALSE(line_has_key(key.line() + "A", key));
  EXPECT_FALSE(line_has_key(other.line(), key));
  EXPECT_FALSE(line_has_key("", key));
}

TEST_F(SshKeyTest, a_revocation_list_holds_what_openssh_then_refuses) {
  const SshPublicKey first = public_half(new_ssh_key("a").value()).value();
  const SshPublicKey second = public_half(new_ssh_key("b").value()).value();
  const Bytes one = krl_with({}, first.blob).value();
  const Bytes both = krl_with(one, second.blob).value();
  EXPECT_EQ(krl_with(both, first.blob).value(), both);
  const auto revoked = [&](const Bytes& list, const SshPublicKey& key) {
    return !keygen({"-Q", "-f", write("list", as_text(list)), write("key.pub", key.line() + "\n")})
                .succeeded();
  };
  EXPECT_TRUE(revoked(one, first));
  EXPECT_FALSE(revoked(one, second));
  EXPECT_TRUE(revoked(both, first));
  EXPECT_TRUE(revoked(both, second));
}

TEST_F(SshKeyTest, entries_of_others_stay_in_a_revocation_list) {
  const SshPublicKey theirs = public_half(new_ssh_key("a").value()).value();
  const SshPublicKey mine = public_half(new_ssh_key("b").value()).value();
  const std::string list = folder / "theirs";
  const std::string hash = write("hashes", "hash: " + theirs.fingerprint() + "\n");
  keygen({"-q", "-k", "-f", list, hash});
  std::ifstream file(list);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const Bytes after = krl_with(as_bytes(text), mine.blob).value();
  write("after", as_text(after));
  for (const SshPublicKey& key : {theirs, mine})
    EXPECT_FALSE(
        keygen({"-Q", "-f", folder / "after", write("key.pub", key.line() + "\n")}).succeeded());
  EXPECT_EQ(krl_with(as_bytes("ssh-ed25519 AAAA a list as text"), mine.blob).error().reason,
            "foreign_krl");
}

}  // namespace
}  // namespace kw::connectors
