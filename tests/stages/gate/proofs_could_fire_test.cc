#include "stages/gate/proofs_could_fire.h"

#include <gmock/gmock.h>

#include "tests/support/gate_flaws.h"

namespace quietgate {
namespace {

TEST(ProofsCouldFire, RulesMustBeAbleToFire) {
  expect_blind({{"P8", [](auto& e) { e.rules[0].duration = e.loaded->at(0).duration = 900; },
                 "HighErrors could not have fired: it needs 15m 3s (`for` 15m + 2 evaluations of 1s + a scrape of 1s), "
                 "and the window lasts 50s"}});
}

}  // namespace
}  // namespace quietgate
