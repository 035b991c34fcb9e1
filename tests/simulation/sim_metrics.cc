#include "tests/simulation/sim_metrics.h"

namespace quietgate {

SimMetrics::SimMetrics(World& world) : time_(world) {
  loud_.alerts = R"({"labels":{"alertname":"HighErrors"},"annotations":{},"state":"firing",)"
                 R"("activeAt":"2026-01-01T00:00:00Z","value":"9"})";
  blind_.instead["/api/v1/rules"] = [] { return GatePrometheus::body(503, "no"); };
}

GatePrometheus& SimMetrics::of(const std::string& url) {
  if (url.starts_with("http://quiet")) return quiet_;
  return url.starts_with("http://loud") ? loud_ : blind_;
}

Task<Result<HttpResponse>> SimHttp::send(HttpRequest request, Stop& stop) {
  const bool lost = world_.fault(world_.faults.lost_answer) || world_.network_down;
  auto span = world_.dice.span(Milliseconds{1}, Milliseconds{20});
  if (lost) span = request.deadline;
  co_await clock_.sleep(span, stop);
  if (lost) co_return infrastructure_error(request.url + ": timed out");
  auto& server = metrics_.of(request.url);
  co_return co_await server.send(std::move(request), stop);
}

}  // namespace quietgate
