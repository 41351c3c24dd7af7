#include "cli/remote_follow.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <unistd.h>

#include "api/operations.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/ask.h"
#include "io/clock.h"

#define FIRST_LINES 50
#define ALL_LINES                                                                                  \
    100 /* events of all services between two looks; when there are more, all of them */

static void pass_over(void *context, json_t *line)
{
    (void)context;
    (void)line;
}

static const struct remote_reader nobody = {.each = pass_over};

/* Waits for the next turn; false when the reader of stdout has gone meanwhile. */
static bool still_read(int wait_ms)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    int n = poll(&out, 1, wait_ms);
    return n == 0 || (n < 0 && errno == EINTR) || (out.revents & (POLLERR | POLLHUP)) == 0;
}

/* Takes one line that equals `line` out of `shown`. */
static bool was_shown(json_t *shown, const json_t *line)
{
    for (size_t i = 0; i < json_array_size(shown); i++)
        if (json_equal(json_array_get(shown, i), line) == 1)
            return json_array_remove(shown, i) == 0;
    return false;
}

/* Where a follow stands: events count, each service its own; log lines have a time only, in whole
 * seconds. */
struct place {
    const struct remote_reader *reader;
    bool events;
    int64_t seq;  /* of the newest event of the one service */
    json_t *seqs; /* of the newest event of each */
    wall_ms newest;
    json_t *shown; /* the log lines of that second */
};

static bool is_new(const struct place *p, const json_t *event)
{
    return json_int_or(event, "seq", 0) >
           json_int_or(p->seqs, json_text_or(event, "service", ""), 0);
}

static void show_events(struct place *p, const json_t *items, const struct remote_reader *reader)
{
    for (size_t i = json_array_size(items); i > 0; i--) {
        json_t *event = json_array_get(items, i - 1);
        if (!is_new(p, event))
            continue;
        int64_t seq = json_int_or(event, "seq", 0);
        p->seq = seq > p->seq ? seq : p->seq;
        (void)json_put_int(p->seqs, json_text_or(event, "service", ""), seq);
        reader->each(reader->context, event);
    }
}

/* May more have happened since the last answer than this one holds? */
static bool is_short(const struct place *p, const json_t *items, int64_t limit)
{
    const json_t *oldest = json_array_get(items, json_array_size(items) - 1);
    return (int64_t)json_array_size(items) >= limit && limit < OPERATION_LIMIT_MAX &&
           is_new(p, oldest);
}

static void show_lines(struct place *p, const json_t *lines, const struct remote_reader *reader)
{
    json_t *before JSON_CLEANUP = p->shown == NULL ? json_array() : json_copy(p->shown);
    for (size_t i = json_array_size(lines); i > 0; i--) {
        json_t *line = json_array_get(lines, i - 1);
        wall_ms at;
        if (wall_parse(json_text_or(line, "timestamp", ""), &at) < 0 || at.ms < p->newest.ms ||
            was_shown(before, line))
            continue;
        if (at.ms > p->newest.ms || p->shown == NULL) {
            json_decref(p->shown);
            p->shown = json_array();
        }
        p->newest = at;
        (void)json_array_append(p->shown, line);
        reader->each(reader->context, line);
    }
}

static int ask(struct remote *r, const struct place *p, const char *service, const json_t *given,
               int64_t limit, int *ret_status, json_t **ret_body, struct error *err)
{
    json_t *args JSON_CLEANUP = json_object();
    bool ok = json_object_update(args, (json_t *)given) == 0;
    if (p->events)
        ok = ok && json_put_int(args, "limit", limit) &&
             (service == NULL || json_put_int(args, "since", p->seq));
    else
        ok = ok && json_put_wall(args, "since", p->newest) && json_put_int(args, "lines", limit);
    if (!ok)
        return error_set(err, -ENOMEM, "out of memory");
    const char *op = !p->events ? "logs" : service == NULL ? "events_all" : "events";
    return remote_call(r, op, service, args, mono_add(clock_mono(), ASK_CHECK_MS), ret_status,
                       ret_body, err);
}

/* A follow from now on has nothing to show of the past; one since a time, or of so many lines, has.
 */
static bool shows_past(const json_t *given)
{
    return json_object_get(given, "since") != NULL || json_object_get(given, "lines") != NULL;
}

static int64_t first_lines(const json_t *given)
{
    return json_object_get(given, "since") != NULL ? OPERATION_LIMIT_MAX
                                                   : json_int_or(given, "lines", FIRST_LINES);
}

/* Events of one service are asked for from the last one on. Of all services the newest are asked for:
 * at first as many as can be, so that none of the past ones is unknown later. */
static int64_t limit_of(const struct place *p, const char *service, const json_t *given, bool first)
{
    if (p->events && service == NULL)
        return first ? OPERATION_LIMIT_MAX : ALL_LINES;
    return first ? first_lines(given) : OPERATION_LIMIT_MAX;
}

/* Shows what is new; a refusal is left in *ret_refusal. */
static int turn(struct remote *r, struct place *p, const char *service, const json_t *given,
                bool first, int *ret_status, json_t **ret_refusal, struct error *err)
{
    json_t *body JSON_CLEANUP = NULL;
    int64_t limit = limit_of(p, service, given, first);
    int rc = ask(r, p, service, given, limit, ret_status, &body, err);
    if (rc == 0 && *ret_status < 400 && p->events && !first &&
        is_short(p, json_object_get(body, "items"), limit)) {
        json_decref(body);
        body = NULL;
        rc = ask(r, p, service, given, OPERATION_LIMIT_MAX, ret_status, &body, err);
    }
    if (rc < 0)
        return rc;
    if (*ret_status >= 400)
        *ret_refusal = json_incref(body);
    else if (p->events)
        show_events(p, json_object_get(body, "items"), first ? &nobody : p->reader);
    else
        show_lines(p, json_object_get(body, "logs"),
                   first && !shows_past(given) ? &nobody : p->reader);
    return 0;
}

int remote_follow(struct remote *r, const char *op, const char *service, const json_t *args,
                  const struct remote_reader *reader, int *ret_status, json_t **ret_body,
                  struct error *err)
{
    struct place p = {
        .reader = reader, .events = str_equal(op, "events_follow"), .seqs = json_object()};
    json_t *none JSON_CLEANUP = json_object();
    json_t *refusal = NULL;
    (void)wall_parse(json_text_or(args, "since", ""), &p.newest);
    bool first = true; /* that answer tells where "now" is, by the daemon's clock */
    int rc;
    do {
        rc = turn(r, &p, service, args == NULL ? none : args, first, ret_status, &refusal, err);
        first = false;
    } while (rc == 0 && refusal == NULL &&
             still_read(p.events ? REMOTE_FOLLOW_EVENTS_MS : REMOTE_FOLLOW_LOGS_MS));
    json_decref(p.shown);
    json_decref(p.seqs);
    if (rc == 0)
        *ret_body = refusal != NULL ? refusal : json_incref(none);
    return rc;
}
