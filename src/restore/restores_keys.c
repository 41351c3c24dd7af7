/* By keys: a server of our own serves the backup, and its keys are copied into the target as it
 * runs. The safety backup comes first. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "restore/restores_inside.h"

#define SILENCE_MS (60 * 1000)

static void fail(struct entry *e, const char *what, const struct error *err)
{
    char text[ERROR_TEXT_MAX];
    (void)str_format(text, sizeof text, "%s%s%s", what, what[0] == '\0' ? "" : ": ",
                     err == NULL ? "" : err->text);
    entry_ended(e, RESTORES_FAILED, text);
}

/* ── the copy ── */

static void take_figures(struct entry *e, const struct pour_result *result)
{
    e->restored = result->restored;
    e->kept = result->kept;
    e->expired = result->expired;
    e->removed = result->removed;
}

/* Of a whole backup it is known how many keys there are; those with a TTL may be gone by now. */
static bool is_complete(const struct entry *e)
{
    int64_t wanted = 0;
    if (e->db >= 0 || e->match[0] != '\0')
        return true;
    for (size_t i = 0; i < e->database_count; i++)
        wanted += e->databases[i].keys - e->databases[i].expires;
    return e->restored + e->kept + e->expired >= wanted;
}

static void on_poured(void *context, const struct pour_result *result)
{
    struct entry *e = context;
    char text[ERROR_TEXT_MAX];
    e->run->pour = NULL;
    take_figures(e, result);
    (void)str_format(text, sizeof text,
                     "%" PRId64 " keys restored, %" PRId64 " kept as they were, %" PRId64
                     " expired meanwhile, %" PRId64 " removed",
                     e->restored, e->kept, e->expired, e->removed);
    if (result->error.code != 0) {
        (void)str_append(text, sizeof text, "; then it ended: %s. It may be repeated",
                         result->error.text);
        entry_ended(e, RESTORES_FAILED, text);
    } else if (!is_complete(e)) {
        (void)str_append(text, sizeof text, ": fewer than the %" PRId64 " of the backup", e->keys);
        entry_ended(e, RESTORES_FAILED, text);
    } else {
        entry_ended(e, RESTORES_DONE, text);
    }
}

/* The answer may come when the restore has ended. */
struct permission {
    struct restores *r;
    int64_t number;
    int orders;
};

static void pour_under(struct entry *e, const struct permit *permit)
{
    struct run *run = e->run;
    struct error err = {0};
    const struct pour_options options = {
        .permit = permit,
        .source = run->source,
        .target = &run->redis,
        .tunnel = entry_tunnel(e),
        .mode = e->mode,
        .db = e->db,
        .pattern = e->match,
        .silence_ms = SILENCE_MS,
    };
    const char *busy = e->r->ports.busy(e->r->ports.context, e->target);
    struct permit unused = *permit;
    if (busy == NULL &&
        pour_start(e->r->ports.loop, &options, on_poured, e, &run->pour, &err) == 0) {
        entry_stage(e, "pouring");
        return;
    }
    permit_end(&unused);
    if (busy != NULL)
        (void)error_set(&err, -EBUSY, "%s", busy);
    fail(e,
         busy != NULL ? "nothing was changed: under way on this service" : "the copy cannot begin",
         &err);
}

static void on_permitted(void *context, const struct permit *permit, const char *why)
{
    struct permission *asked = context;
    struct restores *r = asked->r;
    struct entry *e = restores_find(r, asked->number);
    bool awaited = !r->closing && e != NULL && e->run != NULL && e->orders == asked->orders;
    mem_free(asked);
    if (awaited && permit != NULL) {
        pour_under(e, permit);
        return;
    }
    struct permit unused = permit == NULL ? (struct permit){0} : *permit;
    permit_end(&unused);
    struct error refused = {0};
    (void)error_set(&refused, -EPERM, "%s", why);
    if (awaited)
        fail(e, "nothing was changed", &refused);
}

static void pour(struct entry *e)
{
    const struct restores_ports *ports = &e->r->ports;
    struct permission *asked = mem_must(mem_calloc(1, sizeof *asked));
    *asked = (struct permission){e->r, e->number, e->orders};
    ports->permit(ports->context, e->target, "restore-keys", on_permitted, asked);
}

static void on_serving(struct entry *e, const struct error *err)
{
    if (err != NULL)
        fail(e, "", err);
    else
        pour(e);
}

static void check(struct entry *e)
{
    serving_begin(e, on_serving);
}

/* ── the order ── */

static void on_guarded(struct entry *e, int result, const struct error *err)
{
    if (result < 0)
        fail(e, "no safety backup could be made, so nothing was changed", err);
    else
        check(e);
}

static void on_noted(void *context, uint64_t id, enum store_outcome outcome,
                     const struct error *error)
{
    struct restores *r = context;
    struct entry *e = restores_find(r, (int64_t)id);
    if (r->closing || e == NULL || e->run == NULL)
        return;
    if (outcome != STORE_DURABLE) {
        fail(e, "the restore cannot be written down, so nothing was changed", error);
    } else if (e->run->unguarded) {
        check(e);
    } else {
        entry_stage(e, "guarding");
        entry_guard(e, on_guarded);
    }
}

void keys_begin(struct entry *e)
{
    entry_stage(e, "planned");
    entry_save(e, on_noted);
}

void keys_cancel(struct entry *e, const struct engine_user *user)
{
    char text[ERROR_TEXT_MAX];
    if (e->run->pour != NULL)
        take_figures(e, pour_so_far(e->run->pour));
    (void)str_format(text, sizeof text,
                     "Cancelled by %s. %" PRId64 " keys were restored: they stay.", user->email,
                     e->restored);
    entry_ended(e, RESTORES_CANCELLED, text);
}
