/* The security watch: looks at every line that goes to the audit log, and at refusals that
 * are only counted there, and says what an administrator should look into. Pure: no clock, no I/O. */
#ifndef RESUS_ACCOUNTS_SECURITY_WATCH_H
#define RESUS_ACCOUNTS_SECURITY_WATCH_H

#include "io/zone.h"
#include "settings/office_hours.h"
#include "settings/settings.h"
#include "store/audit.h"

#define SECURITY_TRACKS_MAX 512 /* users, addresses and services that are counted at a time */
#define SECURITY_TIMES_MAX 20   /* of one of them */
/* Alerts of one rule within ten minutes: who guesses from many addresses must not fill the log. */
#define SECURITY_ALERTS_MAX 20
#define SECURITY_LINES_MAX 120 /* of requests, noted within a minute, are unusual */

enum security_rule {
    RULE_FAILED_BY_ADMIN,    /* an admin's operation failed (runbook: at once) */
    RULE_RAPID,              /* 3 operations of one user, or on one service, within a minute */
    RULE_REPEATED_FAILURES,  /* 3 failed operations on one service within 10 minutes */
    RULE_FAILED_LOGINS,      /* 5 failed logins as one user within 10 minutes */
    RULE_BRUTE_FORCE,        /* 20 failed logins or bad tokens from one address within 10 minutes */
    RULE_ESCALATION,         /* 3 refusals for lack of a role of one user within 10 minutes */
    RULE_UNEXPECTED_ADDRESS, /* security.expected_addresses */
    RULE_AFTER_HOURS,        /* an admin acts outside security.business_hours */
    RULE_NOT_VALIDATED,      /* a command was refused by the whitelist */
    RULE_MANY_LINES,         /* SECURITY_LINES_MAX */
    RULE_CONFIG_CHANGED,     /* Redis' configuration was changed outside Resus */
    RULE_COUNT
};
/* The engine's line (engine/config_watch.c). */
#define SECURITY_CONFIG_CHANGED "redis-config-changed"
/* "brute_force" */
extern const char *const security_rule_words[RULE_COUNT];

struct security_alert {
    enum security_rule rule;
    char service[SETTINGS_ID_MAX]; /* "" = of none */
    char message[400];
};
typedef void security_tell(void *context, const struct security_alert *alert);

struct security_hours {
    bool set;
    struct office_hours hours;
    struct zone *zone;
};

struct security_track {
    enum security_rule rule;
    char subject[160]; /* "" = free */
    mono_ms times[SECURITY_TIMES_MAX];
    int count, next;
    mono_ms told; /* 0 = not yet */
};

struct security_watch {
    struct security_track tracks[SECURITY_TRACKS_MAX];
    struct security_hours hours;
    struct {
        mono_ms since;
        int count;
    } told[RULE_COUNT];
    mono_ms lines_since; /* the minute in which `lines` were seen */
    int lines;
};

/* (Re-)reads `business_hours` and `timezone`. Files are read: at start and at a reload. */
int security_watch_configure(struct security_watch *w, const struct security_settings *s,
                             struct error *err) ATTR_MUST_USE;
void security_watch_clear(struct security_watch *w);
/* One line. The callback is called for each alert; the same one is not repeated for ten minutes,
 * those about an address or the hour for an hour. */
void security_watch_see(struct security_watch *w, const struct security_settings *s,
                        const struct audit_line *line, mono_ms now, security_tell *tell,
                        void *context);

/* Is `address` within one of the networks? For tests. */
bool security_expected(const struct security_settings *s, const char *address);

#endif
