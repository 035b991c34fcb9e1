#include "runner/adapters/git/git_url.h"

#include <cctype>
#include <cstdlib>

#include "runner/adapters/git/git_handles.h"

namespace quietgate {

namespace {

constexpr const char* schemes = "use a path, file://, http://, https://, git://, ssh:// or user@host:path";

std::string decoded(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && std::isxdigit(static_cast<unsigned char>(text[i + 1])) &&
        std::isxdigit(static_cast<unsigned char>(text[i + 2]))) {
      bytes += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else {
      bytes += text[i];
    }
  }
  return bytes;
}

// `[user[:password]@]host[:port]`
void split_authority(std::string authority, GitUrl& url) {
  if (auto at = authority.rfind('@'); at != std::string::npos) {
    url.user = authority.substr(0, at);
    authority.erase(0, at + 1);
    if (auto colon = url.user.find(':'); colon != std::string::npos) {
      url.has_password = true;
      url.user.resize(colon);
    }
  }
  const auto colon = authority.rfind(':');
  const bool bracketed = !authority.empty() && authority.front() == '[';
  if (colon != std::string::npos && (!bracketed || authority.find(']') < colon)) {
    url.port = std::atoi(authority.c_str() + colon + 1);
    authority.resize(colon);
  }
  url.host = bracketed && authority.back() == ']' ? authority.substr(1, authority.size() - 2) : authority;
}

}  // namespace

Result<GitUrl> parse_git_url(const std::string& text) {
  GitUrl url;
  const auto mark = text.find("://");
  if (mark == std::string::npos) {
    const auto colon = text.find(':');
    if (colon == std::string::npos || text.find('/') < colon) {
      url.path = url.shown = text;
      if (text.empty()) return user_error("a repository's URL is empty", schemes);
      return url;
    }
    url.kind = GitUrl::Kind::ssh;
    split_authority(text.substr(0, colon), url);
    url.port = 22;
    url.shown = printable(url.host + text.substr(colon), 300);
    return url;
  }
  const auto scheme = text.substr(0, mark);
  const auto rest = text.substr(mark + 3);
  const auto slash = rest.find('/');
  if (scheme == "file") {
    url.path = slash == std::string::npos ? std::string() : decoded(rest.substr(slash));
    url.shown = printable(text, 300);
    return url;
  }
  split_authority(rest.substr(0, slash), url);
  const auto path = slash == std::string::npos ? std::string() : rest.substr(slash, rest.find_first_of("?#") - slash);
  const auto port = url.port > 0 ? ":" + std::to_string(url.port) : std::string();
  const auto host = url.host.find(':') == std::string::npos ? url.host : "[" + url.host + "]";
  url.shown = printable(scheme + "://" + host + port + path, 300);
  int usual_port = 22;
  if (scheme == "http") {
    url.kind = GitUrl::Kind::http;
    usual_port = 80;
  } else if (scheme == "https") {
    url.kind = GitUrl::Kind::https;
    usual_port = 443;
  } else if (scheme == "git") {
    url.kind = GitUrl::Kind::git;
    usual_port = 9418;
  } else if (scheme == "ssh" || scheme == "git+ssh" || scheme == "ssh+git") {
    url.kind = GitUrl::Kind::ssh;
  } else {
    return user_error("cannot reach " + url.shown + ": its scheme is not known", schemes);
  }
  if (url.host.empty() || path.size() < 2) {
    return user_error("the URL " + url.shown + " names no " + (url.host.empty() ? "host" : "repository"), schemes);
  }
  if (url.port == 0) url.port = usual_port;
  return url;
}

}  // namespace quietgate
