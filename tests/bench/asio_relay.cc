// The baseline of many followers: a plain Asio relay, in the manner of Asio's own chat example. What comes on standard
// input goes to all that are connected, as it is.
//   asio_relay PORT
#include <sys/resource.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <deque>
#include <memory>
#include <set>
#include <string>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Text = std::shared_ptr<const std::string>;

class Follower : public std::enable_shared_from_this<Follower> {
 public:
  explicit Follower(tcp::socket socket) : socket_(std::move(socket)) { socket_.set_option(tcp::no_delay(true)); }
  void deliver(Text text) {
    queue_.push_back(std::move(text));
    if (queue_.size() == 1) write();
  }

 private:
  void write() {
    asio::async_write(socket_, asio::buffer(*queue_.front()), [self = shared_from_this()](auto problem, std::size_t) {
      self->queue_.pop_front();
      if (problem) self->queue_.clear();
      if (!self->queue_.empty()) self->write();
    });
  }
  tcp::socket socket_;
  std::deque<Text> queue_;
};

class Relay {
 public:
  Relay(asio::io_context& io, unsigned short port)
      : io_(io), acceptor_(io, tcp::endpoint(asio::ip::address_v4::loopback(), port)), input_(io, 0) {
    accept();
    read();
  }

 private:
  void accept() {
    acceptor_.async_accept([this](auto problem, tcp::socket socket) {
      if (!problem) followers_.insert(std::make_shared<Follower>(std::move(socket)));
      accept();
    });
  }
  void read() {
    input_.async_read_some(asio::buffer(bytes_), [this](auto problem, std::size_t size) {
      if (problem) return io_.stop();
      const auto text = std::make_shared<const std::string>(bytes_.data(), size);
      for (const auto& follower : followers_) follower->deliver(text);
      read();
    });
  }
  asio::io_context& io_;
  tcp::acceptor acceptor_;
  asio::posix::stream_descriptor input_;
  std::set<std::shared_ptr<Follower>> followers_;
  std::array<char, 64 * 1024> bytes_{};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  rlimit descriptors{};
  ::getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &descriptors);
  asio::io_context io{1};
  const Relay relay(io, static_cast<unsigned short>(std::atoi(argv[1])));
  io.run();
  return 0;
}
