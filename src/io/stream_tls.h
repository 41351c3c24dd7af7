/* TLS (1.2 and later, OpenSSL 3) as a stream over another stream. The peer's chain and its host
 * name are always verified: there is no switch to turn that off. */
#ifndef RESUS_IO_STREAM_TLS_H
#define RESUS_IO_STREAM_TLS_H

#include "io/stream.h"

struct stream_tls_files {
    const char *ca_file;           /* "" or NULL = the system's store */
    const char *certificate, *key; /* PEM, our own; "" or NULL = none; both or neither */
};

/* Certificates and keys as loaded from files. Streams keep what they were made with. */
struct stream_tls;

/* Loads and checks; the error names the file. */
int stream_tls_load(const struct stream_tls_files *files, struct stream_tls **ret,
                    struct error *err) ATTR_MUST_USE;
/* Loads again when a file changed (a certificate renewed). What cannot be loaded now (half written)
 * leaves the old in use. */
void stream_tls_refresh(struct stream_tls *tls);
void stream_tls_free(struct stream_tls *tls); /* takes NULL */

/* `below` is not opened yet and is this stream's from here on, also when this fails. `name` is the
 * host name or address that the certificate must have. -EINVAL without a name, -ENOMEM. */
int stream_tls_new(struct stream_tls *tls, const char *name, struct stream *below,
                   struct stream **ret, struct error *err) ATTR_MUST_USE;

#endif
