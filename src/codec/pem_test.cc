#include "codec/pem.h"

#include <gtest/gtest.h>

namespace kw::codec {
namespace {

Bytes counted(std::size_t size) {
  Bytes bytes;
  for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(i));
  return bytes;
}

TEST(Pem, writes_lines_of_64_columns) {
  EXPECT_EQ(pem("CERTIFICATE", counted(50)),
            "-----BEGIN CERTIFICATE-----\n"
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4v\n"
            "MDE=\n"
            "-----END CERTIFICATE-----\n");
}

TEST(Pem, reads_what_it_writes) {
  for (std::size_t size = 1; size < 200; ++size)
    ASSERT_EQ(from_pem("X509 CRL", pem("X509 CRL", counted(size))).value(), counted(size));
}

TEST(Pem, finds_the_first_block_of_its_label_among_others_and_prose) {
  const std::string text = "Subject: CN=a\r\n" + pem("PUBLIC KEY", counted(3)) + "\nbetween\n" +
                           pem("CERTIFICATE", counted(70)) + pem("CERTIFICATE", counted(9));
  EXPECT_EQ(from_pem("CERTIFICATE", text).value(), counted(70));
  EXPECT_EQ(from_pem("PUBLIC KEY", text).value(), counted(3));
}

TEST(Pem, accepts_both_line_ends_and_a_missing_last_one) {
  EXPECT_TRUE(from_pem("A", "-----BEGIN A-----\r\nAAEC\r\n-----END A-----\r\n"));
  EXPECT_TRUE(from_pem("A", "-----BEGIN A-----\nAAEC\n-----END A-----"));
}

TEST(Pem, refuses_what_is_not_strict) {
  const std::string wide(68, 'A');
  const std::string full(64, 'A');
  for (const std::string& text :
       {std::string(), std::string("AAEC"), std::string("-----BEGIN A-----"),
        std::string("-----BEGIN A-----\nAAEC\n"),
        std::string("-----BEGIN A-----\nAAEC\n-----END B-----\n"),
        std::string("-----BEGIN A-----\nAAEC\n-----END A----\n"),
        std::string("-----BEGIN A-----\n-----END A-----\n"),
        std::string("-----BEGIN A-----\nAA\nEC\n-----END A-----\n"),
        std::string("-----BEGIN A-----\nAAEC\n\n-----END A-----\n"),
        std::string("-----BEGIN A-----\nAAEC \n-----END A-----\n"),
        std::string("-----BEGIN A-----\nAAE\n-----END A-----\n"),
        std::string("-----BEGIN A-----\nX: y\n\nAAEC\n-----END A-----\n"),
        std::string("-----BEGIN B-----\nAAEC\n-----BEGIN A-----\nAAEC\n-----END A-----\n"),
        std::string(" -----BEGIN A-----\nAAEC\n-----END A-----\n"),
        "-----BEGIN A-----\n" + wide + "\n-----END A-----\n",
        "-----BEGIN A-----\nAAEC\n" + full + "\n-----END A-----\n"}) {
    const auto der = from_pem("A", text);
    ASSERT_FALSE(der) << text;
    EXPECT_EQ(der.error().reason, "bad_pem");
  }
}

TEST(Pem, does_not_take_one_label_for_another) {
  EXPECT_FALSE(from_pem("KEY", pem("PUBLIC KEY", counted(3))));
  EXPECT_FALSE(from_pem("PUBLIC KEY", pem("KEY", counted(3))));
}

}  // namespace
}  // namespace kw::codec
