// One list of fields per struct serves writing and reading: `fields(archive, value)` names each field once.
// JSON is written as text at once and read from a flat tree: a plan may have 1 MiB, and the loop does it.
// Only for the .cc files of core that turn values into JSON.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "runner/base/json_text.h"
#include "runner/base/json_tree.h"
#include "runner/model/names.h"
#include "runner/model/types.h"

namespace quietgate {

using JsonValue = JsonTree::Value;

struct FieldError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Writer;
class Reader;

// Appends the value's JSON, canonical: one line, keys in order.
template <class T>
void encode(std::string& out, const T& value);
template <class T>
void decode(const JsonValue& json, T& value);

class Writer {
 public:
  template <class T>
  void operator()(const char* key, const T& value) {
    const auto begin = text_.size();
    add_json(text_, key);
    text_ += ':';
    encode(text_, value);
    fields_.push_back({key, begin, text_.size() - begin});
  }
  // A field that older rows may lack.
  template <class T>
  void later(const char* key, const T& value) {
    (*this)(key, value);
  }
  static constexpr bool writes = true;

  void finish(std::string& out) {
    const auto by_key = [](const Field& a, const Field& b) { return a.key < b.key; };
    std::sort(fields_.begin(), fields_.end(), by_key);
    out += '{';
    for (const auto& field : fields_) {
      if (&field != fields_.data()) out += ',';
      out.append(text_, field.begin, field.size);
    }
    out += '}';
  }

 private:
  struct Field {
    std::string_view key;
    std::size_t begin, size;  // in the text
  };
  std::string text_;
  std::vector<Field> fields_;
};

class Reader {
 public:
  explicit Reader(const JsonValue& json) : json_(json) {
    if (!json.is(JsonTree::Kind::object)) throw FieldError("expected an object");
  }
  template <class T>
  void operator()(const char* key, T& value) {
    const auto* found = json_.find(key);
    if (found == nullptr) throw FieldError(std::string("field `") + key + "` is missing");
    try {
      decode(*found, value);
    } catch (const FieldError& error) {
      throw FieldError(std::string(key) + ": " + error.what());
    }
  }
  template <class T>
  void later(const char* key, T& value) {
    if (has(key)) (*this)(key, value);
  }
  static constexpr bool writes = false;
  bool has(const char* key) const { return json_.find(key) != nullptr; }

 private:
  const JsonValue& json_;
};

template <class T>
struct Codec {
  static void encode(std::string& out, const T& value) {
    Writer writer;
    fields(writer, const_cast<T&>(value));  // fields() takes T& so that one list serves both ways; a Writer only reads
    writer.finish(out);
  }
  static void decode(const JsonValue& json, T& value) {
    Reader reader(json);
    fields(reader, value);
  }
};

inline const std::string& text_of(const JsonValue& json) {
  if (!json.is(JsonTree::Kind::text)) throw FieldError("expected a text");
  return json.text;
}
template <class T>
T number_of(const JsonValue& json) {
  if (!json.is_number()) throw FieldError("expected a number");
  return json.number<T>();
}

template <class T>
requires std::is_arithmetic_v<T> || std::is_same_v<T, std::string>
struct Codec<T> {
  static void encode(std::string& out, const T& value) { add_json(out, value); }
  static void decode(const JsonValue& json, T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      if (!json.is(JsonTree::Kind::boolean)) throw FieldError("expected true or false");
      value = json.boolean;
    } else if constexpr (std::is_arithmetic_v<T>) {
      value = number_of<T>(json);
    } else {
      value = text_of(json);
    }
  }
};

template <class E>
requires std::is_enum_v<E>
struct Codec<E> {
  static void encode(std::string& out, E value) {
    for (const auto& [candidate, name] : Names<E>::value) {
      if (candidate == value) return add_json(out, name);
    }
    throw FieldError("an enum without a name");
  }
  static void decode(const JsonValue& json, E& value) {
    const auto& text = text_of(json);
    for (const auto& [candidate, name] : Names<E>::value) {
      if (text == name) {
        value = candidate;
        return;
      }
    }
    throw FieldError("unknown word `" + text + "`");
  }
};

template <>
struct Codec<Milliseconds> {
  static void encode(std::string& out, Milliseconds value) { add_json(out, std::int64_t{value.count()}); }
  static void decode(const JsonValue& json, Milliseconds& value) {
    value = Milliseconds{number_of<std::int64_t>(json)};
  }
};
template <>
struct Codec<Time> {
  static void encode(std::string& out, Time value) { add_json(out, std::int64_t{value.time_since_epoch().count()}); }
  static void decode(const JsonValue& json, Time& value) { value = Time{Milliseconds{number_of<std::int64_t>(json)}}; }
};

template <class T>
struct Codec<std::vector<T>> {
  static void encode(std::string& out, const std::vector<T>& values) {
    out += '[';
    for (const auto& value : values) {
      if (&value != values.data()) out += ',';
      quietgate::encode(out, value);
    }
    out += ']';
  }
  static void decode(const JsonValue& json, std::vector<T>& values) {
    if (!json.is(JsonTree::Kind::list)) throw FieldError("expected a list");
    values.clear();
    for (const auto& item : json) quietgate::decode(item, values.emplace_back());
  }
};

template <class T>
struct Codec<std::map<std::string, T>> {
  static void encode(std::string& out, const std::map<std::string, T>& values) {
    out += '{';
    for (auto at = values.begin(); at != values.end(); ++at) {
      if (at != values.begin()) out += ',';
      add_json(out, at->first);
      out += ':';
      quietgate::encode(out, at->second);
    }
    out += '}';
  }
  static void decode(const JsonValue& json, std::map<std::string, T>& values) {
    if (!json.is(JsonTree::Kind::object)) throw FieldError("expected an object");
    values.clear();
    // They are written in order: each belongs at the end.
    for (const auto& item : json) quietgate::decode(item, values.try_emplace(values.end(), item.key)->second);
  }
};

template <class T>
struct Codec<std::optional<T>> {
  static void encode(std::string& out, const std::optional<T>& value) {
    if (value)
      quietgate::encode(out, *value);
    else
      out += "null";
  }
  static void decode(const JsonValue& json, std::optional<T>& value) {
    value.reset();
    if (!json.is(JsonTree::Kind::null)) quietgate::decode(json, value.emplace());
  }
};

template <class T>
void encode(std::string& out, const T& value) {
  Codec<T>::encode(out, value);
}
template <class T>
void decode(const JsonValue& json, T& value) {
  Codec<T>::decode(json, value);
}
template <class T>
std::string encoded(const T& value) {
  std::string out;
  encode(out, value);
  return out;
}

}  // namespace quietgate
