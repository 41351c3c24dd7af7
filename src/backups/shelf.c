#include "backups/shelf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/zone.h"

bool backup_shelf_trusted(const struct backup_shelf_entry *e)
{
    return !e->damaged && e->proved >= PROOF_LOADED && e->suspicious == 0;
}

/* Good, or without a proof for a named reason: it may stand for its day. */
static bool fills(const struct backup_shelf_entry *e)
{
    return backup_shelf_trusted(e) ||
           (!e->damaged && e->suspicious == 0 && e->verdict == PROOF_CANNOT_TELL);
}

static void take(struct backup_shelf_entry *e, const struct manifest *m)
{
    const struct backup_figures figures = manifest_figures(m);
    (void)str_copy(e->reason, sizeof e->reason, m->reason);
    (void)str_copy(e->by, sizeof e->by, m->by);
    (void)str_copy(e->address, sizeof e->address, m->source.address);
    (void)str_copy(e->role, sizeof e->role, m->source.role);
    (void)str_copy(e->server, sizeof e->server, m->source.server);
    (void)str_copy(e->version, sizeof e->version, m->source.version);
    e->started = m->started;
    e->finished = m->finished;
    e->bytes = figures.bytes;
    e->keys = figures.keys;
    e->proved = m->proved;
    e->suspicious = manifest_suspicions(m);
    e->accepted_at = m->accepted_at;
    e->pinned_until = m->pinned_until;
    e->copy_count = m->copy_count;
    memcpy(e->copies, m->copies, sizeof e->copies);
    e->sealed = m->file_count > 0 && m->files[0].plain_sha256[0] != '\0';
    if (m->check_count == 0)
        return;
    const struct proof_check *last = &m->checks[m->check_count - 1];
    e->verdict = last->verdict;
    e->why = last->reason;
    e->checked = last->at;
    (void)str_copy(e->text, sizeof e->text, last->text);
}

static void read_one(const struct catalog *catalog, enum backup_kind kind, const char *id,
                     struct manifest *m, struct backup_shelf_entry *e)
{
    struct error err = {0};
    (void)str_copy(e->id, sizeof e->id, id);
    e->kind = kind;
    if (catalog_read(catalog, kind, id, m, &err) == 0) {
        take(e, m);
        return;
    }
    e->damaged = true;
    e->verdict = PROOF_BAD;
    (void)str_copy_clean(e->text, sizeof e->text, err.text, strlen(err.text));
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(((const struct backup_shelf_entry *)b)->id,
                  ((const struct backup_shelf_entry *)a)->id);
}

static int read_all(const struct catalog *catalog, struct backup_shelf *s, struct error *err)
{
    ATTR_CLEANUP(mem_freep) struct manifest *m = mem_calloc(1, sizeof *m);
    char(*ids[BACKUP_KIND_COUNT])[MANIFEST_ID_SIZE] = {NULL};
    size_t counts[BACKUP_KIND_COUNT] = {0};
    int r = 0;
    if (m == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    for (enum backup_kind k = 0; r == 0 && k < BACKUP_KIND_COUNT; k++)
        r = catalog_list(catalog, k, &ids[k], &counts[k], err);
    size_t all = 0;
    for (enum backup_kind k = 0; k < BACKUP_KIND_COUNT; k++)
        all += counts[k];
    s->items = mem_calloc(all + 1, sizeof s->items[0]);
    if (r == 0 && s->items == NULL)
        r = error_set(err, -ENOMEM, "out of memory");
    for (enum backup_kind k = 0; k < BACKUP_KIND_COUNT; k++) {
        for (size_t i = 0; r == 0 && s->items != NULL && i < counts[k]; i++)
            read_one(catalog, k, ids[k][i], m, &s->items[s->count++]);
        mem_free(ids[k]);
    }
    if (s->count > 0)
        qsort(s->items, s->count, sizeof s->items[0], newest_first);
    return r;
}

/* The rules are for scheduled backups; a manual one goes when a person removes it. */
static int apply(struct backup_shelf *s, const struct retention_policy *policy,
                 const struct zone *zone, wall_ms now, struct error *err)
{
    ATTR_CLEANUP(mem_freep)
    struct retention_backup *rows = mem_calloc(s->count + 1, sizeof *rows);
    size_t count = 0;
    int minimum = policy->minimum;
    if (rows == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i].kind == BACKUP_DAILY)
            rows[count++] = (struct retention_backup){
                .at = s->items[i].started,
                .utc_offset_seconds = zone_offset_s(zone, s->items[i].started),
                .loaded = backup_shelf_trusted(&s->items[i]),
                .fills = fills(&s->items[i]),
                .pinned_until = s->items[i].pinned_until,
            };
    struct retention_plan plan = retention_plan(policy, rows, count, now);
    s->refused = plan.refused;
    for (size_t i = 0, row = 0; i < s->count; i++) {
        struct backup_shelf_entry *e = &s->items[i];
        if (e->kind == BACKUP_DAILY)
            e->kept_by = rows[row++].kept_by;
        if (e->pinned_until.ms > now.ms)
            e->kept_by |= 1u << RETENTION_PINNED;
        if (backup_shelf_trusted(e) && minimum-- > 0)
            e->kept_by |= 1u << RETENTION_MINIMUM;
        s->removable += e->kind == BACKUP_DAILY && e->kept_by == 0;
    }
    return 0;
}

int backup_shelf_load(const struct catalog *catalog, const struct retention_policy *policy,
                      const char *zone_name, wall_ms now, struct backup_shelf *ret,
                      struct error *err)
{
    struct backup_shelf s = {0};
    struct zone *zone = NULL;
    int r = zone_load(zone_name, &zone, err);
    if (r == 0)
        r = read_all(catalog, &s, err);
    if (r == 0)
        r = apply(&s, policy, zone, now, err);
    zone_free(zone);
    if (r < 0) {
        backup_shelf_free(&s);
        return r;
    }
    backup_shelf_free(ret);
    *ret = s;
    return 0;
}

int backup_shelf_add(struct backup_shelf *s, const struct manifest *m, struct error *err)
{
    struct backup_shelf_entry *items = mem_realloc(s->items, (s->count + 1) * sizeof s->items[0]);
    if (items == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    s->items = items;
    struct backup_shelf_entry *e = &items[s->count++];
    *e = (struct backup_shelf_entry){.kind = m->kind};
    (void)str_copy(e->id, sizeof e->id, m->id);
    take(e, m);
    return 0;
}

int backup_shelf_judge(struct backup_shelf *s, const struct retention_policy *policy,
                       const char *zone_name, wall_ms now, struct error *err)
{
    struct zone *zone = NULL;
    int r = zone_load(zone_name, &zone, err);
    if (r == 0 && s->count > 0) {
        qsort(s->items, s->count, sizeof s->items[0], newest_first);
        r = apply(s, policy, zone, now, err);
    }
    zone_free(zone);
    return r;
}

void backup_shelf_free(struct backup_shelf *s)
{
    mem_free(s->items);
    *s = (struct backup_shelf){0};
}

const struct backup_shelf_entry *backup_shelf_find(const struct backup_shelf *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++)
        if (str_equal(s->items[i].id, id))
            return &s->items[i];
    return NULL;
}

const struct backup_shelf_entry *backup_shelf_latest(const struct backup_shelf *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (backup_shelf_trusted(&s->items[i]))
            return &s->items[i];
    return NULL;
}

const struct backup_shelf_entry *backup_shelf_scheduled(const struct backup_shelf *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i].kind == BACKUP_DAILY && !s->items[i].damaged)
            return &s->items[i];
    return NULL;
}
