#include "rotation/incident_room_for_test.h"

#include <stdlib.h>

#include <filesystem>

#include "cluster/cluster.h"
#include "rotation/incident_schema.h"
#include "rotation/migrations.h"
#include "seal/seal.h"

namespace kw::rotation {

IncidentRoom::IncidentRoom(std::string folder, std::string url)
    : folder_(std::move(folder)),
      url_(std::move(url)),
      own_(folder_.empty()),
      root_(SecretBytes::copy_of(Bytes(32, 7))) {
  if (own_) folder_ = new_folder();
  open_again();
}

std::string IncidentRoom::new_folder() {
  std::string folder = (std::filesystem::temp_directory_path() / "kw-incident-XXXXXX").string();
  KW_CHECK(mkdtemp(folder.data()) != nullptr);
  return folder;
}

IncidentRoom::~IncidentRoom() {
  log_.reset();
  barrier_.reset();
  store_.reset();
  std::error_code ignored;
  if (own_) std::filesystem::remove_all(folder_, ignored);
}

void IncidentRoom::open_again() {
  log_.reset();
  barrier_.reset();
  store_.reset();
  store_ = store::open(url_.empty() ? "sqlite://" + folder_ + "/store.db" : url_).value();
  KW_CHECK(store_->migrate(seal::migrations()).has_value());
  KW_CHECK(store_->migrate(audit::migrations()).has_value());
  KW_CHECK(store_->migrate(cluster::migrations()).has_value());
  KW_CHECK(store_->migrate(migrations()).has_value());
  barrier_ = std::make_unique<seal::Barrier>(*store_, clock_);
  KW_CHECK(barrier_->install(&root_).has_value());
  const bool has_kek = barrier_->primary_kek(0).has_value();
  const Status made = store_->write([&](store::Tx& tx) -> Status {
    if (!has_kek) KW_OK(barrier_->create_kek(tx, 0));
    return ok();
  });
  KW_CHECK(made.has_value());
  log_ = std::make_unique<audit::ChangeLog>(*store_, clock_, "node-1", "test/audit/1");
  KW_CHECK(log_->unlock(barrier_.get()).has_value());
}

RowProof IncidentRoom::proof() {
  return {[this](std::string_view table, ByteView row) -> Result<Bytes> {
            KW_TRY(const auto mac, barrier_->row_mac(table, row));
            return Bytes(mac.begin(), mac.end());
          },
          [this](std::string_view table, ByteView row, ByteView mac) {
            return barrier_->check_row(table, row, mac);
          }};
}

std::string IncidentRoom::write(const std::function<Status(Change)>& work, std::string_view actor) {
  audit::Event by;
  by.actor = actor;
  by.method = "token";
  by.request_id = "3f1d0c5a9b7e4f20a1b2c3d4e5f60718";
  return why(store_->write([&](store::Tx& tx) { return work(Change{tx, by}); }));
}

std::int64_t IncidentRoom::number(std::string_view sql) {
  std::int64_t found = -1;
  const Status read = store_->read([&](store::Reader& reader) -> Status {
    KW_TRY(const auto row, reader.query_one(sql, {}));
    if (row) found = row->integer(0);
    return ok();
  });
  EXPECT_EQ(why(read), "") << sql;
  return found;
}

std::string IncidentRoom::run(std::string_view sql) {
  return write([&](Change change) -> Status {
    KW_OK(change.tx.execute(sql, {}));
    return ok();
  });
}

}  // namespace kw::rotation
