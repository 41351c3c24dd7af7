/* Addresses of receivers: what may stand in `url`, in a file of `url_file` and in `proxy`. Pure. */
#ifndef RESUS_SETTINGS_CHANNEL_URL_H
#define RESUS_SETTINGS_CHANNEL_URL_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/error.h"
#include "core/retry.h"
#include "settings/limits.h"

struct channel_url {
    bool tls;                     /* https, smtps */
    char host[SETTINGS_HOST_MAX]; /* without brackets */
    int port;                     /* 0 = the scheme's own */
};

/* -EINVAL with what is wanted. An address may be a secret: the error never repeats it. Link-local
 * hosts are refused (a cloud machine's metadata stands there), and so is an unencrypted way beyond
 * loopback for types whose address is the key. */
int channel_url_read(enum channel_type type, const char *text, struct channel_url *ret,
                     struct error *err) ATTR_MUST_USE;
/* http://, https://, socks5:// or socks5h:// and a host. */
int channel_proxy_check(const char *text, struct error *err) ATTR_MUST_USE;

bool channel_host_loopback(const char *host);
/* An address of 169.254.0.0/16 or fe80::/10, also as one mapped into IPv6. False for names. */
bool channel_host_link_local(const char *host);

/* Is it a mail address that goes into a header and a command as it is? */
bool channel_mailbox_good(const char *text);

#endif
