#include "runner/adapters/http/http_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <optional>

#include "runner/adapters/http/curl_library.h"

namespace quietgate {

namespace {

using Ticks = std::chrono::steady_clock;

struct Place {
  std::string scheme, host, port, path, user;
};

std::string place_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl().url_get(url, part, &text, part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) != CURLUE_OK) return {};
  std::string copy(text);
  curl().free(text);
  return copy;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::optional<Place> place_of(const std::string& text) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> url(curl().url(), curl().url_cleanup);
  if (!url || curl().url_set(url.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) return std::nullopt;
  Place place{lower(place_part(url.get(), CURLUPART_SCHEME)), lower(place_part(url.get(), CURLUPART_HOST)),
              place_part(url.get(), CURLUPART_PORT), place_part(url.get(), CURLUPART_PATH),
              place_part(url.get(), CURLUPART_USER)};
  while (place.path.ends_with('/')) place.path.pop_back();
  return place;
}

bool is_below(const Place& place, const Place& above) {
  if (place.scheme != above.scheme || place.host != above.host || place.port != above.port) return false;
  if (!place.path.starts_with(above.path)) return false;
  return place.path.size() == above.path.size() || place.path[above.path.size()] == '/';
}

struct Values {
  std::string password;
  std::vector<std::string> headers;
  bool operator==(const Values&) const = default;
};

Result<std::string> read_value(const ServerAccess::Value& source, const std::string& what, const std::string& url) {
  auto value = source();
  if (!value)
    return infrastructure_error(fmt::format("{} of server {}: {}", what, url, value.error().message),
                                value.error().advice);
  if (value->find_first_of(std::string("\r\n\0", 3)) != std::string::npos)
    return infrastructure_error(fmt::format("{} of server {} holds a line break", what, url), "keep it on one line");
  return value;
}

Result<Values> read_values(const ServerAccess& access) {
  Values values;
  if (access.password) {
    auto password = read_value(access.password, "password", access.url);
    if (!password) return password.error();
    values.password = std::move(*password);
  }
  if (access.token) {
    auto token = read_value(access.token, "token", access.url);
    if (!token) return token.error();
    values.headers.push_back("Authorization: Bearer " + *token);
  }
  for (const auto& [name, source] : access.headers) {
    auto value = read_value(source, "header " + name, access.url);
    if (!value) return value.error();
    values.headers.push_back(name + ": " + *value);
  }
  return values;
}

bool says_who_asks(const HttpRequest& request) {
  return !request.username.empty() ||
         std::any_of(request.headers.begin(), request.headers.end(),
                     [](const std::string& header) { return lower(header).starts_with("authorization:"); });
}

}  // namespace

struct HttpAccess::Server {
  ServerAccess access;
  Place place;
  std::optional<Values> values;  // as last read; the loop alone touches them
};

HttpAccess::HttpAccess(Http& under, BlockingPool& pool, std::vector<ServerAccess> servers)
    : under_(under), pool_(pool) {
  // Without libcurl none is known, and whoever asks one hears why from what is under this.
  if (!servers.empty() && !curl_is_usable()) return;
  for (auto& access : servers) {
    auto place = place_of(access.url);
    if (place) servers_.push_back(std::make_shared<Server>(Server{std::move(access), std::move(*place), {}}));
  }
}
HttpAccess::~HttpAccess() = default;

std::shared_ptr<HttpAccess::Server> HttpAccess::server_of(const std::string& url) const {
  if (servers_.empty()) return nullptr;
  const auto place = place_of(url);
  std::shared_ptr<Server> best;
  if (!place || !place->user.empty()) return best;
  for (const auto& server : servers_) {
    const bool closer = !best || server->place.path.size() > best->place.path.size();
    if (closer && is_below(*place, server->place)) best = server;
  }
  return best;
}

Task<Result<HttpRequest>> HttpAccess::with_access(std::shared_ptr<Server> server, HttpRequest request, bool again,
                                                  Stop& stop) {
  if (again || !server->values) {
    std::function<Result<Values>(const std::atomic<bool>&)> work = [server](const std::atomic<bool>&) {
      return read_values(server->access);
    };
    auto values = co_await pool_.run<Result<Values>>(std::move(work), stop);
    if (!values) co_return values.error();
    server->values = std::move(*values);
  }
  request.username = server->access.username;
  request.password = server->values->password;
  request.ca_file = server->access.ca_file;
  request.headers.insert(request.headers.end(), server->values->headers.begin(), server->values->headers.end());
  co_return request;
}

Task<Result<HttpResponse>> HttpAccess::send(HttpRequest request, Stop& stop) {
  auto server = server_of(request.url);
  if (!server || says_who_asks(request)) co_return co_await under_.send(std::move(request), stop);
  const auto until = Ticks::now() + request.deadline;
  HttpRequest first = request;
  auto prepared = co_await with_access(server, std::move(first), false, stop);
  if (!prepared) co_return prepared.error();
  const auto sent = server->values;
  auto answer = co_await under_.send(std::move(*prepared), stop);
  if (!answer || (answer->status != 401 && answer->status != 403)) co_return answer;
  first = request;
  prepared = co_await with_access(server, std::move(first), true, stop);
  const auto left = std::chrono::duration_cast<Milliseconds>(until - Ticks::now());
  if (!prepared || server->values == sent || left.count() <= 0) co_return answer;
  prepared->deadline = left;
  co_return co_await under_.send(std::move(*prepared), stop);
}

}  // namespace quietgate
