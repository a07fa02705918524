// Small facts about a key as the server describes it.
#pragma once

#include <optional>
#include <string>

#include "codec/json.h"

namespace kw::cli {

/// The version that protects by default, or nullopt.
std::optional<codec::JsonView> primary_of(const codec::JsonView& key);
/// "@3", or "none".
std::string primary_text(const codec::JsonView& key);
/// "acme:orders"
std::string reference_of(const codec::JsonView& key);
/// "aes-256-gcm/0x0101", or the name alone for an algorithm without ciphertexts.
std::string algorithm_text(const std::string& name);

}  // namespace kw::cli
