#include "runner/adapters/http/http_curl.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <mutex>

#include "runner/adapters/http/curl_library.h"

namespace quietgate {

namespace {

using Ticks = std::chrono::steady_clock;

constexpr std::size_t most_header_bytes = 256 * 1024;
constexpr std::size_t most_idle_handles = 8;

struct HandleCloser {
  void operator()(CURL* handle) const { curl().easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, HandleCloser>;

struct UrlCloser {
  void operator()(CURLU* url) const { curl().url_cleanup(url); }
};

struct ListCloser {
  void operator()(curl_slist* list) const { curl().slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListCloser>;

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl().url_get(url, part, &text, 0) != CURLUE_OK || text == nullptr) return {};
  std::string copy(text);
  curl().free(text);
  return copy;
}

struct Address {
  std::string shown;  // without credentials and query
  bool loopback = false;
};

Result<Address> address_of(const std::string& text) {
  std::unique_ptr<CURLU, UrlCloser> url(curl().url());
  auto scheme_ends = text.find("://");
  auto after = scheme_ends == std::string::npos ? 0 : scheme_ends + 3;
  auto at = text.find('@');
  const auto harmless = at == std::string::npos || at < after ? text : text.substr(0, after) + text.substr(at + 1);
  if (auto code = curl().url_set(url.get(), CURLUPART_URL, text.c_str(), 0); code != CURLUE_OK) {
    return infrastructure_error(fmt::format("`{}` is no URL: {}", harmless, curl().url_strerror(code)),
                                "write it as http://HOST:PORT/PATH or https://HOST/PATH");
  }
  const auto scheme = part_of(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return infrastructure_error(fmt::format("`{}` is not an http or https URL", harmless));
  }
  const auto host = part_of(url.get(), CURLUPART_HOST);
  const auto port = part_of(url.get(), CURLUPART_PORT);
  Address address;
  address.shown = scheme + "://" + host + (port.empty() ? "" : ":" + port) + part_of(url.get(), CURLUPART_PATH);
  address.loopback = host == "localhost" || host == "[::1]" || host.rfind("127.", 0) == 0;
  return address;
}

// One exchange's state, for curl's callbacks.
struct Exchange {
  HttpResponse response;
  std::size_t max_bytes = 0;
  std::size_t header_bytes = 0;
  bool too_large = false;
  const std::atomic<bool>* stop = nullptr;
};

std::size_t take_body(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  if (exchange.response.body.size() + size > exchange.max_bytes) {
    exchange.too_large = true;
    return 0;
  }
  exchange.response.body.append(data, size);
  return size;
}

std::size_t take_header(char* data, std::size_t, std::size_t size, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  exchange.header_bytes += size;
  if (exchange.header_bytes > most_header_bytes) {
    exchange.too_large = true;
    return 0;
  }
  std::string line(data, size);
  if (line.rfind("HTTP/", 0) == 0) exchange.response.headers.clear();  // after an interim answer
  auto colon = line.find(':');
  if (colon == std::string::npos) return size;
  std::string name = line.substr(0, colon);
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  auto first = line.find_first_not_of(" \t", colon + 1);
  auto last = line.find_last_not_of(" \t\r\n");
  exchange.response.headers[name] =
      first == std::string::npos || last < first ? "" : line.substr(first, last - first + 1);
  return size;
}

int look_at_stop(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Exchange*>(user)->stop->load() ? 1 : 0;
}

Error describe(CURL* handle, CURLcode code, const char* words, const Exchange& exchange, const HttpRequest& request,
               const std::string& url) {
  long number = 0;
  curl().easy_getinfo(handle, CURLINFO_OS_ERRNO, &number);
  const auto limit = human_duration(request.deadline);
  if (exchange.too_large) {
    return with_cause(ErrorCause::too_much,
                      infrastructure_error(fmt::format("{} answered more than {} bytes", url, request.max_bytes)));
  }
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return with_cause(ErrorCause::too_much,
                        infrastructure_error(fmt::format("{} did not answer within {}", url, limit),
                                             "check that the server is not hung or overloaded"));
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return infrastructure_error(fmt::format("{}: {}", url, *words ? words : curl().easy_strerror(code)),
                                  "check the host's name");
    case CURLE_COULDNT_CONNECT:
      if (number == ECONNREFUSED)
        return infrastructure_error(fmt::format("{} refused the connection", url), "check that the server runs");
      break;
    case CURLE_SSL_CACERT_BADFILE:
      return infrastructure_error(fmt::format("{}: {} holds no certificate that can be read", url, request.ca_file),
                                  "name a PEM file of the authority that signed the server's certificate");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
      return infrastructure_error(fmt::format("{}: TLS: {}", url, *words ? words : curl().easy_strerror(code)));
    default:
      break;
  }
  return infrastructure_error(
      fmt::format("{} gave no complete answer: {}", url, *words ? words : curl().easy_strerror(code)));
}

Time wall_clock() {
  return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

void set_method(CURL* handle, const HttpRequest& request) {
  if (request.method == "GET") {
    curl().easy_setopt(handle, CURLOPT_HTTPGET, 1L);
  } else if (request.method == "HEAD") {
    curl().easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else {
    curl().easy_setopt(handle, CURLOPT_POST, 1L);
    if (request.method != "POST") curl().easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl().easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl().easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.c_str());
  }
}

void set_limits(CURL* handle, const Address& address, Milliseconds left) {
  curl().easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl().easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl().easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl().easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(left.count()));
  curl().easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(left.count()));
  curl().easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);
  curl().easy_setopt(handle, CURLOPT_USERAGENT, "quietgate");
  if (address.loopback) curl().easy_setopt(handle, CURLOPT_PROXY, "");
}

Result<HttpResponse> perform(CURL* handle, const HttpRequest& request, const Address& address, Milliseconds left,
                             const std::atomic<bool>& stop) {
  Exchange exchange;
  exchange.max_bytes = request.max_bytes;
  exchange.stop = &stop;
  std::array<char, CURL_ERROR_SIZE> words{};
  List headers(curl().slist_append(nullptr, "Expect:"));
  for (const auto& header : request.headers) curl().slist_append(headers.get(), header.c_str());

  curl().easy_reset(handle);  // keeps the connections
  set_limits(handle, address, left);
  set_method(handle, request);
  curl().easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl().easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  if (!request.username.empty()) {
    curl().easy_setopt(handle, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl().easy_setopt(handle, CURLOPT_USERNAME, request.username.c_str());
    curl().easy_setopt(handle, CURLOPT_PASSWORD, request.password.c_str());
  }
  if (!request.ca_file.empty()) {
    curl().easy_setopt(handle, CURLOPT_CAINFO, request.ca_file.c_str());
    curl().easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  }
  curl().easy_setopt(handle, CURLOPT_ERRORBUFFER, words.data());
  curl().easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
  curl().easy_setopt(handle, CURLOPT_WRITEDATA, &exchange);
  curl().easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
  curl().easy_setopt(handle, CURLOPT_HEADERDATA, &exchange);
  curl().easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl().easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, look_at_stop);
  curl().easy_setopt(handle, CURLOPT_XFERINFODATA, &exchange);

  exchange.response.sent = wall_clock();
  const auto code = curl().easy_perform(handle);
  exchange.response.received = wall_clock();
  auto answer = code == CURLE_OK ? Result<HttpResponse>(HttpResponse{})
                                 : describe(handle, code, words.data(), exchange, request, address.shown);
  if (code == CURLE_OK) {
    long status = 0;
    curl().easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    exchange.response.status = static_cast<int>(status);
    answer = std::move(exchange.response);
  }
  curl().easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);
  return answer;
}

}  // namespace

// Handles that nobody uses at the moment, each with its open connections.
class HttpCurl::Handles {
 public:
  ~Handles() {
    idle_.clear();
    if (ready_) curl().global_cleanup();
  }
  Handle take() {
    std::lock_guard lock(mutex_);
    if (!ready_) ready_ = curl().global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!ready_) return {};
    if (idle_.empty()) return Handle(curl().easy_init());
    auto handle = std::move(idle_.back());
    idle_.pop_back();
    return handle;
  }
  void give_back(Handle handle) {
    std::lock_guard lock(mutex_);
    if (idle_.size() < most_idle_handles) idle_.push_back(std::move(handle));
  }

 private:
  std::mutex mutex_;
  std::vector<Handle> idle_;
  bool ready_ = false;
};

HttpCurl::HttpCurl(BlockingPool& pool) : pool_(pool), handles_(std::make_shared<Handles>()) {}
HttpCurl::~HttpCurl() = default;

Result<void> HttpCurl::usable() const {
  return curl_is_usable();
}

Task<Result<HttpResponse>> HttpCurl::send(HttpRequest request, Stop& stop) {
  if (auto known = usable(); !known) co_return known.error();
  auto address = address_of(request.url);
  if (!address) co_return address.error();
  for (const auto& header : request.headers) {
    if (header.find_first_of(std::string("\r\n\0", 3)) != std::string::npos)
      co_return infrastructure_error(fmt::format("a header for {} holds a line break", address->shown));
  }
  const auto until = Ticks::now() + request.deadline;
  std::function<Result<HttpResponse>(const std::atomic<bool>&)> work =
      [handles = handles_, request = std::move(request), address = *address,
       until](const std::atomic<bool>& flag) -> Result<HttpResponse> {
    const auto left = std::chrono::duration_cast<Milliseconds>(until - Ticks::now());
    if (left.count() <= 0) {
      return infrastructure_error(fmt::format("{} was not asked within {}: too many calls wait", address.shown,
                                              human_duration(request.deadline)),
                                  "another server may be hung");
    }
    auto handle = handles->take();
    if (!handle) return infrastructure_error("libcurl could not be initialised: out of memory?");
    auto answer = perform(handle.get(), request, address, left, flag);
    if (answer) handles->give_back(std::move(handle));
    return answer;
  };
  co_return co_await pool_.run(std::move(work), stop);
}

}  // namespace quietgate
