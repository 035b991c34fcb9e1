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
  std::string script;                                     // a file that may be written, for a text with a shebang
};

// What runs it, the first that holds:
//   - the program that its first line names (`#!/usr/bin/env python3`), given the text as a file;
//   - the interpreter, given the text as its last argument;
//   - `bash -eo pipefail -O inherit_errexit -c`, where the PATH has a bash;
//   - `/bin/sh -e -c`.
// Errors: the first line is only `#!` (kind user); the file can't be written (kind infrastructure).
Result<std::vector<std::string>> argv_of(const ShellText& shell);

}  // namespace quietgate
