/* Is there an etcd that this engine can share its services through? Asked before a start, in a loop
 * of its own. */
#include "daemon/check_fleet.h"

#include <errno.h>
#include <uv.h>

#include "base/str.h"
#include "io/etcd.h"
#include "settings/position.h"

#define WAIT_MS 3000

struct looking {
    size_t left, good;
    struct error *err; /* the newest problem */
    bool old;
};

static void on_status(void *context, const struct etcd_answer *answer)
{
    struct looking *l = context;
    l->left--;
    if (answer->good && etcd_version_old(answer->version)) {
        l->old = true;
        (void)error_set(l->err, -EPROTO,
                        "a node runs etcd %s, which may end leases wrongly: 3.5.13 or newer is "
                        "needed",
                        answer->version);
    } else if (answer->good) {
        l->good++;
    } else if (!l->old) {
        (void)error_set(l->err, -EHOSTUNREACH, "no node of etcd answers: %s", answer->text);
    }
}

static void ask_all(uv_loop_t *loop, struct etcd *etcd, struct looking *l)
{
    for (size_t i = 0; i < etcd_endpoint_count(etcd); i++)
        if (etcd_ask(etcd, ETCD_STATUS, (int)i, WAIT_MS, on_status, l))
            l->left++;
    while (l->left > 0)
        (void)uv_run(loop, UV_RUN_ONCE);
}

int check_fleet(const struct settings *settings, struct error *err)
{
    const struct fleet_settings *s = &settings->fleet;
    struct etcd_place place = {.count = s->etcd.count,
                               .ca_file = s->ca_file,
                               .certificate = s->certificate,
                               .key = s->key};
    struct looking l = {.err = err};
    struct etcd *etcd = NULL;
    uv_loop_t loop;
    char position[SETTINGS_PATH_MAX + 32];
    if (s->etcd.count == 0)
        return 0;
    for (size_t i = 0; i < s->etcd.count; i++)
        place.endpoints[i] = s->etcd.urls[i];
    if (uv_loop_init(&loop) < 0)
        return error_set(err, -ENOMEM, "out of memory");
    int r = etcd_new(&loop, &place, &etcd, err);
    if (r == 0)
        ask_all(&loop, etcd, &l);
    etcd_free(etcd);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&loop);
    if (r == 0 && l.good > 0 && !l.old)
        return 0;
    settings_position(settings, "fleet.etcd", position, sizeof position);
    return error_prefix(err, "%s", position);
}
