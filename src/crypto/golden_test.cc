// Envelopes written by earlier releases: they decrypt for ever. A file is never changed; a new
// format gets a new file.
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/reveal.h"
#include "crypto/hex_test_support.h"
#include "crypto/key.h"

namespace kw::crypto {
namespace {

using Fields = std::map<std::string, std::string>;

Fields read_golden(const std::filesystem::path& file) {
  std::ifstream input(file);
  Fields fields;
  for (std::string line; std::getline(input, line);) {
    const std::size_t colon = line.find(": ");
    if (line.empty() || line.front() == '#' || colon == std::string::npos) continue;
    fields[line.substr(0, colon)] = line.substr(colon + 2);
  }
  return fields;
}

std::vector<std::filesystem::path> golden_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(KW_GOLDEN))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

TEST(Golden, every_envelope_ever_written_still_decrypts) {
  std::size_t opened_files = 0;
  for (const auto& file : golden_files()) {
    Fields golden = read_golden(file);
    const Algorithm algorithm = parse_algorithm(golden.at("algorithm")).value();
    if (!available(algorithm)) {
      std::printf("golden: skipped %s, not in this OpenSSL\n", file.filename().c_str());
      continue;
    }
    const auto key = load(algorithm, secret_from_hex(golden.at("key"))).value();
    const Bytes bytes = from_hex(golden.at("envelope"));
    const Envelope envelope = parse_envelope(bytes).value();
    EXPECT_EQ(envelope.header.suite, std::stoul(golden.at("suite"), nullptr, 16)) << file;
    EXPECT_EQ(envelope.header.key.text(), golden.at("key-id")) << file;
    EXPECT_EQ(envelope.header.version, std::stoul(golden.at("key-version"))) << file;
    const auto opened = key->decrypt(envelope, from_hex(golden.at("aad")));
    ASSERT_TRUE(opened.has_value()) << file;
    EXPECT_EQ(to_hex(opened.value()), golden.at("plaintext")) << file;
    EXPECT_EQ(envelope_text(bytes), golden.at("text")) << file;
    ++opened_files;
  }
  EXPECT_GE(opened_files, 7U);
}

TEST(Golden, every_suite_of_the_catalogue_has_its_file) {
  std::map<std::string, int> files;
  for (const auto& file : golden_files()) ++files[read_golden(file).at("algorithm")];
  for (const AlgorithmInfo& row : algorithms())
    EXPECT_TRUE(row.suite == 0 || files.count(std::string(row.name)) != 0) << row.name;
}

void write_golden(const std::string& name, Algorithm algorithm, std::size_t size) {
  const std::filesystem::path file = std::filesystem::path(KW_GOLDEN) / (name + ".txt");
  if (std::filesystem::exists(file) || !available(algorithm)) return;
  const Material material = generate(algorithm).value();
  Bytes plaintext(size);
  for (std::size_t i = 0; i < size; ++i) plaintext[i] = static_cast<std::uint8_t>(i * 7 + i / 256);
  EnvelopeHeader header;
  header.key = KeyId::parse("4b657977726967687420676f6c64656e").value();
  header.version = 258;
  const Bytes aad = to_bytes(as_bytes("tenant=acme;table=orders"));
  const Bytes envelope =
      load(algorithm, material.secret).value()->encrypt(header, aad, plaintext).value();
  char suite[8];
  std::snprintf(suite, sizeof suite, "%04x", info(algorithm).suite);
  std::ofstream(file) << "# An envelope of format version 1. Never change this file.\n"
                      << "algorithm: " << info(algorithm).name << "\nsuite: " << suite
                      << "\nkey: " << to_hex(material.secret.reveal(Reveal{}))
                      << "\nkey-id: " << header.key.text() << "\nkey-version: " << header.version
                      << "\naad: " << to_hex(aad) << "\nplaintext: " << to_hex(plaintext)
                      << "\nenvelope: " << to_hex(envelope) << "\ntext: " << envelope_text(envelope)
                      << "\n";
}

// Run by hand (--gtest_also_run_disabled_tests) when a suite is added; it never overwrites a file.
TEST(Golden, DISABLED_writes_the_files_that_are_missing) {
  for (const AlgorithmInfo& row : algorithms())
    if (row.suite != 0) write_golden("envelope_v1_" + std::string(row.name), row.algorithm, 100);
  write_golden("envelope_v1_aes-256-gcm_two_chunks", Algorithm::kAes256Gcm, 16'385);
}

}  // namespace
}  // namespace kw::crypto
