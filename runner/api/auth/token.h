// The token that changes need: 32 random bytes in hexadecimal, in a file that only its owner may read.
#pragma once

#include <string>

#include "runner/base/result.h"

namespace quietgate {

// Reads `<data>/token`, or makes it (0600) when it is not there. Fails with kind infrastructure when it can't, and with
// kind user when others may read the file or what it holds is no token.
Result<std::string> load_or_make_token(const std::string& data);

// As the client asks: nothing is made. Fails with kind user when there is none to read.
Result<std::string> read_token(const std::string& data);

}  // namespace quietgate
