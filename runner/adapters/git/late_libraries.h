// What libgit2 links and a service that polls a folder or an https server never calls: libssh2 (with OpenSSL below it)
// is loaded when ssh is first used, and Kerberos is left out. Where libgit2 comes as an archive, its calls end here.
#pragma once

#include "runner/base/result.h"

namespace quietgate {

// git_libgit2_init() without its reading of the system's authorities, which takes longer than all else of a start: what
// a server needs is named by GitTrust.
void begin_libgit2();

// Once for the process's life, from any thread; later calls answer as the first did. Infrastructure error: it can't be
// loaded.
Result<void> load_ssh();

}  // namespace quietgate
