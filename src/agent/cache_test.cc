#include "agent/cache.h"

#include <sys/stat.h>
#include <unistd.h>

#include "agent/folder_for_tests.h"

namespace kw::agent {
namespace {

using client::SecretValue;

struct Room {
  Result<Cache> open(const std::string& consumer = "billing") {
    return Cache::open({folder.file("cache"), folder.file("key"), std::chrono::hours(1)},
                       {"https://keys:1", "acme", consumer}, clock);
  }
  Folder folder;
  FakeClock clock{from_micros(1'800'000'000'000'000)};
};

SecretValue login(const std::string& path, std::uint32_t version, std::string_view password) {
  SecretValue value;
  value.path = path;
  value.version = version;
  value.state = "primary";
  value.parts.emplace_back("password", SecretBytes::copy_of(as_bytes(password)));
  value.parts.emplace_back("user", SecretBytes::copy_of(as_bytes("app")));
  return value;
}

std::string password_of(const Cached& cached) {
  return std::string(as_text(cached.value->part("password")->reveal(Reveal{})));
}

std::string only_file(const std::string& folder) {
  return std::filesystem::directory_iterator(folder)->path().string();
}

TEST(Cache, gives_back_what_it_was_given_after_a_restart) {
  Room room;
  ASSERT_TRUE(room.open()->store(login("db/orders", 3, "hush-hush"), CacheSlot::kPresent));
  room.clock.advance(std::chrono::minutes(5));
  const auto cached = room.open()->load("db/orders", CacheSlot::kPresent);
  ASSERT_TRUE(cached) << cached.error().message;
  EXPECT_EQ(cached->value->version, 3U);
  EXPECT_EQ(password_of(*cached), "hush-hush");
  EXPECT_EQ(cached->age, std::chrono::minutes(5));
  EXPECT_EQ(room.open()->load("db/orders", CacheSlot::kPrevious).error().reason, "not_cached");
}

TEST(Cache, shows_neither_values_nor_names_on_disk_and_lets_nobody_else_in) {
  Room room;
  ASSERT_TRUE(room.open()->store(login("db/orders", 3, "hush-hush"), CacheSlot::kPresent));
  const std::string file = only_file(room.folder.file("cache"));
  std::ifstream in(file, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf() << file;
  EXPECT_EQ(content.str().find("hush"), std::string::npos);
  EXPECT_EQ(content.str().find("orders"), std::string::npos);
  struct stat found {};
  for (const std::string& path : {file, room.folder.file("key")}) {
    ASSERT_EQ(stat(path.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U) << path;
  }
  ASSERT_EQ(chmod(room.folder.file("key").c_str(), 0640), 0);
  EXPECT_EQ(room.open().error().reason, "cache_open");
  ASSERT_EQ(chmod(room.folder.file("key").c_str(), 0600), 0);
  ASSERT_EQ(chmod(room.folder.file("cache").c_str(), 0755), 0);
  EXPECT_EQ(room.open().error().reason, "cache_open");
}

TEST(Cache, opens_a_value_only_where_it_belongs) {
  Room room;
  const Cache cache = room.open().value();
  ASSERT_TRUE(cache.store(login("db/orders", 1, "one"), CacheSlot::kPresent));
  const std::string orders = only_file(room.folder.file("cache"));
  ASSERT_TRUE(cache.store(login("db/users", 1, "two"), CacheSlot::kPresent));
  for (const auto& each : std::filesystem::directory_iterator(room.folder.file("cache")))
    if (each.path() != orders)
      std::filesystem::copy_file(orders, each.path(),
                                 std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(cache.load("db/users", CacheSlot::kPresent).error().reason, "cache_unreadable");
  EXPECT_EQ(room.open("other")->load("db/orders", CacheSlot::kPresent).error().reason,
            "not_cached");
}

TEST(Cache, notices_every_changed_byte) {
  Room room;
  const Cache cache = room.open().value();
  ASSERT_TRUE(cache.store(login("a", 1, "one"), CacheSlot::kPresent));
  const std::string file = only_file(room.folder.file("cache"));
  const auto size = std::filesystem::file_size(file);
  for (std::uintmax_t at = 0; at < size; ++at) {
    std::fstream io(file, std::ios::in | std::ios::out | std::ios::binary);
    io.seekg(static_cast<std::streamoff>(at));
    const char before = static_cast<char>(io.get());
    io.seekp(static_cast<std::streamoff>(at));
    io.put(static_cast<char>(before ^ 1));
    io.flush();
    EXPECT_EQ(cache.load("a", CacheSlot::kPresent).error().reason, "cache_unreadable") << at;
    io.seekp(static_cast<std::streamoff>(at));
    io.put(before);
  }
  EXPECT_TRUE(cache.load("a", CacheSlot::kPresent));
  std::filesystem::resize_file(file, 10);
  EXPECT_EQ(cache.load("a", CacheSlot::kPresent).error().reason, "cache_unreadable");
}

TEST(Cache, ends_with_its_age_with_the_value_and_with_a_clock_that_goes_back) {
  Room room;
  const Cache cache = room.open().value();
  ASSERT_TRUE(cache.store(login("a", 1, "one"), CacheSlot::kPresent));
  room.clock.jump_wall(-std::chrono::minutes(1));
  EXPECT_EQ(cache.load("a", CacheSlot::kPresent).error().reason, "not_cached");
  room.clock.jump_wall(std::chrono::minutes(60));
  EXPECT_TRUE(cache.load("a", CacheSlot::kPresent));
  room.clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(cache.load("a", CacheSlot::kPresent).error().reason, "not_cached");
  SecretValue brief = login("b", 1, "one");
  brief.expires_at = room.clock.wall() + std::chrono::minutes(1);
  ASSERT_TRUE(cache.store(brief, CacheSlot::kPresent));
  EXPECT_TRUE(cache.load("b", CacheSlot::kPresent));
  room.clock.advance(std::chrono::minutes(1));
  EXPECT_EQ(cache.load("b", CacheSlot::kPresent).error().reason, "not_cached");
}

TEST(Cache, a_dropped_value_is_gone) {
  Room room;
  const Cache cache = room.open().value();
  ASSERT_TRUE(cache.store(login("a", 1, "one"), CacheSlot::kPresent));
  ASSERT_TRUE(cache.drop("a", CacheSlot::kPresent));
  ASSERT_TRUE(cache.drop("a", CacheSlot::kPresent));
  EXPECT_TRUE(std::filesystem::is_empty(room.folder.file("cache")));
}

}  // namespace
}  // namespace kw::agent
