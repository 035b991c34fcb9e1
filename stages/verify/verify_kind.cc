#include "stages/verify/verify_kind.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipelines/language/facts.h"
#include "stages/attempt/stage_parts.h"
#include "stages/verify/verify.h"
#include "stages/verify/verify_spec.h"

namespace quietgate {

namespace {

MetricCheck read_check(const Found& found, StageFields& fields) {
  MetricCheck check;
  MapReader map(fields.values(), found, "the check");
  if (const Found name = map.require("name", "the name of the check in reports"))
    check.name = fields.values().text(name, 200).value_or("");
  fields.text(map.require("query", "PromQL"), check.query);
  if (const Found expect = map.require("expect", "a bound such as \"< 0.01\"")) {
    if (auto bound = fields.values().bound(expect, Measure::ratio)) check.expect = std::move(*bound);
  }
  map.finish();
  return check;
}

StageBody read_verify(const Found& found, StageFields& fields) {
  VerifySpec spec;
  MapReader map(fields.values(), found, "`verify`");
  fields.text(map.require("prometheus", "the URL of a Prometheus"), spec.prometheus);
  const Found during = map.find("during");
  const Found last = map.find("last");
  if (during) spec.during = fields.window(during).value_or("");
  if (last) spec.last = fields.values().duration(last).value_or(spec.last);
  if (const Found step = map.find("step"))
    spec.step = fields.values().duration(step, Milliseconds{100}).value_or(spec.step);
  if (const Found checks = map.require("checks", "a list of {name, query, expect}")) {
    for (const Found& item : fields.values().list(checks, 1)) {
      spec.checks.push_back(read_check(item, fields));
      const std::string& name = spec.checks.back().name;
      const auto same = [&](const MetricCheck& other) { return !name.empty() && other.name == name; };
      if (std::count_if(spec.checks.begin(), spec.checks.end(), same) > 1)
        fields.diagnostics().add(item.key_at, fmt::format("two checks are named `{}`", name), "a name for each");
    }
  }
  map.finish();
  if (during && last) fields.diagnostics().add(last.key_at, "`verify` has both `during` and `last`", "one of them");
  if (map.valid() && !during && !last)
    fields.diagnostics().add(found.key_at, "`verify` names no time span",
                             "`during:` a load stage, or `last:` a duration before now");
  return spec;
}

Facts facts_of_verify(const StageBody& body) {
  const auto verify = spec_of<VerifySpec>(body);
  Facts out{verify.during.empty() ? "last " + human_duration(verify.last) : "during " + verify.during};
  for (const MetricCheck& check : verify.checks) out.push_back(check.name + " " + check.expect.text);
  return out;
}

std::unique_ptr<StageKind> make_verify(const StageParts& parts) {
  return std::make_unique<VerifyStage>(parts.http, parts.clock);
}

}  // namespace

StageKindDescriptor verify_kind() {
  return {.name = "verify",
          .read = read_verify,
          .facts = facts_of_verify,
          .make = make_verify,
          .surroundings = {.names_services = true, .proves_alerts = true},
          .offers = {.window = true, .tests = true}};
}

}  // namespace quietgate
