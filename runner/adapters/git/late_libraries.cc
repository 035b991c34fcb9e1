#include "runner/adapters/git/late_libraries.h"

#include <dlfcn.h>
#include <git2.h>
#include <libssh2.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace quietgate {

namespace {

constexpr const char* file_name = "libssh2.so.1";

thread_local bool beginning = false;

struct SshLibrary {
  void* handle = ::dlopen(file_name, RTLD_NOW | RTLD_LOCAL);
  std::string problem = handle != nullptr ? std::string() : ::dlerror();
};

const SshLibrary& ssh_library() {
  static const SshLibrary library;
  return library;
}

// Nobody can call libssh2 before load_ssh() has answered well, and each function is in every libssh2.so.1.
template <typename Function>
Function* loaded(Function*, const char* name) {
  void* found = ssh_library().handle == nullptr ? nullptr : ::dlsym(ssh_library().handle, name);
  if (found == nullptr) std::abort();
  return reinterpret_cast<Function*>(found);
}

}  // namespace

void begin_libgit2() {
  beginning = true;
  git_libgit2_init();
  beginning = false;
}

Result<void> load_ssh() {
  static const int begun = ssh_library().handle == nullptr ? -1 : loaded(&libssh2_init, "libssh2_init")(0);
  if (begun == 0) return {};
  const auto& why = ssh_library().problem;
  return infrastructure_error("libssh2 can't be used: " + (why.empty() ? "it does not begin" : why),
                              "install libssh2 (Debian: apt-get install libssh2-1)");
}

}  // namespace quietgate

// The linker has libgit2 call this one (cmake/start.cmake): mbedTLS's own has the other name.
extern "C" {
struct mbedtls_x509_crt;
__attribute__((weak)) int __real_mbedtls_x509_crt_parse_file(mbedtls_x509_crt* chain, const char* path);
int __wrap_mbedtls_x509_crt_parse_file(mbedtls_x509_crt* chain, const char* path);
int __wrap_mbedtls_x509_crt_parse_file(mbedtls_x509_crt* chain, const char* path) {
  return quietgate::beginning ? 0 : __real_mbedtls_x509_crt_parse_file(chain, path);
}
}

// A program exports none of these: libcurl, which is loaded as well, finds its own libssh2 and Kerberos.
#define QUIETGATE_LATE extern "C"
#define QUIETGATE_CALL(name) static const auto call = quietgate::loaded(&name, #name)

#define QUIETGATE_1(R, name, A) \
  QUIETGATE_LATE R name(A a) {  \
    QUIETGATE_CALL(name);       \
    return call(a);             \
  }
#define QUIETGATE_2(R, name, A, B)  \
  QUIETGATE_LATE R name(A a, B b) { \
    QUIETGATE_CALL(name);           \
    return call(a, b);              \
  }
#define QUIETGATE_3(R, name, A, B, C)    \
  QUIETGATE_LATE R name(A a, B b, C c) { \
    QUIETGATE_CALL(name);                \
    return call(a, b, c);                \
  }
#define QUIETGATE_4(R, name, A, B, C, D)      \
  QUIETGATE_LATE R name(A a, B b, C c, D d) { \
    QUIETGATE_CALL(name);                     \
    return call(a, b, c, d);                  \
  }
#define QUIETGATE_5(R, name, A, B, C, D, E)        \
  QUIETGATE_LATE R name(A a, B b, C c, D d, E e) { \
    QUIETGATE_CALL(name);                          \
    return call(a, b, c, d, e);                    \
  }
#define QUIETGATE_6(R, name, A, B, C, D, E, F)          \
  QUIETGATE_LATE R name(A a, B b, C c, D d, E e, F f) { \
    QUIETGATE_CALL(name);                               \
    return call(a, b, c, d, e, f);                      \
  }
#define QUIETGATE_7(R, name, A, B, C, D, E, F, G)            \
  QUIETGATE_LATE R name(A a, B b, C c, D d, E e, F f, G g) { \
    QUIETGATE_CALL(name);                                    \
    return call(a, b, c, d, e, f, g);                        \
  }
#define QUIETGATE_8(R, name, A, B, C, D, E, F, G, H)              \
  QUIETGATE_LATE R name(A a, B b, C c, D d, E e, F f, G g, H h) { \
    QUIETGATE_CALL(name);                                         \
    return call(a, b, c, d, e, f, g, h);                          \
  }

namespace {

using Agent = LIBSSH2_AGENT*;
using Channel = LIBSSH2_CHANNEL*;
using Hosts = LIBSSH2_KNOWNHOSTS*;
using Session = LIBSSH2_SESSION*;
using Identity = struct libssh2_agent_publickey*;
using Text = const char*;
using Length = unsigned int;
using Allocate = LIBSSH2_ALLOC_FUNC((*));
using Free = LIBSSH2_FREE_FUNC((*));
using Reallocate = LIBSSH2_REALLOC_FUNC((*));
using Answer = LIBSSH2_USERAUTH_KBDINT_RESPONSE_FUNC((*));
using ChangePassword = LIBSSH2_PASSWD_CHANGEREQ_FUNC((*));
using Sign = LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC((*));

}  // namespace

// libgit2 calls these two whenever it begins and ends, with or without ssh.
QUIETGATE_LATE int libssh2_init(int) {
  return 0;
}
QUIETGATE_LATE void libssh2_exit() {}

QUIETGATE_1(int, libssh2_agent_connect, Agent)
QUIETGATE_1(int, libssh2_agent_disconnect, Agent)
QUIETGATE_1(void, libssh2_agent_free, Agent)
QUIETGATE_3(int, libssh2_agent_get_identity, Agent, Identity*, Identity)
QUIETGATE_1(Agent, libssh2_agent_init, Session)
QUIETGATE_1(int, libssh2_agent_list_identities, Agent)
QUIETGATE_3(int, libssh2_agent_userauth, Agent, Text, Identity)
QUIETGATE_1(int, libssh2_channel_close, Channel)
QUIETGATE_1(int, libssh2_channel_free, Channel)
QUIETGATE_7(Channel, libssh2_channel_open_ex, Session, Text, Length, Length, Length, Text, Length)
QUIETGATE_5(int, libssh2_channel_process_startup, Channel, Text, Length, Text, Length)
QUIETGATE_4(ssize_t, libssh2_channel_read_ex, Channel, int, char*, std::size_t)
QUIETGATE_2(void, libssh2_channel_set_blocking, Channel, int)
QUIETGATE_4(ssize_t, libssh2_channel_write_ex, Channel, int, Text, std::size_t)
QUIETGATE_2(Text, libssh2_hostkey_hash, Session, int)
QUIETGATE_7(int, libssh2_knownhost_checkp, Hosts, Text, int, Text, std::size_t, int, struct libssh2_knownhost**)
QUIETGATE_1(void, libssh2_knownhost_free, Hosts)
QUIETGATE_1(Hosts, libssh2_knownhost_init, Session)
QUIETGATE_3(int, libssh2_knownhost_readfile, Hosts, Text, int)
QUIETGATE_1(void**, libssh2_session_abstract, Session)
QUIETGATE_4(int, libssh2_session_disconnect_ex, Session, int, Text, Text)
QUIETGATE_1(int, libssh2_session_free, Session)
QUIETGATE_2(int, libssh2_session_handshake, Session, libssh2_socket_t)
QUIETGATE_3(Text, libssh2_session_hostkey, Session, std::size_t*, int*)
QUIETGATE_4(Session, libssh2_session_init_ex, Allocate, Free, Reallocate, void*)
QUIETGATE_4(int, libssh2_session_last_error, Session, char**, int*, int)
QUIETGATE_3(int, libssh2_session_method_pref, Session, int, Text)
QUIETGATE_2(void, libssh2_session_set_blocking, Session, int)
QUIETGATE_1(int, libssh2_userauth_authenticated, Session)
QUIETGATE_4(int, libssh2_userauth_keyboard_interactive_ex, Session, Text, Length, Answer)
QUIETGATE_3(char*, libssh2_userauth_list, Session, Text, Length)
QUIETGATE_6(int, libssh2_userauth_password_ex, Session, Text, Length, Text, Length, ChangePassword)
QUIETGATE_6(int, libssh2_userauth_publickey, Session, Text, const unsigned char*, std::size_t, Sign, void**)
QUIETGATE_6(int, libssh2_userauth_publickey_fromfile_ex, Session, Text, Length, Text, Text, Text)
QUIETGATE_8(int, libssh2_userauth_publickey_frommemory, Session, Text, std::size_t, Text, std::size_t, Text,
            std::size_t, Text)

// Kerberos: libgit2 takes it only with credentials of the kind GIT_CREDENTIAL_DEFAULT, which GitConnection never gives.
// Each function has the arguments of RFC 2744, which nobody reads.
#define QUIETGATE_NO_KERBEROS(name)            \
  QUIETGATE_LATE std::uint32_t name() {        \
    return 16U << 16U; /* GSS_S_UNAVAILABLE */ \
  }
QUIETGATE_NO_KERBEROS(gss_delete_sec_context)
QUIETGATE_NO_KERBEROS(gss_display_status)
QUIETGATE_NO_KERBEROS(gss_import_name)
QUIETGATE_NO_KERBEROS(gss_indicate_mechs)
QUIETGATE_NO_KERBEROS(gss_init_sec_context)
QUIETGATE_NO_KERBEROS(gss_release_buffer)
QUIETGATE_NO_KERBEROS(gss_release_name)
QUIETGATE_NO_KERBEROS(gss_release_oid_set)
extern "C" {
extern void* const GSS_C_NT_HOSTBASED_SERVICE;
void* const GSS_C_NT_HOSTBASED_SERVICE = nullptr;
}
