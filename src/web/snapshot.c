#include "web/snapshot.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "api/service_list.h"
#include "api/visible.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/service_id.h"
#include "base/str.h"
#include "base/time.h"
#include "io/clock.h"
#include "web/header.h"
#include "web/reply.h"

#define TAG_SIZE 24
#define ACCESSES 4
#define LIST_MAX 512 /* bytes of If-None-Match that are looked at */

struct text {
    char *bytes; /* NULL: not written yet */
    size_t length;
    char tag[TAG_SIZE];
};

struct waiter {
    struct request *request; /* NULL: a WebSocket */
    enum snapshot_kind kind;
    enum access access;
    json_t *filter; /* NULL: none */
    char lines[REPLY_LINES_MAX];
    snapshot_taken *taken;
    void *context;
    struct waiter *next;
};

struct entry {
    struct snapshots *owner;
    char id[SERVICE_ID_SIZE]; /* "" = the list of services */
    json_t *body;             /* as the engine sent it; NULL: never */
    mono_ms taken;
    bool stale;
    uint64_t asking; /* 0 = nothing under way */
    struct waiter *waiters, **last;
    struct text texts[SNAPSHOT_KIND_COUNT][ACCESSES];
};

struct snapshots {
    struct engine_link *link;
    size_t count;
    struct entry *entries; /* count services, then the list */
};

static void drop_texts(struct entry *e)
{
    for (int kind = 0; kind < SNAPSHOT_KIND_COUNT; kind++)
        for (int access = 0; access < ACCESSES; access++) {
            free(e->texts[kind][access].bytes);
            e->texts[kind][access] = (struct text){0};
        }
}

/* ── texts ── */

static json_t *list_of(const struct entry *e, enum access access, const json_t *filter)
{
    JSON_CLEANUP json_t *seen = visible_services(e->body, access);
    return service_list_pick(seen, filter);
}

static json_t *visible(const struct entry *e, enum snapshot_kind kind, enum access access)
{
    if (kind == SNAPSHOT_LIST)
        return list_of(e, access, NULL);
    return kind == SNAPSHOT_STATUS ? visible_status(json_object_get(e->body, "status"), access)
                                   : visible_health(json_object_get(e->body, "health"), access);
}

static bool write_text(const struct entry *e, enum snapshot_kind kind, enum access access,
                       struct text *to)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    JSON_CLEANUP json_t *seen = visible(e, kind, access);
    to->bytes = seen == NULL ? NULL : json_dumps(seen, JSON_WRITE_FLAGS);
    if (to->bytes == NULL)
        return false;
    to->length = strlen(to->bytes);
    if (EVP_Digest(to->bytes, to->length, digest, NULL, EVP_sha256(), NULL) != 1)
        memset(digest, 0, sizeof digest);
    (void)str_copy(to->tag, sizeof to->tag, "\"");
    for (size_t i = 0; i < 8; i++)
        (void)str_append(to->tag, sizeof to->tag, "%02x", digest[i]);
    (void)str_append(to->tag, sizeof to->tag, "\"");
    return true;
}

static bool is_known_already(struct request *x, const char *tag)
{
    char list[LIST_MAX];
    return request_header(x, HEADER_IF_NONE_MATCH, list, sizeof list) && header_matches(list, tag);
}

/* The state of the service is unknown: the error's members with this request's id. */
static void answer_untold(const struct entry *e, struct request *x, enum access access,
                          const char *lines)
{
    JSON_CLEANUP json_t *seen = visible(e, SNAPSHOT_STATUS, access);
    reply_json(x, 503, json_copy(seen), lines);
}

/* A part of the list: made for this caller, so without an ETag. */
static void answer_part(const struct entry *e, struct request *x, enum access access,
                        const json_t *filter, const char *lines)
{
    json_t *part = list_of(e, access, filter);
    if (part == NULL)
        reply_error(x, 500, "out_of_memory", "The answer could not be written.", lines);
    else
        reply_json(x, 200, part, lines);
}

static void answer_text(struct entry *e, struct request *x, enum snapshot_kind kind,
                        enum access access, const json_t *filter, const char *lines)
{
    char all[REPLY_LINES_MAX + 128];
    const json_t *status = json_object_get(e->body, "status");
    if (kind == SNAPSHOT_STATUS && json_object_get(status, "error") != NULL) {
        answer_untold(e, x, access, lines);
        return;
    }
    if (kind == SNAPSHOT_LIST && json_object_size(filter) > 0) {
        answer_part(e, x, access, filter, lines);
        return;
    }
    struct text *t = &e->texts[kind][access];
    if (t->bytes == NULL && !write_text(e, kind, access, t)) {
        reply_error(x, 500, "out_of_memory", "The answer could not be written.", lines);
        return;
    }
    bool known = is_known_already(x, t->tag);
    (void)str_format(all, sizeof all, "ETag: %s\r\nCache-Control: no-cache, private\r\n%s", t->tag,
                     lines);
    const struct answer answer = {.status = known ? 304 : 200,
                                  .lines = all,
                                  .body = t->bytes,
                                  .length = known ? 0 : t->length};
    request_answer(x, &answer);
}

/* ── fetching ── */

static void free_waiter(struct waiter *w)
{
    json_decref(w->filter);
    mem_free(w);
}

static void answer_waiter(struct entry *e, struct waiter *w, bool fresh)
{
    if (w->request == NULL)
        w->taken(w->context, fresh ? e->body : NULL);
    else if (fresh)
        answer_text(e, w->request, w->kind, w->access, w->filter, w->lines);
    else
        reply_error(w->request, 503, "engine_busy", "The engine does not answer now: try again.",
                    w->lines);
    free_waiter(w);
}

static void settle(struct entry *e, bool fresh)
{
    struct waiter *w = e->waiters;
    e->waiters = NULL;
    e->last = &e->waiters;
    while (w != NULL) {
        struct waiter *next = w->next;
        answer_waiter(e, w, fresh);
        w = next;
    }
}

static void on_taken(void *context, const json_t *frame)
{
    struct entry *e = context;
    bool good = json_int_or(frame, "status", 0) == 200;
    e->asking = 0;
    if (good) {
        json_decref(e->body);
        e->body = json_incref(json_object_get(frame, "body"));
        e->taken = clock_mono();
        e->stale = false; /* events that came before this answer are in it */
        drop_texts(e);
    }
    settle(e, good);
}

static bool fetch(struct entry *e)
{
    if (e->asking != 0)
        return true;
    json_t *request = json_object();
    (void)json_put_text(request, "op", e->id[0] == '\0' ? "service_list" : "snapshot");
    if (e->id[0] != '\0')
        (void)json_put_text(request, "service", e->id);
    e->asking = engine_link_ask(e->owner->link, request, on_taken, e);
    return e->asking != 0;
}

/* NULL: the engine is not asked, so no caller may wait for its answer. */
static struct waiter *wait_for(struct entry *e)
{
    struct waiter *w = fetch(e) ? mem_calloc(1, sizeof *w) : NULL;
    if (w == NULL)
        return NULL;
    *e->last = w;
    e->last = &w->next;
    return w;
}

static void remove_waiters(struct entry *e, const struct request *x, const void *context)
{
    for (struct waiter **at = &e->waiters; *at != NULL;) {
        struct waiter *w = *at;
        bool his = x != NULL ? w->request == x : w->request == NULL && w->context == context;
        if (!his) {
            at = &w->next;
            continue;
        }
        *at = w->next;
        free_waiter(w);
    }
    e->last = &e->waiters;
    while (*e->last != NULL)
        e->last = &(*e->last)->next;
}

/* ── outside ── */

struct snapshots *snapshots_new(struct engine_link *link, const json_t *services)
{
    const json_t *items = json_object_get(services, "items");
    struct snapshots *s = mem_calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->link = link;
    s->count = json_array_size(items);
    s->entries = mem_calloc(s->count + 1, sizeof *s->entries);
    if (s->entries == NULL) {
        mem_free(s);
        return NULL;
    }
    for (size_t i = 0; i <= s->count; i++) {
        struct entry *e = &s->entries[i];
        e->owner = s;
        e->last = &e->waiters;
        if (i < s->count)
            (void)str_copy(e->id, sizeof e->id, json_text_or(json_array_get(items, i), "id", ""));
    }
    return s;
}

/* Thousands of services are few enough to be walked through; the list is in the settings' order. */
int snapshots_find(const struct snapshots *s, const char *id)
{
    for (size_t i = 0; i < s->count; i++)
        if (id[0] != '\0' && str_equal(s->entries[i].id, id))
            return (int)i;
    return -1;
}

const char *snapshots_id(const struct snapshots *s, int service)
{
    return s->entries[service].id;
}

size_t snapshots_count(const struct snapshots *s)
{
    return s->count;
}

static struct entry *entry_of(struct snapshots *s, enum snapshot_kind kind, int service)
{
    return &s->entries[kind == SNAPSHOT_LIST ? s->count : (size_t)service];
}

void snapshots_answer(struct snapshots *s, struct request *x, enum snapshot_kind kind, int service,
                      enum access access, json_t *filter, const char *lines)
{
    struct entry *e = entry_of(s, kind, service);
    int64_t age = e->body == NULL ? INT64_MAX : mono_since(clock_mono(), e->taken);
    if (!e->stale && age <= SNAPSHOT_MAX_AGE_MS) {
        if (age > SNAPSHOT_REFRESH_AGE_MS)
            (void)fetch(e);
        answer_text(e, x, kind, access, filter, lines);
        return;
    }
    struct waiter *w = wait_for(e);
    if (w == NULL) {
        reply_error(x, 503, "engine_busy", "The engine has too much to do now: try again.", lines);
        return;
    }
    w->request = x;
    w->kind = kind;
    w->access = access;
    w->filter = json_incref(filter);
    (void)str_copy(w->lines, sizeof w->lines, lines);
}

void snapshots_take(struct snapshots *s, int service, snapshot_taken *taken, void *context)
{
    struct entry *e = &s->entries[service];
    struct waiter *w = wait_for(e);
    if (w == NULL) {
        taken(context, NULL);
        return;
    }
    w->taken = taken;
    w->context = context;
}

void snapshots_forget(struct snapshots *s, const struct request *x)
{
    for (size_t i = 0; i <= s->count; i++)
        if (s->entries[i].waiters != NULL)
            remove_waiters(&s->entries[i], x, NULL);
}

void snapshots_leave(struct snapshots *s, const void *context)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->entries[i].waiters != NULL)
            remove_waiters(&s->entries[i], NULL, context);
}

void snapshots_event(struct snapshots *s, int service)
{
    s->entries[service].stale = true;
    s->entries[s->count].stale = true;
}
