// Memory that held a secret is clean when it goes back to the heap. Replaces operator delete for
// this test binary.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include "codec/base64.h"
#include "codec/json.h"

namespace {

// Two texts that are looked for in each freed block while a test has set them.
std::atomic<const char*> needle{nullptr};
std::atomic<int> sightings{0};

bool contains(const void* block, std::size_t size, std::string_view text) {
  return memmem(block, size, text.data(), text.size()) != nullptr;
}

void inspect_and_free(void* block) noexcept {
  if (block == nullptr) return;
  const char* wanted = needle.load();
  if (wanted != nullptr && contains(block, malloc_usable_size(block), wanted)) ++sightings;
  std::free(block);
}

}  // namespace

void* operator new(std::size_t size) {
  void* block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return std::malloc(size);
}
void operator delete(void* block) noexcept {
  inspect_and_free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  inspect_and_free(block);
}

namespace kw::codec {
namespace {

constexpr const char* kSecret = "correct horse battery staple";
constexpr const char* kSecretBase64 = "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==";
constexpr const char* kShort = "hunter2!";
constexpr const char* kShortBase64 = "aHVudGVyMiE=";

template <typename Action>
int sightings_of(const char* text, const Action& action) {
  sightings = 0;
  needle = text;
  action();
  needle = nullptr;
  return sightings;
}

TEST(FreedMemory, is_inspected_by_this_test) {
  EXPECT_GT(
      sightings_of(kSecret, [] { const std::string unwiped(std::string(20, '.') + kSecret); }), 0);
}

TEST(FreedMemory, holds_nothing_of_a_json_document) {
  const std::string text = std::string("{\"a\":\"\\t") + kSecret + "\",\"b\":[\"" + kShort + "\"]}";
  for (const char* secret : {kSecret, kShort})
    EXPECT_EQ(sightings_of(secret, [&] { ASSERT_TRUE(JsonDocument::parse(text)); }), 0);
  const std::string tiny = std::string("\"") + kShort + "\"";
  EXPECT_EQ(sightings_of(kShort, [&] { ASSERT_TRUE(JsonDocument::parse(tiny)); }), 0);
}

TEST(FreedMemory, holds_nothing_of_a_refused_json_text) {
  const std::string text = std::string("{\"a\":\"") + kSecret + "\",}";
  EXPECT_EQ(sightings_of(kSecret, [&] { ASSERT_FALSE(JsonDocument::parse(text)); }), 0);
}

TEST(FreedMemory, holds_nothing_of_a_json_writer_that_grew) {
  const auto write = [](int times) {
    JsonWriter out;
    out.begin_array();
    for (int i = 0; i < times; ++i) out.value(kSecret).base64(as_bytes(kSecret));
    const WipedText text = out.end_array().take();
    ASSERT_EQ(text.front(), '[');
  };
  for (int times : {1, 100}) {
    EXPECT_EQ(sightings_of(kSecret, [&] { write(times); }), 0);
    EXPECT_EQ(sightings_of(kSecretBase64, [&] { write(times); }), 0);
  }
}

TEST(FreedMemory, holds_nothing_of_coded_secrets) {
  const auto round_trip = [](const char* text) {
    const auto bytes = wiped_from_base64(text);
    ASSERT_EQ(std::string_view(wiped_base64(*bytes)), text);
    ASSERT_TRUE(secret_from_base64(text));
  };
  EXPECT_EQ(sightings_of(kSecret, [&] { round_trip(kSecretBase64); }), 0);
  EXPECT_EQ(sightings_of(kSecretBase64, [&] { round_trip(kSecretBase64); }), 0);
  EXPECT_EQ(sightings_of(kShort, [&] { round_trip(kShortBase64); }), 0);
}

// std::string keeps short texts inside itself, where the wiping allocator cannot reach them.
TEST(FreedMemory, includes_short_texts_because_they_are_on_the_heap) {
  const WipedText text = wiped_base64(as_bytes("a"));
  const auto* object = reinterpret_cast<const char*>(&text);
  EXPECT_FALSE(text.data() >= object && text.data() < object + sizeof(WipedText));
  JsonWriter out;
  const WipedText json = out.value(1).take();
  object = reinterpret_cast<const char*>(&json);
  EXPECT_FALSE(json.data() >= object && json.data() < object + sizeof(WipedText));
}

}  // namespace
}  // namespace kw::codec
