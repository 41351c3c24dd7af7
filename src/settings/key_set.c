#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

#include "base/date.h"
#include "base/parse.h"
#include "base/str.h"
#include "settings/channel_url.h"
#include "settings/keys.h"
#include "settings/office_hours.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
#define SOCKET_PATH_MAX sizeof(((struct sockaddr_un *)NULL)->sun_path)
#define SHOWN_MAX 64 /* of a wrong value, in a message */

typedef int (*set_fn)(const struct key *row, char *to, const char *text, struct error *err);

/* "`port` must be ..., not "x"". `code` is always -EINVAL: what is wrong is the file. */
static int wrong(const struct key *row, const char *text, struct error *err, const char *wanted)
{
    char shown[SHOWN_MAX];
    (void)str_copy_clean(shown, sizeof shown, text, strlen(text));
    return error_set(err, -EINVAL, "`%s` must be %s, not \"%s\"", row->name, wanted, shown);
}

static bool only(const char *text, const char *allowed)
{
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

static int copy(const struct key *row, char *to, const char *text, struct error *err)
{
    for (const char *p = text; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return wrong(row, text, err, "text without control characters");
    if (strlen(text) >= row->size)
        return error_set(err, -EINVAL, "`%s` is longer than %zu bytes", row->name, row->size - 1);
    (void)str_copy(to, row->size, text);
    return 0;
}

static int set_name(const struct key *row, char *to, const char *text, struct error *err)
{
    if (text[strspn(text, " ")] == '\0')
        return error_set(err, -EINVAL, "`%s` must not be empty", row->name);
    return copy(row, to, text, err);
}

static int set_word(const struct key *row, char *to, const char *text, struct error *err)
{
    if (!only(text, LETTERS DIGITS "._-"))
        return wrong(row, text, err, "letters, digits, dots, underscores and dashes");
    return copy(row, to, text, err);
}

static int set_path(const struct key *row, char *to, const char *text, struct error *err)
{
    if (text[0] == '\0')
        return error_set(err, -EINVAL, "`%s` must not be empty", row->name);
    if (text[0] == '~')
        return wrong(row, text, err, "a whole path (`~` is not expanded)");
    return copy(row, to, text, err);
}

static int set_socket(const struct key *row, char *to, const char *text, struct error *err)
{
    if (text[0] != '/')
        return wrong(row, text, err, "an absolute path");
    if (strlen(text) >= SOCKET_PATH_MAX)
        return error_set(err, -EINVAL, "`%s` is longer than the %zu bytes that a Unix socket takes",
                         row->name, SOCKET_PATH_MAX - 1);
    return copy(row, to, text, err);
}

/* An int or an int64_t, by the destination's size. */
static void store_int(const struct key *row, char *to, int64_t value)
{
    int narrow = (int)value;
    if (row->size == sizeof narrow)
        memcpy(to, &narrow, sizeof narrow);
    else
        memcpy(to, &value, sizeof value);
}

static int out_of_range(const struct key *row, const char *text, struct error *err,
                        const char *what)
{
    char wanted[128];
    (void)str_format(wanted, sizeof wanted, "%s%s from %.10g to %.10g",
                     row->type == KEY_INT_OR_0 ? "0 or " : "", what, row->min, row->max);
    return wrong(row, text, err, wanted);
}

static int set_int(const struct key *row, char *to, const char *text, struct error *err)
{
    int64_t value;
    if (parse_int(text, INT64_MIN, INT64_MAX, &value, NULL) < 0 ||
        (((double)value < row->min || (double)value > row->max) &&
         !(row->type == KEY_INT_OR_0 && value == 0)))
        return out_of_range(row, text, err, "a whole number");
    store_int(row, to, row->type == KEY_MEGABYTES ? value * 1024 * 1024 : value);
    return 0;
}

static int set_real(const struct key *row, char *to, const char *text, struct error *err)
{
    double value;
    if (parse_double(text, row->min, row->max, &value, NULL) < 0)
        return out_of_range(row, text, err, "a number");
    if (row->type == KEY_SECONDS || row->type == KEY_MINUTES)
        store_int(row, to, llround(value * (row->type == KEY_MINUTES ? 60000 : 1000)));
    else
        memcpy(to, &value, sizeof value);
    return 0;
}

static int set_size(const struct key *row, char *to, const char *text, struct error *err)
{
    int64_t value;
    if (parse_size(text, &value, NULL) < 0 || (double)value < row->min || (double)value > row->max)
        return wrong(row, text, err, "a size such as 100MB, from 4KB to 900GB");
    store_int(row, to, value);
    return 0;
}

static int set_bool(const struct key *row, char *to, const char *text, struct error *err)
{
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"}; /* YAML 1.1 */
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
        if (strcasecmp(text, words[i]) == 0) {
            bool value = i % 2 != 0;
            memcpy(to, &value, sizeof value);
            return 0;
        }
    return wrong(row, text, err, "true or false");
}

static int set_choice(const struct key *row, char *to, const char *text, struct error *err)
{
    char wanted[128] = "";
    for (int i = 0; row->choices[i] != NULL; i++) {
        if (str_equal(row->choices[i], text)) {
            bool narrow = i != 0;
            if (row->size == sizeof narrow)
                memcpy(to, &narrow, sizeof narrow);
            else if (row->size == sizeof i)
                memcpy(to, &i, sizeof i);
            return 0;
        }
        (void)str_append(wanted, sizeof wanted, "%s%s", i == 0 ? "" : " or ", row->choices[i]);
    }
    return wrong(row, text, err, wanted);
}

static int set_unit(const struct key *row, char *to, const char *text, struct error *err)
{
    if (!only(text, LETTERS DIGITS "@._-") || text[0] == '-' || strlen(text) >= row->size)
        return wrong(row, text, err,
                     "a unit name (A-Z a-z 0-9 @ . _ -, at most 128, no dash in front)");
    return copy(row, to, text, err);
}

static int set_user(const struct key *row, char *to, const char *text, struct error *err)
{
    if (!only(text, LETTERS DIGITS "._-") || text[0] == '-' || strlen(text) >= row->size)
        return wrong(row, text, err,
                     "an account name (A-Z a-z 0-9 . _ -, at most 63, no dash in front)");
    return copy(row, to, text, err);
}

static bool is_v6(const char *text)
{
    char bare[INET6_ADDRSTRLEN + 1];
    struct in6_addr ignored;
    size_t zone = strcspn(text, "%"); /* fe80::1%eth0 */
    if (text[zone] == '%' && !only(text + zone + 1, LETTERS DIGITS "._-"))
        return false;
    return str_copy_n(bare, sizeof bare, text, zone) && inet_pton(AF_INET6, bare, &ignored) == 1;
}

static bool is_host(const char *text)
{
    return (only(text, LETTERS DIGITS "._-") && isalnum((unsigned char)text[0]) &&
            strlen(text) < SETTINGS_HOST_MAX) ||
           is_v6(text);
}

static int set_host(const struct key *row, char *to, const char *text, struct error *err)
{
    if (!is_host(text))
        return wrong(row, text, err, "a host name or address, without a port");
    return copy(row, to, text, err);
}

/* host:port or [v6]:port. */
static bool split_address(const char *text, char host[SETTINGS_HOST_MAX], int *ret_port)
{
    const char *colon = strrchr(text, ':');
    size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    int64_t port;
    if (colon == NULL || parse_int(colon + 1, 1, 65535, &port, NULL) < 0)
        return false;
    bool v6 = length >= 2 && text[0] == '[' && text[length - 1] == ']';
    if (!str_copy_n(host, SETTINGS_HOST_MAX, text + v6, length - 2 * v6))
        return false;
    if (v6 ? !is_v6(host) : strchr(host, ':') != NULL || !is_host(host))
        return false;
    *ret_port = (int)port;
    return true;
}

static int set_listen(const struct key *row, char *to, const char *text, struct error *err)
{
    char host[SETTINGS_HOST_MAX];
    int port;
    if (!split_address(text, host, &port))
        return wrong(row, text, err, "host:port or [v6]:port");
    return copy(row, to, text, err);
}

static int set_address(const struct key *row, char *to, const char *text, struct error *err)
{
    static const char wanted[] = "host:port, [v6]:port or unix:/path";
    struct redis_settings *redis = (struct redis_settings *)(void *)to;
    char host[SETTINGS_HOST_MAX];
    int port;
    if (str_starts(text, "unix:")) {
        const char *path = text + strlen("unix:");
        for (const char *p = path; *p != '\0'; p++)
            if ((unsigned char)*p < 0x20 || *p == 0x7F)
                return wrong(row, text, err, wanted);
        if (path[0] != '/' || strlen(path) >= SOCKET_PATH_MAX)
            return wrong(row, text, err, "unix: and an absolute path of at most 107 bytes");
        (void)str_copy(redis->socket, sizeof redis->socket, path);
        redis->host[0] = '\0';
        redis->port = 0;
        return 0;
    }
    if (!split_address(text, host, &port))
        return wrong(row, text, err, wanted);
    (void)str_copy(redis->host, sizeof redis->host, host);
    redis->port = port;
    redis->socket[0] = '\0';
    return 0;
}

static int set_url(const struct key *row, char *to, const char *text, struct error *err)
{
    const char *rest = str_starts(text, "http://")    ? text + strlen("http://")
                       : str_starts(text, "https://") ? text + strlen("https://")
                                                      : "";
    if (!isalnum((unsigned char)rest[0]) && rest[0] != '[')
        return wrong(row, text, err, "an address that begins with http:// or https://");
    size_t authority = strcspn(rest, "/?#");
    if (memchr(rest, '@', authority) != NULL)
        return wrong(row, text, err, "an address without a name or password in it");
    for (const char *p = rest; *p != '\0'; p++)
        if (*p == ' ')
            return wrong(row, text, err, "an address without blanks");
    return copy(row, to, text, err);
}

static int set_proxy(const struct key *row, char *to, const char *text, struct error *err)
{
    return channel_proxy_check(text, err) < 0 ? err->code : copy(row, to, text, err);
}

static int set_mailbox(const struct key *row, char *to, const char *text, struct error *err)
{
    if (!channel_mailbox_good(text))
        return wrong(row, text, err, "a mail address such as ops@example.org");
    return copy(row, to, text, err);
}

static int set_hours(const struct key *row, char *to, const char *text, struct error *err)
{
    struct office_hours hours;
    struct error why = {0};
    if (office_hours_parse(text, &hours, &why) < 0)
        return wrong(row, text, err, "days and hours such as \"Mon-Fri 08:00-18:00\"");
    return copy(row, to, text, err);
}

static int set_when(const struct key *row, char *to, const char *text, struct error *err)
{
    struct schedule *schedule = (struct schedule *)(void *)to;
    return schedule_parse(text, schedule, err) < 0 ? error_prefix(err, "`%s`", row->name) : 0;
}

static int set_zone(const struct key *row, char *to, const char *text, struct error *err)
{
    /* The name becomes a path below /usr/share/zoneinfo. */
    if (!only(text, LETTERS DIGITS "_+-/") || !isalpha((unsigned char)text[0]))
        return wrong(row, text, err, "a time zone such as Europe/Berlin");
    return copy(row, to, text, err);
}

static int set_clock(const struct key *row, char *to, const char *text, struct error *err)
{
    const size_t colon = strcspn(text, ":");
    char hour[3] = "";
    int64_t h = 0;
    int64_t m = 0;
    if (strlen(text) != colon + 3 || !str_copy_n(hour, sizeof hour, text, colon) ||
        parse_int(hour, 0, 23, &h, NULL) < 0 || parse_int(text + colon + 1, 0, 59, &m, NULL) < 0)
        return wrong(row, text, err, "a time of day in quotes such as \"02:30\"");
    store_int(row, to, h * 60 + m + 1);
    return 0;
}

static int set_weekly(const struct key *row, char *to, const char *text, struct error *err)
{
    const char *rest = text;
    int day = 0;
    int minute = 0;
    const struct key clock = {.size = sizeof minute};
    if (!date_read_weekday(&rest, &day) || rest[0] != ' ' ||
        set_clock(&clock, (char *)&minute, rest + 1, NULL) < 0)
        return wrong(row, text, err, "a day and a time such as \"Mon 07:00\"");
    store_int(row, to, day * 1440 + minute);
    return 0;
}

/* "15m", "7d": as one would write it. */
static void span_text(double seconds, char to[32])
{
    int64_t whole = (int64_t)seconds;
    bool days = whole % 86400 == 0;
    (void)str_format(to, 32, "%" PRId64 "%s", days ? whole / 86400 : whole / 60, days ? "d" : "m");
}

static int set_span(const struct key *row, char *to, const char *text, struct error *err)
{
    char low[32];
    char high[32];
    char wanted[128];
    int64_t ms;
    bool may_be_off = row->type == KEY_SPAN_OFF;
    if (may_be_off && strcasecmp(text, "off") == 0) {
        store_int(row, to, 0);
        return 0;
    }
    if (parse_duration(text, &ms, NULL) == 0 && (double)ms >= row->min * 1000 &&
        (double)ms <= row->max * 1000) {
        store_int(row, to, ms);
        return 0;
    }
    span_text(row->min, low);
    span_text(row->max, high);
    (void)str_format(wanted, sizeof wanted, "%sa time span such as %s, from %s to %s",
                     may_be_off ? "off or " : "", may_be_off ? "7d" : "6h", low, high);
    return wrong(row, text, err, wanted);
}

static const set_fn setters[KEY_SCALARS] = {
    [KEY_TEXT] = copy,           [KEY_NAME] = set_name,     [KEY_PATH] = set_path,
    [KEY_PROGRAM] = set_path,    [KEY_SOCKET] = set_socket, [KEY_INT] = set_int,
    [KEY_INT_OR_0] = set_int,    [KEY_REAL] = set_real,     [KEY_SECONDS] = set_real,
    [KEY_MEGABYTES] = set_int,   [KEY_SIZE] = set_size,     [KEY_BOOL] = set_bool,
    [KEY_CHOICE] = set_choice,   [KEY_UNIT] = set_unit,     [KEY_USER] = set_user,
    [KEY_HOST] = set_host,       [KEY_LISTEN] = set_listen, [KEY_ADDRESS] = set_address,
    [KEY_URL] = set_url,         [KEY_HOURS] = set_hours,   [KEY_ZONE] = set_zone,
    [KEY_WORD] = set_word,       [KEY_MINUTES] = set_real,  [KEY_PROXY] = set_proxy,
    [KEY_MAILBOX] = set_mailbox, [KEY_WHEN] = set_when,     [KEY_CLOCK] = set_clock,
    [KEY_WEEKLY] = set_weekly,   [KEY_SPAN] = set_span,     [KEY_SPAN_OFF] = set_span,
};

int key_set(const struct key *row, void *base, const char *text, struct error *err)
{
    return setters[row->type](row, (char *)base + row->offset, text, err);
}

bool key_equal(const struct key *row, const void *a, const void *b)
{
    const char *x = (const char *)a + row->offset;
    const char *y = (const char *)b + row->offset;
    switch (row->type) {
    case KEY_TEXT:
    case KEY_NAME:
    case KEY_WORD:
    case KEY_PROXY:
    case KEY_MAILBOX:
    case KEY_PATH:
    case KEY_PROGRAM:
    case KEY_SOCKET:
    case KEY_UNIT:
    case KEY_USER:
    case KEY_HOST:
    case KEY_LISTEN:
    case KEY_URL:
    case KEY_HOURS:
    case KEY_ZONE:
        return str_equal(x, y);
    case KEY_ADDRESS: {
        const struct redis_settings *p = (const struct redis_settings *)(const void *)x;
        const struct redis_settings *q = (const struct redis_settings *)(const void *)y;
        return str_equal(p->host, q->host) && p->port == q->port && str_equal(p->socket, q->socket);
    }
    default:
        return memcmp(x, y, row->size) == 0;
    }
}
