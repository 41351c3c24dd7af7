#include "engine/notice.h"

#include "base/json.h"
#include "base/str.h"
#include "engine/event.h"
#include "engine/service.h"

#define SHOWN_MS (30LL * 60 * 1000)

const struct notice *notice_keep(struct engine *e, int service, const struct engine_user *user,
                                 const char *message, struct now now)
{
    struct notice *n = &e->notices.list[e->notices.next++ % ENGINE_NOTICES_MAX];
    *n = (struct notice){.service = service, .at = now.wall};
    (void)str_copy(n->text, sizeof n->text, message);
    (void)str_copy(n->user, sizeof n->user, user->email);
    return n;
}

void notice_publish(struct service *s, const struct notice *n, struct now now)
{
    json_t *body = json_object();
    (void)json_put_text(body, "message", n->text);
    (void)json_put_text(body, "kind", "announcement");
    (void)json_put_text(body, "user", n->user);
    (void)json_put_wall(body, "expires_at", wall_add(n->at, SHOWN_MS));
    event_publish(s, "notice", body, now);
}

json_t *notice_json(const struct engine *e, int service, struct now now)
{
    json_t *items = json_array();
    for (unsigned back = 1; back <= ENGINE_NOTICES_MAX && back <= e->notices.next; back++) {
        const struct notice *n = &e->notices.list[(e->notices.next - back) % ENGINE_NOTICES_MAX];
        int64_t age = wall_since(now.wall, n->at);
        if (age < 0 || age >= SHOWN_MS || (n->service >= 0 && n->service != service))
            continue;
        json_t *item = json_object();
        (void)json_put_text(item, "message", n->text);
        (void)json_put_text(item, "user", n->user);
        (void)json_put_wall(item, "timestamp", n->at);
        (void)json_put_wall(item, "expires_at", wall_add(n->at, SHOWN_MS));
        (void)json_array_append_new(items, item);
    }
    return items;
}
