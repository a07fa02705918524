// PostgreSQL 15 or newer, or an SQL engine that speaks its protocol: one database, many nodes.
#include <libpq-fe.h>

#include "store/engines/catalog.h"
#include "store/engines/postgres_session.h"

namespace kw::store::engines {

namespace {

class Postgres final : public Engine {
 public:
  explicit Postgres(std::string url) : url_(std::move(url)) {}
  std::string_view name() const override { return "postgres"; }
  bool many_writers() const override { return true; }
  Result<std::unique_ptr<Session>> open_writer() override {
    return PostgresSession::open(url_, PostgresSession::Role::kWriter);
  }
  Result<std::unique_ptr<Session>> open_reader() override {
    return PostgresSession::open(url_, PostgresSession::Role::kReader);
  }

 private:
  std::string url_;
};

}  // namespace

Result<std::unique_ptr<Engine>> make_postgres(const std::string& url) {
  char* complaint = nullptr;
  PQconninfoOption* options = PQconninfoParse(url.c_str(), &complaint);
  PQfreemem(complaint);  // never shown: it quotes the URL, which may hold a password
  if (options == nullptr)
    return error(Code::kInvalidArgument, "bad_store_url", "not a connection URI of libpq");
  PQconninfoFree(options);
  return std::unique_ptr<Engine>(std::make_unique<Postgres>(url));
}

}  // namespace kw::store::engines
