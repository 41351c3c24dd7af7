#include "copies/fetch.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "backups/catalog.h"
#include "backups/pull.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "copies/store.h"
#include "io/clock.h"

static int open_store(const struct copy_job *job, void (*alive)(void), struct copy_store **ret,
                      struct error *err)
{
    const struct copy_options options = {
        .target = &job->target, .service = job->service, .alive = alive};
    return copy_store_open(&options, ret, err);
}

static int read_manifest(struct copy_store *s, const struct copy_place *at, struct manifest *ret,
                         struct error *err)
{
    ATTR_CLEANUP(buf_free) struct buf text = BUF_LIMIT(MANIFEST_BYTES_MAX);
    int r = copy_store_get_text(s, at, MANIFEST_FILE, &text, err);
    if (r == 0)
        r = manifest_read(buf_text(&text), text.length, ret, err);
    if (r == 0 && (!str_equal(ret->id, at->id) || ret->kind != at->kind))
        r = error_set(err, -EBADMSG, "the manifest is the one of %s", ret->id);
    if (r == 0 && (ret->file_count == 0 || !str_starts(ret->files[0].name, CATALOG_DUMP_FILE)))
        r = error_set(err, -EBADMSG, "the manifest of %s names no data", at->id);
    return r;
}

/* ── the list ── */

static json_t *item_json(const struct copy_place *at, const struct manifest *m)
{
    const struct backup_figures figures = manifest_figures(m);
    json_t *o = json_object();
    (void)json_put_text(o, "id", at->id);
    (void)json_put_text(o, "kind", backup_kind_word(at->kind));
    (void)json_put_text(o, "reason", m->reason[0] == '\0' ? NULL : m->reason);
    (void)json_put_wall(o, "started_at", m->started);
    (void)json_put_int(o, "bytes", figures.bytes);
    (void)json_put_int(o, "keys", figures.keys);
    (void)json_put_text(o, "proved", proof_level_word(m->proved));
    (void)json_put_bool(o, "suspicious", manifest_suspicions(m) != 0);
    (void)json_put_bool(o, "sealed", m->file_count > 0 && m->files[0].plain_sha256[0] != '\0');
    return o;
}

static int newest_first(const void *a, const void *b)
{
    return strcmp(((const struct copy_place *)b)->id, ((const struct copy_place *)a)->id);
}

static int list_into(struct copy_store *s, const struct copy_place *places, size_t count,
                     json_t *items, struct error *err)
{
    ATTR_CLEANUP(mem_freep) struct manifest *m = mem_calloc(1, sizeof *m);
    if (m == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    for (size_t i = 0; i < count && i < FETCH_LISTED_MAX; i++) {
        struct error why = {0};
        int r = read_manifest(s, &places[i], m, &why);
        if (r == -EBADMSG || r == -ENOENT)
            continue; /* damaged, or removed just now: nothing to bring back */
        if (r < 0) {
            *err = why;
            return r;
        }
        (void)json_array_append_new(items, item_json(&places[i], m));
    }
    return 0;
}

/* All places of both kinds; `*ret` is the caller's (mem_free). */
static int find_all(struct copy_store *s, struct copy_place **ret, size_t *ret_count,
                    struct error *err)
{
    struct copy_place *places = mem_calloc((size_t)2 * COPY_IDS_MAX, sizeof *places);
    size_t count = 0;
    int r = 0;
    if (places == NULL)
        return error_set(err, -ENOMEM, "out of memory");
    for (enum backup_kind k = 0; r == 0 && k < BACKUP_KIND_COUNT; k++) {
        struct copy_ids ids = {0};
        r = copy_store_list(s, k, &ids, err);
        for (size_t i = 0; r == 0 && i < ids.count; i++) {
            places[count].kind = k;
            (void)str_copy(places[count++].id, MANIFEST_ID_SIZE, ids.ids[i]);
        }
        mem_free(ids.ids);
    }
    if (r < 0) {
        mem_free(places);
        return r;
    }
    qsort(places, count, sizeof *places, newest_first);
    *ret = places;
    *ret_count = count;
    return 0;
}

void fetch_list(const struct copy_job *job, void (*alive)(void), struct copy_report *ret)
{
    struct copy_store *s = NULL;
    ATTR_CLEANUP(mem_freep) struct copy_place *places = NULL;
    size_t count = 0;
    *ret = (struct copy_report){.items = json_array()};
    int r = open_store(job, alive, &s, &ret->error);
    if (r == 0)
        r = find_all(s, &places, &count, &ret->error);
    if (r == 0)
        r = list_into(s, places, count, ret->items, &ret->error);
    if (r < 0 && ret->error.code == 0)
        ret->error.code = r;
    copy_store_close(s);
}

/* ── one comes back ── */

static int check_space(const struct copy_job *job, const struct manifest *m, struct error *err)
{
    struct statvfs disk;
    int64_t need = pull_limits_default.reserve_bytes;
    for (size_t i = 0; i < m->file_count; i++)
        need += m->files[i].bytes;
    if (statvfs(job->directory, &disk) < 0)
        return 0;
    int64_t have = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    if (have >= need)
        return 0;
    return error_set(err, -ENOSPC, "%s has %" PRId64 " MiB free, and %" PRId64 " MiB are needed",
                     job->directory, have >> 20, need >> 20);
}

static int bring(const struct copy_job *job, struct copy_store *s, struct catalog *c,
                 struct manifest *m, struct copy_outcome *outcome, struct error *err)
{
    char folder[PATH_MAX];
    char path[PATH_MAX];
    struct copy_place place = {.kind = m->kind};
    (void)str_copy(place.id, sizeof place.id, m->id);
    int r = catalog_begin_again(c, m, folder, err);
    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < m->file_count; i++)
        r = str_format(path, sizeof path, "%s/%s", folder, m->files[i].name)
                ? copy_store_get_file(s, &place, m->files[i].name, path, &m->files[i], err)
                : error_set(err, -ENAMETOOLONG, "the path %s is too long", folder);
    m->proved = PROOF_NONE;
    m->pinned_until = wall_add(clock_wall(), FETCH_PIN_MS);
    manifest_note_copy(m, job->target.name, MANIFEST_COPIED, clock_wall());
    if (r == 0)
        r = catalog_publish(c, m, outcome->manifest_sha256, err);
    if (r < 0)
        catalog_drop(c, m);
    return r;
}

static int find_one(struct copy_store *s, const char *id, struct manifest *ret, struct error *err)
{
    for (enum backup_kind k = 0; k < BACKUP_KIND_COUNT; k++) {
        struct copy_place at = {.kind = k};
        (void)str_copy(at.id, sizeof at.id, id);
        int r = read_manifest(s, &at, ret, err);
        if (r != -ENOENT)
            return r;
    }
    return error_set(err, -ENOENT, "there is no copy of %s: resus backup fetch lists them", id);
}

void fetch_one(const struct copy_job *job, void (*alive)(void), struct copy_report *ret)
{
    struct copy_store *s = NULL;
    struct catalog *c = NULL;
    ATTR_CLEANUP(mem_freep) struct manifest *m = mem_calloc(1, sizeof *m);
    *ret = (struct copy_report){0};
    struct error *err = &ret->error;
    if (m == NULL) {
        (void)error_set(err, -ENOMEM, "out of memory");
        return;
    }
    int r = open_store(job, alive, &s, err);
    if (r == 0)
        r = find_one(s, job->id, m, err);
    if (r == 0)
        r = catalog_open(job->directory, job->service, &c, err);
    if (r == 0)
        r = check_space(job, m, err);
    if (r == 0) {
        (void)copy_report_add(ret, COPY_MADE, m->kind, m->id);
        r = bring(job, s, c, m, &ret->outcomes[0], err);
    }
    if (r < 0)
        ret->count = 0;
    else
        ret->error = (struct error){0};
    catalog_close(c);
    copy_store_close(s);
}
