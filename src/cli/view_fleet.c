/* The fleet as pages for a person. */
#include "cli/view_fleet.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/view_table.h"

static void etcd_line(struct page *p, const json_t *etcd)
{
    const char *problem = json_text_or(etcd, "problem", "");
    int64_t renewal = json_int_or(etcd, "renewal_ms", -1);
    page_put(p, "etcd     ");
    if (problem[0] != '\0')
        page_tone(p, TONE_BAD, "does not answer: %s", problem);
    else
        page_put(p, "answers");
    if (renewal >= 0)
        page_put(p, ", slowest renewal %lld ms", (long long)renewal);
    if (json_int_or(etcd, "leases_lost", 0) > 0)
        page_put(p, ", %lld leases lost", (long long)json_int_or(etcd, "leases_lost", 0));
    page_put(p, "\n");
}

void view_fleet(struct page *p, const json_t *body, const struct invocation *in)
{
    static const char *const engine_keys[] = {"engine", "alive",   "drained",       "services",
                                              "site",   "version", "same_settings", NULL};
    static const char *const service_keys[] = {"service", "owner", "state", NULL};
    bool sure = json_bool_or(body, "sure", false);
    (void)in;
    page_put(p, "asked    ");
    page_tone(p, TONE_BOLD, "%s", json_text_or(body, "engine", "?"));
    page_put(p, ", lease %s", json_text_or(body, "lease", "?"));
    if (!sure)
        page_tone(p, TONE_BAD, ": it is not certain what it owns, so it does nothing by itself");
    page_put(p, "\n");
    etcd_line(p, json_object_get(body, "etcd"));
    page_put(p, "services %lld here, %lld elsewhere, %lld without an owner\n\n",
             (long long)json_int_or(body, "owned", 0), (long long)json_int_or(body, "elsewhere", 0),
             (long long)json_int_or(body, "unowned", 0));
    view_table(p, json_object_get(body, "engines"), engine_keys);
    if (json_array_size(json_object_get(body, "services")) > 0) {
        page_put(p, "\n");
        view_table(p, json_object_get(body, "services"), service_keys);
    }
}

void view_fleet_diff(struct page *p, const json_t *body, const struct invocation *in)
{
    static const char *const keys[] = {"service", "owner", NULL};
    const json_t *engines = json_object_get(body, "engines");
    const json_t *services = json_object_get(body, "services"), *one;
    int64_t unknown = json_int_or(body, "unknown_services", 0);
    size_t i;
    (void)in;
    json_array_foreach(engines, i, one) {
        page_put(p, "Engine %s has other settings of services than %s.\n", json_string_value(one),
                 json_text_or(body, "engine", "?"));
    }
    if (json_array_size(services) > 0) {
        page_put(p, "Services that their owner has set otherwise:\n");
        view_table(p, services, keys);
    }
    if (unknown > 0)
        page_put(p, "%lld services that others own are not in the settings of %s.\n",
                 (long long)unknown, json_text_or(body, "engine", "?"));
    if (json_array_size(engines) == 0 && json_array_size(services) == 0 && unknown == 0)
        page_put(p, "All engines have the same settings of services.\n");
}
