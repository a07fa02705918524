#include "secrets/generator.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>

#include "base/reveal.h"
#include "codec/base64.h"
#include "codec/pem.h"
#include "crypto/key.h"
#include "crypto/random.h"
#include "rotation/duration_text.h"
#include "secrets/webhook_signature.h"

namespace kw::secrets {

namespace {

constexpr double kBitsMin = 80;
constexpr std::chrono::hours kDueMin{1}, kDueMax{365 * 24};
constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";

std::string alphabet_of(std::string_view name) {
  std::string letters = std::string(kLower) + std::string(kUpper);
  std::string alnum = letters + std::string(kDigits);
  if (name == "url") return alnum + "-_";
  if (name == "alnum") return alnum;
  if (name == "alpha") return letters;
  if (name == "digits") return std::string(kDigits);
  if (name == "hex") return "0123456789abcdef";
  // Neither quotes nor backslash, dollar or blank: they break in shells and files of settings.
  if (name == "print") return alnum + "!#%&()*+,-./:;<=>?@[]^_{|}~";
  return {};
}

Error bad(const std::string& message) {
  return error(Code::kInvalidArgument, "bad_generator", message);
}

bool has_any(std::string_view text, std::string_view characters) {
  return text.find_first_of(characters) != text.npos;
}
bool has_symbol(std::string_view text) {
  return text.find_first_not_of(std::string(kLower) + std::string(kUpper) + std::string(kDigits)) !=
         text.npos;
}

bool complies(const Generator& wanted, std::string_view text) {
  return (!wanted.lower || has_any(text, kLower)) && (!wanted.upper || has_any(text, kUpper)) &&
         (!wanted.digit || has_any(text, kDigits)) && (!wanted.symbol || has_symbol(text));
}

Result<std::size_t> number(std::string_view text, std::size_t low, std::size_t high) {
  std::size_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || value < low || value > high)
    return bad("a number there is " + std::to_string(low) + " to " + std::to_string(high));
  return value;
}

Status read_classes(std::string_view list, Generator& into) {
  while (!list.empty()) {
    const auto end = list.find(',');
    const std::string_view one = list.substr(0, end);
    if (one == "lower") {
      into.lower = true;
    } else if (one == "upper") {
      into.upper = true;
    } else if (one == "digit") {
      into.digit = true;
    } else if (one == "symbol") {
      into.symbol = true;
    } else {
      return bad("classes are lower, upper, digit and symbol");
    }
    list = end == list.npos ? std::string_view() : list.substr(end + 1);
  }
  return ok();
}

Status read_option(std::string_view name, std::string_view value, Generator& into) {
  const bool password = into.kind == Generator::Kind::kPassword;
  if (name == "field") {
    const bool good =
        !value.empty() && value.size() <= kFieldNameMax &&
        value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == value.npos;
    if (!good || into.key_pair()) return bad("a field's name is [a-z0-9_]{1,64}");
    into.field = value;
    return ok();
  }
  if (name == "length" && password) {
    KW_TRY(into.length, number(value, 1, 256));
    return ok();
  }
  if (name == "bytes" && into.kind == Generator::Kind::kHex) {
    KW_TRY(into.length, number(value, 16, 128));
    return ok();
  }
  if (name == "alphabet" && password) {
    into.alphabet = alphabet_of(value);
    if (into.alphabet.empty()) return bad("an alphabet is url, alnum, alpha, digits, hex or print");
    return ok();
  }
  if ((name == "due" || name == "remind") && into.manual()) {
    KW_TRY((name == "due" ? into.due : into.remind), rotation::parse_duration(value));
    return ok();
  }
  if (name == "classes" && password) return read_classes(value, into);
  return bad("there is no option \"" + std::string(name.substr(0, 32)) + "\" here");
}

const std::map<std::string_view, Generator::Kind>& kinds() {
  using Kind = Generator::Kind;
  static const std::map<std::string_view, Kind> all = {
      {"password", Kind::kPassword}, {"uuid", Kind::kUuid},       {"hex", Kind::kHex},
      {"webhook", Kind::kWebhook},   {"manual", Kind::kManual},   {"ed25519", Kind::kEd25519},
      {"p-256", Kind::kP256},        {"rsa-3072", Kind::kRsa3072}};
  return all;
}

Status check_strength(const Generator& generator) {
  if (generator.kind != Generator::Kind::kPassword) return ok();
  if (!complies(generator, generator.alphabet))
    return bad("the alphabet lacks a class of characters that must be there");
  const double bits = std::log2(generator.alphabet.size()) * static_cast<double>(generator.length);
  if (bits >= kBitsMin) return ok();
  return error(Code::kInvalidArgument, "weak_generator",
               "such a password has " + std::to_string(static_cast<int>(bits)) +
                   " bits; at least 80 are needed: make it longer");
}

Status check_task(const Generator& generator) {
  const bool good = generator.due >= kDueMin && generator.due <= kDueMax &&
                    generator.remind.count() >= 0 && generator.remind < generator.due;
  return good ? ok() : Status(bad("a task is due in 1h to 365d, and reminds before that"));
}

// Each character is equally likely: bytes beyond the last whole multiple are thrown away.
SecretBytes draw(const Generator& wanted) {
  const std::size_t size = wanted.alphabet.size(), whole = 256 / size * size;
  SecretBytes out(wanted.length);
  const auto characters = out.reveal_mutable(Reveal{});
  std::size_t done = 0;
  while (done < wanted.length) {
    const SecretBytes random = crypto::random_secret(2 * wanted.length);
    for (const std::uint8_t byte : random.reveal(Reveal{}))
      if (byte < whole && done < wanted.length)
        characters[done++] = static_cast<std::uint8_t>(wanted.alphabet[byte % size]);
  }
  return out;
}

SecretBytes password(const Generator& wanted) {
  for (;;) {
    SecretBytes drawn = draw(wanted);
    if (complies(wanted, as_text(drawn.reveal(Reveal{})))) return drawn;
  }
}

SecretBytes hex_text(const SecretBytes& bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  SecretBytes out(2 * bytes.size());
  const auto text = out.reveal_mutable(Reveal{});
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes.reveal(Reveal{})) {
    text[at++] = static_cast<std::uint8_t>(kHex[byte >> 4]);
    text[at++] = static_cast<std::uint8_t>(kHex[byte & 15]);
  }
  return out;
}

// RFC 9562, 5.4: version 4.
SecretBytes uuid() {
  SecretBytes bytes = crypto::random_secret(16);
  auto raw = bytes.reveal_mutable(Reveal{});
  raw[6] = static_cast<std::uint8_t>((raw[6] & 0x0f) | 0x40);
  raw[8] = static_cast<std::uint8_t>((raw[8] & 0x3f) | 0x80);
  const SecretBytes digits = hex_text(bytes);
  SecretBytes out(36);
  const auto text = out.reveal_mutable(Reveal{});
  const ByteView from = digits.reveal(Reveal{});
  for (std::size_t i = 0, j = 0; i < text.size(); ++i)
    text[i] = i == 8 || i == 13 || i == 18 || i == 23 ? std::uint8_t{'-'} : from[j++];
  return out;
}

// RFC 7468, 3; written here because codec's PEM is not for secrets.
SecretBytes private_pem(const SecretBytes& der) {
  const WipedText base64 = codec::wiped_base64(der.reveal(Reveal{}));
  WipedText text;
  text.reserve(base64.size() + base64.size() / 64 + 80);
  text.append("-----BEGIN PRIVATE KEY-----\n");
  for (std::size_t at = 0; at < base64.size(); at += 64) {
    text.append(base64, at, 64);
    text.push_back('\n');
  }
  text.append("-----END PRIVATE KEY-----\n");
  return SecretBytes::copy_of(as_bytes({text.data(), text.size()}));
}

crypto::Algorithm algorithm_of(Generator::Kind kind) {
  if (kind == Generator::Kind::kEd25519) return crypto::Algorithm::kEd25519;
  return kind == Generator::Kind::kP256 ? crypto::Algorithm::kEcdsaP256
                                        : crypto::Algorithm::kRsa3072Pkcs1;
}

Result<Fields> key_pair(Generator::Kind kind) {
  KW_TRY(const crypto::Material made, crypto::generate(algorithm_of(kind)));
  Fields parts;
  parts.emplace_back("private_key", private_pem(made.secret));
  parts.emplace_back("public_key",
                     SecretBytes::copy_of(as_bytes(codec::pem("PUBLIC KEY", made.public_key))));
  return parts;
}

}  // namespace

Result<Generator> parse_generator(std::string_view text) {
  Generator generator;
  generator.alphabet = alphabet_of("url");
  if (text.size() > 256) return bad("a generator has at most 256 characters");
  bool first = true;
  while (!text.empty()) {
    const auto end = text.find(' ');
    const std::string_view word = text.substr(0, end);
    text = end == text.npos ? std::string_view() : text.substr(end + 1);
    const auto equals = word.find('=');
    if (word.empty()) continue;
    if (equals == word.npos) {
      const auto kind = kinds().find(word);
      if (kind == kinds().end() || !first)
        return bad(
            "a generator is password, uuid, hex, webhook, manual, ed25519, p-256 or rsa-3072, "
            "then options");
      generator.kind = kind->second;
      if (generator.kind == Generator::Kind::kHex) generator.length = 32;
    } else {
      KW_OK(read_option(word.substr(0, equals), word.substr(equals + 1), generator));
    }
    first = false;
  }
  KW_OK(check_strength(generator));
  if (generator.manual()) KW_OK(check_task(generator));
  return generator;
}

Result<Fields> generate(const Generator& generator) {
  if (generator.key_pair()) return key_pair(generator.kind);
  if (generator.manual())
    return error(Code::kFailedPrecondition, "manual_value",
                 "only a person can make this value: put it, or complete its task");
  Fields parts;
  if (generator.kind == Generator::Kind::kUuid) {
    parts.emplace_back("", uuid());
  } else if (generator.kind == Generator::Kind::kHex) {
    parts.emplace_back("", hex_text(crypto::random_secret(generator.length)));
  } else if (generator.kind == Generator::Kind::kWebhook) {
    parts.emplace_back("", new_webhook_secret());
  } else {
    parts.emplace_back("", password(generator));
  }
  return parts;
}

Result<Value> generate_value(const Generator& generator, const Value* before) {
  KW_TRY(Fields made, generate(generator));
  const bool structured = before != nullptr && before->structured();
  if (!generator.key_pair() && !structured && generator.field.empty())
    return Value::of_bytes(std::move(made.front().second));
  if (!generator.key_pair())
    made.front().first = generator.field.empty() ? "password" : generator.field;
  return structured ? before->with(std::move(made)) : Value::of_fields(std::move(made));
}

}  // namespace kw::secrets
