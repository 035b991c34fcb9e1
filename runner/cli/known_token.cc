#include "runner/cli/known_token.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "runner/api/auth/token.h"
#include "runner/cli/port_owners.h"

namespace quietgate {

namespace {

constexpr const char* variable_of_token = "QUIETGATE_TOKEN";

// The address that the service of this data directory says it listens on; empty: none says so.
std::string address_in(const std::string& data) {
  std::ifstream file(data + "/address");
  std::string line;
  std::getline(file, line);
  return line;
}

std::optional<Error> why_not_given(const std::string& server, const std::string& data, const std::string& path) {
  auto port = loopback_port(server);
  const auto address = address_in(data);
  const auto colon = address.rfind(':');
  if (port == 0 && colon != std::string::npos && server == "http://" + address)
    port = loopback_port("http://127.0.0.1" + address.substr(colon));
  if (port == 0)
    return user_error("the token in " + path + " is not given to " + server + ": that is not this machine's service",
                      std::string("give that service's token in ") + variable_of_token);
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  for (const uid_t owner : port_owners(port)) {
    if (owner != facts.st_uid && owner != 0)
      return user_error("the token in " + path + " is not given to port " + std::to_string(port) + ": user " +
                            std::to_string(owner) + " listens there, and the token is user " +
                            std::to_string(facts.st_uid) + "'s",
                        "see who listens: ss -ltnp; give the right service's address with --server");
  }
  return std::nullopt;
}

}  // namespace

KnownToken known_token(const Invocation& call) {
  if (const char* token = std::getenv(variable_of_token); token != nullptr && *token != '\0')
    return {token, variable_of_token, std::nullopt};
  const auto data = call.data_directory();
  if (data.empty())
    return {
        {},
        {},
        user_error("no token is known",
                   std::string("give the service's data directory with --data, or its token in ") + variable_of_token)};
  const auto path = data + "/token";
  auto token = read_token(data);
  if (!token) return {{}, path, token.error()};
  if (auto problem = why_not_given(call.server(), data, path)) return {{}, path, std::move(problem)};
  return {std::move(*token), path, std::nullopt};
}

}  // namespace quietgate
