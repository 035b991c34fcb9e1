#include "stages/environments/terraform/terraform_stream.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "runner/base/json.h"
#include "runner/base/text.h"

namespace quietgate {

using nlohmann::json;

namespace {

constexpr std::size_t max_sentence = 600;
constexpr std::size_t max_errors = 50;

const json& member(const json& object, const char* name) {
  static const json absent;
  if (!object.is_object()) return absent;
  auto found = object.find(name);
  return found == object.end() ? absent : *found;
}

std::string text(const json& object, const char* name) {
  const auto& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : std::string();
}

int whole(const json& object, const char* name) {
  const auto& value = member(object, name);
  return value.is_number() ? value.get<int>() : 0;
}

// `...T01:33:13.947100Z` as seconds of the day.
double seconds_of(const json& line) {
  auto stamp = text(line, "@timestamp");
  int hours = 0, minutes = 0;
  double seconds = 0;
  auto at = stamp.find('T');
  if (at == std::string::npos) return 0;
  if (std::sscanf(stamp.c_str() + at + 1, "%d:%d:%lf", &hours, &minutes, &seconds) != 3) return 0;
  return hours * 3600.0 + minutes * 60.0 + seconds;
}

std::string one_line(std::string words) {
  while (!words.empty() && (words.back() == '\n' || words.back() == ' ')) words.pop_back();
  for (auto at = words.find('\n'); at != std::string::npos; at = words.find('\n', at + 1)) words.replace(at, 1, " ");
  return words;
}

std::string present(const std::string& action) {
  if (action == "create") return "creating";
  if (action == "delete") return "destroying";
  if (action == "update") return "updating";
  if (action == "read") return "reading";
  return action;
}

std::string past(const std::string& action) {
  if (action == "create") return "created";
  if (action == "delete") return "destroyed";
  if (action == "update") return "updated";
  if (action == "read") return "read";
  return action + " done";
}

TerraformProblem problem_of(const json& diagnostic) {
  TerraformProblem problem;
  problem.error = text(diagnostic, "severity") != "warning";
  problem.summary = text(diagnostic, "summary");
  problem.detail = text(diagnostic, "detail");
  problem.address = text(diagnostic, "address");
  const auto& range = member(diagnostic, "range");
  problem.file = text(range, "filename");
  problem.line = whole(member(range, "start"), "line");
  return problem;
}

std::string why(const std::string& reason) {
  if (reason == "replace_because_tainted") return "because its creation failed before";
  if (reason == "replace_by_request") return "because it was requested";
  if (reason == "replace_by_triggers") return "because of replace_triggered_by";
  return "because it can't be updated in place";
}

}  // namespace

std::string to_string(const TerraformChanges& changes) {
  return fmt::format("{} to add, {} to change, {} to destroy", changes.add, changes.change, changes.remove);
}

std::string TerraformProblem::sentence() const {
  auto words = summary;
  if (!address.empty()) words += " at " + address;
  if (!file.empty()) words += fmt::format(" ({}:{})", file, line);
  if (!detail.empty()) words += ": " + one_line(detail);
  words = one_line(std::move(words));
  if (words.size() <= max_sentence) return words;
  return std::string(cut_to_bytes(words, max_sentence)) + "...";
}

bool TerraformStream::has_error(std::string_view summary) const {
  for (const auto& problem : errors_) {
    if (problem.summary.find(summary) != std::string::npos) return true;
  }
  return false;
}

std::vector<std::string> TerraformStream::take(std::string_view line) {
  auto said = parse_json(line);
  if (!said.is_object()) return line.empty() ? std::vector<std::string>() : std::vector<std::string>{std::string(line)};
  auto type = text(said, "type");
  auto message = text(said, "@message");
  const auto& hook = member(said, "hook");
  auto address = text(member(hook, "resource"), "addr");
  auto action = text(hook, "action");
  if (type == "version") {
    understood_ = true;
    return {message};
  }
  if (type == "apply_start") {
    began_[address] = seconds_of(said);
    return {address + ": " + present(action)};
  }
  if (type == "apply_complete" || type == "apply_errored") {
    auto took = seconds_of(said) - began_[address];
    if (took < 0) took += 86'400;
    return {fmt::format("{}: {} after {:.1f}s", address, type == "apply_complete" ? past(action) : "failed", took)};
  }
  if (type == "apply_progress") {
    return {fmt::format("{}: still {} after {}s", address, present(action), whole(hook, "elapsed_seconds"))};
  }
  if (type == "provision_progress") return {address + ": " + text(hook, "output")};
  if (type == "change_summary") {
    const auto& counts = member(said, "changes");
    changes = TerraformChanges{whole(counts, "add"), whole(counts, "change"), whole(counts, "remove")};
    if (text(counts, "operation") == "plan") return {"plan: " + to_string(*changes)};
  }
  if (type == "diagnostic") {
    auto problem = problem_of(member(said, "diagnostic"));
    if (problem.error && errors_.size() < max_errors) errors_.push_back(problem);
    return {(problem.error ? "error: " : "warning: ") + problem.sentence()};
  }
  bool quiet = type == "outputs" || type == "log" || type.starts_with("refresh_") || type.starts_with("provision_");
  if (quiet || message.empty()) return {};
  return {message};
}

std::vector<std::string> replacements(const std::string& plan_json) {
  std::vector<std::string> lines;
  auto plan = parse_json(plan_json);
  const auto& changes = member(plan, "resource_changes");
  if (!changes.is_array()) return lines;
  for (const auto& resource : changes) {
    const auto& change = member(resource, "change");
    const auto& actions = member(change, "actions");
    if (!actions.is_array() || actions.size() != 2) continue;
    std::string paths;
    const auto& replaced = member(change, "replace_paths");
    for (std::size_t at = 0; replaced.is_array() && at < replaced.size(); ++at) {
      std::string path;
      for (const auto& part : replaced[at]) {
        path += (path.empty() ? "" : ".") + (part.is_string() ? part.get<std::string>() : json_text(part));
      }
      paths += (paths.empty() ? "" : ", ") + path;
    }
    lines.push_back(text(resource, "address") + " is replaced " +
                    (paths.empty() ? why(text(resource, "action_reason")) : "because " + paths + " changed"));
  }
  return lines;
}

std::vector<std::string> imports(const std::string& plan_json) {
  std::vector<std::string> addresses;
  auto plan = parse_json(plan_json);
  const auto& changes = member(plan, "resource_changes");
  if (!changes.is_array()) return addresses;
  for (const auto& resource : changes) {
    if (member(member(resource, "change"), "importing").is_object()) addresses.push_back(text(resource, "address"));
  }
  return addresses;
}

Result<TerraformOutputs> read_terraform_outputs(const std::string& output_json) {
  constexpr std::size_t max_value = 64UL * 1024;
  auto all = parse_json(output_json);
  if (!all.is_object()) return infrastructure_error("the outputs that Terraform printed are not JSON");
  TerraformOutputs outputs;
  for (const auto& [name, output] : all.items()) {
    if (member(output, "sensitive") == json(true)) {
      outputs.sensitive.push_back(name);
      continue;
    }
    const auto& value = member(output, "value");
    auto words = value.is_string() ? value.get<std::string>() : json_text(value);
    if (words.size() > max_value) {
      return step_error("the Terraform output \"" + name + "\" is larger than 64 KiB",
                        "write large values to a file below ${{ apply.directory }} and output its path");
    }
    outputs.values[name] = std::move(words);
  }
  return outputs;
}

}  // namespace quietgate
