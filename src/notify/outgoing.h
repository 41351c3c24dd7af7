/* What every connection that leaves this machine has in common: proxy and CA from the settings
 * alone, deadlines, no link-local address, and words for a failure that name no address and no
 * key. */
#ifndef RESUS_NOTIFY_OUTGOING_H
#define RESUS_NOTIFY_OUTGOING_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "io/curl_calls.h"

#define OUTGOING_CONNECT_MS 5000 /* at most, of the whole time */
#define OUTGOING_ERROR_MAX 256

struct outgoing {
    const char *url;
    const char *protocols;       /* "http,https" */
    const char *proxy, *ca_file; /* "" = none, the system's store */
    int64_t timeout_ms;
};

/* Set by a connection that was refused here. It lives as long as the handle. */
struct outgoing_guard {
    bool refused;
};

/* A handle with all of it, NULL on lack of memory. The texts are copied. */
CURL *outgoing_handle(const struct curl_calls *curl, const struct outgoing *o,
                      struct outgoing_guard *guard) ATTR_MUST_USE;

/* "cannot connect: Connection refused" */
void outgoing_failure(const struct curl_calls *curl, CURL *easy, CURLcode result,
                      const struct outgoing_guard *guard, char to[OUTGOING_ERROR_MAX]);

#endif
