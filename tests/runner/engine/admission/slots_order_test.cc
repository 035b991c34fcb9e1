// Slots remember what can't have changed, and look only at the rest. Here they are held to looking at everybody.
#include <gtest/gtest.h>

#include <random>

#include "runner/engine/admission/slots.h"
#include "tests/runner/engine/admission/plain_slots.h"

namespace quietgate {
namespace {

// The same is asked of both.
struct Pair {
  explicit Pair(const Limits& limits) : slots(limits), plain(limits) {}

  void ask(const SlotRequest& request) {
    const int name = next++;
    plain.ask(name, request);
    claims[name] = slots.ask(request, [this, name] { granted.push_back(name); });
    if (claims[name].granted()) at_once.insert(name);
  }
  void take(const SlotRequest& request) {
    plain.take(next, request);
    claims[next++] = slots.take(request);
  }
  void keep(const SlotRequest& request) {
    plain.keep(next, request);
    claims[next++] = slots.keep(request);
  }
  void hold_every_lock(const RunId& run) {
    for (const auto& [name, of] : unreadable) {
      if (of == run) return;
    }
    unreadable.emplace(next, run);
    plain.hold_every_lock(next, run);
    claims[next++] = slots.hold_every_lock(run);
  }
  void end(int name) {
    plain.end(name);
    claims.erase(name);
    unreadable.erase(name);
  }

  std::vector<int> granted;  // in order, but for
  std::set<int> at_once;     // who got it when it asked, and was not told
  Slots slots;
  PlainSlots plain;
  std::map<int, Slots::Claim> claims;
  std::map<int, RunId> unreadable;
  int next = 0;
};

struct Mix {
  unsigned seed;
  std::mt19937 random{seed};
  int repositories = 1 + below(4);
  int locks = 1 + below(4);
  int runs = 2 + below(7);
  int branches = 1 + below(4);  // b0 is protected
  int most = 4 + below(24);     // claims at once

  int below(int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); }
  RunId run() { return {"r" + std::to_string(below(repositories)), 1 + below(runs)}; }
  std::string lock() { return "l" + std::to_string(below(locks)); }
  Limits limits() {
    Limits limits{1 + below(9), {}, {}};
    if (below(2) == 0) limits.repositories["r0"] = 1 + below(3);
    if (below(2) == 0) limits.locks["l0"] = 2 + below(2);
    return limits;
  }
  SlotRequest request() {
    SlotRequest request{run(), "s", below(4) != 0, {}, false, {}, Time{}};
    // A run belongs to one branch.
    request.branch = "b" + std::to_string(request.run.number % branches);
    request.unprotected = request.run.number % branches > 0;
    if (below(5) == 0) return request;
    request.lock = lock();
    request.keeps = below(2) == 0;
    for (auto n = below(4); n > 0; --n) request.later.insert(lock());
    return request;
  }
  SlotRequest locked() {
    auto locked = request();
    if (locked.lock.empty()) locked.lock = lock();
    return locked;
  }
};

void change(Pair& both, Mix& mix) {
  const auto kind = mix.below(20);
  const bool full = static_cast<int>(both.claims.size()) >= mix.most;
  if (!full && kind < 12) return both.ask(mix.request());
  if (!full && kind == 12) return both.take(mix.request());
  if (!full && kind == 13) return both.keep(mix.locked());
  if (!full && kind == 14 && mix.below(8) == 0) return both.hold_every_lock(mix.run());
  if (both.claims.empty()) return;
  both.end(std::next(both.claims.begin(), mix.below(static_cast<int>(both.claims.size())))->first);
}

void expect_the_same(Pair& both, Mix& mix) {
  std::vector<int> told;
  for (const int name : both.plain.granted) {
    if (!both.at_once.contains(name)) told.push_back(name);
  }
  ASSERT_EQ(both.granted, told);
  ASSERT_EQ(both.granted.size() + both.at_once.size(), both.plain.granted.size());
  std::set<RunId> waiting;
  for (const auto& each : both.slots.waiting()) waiting.insert(each.run);
  for (int r = 0; r < mix.repositories; ++r) {
    for (int number = 1; number <= mix.runs; ++number) {
      const RunId run{"r" + std::to_string(r), number};
      ASSERT_EQ(both.slots.waits(run), both.plain.waits(run)) << to_string(run);
      ASSERT_EQ(both.slots.waits(run), waiting.contains(run)) << to_string(run);
    }
  }
}

TEST(SlotsOrder, IsThatOfLookingAtEverybodyAfterEachChange) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    Mix mix{seed};
    Pair both(mix.limits());
    for (int step = 0; step < 150; ++step) {
      change(both, mix);
      ASSERT_NO_FATAL_FAILURE(expect_the_same(both, mix)) << "seed " << seed << ", step " << step;
    }
    while (!both.claims.empty()) {
      both.end(both.claims.begin()->first);
      ASSERT_NO_FATAL_FAILURE(expect_the_same(both, mix)) << "seed " << seed << ", at the end";
    }
  }
}

}  // namespace
}  // namespace quietgate
