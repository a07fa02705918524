#include "net/http_client.h"

#include <curl/curl.h>
#include <malloc.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "net/base_url.h"
#include "net/client_transfer.h"
#include "net/client_trust.h"

namespace kw::net {

namespace {

constexpr long kSilenceSeconds = 60;

// libcurl copies tokens and bodies into memory of its own: what it frees is wiped.
void free_wiped(void* memory) {
  if (memory == nullptr) return;
  wipe(memory, malloc_usable_size(memory));
  free(memory);
}
void* grow_wiped(void* memory, std::size_t size) {
  void* larger = malloc(size);
  if (larger == nullptr || memory == nullptr) return larger;
  memcpy(larger, memory, std::min(size, malloc_usable_size(memory)));
  free_wiped(memory);
  return larger;
}

// libcurl must be set up once per process, before its first use.
bool is_curl_ready() {
  static const bool ready = curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, free_wiped,
                                                 grow_wiped, strdup, calloc) == CURLE_OK;
  return ready;
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

bool is_field_text(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char character) {
    const auto c = static_cast<unsigned char>(character);
    return (c < 0x20 && c != '\t') || c == 0x7F;
  });
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

// The request's header fields in memory that is wiped; libcurl only borrows them.
class FieldList {
 public:
  void add(std::string_view name, std::string_view value) {
    WipedText line;
    line.append(name).append(": ").append(value);
    lines_.push_back(std::move(line));
  }
  // "Name:" makes libcurl leave out a field of its own.
  void leave_out(std::string_view name) {
    WipedText line(name);
    lines_.push_back(std::move(line.append(":")));
  }
  curl_slist* list() {
    nodes_.assign(lines_.size(), curl_slist{});
    for (std::size_t i = 0; i < lines_.size(); ++i)
      nodes_[i] = {lines_[i].data(), i + 1 < nodes_.size() ? &nodes_[i + 1] : nullptr};
    return nodes_.empty() ? nullptr : nodes_.data();
  }
  ~FieldList() {
    for (WipedText& line : lines_) wipe(line.data(), line.size());
  }
  FieldList() = default;
  FieldList(const FieldList&) = delete;
  FieldList& operator=(const FieldList&) = delete;

 private:
  std::vector<WipedText> lines_;
  std::vector<curl_slist> nodes_;
};

Status fill_fields(const ClientRequest& request, FieldList& fields) {
  bool has_type = false;
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || !is_visible(name) || name.find(':') != std::string::npos ||
        !is_field_text(value))
      return error(Code::kInvalidArgument, "bad_request",
                   "a request header holds a forbidden character");
    has_type = has_type || lower(name) == "content-type";
    fields.add(name, value);
  }
  if (!is_visible(request.bearer_token))
    return error(Code::kInvalidArgument, "bad_request", "the token holds a forbidden character");
  if (!request.bearer_token.empty()) {
    fields.add("Authorization", WipedText("Bearer ") + request.bearer_token);
  }
  if (!is_field_text(request.authorization))
    return error(Code::kInvalidArgument, "bad_request",
                 "the authorization holds a forbidden character");
  if (!request.authorization.empty()) fields.add("Authorization", request.authorization);
  if (!has_type && !request.body.empty()) fields.add("Content-Type", "application/json");
  if (!has_type && request.body.empty()) fields.leave_out("Content-Type");
  fields.leave_out("Expect");
  return ok();
}

// No exception may pass through C.
template <bool (ClientTransfer::*Take)(std::string_view)>
std::size_t receive(char* bytes, std::size_t size, std::size_t count, void* transfer) {
  try {
    const std::size_t total = size * count;
    return (static_cast<ClientTransfer*>(transfer)->*Take)({bytes, total}) ? total
                                                                           : CURL_WRITEFUNC_ERROR;
  } catch (const std::exception&) {
    static_cast<ClientTransfer*>(transfer)->fail();
    return CURL_WRITEFUNC_ERROR;
  }
}

CURLcode install_trust(CURL*, void* ssl_context, void* trust) {
  static_cast<ClientTrust*>(trust)->install(ssl_context);
  return CURLE_OK;
}

// What the gate saw while one transfer connected.
struct Egress {
  const EgressRules* rules = nullptr;
  bool refused = false;
};

// The last moment before a connection: the address is known and nothing was sent.
curl_socket_t open_permitted(void* egress, curlsocktype, curl_sockaddr* address) {
  auto* gate = static_cast<Egress*>(egress);
  const auto known = IpAddress::of(&address->addr);
  if (!known || !gate->rules->permits(*known)) {
    gate->refused = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

Error untrusted(const ClientTrust& trust) {
  std::string message = trust.is_pinned() ? "the server's certificate is not the pinned one"
                                          : "the server's certificate is not trusted";
  if (!trust.seen_sha256().empty()) message += "; its SHA-256 is " + trust.seen_sha256();
  return error(Code::kUnauthenticated, "tls_untrusted", message);
}

Error curl_error(CURLcode code, const ClientTrust& trust) {
  // The library has no one code for a certificate that it was told to reject.
  if (trust.has_rejected()) return untrusted(trust);
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:  // the name does not match
      return untrusted(trust);
    case CURLE_OPERATION_TIMEDOUT:
      return error(Code::kDeadlineExceeded, "timeout", "the server did not answer in time");
    case CURLE_SSL_CERTPROBLEM:
      return error(Code::kInvalidArgument, "bad_client_certificate",
                   "the client certificate or its key cannot be used");
    case CURLE_SSL_CACERT_BADFILE:
      return error(Code::kInvalidArgument, "bad_ca_file", "the CA file cannot be used");
    default:
      return error(Code::kUnavailable, "unreachable", curl_easy_strerror(code));
  }
}

Error status_error(int status) {
  const std::string message = "the server answered with status " + std::to_string(status);
  switch (status) {
    case 401:
      return error(Code::kUnauthenticated, "http_status", message);
    case 403:
      return error(Code::kPermissionDenied, "http_status", message);
    case 404:
      return error(Code::kNotFound, "http_status", message);
    case 429:
      return error(Code::kResourceExhausted, "http_status", message);
    default:
      return error(Code::kUnavailable, "http_status", message);
  }
}

}  // namespace

struct HttpClient::State {
  State(ClientOptions given, BaseUrl where, ClientTrust trusted)
      : options(std::move(given)), place(std::move(where)), trust(std::move(trusted)) {}
  ~State() { curl_easy_cleanup(easy); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Options that every transfer has; curl_easy_reset keeps the connection and the TLS sessions.
  void prepare() {
    curl_easy_reset(easy);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_PROTOCOLS_STR, place.url.starts_with("https") ? "https" : "http");
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_USERAGENT, "keywright");
    set(CURLOPT_TCP_KEEPALIVE, 1L);
    set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.timeout.count()));
    if (options.proxy == ProxyUse::kNone) set(CURLOPT_PROXY, "");
    if (options.egress) {
      egress = {&*options.egress, false};
      set(CURLOPT_OPENSOCKETFUNCTION, open_permitted);
      set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(&egress));
    }
    if (!place.unix_socket.empty()) set(CURLOPT_UNIX_SOCKET_PATH, place.unix_socket.c_str());
    prepare_tls();
  }

  void prepare_tls() {
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    // A pin names one certificate: neither its issuer nor its names matter then.
    set(CURLOPT_SSL_VERIFYHOST, trust.is_pinned() ? 0L : 2L);
    set(CURLOPT_SSL_CTX_FUNCTION, install_trust);
    set(CURLOPT_SSL_CTX_DATA, static_cast<void*>(&trust));
    if (trust.is_pinned()) {
      set(CURLOPT_CAINFO, static_cast<char*>(nullptr));
      set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    } else if (!options.ca_file.empty()) {
      set(CURLOPT_CAINFO, options.ca_file.c_str());
      set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
    }
    if (!options.client_certificate_file.empty()) {
      set(CURLOPT_SSLCERT, options.client_certificate_file.c_str());
      set(CURLOPT_SSLKEY, options.client_key_file.c_str());
      set(CURLOPT_KEYPASSWD, "");  // an encrypted key must fail, not ask the terminal
    }
  }

  Status perform(const ClientRequest& request, ClientTransfer& transfer) {
    if (!request.path.starts_with('/') || !is_visible(request.path) ||
        request.path.find('#') != std::string::npos)
      return error(Code::kInvalidArgument, "bad_request",
                   "a path starts with '/' and is percent-encoded");
    if (request.method.empty() || !is_visible(request.method))
      return error(Code::kInvalidArgument, "bad_request", "the method holds a forbidden character");
    FieldList fields;
    KW_OK(fill_fields(request, fields));
    set(CURLOPT_URL, (place.url + request.path).c_str());
    set(CURLOPT_HTTPHEADER, fields.list());
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    }
    set(CURLOPT_NOBODY, request.method == "HEAD" ? 1L : 0L);
    set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
    set(CURLOPT_HEADERFUNCTION, receive<&ClientTransfer::take_header>);
    set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
    set(CURLOPT_WRITEFUNCTION, receive<&ClientTransfer::take_body>);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
    return run(transfer);
  }

  Status run(ClientTransfer& transfer) {
    trust.forget();
    const CURLcode code = curl_easy_perform(easy);
    set(CURLOPT_HTTPHEADER, static_cast<curl_slist*>(nullptr));  // the list dies with its caller
    switch (transfer.end()) {
      case ClientTransfer::End::kTooLarge:
        return error(Code::kTooLarge, "response_too_large",
                     "the server's answer is larger than its limit");
      case ClientTransfer::End::kLineTooLarge:
        return error(Code::kTooLarge, "line_too_large",
                     "a line of the server's answer is larger than 1 MiB");
      case ClientTransfer::End::kFailed:
        return error(Code::kInternal, "exception", "the server's answer could not be taken in");
      case ClientTransfer::End::kCaller:
      case ClientTransfer::End::kStatus:
        return ok();
      case ClientTransfer::End::kServer:
        break;
    }
    if (code == CURLE_OK) return ok();
    if (egress.refused)
      return error(Code::kPermissionDenied, "egress_denied",
                   "the server's configuration allows no connection to the address of this host");
    return curl_error(code, trust);
  }

  template <typename Value>
  void set(CURLoption option, Value value) {
    curl_easy_setopt(easy, option, value);
  }

  const ClientOptions options;
  const BaseUrl place;
  ClientTrust trust;
  Egress egress;
  CURL* easy = nullptr;
};

std::string ClientResponse::header(std::string_view name) const {
  for (const auto& [field, value] : headers)
    if (field == name) return value;
  return {};
}

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;

Result<HttpClient> HttpClient::create(ClientOptions options) {
  KW_TRY(BaseUrl place, parse_base_url(options.base_url));
  KW_TRY(ClientTrust trust, ClientTrust::create(options.pinned_sha256_hex));
  auto state = std::make_unique<State>(std::move(options), std::move(place), std::move(trust));
  if (is_curl_ready()) state->easy = curl_easy_init();
  if (state->easy == nullptr)
    return error(Code::kUnavailable, "no_resources", "the HTTP library could not be started");
  return HttpClient(std::move(state));
}

Result<ClientResponse> HttpClient::send(const ClientRequest& request) {
  state_->prepare();
  state_->set(CURLOPT_TIMEOUT_MS, static_cast<long>(state_->options.timeout.count()));
  ClientTransfer transfer(nullptr, state_->options.answer_max);
  KW_OK(state_->perform(request, transfer));
  return std::move(transfer.response());
}

Status HttpClient::stream(const ClientRequest& request,
                          const std::function<bool(std::string_view line)>& on_line) {
  state_->prepare();
  state_->set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  state_->set(CURLOPT_LOW_SPEED_TIME, kSilenceSeconds);
  ClientTransfer transfer(&on_line);
  KW_OK(state_->perform(request, transfer));
  if (transfer.response().status != 200) return status_error(transfer.response().status);
  transfer.finish_lines();
  return ok();
}

}  // namespace kw::net
