// Converts shell texts to programs with arguments; no other code chooses the interpreter.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runner/base/result.h"

namespace quietgate {

// A shell text of a step.
struct ShellText {
  const std::string& text;
  const std::vector<std::string>& interpreter;            // a program and its arguments; empty: the default
  const std::map<std::string, std::string>& environment;  // with the PATH of the programs
};

struct ShellProgram {
  std::vector<std::string> argv;
  std::string script;  // text for a file that is its last argument; empty: none
};

// What runs it, the first that holds:
//   - the program that its first line names (`#!/usr/bin/env python3`), given the text as a file;
//   - the interpreter, given the text as its last argument;
//   - `bash -eo pipefail -O inherit_errexit -c`, where the PATH has a bash;
//   - `/bin/sh -e -c`.
// An error of kind user: the first line is only `#!`.
Result<ShellProgram> program_of(const ShellText& shell);

}  // namespace quietgate
