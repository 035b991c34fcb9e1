// Signs evidence.
#pragma once

#include <string>
#include <string_view>

namespace quietgate {

class Sealer {
 public:
  virtual ~Sealer() = default;
  // The in-toto statement (JSON) in a signed DSSE envelope: one line. The same statement gives the same envelope.
  virtual std::string seal(std::string_view statement) const = 0;
};

}  // namespace quietgate
