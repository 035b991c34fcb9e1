#include "runner/cli/verbs.h"

#include "runner/cli/verbs/alerts.h"
#include "runner/cli/verbs/approve.h"
#include "runner/cli/verbs/artifacts.h"
#include "runner/cli/verbs/backup.h"
#include "runner/cli/verbs/cancel.h"
#include "runner/cli/verbs/complete.h"
#include "runner/cli/verbs/completion.h"
#include "runner/cli/verbs/doctor.h"
#include "runner/cli/verbs/environments.h"
#include "runner/cli/verbs/evidence.h"
#include "runner/cli/verbs/init.h"
#include "runner/cli/verbs/listener.h"
#include "runner/cli/verbs/logs.h"
#include "runner/cli/verbs/manual.h"
#include "runner/cli/verbs/migrate.h"
#include "runner/cli/verbs/plan.h"
#include "runner/cli/verbs/promote.h"
#include "runner/cli/verbs/queue.h"
#include "runner/cli/verbs/restore.h"
#include "runner/cli/verbs/retry.h"
#include "runner/cli/verbs/rollback.h"
#include "runner/cli/verbs/run.h"
#include "runner/cli/verbs/runs.h"
#include "runner/cli/verbs/serve.h"
#include "runner/cli/verbs/show.h"
#include "runner/cli/verbs/start.h"
#include "runner/cli/verbs/validate.h"
#include "runner/cli/verbs/verify.h"

namespace quietgate {

std::vector<Verb> all_verbs() {
  std::vector<Verb> verbs;
  verbs.push_back(init_verb());
  verbs.push_back(migrate_verb());
  verbs.push_back(run_verb());
  verbs.push_back(validate_verb());
  verbs.push_back(plan_verb());
  verbs.push_back(doctor_verb());
  verbs.push_back(backup_verb());
  verbs.push_back(restore_verb());
  verbs.push_back(serve_verb());
  verbs.push_back(alerts_verb());
  verbs.push_back(listener_verb());
  verbs.push_back(verify_verb());
  verbs.push_back(runs_verb());
  verbs.push_back(queue_verb());
  verbs.push_back(show_verb());
  verbs.push_back(logs_verb());
  verbs.push_back(artifacts_verb());
  verbs.push_back(evidence_verb());
  verbs.push_back(environments_verb());
  verbs.push_back(start_verb());
  verbs.push_back(cancel_verb());
  verbs.push_back(retry_verb());
  verbs.push_back(approve_verb());
  verbs.push_back(promote_verb());
  verbs.push_back(rollback_verb());
  verbs.push_back(completion_verb());
  verbs.push_back(manual_verb());
  verbs.push_back(complete_verb());
  return verbs;
}

}  // namespace quietgate
