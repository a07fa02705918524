#include "rotation/reencryption.h"

#include <array>

#include "rotation/reencryption_rows.h"
#include "rotation/reencryption_session.h"

namespace kw::rotation {

namespace {

constexpr std::array<std::string_view, 5> kReasons = {"kid_missing", "tag_invalid", "not_ours",
                                                      "too_large", "linked"};
constexpr int kPageMax = 1000;

}  // namespace

std::string_view quarantine_reason_name(QuarantineReason reason) {
  return kReasons.at(static_cast<std::size_t>(reason));
}

Reencryption::Reencryption(store::Store& store, const Clock& clock, Options options)
    : store_(store), clock_(clock), options_(std::move(options)) {}

Result<std::unique_ptr<JobSession>> Reencryption::open(const Job& job, std::int64_t fence) {
  KW_TRY(auto cipher, options_.open_cipher(job));
  KW_TRY(auto data, options_.open_store(job));
  auto session = std::make_unique<ReencryptionSession>(ReencryptionHouse{store_, clock_, options_},
                                                       fence, std::move(data), std::move(cipher));
  KW_OK(session->begin(job));
  return std::unique_ptr<JobSession>(std::move(session));
}

Result<std::vector<Quarantined>> Reencryption::quarantine(const JobId& job, std::string_view after,
                                                          int limit) {
  if (limit < 1 || limit > kPageMax)
    return error(Code::kInvalidArgument, "bad_limit", "a page has 1 to 1,000 entries");
  std::vector<Quarantined> entries;
  KW_OK(store_.read([&](store::Reader& reader) -> Status {
    KW_TRY(entries, list_quarantined(reader, job, after, limit));
    return ok();
  }));
  return entries;
}

Result<std::vector<Reference>> Reencryption::references(std::string_view tenant,
                                                        std::string_view subject) {
  std::vector<Reference> found;
  KW_OK(store_.read([&](store::Reader& reader) -> Status {
    KW_TRY(found, list_references(reader, tenant, subject));
    return ok();
  }));
  return found;
}

}  // namespace kw::rotation
