// A load stage in fake time, with a scripted Locust and Prometheus.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "stages/load/load.h"
#include "tests/support/locust_rows.h"
#include "tests/support/scripted_load.h"
#include "tests/support/specs.h"

namespace quietgate {

inline double seconds_of(Time time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1000;
}

class Load : public testing::Test {
 protected:
  Load() {
    bench.write("checkout/load/locustfile.py", "from locust import *\n");
    bench.write("bin/locust", "#!/bin/sh\n");
    std::filesystem::permissions(bench.root + "/bin/locust", std::filesystem::perms::owner_all);
    spec.locustfile = "load/locustfile.py";
    spec.host = "http://127.0.0.1:1";
    spec.users = 40;
    spec.spawn_rate = 20;
    spec.duration = Milliseconds(10'000);
  }

  // Ten seconds of load, `per_second` requests of 61 ms each, beginning half a second after the start.
  void healthy_locust(int per_second = 100, int last_second = 10) {
    LocustRowWriter rows;
    std::size_t told = 0;
    auto add = [&](Milliseconds at) {
      locust.lines.push_back({at, rows.text().substr(told)});
      told = rows.text().size();
    };
    rows.loaded().started(seconds_of(clock.now()) + 0.5);
    add(Milliseconds(500));
    for (int second = 0; second < last_second; ++second) {
      rows.second(std::vector<double>(static_cast<std::size_t>(per_second), 61), 0, 0, 40);
      add(Milliseconds(1500 + 1000 * second));
    }
    if (last_second < 10) return;
    rows.stopping(10).final().exit(0);
    add(Milliseconds(10'600));
    locust.ends_at = Milliseconds(10'700);
  }
  // Each load has its own time.
  void repeated(
      int times, std::function<int(std::size_t)> per_second = [](std::size_t) { return 100; }) {
    spec.repeat = times;
    locust.starting = [this, per_second](std::size_t number) {
      locust.lines.clear();
      healthy_locust(per_second(number));
    };
  }
  void scaled() {
    spec.autoscaling = AutoscalingSpec{"http://prometheus", "sum(app_ready_replicas)", {}};
    spec.autoscaling->expect.reach = 3;
    spec.autoscaling->expect.within = Milliseconds(8'000);
    spec.autoscaling->expect.settle_at = 1;
    spec.autoscaling->expect.settle_within = Milliseconds(20'000);
    spec.autoscaling->expect.reversals = Bound{Bound::Relation::less_equal, 1, "<= 1"};
    double start = seconds_of(clock.now());
    prometheus.value = [this, start](double at) {
      double t = at - prometheus.ahead - start;
      return t < 4 || t > 17 ? 1.0 : 3.0;
    };
  }
  StageRequest request() {
    auto made = bench.request(spec, "load");
    made.environment["PATH"] = bench.root + "/bin";
    return made;
  }
  StageOutcome run() { return await_in_time(bench, clock, LoadStage(locust, prometheus, clock).run(request())); }
  bool said(const std::string& line) const { return bench.log.all().find(line) != std::string::npos; }

  StageBench bench;
  FakeClock clock{bench.loop.get_executor()};
  ScriptedLocust locust{clock};
  ScriptedPrometheus prometheus{clock};
  LoadSpec spec;
};

}  // namespace quietgate
