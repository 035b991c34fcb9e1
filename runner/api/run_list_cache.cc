#include "runner/api/run_list_cache.h"

#include <utility>

namespace quietgate {

namespace {

constexpr std::size_t most_lists = 16;

}  // namespace

const std::string* RunListCache::find(const std::string& target, const Version& version) const {
  const auto found = lists_.find(target);
  return found != lists_.end() && found->second.version == version ? &found->second.body : nullptr;
}

void RunListCache::keep(const std::string& target, const Version& version, std::string body) {
  if (lists_.size() >= most_lists && !lists_.contains(target)) lists_.clear();
  lists_.insert_or_assign(target, List{version, std::move(body)});
}

}  // namespace quietgate
