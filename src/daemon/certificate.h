/* The certificate of the HTTPS side: the one that the configuration names, or a self-signed one
 * (ECDSA P-256) that is made at the first start and again when it is about to end. */
#ifndef RESUS_DAEMON_CERTIFICATE_H
#define RESUS_DAEMON_CERTIFICATE_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "settings/settings.h"

#define CERTIFICATE_BYTES_MAX ((size_t)128 * 1024) /* a chain, or a key */

struct certificate {
    struct buf chain, key;             /* PEM */
    char path[SETTINGS_PATH_MAX + 32]; /* of the chain, for `curl --cacert` */
    bool made;                         /* just now */
};

/* Reads and checks that the key belongs to the certificate; an error names the file. */
int certificate_load(const struct server_settings *server, struct certificate *ret,
                     struct error *err) ATTR_MUST_USE;
void certificate_free(struct certificate *c); /* wipes the key */

#endif
