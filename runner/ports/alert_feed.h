// What an alert of a later gate says while a stage runs. A port, because the gate's room watches and a load asks; no
// event, because it is asked each second and the outcome tells it.
#pragma once

#include <string>

namespace quietgate {

class AlertFeed {
 public:
  virtual ~AlertFeed() = default;
  // A sentence about the first alert that began to fire since the attempt began; empty: none did.
  virtual std::string fired() const = 0;
};

}  // namespace quietgate
