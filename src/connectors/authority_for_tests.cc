#include "connectors/authority_for_tests.h"

#include <filesystem>

#include "base/check.h"

namespace kw::connectors {

namespace {

constexpr const char* kOpenssl = "/usr/bin/openssl";
const std::vector<std::string> kNewKey{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                       "-nodes"};

}  // namespace

TestAuthority::TestAuthority() {
  const auto run = [&](std::vector<std::string> words, bool with_key) {
    words.insert(words.begin(), kOpenssl);
    if (with_key) words.insert(words.end(), kNewKey.begin(), kNewKey.end());
    KW_CHECK(ServerProcess::run(words, folder_ / "openssl.log"));
  };
  for (const std::string name : {"ca", "stranger"})
    run({"req", "-x509", "-days", "2", "-subj", "/CN=" + name, "-keyout", folder_ / (name + ".key"),
         "-out", folder_ / (name + ".pem")},
        true);
  folder_.write("names", "subjectAltName=DNS:localhost\n");
  run({"req", "-subj", "/CN=server", "-keyout", folder_ / "server.key", "-out",
       folder_ / "server.csr"},
      true);
  run({"x509", "-req", "-days", "2", "-in", folder_ / "server.csr", "-CA", folder_ / "ca.pem",
       "-CAkey", folder_ / "ca.key", "-set_serial", "7", "-extfile", folder_ / "names", "-out",
       folder_ / "server.pem"},
      false);
}

const TestAuthority& TestAuthority::shared() {
  static const TestAuthority one;
  return one;
}

void TestAuthority::install(const TestFolder& folder) const {
  for (const char* name : {"server.pem", "server.key"})
    std::filesystem::copy_file(folder_ / name, folder / name,
                               std::filesystem::copy_options::overwrite_existing);
}

}  // namespace kw::connectors
