// Certificates for servers of tests: one authority, one that nobody knows, and a server's.
#pragma once

#include "connectors/server_process_for_tests.h"

namespace kw::connectors {

class TestAuthority {
 public:
  /// Made once, gone with the program.
  static const TestAuthority& shared();
  std::string trusted() const { return folder_ / "ca.pem"; }
  std::string stranger() const { return folder_ / "stranger.pem"; }
  /// Copies server.pem and server.key, for "localhost" and for no other name, into a folder.
  void install(const TestFolder& folder) const;

 private:
  TestAuthority();
  TestFolder folder_;
};

}  // namespace kw::connectors
