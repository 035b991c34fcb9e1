#include "runner/model/try_out.h"

#include <algorithm>
#include <set>

#include "runner/model/expression.h"
#include "runner/model/settling.h"
#include "runner/model/stage_templates.h"

namespace quietgate {

namespace {

// Of the stages that are left out, one whose outputs the text asks for; empty: none.
std::string used_in(const std::string& text, const std::set<std::string>& left_out) {
  const auto found = mentions(text);
  const auto* names = std::get_if<std::vector<Mention>>(&found);
  if (names == nullptr) return {};
  for (const auto& mention : *names) {
    for (const auto& stage : left_out) {
      if (mention.name.starts_with("stages." + stage + ".outputs.")) return stage;
    }
  }
  return {};
}

std::string used_by(StageSpec spec, const std::set<std::string>& left_out) {
  std::string used;
  each_template(spec, [&](const std::string& text) {
    if (used.empty()) used = used_in(text, left_out);
  });
  for (const auto& stage : judges(spec)) {
    if (used.empty() && left_out.contains(stage)) used = stage;
  }
  return used;
}

}  // namespace

Plan try_out_plan(Plan plan) {
  std::set<std::string> left_out;
  for (auto& spec : plan.stages) {
    if (deploys(spec)) {
      spec.left_out = "a try-out leaves kept environments alone: `quietgate run --release` applies this one";
    } else if (const auto used = left_out.empty() ? std::string() : used_by(spec, left_out); !used.empty()) {
      spec.left_out = "it uses `" + used + "`, which a try-out leaves alone";
    }
    if (!spec.left_out.empty()) left_out.insert(spec.name);
  }
  if (!left_out.empty()) plan.hash.clear();
  return plan;
}

}  // namespace quietgate
