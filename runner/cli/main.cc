#include <csignal>
#include <cstdio>

#include "pipelines/language/compiler.h"
#include "pipelines/language/print.h"
#include "runner/cli/cli.h"
#include "runner/service/config.h"
#include "runner/service/rule_files_check.h"
#include "stages/kinds.h"

namespace {

// A reader that leaves (`quietgate runs | head`) is no failure of ours to talk about.
void put(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
  std::fflush(stream);
}

}  // namespace

int main(int count, char** arguments) {
  quietgate::YamlPipelineLanguage language(quietgate::stage_kinds());
  quietgate::CliParts parts;
  parts.serve = quietgate::serve;
  parts.run_locally = quietgate::run_locally;
  parts.language = &language;
  parts.describe_plan = [](const quietgate::Plan& plan) { return quietgate::describe(plan, quietgate::stage_kinds()); };
  parts.check_files = quietgate::check_rule_files;
  parts.default_data = quietgate::default_data_directory;
  parts.out = [](std::string_view text) { put(stdout, text); };
  parts.err = [](std::string_view text) { put(stderr, text); };
  return quietgate::run_cli(count, arguments, parts);
}
