#include "stages/attempt/shell.h"

#include <algorithm>
#include <utility>

#include "runner/base/files.h"
#include "runner/base/program_path.h"
#include "runner/model/interpreter.h"

namespace quietgate {

namespace {

constexpr const char* usual_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr const char* blanks = " \t\r";

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(blanks);
  return begin == std::string::npos ? std::string() : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

// As the kernel reads the line: a program, and what follows it as one argument. The kernel is not left to read it: it
// takes 255 bytes at most, and no file on a disk that is mounted without programs.
std::vector<std::string> named_by(const std::string& first_line) {
  const auto line = trimmed(first_line.substr(2));
  if (line.empty()) return {};
  const auto end = std::min(line.find_first_of(blanks), line.size());
  std::vector<std::string> words{line.substr(0, end)};
  if (const auto rest = trimmed(line.substr(end)); !rest.empty()) words.push_back(rest);
  return words;
}

Result<ShellProgram> program_of_script(const ShellText& shell) {
  auto argv = named_by(shell.text.substr(0, shell.text.find('\n')));
  if (argv.empty())
    return user_error("the first line of the shell text is `#!` and names no program",
                      "name a program, such as #!/usr/bin/env python3");
  return ShellProgram{std::move(argv), shell.text};
}

}  // namespace

Result<ShellProgram> program_of(const ShellText& shell) {
  if (shell.text.starts_with("#!")) return program_of_script(shell);
  auto argv = shell.interpreter;
  if (argv.empty()) {
    const auto path = shell.environment.find("PATH");
    const auto bash = find_on_path("bash", path == shell.environment.end() ? usual_path : path->second);
    argv = bash.empty() ? sh_interpreter() : bash_interpreter(bash);
  }
  argv.push_back(shell.text);
  return ShellProgram{std::move(argv), {}};
}

}  // namespace quietgate
