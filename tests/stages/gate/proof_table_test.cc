#include "stages/gate/proof_table.h"

#include <gmock/gmock.h>

namespace quietgate {
namespace {

using testing::ElementsAre;

const std::vector<Proof> proofs{{"P1", "server ready", GateVerdict::quiet, "up since noon"},
                                {"LAYER", "layers", GateVerdict::blind, "no live rule of layer \"node\" anywhere"},
                                {"QUIET", "quiet", GateVerdict::loud, ""}};

TEST(ProofTable, AlignsItsColumns) {
  EXPECT_THAT(format_proofs(proofs), ElementsAre("P1     ok     server ready  up since noon",
                                                 "LAYER  blind  layers        no live rule of layer \"node\" anywhere",
                                                 "QUIET  loud   quiet"));
  EXPECT_TRUE(format_proofs({}).empty());
}

TEST(ProofTable, BreaksLongDetailsUnderThemselves) {
  EXPECT_THAT(format_proofs({proofs[1]}, 45),
              ElementsAre("LAYER  blind  layers  no live rule of layer", "                      \"node\" anywhere"));
  const Proof word{"P1", "x", GateVerdict::blind, std::string(60, 'w') + " and so on"};
  EXPECT_THAT(format_proofs({word}, 40),
              ElementsAre("P1  blind  x  " + std::string(60, 'w'), "              and so on"));
  EXPECT_EQ(format_proofs({word}, 10).size(), 1U) << "too narrow to wrap";
}

}  // namespace
}  // namespace quietgate
