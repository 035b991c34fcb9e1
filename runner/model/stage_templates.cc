#include <utility>

#include "runner/base/json_tree.h"
#include "runner/model/expression.h"

namespace quietgate {

namespace {

using Visit = std::function<void(std::string&)>;

void each(std::vector<std::string>& texts, const Visit& f) {
  for (std::string& text : texts) f(text);
}
void each(std::map<std::string, std::string>& texts, const Visit& f) {
  for (auto& [name, text] : texts) f(text);
}
void each(Command& command, const Visit& f) {
  f(command.shell);
  each(command.argv, f);
  f(command.directory);
}

void each_in_json(std::string& json, const Visit& f) {
  const JsonTree tree(json);
  json = json_of(tree.root(), f);
}

void each(TestSpec& test, const Visit& f) {
  for (Command& command : test.commands) each(command, f);
  f(test.junit);
  each(test.artifacts, f);
}
void each(ProcessesSpec& processes, const Visit& f) {
  for (ServiceSpec& service : processes.services) {
    each(service.command, f);
    each(service.environment, f);
    if (!service.ready) continue;
    f(service.ready->http);
    f(service.ready->tcp);
    f(service.ready->command);
  }
}
void each(TerraformSpec& terraform, const Visit& f) {
  f(terraform.directory);
  each(terraform.variables, f);
}
void each(OpenProvisioner& open, const Visit& f) {
  each_in_json(open.json, f);
}
void each(GateSpec& gate, const Visit& f) {
  f(gate.prometheus);
  f(gate.alertmanager);
  each(gate.rules, f);
}
void each(ApplySpec& apply, const Visit& f) {
  std::visit([&](auto& provisioner) { each(provisioner, f); }, apply.provisioner);
  each(apply.outputs, f);
  if (apply.watch) each(apply.watch->gate, f);
}
void each(LoadSpec& load, const Visit& f) {
  f(load.locustfile);
  f(load.k6);
  if (load.command) each(*load.command, f);
  f(load.host);
  f(load.workers.join);
  if (load.baseline) f(load.baseline->host);
  if (!load.autoscaling) return;
  f(load.autoscaling->prometheus);
  f(load.autoscaling->query);
  f(load.autoscaling->desired);
  if (load.autoscaling->command) each(*load.autoscaling->command, f);
}
void each(VerifySpec& verify, const Visit& f) {
  f(verify.prometheus);
  for (MetricCheck& check : verify.checks) f(check.query);
}
void each(PromoteSpec& promote, const Visit& f) {
  f(promote.branch);
  f(promote.approval_message);
  if (promote.gate) each(*promote.gate, f);
}
void each(ApproveSpec& approve, const Visit& f) {
  f(approve.message);
}
void each(FaultSpec& fault, const Visit& f) {
  each(fault.command, f);
  if (fault.undo) each(*fault.undo, f);
  f(fault.prometheus);
}
void each(OpenSpec& open, const Visit& f) {
  each_in_json(open.json, f);
}

// Keeps the first error; later texts are left as they are.
class Resolving {
 public:
  Resolving(const Lookup& lookup, bool keep_unknown) : lookup_(lookup), keep_unknown_(keep_unknown) {}
  void operator()(std::string& text) {
    if (error_) return;
    Result<std::string> answer = keep_unknown_ ? resolve_known(text, lookup_) : resolve(text, lookup_);
    if (answer.ok()) {
      text = std::move(*answer);
      made_ += text.size();
      if (made_ > max_stage_bytes)
        error_ = user_error("its texts have more than 4 MiB with the outputs of earlier stages",
                            "put long texts into files");
    } else {
      error_ = answer.error();
    }
  }
  const std::optional<Error>& error() const { return error_; }

 private:
  const Lookup& lookup_;
  bool keep_unknown_;
  std::size_t made_ = 0;
  std::optional<Error> error_;
};

bool known_only_to_apply(const std::string& name) {
  return name.starts_with("ports.") || name.starts_with("apply.");
}

// Fails on the first name that neither the lookup nor, later, the apply stage will know.
std::optional<Error> unknown_to_all(const std::string& text, const Lookup& lookup) {
  const auto names = mentions(text);
  if (const auto* problem = std::get_if<ExpressionError>(&names)) return user_error(problem->message);
  for (const Mention& mention : std::get<0>(names)) {
    if (!known_only_to_apply(mention.name) && !lookup(mention.name))
      return user_error("`" + mention.name + "` has no value here");
  }
  return std::nullopt;
}

Error in_stage(const std::string& stage, Error error) {
  error.message = "stage `" + stage + "`: " + error.message;
  return error;
}

}  // namespace

void each_template(StageBody& body, const Visit& f) {
  std::visit([&](auto& spec) { each(spec, f); }, body);
}

void each_template(StageSpec& stage, const Visit& f) {
  each(stage.environment, f);
  each_template(stage.body, f);
}

Result<StageSpec> resolve(StageSpec stage, const Lookup& lookup) {
  Resolving final_text(lookup, false);
  for (auto& [name, text] : stage.environment) final_text(text);
  if (final_text.error()) return in_stage(stage.name, *final_text.error());

  const Lookup with_environment = [&](const std::string& name) -> std::optional<std::string> {
    constexpr std::string_view prefix = "environment.";
    if (name.starts_with(prefix)) {
      const auto found = stage.environment.find(name.substr(prefix.size()));
      if (found != stage.environment.end()) return found->second;
    }
    return lookup(name);
  };
  const bool apply = std::holds_alternative<ApplySpec>(stage.body);
  std::optional<Error> unknown;
  Resolving body(with_environment, apply);
  each_template(stage.body, [&](std::string& text) {
    body(text);
    if (apply && !unknown && !body.error()) unknown = unknown_to_all(text, with_environment);
  });
  if (body.error()) return in_stage(stage.name, *body.error());
  if (unknown) return in_stage(stage.name, *unknown);
  return stage;
}

Result<ApplySpec> resolve_apply(ApplySpec apply, const Lookup& lookup) {
  Resolving final_text(lookup, false);
  each(apply, [&](std::string& text) { final_text(text); });
  if (final_text.error()) return *final_text.error();
  return apply;
}

}  // namespace quietgate
