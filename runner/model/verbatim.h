// JSON in a text, to be written as it is.
#pragma once

#include <string>

#include "runner/model/fields.h"

namespace quietgate {

struct Verbatim {
  std::string& json;
};
template <>
struct Codec<Verbatim> {
  static void encode(std::string& out, const Verbatim& value) { out += value.json; }
  static void decode(const JsonValue& json, Verbatim& value) {
    if (!json.is(JsonTree::Kind::object)) throw FieldError("expected an object");
    value.json = json_of(json);
  }
};

}  // namespace quietgate
