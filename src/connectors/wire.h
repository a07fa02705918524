// A connection over TCP, plain or TLS, for protocols that are spoken here. Nothing in it waits
// longer than its deadline. Used by one thread.
#pragma once

#include <memory>
#include <string_view>

#include "base/secret_bytes.h"
#include "connectors/server_address.h"

namespace kw::connectors {

class Wire {
 public:
  /// @param what  names the system in errors
  /// @param tls_later  begins plain; the caller says when (start_tls)
  /// @errors kUnavailable(target_unreachable), kDeadlineExceeded(target_slow),
  ///   kFailedPrecondition(tls_untrusted | bad_ca_file)
  static Result<std::unique_ptr<Wire>> open(const ServerAddress& address, SteadyTime deadline,
                                            std::string_view what, bool tls_later = false);
  ~Wire();
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// The rest of the conversation is TLS 1.2 or later, the certificate checked against the host.
  Status start_tls(const ServerAddress& address);
  Status write(std::string_view bytes);
  /// At least one byte; the end of the connection is target_unreachable.
  Result<std::string_view> read();
  /// Up to the next line feed, which is taken away with a carriage return before it. At most 1 MiB.
  Result<WipedText> line();

 private:
  struct Tls;
  Wire(SteadyTime deadline, std::string_view what);
  Status connect(const ServerAddress& address);
  Status wait(bool to_write);
  Status wait_for(int tls_result);

  int socket_ = -1;
  SteadyTime deadline_;
  std::string what_;
  std::unique_ptr<Tls> tls_;
  WipedText buffer_, pending_;
};

}  // namespace kw::connectors
