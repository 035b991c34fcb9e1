#include "runner/adapters/memory/memory_synthetic_faults.h"

#include <gmock/gmock.h>

namespace quietgate {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(MemorySyntheticFaults, AreUpUntilTheLastStageLowersThem) {
  MemorySyntheticFaults faults;
  const RunId one{"hello", 1};
  const RunId two{"hello", 2};
  faults.raise(two);
  faults.raise(one);
  faults.raise(one);
  EXPECT_THAT(faults.raised(), ElementsAre(one, two));
  faults.lower(one);
  faults.lower(two);
  EXPECT_THAT(faults.raised(), ElementsAre(one));
  faults.lower(one);
  faults.lower(one);
  EXPECT_THAT(faults.raised(), IsEmpty());
}

TEST(MemorySyntheticFaults, AreShownFromThenOn) {
  MemorySyntheticFaults faults;
  EXPECT_FALSE(faults.shown());
  faults.show();
  EXPECT_TRUE(faults.shown());
}

}  // namespace
}  // namespace quietgate
