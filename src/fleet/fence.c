/* The right to act, asked for before each command, and what has to be stored with the others. Both
 * are transactions that hold only while the service's key is that of our tenure. */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "fleet/inside.h"
#include "io/log.h"

#define PART "fleet"
#define STOPPING "Resus is stopping"

static const char *id_of(const struct entry *e)
{
    return e->fleet->settings->services[e->index].id;
}

static struct etcd_compare ours(const struct entry *e, char key[ETCD_KEY_MAX])
{
    (void)fleet_key(e->fleet, key, "owner", id_of(e));
    return (struct etcd_compare){.key = key, .what = ETCD_CREATED, .is = e->fence};
}

/* ── the state of the service ── */

static void answer_saves(struct entry *e, uint64_t up_to, bool good)
{
    struct fleet *f = e->fleet;
    size_t kept = 0;
    struct save done[FLEET_SAVES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < e->save_count; i++)
        if (e->saves[i].version <= up_to)
            done[count++] = e->saves[i];
        else
            e->saves[kept++] = e->saves[i];
    e->save_count = kept;
    for (size_t i = 0; i < count && !f->closing; i++)
        f->ports.saved(f->ports.context, e->index, done[i].id, good);
}

static void note_stored(struct entry *e, uint64_t version)
{
    if (version > e->stored)
        e->stored = version;
    answer_saves(e, version, true);
}

static void on_stored(void *context, const struct etcd_answer *answer)
{
    struct entry *e = context;
    bool good = answer->good && answer->succeeded;
    e->storing = false;
    fleet_note(e->fleet, answer);
    if (good) {
        note_stored(e, e->sent);
    } else {
        e->store_after = mono_add(fleet_now(e->fleet).boot, OWNERSHIP_RETRY_MS);
        answer_saves(e, e->sent, false);
    }
    fleet_wake(e->fleet);
}

void fleet_store_turn(struct entry *e, struct now now)
{
    struct fleet *f = e->fleet;
    char owner[ETCD_KEY_MAX], state[ETCD_KEY_MAX];
    bool owns = e->here && e->fence != 0 && e->shown == OWNERSHIP_OURS;
    if (e->storing || e->version <= e->stored)
        return;
    if (!owns) {
        answer_saves(e, e->version, false);
        if (!e->here)
            e->stored = e->version; /* the owner's counts */
        return;
    }
    if (!mono_reached(now.boot, e->store_after) && e->save_count == 0)
        return;
    const struct etcd_compare compare = ours(e, owner);
    (void)fleet_key(f, state, "state", id_of(e));
    const struct etcd_write write = {.key = state, .value = e->wanted};
    const struct etcd_txn txn = {
        .compares = &compare, .compare_count = 1, .writes = &write, .write_count = 1};
    e->sent = e->version;
    e->storing = e->wanted != NULL && etcd_commit(f->etcd, &txn, FLEET_FENCE_MS, on_stored, e);
    if (!e->storing)
        answer_saves(e, e->version, false);
}

void fleet_save(struct fleet *f, int service, uint64_t id, const struct service_state *state)
{
    struct entry *e = &f->entries[service];
    char *text = fleet_state_text(state);
    if (text != NULL) {
        mem_free(e->wanted);
        e->wanted = text;
    }
    e->version++;
    if (id != 0 && e->save_count < FLEET_SAVES_MAX)
        e->saves[e->save_count++] = (struct save){.id = id, .version = e->version};
    fleet_wake(f);
}

/* ── the end of an intent ── */

static void on_closed(void *context, const struct etcd_answer *answer)
{
    struct entry *e = context;
    e->closing_intent = false;
    fleet_note(e->fleet, answer);
    if (answer->good && answer->succeeded)
        e->intent_modified = 0; /* the view comes after it */
}

/* One that is open although nothing of ours is under way: of an owner before, or its end was not
 * stored. It never stands in the way. */
void fleet_intent_turn(struct entry *e)
{
    char owner[ETCD_KEY_MAX], intent[ETCD_KEY_MAX];
    if (e->intent_modified == 0 || e->closing_intent || e->fencing.active || e->fence == 0 ||
        e->shown != OWNERSHIP_OURS)
        return;
    const struct etcd_compare compare = ours(e, owner);
    (void)fleet_key(e->fleet, intent, "intent", id_of(e));
    const struct etcd_write write = {.key = intent};
    const struct etcd_txn txn = {
        .compares = &compare, .compare_count = 1, .writes = &write, .write_count = 1};
    e->closing_intent = etcd_commit(e->fleet->etcd, &txn, FLEET_REQUEST_MS, on_closed, e);
}

/* ── the fence ── */

static void step(struct entry *e, enum fence_event event, const char *why);

static void end_fence(struct entry *e, bool may, const char *why)
{
    struct fence *g = &e->fencing;
    fleet_may *done = g->done;
    void *context = g->context;
    g->right = may ? ++e->fleet->rights : 0;
    g->under = e->fence;
    g->active = may; /* until fleet_acted() */
    if (!may)
        log_warning(PART, "%s: %s is not sent: %s", id_of(e), g->what, why);
    done(context, e->index, g->right, why);
}

static void on_intent(void *context, const struct etcd_answer *answer)
{
    struct entry *e = context;
    fleet_note(e->fleet, answer);
    if (e->fleet->stopping)
        return;
    if (!answer->good) {
        step(e, FENCE_UNKNOWN, "etcd did not confirm it in time");
    } else if (!answer->succeeded) {
        step(e, FENCE_REFUSED, "another engine owns the service by now");
    } else {
        note_stored(e, e->fencing.version);
        step(e, FENCE_WRITTEN, "");
    }
}

static char *intent_text(const struct entry *e)
{
    char at[WALL_TEXT_SIZE];
    JSON_CLEANUP json_t *body = json_object();
    (void)json_put_text(body, "engine", e->fleet->settings->fleet.name);
    (void)json_put_int(body, "fence", e->fence);
    (void)json_put_text(body, "action", e->fencing.what);
    (void)json_put_text(body, "at", wall_text(fleet_now(e->fleet).wall, at));
    return json_dumps(body, JSON_COMPACT);
}

/* The intent, and with it the newest state: an attempt is counted where all see it. */
static void write_intent(struct entry *e)
{
    struct fleet *f = e->fleet;
    char owner[ETCD_KEY_MAX], intent[ETCD_KEY_MAX], state[ETCD_KEY_MAX];
    char *text = intent_text(e);
    const struct etcd_compare compares[] = {ours(e, owner),
                                            {.key = owner, .what = ETCD_LEASE, .is = f->lease}};
    (void)fleet_key(f, intent, "intent", id_of(e));
    (void)fleet_key(f, state, "state", id_of(e));
    const struct etcd_write writes[] = {{.key = intent, .value = text},
                                        {.key = state, .value = e->wanted}};
    const struct etcd_txn txn = {.compares = compares,
                                 .compare_count = 2,
                                 .writes = writes,
                                 .write_count = e->wanted == NULL ? 1 : 2};
    e->fencing.version = e->version;
    bool begun = text != NULL && etcd_commit(f->etcd, &txn, FLEET_FENCE_MS, on_intent, e);
    mem_free(text);
    if (!begun)
        step(e, FENCE_UNKNOWN, "etcd cannot be asked");
}

static void look(struct entry *e);

static void on_fence_renewed(void *context, const struct etcd_answer *answer)
{
    struct entry *e = context;
    struct fleet *f = e->fleet;
    bool good = answer->good && answer->ttl_ms > 0 && answer->lease == f->lease;
    fleet_renewed(f, answer);
    if (f->stopping || !e->fencing.active)
        return;
    if (e->fencing.phase == FENCE_LOOKING) {
        look(e);
        return;
    }
    bool may = good && ownership_right(e->shown, &f->tenure, fleet_now(f).boot) == OWNERSHIP_RIGHT;
    step(e, may ? FENCE_ENOUGH : FENCE_TOO_LATE,
         may ? "" : "etcd did not confirm in time that this engine still owns the service");
}

static void look(struct entry *e)
{
    struct fleet *f = e->fleet;
    switch (ownership_right(e->shown, &f->tenure, fleet_now(f).boot)) {
    case OWNERSHIP_RIGHT:
        step(e, FENCE_ENOUGH, "");
        break;
    case OWNERSHIP_RENEW_FIRST:
        if (!e->fencing.renewed_first) {
            e->fencing.renewed_first = true;
            fleet_renew(f, on_fence_renewed, e);
            return;
        }
        step(e, FENCE_TOO_LATE, "the lease of this engine ends too soon");
        break;
    case OWNERSHIP_UNSURE:
        step(e, FENCE_TOO_LATE,
             "etcd does not answer, so another engine may own the service by now");
        break;
    default:
        step(e, FENCE_TOO_LATE, "another engine owns the service");
        break;
    }
}

static void step(struct entry *e, enum fence_event event, const char *why)
{
    struct fence_step next = fence_step(e->fencing.phase, event);
    e->fencing.phase = next.next;
    switch (next.act) {
    case FENCE_WRITE:
        write_intent(e);
        break;
    case FENCE_RENEW:
        fleet_renew(e->fleet, on_fence_renewed, e);
        break;
    case FENCE_SEND:
        end_fence(e, true, "");
        break;
    case FENCE_HANDS_OFF:
        end_fence(e, false, why);
        break;
    default:
        break;
    }
}

/* ── entering ── */

struct beginning {
    uv_timer_t timer;
    struct beginning *next;
    struct entry *entry;
    fleet_may *refused; /* NULL = it begins */
    void *context;
};

static void on_beginning_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

static void unlink_beginning(struct beginning *b)
{
    struct beginning **at = &b->entry->fleet->beginnings;
    while (*at != b)
        at = &(*at)->next;
    *at = b->next;
    uv_close((uv_handle_t *)&b->timer, on_beginning_closed);
}

static void on_begin(uv_timer_t *timer)
{
    struct beginning *b = timer->data;
    struct entry *e = b->entry;
    unlink_beginning(b);
    if (b->refused != NULL)
        b->refused(b->context, e->index, 0,
                   e->fleet->stopping ? STOPPING : "another command of this engine is under way");
    else
        look(e);
}

void fleet_guard(struct fleet *f, int service, const char *what, fleet_may *done, void *context)
{
    struct entry *e = &f->entries[service];
    struct fence *g = &e->fencing;
    struct beginning *b = mem_must(mem_calloc(1, sizeof *b));
    (void)uv_timer_init(f->loop, &b->timer);
    b->timer.data = b;
    b->entry = e;
    b->context = context;
    b->next = f->beginnings;
    f->beginnings = b;
    if (g->active || f->stopping) {
        b->refused = done;
    } else {
        *g = (struct fence){
            .active = true, .phase = FENCE_LOOKING, .done = done, .context = context};
        (void)str_copy(g->what, sizeof g->what, what);
    }
    (void)uv_timer_start(&b->timer, on_begin, 0, 0);
}

/* ── under way ── */

enum permit_state fleet_right(const struct fleet *f, int service, uint64_t right)
{
    const struct entry *e = &f->entries[service];
    const struct fence *g = &e->fencing;
    bool same = right != 0 && g->right == right && e->here && e->fence == g->under;
    return f->stopping ? PERMIT_OVER
                       : ownership_permit(same, e->shown, &f->tenure, fleet_now(f).boot);
}

void fleet_acted(struct fleet *f, int service, uint64_t right, bool arrived)
{
    struct entry *e = &f->entries[service];
    if (right == 0 || e->fencing.right != right)
        return;
    e->fencing.active = false;
    e->fencing.right = 0;
    if (!arrived)
        e->arrives_by = mono_add(fleet_now(f).boot, TENURE_ACT_MS);
    fleet_wake(f);
}

void fleet_stop_rights(struct fleet *f)
{
    while (f->beginnings != NULL) {
        struct beginning *b = f->beginnings;
        unlink_beginning(b);
        if (b->refused != NULL)
            b->refused(b->context, b->entry->index, 0, STOPPING);
    }
    for (int i = 0; i < f->count; i++)
        if (f->entries[i].fencing.active && f->entries[i].fencing.right == 0)
            end_fence(&f->entries[i], false, STOPPING);
}
