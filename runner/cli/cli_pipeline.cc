// The verbs that only read a pipeline file.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runner/cli/cli.h"

namespace quietgate {

namespace {

constexpr std::uintmax_t size_limit = 1024 * 1024;

Result<std::string> read_pipeline(const std::string& file) {
  std::error_code code;
  const auto status = std::filesystem::status(file, code);
  if (code || !std::filesystem::exists(status)) {
    return user_error("there is no " + file,
                      "name a pipeline file, or begin with one of pipelines/library: cp FILE .quietgate.yaml");
  }
  if (!std::filesystem::is_regular_file(status)) return user_error(file + " is not a file");
  if (std::filesystem::file_size(file, code) > size_limit) return user_error(file + " is larger than 1 MiB");
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) return user_error(file + " can't be read");
  return text.str();
}

// A plan needs a commit; a file by itself has none. The zeros say so.
PlanContext context_of(const std::string& file) {
  PlanContext context;
  std::error_code ignored;
  auto name = std::filesystem::absolute(file, ignored).parent_path().filename().string();
  context.run = {name.empty() ? "here" : name, 1};
  context.commit = CommitId(40, '0');
  context.branch = "main";
  context.message = "not committed yet";
  context.author = "nobody";
  return context;
}

struct Compiled {
  CompiledPipeline pipeline;
  bool rules_checked = false;
};

// Rule files are named from the root of the repository; elsewhere a pipeline is only a text.
Result<Compiled> compile_file(const CliParts& parts, const std::string& text, const std::string& file) {
  auto pipeline = parts.language->compile(text, file, context_of(file), {});
  if (!pipeline) return pipeline.error();
  std::error_code ignored;
  const auto folder = std::filesystem::absolute(file, ignored).lexically_normal().parent_path();
  if (!parts.check_files || !std::filesystem::exists(folder / ".git", ignored))
    return Compiled{std::move(*pipeline), false};
  auto checked = parts.check_files(pipeline->plan, folder.string());
  if (!checked) return checked.error();
  return Compiled{std::move(*pipeline), true};
}

// The plan, or an exit code that was explained already.
std::variant<Compiled, int> compiled(const CliParts& parts, const CliCommon& common, const std::string& file) {
  auto text = read_pipeline(file);
  auto plan = text ? compile_file(parts, *text, file) : Result<Compiled>(text.error());
  if (plan) return std::move(*plan);
  if (common.json) {
    parts.out(nlohmann::ordered_json{{"valid", false}, {"diagnostics", plan.error().message}}.dump() + "\n");
  } else if (!text) {
    print_error(parts, plan.error());
  } else {
    const auto& printed = plan.error().message;
    parts.err(printed + (printed.empty() || printed.back() != '\n' ? "\n" : ""));
    if (!plan.error().advice.empty()) parts.err("  " + plan.error().advice + "\n");
  }
  return static_cast<int>(exit_usage);
}

nlohmann::ordered_json warnings_of(const CompiledPipeline& pipeline) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& warning : pipeline.warnings) {
    list.push_back(
        {{"line", warning.line}, {"column", warning.column}, {"message", warning.message}, {"advice", warning.advice}});
  }
  return list;
}

}  // namespace

int validate_file(const CliParts& parts, const CliCommon& common, const std::string& file, bool with_warnings) {
  auto plan = compiled(parts, common, file);
  if (auto* code = std::get_if<int>(&plan)) return *code;
  const auto& [pipeline, rules_checked] = std::get<Compiled>(plan);
  const auto count = pipeline.plan.stages.size();
  if (common.json) {
    nlohmann::ordered_json json{{"valid", true}, {"stages", count}};
    json["rules_checked"] = rules_checked;
    if (with_warnings) json["warnings"] = warnings_of(pipeline);
    parts.out(json.dump() + "\n");
    return exit_ok;
  }
  if (with_warnings) parts.err(pipeline.printed_warnings);
  parts.out("ok: " + file + ": " + std::to_string(count) + (count == 1 ? " stage" : " stages") +
            (rules_checked ? ", alert rules checked\n" : "\n"));
  return exit_ok;
}

int plan_file(const CliParts& parts, const CliCommon& common, const std::string& file) {
  auto plan = compiled(parts, common, file);
  if (auto* code = std::get_if<int>(&plan)) return *code;
  const auto& shown = std::get<Compiled>(plan).pipeline.plan;
  parts.out(common.json ? to_json(shown) + "\n" : parts.describe_plan(shown));
  return exit_ok;
}

}  // namespace quietgate
