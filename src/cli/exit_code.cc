#include "cli/exit_code.h"

namespace kw::cli {

int exit_code(const Error& failure) {
  if (failure.reason == "decrypt_failed" || failure.reason == "tls_untrusted" ||
      failure.reason == "proof_failed")
    return kProofFailed;
  if (failure.reason == "approval_required" || failure.reason == "approval_open" ||
      failure.reason == "not_yet" || failure.reason == "needs_operator")
    return kNotYet;
  switch (failure.code) {
    case Code::kInvalidArgument:
    case Code::kTooLarge:
      return kUsage;
    case Code::kUnauthenticated:
      return kNotLoggedIn;
    case Code::kPermissionDenied:
      return kDenied;
    case Code::kNotFound:
      return kNoSuchObject;
    case Code::kAlreadyExists:
    case Code::kFailedPrecondition:
    case Code::kAborted:
      return kRefused;
    case Code::kResourceExhausted:
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
      return kRetryLater;
    case Code::kDataLoss:
    case Code::kUnimplemented:
    case Code::kInternal:
      return kFailed;
  }
  return kFailed;
}

}  // namespace kw::cli
