#include "codec/json_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/check.h"

namespace kw::codec {

Es6Number::Es6Number(double value) {
  KW_CHECK(std::isfinite(value));
  if (value == 0) {  // -0 too
    put('0');
    return;
  }
  if (value < 0) put('-');
  std::array<char, 32> raw;
  char* end = std::to_chars(raw.data(), raw.data() + raw.size(), std::fabs(value),
                            std::chars_format::scientific)
                  .ptr;
  // d.ddde±xx: the digits without their point, and the exponent.
  char* mark = std::find(raw.data(), end, 'e');
  int exponent = 0;
  std::from_chars(mark + (mark[1] == '+' ? 2 : 1), end, exponent);
  std::array<char, 24> digits;
  char* last = std::copy_if(raw.data(), mark, digits.data(), [](char c) { return c != '.'; });
  place({digits.data(), static_cast<std::size_t>(last - digits.data())}, exponent);
}

void Es6Number::put(std::string_view part) {
  for (char c : part) put(c);
}
void Es6Number::zeros(int count) {
  for (int i = 0; i < count; ++i) put('0');
}

// ECMA-262, 6.1.6.1.20, where its k is the number of digits and its n is exponent + 1.
void Es6Number::place(std::string_view digits, int exponent) {
  const int k = static_cast<int>(digits.size());
  const int n = exponent + 1;
  if (n > 21 || n < -5) {
    put(digits[0]);
    if (k > 1) put('.');
    put(digits.substr(1));
    put(n > 0 ? "e+" : "e-");
    std::array<char, 8> power;
    char* end = std::to_chars(power.data(), power.data() + 8, std::abs(exponent)).ptr;
    put({power.data(), static_cast<std::size_t>(end - power.data())});
  } else if (n <= 0) {
    put("0.");
    zeros(-n);
    put(digits);
  } else {
    const auto whole = static_cast<std::size_t>(std::min(k, n));
    put(digits.substr(0, whole));
    zeros(n - k);
    if (k > n) put('.');
    put(digits.substr(whole));
  }
}

}  // namespace kw::codec
