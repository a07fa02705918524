#include "keys/rewrap_ahead.h"

#include <algorithm>

namespace kw::keys {

namespace {

Status rewrap_cells(seal::KekCipher& cipher, Slice& slice) {
  std::size_t size = 0;
  for (const store::Cell& cell : slice.cells) size += cell.bytes.size();
  slice.fresh.resize(size);
  slice.updates.clear();
  slice.updates.reserve(slice.cells.size());
  std::size_t at = 0;
  for (const store::Cell& cell : slice.cells) {
    const std::span<std::uint8_t> out(slice.fresh.data() + at, cell.bytes.size());
    slice.bad_cell = cell.id;
    KW_TRY(const bool changed, cipher.rewrap(cell.bytes, out));
    if (!changed) continue;
    KW_TRY(const std::uint32_t version, ByteReader(cell.bytes).u32());
    slice.updates.push_back({cell.id, version, out});
    at += cell.bytes.size();
  }
  return ok();
}

}  // namespace

RewrapAhead::RewrapAhead(store::Store& store, std::vector<seal::KekCipher> ciphers,
                         std::int64_t begin, std::int64_t last)
    : store_(store), ciphers_(std::move(ciphers)), begin_(begin), last_(last) {
  for (seal::KekCipher& cipher : ciphers_) threads_.emplace_back([this, &cipher] { work(cipher); });
}

RewrapAhead::~RewrapAhead() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wanted_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void RewrapAhead::fill(std::size_t ids, std::size_t ranges) {
  while (under_way_.size() < ranges && begin_ < last_) {
    auto range = std::make_unique<Range>();
    range->begin = begin_;
    range->slice = spare();
    range->slice.end = begin_ = std::min(last_, begin_ + static_cast<std::int64_t>(ids));
    {
      const std::lock_guard lock(mutex_);
      unread_.push_back(range.get());
    }
    wanted_.notify_one();
    under_way_.push_back(std::move(range));
  }
}

Slice RewrapAhead::next() {
  const std::unique_ptr<Range> range = std::move(under_way_.front());
  under_way_.pop_front();
  std::unique_lock lock(mutex_);
  ready_.wait(lock, [&range] { return range->ready; });
  return std::move(range->slice);
}

Slice RewrapAhead::spare() {
  if (spare_.empty()) return {};
  Slice slice = std::move(spare_.back());
  spare_.pop_back();
  return slice;
}

void RewrapAhead::work(seal::KekCipher& cipher) {
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait(lock, [this] { return stopping_ || !unread_.empty(); });
    if (stopping_) return;
    Range& range = *unread_.front();
    unread_.pop_front();
    lock.unlock();
    read(cipher, range);
    lock.lock();
    range.ready = true;
    ready_.notify_one();
  }
}

void RewrapAhead::read(seal::KekCipher& cipher, Range& range) {
  Slice& slice = range.slice;
  slice.outcome = store_.read([&](store::Reader& reader) {
    return reader.read_cells_into(slice.cells, kSealedCells, range.begin, slice.end,
                                  static_cast<std::size_t>(slice.end - range.begin));
  });
  if (slice.outcome) slice.outcome = rewrap_cells(cipher, slice);
}

}  // namespace kw::keys
