// libcurl, loaded on first use: it needs thirty libraries, and a service that only polls repositories needs none of
// them.
#pragma once

#include <curl/curl.h>

#include "runner/base/result.h"

namespace quietgate {

// Its functions, with their names without `curl_`.
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

// Loads it at the first call, from any thread, for the life of the process. Throws std::runtime_error if this machine
// has no libcurl (Debian: libcurl4), or not the version that quietgate was built for.
const CurlLibrary& curl();
// Loads it like curl(), but returns an error of kind infrastructure instead of throwing. After success, curl() does not
// throw.
Result<void> curl_is_usable();

}  // namespace quietgate
