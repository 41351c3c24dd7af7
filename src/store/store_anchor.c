/* The recorded head of the audit log, from any thread to the store's. */
#include "io/clock.h"
#include "store/anchor.h"
#include "store/store_inside.h"

/* Its line is on disk already: after a crash the audit log may be ahead of the anchor, never
 * behind. */
void store_write_anchor(struct store *s)
{
    struct error err = {0};
    store_lock(s);
    struct audit_anchor anchor = s->anchor;
    bool waits = s->anchor_waits;
    s->anchor_waits = false;
    store_unlock(s);
    if (!waits)
        return;
    (void)pthread_mutex_lock(&s->db_lock);
    int r = store_begin(s, false, &err);
    if (r == 0)
        r = store_end(s, anchor_save(s->db, &anchor, &err), &err);
    (void)pthread_mutex_unlock(&s->db_lock);
    if (r < 0)
        s->retry_at = mono_add(clock_mono(), STORE_RETRY_MS);
    store_lock(s);
    s->problem = err;
    s->anchor_waits |= r < 0;
    if (r == 0)
        s->anchor_kept = anchor;
    store_unlock(s);
}

int store_load_anchor(struct store *s, struct audit_anchor *ret, struct error *err)
{
    (void)pthread_mutex_lock(&s->db_lock);
    int r = anchor_load(s->db, ret, err);
    int lost = r < 0 ? 0 : anchor_load_lost(s->db, ret, err);
    (void)pthread_mutex_unlock(&s->db_lock);
    if (lost < 0)
        return lost;
    if (r == 1) {
        store_lock(s);
        s->anchor = s->anchor_kept = *ret;
        store_unlock(s);
    }
    return r;
}

void store_save_anchor(struct store *s, const struct audit_anchor *anchor)
{
    store_lock(s);
    s->anchor = *anchor;
    s->anchor_waits = true;
    (void)pthread_cond_signal(&s->worker.wake);
    store_unlock(s);
}

bool store_anchor(struct store *s, struct audit_anchor *ret)
{
    store_lock(s);
    *ret = s->anchor;
    store_unlock(s);
    return ret->head.seq > 0;
}

void store_kept_anchor(struct store *s, struct audit_anchor *ret)
{
    store_lock(s);
    *ret = s->anchor_kept;
    store_unlock(s);
}
