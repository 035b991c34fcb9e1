// The verbs that only read a pipeline file.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runner/cli.h"

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
  Plan plan;
  bool rules_checked = false;
};

// Rule files are named from the root of the repository; elsewhere a pipeline is only a text.
Result<Compiled> compile_file(const CliParts& parts, const std::string& text, const std::string& file) {
  auto plan = parts.compiler->compile(text, file, context_of(file));
  if (!plan) return plan.error();
  std::error_code ignored;
  const auto folder = std::filesystem::absolute(file, ignored).lexically_normal().parent_path();
  if (!parts.check_files || !std::filesystem::exists(folder / ".git", ignored))
    return Compiled{std::move(*plan), false};
  auto checked = parts.check_files(*plan, folder.string());
  if (!checked) return checked.error();
  return Compiled{std::move(*plan), true};
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

}  // namespace

int validate_file(const CliParts& parts, const CliCommon& common, const std::string& file) {
  auto plan = compiled(parts, common, file);
  if (auto* code = std::get_if<int>(&plan)) return *code;
  const auto& compiled_file = std::get<Compiled>(plan);
  const auto count = compiled_file.plan.stages.size();
  if (common.json) {
    nlohmann::ordered_json json{{"valid", true}, {"stages", count}};
    json["rules_checked"] = compiled_file.rules_checked;
    parts.out(json.dump() + "\n");
  } else {
    parts.out("ok: " + file + ": " + std::to_string(count) + (count == 1 ? " stage" : " stages") +
              (compiled_file.rules_checked ? ", alert rules checked\n" : "\n"));
  }
  return exit_ok;
}

int plan_file(const CliParts& parts, const CliCommon& common, const std::string& file) {
  auto plan = compiled(parts, common, file);
  if (auto* code = std::get_if<int>(&plan)) return *code;
  const auto& shown = std::get<Compiled>(plan).plan;
  parts.out(common.json ? to_json(shown) + "\n" : parts.describe_plan(shown));
  return exit_ok;
}

}  // namespace quietgate
