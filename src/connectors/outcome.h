// From errors of a connection to the three outcomes of a verb. Pure.
#pragma once

#include "secrets/connector.h"

namespace kw::connectors {

/// No answer in time, none at all, or a system that is busy with itself: nothing is known. Every
/// other error is an answer.
secrets::Answer answer_of(const Error& error);
secrets::Answer answer_of(const Status& status);

/// What a probe learned: a refused credential is an answer, silence is none.
secrets::Observed::Accepted accepted_by(const Status& login);

/// A probe of the kind kNegative: the login with a mutated secret must have been refused.
secrets::Answer answer_of_negative(const Status& login);

/// The errors of every connector to a server. `what` names the system, `code` is its error code.
Error unreachable(std::string_view what);
Error too_slow(std::string_view what);
Error credential_refused(std::string_view what, std::string_view code);
/// The same error when it was the administrator who was refused.
Error of_admin(Error error);
Error rejected_by_policy(std::string_view why);
Error bad_setting(std::string_view why);

}  // namespace kw::connectors
