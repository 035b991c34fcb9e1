// Metrics servers that outlive the service: `http://quiet`, `http://loud` (its alert fires) and `http://blind` (it
// can't be asked for its rules), over the same network as Git.
#pragma once

#include "runner/ports/http.h"
#include "tests/simulation/sim_clock.h"
#include "tests/support/gate_prometheus.h"

namespace quietgate {

class SimMetrics {
 public:
  explicit SimMetrics(World& world);
  GatePrometheus& of(const std::string& url);

 private:
  struct WorldTime final : Clock {
    explicit WorldTime(World& w) : world(w) {}
    Time now() const override { return world.now(); }
    Task<void> sleep(Milliseconds, Stop&) override { co_return; }
    World& world;
  };
  WorldTime time_;
  GatePrometheus quiet_{time_};
  GatePrometheus loud_{time_};
  GatePrometheus blind_{time_};
};

class SimHttp final : public Http {
 public:
  SimHttp(World& world, SimClock& clock, SimMetrics& metrics) : world_(world), clock_(clock), metrics_(metrics) {}
  Task<Result<HttpResponse>> send(HttpRequest request, Stop& stop) override;

 private:
  World& world_;
  SimClock& clock_;
  SimMetrics& metrics_;
};

}  // namespace quietgate
