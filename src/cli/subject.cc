#include "cli/subject.h"

namespace kw::cli {

std::string SubjectReference::query() const {
  return client::query({{"tenant", tenant}, {"kind", kind}, {"name", name}});
}

Result<SubjectReference> parse_subject(Session& session, const std::string& text,
                                       const std::string& kind) {
  SubjectReference subject;
  subject.kind = kind;
  std::string rest = text;
  const auto slash = rest.find('/');
  const bool of_secret = kind == "secret" && !text.starts_with("secret:");
  if (slash != rest.npos && !of_secret) {
    const auto colon = rest.find(':');
    if (colon == rest.npos || colon > slash)
      return error(Code::kInvalidArgument, "usage",
                   "\"" + text + "\" is no subject; the form is [TENANT:]NAME or KIND:TENANT/NAME");
    subject.kind = rest.substr(0, colon);
    rest = rest.substr(colon + 1, slash - colon - 1) + ":" + rest.substr(slash + 1);
  }
  KW_TRY(const Reference at, subject.kind == "secret" ? session.secret_reference(rest)
                                                      : session.reference(rest));
  subject.tenant = at.tenant;
  subject.name = at.name;
  subject.version = at.version;
  return subject;
}

Result<std::string> tenant_or_all(Session& session, const Arguments& arguments) {
  if (arguments.has("--all")) return std::string();
  return session.tenant();
}

std::string tenant_if_any(Session& session, const Arguments& arguments) {
  const auto tenant = tenant_or_all(session, arguments);
  return tenant ? *tenant : "";
}

}  // namespace kw::cli
