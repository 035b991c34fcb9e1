#include "runner/model/older_bodies.h"

#include <array>
#include <string_view>

namespace quietgate {

namespace {

using Value = JsonTree::Value;

Milliseconds span_in(const Value& spec, const char* key) {
  const auto* found = spec.find(key);
  return Milliseconds{found == nullptr ? 0 : found->number<std::int64_t>()};
}
std::string text_in(const Value& spec, const char* key) {
  const auto* found = spec.find(key);
  return found == nullptr ? std::string() : found->text;
}

OlderBody test(const Value& spec) {
  const auto* artifacts = spec.find("artifacts");
  return {true,
          {.runs_in_tree = true,
           .tests = true,
           .may_keep_artifacts = true,
           .keeps_artifacts = artifacts != nullptr && artifacts->extent > 1},
          {}};
}

OlderBody apply(const Value& spec) {
  OlderBody body;
  const auto* keep = spec.find("keep");
  const bool kept = keep != nullptr && keep->is(JsonTree::Kind::boolean) && keep->boolean;
  body = {true, {.makes_environment = true, .keeps_environment = kept, .resolves_rest = true}, {}};
  body.relations.gate_at = "watch/gate";
  if (const auto* watch = spec.find("watch"); watch != nullptr && watch->is(JsonTree::Kind::object)) {
    body.relations.watches = span_in(*watch, "for");
    body.relations.in_rollback = json_with(spec, {{"watch", ""}});
  }
  return body;
}

OlderBody load(const Value& spec) {
  OlderBody body{true, {.runs_in_tree = true, .loads = true, .leaves_window = true}, {}};
  body.relations.window = span_in(spec, "duration");
  return body;
}

OlderBody verify(const Value& spec) {
  OlderBody body{true, {.leaves_window = true, .tests = true}, {}};
  body.relations.as_is = {"name"};
  body.relations.window_of = text_in(spec, "during");
  if (!body.relations.window_of.empty()) return body;
  body.relations.window = span_in(spec, "last");
  body.relations.window_before = true;
  return body;
}

OlderBody promote(const Value& spec) {
  OlderBody body{true, {.takes_slot = false, .promotes = true}, {}};
  body.relations.gate_at = "gate";
  if (text_in(spec, "back_from").empty())
    body.relations.in_rollback = R"({"approval":"none","back_from":"","branch":"","gate":null})";
  return body;
}

OlderBody approve(const Value&) {
  return {true, {.takes_slot = false, .waits_for_person = true}, {}};
}

OlderBody fault(const Value&) {
  OlderBody body{true, {.runs_in_tree = true}, {}};
  body.relations.as_is = {"alerts"};
  return body;
}

struct Line {
  std::string_view kind;
  OlderBody (*read)(const Value& spec);
};
constexpr std::array<Line, 7> table{{{"test", test},
                                     {"apply", apply},
                                     {"load", load},
                                     {"verify", verify},
                                     {"promote", promote},
                                     {"approve", approve},
                                     {"fault", fault}}};

}  // namespace

OlderBody older_body(const std::string& kind, const JsonTree::Value& spec) {
  for (const auto& line : table) {
    if (line.kind == kind) return line.read(spec);
  }
  return {};
}

}  // namespace quietgate
