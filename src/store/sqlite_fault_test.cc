// A disk that is full, or that fails to write or sync.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <thread>

#include "store/contract.h"

namespace {
std::atomic<bool> sync_fails = false;
std::atomic<int> write_error = 0;
// Like a small disk: writes beyond this offset meet ENOSPC.
std::atomic<off_t> disk_end = 0;

ssize_t faulty_pwrite(int file, const void* data, std::size_t size, off_t offset) {
  const off_t end = disk_end;
  errno = write_error != 0 ? write_error.load() : ENOSPC;
  if (write_error != 0 || (end != 0 && offset + static_cast<off_t>(size) > end)) return -1;
  return ::pwrite(file, data, size, offset);
}
}  // namespace

// The program's own definition comes before the C library's, also for libsqlite3.
extern "C" __attribute__((visibility("default"))) int fdatasync(int file) {
  if (!sync_fails) return static_cast<int>(::syscall(SYS_fdatasync, file));
  errno = EIO;
  return -1;
}

namespace kw::store {
namespace {

constexpr Migration kSchema{"fault", 1, "CREATE TABLE item (id BIGINT PRIMARY KEY, body BYTEA)"};

class SqliteFault : public testing::Test {
 protected:
  void SetUp() override {
    sqlite3_vfs* vfs = sqlite3_vfs_find("unix");
    for (const char* name : {"pwrite", "pwrite64"})
      vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(faulty_pwrite));
    std::string made = testing::TempDir() + "kwfault.XXXXXX";
    ASSERT_NE(::mkdtemp(made.data()), nullptr);
    folder_ = made;
    open_again();
  }
  void TearDown() override {
    heal();
    store_.reset();
    sqlite3_vfs* vfs = sqlite3_vfs_find("unix");
    vfs->xSetSystemCall(vfs, nullptr, nullptr);
    std::filesystem::remove_all(folder_);
  }
  static void heal() {
    sync_fails = false;
    write_error = 0;
    disk_end = 0;
  }
  std::string path() const { return folder_ + "/store.db"; }
  void open_again() {
    store_.reset();
    auto opened = open("sqlite://" + path());
    ASSERT_EQ(reason(opened), "");
    store_ = *std::move(opened);
    ASSERT_EQ(reason(store_->migrate({&kSchema, 1})), "");
  }
  std::string insert(int id, std::size_t size = 100) {
    return reason(store_->write([&](Tx& tx) -> Status {
      KW_OK(tx.execute("INSERT INTO item (id, body) VALUES ($1, $2)", {id, Bytes(size, 7)}));
      return ok();
    }));
  }
  /// The insert is durable, and makes the log large enough for a checkpoint, whose sync fails.
  void insert_before_a_checkpoint_that_fails(int id, std::size_t size) {
    Outcomes outcomes;
    store_->write_async(
        [&](Tx& tx) -> Status {
          KW_OK(tx.execute("INSERT INTO item (id, body) VALUES ($1, $2)", {id, Bytes(size, 7)}));
          return ok();
        },
        // Called after the commit and before the checkpoint.
        [done = outcomes.expect()](Status status) {
          sync_fails = true;
          done(std::move(status));
        });
    EXPECT_EQ(reason(outcomes.wait()[0]), "");
    // The checkpoint runs beside the writer. A work that changes nothing does not sync.
    const auto nothing = [&] {
      return reason(store_->write([](Tx&) -> Status { return error(Code::kAborted, "none", ""); }));
    };
    while (nothing() != "store_suspect") std::this_thread::yield();
  }
  std::int64_t count() {
    std::int64_t answer = -1;
    const Status read = store_->read([&](Reader& reader) -> Status {
      KW_TRY(auto sound, reader.query_one("PRAGMA integrity_check", {}));
      EXPECT_EQ(sound->text(0), "ok");
      KW_TRY(auto row, reader.query_one("SELECT count(*) FROM item", {}));
      answer = row->integer(0);
      return ok();
    });
    EXPECT_EQ(reason(read), "");
    return answer;
  }

  std::string folder_;
  std::unique_ptr<Store> store_;
};

TEST_F(SqliteFault, of_a_full_disk_passes_with_it) {
  ASSERT_EQ(insert(1), "");
  write_error = ENOSPC;
  EXPECT_EQ(insert(2), "store_full");
  EXPECT_EQ(insert(3), "store_full");
  EXPECT_EQ(count(), 1);
  heal();
  EXPECT_EQ(insert(4), "");
  open_again();
  EXPECT_EQ(count(), 2);
}

TEST_F(SqliteFault, of_one_work_that_fills_the_disk_spares_its_group) {
  Outcomes outcomes;
  std::atomic<bool> held = true;
  store_->write_async(
      [&](Tx&) {
        held.wait(true);
        return ok();
      },
      outcomes.expect());
  disk_end = 8 << 20;
  for (int i = 0; i < 4; ++i) {
    // The large work outgrows the page cache and meets the full disk in the middle of the group.
    const int copies = i == 2 ? 4 : 1;
    const std::size_t size = i == 2 ? 40U << 20U : 100;
    store_->write_async(
        [i, copies, size](Tx& tx) -> Status {
          for (int copy = 0; copy < copies; ++copy)
            KW_OK(tx.execute("INSERT INTO item (id, body) VALUES ($1, $2)",
                             {i * 10 + copy, Bytes(size, 7)}));
          return ok();
        },
        outcomes.expect());
  }
  held = false;
  held.notify_all();
  const auto all = outcomes.wait();
  EXPECT_EQ(reason(all[3]), "store_full");
  for (const std::size_t other : {1U, 2U, 4U}) EXPECT_EQ(reason(all[other]), "");
  EXPECT_EQ(count(), 3);
}

TEST_F(SqliteFault, of_a_sync_makes_the_store_suspect_until_restart) {
  ASSERT_EQ(insert(1), "");
  sync_fails = true;
  EXPECT_EQ(insert(2), "store_outcome_unknown");
  heal();
  EXPECT_EQ(insert(3), "store_suspect");
  EXPECT_EQ(insert(4), "store_suspect");
  EXPECT_EQ(count(), 1);
  open_again();
  EXPECT_EQ(insert(5), "");
  EXPECT_GE(count(), 2);
}

TEST_F(SqliteFault, of_a_commit_write_makes_the_store_suspect) {
  write_error = EIO;
  EXPECT_EQ(insert(1), "store_outcome_unknown");
  heal();
  EXPECT_EQ(insert(2), "store_suspect");
  open_again();
  EXPECT_EQ(insert(3), "");
}

TEST_F(SqliteFault, of_a_sync_meets_the_write_that_makes_slices_durable) {
  const auto slice = [&](int id) {
    return reason(store_->write(
        [&](Tx& tx) -> Status {
          KW_OK(tx.execute("INSERT INTO item (id, body) VALUES ($1, $2)", {id, Bytes(100, 7)}));
          return ok();
        },
        Priority::kSlice));
  };
  EXPECT_EQ(insert(1), "");
  sync_fails = true;
  EXPECT_EQ(slice(2), "");
  EXPECT_EQ(slice(3), "");
  EXPECT_EQ(count(), 3);
  EXPECT_EQ(insert(4), "store_outcome_unknown");
  EXPECT_EQ(slice(5), "store_suspect");
}

TEST_F(SqliteFault, of_a_checkpoint_makes_the_store_suspect_and_loses_nothing) {
  ASSERT_EQ(insert(1, 28U << 20U), "");  // not yet large enough for a checkpoint
  ASSERT_EQ(insert(2, 100), "");
  insert_before_a_checkpoint_that_fails(3, 7U << 20U);
  EXPECT_EQ(insert(4), "store_suspect");
  heal();
  open_again();
  EXPECT_EQ(count(), 3);
}

TEST_F(SqliteFault, of_a_checkpoint_comes_after_8_mib_where_transactions_are_small) {
  constexpr int kBefore = 65;
  for (int i = 0; i < kBefore; ++i) ASSERT_EQ(insert(i, 100'000), "") << i;
  insert_before_a_checkpoint_that_fails(kBefore, 1'000'000);
  heal();
  open_again();
  EXPECT_EQ(count(), kBefore + 1);
}

TEST_F(SqliteFault, is_not_a_second_process) {
  EXPECT_EQ(reason(open("sqlite://" + path())), "store_in_use");
  store_.reset();
  EXPECT_EQ(reason(open("sqlite://" + path())), "");
}

TEST_F(SqliteFault, is_not_a_file_that_others_may_read) {
  ASSERT_EQ(insert(1), "");
  const auto is_private = [&](const char* suffix) {
    struct stat found {};
    EXPECT_EQ(::stat((path() + suffix).c_str(), &found), 0) << suffix;
    return (found.st_mode & 0777U) == 0600U;
  };
  for (const char* suffix : {"", "-wal", "-shm", "-lock"}) EXPECT_TRUE(is_private(suffix));
}

TEST_F(SqliteFault, of_a_damaged_file_is_named) {
  ASSERT_EQ(insert(1, 100'000), "");
  store_.reset();
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file << "this is no database at all";
  }
  const auto opened = open("sqlite://" + path());
  ASSERT_EQ(reason(opened), "store_corrupt");
  EXPECT_EQ(opened.error().code, Code::kDataLoss);
}

TEST(SqliteDisk, goes_on_when_a_full_one_has_room_again) {
  std::string folder = testing::TempDir() + "kwdisk.XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  if (::mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=4m") != 0) {
    std::filesystem::remove_all(folder);
    GTEST_SKIP() << "this process may not mount a small tmpfs";
  }
  {
    auto store = open("sqlite://" + folder + "/store.db");
    ASSERT_EQ(reason(store), "");
    ASSERT_EQ(reason((*store)->migrate({&kSchema, 1})), "");
    const auto insert = [&](std::int64_t id) {
      return (*store)->write([&](Tx& tx) -> Status {
        KW_OK(tx.execute("INSERT INTO item (id, body) VALUES ($1, $2)", {id, Bytes(50'000, 7)}));
        return ok();
      });
    };
    { std::ofstream(folder + "/ballast") << std::string(2 << 20, 'x'); }
    std::int64_t stored = 0;
    while (insert(stored).has_value()) ++stored;
    EXPECT_GT(stored, 0);
    EXPECT_EQ(reason(insert(stored)), "store_full");
    std::filesystem::remove(folder + "/ballast");
    EXPECT_EQ(reason(insert(stored)), "");
    const Status read = (*store)->read([&](Reader& reader) -> Status {
      KW_TRY(auto row, reader.query_one("SELECT count(*) FROM item", {}));
      EXPECT_EQ(row->integer(0), stored + 1);
      return ok();
    });
    EXPECT_EQ(reason(read), "");
  }
  ::umount(folder.c_str());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace kw::store
