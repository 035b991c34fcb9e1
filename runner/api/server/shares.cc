#include "runner/api/server/shares.h"

#include <sys/resource.h>

#include <algorithm>

namespace quietgate {

std::size_t room_for_connections() {
  constexpr std::size_t for_work = 128;
  constexpr std::size_t most = 10'000;
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return most;
  const auto all = static_cast<std::size_t>(limit.rlim_cur);
  return std::clamp<std::size_t>(all > 2 * for_work ? all - for_work : all / 2, 8, most);
}

Places::Place Places::take(const std::string& client, std::size_t most, std::size_t each) {
  const auto mine = by_client_.find(client);
  if (taken_ >= most || (mine != by_client_.end() && mine->second >= each)) return nullptr;
  ++taken_;
  ++by_client_[client];
  return {this, [client](void* places) {
            auto& self = *static_cast<Places*>(places);
            --self.taken_;
            if (--self.by_client_[client] == 0) self.by_client_.erase(client);
          }};
}

}  // namespace quietgate
