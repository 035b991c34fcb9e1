#include "runner/cli/pipeline_file.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "runner/base/json.h"

namespace quietgate {

namespace {

constexpr std::uintmax_t size_limit = 1024 * 1024;

// A plan needs a commit, which a file by itself does not have.
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

}  // namespace

Result<std::string> read_pipeline_file(const std::string& file) {
  std::error_code code;
  const auto status = std::filesystem::status(file, code);
  if (code || !std::filesystem::exists(status)) {
    return user_error("there is no " + file, "write one for what stands here: quietgate init");
  }
  if (!std::filesystem::is_regular_file(status)) return user_error(file + " is not a file");
  if (std::filesystem::file_size(file, code) > size_limit) return user_error(file + " is larger than 1 MiB");
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream) return user_error(file + " can't be read");
  return text.str();
}

Result<CompiledPipeline> compile_without_commit(const CliParts& parts, const std::string& text,
                                                const std::string& file) {
  return parts.language->compile(text, file, context_of(file), {});
}

namespace {

// Rule files are named from the root of the repository; elsewhere a pipeline is only a text.
Result<CompiledFile> compile_text(const CliParts& parts, const std::string& text, const std::string& file) {
  auto pipeline = compile_without_commit(parts, text, file);
  if (!pipeline) return pipeline.error();
  std::error_code ignored;
  const auto folder = std::filesystem::absolute(file, ignored).lexically_normal().parent_path();
  if (!parts.check_files || !std::filesystem::exists(folder / ".git", ignored))
    return CompiledFile{std::move(*pipeline), false};
  auto checked = parts.check_files(pipeline->plan, folder.string());
  if (!checked) return checked.error();
  return CompiledFile{std::move(*pipeline), true};
}

}  // namespace

OrExit<CompiledFile> compile_file(const Invocation& call, const std::string& file) {
  auto text = read_pipeline_file(file);
  auto plan = text ? compile_text(call.parts, *text, file) : Result<CompiledFile>(text.error());
  if (plan) return std::move(*plan);
  if (call.common.json) {
    call.parts.out(json_text(nlohmann::ordered_json{{"valid", false}, {"diagnostics", plan.error().message}}) + "\n");
  } else if (!text) {
    print_error(call.parts, plan.error());
  } else {
    const auto& printed = plan.error().message;
    call.parts.err(printed + (printed.empty() || printed.back() != '\n' ? "\n" : ""));
    if (!plan.error().advice.empty()) call.parts.err("  " + plan.error().advice + "\n");
  }
  return exit_usage;
}

}  // namespace quietgate
