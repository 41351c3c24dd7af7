/* The book of maintenance windows: every occurrence, from its plan to its summary.
 *
 * Occurrences come from the rules in the settings (planned at the start, at a reload and once a
 * day) and from people. Each is a record in the database and goes its way by core/window.h. What
 * follows from a step is carried out through the ports: announcements, holding services, the check
 * at the end.
 *
 * A change is handed to the database before what follows from it. A kill between the two leaves a
 * window that is open held again at the next start, and repeats an announcement at worst: none is
 * lost. While the clock is in doubt nothing is due. On the loop's thread. */
#ifndef RESUS_ALERTS_MAINTENANCE_H
#define RESUS_ALERTS_MAINTENANCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "alerts/window_json.h"
#include "api/user.h"
#include "base/attr.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"
#include "core/window.h"
#include "engine/commands.h"
#include "redis/client.h"
#include "settings/settings.h"
#include "store/audit.h"
#include "store/record.h"
#include "store/store.h"

#define MAINTENANCE_MAX 4608     /* occurrences in memory, those that are over included */
#define MAINTENANCE_HAND_MAX 256 /* of them, those that people planned and that are not over */
#define MAINTENANCE_OVER_MAX 256 /* of them, those that are over and not of coming dates */
#define MAINTENANCE_AHEAD_MS (INT64_C(400) * 24 * 3600 * 1000) /* a person plans at most so far */
#define MAINTENANCE_PLAN_EVERY_MS (INT64_C(24) * 3600 * 1000)
#define MAINTENANCE_CHECKS_AT_ONCE 8 /* services that are verified at the same time */
#define MAINTENANCE_SMOKE_MS 5000    /* for one command of the smoke test */
#define MAINTENANCE_TEXT_SIZE 2048   /* of a summary */
#define MAINTENANCE_LIST_MAX 500     /* occurrences of one answer */

struct maintenance;

enum maintenance_news_kind {
    MAINTENANCE_ANNOUNCED, /* `notice`, `hours` as in struct window_effect */
    MAINTENANCE_BEGINS,
    MAINTENANCE_ASKS, /* ten minutes are left: is the time enough? */
    MAINTENANCE_SUMMARY,
    MAINTENANCE_MISSED,
    MAINTENANCE_NEWS_COUNT
};

/* Something that people are to be told. All is borrowed. */
struct maintenance_news {
    enum maintenance_news_kind kind;
    enum window_notice notice;
    int hours;
    int64_t number;
    const struct window_record *window;
    const char *text;     /* for people: sentences */
    const char *calendar; /* of an announcement: an iCalendar file; NULL = none */
    const json_t *facts;  /* the window as maintenance_show() gives it */
    /* The record that goes with it, for whoever stores both in one transaction. It is in the
     * database's queue already. */
    struct record_change row;
};

struct maintenance_ports {
    void *context;
    uv_loop_t *loop;
    struct store *store;
    struct now (*now)(void *context);
    const struct settings *(*settings)(void *context);
    bool (*doubts)(void *context); /* the clock is not trusted: nothing is due */
    uint64_t (*random)(void *context);
    /* The window that holds a service now; NULL = none. Called again with the same. */
    void (*hold)(void *context, int service, const struct engine_window *window);
    /* {overall_status, cause, role, canary} of a service as it is known now; a new reference.
     * `canary`: do its settings allow that a key is written? */
    json_t *(*look)(void *context, int service);
    /* When the newest backup of a service was made that is proved; WALL_NONE = none. The port may be NULL. */
    wall_ms (*proved)(void *context, int service);
    /* A full check of the service -> maintenance_checked(). May answer on the caller's stack. */
    void (*check)(void *context, int service, uint64_t id);
    /* A command of the smoke test -> maintenance_redis_ended(). Not on the caller's stack. */
    void (*redis)(void *context, int service, uint64_t id, enum redis_request request,
                  const char *const *args, bool fresh, mono_ms deadline);
    void (*announce)(void *context, const struct maintenance_news *news);
    void (*audit)(void *context, const struct audit_line *line);
    /* The record of an order with this id is on the disk, or not. */
    store_done *saved;
};

/* Reads what is kept. Ports are copied. */
int maintenance_open(const struct maintenance_ports *ports, struct maintenance **ret,
                     struct error *err) ATTR_MUST_USE;
/* After engine_start(): services are held, the settings' windows planned, time runs. */
void maintenance_start(struct maintenance *m);
/* The settings were read again. */
void maintenance_reload(struct maintenance *m);
/* The store is closed before the loop runs again. Takes NULL. */
void maintenance_close(struct maintenance *m);

/* ── orders of people: each is saved under `id`, and ports.saved() follows ── */

/* -EINVAL, -ENOENT (no such window or item), -EBUSY (its state does not allow it), -ENOBUFS, or
 * -ENOMEM, with a sentence; then nothing is changed and nothing is saved. */
struct maintenance_wish {
    const char *title;                       /* NULL = as it is */
    const struct service_patterns *services; /* NULL = as they are; count 0 = all */
    int impact;                              /* enum window_impact, -1 = as it is */
    wall_ms starts, ends;                    /* WALL_NONE = as they are */
    const struct checklist *checklist;       /* NULL = the usual one, or as it is */
};
/* Returns the number of the new window. */
int64_t maintenance_plan(struct maintenance *m, const struct maintenance_wish *wish,
                         const struct engine_user *user, uint64_t id,
                         struct error *err) ATTR_MUST_USE;
int maintenance_change(struct maintenance *m, int64_t number, const struct maintenance_wish *wish,
                       uint64_t id, struct error *err) ATTR_MUST_USE;
/* BEGIN, EXTEND by `extend_ms`, FINISH or CANCEL. */
int maintenance_order(struct maintenance *m, int64_t number, enum window_event event,
                      int64_t extend_ms, uint64_t id, struct error *err) ATTR_MUST_USE;
int maintenance_mark(struct maintenance *m, int64_t number, size_t item, bool done,
                     const struct engine_user *user, const char *note, uint64_t id,
                     struct error *err) ATTR_MUST_USE;

/* ── what is asked of the world ── */
void maintenance_checked(struct maintenance *m, uint64_t id);
void maintenance_redis_ended(struct maintenance *m, const struct redis_answer *answer);

/* ── reading ── */

/* Which windows a reader sees: NULL = all. `context` is the reader's. */
typedef bool maintenance_sees(const void *context, const char *service);
struct maintenance_reader {
    maintenance_sees *sees;
    const void *context;
};
/* {items}: those that are to come or open by their start, then those that are over, newest first;
 * at most `limit`, of one state (NULL = any). New references, NULL without memory. */
json_t *maintenance_list(const struct maintenance *m, const char *state, size_t limit,
                         const struct maintenance_reader *reader);
/* With checklist and results; NULL: there is none. */
json_t *maintenance_show(const struct maintenance *m, int64_t number,
                         const struct maintenance_reader *reader);
/* The iCalendar file (api/calendar.h). -ENOBUFS, -ENOMEM. */
int maintenance_calendar(const struct maintenance *m, const struct maintenance_reader *reader,
                         struct buf *out) ATTR_MUST_USE;

#endif
