// One list of fields per struct serves writing and reading: `fields(archive, value)` names each field once.
// Only for the .cc files of core that turn values into JSON.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "runner/core/types.h"

namespace quietgate {

using Json = nlohmann::json;

// An enum is written by name: specialise with `static constexpr std::array<std::pair<E, const char*>, N> value`.
template <class E>
struct Names;

struct FieldError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Writer;
class Reader;

template <class T>
Json encode(const T& value);
template <class T>
void decode(const Json& json, T& value);

class Writer {
 public:
  template <class T>
  void operator()(const char* key, const T& value) {
    json_[key] = encode(value);
  }
  // A field that older rows may lack.
  template <class T>
  void later(const char* key, const T& value) {
    (*this)(key, value);
  }
  static constexpr bool writes = true;
  Json take() { return std::move(json_); }
  Json& json() { return json_; }

 private:
  Json json_ = Json::object();
};

class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {
    if (!json.is_object()) throw FieldError("expected an object");
  }
  template <class T>
  void operator()(const char* key, T& value) {
    auto found = json_.find(key);
    if (found == json_.end()) throw FieldError(std::string("field `") + key + "` is missing");
    try {
      decode(*found, value);
    } catch (const FieldError& error) {
      throw FieldError(std::string(key) + ": " + error.what());
    } catch (const nlohmann::json::exception&) {
      throw FieldError(std::string("field `") + key + "` has the wrong type");
    }
  }
  template <class T>
  void later(const char* key, T& value) {
    if (json_.contains(key)) (*this)(key, value);
  }
  static constexpr bool writes = false;
  const Json& json() const { return json_; }

 private:
  const Json& json_;
};

template <class T>
struct Codec {
  static Json encode(const T& value) {
    Writer writer;
    fields(writer, const_cast<T&>(value));  // fields() takes T& so that one list serves both ways; a Writer only reads
    return writer.take();
  }
  static void decode(const Json& json, T& value) {
    Reader reader(json);
    fields(reader, value);
  }
};

template <class T>
requires std::is_arithmetic_v<T> || std::is_same_v<T, std::string>
struct Codec<T> {
  static Json encode(const T& value) { return value; }
  static void decode(const Json& json, T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      if (!json.is_boolean()) throw FieldError("expected true or false");
    } else if constexpr (std::is_arithmetic_v<T>) {
      if (!json.is_number()) throw FieldError("expected a number");
    }
    value = json.get<T>();
  }
};

template <class E>
requires std::is_enum_v<E>
struct Codec<E> {
  static Json encode(E value) {
    for (const auto& [candidate, name] : Names<E>::value) {
      if (candidate == value) return name;
    }
    throw FieldError("an enum without a name");
  }
  static void decode(const Json& json, E& value) {
    auto text = json.get<std::string>();
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
  static Json encode(Milliseconds value) { return value.count(); }
  static void decode(const Json& json, Milliseconds& value) { value = Milliseconds{json.get<std::int64_t>()}; }
};
template <>
struct Codec<Time> {
  static Json encode(Time value) { return value.time_since_epoch().count(); }
  static void decode(const Json& json, Time& value) { value = Time{Milliseconds{json.get<std::int64_t>()}}; }
};

template <class T>
struct Codec<std::vector<T>> {
  static Json encode(const std::vector<T>& values) {
    Json json = Json::array();
    for (const auto& value : values) json.push_back(quietgate::encode(value));
    return json;
  }
  static void decode(const Json& json, std::vector<T>& values) {
    if (!json.is_array()) throw FieldError("expected a list");
    values.clear();
    for (const auto& item : json) {
      T value{};
      quietgate::decode(item, value);
      values.push_back(std::move(value));
    }
  }
};

template <class T>
struct Codec<std::map<std::string, T>> {
  static Json encode(const std::map<std::string, T>& values) {
    Json json = Json::object();
    for (const auto& [key, value] : values) json[key] = quietgate::encode(value);
    return json;
  }
  static void decode(const Json& json, std::map<std::string, T>& values) {
    if (!json.is_object()) throw FieldError("expected an object");
    values.clear();
    for (const auto& [key, item] : json.items()) quietgate::decode(item, values[key]);
  }
};

template <class T>
struct Codec<std::optional<T>> {
  static Json encode(const std::optional<T>& value) { return value ? quietgate::encode(*value) : Json(nullptr); }
  static void decode(const Json& json, std::optional<T>& value) {
    value.reset();
    if (!json.is_null()) quietgate::decode(json, value.emplace());
  }
};

template <class T>
Json encode(const T& value) {
  return Codec<T>::encode(value);
}
template <class T>
void decode(const Json& json, T& value) {
  Codec<T>::decode(json, value);
}

// One line; bytes that are not UTF-8 become U+FFFD.
inline std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace quietgate
