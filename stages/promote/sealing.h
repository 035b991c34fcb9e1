// Seals the evidence of a promotion, and hands it to the commit as a Git note.
#pragma once

#include <optional>
#include <string>

#include "runner/model/state.h"
#include "runner/ports/clock.h"
#include "runner/ports/git.h"
#include "runner/ports/sealer.h"
#include "runner/ports/stage.h"

namespace quietgate {

class Sealing {
 public:
  // All must outlive it.
  Sealing(Git& git, Clock& clock, const Sealer& sealer, const StageRequest& request)
      : git_(git), clock_(clock), sealer_(sealer), request_(request) {}

  // Of what the stage promoted, by the run's state: nothing is done when it promoted nothing. EvidenceSealed is written
  // once, however often this is called, and waits for a disk that is full. Then the note is pushed once, and
  // EvidencePublished written; answers what keeps it from being there yet, or empty. Throws Stopped at the end of the
  // runner only.
  Task<std::string> seal(std::string prometheus);

 private:
  // What the evidence is made of: as it was sealed before, or the run as it was when the commit was promoted.
  struct Material {
    bool wanted = false;  // something was promoted, and no evidence of it is published
    std::optional<EvidenceSealed> sealed;
    RunState at_promotion;  // unless it was sealed before
  };
  Task<Result<Material>> material() const;
  Task<void> record(Event event);
  std::string statement(const RunState& at_promotion, std::string prometheus) const;

  Git& git_;
  Clock& clock_;
  const Sealer& sealer_;
  const StageRequest& request_;
};

}  // namespace quietgate
