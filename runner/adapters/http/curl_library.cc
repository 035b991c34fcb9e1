#include "runner/adapters/http/curl_library.h"

#include <dlfcn.h>

#include <stdexcept>
#include <string>

namespace quietgate {

namespace {

constexpr const char* file_name = "libcurl.so.4";

[[noreturn]] void fail(const char* what) {
  const char* why = ::dlerror();
  throw std::runtime_error(std::string("libcurl can't be used (") + what + ": " + (why == nullptr ? "?" : why) + ")");
}

CurlLibrary load() {
  void* library = ::dlopen(file_name, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) fail(file_name);
  CurlLibrary found{};
  const auto take = [library](auto& function, const char* name) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(library, name));
    if (function == nullptr) fail(name);
  };
  take(found.global_init, "curl_global_init");
  take(found.global_cleanup, "curl_global_cleanup");
  take(found.easy_init, "curl_easy_init");
  take(found.easy_cleanup, "curl_easy_cleanup");
  take(found.easy_reset, "curl_easy_reset");
  take(found.easy_perform, "curl_easy_perform");
  take(found.easy_setopt, "curl_easy_setopt");
  take(found.easy_getinfo, "curl_easy_getinfo");
  take(found.easy_strerror, "curl_easy_strerror");
  take(found.slist_append, "curl_slist_append");
  take(found.slist_free_all, "curl_slist_free_all");
  take(found.url, "curl_url");
  take(found.url_cleanup, "curl_url_cleanup");
  take(found.url_get, "curl_url_get");
  take(found.url_set, "curl_url_set");
  take(found.url_strerror, "curl_url_strerror");
  take(found.free, "curl_free");
  return found;
}

}  // namespace

const CurlLibrary& curl() {
  static const CurlLibrary library = load();
  return library;
}

Result<void> curl_is_usable() {
  try {
    curl();
    return {};
  } catch (const std::runtime_error& missing) {
    return infrastructure_error(missing.what(), "install libcurl (Debian: apt-get install libcurl4)");
  }
}

}  // namespace quietgate
