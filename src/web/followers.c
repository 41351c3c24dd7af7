#include "web/followers.h"

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
 * is: it is asked again every FOLLOWERS_LOOK_MS, once for all of a token's WebSockets. */
struct bearer {
    struct followers *owner;
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
    struct followers *owner;
    struct websocket *websocket;
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

struct followers {
    struct engine_link *link;
    struct snapshots *snapshots;
    struct identities *identities;
    uv_timer_t timer;
    uint64_t looks;
    struct follower *all;
    struct bearer *bearers;
    struct seen *seen; /* of each service */
    struct kept ring[FOLLOWERS_EVENTS_MAX];
    size_t first, count, bytes;
};

static void tell_used(struct followers *followers)
{
    json_t *used = identities_take_used(followers->identities);
    if (used == NULL)
        return;
    json_t *frame = json_object();
    (void)json_put(frame, "used", used);
    engine_link_tell(followers->link, frame);
}

static void on_timer(uv_timer_t *timer)
{
    struct followers *followers = timer->data;
    followers_look(followers);
    if (++followers->looks % FOLLOWERS_USED_LOOKS == 0)
        tell_used(followers);
}

struct followers *followers_new(uv_loop_t *loop, struct engine_link *link,
                                struct snapshots *snapshots, struct identities *identities)
{
    struct followers *followers = mem_calloc(1, sizeof *followers);
    if (followers == NULL)
        return NULL;
    followers->seen = mem_calloc(snapshots_count(snapshots) + 1, sizeof *followers->seen);
    if (followers->seen == NULL) {
        mem_free(followers);
        return NULL;
    }
    followers->link = link;
    followers->snapshots = snapshots;
    followers->identities = identities;
    (void)uv_timer_init(loop, &followers->timer);
    followers->timer.data = followers;
    (void)uv_timer_start(&followers->timer, on_timer, FOLLOWERS_LOOK_MS, FOLLOWERS_LOOK_MS);
    return followers;
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
        (void)websocket_say(f->websocket, text, strlen(text));
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
    websocket_end(f->websocket, code, why);
}

/* ── the last events ── */

static struct kept *kept_at(struct followers *followers, size_t i)
{
    return &followers->ring[(followers->first + i) % FOLLOWERS_EVENTS_MAX];
}

static void forget_oldest(struct followers *followers)
{
    struct kept *k = kept_at(followers, 0);
    followers->seen[k->service].complete_from = k->seq + 1;
    followers->bytes -= k->bytes;
    free(k->admin);
    free(k->viewer);
    *k = (struct kept){0};
    followers->first = (followers->first + 1) % FOLLOWERS_EVENTS_MAX;
    followers->count--;
}

static void keep(struct followers *followers, const struct kept *fresh)
{
    while (followers->count > 0 && (followers->count == FOLLOWERS_EVENTS_MAX ||
                                    followers->bytes + fresh->bytes > FOLLOWERS_BYTES_MAX))
        forget_oldest(followers);
    *kept_at(followers, followers->count) = *fresh;
    followers->count++;
    followers->bytes += fresh->bytes;
    struct seen *seen = &followers->seen[fresh->service];
    if (seen->complete_from == 0)
        seen->complete_from = fresh->seq;
    seen->last = fresh->seq;
}

static enum access least_of(const json_t *event)
{
    return access_by_name(json_text_or(event, "least_role", "viewer"));
}

/* NULL: not for that role. */
static const char *text_for(const struct kept *k, enum access access)
{
    if (access < k->least)
        return NULL;
    return access == ACCESS_ADMIN || k->viewer == NULL ? k->admin : k->viewer;
}

void followers_event(struct followers *followers, int service, const json_t *event)
{
    struct kept k = {
        .service = service, .seq = json_int_or(event, "seq", 0), .least = least_of(event)};
    k.admin = event_text(event, ACCESS_ADMIN);
    if (str_equal(json_text_or(event, "type", ""), "service_health"))
        k.viewer = event_text(event, ACCESS_VIEWER);
    if (k.admin == NULL) { /* no memory: a follower that missed it learns so */
        followers->seen[service].complete_from = k.seq + 1;
        free(k.viewer);
        return;
    }
    k.bytes = strlen(k.admin) + (k.viewer == NULL ? 0 : strlen(k.viewer));
    keep(followers, &k);
    for (struct follower *f = followers->all; f != NULL; f = f->next)
        if (f->service == service && f->state == FOLLOWER_LIVE && f->operation == OP_EVENTS_FOLLOW)
            say(f, text_for(&k, f->identity.access));
}

/* ── beginning to follow events ── */

static void say_resync(struct follower *f)
{
    char now[WALL_TEXT_SIZE];
    JSON_CLEANUP json_t *line = json_object();
    (void)json_put_text(line, "type", "resync");
    (void)json_put_text(line, "service", snapshots_id(f->owner->snapshots, f->service));
    (void)json_put_text(line, "timestamp", wall_text(clock_wall(), now));
    (void)json_put_int(line, "seq", f->owner->seen[f->service].last);
    say_json(f, line);
}

/* Is everything that was missed since then still here, and little enough to be sent at once? */
static bool is_covered(const struct follower *f, int64_t current)
{
    struct followers *followers = f->owner;
    const struct seen *seen = &followers->seen[f->service];
    size_t bytes = 0;
    if (f->since == current)
        return true;
    if (seen->complete_from == 0 || f->since + 1 < seen->complete_from || f->since > current)
        return false;
    for (size_t i = 0; i < followers->count; i++) {
        const struct kept *k = kept_at(followers, i);
        if (k->service == f->service && k->seq > f->since)
            bytes += k->bytes;
    }
    return bytes <= FOLLOWERS_RESUME_BYTES_MAX;
}

static void on_state(void *context, const json_t *body)
{
    struct follower *f = context;
    struct followers *followers = f->owner;
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
    for (i = 0; f->resumes && covered && i < followers->count; i++) {
        const struct kept *k = kept_at(followers, i);
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
    (void)json_put_text(message, "service", snapshots_id(f->owner->snapshots, f->service));
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
        snapshots_take(f->owner->snapshots, f->service, on_state, f);
        return;
    }
    f->ask = engine_link_ask(f->owner->link, f->frame, on_log, f);
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
        !is_in_scope(b, snapshots_id(f->owner->snapshots, f->service)))
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
        b->access = access_by_name(json_text_or(body, "role", ""));
        json_decref(b->services);
        b->services = json_incref(json_object_get(body, "services"));
    }
    bool refused = status == 401 || status == 403;
    for (struct follower *f = b->owner->all; f != NULL; f = f->next) {
        if (f->bearer != b || f->state == FOLLOWER_ENDED)
            continue;
        if (b->known)
            admit(f);
        else if (refused ||
                 f->state == FOLLOWER_ASKING) /* a busy engine ends no follower that is in */
            ended_by_engine(f, frame);
    }
}

static void bearer_ask(struct bearer *b)
{
    if (b->ask == 0)
        b->ask = engine_link_ask(b->owner->link, json_copy(b->request), on_bearer, b);
}

static struct bearer *bearer_of(struct followers *followers, const struct request_info *request,
                                const struct given *given)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    if (EVP_Digest(given->token, strlen(given->token), digest, NULL, EVP_sha256(), NULL) != 1)
        return NULL;
    for (struct bearer *b = followers->bearers; b != NULL; b = b->next)
        if (memcmp(b->digest, digest, BEARER_DIGEST) == 0)
            return b;
    struct bearer *b = mem_calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->owner = followers;
    memcpy(b->digest, digest, BEARER_DIGEST);
    b->request = forward_frame(operations[OP_ME].name, "", json_object(), request, given);
    b->next = followers->bearers;
    followers->bearers = b;
    return b;
}

static void bearer_leave(struct bearer *b)
{
    if (b == NULL || --b->followers > 0)
        return;
    for (struct bearer **at = &b->owner->bearers; *at != NULL; at = &(*at)->next)
        if (*at == b) {
            *at = b->next;
            break;
        }
    if (b->ask != 0)
        engine_link_forget(b->owner->link, b->ask);
    json_decref(b->request);
    json_decref(b->services);
    mem_free(b);
}

/* ── coming and going ── */

void followers_accept(struct followers *followers, struct request *x, const struct route *route,
                      int service, json_t *args, const struct given *given,
                      const struct identity *identity)
{
    const struct request_info *request = request_info(x);
    struct follower *f = mem_calloc(1, sizeof *f);
    struct bearer *b = f == NULL || identity != NULL ? NULL : bearer_of(followers, request, given);
    if (f == NULL || (identity == NULL && b == NULL)) {
        mem_free(f);
        json_decref(args);
        request_accept(x, NULL);
        return;
    }
    f->owner = followers;
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
    request_accept(x, f);
}

void followers_opened(struct followers *followers, struct websocket *c)
{
    struct follower *f = websocket_data(c);
    if (f == NULL) {
        websocket_end(c, CLOSE_TRY_LATER, "out of memory");
        return;
    }
    f->websocket = c;
    f->next = followers->all;
    if (f->next != NULL)
        f->next->previous = f;
    followers->all = f;
    if (f->bearer == NULL) {
        begin(f);
        return;
    }
    bearer_ask(f->bearer);
    if (f->bearer->ask == 0)
        end(f, CLOSE_TRY_LATER, "too much to do now");
}

void followers_closed(struct followers *followers, struct websocket *c)
{
    struct follower *f = websocket_data(c);
    if (f == NULL)
        return;
    if (f->previous != NULL)
        f->previous->next = f->next;
    else
        followers->all = f->next;
    if (f->next != NULL)
        f->next->previous = f->previous;
    snapshots_leave(followers->snapshots, f);
    if (f->ask != 0)
        engine_link_forget(followers->link, f->ask);
    bearer_leave(f->bearer);
    json_decref(f->frame);
    mem_free(f);
}

void followers_unopened(void *data)
{
    struct follower *f = data;
    if (f == NULL)
        return;
    bearer_leave(f->bearer);
    json_decref(f->frame);
    mem_free(f);
}

void followers_look(struct followers *followers)
{
    wall_ms now = clock_wall();
    for (struct bearer *b = followers->bearers; b != NULL; b = b->next)
        bearer_ask(b);
    for (struct follower *f = followers->all; f != NULL; f = f->next) {
        if (f->bearer != NULL)
            continue;
        if (!identity_still_good(followers->identities, &f->identity, now))
            end(f, CLOSE_LOGIN, "the login has ended");
        else if (f->identity.access < operations[f->operation].least)
            end(f, CLOSE_FORBIDDEN, "the role no longer allows it");
    }
}
