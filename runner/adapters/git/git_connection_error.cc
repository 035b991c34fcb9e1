#include "runner/adapters/git/git_connection_error.h"

#include <unistd.h>

#include "runner/adapters/git/git_handles.h"

namespace quietgate {

namespace {

constexpr const char* not_git = "check that the URL is a Git repository's, and that the server serves Git there";

// The password must not come back in the server's or the library's words.
std::string without(std::string text, const std::string& secret) {
  if (secret.size() < 4) return text;
  for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret))
    text.replace(at, secret.size(), "***");
  return text;
}

int http_status(const std::string& text) {
  constexpr std::string_view mark = "unexpected http status code: ";
  const auto at = text.find(mark);
  return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + mark.size());
}

}  // namespace

std::optional<Error> bound_error(const NetworkBound& bound, const GitRemote& remote, const GitUrl& url,
                                 std::uint64_t max_bytes) {
  const auto& where = url.shown;
  switch (bound.broken()) {
    case NetworkBound::Broken::none:
      return std::nullopt;
    case NetworkBound::Broken::stopped:
      return infrastructure_error("the call to " + where + " was stopped");
    case NetworkBound::Broken::deadline:
      return infrastructure_error(where + " did not finish within " + human_duration(remote.deadline),
                                  "check the server and the network, or raise this repository's `deadline`");
    case NetworkBound::Broken::idle:
      return infrastructure_error(where + " was silent for " + human_duration(bound.idle()),
                                  "check the server and the network");
    case NetworkBound::Broken::size:
      return infrastructure_error(
          where + " sent more than " + std::to_string(max_bytes >> 20U) + " MiB in one answer",
          "check that the URL is a Git repository's, and that the repository is not too large for quietgate");
    case NetworkBound::Broken::unresolved:
      return infrastructure_error("cannot find the host of " + where + " (" + bound.detail() + ")",
                                  "check the URL's spelling and the name service");
    case NetworkBound::Broken::unreachable:
      return infrastructure_error("cannot connect to " + where + " (" + bound.detail() + ")",
                                  "check that the server runs and that the port is right");
    case NetworkBound::Broken::redirected:
      return user_error(where + " redirects to " + printable(bound.detail(), 200),
                        "configure the target URL of the redirect");
  }
  return std::nullopt;
}

Error protocol_error(const std::string& doing, int code, const GitRemote& remote, const GitUrl& url) {
  const auto& where = url.shown;
  const auto said = without(last_git_error(), remote.credentials.password);
  switch (const int status = http_status(said)) {
    case 0:
      break;
    case 403:
      return user_error(where + " forbids this user to " + doing + " it (HTTP 403)",
                        "allow this for the configured user or token");
    case 404:
      return user_error(
          "there is no repository at " + where + " (HTTP 404)",
          "check the URL; some servers also hide private repositories this way: then configure credentials");
    default:
      return infrastructure_error(where + " answered HTTP " + std::to_string(status), not_git);
  }
  if (url.kind == GitUrl::Kind::ssh && !remote.credentials.ssh_key.empty() &&
      ::access(remote.credentials.ssh_key.c_str(), R_OK) != 0) {
    return user_error("cannot read the private key " + remote.credentials.ssh_key, "check ssh_key and its mode");
  }
  if (url.kind == GitUrl::Kind::ssh && !::getenv("HOME")) {
    return user_error("ssh needs HOME in the environment of quietgate", "set HOME in the service's unit");
  }
  if (code == GIT_ENOTFOUND || said.find("does not appear to be a git repository") != std::string::npos) {
    return user_error("there is no repository at " + where + (said.empty() ? "" : " (" + said + ")"), not_git);
  }
  if (said.find("redirect") != std::string::npos) {
    return user_error(where + " redirects to another place (" + said + ")", "configure the target URL of the redirect");
  }
  return infrastructure_error("cannot " + doing + " " + where + ": " + (said.empty() ? "no reason given" : said),
                              not_git);
}

}  // namespace quietgate
