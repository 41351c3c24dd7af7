/* What the store shows: read once, followed by a watch, and read again now and then, because a watch
 * may leave something out without an error. */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/inside.h"
#include "io/log.h"

#define PART "fleet"

/* ── looking things up ── */

struct entry *fleet_entry(struct fleet *f, const char *id)
{
    int low = 0, high = f->count;
    while (low < high) {
        int middle = low + (high - low) / 2, index = f->order[middle];
        int order = strcmp(f->settings->services[index].id, id);
        if (order == 0)
            return &f->entries[index];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct member *fleet_member(const struct fleet *f, const char *name)
{
    for (size_t i = 0; i < f->member_count; i++)
        if (str_equal(f->members[i].name, name))
            return &f->members[i];
    return NULL;
}

static struct known *known_of(const struct fleet *f, const char *name)
{
    for (size_t i = 0; i < f->known_count; i++)
        if (str_equal(f->known[i].name, name))
            return (struct known *)&f->known[i];
    return NULL;
}

bool fleet_drained(const struct fleet *f, const char *name)
{
    const struct known *k = known_of(f, name);
    return k != NULL && k->drained;
}

bool fleet_view_current(const struct fleet *f, struct now now)
{
    return f->read && (f->watching || mono_since(now.boot, f->watch_lost) < VIEW_GRACE_MS);
}

/* ── taking what is shown ── */

static void set_text(char **to, const char *text)
{
    mem_free(*to);
    *to = text == NULL ? NULL : mem_strdup(text);
}

static void copy_text(char *to, size_t size, const json_t *body, const char *name)
{
    const char *text = json_text_or(body, name, "");
    (void)str_copy_clean(to, size, text, strlen(text));
}

static void take_member(struct fleet *f, const char *name, const struct etcd_entry *shown,
                        bool deleted)
{
    struct member *m = (struct member *)fleet_member(f, name);
    struct now now = fleet_now(f);
    if (str_equal(name, f->settings->fleet.name) && shown->mod_revision >= f->echo_revision)
        f->echo_revision = 0;
    if (deleted) {
        if (m == NULL || m->modified > shown->mod_revision)
            return;
        log_info(PART, "engine %s has left", name);
        *m = f->members[--f->member_count];
        return;
    }
    if (m == NULL && f->member_count == FLEET_MEMBERS_MAX) {
        log_warning(PART, "engine %s is not looked at: there are more than %d", name,
                    FLEET_MEMBERS_MAX);
        return;
    }
    if (m == NULL) {
        m = &f->members[f->member_count++];
        *m = (struct member){.since = now.boot};
        (void)str_copy(m->name, sizeof m->name, name);
        log_info(PART, "engine %s is there", name);
    }
    if (m->modified >= shown->mod_revision)
        return;
    if (m->created != shown->create_revision)
        m->since = now.boot;
    JSON_CLEANUP json_t *body = json_loads(shown->value, JSON_READ_FLAGS, NULL);
    copy_text(m->url, sizeof m->url, body, "url");
    copy_text(m->site, sizeof m->site, body, "site");
    copy_text(m->version, sizeof m->version, body, "version");
    copy_text(m->config, sizeof m->config, body, "config");
    m->created = shown->create_revision;
    m->modified = shown->mod_revision;
    m->lease = shown->lease;
}

static void take_known(struct fleet *f, const char *name, const struct etcd_entry *shown,
                       bool deleted)
{
    struct known *k = known_of(f, name);
    if (k != NULL && k->modified >= shown->mod_revision)
        return;
    if (deleted) {
        if (k != NULL)
            *k = f->known[--f->known_count];
        return;
    }
    if (k == NULL && f->known_count == FLEET_MEMBERS_MAX)
        return;
    if (k == NULL) {
        k = &f->known[f->known_count++];
        *k = (struct known){0};
        (void)str_copy(k->name, sizeof k->name, name);
    }
    JSON_CLEANUP json_t *body = json_loads(shown->value, JSON_READ_FLAGS, NULL);
    k->drained = json_bool_or(body, "drained", false);
    k->modified = shown->mod_revision;
}

static void take_owner(struct entry *e, const struct etcd_entry *shown, bool deleted)
{
    if (e->modified >= shown->mod_revision)
        return;
    e->modified = shown->mod_revision;
    if (deleted) {
        e->created = e->lease = 0;
        e->owner[0] = e->config[0] = '\0';
        return;
    }
    JSON_CLEANUP json_t *body = json_loads(shown->value, JSON_READ_FLAGS, NULL);
    copy_text(e->owner, sizeof e->owner, body, "engine");
    copy_text(e->config, sizeof e->config, body, "config");
    e->created = shown->create_revision;
    e->lease = shown->lease;
}

/* What stands behind the prefix and its slash; NULL: it is not one of the fleet's keys. */
static const char *below_prefix(const struct fleet *f, const char *key)
{
    const char *prefix = f->settings->fleet.prefix;
    size_t length = strlen(prefix);
    return str_starts(key, prefix) && key[length] == '/' ? key + length + 1 : NULL;
}

static void take(struct fleet *f, const struct etcd_entry *shown, bool deleted)
{
    const char *kind = below_prefix(f, shown->key);
    const char *slash = kind == NULL ? NULL : strchr(kind, '/');
    if (slash == NULL)
        return;
    const char *name = slash + 1;
    struct entry *e = fleet_entry(f, name);
    if (str_starts(kind, "member/") && strlen(name) < NAME_MAX_) {
        take_member(f, name, shown, deleted);
    } else if (str_starts(kind, "engines/") && strlen(name) < NAME_MAX_) {
        take_known(f, name, shown, deleted);
    } else if (e == NULL) {
        return;
    } else if (str_starts(kind, "owner/")) {
        take_owner(e, shown, deleted);
    } else if (str_starts(kind, "state/") && e->state_modified < shown->mod_revision) {
        e->state_modified = shown->mod_revision;
        set_text(&e->state, deleted ? NULL : shown->value);
    } else if (str_starts(kind, "intent/")) {
        e->intent_modified = deleted ? 0 : shown->mod_revision;
        set_text(&e->intent, deleted ? NULL : shown->value);
    }
}

/* ── the watch ── */

static void on_event(void *context, const struct etcd_event *event)
{
    struct fleet *f = context;
    f->heard = fleet_now(f).boot;
    take(f, &event->entry, event->deleted);
    fleet_wake(f);
}

static void on_begun(void *context)
{
    struct fleet *f = context;
    f->watching = true;
    f->heard = fleet_now(f).boot;
    fleet_wake(f);
}

static void on_lost(void *context, const char *why)
{
    struct fleet *f = context;
    if (f->watching) {
        f->watch_lost = fleet_now(f).boot;
        log_warning(PART, "the watch is lost and begins again: %s", why);
    }
    f->watching = false;
    f->echo_revision = 0;
    fleet_wake(f);
}

static void on_compacted(void *context)
{
    struct fleet *f = context;
    log_warning(PART, "the store has forgotten what came since the watch ended: it is read again");
    on_lost(f, "compacted");
    f->read_again = true;
}

/* ── reading the whole ── */

static bool is_seen(const struct fleet *f, const char *key, const char *kind, const char *name)
{
    char whole[ETCD_KEY_MAX];
    return fleet_key(f, whole, kind, name) && str_equal(whole, key);
}

static void mark_seen(struct fleet *f, const struct etcd_entry *shown)
{
    for (size_t i = 0; i < f->member_count; i++)
        f->member_seen[i] |= is_seen(f, shown->key, "member", f->members[i].name);
    for (size_t i = 0; i < f->known_count; i++)
        f->known_seen[i] |= is_seen(f, shown->key, "engines", f->known[i].name);
    const char *kind = below_prefix(f, shown->key);
    if (kind != NULL && str_starts(kind, "owner/")) {
        struct entry *e = fleet_entry(f, kind + strlen("owner/"));
        if (e != NULL)
            e->seen = true;
        else
            f->unknown_services++;
    }
}

/* What we have and the store has not, as of the revision that was read: a delete that the watch left out. */
static void drop_unseen(struct fleet *f)
{
    for (size_t i = f->member_count; i-- > 0;)
        if (!f->member_seen[i] && f->members[i].modified <= f->read_revision)
            f->members[i] = f->members[--f->member_count];
    for (size_t i = f->known_count; i-- > 0;)
        if (!f->known_seen[i] && f->known[i].modified <= f->read_revision)
            f->known[i] = f->known[--f->known_count];
    for (int i = 0; i < f->count; i++) {
        struct entry *e = &f->entries[i];
        if (!e->seen && e->created != 0 && e->modified <= f->read_revision) {
            e->created = e->lease = 0;
            e->owner[0] = '\0';
        }
    }
}

static void read_next(struct fleet *f);

static void whole_is_read(struct fleet *f)
{
    static const struct etcd_watcher watcher = {
        .event = on_event, .begun = on_begun, .lost = on_lost, .compacted = on_compacted};
    struct etcd_watcher own = watcher;
    char prefix[ETCD_KEY_MAX];
    struct now now = fleet_now(f);
    drop_unseen(f);
    f->reading = f->read_again = false;
    f->read_due = mono_add(now.boot, READ_AGAIN_MS);
    own.context = f;
    (void)str_format(prefix, sizeof prefix, "%s/", f->settings->fleet.prefix);
    if (f->watch == NULL)
        f->watch = etcd_watch_new(f->etcd, prefix, f->read_revision + 1, &own);
    else if (!f->watching)
        etcd_watch_from(f->watch, f->read_revision + 1);
    if (f->watch == NULL)
        f->read_due = mono_add(now.boot, OWNERSHIP_RETRY_MS);
    else if (!f->read)
        f->watch_lost = now.boot; /* it begins in a moment */
    f->read = f->watch != NULL;
    fleet_wake(f);
}

static void on_page(void *context, const struct etcd_answer *answer)
{
    struct fleet *f = context;
    fleet_note(f, answer);
    if (f->closing)
        return;
    if (!answer->good) {
        f->reading = false;
        f->read_due = mono_add(fleet_now(f).boot, OWNERSHIP_RETRY_MS);
        fleet_wake(f);
        return;
    }
    if (f->read_revision == 0)
        f->read_revision = answer->revision;
    for (size_t i = 0; i < answer->count; i++) {
        take(f, &answer->entries[i], false);
        mark_seen(f, &answer->entries[i]);
    }
    if (!answer->more || answer->count == 0) {
        whole_is_read(f);
        return;
    }
    /* The next key after the last: nothing is shorter than a byte more. */
    (void)str_format(f->read_from, sizeof f->read_from, "%s\x01",
                     answer->entries[answer->count - 1].key);
    read_next(f);
}

static void read_next(struct fleet *f)
{
    char prefix[ETCD_KEY_MAX];
    (void)str_format(prefix, sizeof prefix, "%s/", f->settings->fleet.prefix);
    f->reading = etcd_range(f->etcd, prefix, f->read_from[0] == '\0' ? NULL : f->read_from,
                            f->read_revision, FLEET_REQUEST_MS, on_page, f);
    if (!f->reading)
        f->read_due = mono_add(fleet_now(f).boot, OWNERSHIP_RETRY_MS);
}

void fleet_view_begin(struct fleet *f)
{
    f->read_from[0] = '\0';
    f->read_revision = 0;
    f->unknown_services = 0;
    memset(f->member_seen, 0, sizeof f->member_seen);
    memset(f->known_seen, 0, sizeof f->known_seen);
    for (int i = 0; i < f->count; i++)
        f->entries[i].seen = false;
    read_next(f);
}

void fleet_view_turn(struct fleet *f, struct now now)
{
    if (!f->reading && (f->read_again || mono_reached(now.boot, f->read_due))) {
        f->read_due = MONO_NEVER;
        fleet_view_begin(f);
    }
    if (f->echo_revision != 0 && f->watching && mono_reached(now.boot, f->echo_due)) {
        f->echo_revision = 0;
        etcd_watch_again(f->watch, "what was written did not come back through it");
    }
}
