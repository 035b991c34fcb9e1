#include "runner/adapters/git/git_connection.h"

#include <unistd.h>

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

std::optional<Error> GitConnection::bound_error() const {
  const auto& where = url_.shown;
  switch (bound_.broken()) {
    case NetworkBound::Broken::none:
      return std::nullopt;
    case NetworkBound::Broken::stopped:
      return infrastructure_error("the call to " + where + " was stopped");
    case NetworkBound::Broken::deadline:
      return infrastructure_error(where + " did not finish within " + human_duration(settings_.deadline),
                                  "check the server and the network, or raise this repository's `deadline`");
    case NetworkBound::Broken::idle:
      return infrastructure_error(where + " was silent for " + human_duration(bound_.idle()),
                                  "check the server and the network");
    case NetworkBound::Broken::size:
      return infrastructure_error(
          where + " sent more than " + std::to_string(max_bytes_ >> 20U) + " MiB in one answer",
          "check that the URL is a Git repository's, and that the repository is not too large for quietgate");
    case NetworkBound::Broken::unresolved:
      return infrastructure_error("cannot find the host of " + where + " (" + bound_.detail() + ")",
                                  "check the URL's spelling and the name service");
    case NetworkBound::Broken::unreachable:
      return infrastructure_error("cannot connect to " + where + " (" + bound_.detail() + ")",
                                  "check that the server runs and that the port is right");
    case NetworkBound::Broken::redirected:
      return user_error(where + " redirects to " + printable(bound_.detail(), 200),
                        "configure the target URL of the redirect");
  }
  return std::nullopt;
}

std::optional<Error> GitConnection::trouble_error() const {
  const auto& where = url_.shown;
  const bool ssh = url_.kind == GitUrl::Kind::ssh;
  switch (trouble_) {
    case Trouble::none:
      return std::nullopt;
    case Trouble::credentials_wanted:
      return user_error(where + " asks for credentials and none are configured",
                        ssh ? "configure ssh_key (an ed25519 private key) for this repository"
                            : "configure a username and a password or token for this repository");
    case Trouble::credentials_rejected:
      return user_error(where + " refused the configured credentials",
                        ssh ? "check that the key is authorised there, and that it is not an RSA key"
                            : "check the username and the password or token, and that the token has not expired");
    case Trouble::certificate:
    case Trouble::host_key:
      return trouble_words_;
  }
  return std::nullopt;
}

Error GitConnection::protocol_error(const std::string& doing, int code) const {
  const auto& where = url_.shown;
  const auto said = without(last_git_error(), settings_.credentials.password);
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
  if (url_.kind == GitUrl::Kind::ssh && !settings_.credentials.ssh_key.empty() &&
      ::access(settings_.credentials.ssh_key.c_str(), R_OK) != 0) {
    return user_error("cannot read the private key " + settings_.credentials.ssh_key, "check ssh_key and its mode");
  }
  if (url_.kind == GitUrl::Kind::ssh && !::getenv("HOME")) {
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

Error GitConnection::error(const std::string& doing, int code) const {
  // Ours first: after a failed callback libgit2's own text is often an unrelated, older one.
  if (auto found = trouble_error()) return *found;
  if (auto found = bound_error()) return *found;
  return protocol_error(doing, code);
}

}  // namespace quietgate
