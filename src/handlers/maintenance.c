/* maintenance: windows that are planned, begun, extended, ended; their checklists; the calendar */
#include "alerts/maintenance.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "api/calendar.h"
#include "api/visible.h"
#include "base/json.h"
#include "base/service_id.h"
#include "base/str.h"
#include "handlers/account_answer.h"
#include "handlers/door.h"
#include "handlers/inside.h"

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
    handlers_refuse(h, call, r, text, own, ARRAY_LENGTH(own), "maintenance_failed");
}

/* ── reading ── */

/* Takes `body`. */
static json_t *as_seen(const struct call *call, json_t *body)
{
    json_t *seen = visible_people(body, call->access);
    json_decref(body);
    return seen;
}

void maintenance_get(struct handlers *h, struct call *call)
{
    const struct maintenance_reader reader = reader_of(call);
    int64_t limit = json_int_or(call->args, "limit", LIST_LIMIT);
    limit = limit > MAINTENANCE_LIST_MAX ? MAINTENANCE_LIST_MAX : limit;
    json_t *body = maintenance_list(h->ports.maintenance, json_text_or(call->args, "state", NULL),
                                    (size_t)limit, &reader);
    if (body == NULL)
        refuse(h, call, -ENOMEM, "The list needs more memory than there is.");
    else
        call->answer(call, 200, as_seen(call, body));
}

void maintenance_get_one(struct handlers *h, struct call *call)
{
    const struct maintenance_reader reader = reader_of(call);
    json_t *body = maintenance_show(h->ports.maintenance, number_of(call), &reader);
    if (body == NULL)
        refuse(h, call, -ENOENT, "There is no such window: resus maintenance list shows them.");
    else
        call->answer(call, 200, as_seen(call, body));
}

void calendar_get(struct handlers *h, struct call *call)
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

/* Answers with the window as it is when the order is on the disk. */
static void wait_for_disk(struct handlers *h, struct call *call, int64_t number)
{
    call->kept = maintenance_show(h->ports.maintenance, number, NULL);
}

/* The ticket of an order; done() ends what begin() began. */
static uint64_t begin(struct handlers *h, struct call *call)
{
    return handlers_wait(h, call);
}

static void done(struct handlers *h, struct call *call, int64_t r, const struct error *err,
                 const char *what)
{
    char text[OPERATION_REASON_MAX * 4 + 300];
    const char *reason = json_text_or(call->args, "reason", "");
    if (r < 0) {
        list_remove(&h->waiting, call);
        refuse(h, call, (int)r, err->text);
        return;
    }
    int64_t number = r > 0 ? r : number_of(call);
    wait_for_disk(h, call, number);
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

void maintenance_orders(struct handlers *h, struct call *call)
{
    static const struct {
        enum operation_id operation;
        enum window_event event;
    } orders[] = {
        {OP_MAINTENANCE_CANCEL, WINDOW_CANCEL},
        {OP_MAINTENANCE_BEGIN, WINDOW_BEGIN},
        {OP_MAINTENANCE_END, WINDOW_FINISH},
        {OP_MAINTENANCE_EXTEND, WINDOW_EXTEND},
    };
    int64_t minutes = json_int_or(call->args, "minutes", 0);
    enum window_event event = WINDOW_EVENT_COUNT;
    struct error err = {0};
    char text[64] = "";
    for (size_t i = 0; i < ARRAY_LENGTH(orders); i++)
        if (call->operation == &operations[orders[i].operation])
            event = orders[i].event;
    if (minutes > 0)
        (void)str_format(text, sizeof text, "%" PRId64 " minutes", minutes);
    if (door_outlasts_grant(h, call, ordered_end(h, call, event)))
        return;
    uint64_t id = begin(h, call);
    int r = maintenance_order(h->ports.maintenance, number_of(call), event, minutes * MINUTE_MS, id,
                              &err);
    done(h, call, r, &err, text);
}

void maintenance_tick(struct handlers *h, struct call *call)
{
    struct error err = {0};
    char text[64];
    bool ticked = json_bool_or(call->args, "done", false);
    int64_t item = json_int_or(call->args, "item", 0);
    (void)str_format(text, sizeof text, "item %" PRId64 " %s", item,
                     ticked ? "is done" : "is not done");
    uint64_t id = begin(h, call);
    int r = maintenance_mark(h->ports.maintenance, number_of(call), (size_t)item, ticked,
                             &call->user, json_text_or(call->args, "note", NULL), id, &err);
    done(h, call, r, &err, text);
}

/* ── planning ── */

/* What a wish points to. */
struct wished {
    struct maintenance_wish wish;
    struct service_patterns services;
    struct checklist checklist;
};

static int read_services(struct handlers *h, const json_t *list, struct service_patterns *ret,
                         struct error *err)
{
    size_t i;
    json_t *item;
    if (json_array_size(list) == 0)
        return error_set(err, -EINVAL, "`services` names no service: [\"*\"] is all of them");
    json_array_foreach(list, i, item) {
        const char *id = json_string_value(item);
        bool known =
            str_equal(id, "*") || (service_id_good(id) && engine_service_index(h->engine, id) >= 0);
        if (!known)
            return error_set(err, -EINVAL, "`services`: there is no service \"%s\"", id);
        if (ret->count == SETTINGS_ROUTE_SERVICES_MAX)
            return error_set(err, -EINVAL, "`services` has more than %d entries",
                             SETTINGS_ROUTE_SERVICES_MAX);
        (void)str_copy(ret->patterns[ret->count++], SETTINGS_ID_MAX, id);
    }
    return 0;
}

/* {"before": [text, ...], "during": [...], "after": [...]} */
static int read_checklist(const json_t *object, struct checklist *ret, struct error *err)
{
    const char *stage;
    json_t *items;
    json_object_foreach((json_t *)object, stage, items) {
        int found = -1;
        size_t i;
        json_t *item;
        for (int k = 0; k < CHECKLIST_STAGE_COUNT; k++)
            if (str_equal(stage, checklist_stage_word((enum checklist_stage)k)))
                found = k;
        if (found < 0 || !json_is_array(items))
            return error_set(err, -EINVAL,
                             "`checklist` has lists of texts `before`, `during` and `after`");
        json_array_foreach(items, i, item) {
            if (!json_is_string(item))
                return error_set(err, -EINVAL, "`checklist` has texts only");
            if (checklist_add(ret, (enum checklist_stage)found, json_string_value(item), err) < 0) {
                (void)error_prefix(err, "`checklist`");
                return -EINVAL;
            }
        }
    }
    return 0;
}

static int read_wish(struct handlers *h, const struct call *call, struct wished *ret,
                     struct error *err)
{
    struct maintenance_wish *wish = &ret->wish;
    const json_t *services = json_object_get(call->args, "services");
    const json_t *checklist = json_object_get(call->args, "checklist");
    const char *impact = json_text_or(call->args, "impact", NULL);
    const char *starts = json_text_or(call->args, "starts_at", NULL);
    int r = 0;
    wish->title = json_text_or(call->args, "title", NULL);
    wish->impact =
        impact == NULL ? -1 : str_index(window_impact_words, WINDOW_IMPACT_COUNT, impact);
    if (starts != NULL)
        (void)wall_parse(starts, &wish->starts); /* operation_check() has read it */
    if (json_is_array(services)) {
        r = read_services(h, services, &ret->services, err);
        wish->services = &ret->services;
    }
    if (r == 0 && json_is_object(checklist)) {
        r = read_checklist(checklist, &ret->checklist, err);
        wish->checklist = &ret->checklist;
    }
    return r;
}

static int64_t length_ms(const struct call *call)
{
    return (int64_t)(json_real_or(call->args, "duration_minutes", 0) * MINUTE_MS);
}

static void times_text(const struct maintenance_wish *wish, char *text, size_t size)
{
    char from[WALL_TEXT_SIZE];
    char until[WALL_TEXT_SIZE];
    if (wish->starts.ms != WALL_NONE.ms && wish->ends.ms != WALL_NONE.ms)
        (void)str_format(text, size, "%s until %s", wall_text(wish->starts, from),
                         wall_text(wish->ends, until));
}

void maintenance_post(struct handlers *h, struct call *call)
{
    struct wished wished = {0};
    struct error err = {0};
    char text[100] = "";
    int64_t r = read_wish(h, call, &wished, &err);
    if (r < 0) {
        refuse(h, call, (int)r, err.text);
        return;
    }
    wished.wish.ends = wall_add(wished.wish.starts, length_ms(call));
    if (wished.wish.impact < 0)
        wished.wish.impact = WINDOW_OUTAGE;
    if (door_outlasts_grant(h, call, wished.wish.ends))
        return;
    times_text(&wished.wish, text, sizeof text);
    uint64_t id = begin(h, call);
    r = maintenance_plan(h->ports.maintenance, &wished.wish, &call->user, id, &err);
    done(h, call, r, &err, text);
}

/* A new start keeps the length, a new length the start. Returns when the window ends then. */
static wall_ms fill_times(struct handlers *h, const struct call *call,
                          struct maintenance_wish *wish)
{
    wall_ms starts;
    wall_ms ends;
    bool length = json_is_number(json_object_get(call->args, "duration_minutes"));
    planned_times(h, call, &starts, &ends);
    if (wish->starts.ms == WALL_NONE.ms && !length)
        return ends;
    if (wish->starts.ms == WALL_NONE.ms)
        wish->starts = starts;
    wish->ends = wall_add(wish->starts, length ? length_ms(call) : wall_since(ends, starts));
    return wish->ends;
}

void maintenance_patch(struct handlers *h, struct call *call)
{
    struct wished wished = {0};
    struct error err = {0};
    char text[100] = "";
    int r = read_wish(h, call, &wished, &err);
    if (r < 0) {
        refuse(h, call, r, err.text);
        return;
    }
    if (door_outlasts_grant(h, call, fill_times(h, call, &wished.wish)))
        return;
    times_text(&wished.wish, text, sizeof text);
    uint64_t id = begin(h, call);
    r = maintenance_change(h->ports.maintenance, number_of(call), &wished.wish, id, &err);
    done(h, call, r, &err, text);
}
