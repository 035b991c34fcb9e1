#include "runner/cli/service_client.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <thread>

#include "runner/adapters/http/curl_library.h"
#include "runner/cli/port_owners.h"

namespace quietgate {

namespace {

constexpr std::size_t answer_limit = 64 * 1024 * 1024;
constexpr long answer_deadline_s = 30;
constexpr auto give_up_after = std::chrono::seconds(30);  // a service that is started anew comes back
constexpr auto first_pause = std::chrono::milliseconds(250);
constexpr auto longest_pause = std::chrono::milliseconds(2000);

// The service says something every 15 s: a stream that is silent for longer is dead.
constexpr long silence_limit_s = 45;

struct AnswerInProgress {
  CURL* handle;
  Reply& reply;
  const std::function<bool(std::string_view)>* take;
  bool enough = false;
};

std::size_t on_bytes(char* bytes, std::size_t, std::size_t count, void* to) {
  auto& answer = *static_cast<AnswerInProgress*>(to);
  long status = 0;
  curl().easy_getinfo(answer.handle, CURLINFO_RESPONSE_CODE, &status);
  if (answer.take != nullptr && status == 200) {
    if (!(*answer.take)(std::string_view(bytes, count))) {
      answer.enough = true;
      return 0;
    }
    return count;
  }
  if (answer.reply.body.size() + count > answer_limit) return 0;
  answer.reply.body.append(bytes, count);
  return count;
}

// No header may be begun by what somebody typed.
std::string one_line(std::string text) {
  for (auto& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

}  // namespace

struct ServiceClient::Exchange {
  std::string path;
  const std::string* body = nullptr;  // POST
  std::vector<std::string> headers;
  const std::function<bool(std::string_view)>* take = nullptr;
  bool stream = false;
};

ServiceClient::ServiceClient(std::string server, std::string token, std::string actor)
    : server_(std::move(server)), token_(one_line(std::move(token))), actor_(one_line(std::move(actor))) {
  while (!server_.empty() && server_.back() == '/') server_.pop_back();
}

Result<Reply> ServiceClient::perform(const Exchange& exchange) {
  if (auto usable = curl_is_usable(); !usable) return usable.error();
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> owner(curl().easy_init(), curl().easy_cleanup);
  if (!owner) return infrastructure_error("libcurl can't be initialised");
  auto* handle = owner.get();
  Reply reply;
  AnswerInProgress answer{handle, reply, exchange.take};
  std::array<char, CURL_ERROR_SIZE> why_text{};
  curl_slist* list = nullptr;
  for (const auto& header : exchange.headers) list = curl().slist_append(list, header.c_str());
  if (exchange.body != nullptr) {
    list = curl().slist_append(list, "Content-Type: application/json");
    list = curl().slist_append(list, "Expect:");
    if (!token_.empty()) list = curl().slist_append(list, ("Authorization: Bearer " + token_).c_str());
    if (!actor_.empty()) list = curl().slist_append(list, ("X-Quietgate-Actor: " + actor_).c_str());
    curl().easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(exchange.body->size()));
    curl().easy_setopt(handle, CURLOPT_POSTFIELDS, exchange.body->c_str());
  }
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list, curl().slist_free_all);
  curl().easy_setopt(handle, CURLOPT_HTTPHEADER, list);
  curl().easy_setopt(handle, CURLOPT_URL, (server_ + exchange.path).c_str());
  curl().easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl().easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  // What stays on this machine goes through nobody's proxy: it may carry the token.
  curl().easy_setopt(handle, CURLOPT_NOPROXY, loopback_port(server_) != 0 ? "*" : "localhost,127.0.0.1,::1");
  curl().easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, 5L);
  curl().easy_setopt(handle, CURLOPT_ERRORBUFFER, why_text.data());
  curl().easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_bytes);
  curl().easy_setopt(handle, CURLOPT_WRITEDATA, &answer);
  if (exchange.stream) {
    curl().easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl().easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, silence_limit_s);
  } else if (exchange.take == nullptr) {
    curl().easy_setopt(handle, CURLOPT_TIMEOUT, answer_deadline_s);
  }
  const auto code = curl().easy_perform(handle);
  long status = 0;
  curl().easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  if (code == CURLE_OK || answer.enough) return reply;
  const std::string why = why_text[0] != '\0' ? why_text.data() : curl().easy_strerror(code);
  return infrastructure_error("the service at " + server_ + " can't be reached: " + why,
                              "start it with `quietgate serve --config FILE`, or name it with --server URL");
}

Result<Reply> ServiceClient::get(const std::string& path) {
  Exchange exchange;
  exchange.path = path;
  exchange.headers = {"Accept: application/json"};
  return perform(exchange);
}

Result<Reply> ServiceClient::post(const std::string& path, const std::string& body) {
  Exchange exchange;
  exchange.path = path;
  exchange.body = &body;
  return perform(exchange);
}

Result<Reply> ServiceClient::download(const std::string& path, const std::function<bool(std::string_view)>& take) {
  Exchange exchange;
  exchange.path = path;
  exchange.take = &take;
  return perform(exchange);
}

Result<Reply> ServiceClient::follow(const std::string& path, const std::function<bool(const StreamEvent&)>& take,
                                    const std::function<void(const std::string&)>& lost) {
  std::string last_id;
  auto pause = first_pause;
  bool ended = false;
  auto last_word = std::chrono::steady_clock::now();
  for (;;) {
    StreamReader reader([&](const StreamEvent& event) {
      last_word = std::chrono::steady_clock::now();
      pause = first_pause;
      if (event.type == "end") {
        ended = true;
        return false;
      }
      if (!event.id.empty()) last_id = event.id;
      if (take(event)) return true;
      ended = true;
      return false;
    });
    const std::function<bool(std::string_view)> feed = [&](std::string_view bytes) { return reader.feed(bytes); };
    Exchange exchange;
    exchange.path = path;
    exchange.headers = {"Accept: text/event-stream"};
    if (!last_id.empty()) exchange.headers.push_back("Last-Event-ID: " + last_id);
    exchange.take = &feed;
    exchange.stream = true;
    auto reply = perform(exchange);
    if (ended) return Reply{200, {}};
    if (reply && reply->status != 200) return reply;
    // Nothing was ever heard: there is no service, and no use in waiting.
    if (!reply && last_id.empty()) return reply;
    if (std::chrono::steady_clock::now() - last_word > give_up_after) {
      if (!reply) return reply;
      return infrastructure_error("the stream from " + server_ + " ended early");
    }
    if (!reply && pause == first_pause && lost)
      lost(reply.error().message + "; trying again for " + std::to_string(give_up_after.count()) + " s");
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, longest_pause);
  }
}

std::string ServiceClient::name() const {
  return "the service at " + server_;
}

std::unique_ptr<ApiClient> ServiceClient::another() const {
  return std::make_unique<ServiceClient>(server_, token_, actor_);
}

}  // namespace quietgate
