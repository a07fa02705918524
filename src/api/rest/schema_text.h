// Words of JSON Schema as string literals, for the tables of schemas. Inside the room only.
#pragma once

#define KW_REF(name) R"({"$ref":"#/components/schemas/)" name R"("})"
#define KW_LIST(name)                                                                               \
  R"({"type":"object","required":["items"],"properties":{"items":{"type":"array","items":)" KW_REF( \
      name) R"(},"next":{"type":"string"}}})"
#define KW_OBJECT(properties) \
  R"({"type":"object","additionalProperties":false,"properties":{)" properties "}}"
#define KW_NEEDS(required, properties)                                     \
  R"({"type":"object","additionalProperties":false,"required":[)" required \
  R"(],"properties":{)" properties "}}"
#define KW_TEXT(name) "\"" name R"(":{"type":"string"})"
#define KW_BYTES(name) "\"" name R"(":{"type":"string","contentEncoding":"base64"})"
#define KW_INTEGER(name) "\"" name R"(":{"type":"integer"})"
#define KW_FLAG(name) "\"" name R"(":{"type":"boolean"})"
#define KW_TEXTS(name) "\"" name R"(":{"type":"array","items":{"type":"string"}})"
#define KW_GRANTS R"("grants":{"type":"array","items":{"$ref":"#/components/schemas/Grant"}})"
// One item, or {"items": [...]} of the same members.
#define KW_BATCH(item)                                                                                                                                     \
  R"({"oneOf":[)" item                                                                                                                                     \
  R"(,{"type":"object","additionalProperties":false,"required":["items"],"properties":{"items":{"type":"array","minItems":1,"maxItems":256,"items":)" item \
  "}}}]}"
