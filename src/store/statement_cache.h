// Prepared statements of one connection, found by the address of their SQL literal.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

namespace kw::store {

/// `Statement` releases itself. Pointers stay valid until the next put() or clear(). Not
/// thread-safe.
template <typename Statement>
class StatementCache {
 public:
  static constexpr std::size_t kMost = 512;

  /// Null when `sql` was not prepared yet. The text is compared too: a literal has one address for
  /// ever, but a caller that breaks that rule must not get another statement's result.
  Statement* find(std::string_view sql) {
    const auto found = entries_.find(sql.data());
    return found != entries_.end() && found->second.sql == sql ? &found->second.statement : nullptr;
  }
  Statement* put(std::string_view sql, Statement statement) {
    entries_.erase(sql.data());
    const auto added = entries_.emplace(sql.data(), Entry{std::string(sql), std::move(statement)});
    return &added.first->second.statement;
  }
  void erase(std::string_view sql) { entries_.erase(sql.data()); }
  bool full() const { return entries_.size() >= kMost; }
  void clear() { entries_.clear(); }

 private:
  struct Entry {
    std::string sql;
    Statement statement;
  };
  std::unordered_map<const char*, Entry> entries_;
};

}  // namespace kw::store
