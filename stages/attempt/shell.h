// Shell texts as programs with arguments: the one place that decides what runs them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/base/result.h"

namespace quietgate {

// Of a step that has a shell text to run.
struct ShellText {
  const std::string& text;
  const std::vector<std::string>& interpreter;            // a program and its arguments; empty: not named
  const std::map<std::string, std::string>& environment;  // whose PATH has the programs
};

struct ShellProgram {
  std::vector<std::string> argv;
  std::string script;  // to be given to it as a file, its last argument; empty: none
};

// What runs it, the first that holds:
//   - the program that its first line names (`#!/usr/bin/env python3`), given the text as a file;
//   - the interpreter, given the text as its last argument;
//   - `bash -eo pipefail -O inherit_errexit -c`, where the PATH has a bash;
//   - `/bin/sh -e -c`.
// An error of kind user: the first line is only `#!`.
Result<ShellProgram> program_of(const ShellText& shell);

}  // namespace quietgate
