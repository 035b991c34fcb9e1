#include "runner/api/server/server.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "runner/api/server/server_limits.h"
#include "runner/api/server/shares.h"
#include "runner/api/server/streams.h"
#include "runner/api/server/waiting_connections.h"
#include "runner/api/server/wire.h"

namespace quietgate {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::redirect_error;
using asio::use_awaitable;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {

struct Connection final : StreamFollower {
  Connection(tcp::socket socket, std::string from, bool is_local, Stop& server)
      : stream(std::move(socket)), client(std::move(from)), local(is_local), ended(server), closer(ended, [this] {
          stream.close();
        }) {}
  std::size_t put_now(std::string_view text) override;
  Task<bool> put(std::string_view text) override;
  Stop& stop() override { return ended; }

  beast::tcp_stream stream;
  beast::flat_buffer buffer{most_buffered};
  std::string client;  // its address
  bool local;          // it is on this machine
  bool asked = false;  // a request of it has arrived
  Stop ended;
  Stop::Listener closer;
};
using Shared = std::shared_ptr<Connection>;
using Parser = http::request_parser<http::string_body>;

Task<bool> put(Shared connection, asio::const_buffer first, asio::const_buffer second) {
  const std::array<asio::const_buffer, 2> both{first, second};
  error_code code;
  co_await asio::async_write(connection->stream, both, redirect_error(use_awaitable, code));
  co_return !code;
}

std::size_t Connection::put_now(std::string_view text) {
  const auto taken = ::send(stream.socket().native_handle(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return taken > 0 ? static_cast<std::size_t>(taken) : 0;
}

Task<bool> Connection::put(std::string_view text) {
  error_code code;
  co_await asio::async_write(stream, asio::buffer(text), redirect_error(use_awaitable, code));
  co_return !code;
}

Task<bool> put(Shared connection, std::string text) {
  co_return co_await put(connection, asio::buffer(text), asio::const_buffer());
}

// A client that is still sending would lose the answer to a reset: it gets a moment to read it.
Task<void> linger(Shared connection) {
  error_code code;
  connection->stream.socket().shutdown(tcp::socket::shutdown_send, code);
  connection->stream.expires_after(std::chrono::seconds(1));
  std::array<char, 4 * 1024> bytes{};
  for (std::size_t drained = 0; !code && drained < most_drained;)
    drained += co_await connection->stream.async_read_some(asio::buffer(bytes), redirect_error(use_awaitable, code));
}

// What to say when reading failed so; nothing: the client is gone, or there is nothing to say.
std::optional<Answer> refusal_of(const error_code& code) {
  if (code == http::error::header_limit || code == http::error::buffer_overflow)
    return error_answer(431, "the header is larger than 16 KiB");
  if (code == http::error::body_limit) return error_answer(413, "the body is larger than this address accepts");
  if (code == http::error::end_of_stream || code == http::error::partial_message) return std::nullopt;
  if (code.category() == http::make_error_code(http::error::bad_method).category())
    return error_answer(400, "this is not HTTP: " + code.message());
  return std::nullopt;
}

HeadFacts facts_of(const http::request<http::string_body>& head) {
  HeadFacts facts;
  facts.version = static_cast<int>(head.version());
  for (const auto& field : head) {
    ++facts.fields;
    if (field.name() == http::field::content_length) facts.lengths.emplace_back(field.value());
    if (field.name() == http::field::transfer_encoding) facts.codings.emplace_back(field.value());
  }
  facts.expect = std::string(head[http::field::expect]);
  return facts;
}

ApiRequest asked_by(const http::request<http::string_body>& head, bool local) {
  ApiRequest request;
  request.local = local;
  auto text = [&](auto name) { return std::string(head[name]); };
  request.method = std::string(head.method_string());
  request.target = std::string(head.target());
  request.host = head.count(http::field::host) == 1 ? text(http::field::host) : "";
  take_host_of_target(request);
  request.authorization = text(http::field::authorization);
  request.accept = text(http::field::accept);
  request.claimed_name = text("X-Quietgate-Actor");
  request.last_event_id = text("Last-Event-ID");
  return request;
}

bool is_local(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
  return address.is_loopback();
}

}  // namespace

struct Server::Listener {
  Listener(Executor with, Api& for_api, ServerOptions how)
      : executor(with),
        api(for_api),
        options(std::move(how)),
        acceptor(executor),
        streams(executor, api, options.heartbeat),
        changed(executor) {}

  Executor executor;
  Api& api;
  ServerOptions options;
  tcp::acceptor acceptor;
  Streams streams;
  Bell changed;           // a task has ended
  std::size_t tasks = 0;  // all that serve() has spawned
  std::size_t live = 0;   // connections among them
  bool told_shortage = false;
  WaitingConnections waiting;
  std::size_t bodies = 0;   // bytes of requests' bodies that are being read
  std::size_t sending = 0;  // bytes of answers that are being sent
  Places lasting;           // of streams, and of files that are being sent

  void say(const std::string& line) const {
    if (options.say) options.say(line);
  }
  void start(Task<void> task, bool connection);
  Task<void> accept(Stop& stop);
  Task<void> converse(Shared connection);
  Task<error_code> read_head(Shared connection, Parser& parser);
  Task<bool> exchange(Shared connection);
  bool crowded() const { return live > options.max_connections / 4 * 3; }
  Task<bool> turn_away(Shared connection, Answer answer);
  Task<bool> refuse(Shared connection, error_code code);
  Task<bool> respond(Shared connection, ApiResponse response, bool keep, bool head_only);
  Task<bool> send(Shared connection, Answer answer, bool keep, bool head_only);
  Task<bool> send_file(Shared connection, FileAnswer file, bool keep, bool head_only);
  Task<bool> begin_stream(Shared connection);
};

Server::Server(Executor executor, Api& api, ServerOptions options)
    : listener_(std::make_unique<Listener>(std::move(executor), api, std::move(options))) {}
Server::~Server() = default;

Result<void> Server::listen() {
  auto& l = *listener_;
  if (l.options.max_connections == 0) l.options.max_connections = room_for_connections();
  error_code code;
  const auto address = asio::ip::make_address(l.options.address, code);
  const auto where = l.options.address + ":" + std::to_string(l.options.port);
  if (code) return user_error("`" + l.options.address + "` is not an IP address to listen on");
  const tcp::endpoint endpoint(address, l.options.port);
  l.acceptor.open(endpoint.protocol(), code);
  if (!code) l.acceptor.set_option(tcp::acceptor::reuse_address(true), code);
  if (!code) l.acceptor.bind(endpoint, code);
  if (!code) l.acceptor.listen(asio::socket_base::max_listen_connections, code);
  if (!code) return {};
  l.acceptor.close();
  return user_error("can't listen on " + where + ": " + code.message(),
                    code == asio::error::address_in_use
                        ? "another program uses this port: choose another port with --port"
                        : "name an address of this machine with --listen");
}

std::uint16_t Server::port() const {
  return listener_->acceptor.local_endpoint().port();
}

Task<void> Server::serve(Stop& stop) {
  auto& l = *listener_;
  l.start(l.streams.watch_logs(stop), false);
  l.start(l.streams.tail_journal(stop), false);
  std::optional<Stopped> stopped;
  try {
    co_await l.accept(stop);
  } catch (const Stopped& s) {
    stopped = s;
  }
  l.acceptor.close();
  Stop never;
  for (;;) {
    const auto seen = l.changed.rings();
    if (l.tasks == 0) break;
    co_await l.changed.wait(seen, Milliseconds(60'000), never);
  }
  if (stopped) throw *stopped;
}

void Server::Listener::start(Task<void> task, bool connection) {
  ++tasks;
  live += connection ? 1 : 0;
  spawn(executor, std::move(task), [this, connection](std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(error);
    } catch (const Stopped&) {  // the way that everything here ends
    } catch (const std::exception& bug) {
      say(std::string("a connection was dropped: ") + bug.what());
    }
    --tasks;
    live -= connection ? 1 : 0;
    changed.ring();
  });
}

Task<void> Server::Listener::accept(Stop& stop) {
  Stop::Listener closer(stop, [this] { acceptor.close(); });
  for (;;) {
    stop.throw_if_requested();
    const auto seen = changed.rings();
    if (live >= options.max_connections) {
      waiting.close_longest();
      co_await changed.wait(seen, options.idle, stop);
      continue;
    }
    error_code code;
    auto socket = co_await acceptor.async_accept(redirect_error(use_awaitable, code));
    stop.throw_if_requested();
    if (!code) {
      socket.set_option(tcp::no_delay(true), code);
      ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &stall_limit_ms, sizeof stall_limit_ms);
      const auto end = socket.remote_endpoint(code);
      if (code) continue;
      const auto client = client_of(end.address().to_string());
      if (waiting.waiting_from(client) >= std::max(least_waiting, options.max_connections / 4))
        waiting.close_longest_of(client);
      start(converse(std::make_shared<Connection>(std::move(socket), client, is_local(end.address()), stop)), true);
      continue;
    }
    const bool shortage = code == asio::error::no_descriptors ||
                          code == boost::system::errc::too_many_files_open_in_system ||
                          code == asio::error::no_memory || code == asio::error::no_buffer_space;
    if (!shortage) continue;  // the client left before it was accepted
    if (!told_shortage) say("clients have to wait: " + code.message());
    told_shortage = true;
    co_await changed.wait(seen, without_descriptors, stop);
  }
}

Task<void> Server::Listener::converse(Shared connection) {
  for (;;) {
    const bool more = co_await exchange(connection);
    if (!more) break;
    connection->ended.throw_if_requested();
  }
  error_code ignored;
  connection->stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
}

// The time for it counts from the connection's begin, or from the answer before.
Task<error_code> Server::Listener::read_head(Shared connection, Parser& parser) {
  const WaitingSeat seat(waiting, connection->client, [&stream = connection->stream] {
    error_code unknown;
    if (stream.socket().available(unknown) > 0) return false;
    stream.close();
    return true;
  });
  connection->stream.expires_after(connection->asked ? options.idle : options.head);
  error_code code;
  co_await http::async_read_header(connection->stream, connection->buffer, parser, redirect_error(use_awaitable, code));
  connection->asked = true;
  co_return code;
}

// One request and its answer; false: the connection ends.
Task<bool> Server::Listener::exchange(Shared connection) {
  Parser parser;
  parser.header_limit(header_limit);
  parser.body_limit(boost::none);
  if (connection->buffer.size() == 0) connection->buffer.shrink_to_fit();
  auto code = co_await read_head(connection, parser);
  if (code) co_return co_await refuse(connection, code);
  connection->stream.expires_after(options.idle);
  const auto& head = parser.get();
  const bool head_only = head.method() == http::verb::head;
  auto refusal = refusal_of(facts_of(head));
  if (refusal) co_return co_await turn_away(connection, std::move(*refusal));
  auto request = asked_by(head, connection->local);
  auto admission = api.admit(request);
  const bool has_body = !parser.is_done();
  if (admission.refusal && has_body) co_return co_await turn_away(connection, std::move(*admission.refusal));
  if (admission.refusal)
    co_return co_await send(connection, std::move(*admission.refusal), head.keep_alive(), head_only);
  const auto limit = admission.body_limit;
  const bool fits = !has_body || (limit > 0 && parser.content_length().value_or(0) <= limit);
  if (!fits) co_return co_await turn_away(connection, too_large(limit));
  if (has_body && bodies + limit > most_bodies)
    co_return co_await turn_away(connection, later("too many requests with a body arrive at once"));
  const Share share(bodies, has_body ? static_cast<std::size_t>(limit) : 0);
  parser.body_limit(limit);
  if (has_body && !head[http::field::expect].empty()) {
    const bool sent = co_await put(connection, std::string("HTTP/1.1 100 Continue\r\n\r\n"));
    if (!sent) co_return false;
  }
  if (has_body) {
    co_await http::async_read(connection->stream, connection->buffer, parser, redirect_error(use_awaitable, code));
    if (code) co_return co_await refuse(connection, code);
  }
  const bool keep = head.keep_alive() && !crowded();
  request.body = std::move(parser.get().body());
  ApiResponse response = Answer{};
  try {
    response = co_await api.answer(std::move(admission), std::move(request));
  } catch (const std::exception& bug) {
    say("a request failed: " + std::string(head.method_string()) + " " + std::string(head.target()).substr(0, 200) +
        ": " + bug.what());
    response = error_answer(500, "this request met a bug in quietgate", "please report it with the service's log");
  }
  co_return co_await respond(connection, std::move(response), keep, head_only);
}

// Before all of the request was read: the connection can't go on.
Task<bool> Server::Listener::turn_away(Shared connection, Answer answer) {
  connection->stream.expires_after(options.idle);
  co_await send(connection, std::move(answer), false, false);
  co_await linger(connection);
  co_return false;
}

Task<bool> Server::Listener::refuse(Shared connection, error_code code) {
  // After a time-out the stream is closed: nothing can be said any more.
  auto answer = refusal_of(code);
  if (!answer || code == beast::error::timeout) co_return false;
  co_return co_await turn_away(connection, std::move(*answer));
}

Task<bool> Server::Listener::respond(Shared connection, ApiResponse response, bool keep, bool head_only) {
  connection->stream.expires_after(options.idle);
  if (auto* answer = std::get_if<Answer>(&response))
    co_return co_await send(connection, std::move(*answer), keep, head_only);
  // So many that there is always room for short questions, and for others.
  const auto place = lasting.take(connection->client, options.max_connections / 4 * 3, options.max_connections / 2);
  if (!place) {
    auto answer = later("too many clients are following logs or events, or fetching files");
    co_return co_await send(connection, std::move(answer), keep, head_only);
  }
  if (auto* file = std::get_if<FileAnswer>(&response))
    co_return co_await send_file(connection, std::move(*file), keep, head_only);
  const bool begun = co_await begin_stream(connection);
  if (!begun || head_only) co_return false;
  if (auto* log = std::get_if<LogFeed>(&response)) {
    co_await streams.send_log(*connection, std::move(*log));
  } else {
    co_await streams.send_events(*connection, std::get<EventFeed>(std::move(response)));
  }
  co_return false;
}

Task<bool> Server::Listener::send(Shared connection, Answer answer, bool keep, bool head_only) {
  const bool small = answer.body.size() <= small_answer;
  if (!small && sending + answer.body.size() > most_sending && sending > 0)
    answer = later("too many large answers are being sent");
  const Share share(sending, small ? 0 : answer.body.size());
  const auto head = head_of(answer, keep);
  const auto body = head_only ? asio::const_buffer() : asio::buffer(answer.body);
  const bool sent = co_await put(connection, asio::buffer(head), body);
  co_return sent&& keep;
}

Task<bool> Server::Listener::send_file(Shared connection, FileAnswer file, bool keep, bool head_only) {
  auto head = head_of(200, keep) + "Content-Type: " + file.content_type +
              "\r\nContent-Length: " + std::to_string(file.size - file.from) +
              "\r\nX-Log-Size: " + std::to_string(file.size) + "\r\n";
  for (const auto& [name, value] : file.headers) head += name + ": " + value + "\r\n";
  head += "\r\n";
  const bool begun = co_await put(connection, std::move(head));
  if (!begun) co_return false;
  if (head_only) co_return keep;
  std::vector<char> bytes(static_cast<std::size_t>(std::min<std::int64_t>(file_piece, file.size - file.from)));
  connection->stream.expires_never();
  for (auto at = file.from; at < file.size;) {
    const auto want = std::min<std::size_t>(bytes.size(), static_cast<std::size_t>(file.size - at));
    const auto count = ::pread(file.file.get(), bytes.data(), want, at);
    if (count <= 0) co_return false;  // shorter than promised: only the connection's end can say so
    const auto piece = asio::buffer(bytes.data(), static_cast<std::size_t>(count));
    const bool sent = co_await put(connection, piece, asio::const_buffer());
    if (!sent) co_return false;
    at += count;
  }
  co_return keep;
}

Task<bool> Server::Listener::begin_stream(Shared connection) {
  const bool begun = co_await put(
      connection, head_of(200, false) + "Content-Type: text/event-stream\r\nX-Accel-Buffering: no\r\n\r\n");
  connection->stream.expires_never();
  // Who follows has nothing more to say: readable means that the client left.
  std::weak_ptr<Connection> weak = connection;
  connection->stream.socket().async_wait(tcp::socket::wait_read, [weak](error_code code) {
    auto left = weak.lock();
    if (left && !code) left->ended.request(StopReason::cancel, "the client left");
  });
  co_return begun;
}

}  // namespace quietgate
