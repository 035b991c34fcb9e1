// The ways to make environments, by name.
#pragma once

#include <memory>
#include <string>

#include "runner/ports/clock.h"
#include "runner/ports/http.h"
#include "runner/ports/process.h"
#include "stages/environments/contract/environment.h"

namespace quietgate {

// Of that name, as an environment's descriptor has it; null when there is none. The references outlive it.
std::unique_ptr<Provisioner> make_provisioner(const std::string& name, Processes& processes, Http& http, Clock& clock);

}  // namespace quietgate
