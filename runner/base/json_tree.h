// JSON that is only read: flat, so that a large row of the journal costs few allocations.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace quietgate {

class JsonTree {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, natural, real, text, list, object };
  struct Value {
    Kind kind = Kind::null;
    std::uint32_t extent = 1;  // values from this one to the next beside it: itself and what it holds
    union {
      std::int64_t integer = 0;
      std::uint64_t natural;
      double real;
      bool boolean;
    };
    std::string text;
    std::string key;  // in an object

    bool is(Kind wanted) const { return kind == wanted; }
    bool is_number() const { return kind == Kind::integer || kind == Kind::natural || kind == Kind::real; }
    // What a list or an object holds, one after another; valid as long as the tree.
    class Iterator;
    Iterator begin() const;
    Iterator end() const;
    const Value* find(const char* wanted) const;  // nullptr: an object without that key, or no object
    // Of a number; 0 of anything else.
    template <class T>
    T number() const {
      if (kind == Kind::natural) return static_cast<T>(natural);
      if (kind == Kind::real) return static_cast<T>(real);
      return kind == Kind::integer ? static_cast<T>(integer) : T{};
    }
  };

  // Throws std::runtime_error that names the place when `text` is not JSON in UTF-8.
  explicit JsonTree(const std::string& text);
  const Value& root() const { return values_.front(); }

 private:
  std::vector<Value> values_;  // each before what it holds
};

class JsonTree::Value::Iterator {
 public:
  explicit Iterator(const Value* at) : at_(at) {}
  const Value& operator*() const { return *at_; }
  Iterator& operator++() {
    at_ += at_->extent;
    return *this;
  }
  bool operator!=(const Iterator& other) const { return at_ != other.at_; }

 private:
  const Value* at_;
};

// The value as JSON on one line, what an object holds in the order of the tree; `rewrite`, if any, may change each text
// (no key) before it is written, but for those that stand under one of the keys `as_is`, or below it: a key at any
// depth, or with a leading slash a path of keys, `/gate/waivers`.
std::string json_of(const JsonTree::Value& value, const std::function<void(std::string&)>& rewrite = {},
                    const std::vector<std::string>& as_is = {});
// The object as JSON on one line, keys in order, with these members: JSON by key; an empty text leaves the key out.
std::string json_with(const JsonTree::Value& object, const std::map<std::string, std::string>& members);

inline JsonTree::Value::Iterator JsonTree::Value::begin() const {
  return Iterator(this + 1);
}
inline JsonTree::Value::Iterator JsonTree::Value::end() const {
  return Iterator(this + extent);
}

}  // namespace quietgate
