// Seals the evidence of a promotion, and attaches it to the commit as a Git note.
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

  // Seals evidence for the stage's promotion in the run's state; does nothing if there is none. Appends EvidenceSealed
  // once, even if called again, and waits if the disk is full. Then pushes the note once and appends EvidencePublished.
  // Returns why the note is not published yet, or empty. Throws Stopped only when the service stops.
  Task<std::string> seal(std::string prometheus);

 private:
  // The content of the evidence: the earlier envelope, or the run at the time of the promotion.
  struct Material {
    bool wanted = false;  // there is a promotion without published evidence
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
