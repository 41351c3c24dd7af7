/* Alerts: what the engine sees becomes messages that are delivered. Owns the open alerts, the outbox
 * and the channels. On the loop's thread; it looks at a service after the engine has judged it, on a
 * turn of the loop of its own. */
#ifndef RESUS_ALERTS_ALERTS_H
#define RESUS_ALERTS_ALERTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "alerts/ack_link.h"
#include "alerts/maintenance.h"
#include "base/attr.h"
#include "base/error.h"
#include "base/time.h"
#include "core/alert.h"
#include "engine/engine.h"
#include "notify/tries.h"
#include "settings/settings.h"
#include "store/store.h"

#define ALERTS_WATCHED_MAX 16 /* messages of people whose deliveries can be asked for */
#define ALERTS_LATE_MS 300000 /* a message that could be sent waits for longer: Resus is not well */

/* An announcement waits in the outbox for so long at most. */
#define ANNOUNCEMENT_LIFE_MAX_MS (INT64_C(3) * 24 * 3600 * 1000)

struct alerts;

struct alerts_ports {
    void *context;
    uv_loop_t *loop;
    struct store *store;
    struct engine *engine;
    struct now (*now)(void *context);
    /* Is a maintenance window of the service open? -1 = of none. NULL: there are no windows. */
    bool (*held)(void *context, int service);
    /* The key of links in messages; false: there is none, and no such link. NULL: likewise. */
    bool (*link_key)(void *context, uint8_t ret[ACK_LINK_KEY_SIZE]);
    /* A delivery has got an answer: alerts_deliveries() may have changed. NULL = unwanted. */
    void (*answered)(void *context);
};

/* Takes up what an earlier run has left. `settings` is borrowed. An error begins with its place. */
int alerts_open(const struct alerts_ports *ports, const struct settings *settings,
                struct alerts **ret, struct error *err) ATTR_MUST_USE;
/* After engine_start(). */
void alerts_start(struct alerts *a);
/* Before the store is closed; the loop must run once more. Takes NULL. */
void alerts_close(struct alerts *a);
/* After a reload. On an error nothing has changed. */
int alerts_reconfigure(struct alerts *a, const struct settings *settings,
                       struct error *err) ATTR_MUST_USE;

/* The engine has judged the service. */
void alerts_judged(struct alerts *a, int service);

/* What others see: security findings, backups, Resus itself. */
struct alert_report {
    struct alert_key key;
    enum alert_event event; /* BAD, WELL or GONE */
    bool over;              /* a BAD that has no end of its own: it is WELL at once */
    enum severity severity; /* of BAD */
    const char *summary;    /* of BAD: one sentence */
};
void alerts_report(struct alerts *a, const struct alert_report *report);

/* Something that administrators should know and that is no trouble: to the channels to which Resus'
 * own alerts of P4 go, without pagers. */
struct alerts_news {
    const char *title, *text, *author;
    const char *command; /* one that answers it */
    const char *path;    /* of the console, "/requests" */
};
void alerts_news(struct alerts *a, const struct alerts_news *news);

/* News of a maintenance window, to the channels of its services that are no pagers. */
void alerts_announce(struct alerts *a, const struct maintenance_news *news);

/* ── what people see; new references, NULL on lack of memory ── */

/* Open alerts of `service` (NULL = all), newest first. */
json_t *alerts_open_json(const struct alerts *a, const char *service);
/* A record of the store as an alert; `whole`: with its messages' deliveries. */
json_t *alerts_record_json(const struct alerts *a, int64_t number, const json_t *record,
                           bool whole);
/* An open alert with its deliveries; NULL = there is none of that number. */
json_t *alerts_one_json(const struct alerts *a, int64_t number);
/* [{name, type, state, failing_since, ...}] */
json_t *alerts_channels_json(const struct alerts *a);

/* ── what people say ── */

struct alerts_notice {
    bool test;                             /* else an emergency */
    const char *channel;                   /* NULL = every one */
    const char *message, *author, *reason; /* texts may be NULL */
    int service;                           /* -1 = of none */
};
/* Sends it past every hold. The message's number; -ENOENT: there is no such channel, or none at all,
 * or what outbox_post() says. */
int64_t alerts_tell(struct alerts *a, const struct alerts_notice *notice, struct error *err);
/* Its deliveries. `ret_answered`: each has got an answer, though it may be tried again. */
json_t *alerts_deliveries(const struct alerts *a, int64_t message, bool *ret_answered);

/* What stands behind `server.external_url` in front of a link's text. */
#define ALERTS_ACK_PATH "/acknowledge/"
/* The page that explains causes, each at its code (web/pages.h has it). */
#define ALERTS_CAUSES_PATH "/docs/causes.html"
/* Reads a link. -EINVAL: it is not ours, or its channel is gone; -ETIME: it has expired.
 * `ret_channel` lives until the settings change. */
int alerts_read_link(const struct alerts *a, const char *text, const char **ret_channel,
                     struct ack_link *ret) ATTR_MUST_USE;

/* Begins to try whether each channel's receiver can be reached, and its files be used; nothing is
 * sent. ports.answered() follows when all are known. */
void alerts_try(struct alerts *a);
bool alerts_tried(const struct alerts *a); /* none is under way */
enum try_end alerts_try_end(const struct alerts *a, const char *channel,
                            char error[OUTGOING_ERROR_MAX]);

/* ── figures ── */

struct alerts_channel_figures {
    const char *name;
    bool up; /* not failing */
    uint64_t delivered, failed;
};
size_t alerts_channel_count(const struct alerts *a);
void alerts_channel_figures(const struct alerts *a, size_t channel,
                            struct alerts_channel_figures *ret);
size_t alerts_firing(const struct alerts *a, enum severity severity);
/* What is wrong with the sending itself, in a few words; NULL = nothing. */
const char *alerts_unwell(const struct alerts *a);

#endif
