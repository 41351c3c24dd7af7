/* The key table: every key of the configuration file is one row, and the row
 * gives its place, type, range, default, destination and help. The reader, the suggestions for
 * unknown keys, the reference in docs/configuration.md and `resus recovery set` come from it. */
#ifndef RESUS_SETTINGS_KEYS_H
#define RESUS_SETTINGS_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "settings/settings.h"

/* A mapping of the file. The name of the enum is the path, the text is in place_path(). */
enum place {
    PLACE_ROOT,
    PLACE_SERVER,
    PLACE_SERVICE,
    PLACE_SSH,
    PLACE_REDIS,
    PLACE_TLS,
    PLACE_PROCESS,
    PLACE_AFFECTED,
    PLACE_HEALTH,
    PLACE_CHECKS,
    PLACE_PERFORMANCE,
    PLACE_THRESHOLDS,
    PLACE_RECOVERY,
    PLACE_BREAKER,
    PLACE_PERMISSIONS,
    PLACE_AUDIT,
    PLACE_RATES,
    PLACE_SECURITY,
    PLACE_OIDC,
    PLACE_METRICS,
    PLACE_ALERTS,
    PLACE_CHANNEL,
    PLACE_ROUTE,
    PLACE_HEARTBEAT,
    PLACE_ESCALATION,
    PLACE_LEVEL,
    PLACE_MAINTENANCE,
    PLACE_WINDOW,
    PLACE_BACKUP,
    PLACE_BACKUP_KEEP,
    PLACE_BACKUP_COPY,
    PLACE_ENGINE,
    PLACE_FLEET,
    PLACE_COUNT
};

enum key_type {
    KEY_TEXT,      /* printable text */
    KEY_NAME,      /* the same, not empty */
    KEY_WORD,      /* letters, digits, dot, underscore and dash */
    KEY_PATH,      /* absolute, or relative to the folder of the file */
    KEY_PROGRAM,   /* a path, or a name that is looked up in PATH */
    KEY_SOCKET,    /* an absolute path that fits into sun_path */
    KEY_INT,       /* whole number into int or int64_t */
    KEY_INT_OR_0,  /* the same, and 0 (off) outside the range */
    KEY_REAL,      /* number into double */
    KEY_SECONDS,   /* number (0.5 is fine) into int64_t milliseconds */
    KEY_MINUTES,   /* the same in minutes */
    KEY_MEGABYTES, /* whole number of MiB into int64_t bytes */
    KEY_SIZE,      /* 100MB into int64_t bytes */
    KEY_BOOL,
    KEY_CHOICE,   /* a word of `choices`, its index into an enum or a bool */
    KEY_UNIT,     /* a systemd unit's name */
    KEY_USER,     /* a Unix account's name */
    KEY_HOST,     /* host name or address, without a port */
    KEY_LISTEN,   /* host:port or [v6]:port, kept as text */
    KEY_ADDRESS,  /* host:port, [v6]:port or unix:/path, into struct redis_settings */
    KEY_URL,      /* http:// or https:// */
    KEY_PROXY,    /* http://, https:// or socks5:// */
    KEY_MAILBOX,  /* name@host */
    KEY_HOURS,    /* "Mon-Fri 08:00-18:00" */
    KEY_ZONE,     /* Europe/Berlin */
    KEY_WHEN,     /* "Sun 02:00-04:00" into struct schedule */
    KEY_CLOCK,    /* "02:30" into int: minute of the day, counted from 1 */
    KEY_WEEKLY,   /* "Mon 07:00" into int: minute of the week, counted from 1 */
    KEY_SPAN,     /* 6h into int64_t milliseconds; the range is in seconds */
    KEY_SPAN_OFF, /* the same, and `off`: 0 */
    KEY_SCALARS,  /* (the ones above are single values, the ones below are not) */
    KEY_ROLES,    /* list of roles into a bool: may operators do it? */
    KEY_ROLE_SET, /* list of roles into a struct role_set */
    KEY_NETWORKS,
    KEY_AFFECTED,
    KEY_SERVICES,
    KEY_TAGS,       /* list of short texts into a struct tag_list */
    KEY_SEVERITIES, /* list of P1 to P4 into a struct severity_set */
    KEY_PATTERNS,   /* list of services' ids into a struct service_patterns */
    KEY_MAILBOXES,  /* list of mail addresses into a struct mailbox_list */
    KEY_TARGETS,    /* list of channels' names into a struct channel_list */
    KEY_CHANNELS,   /* mapping of names to PLACE_CHANNEL */
    KEY_ROUTES,     /* list of PLACE_ROUTE */
    KEY_LEVELS,     /* list of PLACE_LEVEL */
    KEY_NOTICES,    /* list of hours into a struct window_policy */
    KEY_DATES,      /* list of dates into the exceptions of a struct schedule */
    KEY_WINDOWS,    /* list of PLACE_WINDOW */
    KEY_COPIES,     /* list of PLACE_BACKUP_COPY */
    KEY_URLS,       /* list of addresses into a struct url_list */
    KEY_RECIPIENTS, /* list of files with public keys */
    KEY_MAP,        /* a further place, `child` */
    KEY_ALIEN,      /* known from other documents, without effect here */
    KEY_TYPE_COUNT
};

/* What has to be opened again at a reload for a changed value to take effect. */
enum key_opens { OPENS_NOTHING, OPENS_REDIS, OPENS_CONTROL };

/* What a row's offset is relative to. */
enum base {
    BASE_NONE,
    BASE_SETTINGS,
    BASE_SERVICE,
    BASE_WATCH,
    BASE_RECOVERY,
    BASE_AFFECTED,
    BASE_CHANNEL,
    BASE_ROUTE,
    BASE_LEVEL,
    BASE_WINDOW,
    BASE_COPY,
    BASE_COUNT
};

struct key {
    enum place place;
    const char *name;
    enum key_type type;
    enum base base;
    size_t offset, size;
    double min, max;            /* as written in the file */
    const char *const *choices; /* NULL at the end */
    enum place child;           /* KEY_MAP */
    size_t flag;                /* offset of a bool that says "the file names it", 0 = none */
    const char *same_as;        /* another spelling of that key of the same place */
    const char *standard;       /* the default, as one would write it; NULL = none */
    const char *help;           /* KEY_ALIEN: why it has no effect */
    bool restart;               /* a change needs a restart of the daemon */
    enum key_opens opens;       /* what a changed value has opened again, of a service */
    bool trusted;               /* a path: Resus acts on what is there (io/trust.h) */
};

#define KEYS_MAX 320
extern const struct key keys[];
extern const size_t key_count;

/* "" for the root, else "services.ID.ssh" and the like. */
const char *place_path(enum place place);

/* NULL when there is no such key at that place. */
const struct key *key_find(enum place place, const char *name);
/* The key that `row` is another spelling of, or the row itself: its index in `keys`. */
size_t key_index(const struct key *row);
/* Why `name` is not known at `place`, with the nearest key, the place it belongs to, or the keys
 * that would be. */
void key_unknown(enum place place, const char *name, char *to, size_t size);

/* "services.cache.ssh.host"; `id` is of the service, where the row belongs to one. */
void key_full_name(const struct key *row, const char *id, char *ret, size_t size);
/* Has the row an effect with this service? */
bool key_matters(const struct key *row, const struct service_settings *service);

/* Takes one written value into the struct at `base` (the row's base). The error begins with the
 * key's name and says what is wanted. */
int key_set(const struct key *row, void *base, const char *text, struct error *err) ATTR_MUST_USE;
/* Are the row's values in both structs the same? Single values and roles only. */
bool key_equal(const struct key *row, const void *a, const void *b);
/* All defaults of the rows with that base. */
int key_set_defaults(enum base which, void *base, struct error *err) ATTR_MUST_USE;

/* The reference section of docs/configuration.md, from the table. */
int key_reference(struct buf *out) ATTR_MUST_USE;

#endif
