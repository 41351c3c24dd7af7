/* The fleet's families: left out by an engine that is alone. */
#include "base/str.h"
#include "fleet/fleet.h"
#include "report/exposition_inside.h"

static bool look(const struct exposition_text *x, struct fleet_facts *ret)
{
    if (x->from.fleet != NULL)
        fleet_look(x->from.fleet, ret);
    return x->from.fleet != NULL;
}

void exposition_fleet_engines(struct exposition_text *x)
{
    struct fleet_facts f;
    if (look(x, &f))
        exposition_line(x, "", NULL, (double)f.members);
}

void exposition_fleet_services(struct exposition_text *x)
{
    struct fleet_facts f;
    if (!look(x, &f))
        return;
    exposition_labelled(x, "owner", "here", (double)f.owned);
    exposition_labelled(x, "owner", "elsewhere", (double)f.elsewhere);
    exposition_labelled(x, "owner", "none", (double)f.unowned);
}

void exposition_fleet_sure(struct exposition_text *x)
{
    struct fleet_facts f;
    if (look(x, &f))
        exposition_line(x, "", NULL, f.sure);
}

void exposition_fleet_lost(struct exposition_text *x)
{
    struct fleet_facts f;
    if (look(x, &f))
        exposition_line(x, "", NULL, (double)f.lost);
}

void exposition_fleet_renewal(struct exposition_text *x)
{
    struct fleet_facts f;
    if (look(x, &f) && f.renewal_ms >= 0)
        exposition_line(x, "", NULL, (double)f.renewal_ms / 1000.0);
}

void exposition_fleet_heard(struct exposition_text *x)
{
    struct fleet_facts f;
    if (look(x, &f) && f.watch_age_ms >= 0)
        exposition_line(x, "", NULL, (double)f.watch_age_ms / 1000.0);
}

void exposition_etcd_up(struct exposition_text *x)
{
    struct fleet_node n;
    for (size_t i = 0; x->from.fleet != NULL && i < fleet_node_count(x->from.fleet); i++) {
        fleet_node(x->from.fleet, i, &n);
        if (n.asked)
            exposition_labelled(x, "endpoint", n.url, n.answers);
    }
}

void exposition_etcd_bytes(struct exposition_text *x)
{
    struct fleet_node n;
    for (size_t i = 0; x->from.fleet != NULL && i < fleet_node_count(x->from.fleet); i++) {
        fleet_node(x->from.fleet, i, &n);
        if (n.answers)
            exposition_labelled(x, "endpoint", n.url, (double)n.bytes);
    }
}
