#include "audit/log_for_tests.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "seal/seal.h"

namespace kw::audit {

TestFolder::TestFolder() {
  std::string name = std::filesystem::temp_directory_path().string() + "/kw-audit-XXXXXX";
  KW_CHECK(mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TestFolder::~TestFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Bytes read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

void write_bytes(const std::string& path, ByteView bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  KW_CHECK(file.good());
}

Event event_of(int number) {
  constexpr std::string_view kObjects[] = {"orders", "invoices", "mail"};
  Event event;
  event.action = number % 2 == 0 ? "key.encrypt" : "key.decrypt";
  event.request_id = "3f1d0c5a9b7e4f20a1b2c3d4e5f60718";
  event.tenant = number % 5 == 0 ? "acme" : "globex";
  event.actor = number % 3 == 0 ? "alice" : "billing-service";
  event.method = "token";
  event.peer = "10.1.2.3:51234";
  event.kind = "key";
  event.object = kObjects[number % 3];
  event.version = 1 + number % 7;
  event.policy = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
  return event;
}

TestLog::TestLog(const TestFolder& folder, std::string url)
    : root_(SecretBytes::copy_of(Bytes(32, 7))) {
  if (url.empty()) url = "sqlite://" + folder.file("store.db");
  store_ = store::open(url).value();
  KW_CHECK(store_->migrate(seal::migrations()).has_value());
  KW_CHECK(store_->migrate(migrations()).has_value());
  barrier_ = std::make_unique<seal::Barrier>(*store_, clock_);
  KW_CHECK(barrier_->install(&root_).has_value());
  const bool has_kek = barrier_->primary_kek(0).has_value();
  const Status made = store_->write([&](store::Tx& tx) -> Status {
    if (!has_kek) KW_OK(barrier_->create_kek(tx, 0));
    return ok();
  });
  KW_CHECK(made.has_value());
  log_ = std::make_unique<ChangeLog>(*store_, clock_, "node-1", "test/audit/1");
  const Status unlocked = log_->unlock(barrier_.get());
  if (!unlocked) ADD_FAILURE() << unlocked.error().reason << ": " << unlocked.error().message;
}

void TestLog::fill(int count) {
  for (int done = 0; done < count;) {
    const int end = std::min(count, done + 100);
    const Status written = store_->write([&](store::Tx& tx) -> Status {
      for (int i = done; i < end; ++i) KW_OK(log_->append(tx, event_of(i)));
      return ok();
    });
    ASSERT_EQ(reason(written), "");
    done = end;
    clock_.advance(std::chrono::seconds(1));
  }
}

std::int64_t TestLog::tamper(std::string_view sql) {
  std::int64_t changed = 0;
  const Status written = store_->write([&](store::Tx& tx) -> Status {
    KW_TRY(changed, tx.execute(sql, {}));
    return ok();
  });
  EXPECT_EQ(reason(written), "");
  return changed;
}

AccessLog::Options access_options(const TestFolder& folder) {
  AccessLog::Options options;
  options.directory = folder.file("access");
  options.node = "node-1";
  options.origin = "test/access/node-1";
  options.reserve_bytes = 1 << 20;
  return options;
}

}  // namespace kw::audit
