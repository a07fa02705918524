#include "app/server.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/hardening.h"
#include "app/parts.h"
#include "base/reveal.h"
#include "base/secret_arena.h"
#include "codec/base64.h"
#include "crypto/x509.h"
#include "net/sd_notify.h"
#include "service/sealing.h"

namespace kw::app {

namespace {

constexpr int kCertificateDays = 397;

Status write_file(const std::string& path, ByteView content) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  const bool wrote =
      file >= 0 &&
      write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()) &&
      fsync(file) == 0;
  if (file >= 0) close(file);
  if (wrote) return ok();
  return error(Code::kFailedPrecondition, "cannot_write", "cannot write " + path);
}

Result<SecretBytes> read_secret_file(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return error(Code::kNotFound, "cannot_read", "cannot read " + path);
  SecretBytes content(64 * 1024);
  const ssize_t size = read(file, content.reveal_mutable(Reveal{}).data(), content.size());
  close(file);
  if (size <= 0) return error(Code::kNotFound, "cannot_read", "cannot read " + path);
  content.shrink(static_cast<std::size_t>(size));
  return content;
}

Result<std::string> read_text_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  if (!in) return error(Code::kNotFound, "cannot_read", "cannot read " + path);
  return content.str();
}

// The configured certificate, or one of our own made at first start.
Status choose_certificate(const Config& config, const Clock& clock, std::string& certificate,
                          std::string& key) {
  certificate = config.certificate_file;
  key = config.private_key_file;
  if (!certificate.empty()) return ok();
  certificate = config.data_directory + "/tls.crt";
  key = config.data_directory + "/tls.key";
  if (std::filesystem::exists(certificate) && std::filesystem::exists(key)) return ok();
  KW_TRY(const auto made,
         crypto::self_signed_certificate({"localhost", "127.0.0.1", "::1", config.address},
                                         clock.wall(), kCertificateDays));
  KW_OK(write_file(key, made.private_key_pem.reveal(Reveal{})));
  return write_file(certificate, as_bytes(made.certificate_pem));
}

}  // namespace

Status Server::Parts::listen() {
  std::string key_file;
  KW_OK(choose_certificate(config, clock, certificate_file, key_file));
  net::ServerOptions options;
  options.address = config.address;
  options.port = config.port;
  options.threads = config.threads;
  KW_TRY(options.certificate_pem, read_text_file(certificate_file));
  KW_TRY(options.private_key_pem, read_secret_file(key_file));
  if (!config.client_ca_file.empty()) {
    KW_TRY(options.client_ca_pem, read_text_file(config.client_ca_file));
  }
  KW_TRY(const Bytes fingerprint, crypto::certificate_fingerprint(options.certificate_pem));
  certificate_sha256 = codec::hex(fingerprint);
  api::rest::ApplicationOptions rest;
  rest.per_source = {config.per_source_rate, 2 * config.per_source_rate};
  rest.per_caller = {config.per_caller_rate, 2 * config.per_caller_rate};
  rest.per_tenant = {config.per_tenant_rate, 2 * config.per_tenant_rate};
  application = std::make_unique<api::rest::Application>(*house, rest);
  KW_TRY(http, net::HttpServer::start(std::move(options), *application, log));
  return ok();
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::start(const Config& config) {
  KW_OK(harden_process());
  const bool unlocked = config.allow_unlocked_memory || config.development;
  KW_OK(SecretArena::reserve(
      unlocked ? SecretArena::Unlocked::kAllow : SecretArena::Unlocked::kRefuse,
      SecretArena::Forks::kNever));
  KW_OK(crypto::initialise_library());
  // Signals are taken by run_until_signal; threads started below inherit the mask.
  sigset_t handled;
  sigemptyset(&handled);
  sigaddset(&handled, SIGINT);
  sigaddset(&handled, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &handled, nullptr);
  signal(SIGPIPE, SIG_IGN);

  auto parts = std::make_unique<Parts>(config);
  KW_OK(parts->confine());
  KW_OK(parts->open_store());
  KW_OK(parts->open_rooms());
  KW_OK(parts->open_seal());
  KW_OK(parts->listen());
  parts->start_clockwork();
  parts->log.info("server.started",
                  {{"url", "https://" + config.address + ":" + std::to_string(parts->http->port())},
                   {"store", parts->store->engine()},
                   {"sealed", parts->barrier->sealed()}});
  net::notify_service_manager("READY=1");
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

std::string Server::url() const {
  const bool v6 = parts_->config.address.find(':') != std::string::npos;
  return "https://" + (v6 ? "[" + parts_->config.address + "]" : parts_->config.address) + ":" +
         std::to_string(parts_->http->port());
}
std::string Server::certificate_file() const {
  return parts_->certificate_file;
}
std::string Server::certificate_sha256() const {
  return parts_->certificate_sha256;
}

Result<WipedText> Server::development_token() {
  KW_TRY(auth::IssuedToken token, service::development_token(*parts_->house));
  return std::move(token.text);
}

Status Server::development_tenant(const std::string& name) {
  return service::development_tenant(*parts_->house, name);
}

void Server::run_until_signal() {
  sigset_t handled;
  sigemptyset(&handled);
  sigaddset(&handled, SIGINT);
  sigaddset(&handled, SIGTERM);
  int received = 0;
  sigwait(&handled, &received);
  net::notify_service_manager("STOPPING=1");
  parts_->log.info("server.stopping", {{"signal", received}});
  parts_->stop_clockwork();
  parts_->http->stop(std::chrono::milliseconds(10'000));
  parts_->emergency->sealed();
  parts_->rotation->sealed();
  if (const Status flushed = parts_->flush_usage(); !flushed)
    parts_->log.failure("usage.flush", flushed.error());
  if (const Status flushed = parts_->api_keys->flush(); !flushed)
    parts_->log.failure("api-key.flush", flushed.error());
}

void Server::request_stop() {
  kill(getpid(), SIGTERM);
}

}  // namespace kw::app
