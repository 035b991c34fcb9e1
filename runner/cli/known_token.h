// The token that a verb gives the service, and why it has none.
#pragma once

#include <optional>
#include <string>

#include "runner/base/result.h"
#include "runner/cli/invocation.h"

namespace quietgate {

struct KnownToken {
  std::string token;             // empty: none is given
  std::string source;            // for sentences: the variable, or the file
  std::optional<Error> problem;  // why there is none
};

// Of QUIETGATE_TOKEN, else of the data directory. The directory's is only given to a service of this machine whose port
// belongs to the token's owner, or to root: another user's program could wait there for it.
KnownToken known_token(const Invocation& call);

}  // namespace quietgate
