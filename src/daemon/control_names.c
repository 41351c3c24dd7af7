#include "daemon/control_names.h"

#include "base/mem.h"
#include "base/str.h"
#include "daemon/control_peer.h"
#include "io/clock.h"

struct name {
    uid_t uid;
    bool known;
    mono_ms since;
    char text[sizeof(((struct control_principal *)0)->name)];
};

struct control_names {
    uv_loop_t *loop;
    control_names_found *found;
    void *context;
    struct name kept[CONTROL_NAMES_MAX];
    size_t next; /* the place that the next answer takes */
    uv_work_t work;
    struct name asked; /* the worker's while `running` */
    bool running, closed;
};

struct control_names *control_names_new(uv_loop_t *loop, control_names_found *found, void *context)
{
    struct control_names *n = mem_calloc(1, sizeof *n);
    if (n == NULL)
        return NULL;
    n->loop = loop;
    n->found = found;
    n->context = context;
    n->work.data = n;
    return n;
}

static void on_worker(uv_work_t *work)
{
    struct control_names *n = work->data;
    control_peer_name(n->asked.uid, n->asked.text, sizeof n->asked.text);
}

static void on_done(uv_work_t *work, int status)
{
    struct control_names *n = work->data;
    n->running = false;
    if (n->closed) {
        mem_free(n);
        return;
    }
    if (status != 0)
        (void)str_format(n->asked.text, sizeof n->asked.text, "uid:%lu",
                         (unsigned long)n->asked.uid);
    n->asked.known = true;
    n->asked.since = clock_mono();
    n->kept[n->next] = n->asked;
    n->next = (n->next + 1) % CONTROL_NAMES_MAX;
    n->found(n->context);
}

const char *control_names_get(struct control_names *n, uid_t uid)
{
    mono_ms now = clock_mono();
    if (uid == 0)
        return "root";
    for (size_t i = 0; i < CONTROL_NAMES_MAX; i++) {
        const struct name *kept = &n->kept[i];
        if (kept->known && kept->uid == uid && mono_since(now, kept->since) < CONTROL_NAME_KEPT_MS)
            return kept->text;
    }
    if (n->running)
        return NULL;
    n->asked = (struct name){.uid = uid};
    n->running = uv_queue_work(n->loop, &n->work, on_worker, on_done) == 0;
    return NULL;
}

void control_names_close(struct control_names *n)
{
    if (n == NULL)
        return;
    n->closed = true;
    if (!n->running)
        mem_free(n);
}
