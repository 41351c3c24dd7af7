/* Shared by etcd.c and etcd_watch.c alone. */
#ifndef RESUS_IO_ETCD_INSIDE_H
#define RESUS_IO_ETCD_INSIDE_H

#include "io/curl_calls.h"
#include "io/etcd.h"
#include "io/transfers.h"

#define ETCD_PATH_MAX 256

struct etcd_request;

struct etcd {
    uv_loop_t *loop;
    const struct curl_calls *curl;
    struct transfers *transfers;
    struct curl_slist *headers, *watch_headers;
    char endpoints[ETCD_ENDPOINTS_MAX][ETCD_URL_MAX];
    size_t count, best; /* the endpoint that answered last */
    char ca_file[ETCD_PATH_MAX], certificate[ETCD_PATH_MAX], key[ETCD_PATH_MAX];
    uint64_t cluster, term; /* 0 = none was seen yet */
    struct etcd_request *requests;
    size_t request_count;
};

/* A handle for a POST of `body`, which must live as long; NULL without memory. */
CURL *etcd_handle(struct etcd *e, size_t endpoint, const char *path, const char *body,
                  bool watch) ATTR_MUST_USE;
/* Is it an answer that counts? What the client knows of the cluster goes on. */
bool etcd_of_now(struct etcd *e, uint64_t cluster, uint64_t term, char ret[ETCD_TEXT_MAX]);

#endif
