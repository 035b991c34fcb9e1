#include "runner/api/json_body.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"

namespace quietgate {

namespace {

constexpr std::size_t longest_text = 2000;

bool is_one_line(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

}  // namespace

struct JsonBody::Fields {
  nlohmann::json json = nlohmann::json::object();
};

JsonBody::JsonBody(const ApiRequest& request, const std::vector<std::string>& fields)
    : fields_(std::make_unique<Fields>()) {
  if (request.body.empty()) return;
  auto json = parse_json(request.body);
  if (!json.is_object()) {
    set_problem("the body is not a JSON object");
    return;
  }
  for (const auto& [key, value] : json.items()) {
    if (std::find(fields.begin(), fields.end(), key) == fields.end())
      set_problem("the field `" + key + "` is not known");
  }
  fields_->json = std::move(json);
}

JsonBody::~JsonBody() = default;

void JsonBody::set_problem(std::string problem) {
  if (problem_.empty()) problem_ = std::move(problem);
}

bool JsonBody::has(const char* field) const {
  return fields_->json.contains(field);
}

std::string JsonBody::text(const char* field) {
  auto found = fields_->json.find(field);
  if (found == fields_->json.end() || found->is_null()) return {};
  if (!found->is_string()) {
    set_problem(std::string("`") + field + "` is a string");
    return {};
  }
  auto value = found->get<std::string>();
  if (value.size() > longest_text || !is_one_line(value))
    set_problem(std::string("`") + field + "` is one line of at most " + std::to_string(longest_text) + " bytes");
  return value;
}

std::string JsonBody::reason() {
  auto reason = text("reason");
  if (std::all_of(reason.begin(), reason.end(), [](unsigned char c) { return c == ' '; }))
    set_problem("`reason` is needed: it is kept with the evidence");
  return reason;
}

bool JsonBody::flag(const char* field, bool otherwise) {
  auto found = fields_->json.find(field);
  if (found == fields_->json.end() || found->is_null()) return otherwise;
  if (!found->is_boolean()) set_problem(std::string("`") + field + "` is true or false");
  return found->is_boolean() && found->get<bool>();
}

}  // namespace quietgate
