/* Who is behind a proxy: what X-Forwarded-For and X-Forwarded-Proto of a trusted one say. Pure. */
#ifndef RESUS_WEB_PROXY_H
#define RESUS_WEB_PROXY_H

#include <jansson.h>

#include "base/network.h"
#include "web/http.h"

#define PROXIES_MAX 64 /* as many as the settings may name */
#define PROXY_HOPS_MAX 32

struct proxies {
    struct network networks[PROXIES_MAX];
    size_t count;
};

/* A list of networks as texts. */
void proxies_set(struct proxies *proxies, const json_t *list);
bool proxies_hold(const struct proxies *proxies, const char *address);
/* The client of a request that came from `peer`: of the addresses in X-Forwarded-For, the last that
 * is no trusted proxy's. Nothing is believed beyond an entry that is no address, nor beyond
 * PROXY_HOPS_MAX of them: then it is the last trusted one before it. */
void proxies_client(const struct proxies *proxies, const struct http_head *head, const char *peer,
                    char to[NETWORK_TEXT_MAX]);
/* Does a trusted proxy say that its client speaks HTTP without TLS? */
bool proxies_plain_http(const struct proxies *proxies, const struct http_head *head,
                        const char *peer);

#endif
