#include "seal/ceremony.h"

#include <algorithm>
#include <utility>

#include "crypto/random.h"

namespace kw::seal {

namespace {

Error bad_share(std::string_view why) {
  return error(Code::kInvalidArgument, "bad_share", why);
}

}  // namespace

Status ShareSet::add(const SealFacts& seal, SealShare share) {
  // Another node may have changed the shares since the first of these was given.
  if (seal_id_ != seal.seal_id) shares_.clear();
  seal_id_ = seal.seal_id;
  if (share.seal_id != seal.seal_id)
    return bad_share("this share belongs to another seal; its first characters differ");
  if (share.threshold != seal.threshold || share.share.index > seal.shares)
    return bad_share("this share does not fit the seal");
  const bool repeated = std::any_of(shares_.begin(), shares_.end(), [&](const Share& given) {
    return given.index == share.share.index;
  });
  if (repeated)
    return error(Code::kInvalidArgument, "share_repeated",
                 "a share with this index was given already; ask another holder");
  shares_.push_back(std::move(share.share));
  return ok();
}

std::vector<Share> ShareSet::take() {
  return std::exchange(shares_, {});
}

Result<NewSeal> NewSeal::make(SealFacts facts, SecretBytes root) {
  const SecretBytes seal_key = crypto::random_secret(kSealKeyBytes);
  NewSeal made;
  KW_TRY(made.issued_, split(seal_key, facts.shares, facts.threshold));
  made.row_ = wrap_root(facts, seal_key, root);
  made.root_ = std::move(root);
  made.seen_.resize(made.issued_.size());
  return made;
}

std::vector<ShareText> NewSeal::texts() const {
  std::vector<ShareText> texts;
  texts.reserve(issued_.size());
  for (const Share& share : issued_)
    texts.push_back(
        share_text({row_.facts.seal_id, row_.facts.threshold, {share.index, share.value.clone()}}));
  return texts;
}

Status NewSeal::give_back(const SealShare& share) {
  if (share.seal_id != row_.facts.seal_id || share.share.index > issued_.size())
    return bad_share("this share belongs to another seal");
  const std::size_t at = share.share.index - 1u;
  if (share.threshold != row_.facts.threshold ||
      !equal_constant_time(share.share.value, issued_[at].value))
    return bad_share("this is not the share that was handed out");
  if (seen_[at]) return bad_share("this share was given back already");
  seen_[at] = true;
  ++given_;
  if (static_cast<int>(returned_.size()) < row_.facts.threshold)
    returned_.push_back({share.share.index, share.share.value.clone()});
  return ok();
}

void NewSeal::take_back(const SealShare& share) {
  seen_[share.share.index - 1u] = false;
  --given_;
  if (returned_.back().index == share.share.index) returned_.pop_back();
}

Status NewSeal::prove() const {
  const Error unproven =
      error(Code::kInternal, "seal_not_proven", "the new shares do not open the new seal");
  if (wanted() != 0) return unproven;
  KW_TRY(const SecretBytes seal_key, combine(returned_));
  const Result<SecretBytes> opened = unwrap_root(row_, seal_key);
  if (!opened || !equal_constant_time(*opened, root_)) return unproven;
  return ok();
}

}  // namespace kw::seal
