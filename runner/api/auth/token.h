// The token that authorizes changes: 32 random bytes in hexadecimal, in a file that only its owner may read.
#pragma once

#include <string>

#include "runner/base/result.h"

namespace quietgate {

// Reads `<data>/token`, or creates it (0600) if it does not exist. Fails with kind infrastructure if it can't, and with
// kind user if other users may read the file or if it does not contain a token.
Result<std::string> load_or_make_token(const std::string& data);

// For clients: creates nothing. Fails with kind user if there is no readable token.
Result<std::string> read_token(const std::string& data);

}  // namespace quietgate
