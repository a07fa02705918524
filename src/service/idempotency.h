// Idempotency keys: a change that succeeded under one is not repeated; its answer is.
//
// Table idempotent_answer: one row per caller and key, in the change's own transaction, under a
// MAC, for 24 hours. An answer that holds a secret, or is over 256 KiB, is not in it.
#pragma once

#include "service/call.h"
#include "service/house.h"

namespace kw::service {

/// SHA-256 of the operation, the path as it came and the exact body.
crypto::Digest256 request_digest(const Call& call);

/// Was this request carried out before? Ok when not, or when it bears no key.
/// @errors kAlreadyExists(already_done): call.details.earlier has the answer, when it was kept;
///   kInvalidArgument(idempotency_mismatch): the key belongs to another request;
///   kDataLoss(row_tampered)
Status not_done_before(House& house, Call& call);
/// The same inside the transaction, where it also takes the key and forgets those that ended.
Status claim(House& house, store::Tx& tx, Call& call);
/// Stores call.answer with the claim. @errors those of the store and the Barrier.
Status settle(House& house, store::Tx& tx, const Call& call);

}  // namespace kw::service
