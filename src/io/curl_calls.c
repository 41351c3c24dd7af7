#include "io/curl_calls.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#include "base/str.h"

#define LIBRARY "libcurl.so.4" /* Debian: libcurl4, libcurl4t64 */

static const struct {
    const char *name;
    size_t at;
} symbols[] = {
#define CALL(name)                                                                                 \
    {                                                                                              \
        "curl_" #name, offsetof(struct curl_calls, name)                                           \
    }
    CALL(global_init),         CALL(easy_init),           CALL(easy_setopt),
    CALL(easy_getinfo),        CALL(easy_cleanup),        CALL(easy_strerror),
    CALL(easy_perform),        CALL(slist_append),        CALL(slist_free_all),
    CALL(multi_init),          CALL(multi_setopt),        CALL(multi_add_handle),
    CALL(multi_remove_handle), CALL(multi_socket_action), CALL(multi_assign),
    CALL(multi_info_read),     CALL(multi_cleanup),       CALL(multi_strerror),
#undef CALL
};
static_assert(sizeof(struct curl_calls) == ARRAY_LENGTH(symbols) * sizeof(void *),
              "every call is loaded");

static struct curl_calls calls;
static struct error failure;

static void load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        (void)error_set(&failure, -ENOENT, "HTTP requests cannot be made: %s (install libcurl4)",
                        dlerror());
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(symbols); i++) {
        /* POSIX' own way from an object pointer to a function pointer. */
        void **slot = (void **)((char *)&calls + symbols[i].at);
        *slot = dlsym(library, symbols[i].name);
        if (*slot == NULL) {
            (void)error_set(&failure, -ENOSYS, "%s has no %s", LIBRARY, symbols[i].name);
            return;
        }
    }
    if (calls.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        (void)error_set(&failure, -ENOMEM, "%s does not start", LIBRARY);
}

const struct curl_calls *curl_calls(struct error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load);
    if (failure.code == 0)
        return &calls;
    *err = failure;
    return NULL;
}
