/* What the doctor says of the fleet: this engine's part, each node of etcd, the settings of others. */
#include "doctor/judge_fleet.h"

#include "base/json.h"
#include "base/str.h"
#include "doctor/facts.h"
#include "engine/owned.h"
#include "io/etcd_json.h"

#define BYTES_WARNING (1024LL * 1024 * 1024) /* etcd's own limit is 2 GB unless set otherwise */
#define RENEWAL_WARNING_MS 1000

static void judge_node(const struct fleet_node *n, json_t *items)
{
    if (!n->asked)
        doctor_put(items, "etcd", FINDING_UNKNOWN, NULL, "%s was not asked yet", n->url);
    else if (!n->answers)
        doctor_put(items, "etcd", FINDING_WARNING,
                   "look at that node: `systemctl status etcd`. Its own certificate needs the "
                   "usages serverAuth and clientAuth, because its gateway shows it as a client",
                   "a node does not answer: %s", n->text);
    else if (etcd_version_old(n->version))
        doctor_put(items, "etcd", FINDING_FAIL, "upgrade it to 3.5.13 or newer",
                   "%s runs etcd %s, which may end leases wrongly", n->url, n->version);
    else if (n->bytes > BYTES_WARNING)
        doctor_put(items, "etcd", FINDING_WARNING,
                   "set --auto-compaction-retention, then run `etcdctl defrag` there",
                   "the database of %s has %lld MB", n->url, (long long)(n->bytes / 1048576));
    else
        doctor_put(items, "etcd", FINDING_PASS, NULL, "%s answers: etcd %s, %lld KB%s", n->url,
                   n->version, (long long)(n->bytes / 1024), n->leads ? ", it leads" : "");
}

static void judge_whole(const struct fleet_facts *f, json_t *items)
{
    if (f->alarm[0] != '\0')
        doctor_put(items, "etcd", FINDING_FAIL,
                   "see `etcdctl alarm list`; after making room: `etcdctl alarm disarm`",
                   "etcd has raised the alarm %s: it takes no writes", f->alarm);
    if (f->voters != 0 && f->voters < 3)
        doctor_put(items, "etcd", FINDING_WARNING, "run three nodes, or five",
                   "etcd has %zu voting member%s: none may fail", f->voters,
                   f->voters == 1 ? "" : "s");
    else if (f->voters != 0 && f->voters % 2 == 0)
        doctor_put(items, "etcd", FINDING_WARNING, "run three nodes, or five",
                   "etcd has %zu voting members: one more or less lets as many fail", f->voters);
    if (f->renewal_ms > RENEWAL_WARNING_MS)
        doctor_put(items, "fleet", FINDING_WARNING,
                   "look at the disks of etcd's nodes and the network to them",
                   "the slowest of the last renewals of the lease took %lld ms",
                   (long long)f->renewal_ms);
}

void doctor_judge_fleet(struct fleet *fleet, struct engine *engine, int service, struct now now,
                        json_t *items)
{
    struct fleet_facts f;
    struct fleet_node n;
    fleet_look(fleet, &f);
    if (!f.sure)
        doctor_put(
            items, "fleet", FINDING_FAIL,
            "bring etcd back: until then services are watched, and nothing is done by itself",
            "engine %s does not know for certain what it owns: %s", f.engine,
            f.problem[0] != '\0' ? f.problem : "it has only just begun");
    else
        doctor_put(items, "fleet", FINDING_PASS, NULL,
                   "engine %s is one of %zu and owns %zu service%s%s", f.engine, f.members, f.owned,
                   f.owned == 1 ? "" : "s", f.drained ? "; it is drained" : "");
    if (!engine_owned_here(engine, service)) {
        JSON_CLEANUP json_t *refusal = engine_owned_refusal(engine, service, now);
        doctor_put(items, "fleet", FINDING_UNKNOWN, "run the doctor on that engine", "%s",
                   json_text_or(refusal, "message", ""));
    }
    if (f.other_settings != NULL)
        doctor_put(items, "fleet", FINDING_WARNING, "see `resus fleet diff`, and align the files",
                   "engine %s has other settings of services", f.other_settings);
    judge_whole(&f, items);
    for (size_t i = 0; i < fleet_node_count(fleet); i++) {
        fleet_node(fleet, i, &n);
        judge_node(&n, items);
    }
}
