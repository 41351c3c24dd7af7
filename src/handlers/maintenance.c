/* maintenance: windows that are planned, begun, extended, ended; their checklists; the calendar */
#include "alerts/maintenance.h"

#include <errno.h>
#include <inttypes.h>

#include "alerts/maintenance_read.h"
#include "api/calendar.h"
#include "base/json.h"
#include "base/str.h"
#include "handlers/account_answer.h"
#include "handlers/door.h"
#include "handlers/inside.h"
#include "handlers/waiting.h"

#define LIST_LIMIT 100
#define MINUTE_MS 60000
#define PIECE_BYTES ((size_t)64 * 1024)

static bool sees(const void *context, const char *service)
{
    return call_sees(context, service);
}

static struct maintenance_reader reader_of(const struct call *call)
{
    return (struct maintenance_reader){.sees = sees, .context = call};
}

static int64_t number_of(const struct call *call)
{
    return json_int_or(call->args, "n", 0);
}

static void refuse(struct handlers *h, struct call *call, int r, const char *text)
{
    static const struct refusal own[] = {
        {-EBUSY, 409, "Not now", "wrong_state"},
        {-ENOBUFS, 409, "Too many windows", "limit"},
    };
    handlers_refuse_error(h, call, r, text, own, ARRAY_LENGTH(own), "maintenance_failed");
}

/* ── reading ── */

static void maintenance_get(struct handlers *h, struct call *call)
{
    const struct maintenance_reader reader = reader_of(call);
    int64_t limit = json_int_or(call->args, "limit", LIST_LIMIT);
    limit = limit > MAINTENANCE_LIST_MAX ? MAINTENANCE_LIST_MAX : limit;
    json_t *body = maintenance_list(h->ports.maintenance, json_text_or(call->args, "state", NULL),
                                    (size_t)limit, &reader);
    handlers_answer_seen(h, call, 200, body);
}

static void maintenance_get_one(struct handlers *h, struct call *call)
{
    const struct maintenance_reader reader = reader_of(call);
    json_t *body = maintenance_show(h->ports.maintenance, number_of(call), &reader);
    if (body == NULL)
        refuse(h, call, -ENOENT, "There is no such window: resus maintenance list shows them.");
    else
        handlers_answer_seen(h, call, 200, body);
}

static void calendar_get(struct handlers *h, struct call *call)
{
    const struct maintenance_reader reader = reader_of(call);
    struct buf out ATTR_CLEANUP(buf_free) = BUF_LIMIT(CALENDAR_MAX);
    int r = maintenance_calendar(h->ports.maintenance, &reader, &out);
    if (r < 0) {
        refuse(h, call, -ENOMEM, "The calendar needs more memory than there is.");
        return;
    }
    const char *text = buf_text(&out);
    size_t left = out.length;
    while (left > PIECE_BYTES) {
        size_t piece = PIECE_BYTES;
        while (piece > 1 && text[piece - 1] != '\n') /* lines are short: not inside a character */
            piece--;
        call->push(call, json_stringn(text, piece));
        text += piece;
        left -= piece;
    }
    call->answer(call, 200, json_stringn(text, left));
}

/* ── orders ── */

/* The end of an order, whose call waits for the disk. */
static void done(struct handlers *h, struct call *call, int64_t r, const struct error *err,
                 const char *what)
{
    char text[OPERATION_REASON_MAX * 4 + 300];
    const char *reason = json_text_or(call->args, "reason", "");
    if (r < 0) {
        handlers_unwait(h, call);
        refuse(h, call, (int)r, err->text);
        return;
    }
    int64_t number = r > 0 ? r : number_of(call);
    /* Answered as it is now, when the order is on the disk. */
    call->kept = maintenance_show(h->ports.maintenance, number, NULL);
    (void)str_format(text, sizeof text, "window %" PRId64 " (%s)%s%s%s%s", number,
                     json_text_or(call->kept, "title", ""), what[0] == '\0' ? "" : ", ", what,
                     reason[0] == '\0' ? "" : ": ", reason);
    if (h->ports.accounts != NULL)
        account_done(h, call, text);
}

static void planned_times(struct handlers *h, const struct call *call, wall_ms *starts,
                          wall_ms *ends)
{
    JSON_CLEANUP json_t *now = maintenance_show(h->ports.maintenance, number_of(call), NULL);
    *starts = *ends = WALL_NONE;
    (void)wall_parse(json_text_or(now, "starts_at", ""), starts);
    (void)wall_parse(json_text_or(now, "ends_at", ""), ends);
}

/* When the window ends that the order opens or lets end later; WALL_NONE = it does neither. */
static wall_ms ordered_end(struct handlers *h, const struct call *call, enum window_event event)
{
    wall_ms starts;
    wall_ms ends;
    planned_times(h, call, &starts, &ends);
    if (event == WINDOW_BEGIN)
        return wall_add(handlers_now(h).wall, wall_since(ends, starts));
    return event == WINDOW_EXTEND
               ? wall_add(ends, json_int_or(call->args, "minutes", 0) * MINUTE_MS)
               : WALL_NONE;
}

static void change_state(struct handlers *h, struct call *call)
{
    enum window_event event = (enum window_event)handlers_order(h, call);
    int64_t minutes = json_int_or(call->args, "minutes", 0);
    struct error err = {0};
    char text[64] = "";
    if (minutes > 0)
        (void)str_format(text, sizeof text, "%" PRId64 " minutes", minutes);
    if (door_outlasts_grant(h, call, ordered_end(h, call, event)))
        return;
    uint64_t id = handlers_wait(h, call);
    int r = maintenance_order(h->ports.maintenance, number_of(call), event, minutes * MINUTE_MS, id,
                              &err);
    done(h, call, r, &err, text);
}

static void maintenance_tick(struct handlers *h, struct call *call)
{
    struct error err = {0};
    char text[64];
    bool ticked = json_bool_or(call->args, "done", false);
    int64_t item = json_int_or(call->args, "item", 0);
    (void)str_format(text, sizeof text, "item %" PRId64 " %s", item,
                     ticked ? "is done" : "is not done");
    uint64_t id = handlers_wait(h, call);
    int r = maintenance_mark(h->ports.maintenance, number_of(call), (size_t)item, ticked,
                             &call->user, json_text_or(call->args, "note", NULL), id, &err);
    done(h, call, r, &err, text);
}

/* ── planning ── */

static void maintenance_post(struct handlers *h, struct call *call)
{
    struct maintenance_request wished = {0};
    struct error err = {0};
    char text[100] = "";
    int64_t r = maintenance_read(h->engine, call->args, &wished, &err);
    if (r < 0) {
        refuse(h, call, (int)r, err.text);
        return;
    }
    maintenance_read_end(call->args, &wished.wish, NULL);
    if (wished.wish.impact < 0)
        wished.wish.impact = WINDOW_OUTAGE;
    if (door_outlasts_grant(h, call, wished.wish.ends))
        return;
    maintenance_times_text(&wished.wish, text, sizeof text);
    uint64_t id = handlers_wait(h, call);
    r = maintenance_plan(h->ports.maintenance, &wished.wish, &call->user, id, &err);
    done(h, call, r, &err, text);
}

/* When the window ends once the wish is granted. */
static wall_ms end_of(const struct maintenance_wish *wish, const json_t *now)
{
    wall_ms ends = wish->ends;
    if (ends.ms == WALL_NONE.ms)
        (void)wall_parse(json_text_or(now, "ends_at", ""), &ends);
    return ends;
}

static void maintenance_patch(struct handlers *h, struct call *call)
{
    struct maintenance_request wished = {0};
    struct error err = {0};
    char text[100] = "";
    int r = maintenance_read(h->engine, call->args, &wished, &err);
    if (r < 0) {
        refuse(h, call, r, err.text);
        return;
    }
    JSON_CLEANUP json_t *now = maintenance_show(h->ports.maintenance, number_of(call), NULL);
    maintenance_read_end(call->args, &wished.wish, now);
    if (door_outlasts_grant(h, call, end_of(&wished.wish, now)))
        return;
    maintenance_times_text(&wished.wish, text, sizeof text);
    uint64_t id = handlers_wait(h, call);
    r = maintenance_change(h->ports.maintenance, number_of(call), &wished.wish, id, &err);
    done(h, call, r, &err, text);
}

static const struct handling rows[] = {
    {OP_MAINTENANCE, .run = maintenance_get},
    {OP_MAINTENANCE_SHOW, .run = maintenance_get_one},
    {OP_MAINTENANCE_PLAN, .run = maintenance_post, WRITES(MAINTENANCE, MODERATE)},
    {OP_MAINTENANCE_SET, .run = maintenance_patch, WRITES(MAINTENANCE, MODERATE)},
    {OP_MAINTENANCE_CANCEL, .run = change_state, .order = WINDOW_CANCEL,
     WRITES(MAINTENANCE, MODERATE)},
    {OP_MAINTENANCE_BEGIN, .run = change_state, .order = WINDOW_BEGIN,
     WRITES(MAINTENANCE, MODERATE)},
    {OP_MAINTENANCE_END, .run = change_state, .order = WINDOW_FINISH,
     WRITES(MAINTENANCE, MODERATE)},
    {OP_MAINTENANCE_EXTEND, .run = change_state, .order = WINDOW_EXTEND,
     WRITES(MAINTENANCE, MODERATE)},
    {OP_MAINTENANCE_CHECKLIST, .run = maintenance_tick, WRITES(MAINTENANCE, MODERATE)},
    {OP_CALENDAR, .run = calendar_get},
    {0},
};

const struct resource resource_maintenance = {NEEDS_WINDOWS, rows};
