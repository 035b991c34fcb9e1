// The connections that wait for a request, the longest first: who says nothing makes room for who comes.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <utility>

namespace quietgate {

class Lobby {
 private:
  struct Guest;
  using Guests = std::list<Guest>;
  struct Guest {
    std::string address;
    std::function<bool()> close;
    std::list<Guests::iterator>::iterator among;  // those of its address
  };

 public:
  using Seat = Guests::iterator;
  // `close` ends the connection, or answers false: its request has come, and it does not wait any more. It must not
  // leave() by itself. A seat that was closed is given back by leave() like any other.
  Seat enter(const std::string& address, std::function<bool()> close);
  void leave(Seat seat);
  // Ends the one that has waited longest, of the first few; false: none of them waits.
  bool close_longest();
  bool close_longest_of(const std::string& address);
  std::size_t waiting() const { return count_; }  // that were not closed
  std::size_t waiting_from(const std::string& address) const;

 private:
  void closed(Seat seat);
  Guests guests_;
  Guests closed_;
  std::map<std::string, std::list<Seat>> by_address_;
  std::size_t count_ = 0;
};

// A seat, as long as it lives.
class LobbySeat {
 public:
  LobbySeat(Lobby& lobby, const std::string& address, std::function<bool()> close)
      : lobby_(lobby), seat_(lobby.enter(address, std::move(close))) {}
  ~LobbySeat() { lobby_.leave(seat_); }
  LobbySeat(const LobbySeat&) = delete;
  LobbySeat& operator=(const LobbySeat&) = delete;

 private:
  Lobby& lobby_;
  Lobby::Seat seat_;
};

// What stands for one client: an IPv4 address, the first half of an IPv6 one.
std::string client_of(const std::string& address);

}  // namespace quietgate
