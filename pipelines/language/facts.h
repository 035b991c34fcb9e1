// Facts of a stage as `quietgate plan` prints them: each a few words, on one line.
#pragma once

#include <string>
#include <vector>

#include "runner/model/plan.h"

namespace quietgate {

using Facts = std::vector<std::string>;

std::string counted(std::size_t number, const std::string& noun);  // `1 load`, `2 loads`
// A text or a command on one line, cut at the width of a terminal.
std::string shown(const std::string& text);
std::string shown(const Command& command);

}  // namespace quietgate
