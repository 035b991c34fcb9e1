#include "runner/api/server/waiting_connections.h"

#include <utility>

namespace quietgate {

namespace {

constexpr int most_looks = 16;

}  // namespace

WaitingConnections::Seat WaitingConnections::enter(const std::string& address, std::function<bool()> close) {
  auto& mine = by_address_[address];
  const auto seat = entries_.insert(entries_.end(), Entry{address, std::move(close), {}});
  seat->at_address = mine.insert(mine.end(), seat);
  ++count_;
  return seat;
}

void WaitingConnections::leave(Seat seat) {
  if (!seat->close) {  // closed before
    closed_.erase(seat);
    return;
  }
  const auto mine = by_address_.find(seat->address);
  mine->second.erase(seat->at_address);
  if (mine->second.empty()) by_address_.erase(mine);
  entries_.erase(seat);
  --count_;
}

void WaitingConnections::closed(Seat seat) {
  const auto mine = by_address_.find(seat->address);
  mine->second.erase(seat->at_address);
  if (mine->second.empty()) by_address_.erase(mine);
  seat->close = nullptr;
  closed_.splice(closed_.end(), entries_, seat);
  --count_;
}

bool WaitingConnections::close_longest() {
  int looks = 0;
  for (auto seat = entries_.begin(); seat != entries_.end() && looks < most_looks; ++seat, ++looks) {
    if (!seat->close()) continue;
    closed(seat);
    return true;
  }
  return false;
}

bool WaitingConnections::close_longest_of(const std::string& address) {
  const auto mine = by_address_.find(address);
  if (mine == by_address_.end()) return false;
  int looks = 0;
  for (auto at = mine->second.begin(); at != mine->second.end() && looks < most_looks; ++at, ++looks) {
    if (!(*at)->close()) continue;
    closed(*at);
    return true;
  }
  return false;
}

std::size_t WaitingConnections::waiting_from(const std::string& address) const {
  const auto mine = by_address_.find(address);
  return mine == by_address_.end() ? 0 : mine->second.size();
}

std::string client_of(const std::string& address) {
  std::size_t groups = 0;
  if (address.find("::ffff:") == 0 || address.find(':') == std::string::npos) return address;
  for (std::size_t at = 0; at < address.size(); ++at) {
    if (address[at] == ':' && ++groups == 4) return address.substr(0, at);
    if (address.compare(at, 2, "::") == 0) return address.substr(0, at);
  }
  return address;
}

}  // namespace quietgate
