#include "runner/service/memory.h"

#include <malloc.h>

namespace quietgate {

namespace {

constexpr int most_heaps = 2;
constexpr Milliseconds silence{1'500};

}  // namespace

void share_heaps() {
  ::mallopt(M_ARENA_MAX, most_heaps);
}

Task<void> give_memory_back(Journal& journal, std::function<void()> drop_caches, Stop& stop) {
  for (;;) {
    auto seen = journal.bell().rings();
    co_await journal.bell().wait(seen, stop);
    do {
      seen = journal.bell().rings();
      co_await journal.bell().wait(seen, silence, stop);
    } while (journal.bell().rings() != seen);
    drop_caches();
    ::malloc_trim(0);
  }
}

}  // namespace quietgate
