#include "web/hub.h"

#include <stdlib.h>
#include <string.h>

#include "api/visible.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/clock.h"

#define CLOSE_LOGIN 4401
#define CLOSE_FORBIDDEN 4403
#define CLOSE_DONE 1000
#define CLOSE_TRY_LATER 1013

struct kept {
    int service;
    enum access least; /* notices for admins */
    int64_t seq;
    char *admin, *viewer; /* NULL: the same text */
    size_t bytes;
};

enum follower_state { FOLLOWER_ASKING, FOLLOWER_STARTING, FOLLOWER_LIVE, FOLLOWER_ENDED };

struct follower {
    struct hub *hub;
    struct conversation *conversation;
    enum follower_state state;
    enum operation_id operation;
    int service;
    bool by_engine; /* an API token: the engine says who it is */
    bool resumes;
    int64_t since;
    struct identity identity;
    json_t *frame; /* what is asked of the engine when it opens; NULL = nothing */
    uint64_t ask;
    struct follower *previous, *next;
};

struct seen {              /* of a service */
    int64_t complete_from; /* every event from this number on is kept; 0 = none came yet */
    int64_t last;
};

struct hub {
    struct link *link;
    struct snapshots *snapshots;
    struct who *who;
    uv_timer_t timer;
    struct follower *followers;
    struct seen *seen; /* of each service */
    struct kept ring[HUB_EVENTS_MAX];
    size_t first, count, bytes;
};

static void on_timer(uv_timer_t *timer)
{
    hub_look(timer->data);
}

struct hub *hub_new(uv_loop_t *loop, struct link *link, struct snapshots *snapshots,
                    struct who *who)
{
    struct hub *hub = mem_calloc(1, sizeof *hub);
    if (hub == NULL)
        return NULL;
    hub->seen = mem_calloc(snapshots_count(snapshots) + 1, sizeof *hub->seen);
    if (hub->seen == NULL) {
        mem_free(hub);
        return NULL;
    }
    hub->link = link;
    hub->snapshots = snapshots;
    hub->who = who;
    (void)uv_timer_init(loop, &hub->timer);
    hub->timer.data = hub;
    (void)uv_timer_start(&hub->timer, on_timer, HUB_LOOK_MS, HUB_LOOK_MS);
    return hub;
}

/* ── texts ── */

static json_t *cut(const json_t *event, enum access access)
{
    return str_equal(json_text_or(event, "type", ""), "service_health")
               ? visible_health(event, access)
               : json_incref((json_t *)event);
}

/* NULL for lack of memory. */
static char *event_text(const json_t *event, enum access access)
{
    JSON_CLEANUP json_t *seen = cut(event, access);
    return seen == NULL ? NULL : json_dumps(seen, JSON_WRITE_FLAGS);
}

static void say(struct follower *f, const char *text)
{
    if (text != NULL && f->state != FOLLOWER_ENDED)
        (void)conversation_say(f->conversation, text, strlen(text));
}

static void say_json(struct follower *f, const json_t *event)
{
    char *text = event_text(event, f->identity.access);
    say(f, text);
    free(text);
}

static void end(struct follower *f, int code, const char *why)
{
    if (f->state == FOLLOWER_ENDED)
        return;
    f->state = FOLLOWER_ENDED;
    conversation_end(f->conversation, code, why);
}

/* ── the last events ── */

static struct kept *kept_at(struct hub *hub, size_t i)
{
    return &hub->ring[(hub->first + i) % HUB_EVENTS_MAX];
}

static void forget_oldest(struct hub *hub)
{
    struct kept *k = kept_at(hub, 0);
    hub->seen[k->service].complete_from = k->seq + 1;
    hub->bytes -= k->bytes;
    free(k->admin);
    free(k->viewer);
    *k = (struct kept){0};
    hub->first = (hub->first + 1) % HUB_EVENTS_MAX;
    hub->count--;
}

static void keep(struct hub *hub, const struct kept *fresh)
{
    while (hub->count > 0 &&
           (hub->count == HUB_EVENTS_MAX || hub->bytes + fresh->bytes > HUB_BYTES_MAX))
        forget_oldest(hub);
    *kept_at(hub, hub->count) = *fresh;
    hub->count++;
    hub->bytes += fresh->bytes;
    struct seen *seen = &hub->seen[fresh->service];
    if (seen->complete_from == 0)
        seen->complete_from = fresh->seq;
    seen->last = fresh->seq;
}

static enum access least_of(const json_t *event)
{
    const char *role = json_text_or(event, "least_role", "");
    for (int access = ACCESS_ADMIN; access > ACCESS_VIEWER; access--)
        if (str_equal(role, access_name((enum access)access)))
            return (enum access)access;
    return ACCESS_VIEWER;
}

/* NULL: not for that role. */
static const char *text_for(const struct kept *k, enum access access)
{
    if (access < k->least)
        return NULL;
    return access == ACCESS_ADMIN || k->viewer == NULL ? k->admin : k->viewer;
}

void hub_event(struct hub *hub, int service, const json_t *event)
{
    struct kept k = {
        .service = service, .seq = json_int_or(event, "seq", 0), .least = least_of(event)};
    k.admin = event_text(event, ACCESS_ADMIN);
    if (str_equal(json_text_or(event, "type", ""), "service_health"))
        k.viewer = event_text(event, ACCESS_VIEWER);
    if (k.admin == NULL)
        return;
    k.bytes = strlen(k.admin) + (k.viewer == NULL ? 0 : strlen(k.viewer));
    keep(hub, &k);
    for (struct follower *f = hub->followers; f != NULL; f = f->next)
        if (f->service == service && f->state == FOLLOWER_LIVE && f->operation == OP_EVENTS_FOLLOW)
            say(f, text_for(&k, f->identity.access));
}

/* ── beginning to follow events ── */

static void say_resync(struct follower *f)
{
    char now[WALL_TEXT_SIZE];
    JSON_CLEANUP json_t *line = json_object();
    (void)json_put_text(line, "type", "resync");
    (void)json_put_text(line, "service", snapshots_id(f->hub->snapshots, f->service));
    (void)json_put_text(line, "timestamp", wall_text(clock_wall(), now));
    (void)json_put_int(line, "seq", f->hub->seen[f->service].last);
    say_json(f, line);
}

static void on_state(void *context, const json_t *body)
{
    struct follower *f = context;
    struct hub *hub = f->hub;
    const struct seen *seen = &hub->seen[f->service];
    const json_t *events = json_object_get(body, "events");
    size_t i;
    json_t *event;
    if (body == NULL) {
        end(f, CLOSE_TRY_LATER, "the engine does not answer now");
        return;
    }
    int64_t current = json_int_or(json_array_get(events, 0), "seq", 0);
    bool covered =
        f->since == current ||
        (seen->complete_from != 0 && f->since + 1 >= seen->complete_from && f->since <= current);
    if (f->resumes && !covered)
        say_resync(f);
    json_array_foreach(events, i, event)
    {
        say_json(f, event);
    }
    for (i = 0; f->resumes && covered && i < hub->count; i++) {
        const struct kept *k = kept_at(hub, i);
        if (k->service == f->service && k->seq > f->since)
            say(f, text_for(k, f->identity.access));
    }
    if (f->state == FOLLOWER_STARTING)
        f->state = FOLLOWER_LIVE;
}

/* ── what the engine is asked for a follower ── */

static void ended_by_engine(struct follower *f, const json_t *frame)
{
    int64_t status = json_int_or(frame, "status", 0);
    const char *why = json_text_or(json_object_get(frame, "body"), "error", "the engine ended it");
    if (status == 401)
        end(f, CLOSE_LOGIN, why);
    else if (status == 403)
        end(f, CLOSE_FORBIDDEN, why);
    else
        end(f, status < 400 ? CLOSE_DONE : CLOSE_TRY_LATER, why);
}

static void begin(struct follower *f)
{
    f->state = FOLLOWER_STARTING;
    snapshots_take(f->hub->snapshots, f->service, on_state, f);
}

/* A line of the log. */
static void say_log_line(struct follower *f, const json_t *line)
{
    char now[WALL_TEXT_SIZE];
    JSON_CLEANUP json_t *message = json_object();
    (void)json_put_text(message, "type", "service_log");
    (void)json_put_text(message, "service", snapshots_id(f->hub->snapshots, f->service));
    (void)json_put_text(message, "timestamp",
                        json_text_or(line, "timestamp", wall_text(clock_wall(), now)));
    (void)json_object_update_missing(message, (json_t *)line);
    char *text = json_dumps(message, JSON_WRITE_FLAGS);
    say(f, text);
    free(text);
}

static void on_engine(void *context, const json_t *frame)
{
    struct follower *f = context;
    const json_t *line = json_object_get(frame, "line");
    if (line != NULL) {
        say_log_line(f, line);
        return;
    }
    f->ask = 0;
    const json_t *user = json_object_get(json_object_get(frame, "body"), "user");
    if (f->operation == OP_LOGS_FOLLOW || json_int_or(frame, "status", 0) != 200) {
        ended_by_engine(f, frame);
        return;
    }
    const char *role = json_text_or(user, "role", "");
    f->identity.access = str_equal(role, "admin")      ? ACCESS_ADMIN
                         : str_equal(role, "operator") ? ACCESS_OPERATOR
                                                       : ACCESS_VIEWER;
    begin(f);
}

/* ── coming and going ── */

void hub_accept(struct hub *hub, struct exchange *x, const struct route *route, int service,
                json_t *args, const struct given *given, const struct identity *identity)
{
    struct follower *f = mem_calloc(1, sizeof *f);
    if (f == NULL) {
        json_decref(args);
        exchange_accept(x, NULL);
        return;
    }
    f->hub = hub;
    f->operation = route->operation;
    f->service = service;
    f->by_engine = identity == NULL;
    f->resumes = json_object_get(args, "since") != NULL;
    f->since = json_int_or(args, "since", 0);
    if (identity != NULL)
        f->identity = *identity;
    const struct exchange_request *request = exchange_request(x);
    if (route->operation == OP_LOGS_FOLLOW)
        f->frame = forward_frame(operations[OP_LOGS_FOLLOW].name, route->service, json_incref(args),
                                 request, given);
    else if (identity == NULL)
        f->frame = forward_frame(operations[OP_ME].name, "", json_object(), request, given);
    json_decref(args);
    exchange_accept(x, f);
}

void hub_opened(struct hub *hub, struct conversation *c)
{
    struct follower *f = conversation_data(c);
    if (f == NULL) {
        conversation_end(c, CLOSE_TRY_LATER, "out of memory");
        return;
    }
    f->conversation = c;
    f->next = hub->followers;
    if (f->next != NULL)
        f->next->previous = f;
    hub->followers = f;
    if (f->frame == NULL) {
        begin(f);
        return;
    }
    f->ask = link_ask(hub->link, f->frame, on_engine, f);
    f->frame = NULL;
    if (f->ask == 0)
        end(f, CLOSE_TRY_LATER, "too much to do now");
}

void hub_closed(struct hub *hub, struct conversation *c)
{
    struct follower *f = conversation_data(c);
    if (f == NULL)
        return;
    if (f->previous != NULL)
        f->previous->next = f->next;
    else
        hub->followers = f->next;
    if (f->next != NULL)
        f->next->previous = f->previous;
    snapshots_leave(hub->snapshots, f);
    if (f->ask != 0)
        link_forget(hub->link, f->ask);
    json_decref(f->frame);
    mem_free(f);
}

void hub_unopened(void *data)
{
    struct follower *f = data;
    if (f == NULL)
        return;
    json_decref(f->frame);
    mem_free(f);
}

void hub_look(struct hub *hub)
{
    wall_ms now = clock_wall();
    for (struct follower *f = hub->followers; f != NULL; f = f->next) {
        if (f->by_engine)
            continue;
        if (!who_still(hub->who, &f->identity, now))
            end(f, CLOSE_LOGIN, "the login has ended");
        else if (f->identity.access < operations[f->operation].least)
            end(f, CLOSE_FORBIDDEN, "the role does not allow it any more");
    }
}
