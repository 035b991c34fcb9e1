#include "tests/simulation/planted.h"

#include "tests/simulation/invariants.h"

namespace quietgate {

const std::vector<PlantedBug>& planted_bugs() {
  static const std::vector<PlantedBug> all{
      {Planted::unsynced_journal, "unsynced_journal", invariant::truth},
      {Planted::torn_append, "torn_append", invariant::kept},
      {Planted::forgotten_finish, "forgotten_finish", invariant::replay},
      {Planted::changed_row, "changed_row", invariant::replay},
      {Planted::twice_started, "twice_started", invariant::once},
      {Planted::unended_step, "unended_step", invariant::clean},
      {Planted::forgotten_checkout, "forgotten_checkout", invariant::clean},
      {Planted::sleeping_reaper, "sleeping_reaper", invariant::clean},
      {Planted::lazy_destroyer, "lazy_destroyer", invariant::clean},
      {Planted::skipped_gate, "skipped_gate", invariant::gated},
      {Planted::skipped_approval, "skipped_approval", invariant::gated},
      {Planted::swallowed_intent, "swallowed_intent", invariant::truth},
      {Planted::wrong_commit, "wrong_commit", invariant::single},
      {Planted::forced_push, "forced_push", invariant::single},
      {Planted::unasked_run, "unasked_run", invariant::kept},
      {Planted::free_slots, "free_slots", invariant::slots},
      {Planted::idle_supervisor, "idle_supervisor", invariant::kept, {invariant::turns, invariant::locks}},
      {Planted::second_finish, "second_finish", invariant::monotone},
      {Planted::wide_lock, "wide_lock", invariant::locks},
      {Planted::believed_record, "believed_record", invariant::once},
      {Planted::cut_release, "cut_release", invariant::whole},
      {Planted::silent_release, "silent_release", invariant::whole},
      {Planted::impatient_turn, "impatient_turn", invariant::turns},
      {Planted::unsealed_promotion, "unsealed_promotion", invariant::kept},
      {Planted::lost_note, "lost_note", invariant::kept},
      {Planted::stray_rollback, "stray_rollback", invariant::single},
  };
  return all;
}

}  // namespace quietgate
