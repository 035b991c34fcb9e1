#include "pipelines/language/print.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipelines/language/facts.h"
#include "pipelines/yaml/diagnostics.h"
#include "runner/model/state.h"

namespace quietgate {

std::string describe(const StageSpec& stage, const StageKinds& kinds) {
  Facts all;
  if (!stage.needs.empty()) all.push_back("after " + joined(stage.needs));
  if (stage.waives_order) all.push_back("waits for no test, on purpose (`needs: []`)");
  if (!stage.condition.empty()) all.push_back("if " + shown(stage.condition));
  if (!stage.from.empty()) all.push_back("with the artifacts of " + joined(stage.from));
  if (const auto* kind = find_kind(kinds, kind_of(stage.body))) {
    const Facts own = kind->facts(stage.body);
    all.insert(all.end(), own.begin(), own.end());
    const Facts shell = kind->interpreter ? kind->interpreter(stage.body) : Facts{};
    if (!shell.empty()) all.push_back("shell " + joined(shell, " "));
  }
  if (!stage.lock.empty())
    all.push_back(fmt::format("lock {}{}", stage.lock, keeps_lock(stage) ? " until its environment is gone" : ""));
  if (stage.retry.attempts > 1) all.push_back(fmt::format("up to {} attempts", stage.retry.attempts));
  if (stage.continue_on_error) all.push_back("may fail");
  return joined(all, "; ");
}

std::string describe(const Plan& plan, const StageKinds& kinds) {
  Facts head;
  if (!plan.name.empty()) head.push_back(plan.name);
  if (!plan.commit.empty()) head.push_back(fmt::format("{} @ {}", plan.branch, plan.commit.substr(0, 7)));
  head.push_back(counted(plan.stages.size(), "stage"));
  head.push_back("hash " + plan.hash.substr(0, 12));
  std::string out = joined(head, " · ") + "\n";
  std::size_t width = 0;
  for (const StageSpec& stage : plan.stages) width = std::max(width, stage.name.size());
  const std::size_t digits = std::to_string(plan.stages.size()).size();
  for (std::size_t i = 0; i < plan.stages.size(); ++i) {
    const StageSpec& stage = plan.stages[i];
    out += fmt::format("{:>{}}. {:<{}}  {:<7}  {}\n", i + 1, digits, stage.name, width, kind_of(stage.body),
                       describe(stage, kinds));
  }
  return out;
}

}  // namespace quietgate
