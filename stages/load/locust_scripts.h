// The Python that makes Locust tell what it measures; locust_*.py of this folder, embedded.
#pragma once

#include <string_view>

namespace quietgate {

// Loaded before the user's locustfile: writes a row a second (locust_listener.py, with the parts that it is made of).
std::string_view locust_listener();
// Loaded after it where the load has phases of users (locust_shape.py).
std::string_view locust_shape();

}  // namespace quietgate
