/* What people tell the users of a service: a banner, for those who are there now and for
 * those who come within the next half hour. */
#include <inttypes.h>

#include "base/json.h"
#include "base/str.h"
#include "engine/snapshot.h"

#define NOTICE_SHOWN_MS (30LL * 60 * 1000)
/* Of its text in the audit log, where an operator could otherwise push older lines out. */
#define NOTICE_AUDITED_BYTES 200

static void publish(struct service *s, const struct notice *n, struct now now)
{
    json_t *body = json_object();
    (void)json_put_text(body, "message", n->text);
    (void)json_put_text(body, "kind", "announcement");
    (void)json_put_text(body, "user", n->user);
    (void)json_put_wall(body, "expires_at", wall_add(n->at, NOTICE_SHOWN_MS));
    record_event(s, "notice", body, now);
}

static void write_down(struct engine *e, int service, const struct engine_user *user,
                       const char *message, struct now now)
{
    struct audit_line line;
    record_line_init(&e->services[service < 0 ? 0 : service], &line, AUDIT_CONFIGURATION,
                     "notify-users", user, now);
    if (service < 0)
        line.service[0] = '\0';
    line.has_result = true;
    line.success = true;
    line.duration_seconds = 0;
    (void)str_format(line.request_id, sizeof line.request_id, "n-%016" PRIx64,
                     e->ports.random(e->ports.context));
    (void)str_copy(line.reason, NOTICE_AUDITED_BYTES + 1, message);
    e->ports.audit(e->ports.context, service < 0 ? 0 : service, 0, &line, false);
}

int engine_notify(struct engine *e, int service, const struct engine_user *user,
                  const char *message, struct now now)
{
    struct notice *n = &e->notices[e->notice_next++ % ENGINE_NOTICES_MAX];
    int told = 0;
    engine_look_at_clocks(e, now);
    *n = (struct notice){.service = service, .at = now.wall};
    (void)str_copy(n->text, sizeof n->text, message);
    (void)str_copy(n->user, sizeof n->user, user->email);
    write_down(e, service, user, message, now);
    for (int i = 0; i < e->count; i++)
        if (service < 0 || service == i) {
            publish(&e->services[i], n, now);
            told++;
        }
    return told;
}

json_t *notice_json(const struct engine *e, int service, struct now now)
{
    json_t *items = json_array();
    for (unsigned back = 1; back <= ENGINE_NOTICES_MAX && back <= e->notice_next; back++) {
        const struct notice *n = &e->notices[(e->notice_next - back) % ENGINE_NOTICES_MAX];
        int64_t age = wall_since(now.wall, n->at);
        if (age < 0 || age >= NOTICE_SHOWN_MS || (n->service >= 0 && n->service != service))
            continue;
        json_t *item = json_object();
        (void)json_put_text(item, "message", n->text);
        (void)json_put_text(item, "user", n->user);
        (void)json_put_wall(item, "timestamp", n->at);
        (void)json_put_wall(item, "expires_at", wall_add(n->at, NOTICE_SHOWN_MS));
        (void)json_array_append_new(items, item);
    }
    return items;
}
