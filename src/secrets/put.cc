// How values come to be: given, generated or rendered; new secrets and new versions of old ones.
#include "base/failpoint.h"
#include "crypto/random.h"
#include "secrets/followers.h"
#include "secrets/generator.h"
#include "secrets/secret_change.h"

namespace kw::secrets {

namespace {

using enum VersionState;

Error refused(std::string_view reason, std::string_view message) {
  return error(Code::kFailedPrecondition, reason, message);
}
Error wrong_shape() {
  return error(Code::kInvalidArgument, "shape_mismatch",
               "a secret stays what it began as: a value, fields or a template");
}

void apply(const MetadataPatch& patch, Secret& secret) {
  Metadata& said = secret.metadata;
  if (patch.type) said.type = *patch.type;
  if (patch.owner) said.owner = *patch.owner;
  if (patch.classification) said.classification = *patch.classification;
  if (patch.description) said.description = *patch.description;
  if (patch.instructions) said.instructions = *patch.instructions;
  if (patch.regions) said.regions = *patch.regions;
  if (patch.labels) said.labels = *patch.labels;
  if (patch.generator) secret.generator = *patch.generator;
}

Status check(const Secret& secret) {
  KW_OK(check_metadata(secret.metadata));
  if (secret.generator.empty()) return ok();
  if (secret.shape == Shape::kTemplate)
    return error(Code::kInvalidArgument, "bad_generator", "a template is rendered, not generated");
  KW_TRY(const Generator generator, parse_generator(secret.generator));
  if (generator.key_pair() && secret.shape != Shape::kFields) return wrong_shape();
  if (generator.manual() && secret.metadata.owner.empty())
    return error(Code::kInvalidArgument, "bad_owner", "who renews it by hand? name an owner");
  return ok();
}

Status check_version(const std::optional<Secret>& before, const Put& wanted) {
  if (wanted.if_epoch && (!before || before->epoch != *wanted.if_epoch)) return rows::stale_epoch();
  if (!wanted.if_version) return ok();
  const std::uint32_t present = before ? before->primary : 0;
  const bool fits = *wanted.if_version == 0 ? !before : before && present == *wanted.if_version;
  if (fits) return ok();
  return error(
      Code::kAborted, "version_moved",
      before ? "the primary is version " + std::to_string(present) : "there is no such secret");
}

// What the next version shall hold, and what it is made of.
struct Content {
  Value value;
  std::string origin, sources;
};

Result<Fields> copy_of(const Fields& parts) {
  Fields copies;
  for (const auto& [name, part] : parts) copies.emplace_back(name, part.clone());
  return copies;
}

Result<Content> generated(rows::Source source, const Secret& secret, const Put& wanted) {
  KW_TRY(Fields made, copy_of(*wanted.generated));
  if (secret.shape == Shape::kValue) {
    if (made.size() != 1) return wrong_shape();
    KW_TRY(Value value, Value::of_bytes(std::move(made.front().second)));
    return Content{std::move(value), "generated", ""};
  }
  if (made.size() == 1 && made.front().first.empty()) made.front().first = "password";
  const Version* primary = secret.version(secret.primary);
  if (wanted.value == nullptr && primary == nullptr) {
    KW_TRY(Value value, Value::of_fields(std::move(made)));
    return Content{std::move(value), "generated", ""};
  }
  Value base;
  if (wanted.value != nullptr) {
    base = wanted.value->clone();
  } else {
    KW_TRY(base, open_value(source, secret, *primary));
  }
  KW_TRY(Value value, base.with(std::move(made)));
  return Content{std::move(value), "generated", ""};
}

Result<Content> rendered_now(rows::Source source, const Secret& secret) {
  KW_TRY(const codec::TextTemplate text, parse_template(secret.template_text));
  KW_OK(check_acyclic(source.reader, secret.tenant, secret.path, paths_of(text)));
  KW_TRY(const Sources sources, sources_of(source, secret.tenant, text));
  KW_TRY(Value value, rendered(source, text, sources, std::nullopt));
  return Content{std::move(value), "rendered", sources_text(sources, std::nullopt)};
}

Result<Content> content_of(rows::Source source, const Secret& secret, const Put& wanted) {
  if (secret.shape == Shape::kTemplate) return rendered_now(source, secret);
  if (wanted.generated != nullptr) return generated(source, secret, wanted);
  return Content{wanted.value->clone(), "given", ""};
}

Result<Shape> shape_of(const Put& wanted) {
  if (!wanted.template_text.empty()) return Shape::kTemplate;
  if (wanted.value != nullptr) return wanted.value->structured() ? Shape::kFields : Shape::kValue;
  if (wanted.generated == nullptr || wanted.generated->empty())
    return error(Code::kInvalidArgument, "no_value",
                 "say a value, fields, a template or how to generate it");
  return wanted.generated->front().first.empty() ? Shape::kValue : Shape::kFields;
}

Result<Secret> blank(const Foundations& on, std::int64_t tenant, std::string_view tenant_name,
                     const SecretPath& path, const Put& wanted) {
  Secret secret;
  secret.id = crypto::random_id<SecretId>();
  secret.tenant = tenant;
  secret.tenant_name = tenant_name;
  secret.path = path.text();
  KW_TRY(secret.shape, shape_of(wanted));
  secret.created_at = on.clock.wall();
  secret.epoch = 1;
  return secret;
}

Status check_old(const Secret& before, const Put& wanted) {
  if (before.deleted_at)
    return refused("secret_deleted", "the secret was deleted; undelete it first");
  if (!before.target.empty() && !wanted.adopt)
    return refused("bound_secret",
                   "the target accepts this secret: rotate it, or say that the target has the new "
                   "value already");
  if (wanted.generated != nullptr && before.shape != Shape::kTemplate) return ok();
  KW_TRY(const Shape shape, shape_of(wanted));
  return shape == before.shape ? ok() : Status(wrong_shape());
}

Status make_primary(SecretChange& edit, Version next) {
  const std::uint32_t before = edit.secret().primary;
  if (before != 0) {
    KW_TRY(Version * old, edit.version(before));
    KW_OK(edit.transition(*old, kSecondary));
    KW_FAILPOINT("secrets.put.demoted");
  }
  KW_OK(edit.add(std::move(next), kPrimary));
  return before == 0 ? ok() : edit.retire_others(before);
}

Status add_version(SecretChange& edit, Content content, const Put& wanted) {
  KW_TRY(Version next, edit.seal(content.value, content.origin));
  next.sources = std::move(content.sources);
  next.principal = wanted.principal;
  next.expires_at = wanted.expires_at;
  if (wanted.promote) return make_primary(edit, std::move(next));
  KW_OK(edit.add(std::move(next), kPending));
  return ok();
}

}  // namespace

Result<Secret> Secrets::put(Change change, std::string_view tenant, const SecretPath& path,
                            const Put& wanted) {
  KW_TRY(const std::int64_t number, on_.tenant_number(change.tx, tenant));
  const rows::Source source{change.tx, on_.barrier};
  KW_TRY(std::optional<Secret> before, rows::find_secret(source, number, path.text()));
  KW_OK(check_version(before, wanted));
  const bool fresh = !before;
  if (before) {
    KW_OK(check_old(*before, wanted));
  } else {
    KW_TRY(before, blank(on_, number, tenant, path, wanted));
  }
  apply(wanted.metadata, *before);
  if (!wanted.template_text.empty()) before->template_text = wanted.template_text;
  KW_OK(check(*before));
  KW_TRY(Content content, content_of(source, *before, wanted));
  Leaves leaves;
  SecretChange edit(on_, change.tx, leaves, *std::move(before));
  KW_OK(add_version(edit, std::move(content), wanted));
  if (edit.secret().shape == Shape::kTemplate) {
    KW_TRY(const codec::TextTemplate text, parse_template(edit.secret().template_text));
    KW_OK(rows::write_references(change.tx, edit.secret(), paths_of(text)));
  }
  if (fresh) edit.leaf_about(0, "created");
  KW_TRY(Secret after, fresh ? edit.finish_new() : edit.finish());
  KW_OK(leaves.write(on_.log, change));
  return after;
}

Result<Secret> Secrets::update(Change change, const Secret& secret, const MetadataPatch& patch,
                               std::optional<std::int64_t> expected_epoch) {
  if (expected_epoch && *expected_epoch != secret.epoch) return rows::stale_epoch();
  return changed(on_, change, secret, [&](SecretChange& edit) -> Status {
    apply(patch, edit.secret());
    KW_OK(check(edit.secret()));
    edit.leaf_about(0);
    return ok();
  });
}

Result<Secret> Secrets::bind(Change change, const Secret& secret, const std::string& target,
                             const Settings& account, const std::string& type) {
  if (secret.deleted_at) return refused("secret_deleted", "the secret was deleted");
  if (secret.shape == Shape::kTemplate) return wrong_shape();
  return changed(on_, change, secret, [&](SecretChange& edit) -> Status {
    edit.secret().target = target;
    edit.secret().account = account;
    std::string& present = edit.secret().metadata.type;
    if (!type.empty() && present == Metadata().type) present = type;
    edit.leaf_about(0, target.empty() ? "unbound" : "bound");
    return ok();
  });
}

}  // namespace kw::secrets
