#include "net/refusal.h"

#include <algorithm>
#include <array>
#include <string>

namespace kw::net {

namespace {

struct Phrase {
  int status;
  std::string_view text;
};

constexpr std::array kPhrases{
    Phrase{200, "OK"},
    Phrase{201, "Created"},
    Phrase{202, "Accepted"},
    Phrase{204, "No Content"},
    Phrase{301, "Moved Permanently"},
    Phrase{302, "Found"},
    Phrase{304, "Not Modified"},
    Phrase{307, "Temporary Redirect"},
    Phrase{308, "Permanent Redirect"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{406, "Not Acceptable"},
    Phrase{408, "Request Timeout"},
    Phrase{409, "Conflict"},
    Phrase{410, "Gone"},
    Phrase{412, "Precondition Failed"},
    Phrase{413, "Content Too Large"},
    Phrase{414, "URI Too Long"},
    Phrase{415, "Unsupported Media Type"},
    Phrase{417, "Expectation Failed"},
    Phrase{422, "Unprocessable Content"},
    Phrase{428, "Precondition Required"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{472, "Standby"},
    Phrase{473, "Performance Standby"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{502, "Bad Gateway"},
    Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"},
    Phrase{505, "HTTP Version Not Supported"},
};

}  // namespace

std::string_view status_phrase(int status) {
  const auto found = std::find_if(kPhrases.begin(), kPhrases.end(), [status](const Phrase& phrase) {
    return phrase.status == status;
  });
  return found == kPhrases.end() ? "Unknown" : found->text;
}

Response problem_response(const Refusal& refusal) {
  Response response;
  response.status = refusal.status;
  response.content_type = "application/problem+json";
  response.body.append(R"({"type":"about:blank","title":")");
  response.body.append(status_phrase(refusal.status));
  response.body.append(R"(","status":)");
  response.body.append(std::to_string(refusal.status));
  response.body.append(R"(,"reason":")");
  response.body.append(refusal.reason);
  response.body.append("\"}");
  return response;
}

}  // namespace kw::net
