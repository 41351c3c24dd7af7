/* What Resus does in each phase. Every piece ends with an event; one that has no turn yet is begun
 * again by the timer. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "placement/redis_conf.h"
#include "procedures/inside.h"
#include "redis/reply.h"

#define ASK_MS 10000

/* ── which settings ── */

int procedure_check_name(const char *name, struct error *err)
{
    const char *why = NULL;
    if (procedure_may_set(name, redis_conf_secret(name), &why))
        return 0;
    return why != NULL
               ? error_set(err, -EPERM, "%s is not changed from here: %s. Change it in redis.conf",
                           name, why)
               : error_set(err, -EINVAL,
                           "\"%.60s\" is no name of a setting: it is written as in "
                           "redis.conf, such as maxmemory-policy",
                           name);
}

/* ── asking Redis ── */

static void ask(struct procedure *x, const struct query_command *commands, size_t count,
                query_done *done)
{
    const struct procedures_ports *ports = &x->p->ports;
    const struct redis_settings *redis = &procedure_settings(x)->redis;
    const struct query_options options = {
        .redis = redis,
        .tunnel = redis->via == VIA_SSH ? ports->tunnel(ports->context, x->service) : NULL,
        .commands = commands,
        .count = count,
        .within_ms = ASK_MS,
        .permit = &x->permit,
    };
    struct error err = {0};
    if (query_start(ports->loop, &options, done, x, &x->query, &err) < 0)
        done(x, NULL, &err);
}

/* The value of CONFIG GET of one setting; NULL: it is not there, and `why` says so. */
static const char *value_of(struct procedure *x, const struct redis_reply *reply, char *why,
                            size_t size)
{
    if (reply->type == RESP_LIST && reply->count == 2 && reply->items[1]->type == RESP_BULK)
        return reply->items[1]->text;
    if (reply->type == RESP_ERROR)
        (void)str_format(why, size,
                         "Redis refuses CONFIG GET: %s. The Redis user of Resus needs "
                         "+config|get +config|set +config|rewrite",
                         reply->text);
    else
        (void)str_format(why, size, "Redis has no setting %s", x->name);
    return NULL;
}

/* ── checking ── */

static void take_server(struct procedure *x, const struct redis_reply *info)
{
    bool valkey = query_info_field(info, "valkey_version") != NULL;
    (void)str_copy(x->server, sizeof x->server, valkey ? "valkey" : "redis");
    query_info_text(info, valkey ? "valkey_version" : "redis_version", x->from, sizeof x->from);
    query_info_text(info, "role", x->role, sizeof x->role);
    query_info_text(info, "config_file", x->config_file, sizeof x->config_file);
    x->keys = query_info_keys(info);
}

static void take_modules(struct procedure *x, const struct redis_reply *reply)
{
    x->modules[0] = '\0';
    for (size_t i = 0; reply->type == RESP_LIST && i < reply->count; i++) {
        const struct redis_reply *module = reply->items[i];
        for (size_t k = 0; module->type == RESP_LIST && k + 1 < module->count; k += 2)
            if (module->items[k]->type == RESP_BULK && module->items[k + 1]->type == RESP_BULK &&
                str_equal(module->items[k]->text, "name"))
                (void)str_append(x->modules, sizeof x->modules, "%s%s",
                                 x->modules[0] == '\0' ? "" : ", ", module->items[k + 1]->text);
    }
}

static void note(struct procedure *x, const char *text)
{
    if (strstr(x->notes, text) == NULL) /* a second look finds the same */
        (void)str_append(x->notes, sizeof x->notes, "%s%s", x->notes[0] == '\0' ? "" : " ", text);
}

static void on_server(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct procedure *x = context;
    char text[ERROR_TEXT_MAX];
    x->query = NULL;
    if (replies == NULL) {
        procedure_event_now(x, PROCEDURE_BAD, err->text);
        return;
    }
    int64_t replicas = query_info_number(replies[0], "connected_slaves");
    x->notes[0] = '\0';
    take_server(x, replies[0]);
    take_modules(x, replies[1]);
    if (x->modules[0] != '\0') {
        (void)str_format(text, sizeof text, "It has modules (%s): the new version needs them, too.",
                         x->modules);
        note(x, text);
    }
    if (replicas > 0)
        note(x, "It has replicas: update those first, since an older replica cannot read from a "
                "newer primary.");
    if (query_info_number(replies[0], "cluster_enabled") == 1)
        note(x, "It is part of a cluster: go node by node.");
    if (procedure_settings(x)->backup.next_server[0] == '\0')
        note(x,
             "There is no rehearsal: name redis-server of the new version in backup.next_server, "
             "then recheck.");
    (void)str_format(text, sizeof text, "%s %s, %s, %" PRId64 " keys", x->server, x->from, x->role,
                     x->keys);
    procedure_event_now(x, PROCEDURE_GOOD, text);
}

static void on_value(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct procedure *x = context;
    char text[ERROR_TEXT_MAX];
    x->query = NULL;
    const char *value = replies == NULL ? NULL : value_of(x, replies[0], text, sizeof text);
    if (value == NULL || strlen(value) >= sizeof x->before) {
        procedure_event_now(x, PROCEDURE_BAD,
                            replies == NULL ? err->text
                            : value == NULL ? text
                                            : "its value is too long to be kept");
        return;
    }
    if (!str_utf8(value, strlen(value))) { /* the record would have another one */
        procedure_event_now(x, PROCEDURE_BAD, "its value is no text: change it in redis.conf");
        return;
    }
    if (str_equal(value, x->value)) {
        procedure_event_now(x, PROCEDURE_BAD, "it has this value already: there is nothing to do");
        return;
    }
    if (procedure_harms(x->name, x->value, replies[1], text, sizeof text)) {
        procedure_event_now(x, PROCEDURE_BAD, text);
        return;
    }
    x->notes[0] = '\0';
    take_server(x, replies[1]);
    (void)str_copy(x->before, sizeof x->before, value);
    x->held = true;
    (void)str_format(text, sizeof text, "it is \"%.300s\"", value);
    procedure_event_now(x, PROCEDURE_GOOD, text);
}

static void check(struct procedure *x)
{
    static const struct query_command server[] = {{{"INFO"}}, {{"MODULE", "LIST"}}};
    const struct query_command value[] = {{{"CONFIG", "GET", x->name}}, {{"INFO"}}};
    if (x->kind == PROCEDURE_UPDATE)
        ask(x, server, ARRAY_LENGTH(server), on_server);
    else
        ask(x, value, ARRAY_LENGTH(value), on_value);
}

/* ── backup and rehearsal ── */

static void on_guarded(void *context, uint64_t ticket, int result, const struct error *err)
{
    struct procedure *x = procedure_waiting(context, (int64_t)ticket);
    if (x == NULL)
        return;
    char text[64];
    if (result == 0)
        (void)str_copy(x->safety, sizeof x->safety,
                       backups_last_id(x->p->ports.backups, x->service));
    (void)str_format(text, sizeof text, "the safety backup is %s", x->safety);
    procedure_event_now(x, result == 0 ? PROCEDURE_GOOD : PROCEDURE_BAD,
                        result == 0 ? text : err->text);
}

static void on_rehearsed(void *context, uint64_t ticket, int result, const struct error *err)
{
    struct procedure *x = procedure_waiting(context, (int64_t)ticket);
    if (x == NULL)
        return;
    const char *version = backups_last_version(x->p->ports.backups, x->service);
    if (result == 0 && str_equal(version, x->from))
        note(x, "backup.next_server is of the same version as the one that runs.");
    (void)str_copy(x->to, sizeof x->to, version);
    (void)str_copy(x->backup, sizeof x->backup, x->safety);
    procedure_event_now(x, result == 0 ? PROCEDURE_GOOD : PROCEDURE_BAD,
                        result == 0 ? backups_last_text(x->p->ports.backups, x->service)
                                    : err->text);
}

static void order(struct procedure *x, enum backups_task task, const char *id, backups_done *done)
{
    char reason[64];
    struct error err = {0};
    (void)str_format(reason, sizeof reason, "before %s %" PRId64, procedure_kind_word(x->kind),
                     x->number);
    const struct backups_order o = {.task = task,
                                    .id = id,
                                    .reason = reason,
                                    .user = &x->user,
                                    .done = done,
                                    .context = x->p,
                                    .ticket = (uint64_t)x->number};
    x->waits = true;
    int r = backups_order(x->p->ports.backups, x->service, &o, NULL, &err);
    if (r == 0)
        return;
    x->waits = false;
    if (r != -EBUSY) /* else the timer asks again */
        procedure_event_now(x, PROCEDURE_BAD, err.text);
}

static void rehearse(struct procedure *x)
{
    if (procedure_settings(x)->backup.next_server[0] != '\0') {
        order(x, BACKUPS_REHEARSE, x->safety, on_rehearsed);
        return;
    }
    procedure_event_now(x, PROCEDURE_GOOD, "");
}

/* ── a value is set ── */

static void end_set(struct procedure *x, enum procedure_event event, const char *text)
{
    permit_end(&x->permit);
    procedure_event_now(x, event, text);
}

static void on_rewritten(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct procedure *x = context;
    char text[ERROR_TEXT_MAX] = "";
    x->query = NULL;
    bool good = replies != NULL && replies[0]->type == RESP_STATUS;
    x->written = good && x->phase == PROCEDURE_APPLYING;
    if (!good) {
        (void)str_format(text, sizeof text,
                         "Redis did not write it into its file (%.200s): do so by "
                         "hand, or it is lost at the next start.",
                         replies == NULL ? err->text : replies[0]->text);
        note(x, text);
    }
    end_set(x, PROCEDURE_GOOD, text);
}

static void rewrite(struct procedure *x)
{
    static const struct query_command command[] = {{{"CONFIG", "REWRITE"}}};
    ask(x, command, 1, on_rewritten);
}

static void on_set(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct procedure *x = context;
    char text[ERROR_TEXT_MAX];
    x->query = NULL;
    if (replies == NULL) {
        end_set(x, err->code == -EPERM ? PROCEDURE_BAD : PROCEDURE_UNKNOWN, err->text);
        return;
    }
    if (replies[0]->type != RESP_STATUS) {
        (void)str_format(text, sizeof text, "Redis refuses it: %s",
                         replies[0]->type == RESP_ERROR ? replies[0]->text : "an odd answer");
        end_set(x, PROCEDURE_BAD, text);
        return;
    }
    const char *value = value_of(x, replies[1], text, sizeof text);
    if (value != NULL)
        (void)str_copy(x->after, sizeof x->after, value);
    rewrite(x);
}

static const char *wanted(const struct procedure *x)
{
    return x->phase == PROCEDURE_APPLYING ? x->value : x->before;
}

/* The answer may come when the procedure is gone, or waits for something else. */
struct permission {
    struct procedures *p;
    int64_t number;
};

static void on_permitted(void *context, const struct permit *permit, const char *why)
{
    struct permission *asked = context;
    struct procedures *p = asked->p;
    struct procedure *x = p->closing ? NULL : procedure_waiting(p, asked->number);
    struct permit given = permit == NULL ? (struct permit){0} : *permit;
    bool awaited = x != NULL && x->permission == asked;
    mem_free(asked);
    if (!awaited) {
        permit_end(&given);
        return;
    }
    x->permission = NULL;
    x->waits = false;
    if (permit == NULL) {
        char text[ERROR_TEXT_MAX];
        (void)str_format(text, sizeof text, "nothing was set: %s", why);
        procedure_event_now(x, PROCEDURE_BAD, text);
        return;
    }
    x->permit = given;
    const struct query_command commands[] = {{{"CONFIG", "SET", x->name, wanted(x)}},
                                             {{"CONFIG", "GET", x->name}}};
    ask(x, commands, ARRAY_LENGTH(commands), on_set);
}

static void ask_permission(struct procedure *x)
{
    const struct procedures_ports *ports = &x->p->ports;
    struct permission *asked = mem_must(mem_calloc(1, sizeof *asked));
    *asked = (struct permission){x->p, x->number};
    x->permission = asked;
    x->waits = true;
    ports->permit(ports->context, x->service, "config-set", on_permitted, asked);
}

/* The server of this moment: the checks may be hours old. */
static void on_looked(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct procedure *x = context;
    char text[ERROR_TEXT_MAX];
    x->query = NULL;
    const char *value = replies == NULL ? NULL : value_of(x, replies[0], text, sizeof text);
    if (value == NULL) {
        procedure_event_now(x, PROCEDURE_BAD, replies == NULL ? err->text : text);
        return;
    }
    bool other = x->phase == PROCEDURE_APPLYING && !str_equal(value, x->before);
    if (other)
        (void)str_format(text, sizeof text,
                         "it is \"%.200s\" now, since another client has changed it: recheck",
                         value);
    if (other || procedure_harms(x->name, wanted(x), replies[1], text, sizeof text)) {
        procedure_event_now(x, PROCEDURE_BAD, text);
        return;
    }
    ask_permission(x);
}

static void set(struct procedure *x)
{
    const struct query_command look[] = {{{"CONFIG", "GET", x->name}}, {{"INFO"}}};
    ask(x, look, ARRAY_LENGTH(look), on_looked);
}

/* ── verifying ── */

static void judge(struct procedure *x, const char *found)
{
    char text[ERROR_TEXT_MAX];
    const char *unwell = x->p->ports.unwell(x->p->ports.context, x->service, text, sizeof text);
    procedure_event_now(x, unwell == NULL ? PROCEDURE_GOOD : PROCEDURE_BAD,
                        unwell == NULL ? found : unwell);
}

static void on_updated(void *context, struct redis_reply *const *replies, const struct error *err)
{
    struct procedure *x = context;
    char text[ERROR_TEXT_MAX];
    char version[32];
    x->query = NULL;
    if (replies == NULL || query_info_number(replies[0], "loading") != 0) {
        procedure_event_now(x, PROCEDURE_BAD,
                            replies == NULL ? err->text : "Redis loads its data: recheck later");
        return;
    }
    const struct redis_reply *info = replies[0];
    bool valkey = query_info_field(info, "valkey_version") != NULL;
    query_info_text(info, valkey ? "valkey_version" : "redis_version", version, sizeof version);
    int64_t keys = query_info_keys(info);
    (void)str_format(text, sizeof text,
                     "%s before, %s now; %" PRId64 " keys before, %" PRId64 " now", x->from,
                     version, x->keys, keys);
    bool same = str_equal(version, x->from);
    bool other = x->to[0] != '\0' && !str_equal(version, x->to);
    bool empty = keys == 0 && x->keys > 0;
    if (!same && !other && !empty) {
        judge(x, text);
        return;
    }
    (void)str_append(text, sizeof text, "%s",
                     empty  ? ": the data are missing"
                     : same ? ": it was not updated, or not restarted"
                            : ": this is not the version that was rehearsed");
    procedure_event_now(x, PROCEDURE_BAD, text);
}

static void on_checked_value(void *context, struct redis_reply *const *replies,
                             const struct error *err)
{
    struct procedure *x = context;
    char text[ERROR_TEXT_MAX];
    x->query = NULL;
    const char *value = replies == NULL ? NULL : value_of(x, replies[0], text, sizeof text);
    if (value == NULL) {
        procedure_event_now(x, PROCEDURE_BAD, replies == NULL ? err->text : text);
        return;
    }
    /* When it is not known how that ended, what Redis made of the value is not known, either. */
    bool set_well = x->after[0] != '\0' ? str_equal(value, x->after) : !str_equal(value, x->before);
    (void)str_format(text, sizeof text, "\"%.200s\" before, \"%.200s\" now%s", x->before, value,
                     set_well ? "" : ": it does not hold");
    if (!set_well) {
        procedure_event_now(x, PROCEDURE_BAD, text);
        return;
    }
    (void)str_copy(x->after, sizeof x->after, value);
    judge(x, text);
}

static void verify(struct procedure *x)
{
    static const struct query_command info[] = {{{"INFO"}}};
    const struct query_command value[] = {{{"CONFIG", "GET", x->name}}};
    if (x->kind == PROCEDURE_UPDATE)
        ask(x, info, 1, on_updated);
    else
        ask(x, value, 1, on_checked_value);
}

void procedure_work(struct procedure *x)
{
    switch (x->phase) {
    case PROCEDURE_CHECKING:
        check(x);
        break;
    case PROCEDURE_GUARDING:
        order(x, BACKUPS_MAKE, NULL, on_guarded);
        break;
    case PROCEDURE_REHEARSING:
        rehearse(x);
        break;
    case PROCEDURE_APPLYING:
        set(x);
        break;
    case PROCEDURE_VERIFYING:
        verify(x);
        break;
    case PROCEDURE_UNDOING:
        set(x);
        break;
    default:
        break;
    }
}

void procedure_stop(struct procedure *x)
{
    query_cancel(x->query);
    x->query = NULL;
    x->waits = false;
    x->permission = NULL;
    permit_end(&x->permit);
}
