// libcurl, loaded when it is first needed: it brings thirty libraries along, and a service that only looks at its
// repositories needs none of them to start.
#pragma once

#include <curl/curl.h>

#include "runner/base/result.h"

namespace quietgate {

// Its functions, by the names that they have without `curl_`.
struct CurlLibrary {
  decltype(&curl_global_init) global_init;
  decltype(&curl_global_cleanup) global_cleanup;
  decltype(&curl_easy_init) easy_init;
  decltype(&curl_easy_cleanup) easy_cleanup;
  decltype(&curl_easy_reset) easy_reset;
  decltype(&curl_easy_perform) easy_perform;
  decltype(&curl_easy_setopt) easy_setopt;
  decltype(&curl_easy_getinfo) easy_getinfo;
  decltype(&curl_easy_strerror) easy_strerror;
  decltype(&curl_slist_append) slist_append;
  decltype(&curl_slist_free_all) slist_free_all;
  decltype(&curl_url) url;
  decltype(&curl_url_cleanup) url_cleanup;
  decltype(&curl_url_get) url_get;
  decltype(&curl_url_set) url_set;
  decltype(&curl_url_strerror) url_strerror;
  decltype(&curl_free) free;
};

// Loads it at the first call, from any thread; for the process's life. Throws std::runtime_error when this machine has
// no libcurl (Debian: libcurl4), or another one than quietgate was built for.
const CurlLibrary& curl();
// Loads it like curl(), and tells instead of throwing: whoever asks this first may call curl() after it.
// Infrastructure.
Result<void> curl_is_usable();

}  // namespace quietgate
