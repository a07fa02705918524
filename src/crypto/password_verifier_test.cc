#include "crypto/password_verifier.h"

#include <gtest/gtest.h>

#include "crypto/hex_test_support.h"

namespace kw::crypto {
namespace {

SecretBytes secret(std::string_view text) {
  return SecretBytes::copy_of(as_bytes(text));
}

// The keys of RFC 7677, 3: user "user", password "pencil", salt W22ZaJ0SNY7soEsUEjb6gQ==.
TEST(PasswordVerifier, scram_sha256_is_that_of_rfc_7677) {
  const Bytes salt{0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e,
                   0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81};
  EXPECT_EQ(scram_sha256_verifier(secret("pencil"), salt, 4096),
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
            "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
            "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
}

TEST(PasswordVerifier, scram_takes_what_saslprep_leaves_alone) {
  EXPECT_TRUE(is_printable_ascii(secret("a '\\\" ~")));
  EXPECT_FALSE(is_printable_ascii(secret("tab\t")));
  EXPECT_FALSE(is_printable_ascii(secret("\xc3\xbc")));
}

TEST(PasswordVerifier, mysql_native_is_what_the_server_calls_password) {
  EXPECT_EQ(mysql_native_verifier(secret("mypass")), "*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4");
}

TEST(PasswordVerifier, sha256_is_that_of_fips_180) {
  EXPECT_EQ(sha256_verifier(secret("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// The example of RabbitMQ's documentation of password hashes.
TEST(PasswordVerifier, salted_sha256_begins_with_its_salt) {
  const Bytes salt{0x90, 0x8D, 0xC6, 0x0A};
  const Bytes verifier = salted_sha256_verifier(secret("test12"), salt);
  ASSERT_EQ(verifier.size(), 36U);
  EXPECT_EQ(Bytes(verifier.begin(), verifier.begin() + 4), salt);
  EXPECT_EQ(Bytes(verifier.begin() + 4, verifier.begin() + 8), (Bytes{0xA5, 0xB9, 0x24, 0xB3}));
}

}  // namespace
}  // namespace kw::crypto
