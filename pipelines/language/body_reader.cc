#include <fmt/format.h>

#include <algorithm>

#include "pipelines/language/stage_reader.h"
#include "runner/model/branch_name.h"
#include "runner/model/trigger.h"

namespace quietgate {

namespace {

const std::string name_characters = std::string(letters_and_digits) + "_-";
const std::string name_expected = "a letter, then letters, digits, `_` or `-`";

// Whether a shell would read a `|` of the text as a pipe: not one of `||`, nor one in quotes.
bool has_pipe(const std::string& text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'') {
      ++i;
    } else if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '|') {
      const bool either = text.compare(i, 2, "||") == 0;
      const bool forces = i > 0 && text[i - 1] == '>';  // `>|`
      if (!either && !forces) return true;
      if (either) ++i;
    }
  }
  return false;
}

}  // namespace

void BodyReader::text(const Found& found, std::string& out, Templates::Use use) {
  if (!found || !values_.text(found)) return;
  if (auto value = templates_.read(found, use)) out = std::move(*value);
}

void BodyReader::path(const Found& found, std::string& out) {
  if (!found || !values_.path(found)) return;
  if (auto value = templates_.read(found, Templates::Use::plain)) out = std::move(*value);
}

void BodyReader::paths(const Found& found, std::vector<std::string>& out, std::size_t least) {
  if (!found) return;
  for (const Found& item : values_.list(found, least)) {
    std::string glob;
    path(item, glob);
    if (glob.empty()) continue;
    const std::string problem = glob.find("${{") == std::string::npos ? glob_problem(glob) : std::string();
    if (!problem.empty()) {
      values_.wrong(item, fmt::format("`{}` is not a glob pattern: {}", item.node->text, problem));
    } else if (std::find(out.begin(), out.end(), glob) != out.end()) {
      values_.wrong(item, fmt::format("`{}` stands twice in `{}`", glob, found.name));
    } else {
      out.push_back(std::move(glob));
    }
  }
}

// Reads a shell text into `out`; who runs it, into `interpreter`.
void BodyReader::shell_text(const Found& found, std::string& out, std::vector<std::string>& interpreter) {
  if (!found) return;
  text(found, out, Templates::Use::shell);
  interpreter = scope_.shell;
  if (out.starts_with("#!")) {
    const std::string line = out.substr(2, std::min(out.find('\n'), out.size()) - 2);
    if (line.find_first_not_of(" \t\r") == std::string::npos)
      values_.wrong(found, "the first line is `#!` and names no program", "a program, such as #!/usr/bin/env python3");
  } else if (scope_.shell.empty() && !scope_.habits->pipe && has_pipe(out)) {
    scope_.habits->pipe = found.node->at;
  }
}

// Text is a shell script, a list is a program with its arguments.
std::optional<Command> BodyReader::command(const Found& found) {
  Command command;
  if (found.node->kind == YamlNode::Kind::scalar) {
    shell_text(found, command.shell, command.interpreter);
    return command;
  }
  if (found.node->kind != YamlNode::Kind::sequence) {
    values_.wrong_type(found, "text (a shell script) or a list (a program and its arguments)");
    return std::nullopt;
  }
  for (const Found& item : values_.list(found, 1)) {
    std::string argument;
    // Only the program's name must not be empty.
    if (item.node->kind == YamlNode::Kind::scalar && item.node->quoted && item.node->text.empty() &&
        !command.argv.empty()) {
      command.argv.emplace_back();
      continue;
    }
    text(item, argument, Templates::Use::argument);
    command.argv.push_back(std::move(argument));
  }
  return command;
}

void BodyReader::text_map(const Found& found, std::map<std::string, std::string>& out, bool variables) {
  if (!found) return;
  MapReader map(values_, found, fmt::format("`{}`", found.name));
  for (const Found& entry : map.entries()) {
    const std::string first = std::string(letters) + "_";
    if (!values_.is_name(entry, entry.name, first, variables ? std::string(letters_and_digits) + "_" : name_characters,
                         200,
                         variables ? "a letter or `_`, then letters, digits or `_`"
                                   : "a letter or `_`, then letters, digits, `_` or `-`"))
      continue;
    if (!values_.loose_text(entry)) continue;
    if (auto value = templates_.read(entry, Templates::Use::plain)) out[entry.name] = std::move(*value);
  }
}

TestSpec BodyReader::test(const Found& found) {
  TestSpec spec;
  MapReader map(values_, found, "`test`");
  std::string directory;
  const Found run = map.find("run");
  const Found commands = map.find("commands");
  path(map.find("directory"), directory);
  path(map.find("junit"), spec.junit);
  paths(map.find("artifacts"), spec.artifacts, 0);
  artifacts_of(map.find("from"));
  map.finish();
  if (!map.valid()) return spec;
  if (run && commands) {
    values_.diagnostics().add(commands.key_at, "`test` has both `run` and `commands`", "one of them");
  } else if (run) {
    if (auto one = command(run)) spec.commands.push_back(std::move(*one));
  } else if (commands) {
    for (const Found& item : values_.list(commands, 1)) {
      if (auto one = command(item)) spec.commands.push_back(std::move(*one));
    }
  } else {
    values_.diagnostics().add(found.key_at, "`test` needs `run`",
                              "text (a shell script) or a list (a program and its arguments)");
  }
  for (Command& one : spec.commands) one.directory = directory;
  return spec;
}

void BodyReader::ports(const Found& found, ApplySpec& out) {
  if (!found) return;
  for (const std::string& name : values_.texts(found, 0, 100)) out.ports.push_back(name);
  for (const Found& item : values_.list(found, 0, 100)) {
    if (item.node->kind == YamlNode::Kind::scalar && !item.node->text.empty())
      values_.is_name(item, item.node->text, letters, name_characters, 63, name_expected);
  }
  scope_.ports = out.ports;
}

ApplySpec BodyReader::apply(const Found& found) {
  ApplySpec spec;
  MapReader map(values_, found, "`apply`");
  ports(map.find("ports"), spec);
  const Found processes_at = map.find("processes");
  const Found terraform_at = map.find("terraform");
  text_map(map.find("outputs"), spec.outputs, false);
  artifacts_of(map.find("from"));
  const std::size_t before = values_.diagnostics().count();
  map.unsupported("kubernetes");
  map.unsupported("lambda");
  const bool unsupported = values_.diagnostics().count() != before;
  map.finish();
  if (processes_at && terraform_at)
    values_.diagnostics().add(terraform_at.key_at, "`apply` has both `processes` and `terraform`",
                              "one provisioner a stage");
  if (processes_at) spec.provisioner = processes(processes_at);
  if (terraform_at && !processes_at) spec.provisioner = terraform(terraform_at);
  if (map.valid() && !processes_at && !terraform_at && !unsupported)
    values_.diagnostics().add(found.key_at, "`apply` names no provisioner", "one of processes, terraform");
  return spec;
}

ReadyCheck BodyReader::ready(const Found& found) {
  ReadyCheck check;
  MapReader map(values_, found, "`ready`");
  const Found http = map.find("http");
  const Found tcp = map.find("tcp");
  const Found shell = map.find("command");
  text(http, check.http);
  text(tcp, check.tcp);
  shell_text(shell, check.command, check.interpreter);
  if (const Found within = map.find("within")) check.within = values_.duration(within).value_or(check.within);
  map.finish();
  const int count = (http ? 1 : 0) + (tcp ? 1 : 0) + (shell ? 1 : 0);
  if (map.valid() && count != 1)
    values_.diagnostics().add(found.key_at, fmt::format("`ready` has {} checks", count == 0 ? "no" : "several"),
                              "one of http, tcp, command");
  return check;
}

ServiceSpec BodyReader::service(const Found& found) {
  ServiceSpec spec;
  spec.name = found.name;
  MapReader map(values_, found, fmt::format("service `{}`", found.name));
  if (const Found run = map.require("run", "text (a shell script) or a list (a program and its arguments)"))
    spec.command = command(run).value_or(Command{});
  path(map.find("directory"), spec.command.directory);
  text_map(map.find("environment"), spec.environment, true);
  if (const Found check = map.find("ready")) spec.ready = ready(check);
  if (const Found needs = map.find("needs")) spec.needs = values_.texts(needs);
  map.finish();
  return spec;
}

TerraformSpec BodyReader::terraform(const Found& found) {
  TerraformSpec spec;
  MapReader map(values_, found, "`terraform`");
  path(map.require("directory", "the folder of the root module"), spec.directory);
  text_map(map.find("variables"), spec.variables, false);
  map.finish();
  return spec;
}

void BodyReader::window(const Found& found, StageReference::Kind kind, std::vector<std::string>& out) {
  const auto take = [&](const Found& item) {
    const auto name = values_.text(item);
    if (!name) return;
    if (std::find(out.begin(), out.end(), *name) != out.end())
      return values_.wrong(item, fmt::format("`{}` stands twice in `{}`", *name, found.name));
    out.push_back(*name);
    scope_.references.push_back({kind, *name, item.node->at});
  };
  if (kind == StageReference::Kind::one_window) return take(found);
  for (const Found& item : values_.list(found, 1)) take(item);
}

void BodyReader::artifacts_of(const Found& found) {
  if (!found) return;
  scope_.habits->hands_on = true;
  std::vector<std::string> names;
  for (const Found& item : values_.list(found, 1)) {
    const auto name = values_.text(item);
    if (!name) continue;
    if (std::find(names.begin(), names.end(), *name) != names.end()) {
      values_.wrong(item, fmt::format("`{}` stands twice in `from`", *name));
      continue;
    }
    names.push_back(*name);
    scope_.references.push_back({StageReference::Kind::artifacts, *name, item.node->at});
  }
}

MetricCheck BodyReader::check(const Found& found) {
  MetricCheck check;
  MapReader map(values_, found, "the check");
  if (const Found name = map.require("name", "what the check is called in reports"))
    check.name = values_.text(name, 200).value_or("");
  text(map.require("query", "PromQL"), check.query);
  if (const Found expect = map.require("expect", "a bound such as \"< 0.01\"")) {
    if (auto bound = values_.bound(expect, Measure::ratio)) check.expect = std::move(*bound);
  }
  map.finish();
  return check;
}

VerifySpec BodyReader::verify(const Found& found) {
  VerifySpec spec;
  MapReader map(values_, found, "`verify`");
  text(map.require("prometheus", "the URL of a Prometheus"), spec.prometheus);
  const Found during = map.find("during");
  const Found last = map.find("last");
  std::vector<std::string> stage;
  if (during) window(during, StageReference::Kind::one_window, stage);
  if (!stage.empty()) spec.during = stage[0];
  if (last) spec.last = values_.duration(last).value_or(spec.last);
  if (const Found step = map.find("step")) spec.step = values_.duration(step, Milliseconds{100}).value_or(spec.step);
  if (const Found checks = map.require("checks", "a list of {name, query, expect}")) {
    for (const Found& item : values_.list(checks, 1)) {
      spec.checks.push_back(check(item));
      const std::string& name = spec.checks.back().name;
      const auto same = [&](const MetricCheck& other) { return !name.empty() && other.name == name; };
      if (std::count_if(spec.checks.begin(), spec.checks.end(), same) > 1)
        values_.diagnostics().add(item.key_at, fmt::format("two checks are named `{}`", name), "a name for each");
    }
  }
  map.finish();
  if (during && last) values_.diagnostics().add(last.key_at, "`verify` has both `during` and `last`", "one of them");
  if (map.valid() && !during && !last)
    values_.diagnostics().add(found.key_at, "`verify` names no time span",
                              "`during:` a load stage, or `last:` a duration before now");
  return spec;
}

GateSpec BodyReader::gate(const Found& found, bool over_windows) {
  GateSpec spec;
  MapReader map(values_, found, "`gate`");
  text(map.require("prometheus", "the URL of the Prometheus that evaluates the rules"), spec.prometheus);
  paths(map.require("rules", "globs of rule files"), spec.rules, 1);
  if (over_windows) {
    if (const Found during = map.require("during", "the stages in which the rules must stay quiet"))
      window(during, StageReference::Kind::windows, spec.during);
    if (const Found quiet = map.find("quiet_for"))
      spec.quiet_for = values_.duration(quiet, Milliseconds{0}).value_or(spec.quiet_for);
    if (const Found word_at = map.find("on_alert")) {
      if (const auto word = values_.choice(word_at, {"end_load", "go_on"})) spec.on_alert = static_cast<OnAlert>(*word);
    }
  }
  if (const Found layers = map.find("layers")) {
    for (const Found& item : values_.list(layers)) {
      const auto word = values_.choice(item, {"application", "service", "kubernetes", "node"});
      if (!word) continue;
      if (std::find(spec.layers.begin(), spec.layers.end(), item.node->text) != spec.layers.end()) {
        values_.wrong(item, fmt::format("`{}` stands twice in `layers`", item.node->text));
      } else {
        spec.layers.push_back(item.node->text);
      }
    }
  }
  if (const Found waived = map.find("waive")) waivers(waived, spec.waivers);
  if (const Found alertmanager = map.find("alertmanager")) text(alertmanager, spec.alertmanager);
  if (const Found watchdog = map.find("watchdog")) {
    MapReader delivery(values_, watchdog, "`watchdog`");
    if (const Found name = delivery.require("delivered_to", "the name in the webhook's URL, /api/v1/watchdogs/NAME")) {
      spec.watchdog = values_.text(name).value_or("");
      if (!spec.watchdog.empty()) values_.is_name(name, spec.watchdog, letters, name_characters, 63, name_expected);
    }
    if (const Found within = delivery.require("within", "how old the last delivery may be, such as 5m"))
      spec.watchdog_within = values_.duration(within).value_or(spec.watchdog_within);
    delivery.finish();
  }
  map.finish();
  return spec;
}

void BodyReader::waivers(const Found& found, std::map<std::string, std::string>& out) {
  MapReader map(values_, found, "`waive`");
  const std::vector<std::string> proofs{"P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10"};
  for (const Found& entry : map.entries()) {
    if (std::find(proofs.begin(), proofs.end(), entry.name) == proofs.end()) {
      values_.diagnostics().add(entry.key_at, fmt::format("`{}` is not a proof that can be waived", entry.name),
                                "one of P1 to P10; what a layer or an alert says can't be waived");
      continue;
    }
    const auto reason = values_.text(entry, 500);
    if (!reason) continue;
    if (reason->size() < 10)
      values_.wrong(entry, fmt::format("`{}` is waived without a reason", entry.name),
                    "a sentence of at least 10 characters: it stands in the verdict");
    out[entry.name] = *reason;
  }
}

PromoteSpec BodyReader::promote(const Found& found) {
  PromoteSpec spec;
  MapReader map(values_, found, "`promote`");
  if (const Found branch = map.require("branch", "the branch that is moved to the commit")) {
    text(branch, spec.branch);
    // A name that is known only when it is pushed to is refused by Git then.
    const bool known = !spec.branch.empty() && spec.branch.find("${{") == std::string::npos;
    const std::string problem = known ? branch_name_problem(spec.branch) : std::string();
    if (!problem.empty())
      values_.wrong(branch, fmt::format("`{}` can't be a branch: {}", spec.branch, problem),
                    "a name that `git check-ref-format --branch` takes, of at most 255 bytes");
  }
  if (const Found gate_at = map.find("gate")) spec.gate = gate(gate_at, true);
  if (const Found approval = map.find("approval")) {
    if (approval.node->kind == YamlNode::Kind::map) {
      spec.approval = Approval::manual;
      MapReader asked(values_, approval, "`approval`");
      text(asked.find("message"), spec.approval_message);
      if (const Found expires = asked.find("expires"))
        spec.approval_expires = values_.duration(expires).value_or(spec.approval_expires);
      asked.finish();
    } else if (const auto word = values_.choice(approval, {"none", "manual"})) {
      spec.approval = static_cast<Approval>(*word);
    }
  }
  map.unsupported("merge");
  map.finish();
  return spec;
}

WatchSpec BodyReader::watch(const Found& found) {
  WatchSpec spec;
  MapReader map(values_, found, "`watch`");
  if (const Found gate_at = map.require("gate", "the rules that must stay quiet, and where they are evaluated"))
    spec.gate = gate(gate_at, false);
  if (const Found span = map.require("for", "how long the release is watched, such as 5m"))
    spec.duration = values_.duration(span).value_or(spec.duration);
  if (const Found word_at = map.find("on_alert")) {
    if (const auto word = values_.choice(word_at, {"rollback", "fail"}))
      spec.on_alert = static_cast<AfterRelease>(*word);
  }
  map.finish();
  return spec;
}

FaultSpec BodyReader::fault(const Found& found) {
  FaultSpec spec;
  MapReader map(values_, found, "`fault`");
  std::string directory;
  path(map.find("directory"), directory);
  if (const Found run = map.require("run", "what breaks it: text (a shell script) or a list"))
    spec.command = command(run).value_or(Command{});
  if (const Found undo = map.find("undo")) spec.undo = command(undo);
  spec.command.directory = directory;
  if (spec.undo) spec.undo->directory = directory;
  text(map.require("prometheus", "the URL of the Prometheus that evaluates the rules"), spec.prometheus);
  if (const Found alerts = map.require("alerts", "the alerts that must hear of it"))
    spec.alerts = values_.texts(alerts, 1);
  if (const Found within = map.find("within")) spec.within = values_.duration(within).value_or(spec.within);
  if (const Found resolved = map.find("resolved_within"))
    spec.resolved_within = values_.duration(resolved).value_or(spec.resolved_within);
  map.finish();
  return spec;
}

ApproveSpec BodyReader::approve(const Found& found) {
  ApproveSpec spec;
  MapReader map(values_, found, "`approve`");
  text(map.require("message", "what the person decides on"), spec.message);
  if (const Found expires = map.find("expires")) spec.expires = values_.duration(expires).value_or(spec.expires);
  map.finish();
  return spec;
}

}  // namespace quietgate
