// Connections that wait for a request, longest first. At the limit, the longest waiting connection is closed for a new
// one.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <utility>

namespace quietgate {

class WaitingConnections {
 private:
  struct Entry;
  using Entries = std::list<Entry>;
  struct Entry {
    std::string address;
    std::function<bool()> close;
    std::list<Entries::iterator>::iterator at_address;  // position among the connections of its address
  };

 public:
  using Seat = Entries::iterator;
  // `close` ends the connection, or returns false if its request has arrived meanwhile. It must not call leave(). A
  // closed seat is still returned with leave().
  Seat enter(const std::string& address, std::function<bool()> close);
  void leave(Seat seat);
  // Closes the longest waiting connection, among the first few; false if none of them is waiting.
  bool close_longest();
  bool close_longest_of(const std::string& address);
  std::size_t waiting() const { return count_; }  // without closed ones
  std::size_t waiting_from(const std::string& address) const;

 private:
  void closed(Seat seat);
  Entries entries_;
  Entries closed_;
  std::map<std::string, std::list<Seat>> by_address_;
  std::size_t count_ = 0;
};

// A seat for the lifetime of the object.
class WaitingSeat {
 public:
  WaitingSeat(WaitingConnections& waiting, const std::string& address, std::function<bool()> close)
      : waiting_(waiting), seat_(waiting.enter(address, std::move(close))) {}
  ~WaitingSeat() { waiting_.leave(seat_); }
  WaitingSeat(const WaitingSeat&) = delete;
  WaitingSeat& operator=(const WaitingSeat&) = delete;

 private:
  WaitingConnections& waiting_;
  WaitingConnections::Seat seat_;
};

// The key of one client: an IPv4 address, or the first half of an IPv6 address.
std::string client_of(const std::string& address);

}  // namespace quietgate
