// The specs of all kinds and provisioners: a spec stands for the body of a stage (`spec.body = TestSpec{}`).
#pragma once

#include "stages/apply/apply_spec.h"
#include "stages/approve/approve_spec.h"
#include "stages/environments/processes/processes_spec.h"
#include "stages/environments/terraform/terraform_spec.h"
#include "stages/fault/fault_spec.h"
#include "stages/load/load_spec.h"
#include "stages/promote/promote_spec.h"
#include "stages/test/test_spec.h"
#include "stages/verify/verify_spec.h"
