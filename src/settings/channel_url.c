#include "settings/channel_url.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/network.h"
#include "base/parse.h"
#include "base/str.h"

struct scheme {
    const char *prefix;
    bool tls, mail;
};

static const struct scheme schemes[] = {
    {"http://", false, false},
    {"https://", true, false},
    {"smtp://", false, true},
    {"smtps://", true, true},
};

static bool in_network(const char *host, const char *network)
{
    struct network n;
    return network_read(network, &n) && network_holds(&n, host);
}

/* A zone ("fe80::1%eth0") is no part of the address. */
static void without_zone(const char *host, char bare[SETTINGS_HOST_MAX])
{
    (void)str_copy_n(bare, SETTINGS_HOST_MAX, host, strcspn(host, "%"));
}

bool channel_host_loopback(const char *host)
{
    char bare[SETTINGS_HOST_MAX];
    without_zone(host, bare);
    return str_equal(bare, "localhost") || in_network(bare, "127.0.0.0/8") ||
           in_network(bare, "::1/128");
}

bool channel_host_link_local(const char *host)
{
    char bare[SETTINGS_HOST_MAX];
    without_zone(host, bare);
    return in_network(bare, "169.254.0.0/16") || in_network(bare, "fe80::/10");
}

/* "host", "host:port", "[v6]:port". */
static bool split_authority(const char *text, size_t length, struct channel_url *ret)
{
    char authority[SETTINGS_HOST_MAX + 16];
    if (length == 0 || !str_copy_n(authority, sizeof authority, text, length))
        return false;
    char *host = authority;
    char *end = authority[0] == '[' ? strchr(authority, ']') : NULL;
    if (authority[0] == '[' && end == NULL)
        return false;
    char *colon = strchr(end == NULL ? authority : end, ':');
    if (end != NULL) {
        if (end[1] != '\0' && end + 1 != colon)
            return false;
        *end = '\0';
        host++;
    }
    ret->port = 0;
    if (colon != NULL) {
        int64_t port;
        if (parse_int(colon + 1, 1, 65535, &port, NULL) < 0)
            return false;
        ret->port = (int)port;
        *colon = '\0';
    }
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    bool good = end != NULL ? strchr(host, ':') != NULL
                            : host[strspn(host, allowed)] == '\0' && isalnum((unsigned char)*host);
    return good && str_copy(ret->host, sizeof ret->host, host);
}

static bool plain(const char *text)
{
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7F)
            return false;
    return true;
}

static const char *wanted_schemes(enum channel_type type)
{
    return type == CHANNEL_SMTP ? "smtp:// or smtps://" : "http:// or https://";
}

/* Is the address itself the key that lets one post? */
static bool secret_address(enum channel_type type)
{
    return type == CHANNEL_SLACK || type == CHANNEL_TEAMS || type == CHANNEL_PAGERDUTY;
}

int channel_url_read(enum channel_type type, const char *text, struct channel_url *ret,
                     struct error *err)
{
    struct channel_url url = {0};
    const char *rest = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(schemes) && rest == NULL; i++)
        if (schemes[i].mail == (type == CHANNEL_SMTP) && str_starts(text, schemes[i].prefix)) {
            rest = text + strlen(schemes[i].prefix);
            url.tls = schemes[i].tls;
        }
    if (rest == NULL)
        return error_set(err, -EINVAL, "the address must begin with %s", wanted_schemes(type));
    if (!plain(text) || strlen(text) >= SETTINGS_PATH_MAX)
        return error_set(err, -EINVAL,
                         "the address must be printable ASCII without blanks, at most %d bytes",
                         SETTINGS_PATH_MAX - 1);
    size_t authority = strcspn(rest, "/?#");
    if (memchr(rest, '@', authority) != NULL)
        return error_set(err, -EINVAL, "the address must have no name or password in it%s",
                         type == CHANNEL_SMTP ? ": use `username` and `password_file`" : "");
    if (!split_authority(rest, authority, &url))
        return error_set(err, -EINVAL, "the address must name a host, and a port from 1 to 65535");
    if (type == CHANNEL_SMTP && rest[authority] != '\0' && !str_equal(rest + authority, "/"))
        return error_set(err, -EINVAL, "the address must end with the host or the port");
    if (channel_host_link_local(url.host))
        return error_set(err, -EINVAL,
                         "link-local addresses (169.254.0.0/16, fe80::/10) are "
                         "refused: give the receiver's own address");
    if (secret_address(type) && !url.tls && !channel_host_loopback(url.host))
        return error_set(err, -EINVAL,
                         "the address must begin with https://: who reads it on the way can post");
    *ret = url;
    return 0;
}

int channel_proxy_check(const char *text, struct error *err)
{
    static const char *const prefixes[] = {"http://", "https://", "socks5://", "socks5h://"};
    struct channel_url url;
    for (size_t i = 0; i < ARRAY_LENGTH(prefixes); i++) {
        if (!str_starts(text, prefixes[i]))
            continue;
        const char *rest = text + strlen(prefixes[i]);
        size_t authority = strcspn(rest, "/?#");
        if (plain(text) && memchr(rest, '@', authority) == NULL &&
            split_authority(rest, authority, &url) &&
            (rest[authority] == '\0' || str_equal(rest + authority, "/")))
            return 0;
    }
    return error_set(err, -EINVAL,
                     "`proxy` must be http://, https://, socks5:// or socks5h:// and host:port, "
                     "without a name or password");
}

bool channel_mailbox_good(const char *text)
{
    const char *at = strchr(text, '@');
    if (at == NULL || at == text || at[1] == '\0' || strchr(at + 1, '@') != NULL || !plain(text) ||
        strlen(text) >= 255)
        return false;
    return strpbrk(text, "<>()[]\\,;:\"") == NULL;
}
