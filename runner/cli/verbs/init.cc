#include "runner/cli/verbs/init.h"

#include <filesystem>
#include <memory>

#include "runner/adapters/git/git_head.h"
#include "runner/cli/first_pipeline.h"
#include "runner/cli/invocation.h"
#include "runner/cli/new_file.h"
#include "runner/cli/project_files.h"
#include "runner/cli/terminal/screen_text.h"

namespace quietgate {

namespace {

struct InitOptions {
  std::string directory = ".";
  bool only_print = false;
};

int write_pipeline(const Invocation& call, const InitOptions& given) {
  auto root = repository_around(given.directory);
  if (!root) {
    const auto& error = root.error();
    return call.fail(user_error(error.message, "make one: git init " + given.directory), exit_refused);
  }
  auto files = read_project(*root);
  if (!files) return call.fail(files.error(), exit_refused);
  const auto branch = checked_out_branch(*root);
  const auto name = std::filesystem::path(*root).filename().string();
  const auto made = first_pipeline(*files, name, branch ? *branch : std::string());
  if (given.only_print) {
    call.parts.out(made.text);
    return exit_ok;
  }
  if (auto problem = write_new_file(*root + "/.quietgate.yaml", made.text)) return call.fail(*problem, exit_refused);
  for (const auto& found : made.found) call.parts.out("found " + printable(found) + "\n");
  if (made.found.empty()) call.parts.out("found nothing that it knows: put your test command into the file\n");
  call.parts.out("wrote " + printable(*root) +
                 "/.quietgate.yaml\n"
                 "next:\n"
                 "  quietgate validate\n"
                 "  git add .quietgate.yaml && git commit -m 'Add a pipeline'\n"
                 "  quietgate run\n");
  return exit_ok;
}

}  // namespace

Verb init_verb() {
  auto given = std::make_shared<InitOptions>();
  Verb verb{"init", "Write a first pipeline for what stands in a repository", verb_group::local};
  verb.options.text("DIRECTORY", given->directory, "A folder of the repository (default: this one)");
  verb.options.flag("--print", given->only_print, "Print the pipeline, and write nothing");
  verb.run = [given](const Invocation& call) { return write_pipeline(call, *given); };
  return verb;
}

}  // namespace quietgate
