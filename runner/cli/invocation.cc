#include "runner/cli/invocation.h"

#include "runner/api/exchange.h"

namespace quietgate {

ExitCode Invocation::fail(const Error& error, ExitCode code) const {
  print_error(parts, error, common.json);
  return code;
}

std::string Invocation::server() const {
  return common.server.empty() ? "http://127.0.0.1:8330" : common.server;
}

std::string Invocation::data_directory() const {
  if (!common.data.empty()) return common.data;
  return parts.default_data ? parts.default_data() : std::string();
}

std::string Invocation::journal_file() const {
  const auto data = data_directory();
  return data.empty() ? data : data + "/journal.sqlite";
}

void print_error(const CliParts& parts, const Error& error, bool json) {
  if (json) parts.out(error_answer(0, error.message, error.advice).body);
  parts.err("quietgate: " + error.message + "\n" + (error.advice.empty() ? "" : "  " + error.advice + "\n"));
}

}  // namespace quietgate
