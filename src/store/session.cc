#include "store/session.h"

#include "store/portable_text.h"

namespace kw::store {

namespace {
constexpr std::size_t kLargestValue = 64U << 20U;

Status check_value(const Param::Value& value) {
  std::size_t size = 0;
  if (const auto* bytes = std::get_if<ByteView>(&value)) size = bytes->size();
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    size = text->size();
    if (!is_portable_text(*text))
      return error(Code::kInvalidArgument, "bad_text", "a text is UTF-8 without NUL");
  }
  if (size > kLargestValue)
    return error(Code::kTooLarge, "value_too_large", "one value has at most 64 MiB");
  return ok();
}
}  // namespace

Error Session::fail(Failure failure) {
  Error answer = failure.error;
  if (failure.damage > failure_.damage) failure_ = std::move(failure);
  return answer;
}

Status Session::accept(std::span<const Param> params) {
  if (failed()) return failure_.error;
  for (const Param& param : params)
    if (auto checked = check_value(param.value()); !checked)
      return fail({Damage::kWork, false, std::move(checked).error()});
  return ok();
}

Status Session::accept(const RowSet& rows) {
  if (failed()) return failure_.error;
  for (std::size_t i = 0; i < rows.size(); ++i) KW_OK(accept(rows.row(i)));
  return ok();
}

}  // namespace kw::store
