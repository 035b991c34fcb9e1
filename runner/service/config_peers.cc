#include "runner/service/config_peers.h"

#include <algorithm>
#include <cctype>

namespace quietgate {

namespace {

// Why no request can be below this address; empty: some can.
std::string server_problem(const std::string& url) {
  const bool known = url.starts_with("http://") || url.starts_with("https://");
  if (!known) return "begins with neither http:// nor https://";
  const auto begin = url.find("://") + 3;
  const auto authority = url.substr(begin, url.find_first_of("/?#", begin) - begin);
  if (authority.empty()) return "names no host";
  if (authority.find('@') != std::string::npos) return "holds a name or a password";
  return url.find_first_of("?# ") == std::string::npos ? "" : "holds more than scheme, host, port and path";
}

void read_headers(const ConfigValues& values, const Found& found, ServerConfig& server) {
  MapReader map(values, found, "`headers`");
  for (const Found& header : map.entries()) {
    if (!values.is_name(header, header.name, letters_and_digits, std::string(letters_and_digits) + "_-", 200,
                        "a header's name: letters, digits, `_` and `-`"))
      continue;
    auto name = header.name;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    const bool secret = name == "authorization" || name == "cookie" || name == "proxy-authorization";
    if (secret || header.node->kind != YamlNode::Kind::scalar) {
      server.secret_headers[header.name] = values.source(header);
    } else {
      server.headers[header.name] = values.text(header, 4000).value_or("");
    }
  }
}

}  // namespace

void read_notifications(const ConfigValues& values, const Found& found, std::vector<NotificationConfig>& out) {
  for (const Found& item : values.list(found, 1, 20)) {
    NotificationConfig notification;
    MapReader map(values, item, "the notification");
    if (const Found url = map.require("url", "the source of the webhook's address, which is a secret: {file: PATH}"))
      notification.url = values.source(url);
    if (const Found about = map.find("about")) {
      notification.about.clear();
      for (const Found& word_at : values.list(about, 1)) {
        if (const auto word = values.choice(word_at, {"promoted", "rolled_back", "failed", "approval"}))
          notification.about.insert(static_cast<Notice>(*word));
      }
    }
    map.finish();
    out.push_back(std::move(notification));
  }
}

void read_servers(const ConfigValues& values, const Found& found, std::vector<ServerConfig>& out) {
  for (const Found& item : values.list(found)) {
    ServerConfig server;
    MapReader map(values, item, "the server");
    if (const Found url = map.require("url", "the address that pipelines use as `prometheus`")) {
      server.url = values.text(url, 4000).value_or("");
      const auto problem = server.url.empty() ? "" : server_problem(server.url);
      if (!problem.empty()) {
        values.diagnostics().hide_line(url.node->at.line);
        values.wrong(url, "`url` " + problem, "an address such as https://prometheus.example.org/path");
      }
    }
    if (const Found name = map.find("username")) server.username = values.text(name, 1000).value_or("");
    if (const Found password = map.find("password")) server.password = values.source(password);
    const Found token = map.find("token");
    if (token) server.token = values.source(token);
    if (const Found authority = map.find("ca_file")) server.ca_file = values.local_path(authority);
    if (const Found headers = map.find("headers")) read_headers(values, headers, server);
    map.finish();
    if (map.valid() && server.password.has_value() != !server.username.empty())
      values.diagnostics().add(item.node->at, "`username` and `password` go together", "both, or neither");
    if (token && server.password)
      values.diagnostics().add(token.key_at, "a server has a password or a token, not both", "one of the two");
    out.push_back(std::move(server));
  }
}

}  // namespace quietgate
