#include "pipelines/language/facts.h"

#include <fmt/format.h>

#include "pipelines/yaml/diagnostics.h"
#include "runner/base/text.h"

namespace quietgate {

std::string counted(std::size_t number, const std::string& noun) {
  return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

std::string shown(const std::string& text) {
  std::string line = text.substr(0, text.find('\n'));
  const bool cut = line.size() < text.size() && text.find_first_not_of('\n', line.size()) != std::string::npos;
  if (line.size() > 60) return std::string(cut_to_bytes(line, 60)) + "...";
  return cut ? line + " ..." : line;
}

std::string shown(const Command& command) {
  return shown(command.argv.empty() ? command.shell : joined(command.argv, " "));
}

}  // namespace quietgate
