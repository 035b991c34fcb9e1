#include "stages/gate/proofs_layers.h"

#include <gmock/gmock.h>

#include "tests/support/gate_flaws.h"

namespace quietgate {
namespace {

TEST(ProofsLayers, EveryLayerNeedsALiveRule) {
  expect_blind({
      {"LAYER", [](auto& e) { e.inputs.at("up{job=\"node\"}").counts->clear(); },
       "no live rule of layer \"node\" (the commit has 1: none can be relied on)"},
      {"LAYER", [](auto& e) { e.rules[1].labels["layer"] = e.loaded->at(1).labels["layer"] = "nodes"; },
       "no live rule of layer \"node\" (no alert has this label)"},
  });
  EXPECT_EQ(judge_gate(GateSpec{}, good_evidence()).proofs.size(), 9U) << "no row where no layer is asked for";
}

}  // namespace
}  // namespace quietgate
