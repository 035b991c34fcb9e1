#include "pipelines/language/compiler.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipelines/language/graph.h"
#include "pipelines/language/stage_reader.h"
#include "pipelines/yaml/yaml.h"
#include "runner/base/digest.h"
#include "runner/model/event.h"
#include "runner/model/stage_templates.h"
#include "runner/model/trigger.h"

namespace quietgate {

namespace {

constexpr std::size_t max_stages = 500;
constexpr std::size_t max_plan_bytes = 1024UL * 1024;

std::size_t size_of(StageSpec stage) {
  std::size_t size = stage.name.size();
  each_template(stage, [&](std::string& text) { size += text.size(); });
  for (const std::string& need : stage.needs) size += need.size();
  return size;
}

// `load (1200 KiB), unit (3 KiB)`: those that a too large plan is large by.
std::string largest_stages(const Plan& plan) {
  std::vector<std::pair<std::size_t, std::string>> sizes;
  for (const StageSpec& stage : plan.stages) sizes.emplace_back(size_of(stage), stage.name);
  std::sort(sizes.rbegin(), sizes.rend());
  std::vector<std::string> words;
  for (const auto& [size, name] : sizes) words.push_back(fmt::format("{} ({} KiB)", name, (size + 1023) / 1024));
  return shortened(words, 3);
}

// A plan is a row of the journal; whoever reads its run takes it up, on the loop, and holds it.
void finish(Plan& plan, Diagnostics& diagnostics) {
  const std::string json = to_json(plan);
  if (json.size() > max_plan_bytes) {
    diagnostics.add({}, fmt::format("the plan has {} KiB, most of it in {}", json.size() / 1024, largest_stages(plan)),
                    fmt::format("at most {} KiB", max_plan_bytes / 1024),
                    "use fewer combinations and variables, or put long texts into files");
    return;
  }
  plan.hash = sha256_hex(json);
}

std::string_view without_mark(const std::string& text) {
  std::string_view view = text;
  if (view.starts_with("\xEF\xBB\xBF")) view.remove_prefix(3);
  return view;
}

void read_globs(const Found& found, const ValueReader& values, std::vector<std::string>& out, std::size_t least) {
  if (!found) return;
  out = values.texts(found, least);
  for (const Found& item : values.list(found, least)) {
    if (item.node->kind != YamlNode::Kind::scalar || item.node->text.empty()) continue;
    const std::string& glob = item.node->text;
    const std::string problem = glob[0] == '!' ? "a leading `!` is not supported" : glob_problem(glob);
    if (!problem.empty())
      values.wrong(item, fmt::format("`{}` is not a glob pattern: {}", glob, problem), {},
                   glob[0] == '!' ? "list unwanted paths in `ignore_paths`" : "");
  }
}

TriggerRules read_trigger(const Found& found, const ValueReader& values) {
  TriggerRules rules;
  MapReader map(values, found, "`on`");
  read_globs(map.find("branches"), values, rules.branches, 1);
  read_globs(map.find("paths"), values, rules.paths, 1);
  read_globs(map.find("ignore_paths"), values, rules.ignore_paths, 0);
  map.finish();
  return rules;
}

Concurrency read_concurrency(const Found& found, const ValueReader& values) {
  const auto word = values.choice(found, {"queue", "supersede", "parallel"});
  return word ? static_cast<Concurrency>(*word) : Concurrency::supersede;
}

Found root_of(const YamlPointer& tree) {
  return {tree.get(), "the pipeline", Position{}};
}

class PipelineReader {
 public:
  PipelineReader(const YamlPointer& tree, const PlanContext& context, const StageKinds& kinds, Diagnostics& diagnostics,
                 const std::function<bool()>& ended)
      : context_(context),
        diagnostics_(diagnostics),
        budget_(diagnostics, ended),
        values_(diagnostics),
        map_(values_, root_of(tree), "the pipeline") {
    map_.ignore_prefix("x-");
    scope_.context = &context_;
    scope_.kinds = &kinds;
    scope_.budget = &budget_;
    scope_.habits = &habits_;
  }

  Plan read() {
    Plan plan;
    plan.run = context_.run;
    plan.commit = context_.commit;
    plan.branch = context_.branch;
    plan.name = context_.run.repository;
    if (const Found version = map_.require("version", "`version: 1`")) {
      if (values_.integer(version, 1, 1000).value_or(1) != 1)
        values_.wrong(
            version,
            fmt::format("this version of quietgate does not know version {} of the language", version.node->text),
            "`version: 1`");
    }
    if (const Found name = map_.find("name")) plan.name = values_.text(name, 200).value_or("");
    if (const Found on = map_.find("on")) read_trigger(on, values_);
    if (const Found concurrency = map_.find("concurrency")) plan.concurrency = read_concurrency(concurrency, values_);
    if (const Found secrets = map_.find("secrets")) read_secrets(secrets, plan);
    if (const Found environment = map_.find("environment")) read_environment(environment, scope_, diagnostics_);
    if (const Found shell = map_.find("shell")) read_shell(shell, scope_, diagnostics_);
    if (const Found timeout = map_.find("timeout")) plan.timeout = values_.duration(timeout).value_or(plan.timeout);
    if (const Found stages = map_.require("stages", "a map of stages")) read_stages(stages, plan);
    if (habits_.pipe)
      diagnostics_.warn(*habits_.pipe,
                        "a pipe fails when any of its commands does: shell texts run with `bash -eo pipefail`",
                        "write `shell: bash` to confirm this, or `shell: sh` to restore the old behaviour");
    map_.finish();
    return plan;
  }

 private:
  void read_secrets(const Found& found, Plan& plan) {
    plan.secrets = values_.texts(found);
    for (const Found& item : values_.list(found)) {
      if (item.node->kind == YamlNode::Kind::scalar && !item.node->text.empty())
        values_.is_name(item, item.node->text, std::string(letters) + "_", std::string(letters_and_digits) + "_", 200,
                        "a secret's name: a letter or `_`, then letters, digits or `_`");
    }
    scope_.secrets = plan.secrets;
  }

  void read_stages(const Found& found, Plan& plan) {
    MapReader map(values_, found, "`stages`");
    if (!map.valid()) return;
    const std::size_t written = found.node->entries.size();
    if (written == 0) return values_.wrong(found, "`stages` is empty", "at least one stage");
    if (written > max_stages)
      return values_.wrong(found, fmt::format("the pipeline has {} stages", written),
                           fmt::format("at most {}", max_stages));
    const std::vector<Found> entries = map.entries();
    std::vector<StageDraft> drafts;
    for (const Found& entry : entries) {
      std::vector<StageDraft> expanded = read_stage(entry, scope_, diagnostics_);
      if (drafts.size() + expanded.size() > max_expanded_stages)
        return values_.wrong(
            entry, fmt::format("with its matrices the pipeline has more than {} stages", max_expanded_stages));
      std::move(expanded.begin(), expanded.end(), std::back_inserter(drafts));
    }
    plan.stages = order_stages(std::move(drafts), context_.puts_back ? OrderRule::not_asked : OrderRule::enforced,
                               scope_, diagnostics_);
  }

  const PlanContext& context_;
  Diagnostics& diagnostics_;
  Budget budget_;
  Habits habits_;
  ValueReader values_;
  MapReader map_;
  Scope scope_;
};

}  // namespace

Compilation compile_pipeline(const std::string& text, const std::string& path, const PlanContext& context,
                             const StageKinds& kinds, const std::function<bool()>& ended) {
  const SourceText source(path, without_mark(text));
  Diagnostics diagnostics(source);
  Compilation out;
  try {
    if (const YamlPointer tree = parse_yaml(source, diagnostics, ended)) {
      Plan plan = PipelineReader(tree, context, kinds, diagnostics, ended).read();
      if (diagnostics.empty()) finish(plan, diagnostics);
      if (diagnostics.empty()) out.plan = std::move(plan);
    }
  } catch (const ReadingEnded&) {
    out.plan.reset();
  }
  if (!out.plan && diagnostics.empty()) out.printed = "nobody waited until the compiler had read " + path + "\n";
  out.diagnostics = diagnostics.sorted();
  out.printed += diagnostics.print();
  out.warnings = diagnostics.warnings();
  out.printed_warnings = diagnostics.print_warnings();
  return out;
}

Result<CompiledPipeline> YamlPipelineLanguage::compile(const std::string& text, const std::string& path,
                                                       const PlanContext& context, const Ended& ended) const {
  Compilation compilation = compile_pipeline(text, path, context, kinds_, ended);
  if (!compilation.plan) return user_error(std::move(compilation.printed));
  CompiledPipeline compiled{std::move(*compilation.plan), {}, std::move(compilation.printed_warnings)};
  for (const Diagnostic& warning : compilation.warnings)
    compiled.warnings.push_back({warning.at.line, warning.at.column, warning.message, warning.hint});
  return compiled;
}

Result<PipelineTrigger> YamlPipelineLanguage::trigger(const std::string& text, const std::string& path,
                                                      const Ended& ended) const {
  const SourceText source(path, without_mark(text));
  Diagnostics diagnostics(source);
  const YamlPointer tree = parse_yaml(source, diagnostics, ended);
  if (!tree || tree->kind != YamlNode::Kind::map) {
    if (tree) diagnostics.add(tree->at, "the file is not a map", "a map with `version` and `stages`");
    return user_error(diagnostics.print());
  }
  Diagnostics here(source);
  PipelineTrigger trigger;
  try {
    const ValueReader values(here);
    MapReader map(values, root_of(tree), "the pipeline");
    if (const Found on = map.find("on")) trigger.rules = read_trigger(on, values);
    if (const Found concurrency = map.find("concurrency")) trigger.concurrency = read_concurrency(concurrency, values);
  } catch (const ReadingEnded&) {
    return user_error(here.print());
  }
  if (!here.empty()) return user_error(here.print());
  return trigger;
}

}  // namespace quietgate
