#include "accounts/security_watch.h"

#include <string.h>

#include "base/str.h"

#define MINUTE_MS INT64_C(60000)

/* How many of them within how long make an alert, and how long it is not repeated. */
static const struct {
    int count;
    int64_t window_ms, quiet_ms;
} limits[RULE_COUNT] = {
    [RULE_FAILED_BY_ADMIN] = {1, MINUTE_MS, 0},
    [RULE_RAPID] = {3, MINUTE_MS, 10 * MINUTE_MS},
    [RULE_REPEATED_FAILURES] = {3, 10 * MINUTE_MS, 10 * MINUTE_MS},
    [RULE_FAILED_LOGINS] = {5, 10 * MINUTE_MS, 10 * MINUTE_MS},
    [RULE_BRUTE_FORCE] = {20, 10 * MINUTE_MS, 10 * MINUTE_MS},
    [RULE_ESCALATION] = {3, 10 * MINUTE_MS, 10 * MINUTE_MS},
    [RULE_UNEXPECTED_ADDRESS] = {1, MINUTE_MS, 60 * MINUTE_MS},
    [RULE_AFTER_HOURS] = {1, MINUTE_MS, 60 * MINUTE_MS},
    [RULE_NOT_VALIDATED] = {1, MINUTE_MS, 10 * MINUTE_MS},
    [RULE_MANY_LINES] = {1, MINUTE_MS, 10 * MINUTE_MS},
    [RULE_CONFIG_CHANGED] = {1, MINUTE_MS, 0},
};

const char *const security_rule_words[RULE_COUNT] = {
    [RULE_FAILED_BY_ADMIN] = "failed_by_admin",
    [RULE_RAPID] = "rapid_operations",
    [RULE_REPEATED_FAILURES] = "repeated_failures",
    [RULE_FAILED_LOGINS] = "failed_logins",
    [RULE_BRUTE_FORCE] = "brute_force",
    [RULE_ESCALATION] = "escalation",
    [RULE_UNEXPECTED_ADDRESS] = "unexpected_address",
    [RULE_AFTER_HOURS] = "after_hours",
    [RULE_NOT_VALIDATED] = "not_validated",
    [RULE_MANY_LINES] = "many_lines",
    [RULE_CONFIG_CHANGED] = "config_changed",
};

int security_watch_configure(struct security_watch *w, const struct security_settings *s,
                             struct error *err)
{
    struct security_hours fresh = {0};
    if (s->business_hours[0] != '\0') {
        int r = office_hours_parse(s->business_hours, &fresh.hours, err);
        if (r == 0)
            r = zone_load(s->timezone, &fresh.zone, err);
        if (r < 0)
            return r;
        fresh.set = true;
    }
    zone_free(w->hours.zone);
    w->hours = fresh;
    return 0;
}

void security_watch_clear(struct security_watch *w)
{
    zone_free(w->hours.zone);
    *w = (struct security_watch){0};
}

/* ── addresses ── */

bool security_expected(const struct security_settings *s, const char *address)
{
    const struct network_list *expected = &s->expected_addresses;
    if (expected->count == 0 || str_equal(address, "local"))
        return true;
    for (size_t i = 0; i < expected->count; i++)
        if (network_holds(&expected->networks[i], address))
            return true;
    return false;
}

/* ── counting ── */

static mono_ms newest(const struct security_track *t)
{
    int last = (t->next + SECURITY_TIMES_MAX - 1) % SECURITY_TIMES_MAX;
    return t->count == 0 ? (mono_ms){0} : t->times[last];
}

/* The one of that subject, or the one that was quiet longest. */
static struct security_track *track_of(struct security_watch *w, enum security_rule rule,
                                       const char *subject)
{
    struct security_track *oldest = &w->tracks[0];
    for (size_t i = 0; i < SECURITY_TRACKS_MAX; i++) {
        struct security_track *t = &w->tracks[i];
        if (t->rule == rule && str_equal(t->subject, subject))
            return t;
        if (t->subject[0] == '\0' || newest(t).ms < newest(oldest).ms)
            oldest = oldest->subject[0] == '\0' ? oldest : t;
    }
    *oldest = (struct security_track){.rule = rule};
    (void)str_copy(oldest->subject, sizeof oldest->subject, subject);
    return oldest;
}

struct seen {
    struct security_watch *watch;
    const char *service; /* of the line */
    mono_ms now;
    security_tell *tell;
    void *context;
};

/* How many of that rule were told before within ten minutes; counts this one. */
static int told_lately(struct security_watch *w, enum security_rule rule, mono_ms now)
{
    if (w->told[rule].count == 0 || mono_since(now, w->told[rule].since) >= 10 * MINUTE_MS) {
        w->told[rule].since = now;
        w->told[rule].count = 0;
    }
    return w->told[rule].count++;
}

/* Counts one and tells when it is one too many. `what` is a sentence about the subject. */
static void count(const struct seen *seen, enum security_rule rule, const char *subject,
                  const char *what)
{
    struct security_track *t = track_of(seen->watch, rule, subject);
    int within_window = 0;
    t->times[t->next] = seen->now;
    t->next = (t->next + 1) % SECURITY_TIMES_MAX;
    t->count += t->count < SECURITY_TIMES_MAX;
    for (int i = 0; i < t->count; i++)
        within_window += mono_since(seen->now, t->times[i]) <= limits[rule].window_ms;
    bool quiet = t->told.ms != 0 && mono_since(seen->now, t->told) < limits[rule].quiet_ms;
    if (within_window < limits[rule].count || quiet)
        return;
    struct security_alert alert = {.rule = rule};
    t->told = seen->now;
    int told = told_lately(seen->watch, rule, seen->now);
    if (told > SECURITY_ALERTS_MAX)
        return;
    (void)str_copy(alert.message, sizeof alert.message,
                   told < SECURITY_ALERTS_MAX
                       ? what
                       : "There are too many of these to list: see the audit log.");
    (void)str_copy(alert.service, sizeof alert.service, seen->service);
    seen->tell(seen->context, &alert);
}

/* ── what a line means ── */

static void see_operation(const struct seen *seen, const struct audit_line *l)
{
    char text[400], subject[160];
    (void)str_format(subject, sizeof subject, "service %s", l->service);
    if (!l->step) { /* the stop and the start of a restore were ordered by one word */
        (void)str_format(text, sizeof text, "%s: 3 operations or more within a minute.",
                         l->user_email);
        count(seen, RULE_RAPID, l->user_id, text);
        (void)str_format(text, sizeof text, "%s: 3 operations or more within a minute.",
                         l->service);
        count(seen, RULE_RAPID, subject, text);
    }
    if (l->success)
        return;
    (void)str_format(text, sizeof text, "%s of %s by %s failed: %s", l->operation, l->service,
                     l->user_email, l->error);
    if (str_equal(l->user_role, "admin"))
        count(seen, RULE_FAILED_BY_ADMIN, l->user_id, text);
    (void)str_format(text, sizeof text, "%s: 3 failed operations or more within 10 minutes.",
                     l->service);
    count(seen, RULE_REPEATED_FAILURES, subject, text);
}

static void see_refused_login(const struct seen *seen, const struct audit_line *l)
{
    char text[400], subject[160], network[NETWORK_TEXT_MAX];
    network_of(l->source_ip, network, sizeof network);
    (void)str_format(text, sizeof text, "%s: 20 failed logins or bad tokens within 10 minutes.",
                     network);
    count(seen, RULE_BRUTE_FORCE, network, text);
    if (l->user_email[0] == '\0' || str_equal(l->user_email, "anonymous"))
        return;
    (void)str_format(text, sizeof text,
                     "%s: 5 failed logins or more within 10 minutes, the last from %s.",
                     l->user_email, l->source_ip);
    (void)str_format(subject, sizeof subject, "%s", l->user_email);
    count(seen, RULE_FAILED_LOGINS, subject, text);
}

/* A known user did something. */
static void see_person(const struct seen *seen, const struct security_settings *s,
                       const struct audit_line *l)
{
    char text[400], subject[160];
    const struct security_hours *h = &seen->watch->hours;
    if (!security_expected(s, l->source_ip)) {
        (void)str_format(text, sizeof text, "%s by %s from the unexpected address %s.",
                         l->operation, l->user_email, l->source_ip);
        (void)str_format(subject, sizeof subject, "%s %s", l->source_ip, l->user_id);
        count(seen, RULE_UNEXPECTED_ADDRESS, subject, text);
    }
    bool acts = l->event == AUDIT_SERVICE_OPERATION || l->event == AUDIT_CONFIGURATION;
    if (acts && str_equal(l->user_role, "admin") && h->set &&
        !office_hours_hold(&h->hours, h->zone, l->at)) {
        (void)str_format(text, sizeof text, "%s by the administrator %s outside business hours.",
                         l->operation, l->user_email);
        count(seen, RULE_AFTER_HOURS, l->user_id, text);
    }
}

static void see_refused_role(const struct seen *seen, const struct audit_line *l)
{
    char text[400];
    (void)str_format(text, sizeof text,
                     "%s (%s): 3 refusals or more for lack of a role within 10 minutes, the last "
                     "for %s.",
                     l->user_email, l->user_role, l->operation);
    count(seen, RULE_ESCALATION, l->user_id, text);
}

/* A program that has gone wrong, or an attempt to bury what the log says. */
static void see_amount(const struct seen *seen, const struct audit_line *l)
{
    struct security_watch *w = seen->watch;
    char text[400];
    if (w->lines == 0 || mono_since(seen->now, w->lines_since) >= MINUTE_MS) {
        w->lines_since = seen->now;
        w->lines = 0;
    }
    if (++w->lines != SECURITY_LINES_MAX)
        return;
    (void)str_format(
        text, sizeof text,
        "%d requests or more were noted for the audit log within a minute, the last by "
        "%s from %s.",
        SECURITY_LINES_MAX, l->user_email, l->source_ip);
    count(seen, RULE_MANY_LINES, "lines", text);
}

void security_watch_see(struct security_watch *w, const struct security_settings *s,
                        const struct audit_line *l, mono_ms now, security_tell *tell, void *context)
{
    struct seen seen = {
        .watch = w, .service = l->service, .now = now, .tell = tell, .context = context};
    bool itself = str_equal(l->user_id, "system"), nobody = str_equal(l->user_id, "anonymous");
    char text[400];
    if (!l->has_result)
        return;
    if (str_equal(l->operation, SECURITY_CONFIG_CHANGED)) {
        (void)str_format(text, sizeof text, "The configuration of %s was changed outside Resus: %s",
                         l->service, l->reason);
        count(&seen, RULE_CONFIG_CHANGED, l->service, text);
    }
    if (l->has_command_validated && !l->command_validated) {
        (void)str_format(text, sizeof text, "%s of %s: a command was refused by the whitelist.",
                         l->operation, l->service);
        count(&seen, RULE_NOT_VALIDATED, l->service, text);
    }
    if (itself)
        return;
    see_amount(&seen, l);
    if (l->event == AUDIT_AUTHENTICATION && !l->success)
        see_refused_login(&seen, l);
    else if (!nobody)
        see_person(&seen, s, l);
    if (l->event == AUDIT_SERVICE_OPERATION)
        see_operation(&seen, l);
    if (l->event == AUDIT_AUTHORIZATION && !l->success && !nobody)
        see_refused_role(&seen, l);
}
