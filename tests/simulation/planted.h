// Bugs that can be planted, to see that the simulation finds them. Each sits in a simulated port or in a wrapper around
// a part of the engine; the product knows nothing of them.
#pragma once

#include <string>
#include <vector>

namespace quietgate {

enum class Planted {
  none,
  unsynced_journal,    // what the journal reported as written in the last second is gone after a crash
  torn_append,         // a crash in an append of several events leaves the first of them
  forgotten_finish,    // the journal reports that it wrote a StageFinished, and did not
  changed_row,         // the journal hands a reader an outcome that was not written
  twice_started,       // a step is started again when a new service takes it up
  unended_step,        // an ordered end of a step answers without ending it
  forgotten_checkout,  // the workspace answers that it removed a checkout, and keeps it
  sleeping_reaper,     // nobody calls the reaper's loop
  lazy_destroyer,      // destroying an environment answers success and does nothing
  skipped_gate,        // the promote stage moves the branch without its gate
  skipped_approval,    // the promote stage takes every approval for granted
  swallowed_intent,    // PromotionIntended is not written
  wrong_commit,        // the promote stage pushes the branch's head, not the judged commit
  forced_push,         // the push moves the branch from wherever it is
  unasked_run,         // RunRequested is dropped from the watcher's append
  free_slots,          // every stage gets a slot at once
  idle_supervisor,     // the supervisor is not told of unfinished runs at its start
  second_finish,       // a finished stage finishes again, with another outcome
  wide_lock,           // a lock has a thousand holders
  unsealed_promotion,  // EvidenceSealed is not written
  lost_note,           // the server answers that it took a note, and did not
  stray_rollback,      // what is put back is put back one commit too far
  believed_record,     // a step's record is believed whoever wrote it
  cut_release,         // a newer commit ends a run although that releases
  silent_release,      // the end of a run whose release was cut says only why it ended
  impatient_turn,      // every run thinks that it is the only one of its branch
};

struct PlantedBug {
  Planted bug;
  const char* name;                   // as given to --plant
  const char* invariant;              // one that finds it, as in Breach
  std::vector<const char*> others{};  // that may see it first
};
const std::vector<PlantedBug>& planted_bugs();

}  // namespace quietgate
