// Numbers as ECMAScript writes them.
#pragma once

#include <array>
#include <string_view>

namespace kw::codec {

/// The text of one number; owns its characters.
class Es6Number {
 public:
  /// The shortest text that reads back as `value`; `value` must be finite. @source
  /// ECMA-262, 6.1.6.1.20.
  explicit Es6Number(double value);
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  void put(char c) { text_[size_++] = c; }
  void put(std::string_view part);
  void zeros(int count);
  void place(std::string_view digits, int exponent);

  std::array<char, 32> text_;
  std::size_t size_ = 0;
};

}  // namespace kw::codec
