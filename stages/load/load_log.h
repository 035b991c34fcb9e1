// What a source of load itself said went wrong, from the end of its log.
#pragma once

#include <string>
#include <string_view>

namespace quietgate {

// The last line at level ERROR or above, or the last exception that a traceback ends with, whichever is later; empty:
// there is none.
std::string last_error(std::string_view log);

// The last error, else the last line that is no row of Locust's tables, nor one of its notes; empty: nothing was said.
std::string last_message(std::string_view log);

}  // namespace quietgate
