#include "web/hub.h"

#include <openssl/evp.h>
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
#define BEARER_DIGEST 32

struct kept {
    int service;
    enum access least; /* notices for admins */
    int64_t seq;
    char *admin, *viewer; /* NULL: the same text */
    size_t bytes;
};

enum follower_state { FOLLOWER_ASKING, FOLLOWER_STARTING, FOLLOWER_LIVE, FOLLOWER_ENDED };

/* An API token that WebSockets came with. Only the engine knows who that is, and whether it still
 * is: it is asked again every HUB_LOOK_MS, once for all of a token's WebSockets. */
struct bearer {
    struct hub *hub;
    unsigned char digest[BEARER_DIGEST];
    json_t *request;
    uint64_t ask; /* 0 = not under way */
    size_t followers;
    bool known;
    enum access access;
    json_t *services; /* its scope; NULL = every one */
    struct bearer *next;
};

struct follower {
    struct hub *hub;
    struct conversation *conversation;
    enum follower_state state;
    enum operation_id operation;
    int service;
    struct bearer *bearer; /* NULL: a login, which `identity` names */
    bool resumes;
    int64_t since;
    struct identity identity;
    json_t *frame; /* logs: what the engine is asked for; NULL afterwards */
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
    uint64_t looks;
    struct follower *followers;
    struct bearer *bearers;
    struct seen *seen; /* of each service */
    struct kept ring[HUB_EVENTS_MAX];
    size_t first, count, bytes;
};

static void tell_used(struct hub *hub)
{
    json_t *used = who_take_used(hub->who);
    if (used == NULL)
        return;
    json_t *frame = json_object();
    (void)json_put(frame, "used", used);
    link_tell(hub->link, frame);
}

static void on_timer(uv_timer_t *timer)
{
    struct hub *hub = timer->data;
    hub_look(hub);
    if (++hub->looks % HUB_USED_LOOKS == 0)
        tell_used(hub);
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

/* NULL for lack of memory. */
static char *event_text(const json_t *event, enum access access)
{
    JSON_CLEANUP json_t *seen = visible_event(event, access);
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
    return who_access(json_text_or(event, "least_role", "viewer"));
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
    if (k.admin == NULL) { /* no memory: whoever missed it is told so */
        hub->seen[service].complete_from = k.seq + 1;
        free(k.viewer);
        return;
    }
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

/* Is everything that was missed since then still here, and little enough to be sent at once? */
static bool is_covered(const struct follower *f, int64_t current)
{
    struct hub *hub = f->hub;
    const struct seen *seen = &hub->seen[f->service];
    size_t bytes = 0;
    if (f->since == current)
        return true;
    if (seen->complete_from == 0 || f->since + 1 < seen->complete_from || f->since > current)
        return false;
    for (size_t i = 0; i < hub->count; i++) {
        const struct kept *k = kept_at(hub, i);
        if (k->service == f->service && k->seq > f->since)
            bytes += k->bytes;
    }
    return bytes <= HUB_RESUME_BYTES_MAX;
}

static void on_state(void *context, const json_t *body)
{
    struct follower *f = context;
    struct hub *hub = f->hub;
    const json_t *events = json_object_get(body, "events");
    size_t i;
    json_t *event;
    if (body == NULL) {
        end(f, CLOSE_TRY_LATER, "the engine does not answer now");
        return;
    }
    bool covered = f->resumes && is_covered(f, json_int_or(json_array_get(events, 0), "seq", 0));
    if (f->resumes && !covered)
        say_resync(f);
    json_array_foreach(events, i, event) {
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

static void on_log(void *context, const json_t *frame)
{
    struct follower *f = context;
    const json_t *line = json_object_get(frame, "line");
    if (line != NULL) {
        say_log_line(f, line);
        return;
    }
    f->ask = 0;
    ended_by_engine(f, frame);
}

/* It is known who follows. */
static void begin(struct follower *f)
{
    f->state = FOLLOWER_STARTING;
    if (f->operation == OP_EVENTS_FOLLOW) {
        snapshots_take(f->hub->snapshots, f->service, on_state, f);
        return;
    }
    f->ask = link_ask(f->hub->link, f->frame, on_log, f);
    f->frame = NULL;
    if (f->ask == 0)
        end(f, CLOSE_TRY_LATER, "too much to do now");
}

/* ── API tokens ── */

static bool is_in_scope(const struct bearer *b, const char *service)
{
    size_t i;
    json_t *id;
    if (b->services == NULL)
        return true;
    json_array_foreach(b->services, i, id) {
        if (json_is_string(id) && str_equal(json_string_value(id), service))
            return true;
    }
    return false;
}

static void admit(struct follower *f)
{
    const struct bearer *b = f->bearer;
    f->identity.access = b->access;
    if (b->access < operations[f->operation].least ||
        !is_in_scope(b, snapshots_id(f->hub->snapshots, f->service)))
        end(f, CLOSE_FORBIDDEN, "the token does not allow it");
    else if (f->state == FOLLOWER_ASKING)
        begin(f);
}

static void on_bearer(void *context, const json_t *frame)
{
    struct bearer *b = context;
    const json_t *body = json_object_get(frame, "body");
    int64_t status = json_int_or(frame, "status", 0);
    b->ask = 0;
    b->known = status == 200;
    if (b->known) {
        b->access = who_access(json_text_or(body, "role", ""));
        json_decref(b->services);
        b->services = json_incref(json_object_get(body, "services"));
    }
    bool refused = status == 401 || status == 403;
    for (struct follower *f = b->hub->followers; f != NULL; f = f->next) {
        if (f->bearer != b || f->state == FOLLOWER_ENDED)
            continue;
        if (b->known)
            admit(f);
        else if (refused || f->state == FOLLOWER_ASKING) /* a busy engine ends nobody who is in */
            ended_by_engine(f, frame);
    }
}

static void bearer_ask(struct bearer *b)
{
    if (b->ask == 0)
        b->ask = link_ask(b->hub->link, json_copy(b->request), on_bearer, b);
}

static struct bearer *bearer_of(struct hub *hub, const struct exchange_request *request,
                                const struct given *given)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (EVP_Digest(given->token, strlen(given->token), digest, NULL, EVP_sha256(), NULL) != 1)
        return NULL;
    for (struct bearer *b = hub->bearers; b != NULL; b = b->next)
        if (memcmp(b->digest, digest, BEARER_DIGEST) == 0)
            return b;
    struct bearer *b = mem_calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->hub = hub;
    memcpy(b->digest, digest, BEARER_DIGEST);
    b->request = forward_frame(operations[OP_ME].name, "", json_object(), request, given);
    b->next = hub->bearers;
    hub->bearers = b;
    return b;
}

static void bearer_leave(struct bearer *b)
{
    if (b == NULL || --b->followers > 0)
        return;
    for (struct bearer **at = &b->hub->bearers; *at != NULL; at = &(*at)->next)
        if (*at == b) {
            *at = b->next;
            break;
        }
    if (b->ask != 0)
        link_forget(b->hub->link, b->ask);
    json_decref(b->request);
    json_decref(b->services);
    mem_free(b);
}

/* ── coming and going ── */

void hub_accept(struct hub *hub, struct exchange *x, const struct route *route, int service,
                json_t *args, const struct given *given, const struct identity *identity)
{
    const struct exchange_request *request = exchange_request(x);
    struct follower *f = mem_calloc(1, sizeof *f);
    struct bearer *b = f == NULL || identity != NULL ? NULL : bearer_of(hub, request, given);
    if (f == NULL || (identity == NULL && b == NULL)) {
        mem_free(f);
        json_decref(args);
        exchange_accept(x, NULL);
        return;
    }
    f->hub = hub;
    f->operation = route->operation;
    f->service = service;
    f->resumes = json_object_get(args, "since") != NULL && route->operation == OP_EVENTS_FOLLOW;
    f->since = json_int_or(args, "since", 0);
    if (identity != NULL)
        f->identity = *identity;
    f->bearer = b;
    if (b != NULL)
        b->followers++;
    if (route->operation == OP_LOGS_FOLLOW)
        f->frame = forward_frame(operations[OP_LOGS_FOLLOW].name, route->service, json_incref(args),
                                 request, given);
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
    if (f->bearer == NULL) {
        begin(f);
        return;
    }
    bearer_ask(f->bearer);
    if (f->bearer->ask == 0)
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
    bearer_leave(f->bearer);
    json_decref(f->frame);
    mem_free(f);
}

void hub_unopened(void *data)
{
    struct follower *f = data;
    if (f == NULL)
        return;
    bearer_leave(f->bearer);
    json_decref(f->frame);
    mem_free(f);
}

void hub_look(struct hub *hub)
{
    wall_ms now = clock_wall();
    for (struct bearer *b = hub->bearers; b != NULL; b = b->next)
        bearer_ask(b);
    for (struct follower *f = hub->followers; f != NULL; f = f->next) {
        if (f->bearer != NULL)
            continue;
        if (!who_still(hub->who, &f->identity, now))
            end(f, CLOSE_LOGIN, "the login has ended");
        else if (f->identity.access < operations[f->operation].least)
            end(f, CLOSE_FORBIDDEN, "the role no longer allows it");
    }
}
