#include "connectors/webhook_delivery.h"

#include "codec/json.h"
#include "connectors/outcome.h"
#include "crypto/random.h"
#include "net/http_client.h"

namespace kw::connectors {

namespace {

constexpr std::string_view kWhat = "the webhook's endpoint";

Error undelivered(const Error& error) {
  if (error.code == Code::kDeadlineExceeded) return too_slow(kWhat);
  if (error.code == Code::kUnavailable) return unreachable(kWhat);
  // It was sent: what the endpoint made of it is not known.
  if (error.code == Code::kTooLarge)
    return kw::error(Code::kUnavailable, "bad_answer", "the endpoint's answer is too long");
  if (error.reason == "tls_untrusted")
    return kw::error(Code::kFailedPrecondition, "tls_untrusted",
                     "the certificate of the webhook's endpoint is not trusted");
  return error;
}

std::int64_t seconds_of(WallTime time) {
  return to_micros(time) / 1'000'000;
}

}  // namespace

Result<int> deliver_webhook(const net::EgressRules& rules, const WebhookEndpoint& endpoint,
                            std::span<const SecretBytes* const> secrets,
                            const secrets::WebhookMessage& message,
                            std::chrono::milliseconds timeout) {
  KW_TRY(const net::EgressUrl url, net::split_url(endpoint.url));
  KW_TRY(const std::string signature, secrets::sign_webhook(secrets, message));
  net::ClientOptions options = net::egress_options(rules, url, timeout);
  options.ca_file = endpoint.ca_file;
  KW_TRY(net::HttpClient client, net::HttpClient::create(std::move(options)));
  net::ClientRequest request;
  request.method = "POST";
  request.path = url.path;
  request.body = message.body;
  request.headers = {{"webhook-id", std::string(message.id)},
                     {"webhook-timestamp", std::to_string(message.timestamp)},
                     {"webhook-signature", signature}};
  const auto answer = client.send(request);
  if (!answer) return undelivered(answer.error());
  return answer->status;
}

Status test_webhook(const net::EgressRules& rules, const WebhookEndpoint& endpoint,
                    std::span<const SecretBytes* const> secrets, std::uint32_t version,
                    WallTime now, std::chrono::milliseconds timeout) {
  codec::JsonWriter body;
  body.begin_object().member("type", "keywright.test").member("timestamp", rfc3339(now));
  body.name("data").begin_object().member("version", version).end_object();
  body.end_object();
  const std::string id = "msg_" + crypto::random_id<RequestId>().text();
  KW_TRY(const int status,
         deliver_webhook(rules, endpoint, secrets, {id, seconds_of(now), body.text()}, timeout));
  if (status >= 200 && status < 300) return ok();
  if (status == 400 || status == 401 || status == 403)
    return credential_refused(kWhat, std::to_string(status));
  return error(Code::kUnavailable, "not_confirmed",
               std::string(kWhat) + " answered with status " + std::to_string(status));
}

}  // namespace kw::connectors
