#include "connectors/outcome.h"

namespace kw::connectors {

using secrets::Answer;
using secrets::Observed;

Answer answer_of(const Error& error) {
  const bool silent = error.code == Code::kUnavailable || error.code == Code::kDeadlineExceeded;
  return silent ? Answer::unknown(error.reason, error.message)
                : Answer::definite_fail(error.reason, error.message);
}

Answer answer_of(const Status& status) {
  return status ? Answer::ok() : answer_of(status.error());
}

Observed::Accepted accepted_by(const Status& login) {
  if (login) return Observed::Accepted::kYes;
  return login.error().code == Code::kUnauthenticated ? Observed::Accepted::kNo
                                                      : Observed::Accepted::kUnknown;
}

Answer answer_of_negative(const Status& login) {
  if (login)
    return Answer::definite_fail("any_secret_accepted", "a wrong secret was accepted as well");
  if (login.error().code == Code::kUnauthenticated) return Answer::ok();
  return Answer::unknown(login.error().reason, login.error().message);
}

Error unreachable(std::string_view what) {
  return error(Code::kUnavailable, "target_unreachable",
               std::string(what) + " cannot be reached or the connection was lost");
}

Error too_slow(std::string_view what) {
  return error(Code::kDeadlineExceeded, "target_slow",
               std::string(what) + " did not answer in time");
}

Error credential_refused(std::string_view what, std::string_view code) {
  std::string words = std::string(what) + " refused the login";
  if (!code.empty()) words.append(": ").append(code);
  return error(Code::kUnauthenticated, "credential_refused", words);
}

Error of_admin(Error error) {
  if (error.code != Code::kUnauthenticated) return error;
  error.reason = "admin_refused";
  error.message += " (as the administrator)";
  return error;
}

Error rejected_by_policy(std::string_view why) {
  return error(Code::kFailedPrecondition, "rejected_by_policy", why);
}

Error bad_setting(std::string_view why) {
  return error(Code::kInvalidArgument, "bad_setting", why);
}

}  // namespace kw::connectors
