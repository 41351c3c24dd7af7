/* How etcd itself does: each node is asked now and then, for the doctor and for metrics. */
#include <string.h>

#include "base/str.h"
#include "fleet/inside.h"

static void on_status(void *context, const struct etcd_answer *answer)
{
    struct node *n = context;
    n->asking = false;
    n->asked = true;
    n->answers = answer->good;
    (void)str_copy(n->text, sizeof n->text, answer->text);
    if (!answer->good)
        return;
    (void)str_copy(n->version, sizeof n->version, answer->version);
    n->bytes = answer->bytes;
    n->leads = answer->leader != 0 && answer->leader == answer->member;
}

static void on_alarms(void *context, const struct etcd_answer *answer)
{
    struct fleet *f = context;
    if (answer->good)
        (void)str_copy(f->alarm, sizeof f->alarm, answer->alarm);
}

static void on_members(void *context, const struct etcd_answer *answer)
{
    struct fleet *f = context;
    if (answer->good)
        f->voters = answer->members - answer->learners;
}

void fleet_nodes_turn(struct fleet *f, struct now now)
{
    if (!mono_reached(now.boot, f->nodes_due))
        return;
    f->nodes_due = mono_add(now.boot, NODES_MS);
    for (size_t i = 0; i < etcd_endpoint_count(f->etcd); i++) {
        struct node *n = &f->nodes[i];
        if (!n->asking)
            n->asking = etcd_ask(f->etcd, ETCD_STATUS, (int)i, FLEET_REQUEST_MS, on_status, n);
    }
    if (!etcd_ask(f->etcd, ETCD_ALARMS, -1, FLEET_REQUEST_MS, on_alarms, f) ||
        !etcd_ask(f->etcd, ETCD_MEMBERS, -1, FLEET_REQUEST_MS, on_members, f))
        f->nodes_due = mono_add(now.boot, OWNERSHIP_RETRY_MS);
}

size_t fleet_node_count(const struct fleet *f)
{
    return etcd_endpoint_count(f->etcd);
}

void fleet_node(const struct fleet *f, size_t index, struct fleet_node *ret)
{
    const struct node *n = &f->nodes[index];
    *ret = (struct fleet_node){.url = etcd_endpoint(f->etcd, index),
                               .asked = n->asked,
                               .answers = n->answers,
                               .leads = n->leads,
                               .version = n->version,
                               .text = n->text,
                               .bytes = n->bytes};
}
