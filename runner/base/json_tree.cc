#include "runner/base/json_tree.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "runner/base/json_text.h"

namespace quietgate {

namespace {

using Json = nlohmann::json;

constexpr std::size_t bytes_of_a_value = 12;  // of text, in most rows: growing moves all that is there

class Builder final : public nlohmann::json_sax<Json> {
 public:
  explicit Builder(std::vector<JsonTree::Value>& values) : values_(values) {}

  bool null() override {
    add(JsonTree::Kind::null);
    return true;
  }
  bool boolean(bool value) override {
    add(JsonTree::Kind::boolean).boolean = value;
    return true;
  }
  bool number_integer(Json::number_integer_t value) override {
    add(JsonTree::Kind::integer).integer = value;
    return true;
  }
  bool number_unsigned(Json::number_unsigned_t value) override {
    add(JsonTree::Kind::natural).natural = value;
    return true;
  }
  bool number_float(Json::number_float_t value, const std::string&) override {
    add(JsonTree::Kind::real).real = value;
    return true;
  }
  bool string(std::string& value) override {
    add(JsonTree::Kind::text).text = std::move(value);
    return true;
  }
  bool binary(Json::binary_t&) override { return false; }  // JSON has none
  bool start_object(std::size_t) override { return open(JsonTree::Kind::object); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(JsonTree::Kind::list); }
  bool end_array() override { return close(); }
  bool key(std::string& value) override {
    key_ = std::move(value);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const Json::exception& error) override {
    throw std::runtime_error(error.what());
  }

 private:
  JsonTree::Value& add(JsonTree::Kind kind) {
    auto& value = values_.emplace_back();
    value.kind = kind;
    value.key = std::exchange(key_, {});
    return value;
  }
  bool open(JsonTree::Kind kind) {
    add(kind);
    open_.push_back(values_.size() - 1);
    return true;
  }
  bool close() {
    values_[open_.back()].extent = static_cast<std::uint32_t>(values_.size() - open_.back());
    open_.pop_back();
    return true;
  }

  std::vector<JsonTree::Value>& values_;
  std::vector<std::size_t> open_;
  std::string key_;
};

}  // namespace

JsonTree::JsonTree(const std::string& text) {
  values_.reserve(text.size() / bytes_of_a_value + 1);
  Builder builder(values_);
  if (!Json::sax_parse(text, &builder)) throw std::runtime_error("not JSON");
}

const JsonTree::Value* JsonTree::Value::find(const char* wanted) const {
  if (kind != Kind::object) return nullptr;
  for (const auto& each : *this) {
    if (each.key == wanted) return &each;
  }
  return nullptr;
}

namespace {

using Rewrite = std::function<void(std::string&)>;

void write(std::string& out, const JsonTree::Value& value, const Rewrite& rewrite,
           const std::vector<std::string>& as_is) {
  using Kind = JsonTree::Kind;
  static const Rewrite none;
  if (value.is(Kind::list) || value.is(Kind::object)) {
    const bool object = value.is(Kind::object);
    out += object ? '{' : '[';
    bool first = true;
    for (const auto& each : value) {
      if (!std::exchange(first, false)) out += ',';
      if (object) {
        add_json(out, each.key);
        out += ':';
      }
      const bool kept = rewrite && object && std::find(as_is.begin(), as_is.end(), each.key) != as_is.end();
      write(out, each, kept ? none : rewrite, as_is);
    }
    out += object ? '}' : ']';
  } else if (value.is(Kind::text) && rewrite) {
    std::string text = value.text;
    rewrite(text);
    add_json(out, text);
  } else if (value.is(Kind::text)) {
    add_json(out, value.text);
  } else if (value.is(Kind::integer)) {
    add_json(out, value.integer);
  } else if (value.is(Kind::natural)) {
    add_json(out, value.natural);
  } else if (value.is(Kind::real)) {
    add_json(out, value.real);
  } else if (value.is(Kind::boolean)) {
    add_json(out, value.boolean);
  } else {
    out += "null";
  }
}

}  // namespace

std::string json_of(const JsonTree::Value& value, const std::function<void(std::string&)>& rewrite,
                    const std::vector<std::string>& as_is) {
  std::string out;
  write(out, value, rewrite, as_is);
  return out;
}

std::string json_with(const JsonTree::Value& object, const std::map<std::string, std::string>& members) {
  auto all = members;
  for (const auto& each : object) {
    if (!members.contains(each.key)) all.emplace(each.key, json_of(each));
  }
  std::string out;
  for (const auto& [key, json] : all) {
    if (json.empty()) continue;
    out += out.empty() ? '{' : ',';
    add_json(out, key);
    out += ':';
    out += json;
  }
  return out.empty() ? "{}" : out + '}';
}

}  // namespace quietgate
