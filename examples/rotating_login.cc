// An application that queries PostgreSQL while its login rotates. No query fails: connections are
// grouped by the version of the login that opened them, and a refused login fetches the new one.
//
//   rotating_login URL SERVER_SHA256 TOKEN_FILE "host=… dbname=…"
//
// The secret db/orders of tenant acme has the fields user and password; the key `notes` encrypts
// what the application keeps. It queries once per line of its input and says which login it used.
#include <libpq-fe.h>

#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

#include "base/reveal.h"
#include "client/credential_pool.h"
#include "client/keys.h"
#include "client/secrets.h"

namespace {

using namespace kw;
using namespace kw::client;

struct Close {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Pool = CredentialPool<PGconn, Close>;

std::string text(const SecretBytes& secret) {
  return std::string(as_text(secret.reveal(Reveal{})));
}

// A refused login is the one thing that the pool has to know.
Result<Pool::Owned> log_in(const std::string& where, const SecretValue& login) {
  KW_TRY(const SecretBytes user, login.copy("user"));
  KW_TRY(const SecretBytes password, login.copy("password"));
  const std::string name = text(user), word = text(password);
  const char* const keys[] = {"dbname", "user", "password", nullptr};
  const char* const values[] = {where.c_str(), name.c_str(), word.c_str(), nullptr};
  Pool::Owned connection(PQconnectdbParams(keys, values, 1));
  if (PQstatus(connection.get()) == CONNECTION_OK) return connection;
  const char* said = PQerrorMessage(connection.get());
  const bool refused = std::strstr(said, "authentication failed") != nullptr ||
                       std::strstr(said, "is not permitted to log in") != nullptr;
  if (refused)
    return error(Code::kUnauthenticated, "login_refused", "PostgreSQL refused the login");
  return error(Code::kUnavailable, "database_away", "PostgreSQL does not answer");
}

Result<std::string> query(Pool& pool) {
  KW_TRY(Pool::Lease lease, pool.take());
  PGresult* result = PQexec(lease.get(), "SELECT current_user");
  const bool good = PQresultStatus(result) == PGRES_TUPLES_OK;
  const std::string user = good ? PQgetvalue(result, 0, 0) : "";
  PQclear(result);
  if (good) return user + " by version " + std::to_string(lease.version());
  lease.discard();
  return error(Code::kUnavailable, "query_failed", "the query failed");
}

// Encrypts, decrypts and compares: the key never leaves the server.
Status keep_a_note(const Keys& keys) {
  const std::string note = "seen by rotating_login";
  KW_TRY(const std::string sealed, keys.encrypt("notes", SecretBytes::copy_of(as_bytes(note))));
  KW_TRY(const SecretBytes opened, keys.decrypt("notes", sealed));
  std::printf("note %s\n", text(opened) == note ? "kept" : "lost");
  return ok();
}

Status run(char** words) {
  const SystemClock clock;
  ChannelOptions options;
  options.http.base_url = words[1];
  options.http.pinned_sha256_hex = words[2];
  options.token_file = words[3];
  KW_TRY(const std::shared_ptr<Channel> channel, Channel::open(std::move(options)));
  Secrets secrets(channel, {.tenant = "acme"}, clock);
  const std::string where = words[4];
  Pool pool(secrets, "db/orders", [&](const SecretValue& login) { return log_in(where, login); });
  KW_OK(keep_a_note(Keys(channel, "acme")));
  std::string line;
  while (std::getline(std::cin, line)) {
    const Result<std::string> answer = query(pool);
    std::printf("%s\n", answer ? answer->c_str() : answer.error().reason.c_str());
    std::fflush(stdout);
  }
  return ok();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const Status done = run(argv);
  if (done) return 0;
  std::fprintf(stderr, "error: %s [%s]\n", done.error().message.c_str(),
               done.error().reason.c_str());
  return 1;
}
