// The root of trust: the root key, sealed at rest; it leaves here only when the seal is opened.
//
// Kinds: `dev` (seal key in a file beside a temporary store, loopback only) and `shamir` (the seal
// key exists only as k-of-n shares). The seal key wraps the root key, so shares can change without
// touching what the root key protects. Table: seal_config, one row.
//
// Thread-safe; verbs run one after the other. One ceremony (init or reseal) and one unseal attempt
// at a time, in memory only, forgotten by the first verb after an idle hour. The caller says who
// may do what and writes each attempt, refused ones too, to the audit log. The store and the clock
// are borrowed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret_bytes.h"
#include "store/store.h"

namespace kw::seal {

enum class SealKind : std::uint8_t { kNone, kDev, kShamir };

struct SealStatus {
  SealKind kind = SealKind::kNone;
  bool initialised = false;
  bool sealed = true;
  std::string seal_id;  ///< 16 hex digits; shares carry it
  int shares = 0;
  int threshold = 0;
  int progress = 0;  ///< distinct valid-looking shares given in the running attempt
  int verified = 0;  ///< shares given back in a running init or reseal
  int verify_wanted =
      0;  ///< shares that must still be given back; 0 when no init or reseal is running
  bool resealing = false;  ///< begin_reseal was called and the new shares do not count yet
  std::optional<WallTime> sealed_since;
};

/// One share as people keep it: text "kws1-" + base64url(seal id 8 | index 1 | threshold 1 | share
/// 32 | check 4).
using ShareText = WipedText;

/// What one given share led to.
struct ShareOutcome {
  SealStatus status;
  bool completed = false;             ///< this share finished the ceremony
  std::vector<ShareText> new_shares;  ///< reseal only: handed out when the old threshold is reached
};

class RootKey;  // seal/barrier.h

class Seal {
 public:
  struct Options {
    const Clock* clock = nullptr;  ///< required
    /// Called once with each newly unsealed root key and with nullptr at sealing, before the call
    /// returns. The key is borrowed for the call. A failure keeps the service sealed. It may call
    /// status(), no other verb of this object.
    std::function<Status(const RootKey*)> on_root_key;
  };
  /// Reads seal_config; the result is sealed (or not initialised). Run the room's migrations first.
  /// @errors kDataLoss(seal_config_damaged), and those of Store::read.
  static Result<std::unique_ptr<Seal>> open(store::Store& store, Options options);
  ~Seal();

  /// While sealed it follows seal_config, reading it at most once a second: another node may have
  /// initialised the cluster.
  SealStatus status() const;

  /// Development seal: makes or reads the seal key in `key_file` (32 bytes, mode 0600, ours, no
  /// symbolic link) and unseals at once.
  /// @errors kFailedPrecondition(seal_kind): the store was initialised with another seal.
  ///   kFailedPrecondition(already_unsealed | bad_key_file), kUnavailable(key_file_failed),
  ///   kPermissionDenied(shares_do_not_fit): the file's key is that of another store.
  Status open_dev(const std::string& key_file);

  /// Starts initialisation: makes the root key and `shares` shares (1 to 16, threshold 1 to
  /// shares). Nothing is stored and nothing counts until every share was given back to
  /// verify_share. A new begin forgets an unfinished one.
  /// @errors kFailedPrecondition(already_initialised), kInvalidArgument(bad_threshold)
  Result<std::vector<ShareText>> begin_init(int shares, int threshold);
  /// Gives one share of a running init or reseal back. The last one makes it durable (and unseals,
  /// for init); when that fails, give the last one again.
  /// @errors kInvalidArgument(bad_share: malformed, wrong check, another seal, given twice),
  ///   kFailedPrecondition(no_ceremony), kAborted(seal_changed): another node changed the shares.
  Result<ShareOutcome> verify_share(std::string_view share);

  /// Gives one share towards unsealing. Wrong sets of shares are refused as a whole and the attempt
  /// starts again.
  /// @errors kInvalidArgument(bad_share | share_repeated),
  ///   kFailedPrecondition(not_initialised | already_unsealed | seal_kind),
  ///   kPermissionDenied(shares_do_not_fit): k shares that do not make the seal key.
  ///   kDataLoss(root_key_damaged): they do, and the stored root key does not open.
  Result<ShareOutcome> unseal(std::string_view share);
  /// Forgets the root key and every key below it, and every ceremony. Harmless when sealed.
  Status seal();

  /// Starts a change of shares: then `threshold` old shares through reseal_share, then the new ones
  /// through verify_share. Until the last of them the old shares stay the only ones that count.
  /// @errors kUnavailable(sealed), kFailedPrecondition(not_initialised | seal_kind),
  ///   kInvalidArgument(bad_threshold)
  Status begin_reseal(int shares, int threshold);
  /// @errors as unseal, and kFailedPrecondition(no_ceremony).
  Result<ShareOutcome> reseal_share(std::string_view old_share);
  /// Forgets a running init, reseal or unseal attempt.
  void cancel_ceremony();

 private:
  struct State;
  explicit Seal(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// The room's schema.
std::span<const store::Migration> migrations();

}  // namespace kw::seal
