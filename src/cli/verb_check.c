/* `resus check`: whatever goes wrong is one line on stdout and status 3, because the scheduler shows
 * nothing else. */
#include <stdio.h>

#include "base/json.h"
#include "base/parse.h"
#include "cli/ask.h"
#include "cli/checkline.h"
#include "cli/overview.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "io/clock.h"

/* Schedulers give a plugin ten seconds or more; it has to speak before they end it. */
#define CHECK_SECONDS 8
#define CHECK_SECONDS_MAX 600

enum { ASKED_HEALTH, ASKED_STATUS, ASKED_COUNT };

static const char *refusal_of(const struct question *q)
{
    return json_text_or(q->body, "message", json_text_or(q->body, "error", "no answer"));
}

/* Nothing could be asked: the exit status. */
static int say_trouble(const struct invocation *in, const struct ask_trouble *t)
{
    struct buf out = BUF_LIMIT(16384);
    if (in->json)
        return ask_failed(in, CHECK_UNKNOWN, t->code, "%s", t->error.text);
    (void)checkline_unknown(t->error.text, &out);
    (void)fputs(buf_text(&out), stdout);
    (void)fflush(stdout);
    buf_free(&out);
    return CHECK_UNKNOWN;
}

static int say(const struct invocation *in, enum checkline_status seen, const json_t *body,
               struct buf *out)
{
    if (in->json)
        ask_print_json(body);
    else
        (void)fputs(buf_text(out), stdout);
    (void)fflush(stdout);
    buf_free(out);
    return (int)seen;
}

static int check_one(const struct invocation *in, int64_t ms)
{
    struct question q[ASKED_COUNT] = {{.op = "health"}, {.op = "status"}};
    struct buf out = BUF_LIMIT(16384);
    struct ask_trouble t = {0};
    if (ask_quietly(in, q, ASKED_COUNT, ms, NULL, NULL, &t) < 0)
        return say_trouble(in, &t);
    const json_t *status = q[ASKED_STATUS].status < 400 ? q[ASKED_STATUS].body : NULL;
    enum checkline_status seen = q[ASKED_HEALTH].status >= 400
                                     ? checkline_unknown(refusal_of(&q[ASKED_HEALTH]), &out)
                                     : checkline_health(q[ASKED_HEALTH].body, status, &out);
    int result = say(in, seen, q[ASKED_HEALTH].body, &out);
    ask_free(q, ASKED_COUNT);
    return result;
}

/* Of several: the list says how each is, and the worst one is asked why. */
static int check_all(const struct invocation *in, const json_t *list, mono_ms deadline)
{
    struct overview_filter filter;
    struct error err = {0};
    if (overview_filter_read(in, &filter, &err) < 0)
        return usage_error(in, err.text);
    JSON_CLEANUP json_t *chosen = overview_select(list, &filter);
    const json_t *items = json_object_get(chosen, "items");
    const json_t *worst = checkline_worst(items);
    struct question q[ASKED_COUNT] = {{.op = "health"}, {.op = "status"}};
    struct buf out = BUF_LIMIT(16384);
    struct ask_trouble t = {0};
    struct invocation one = *in;
    one.service = json_text_or(worst, "id", "");
    int64_t left = mono_since(deadline, clock_mono());
    bool asked =
        worst != NULL && left > 0 && ask_quietly(&one, q, ASKED_COUNT, left, NULL, NULL, &t) == 0;
    const json_t *health = asked && q[ASKED_HEALTH].status < 400 ? q[ASKED_HEALTH].body : NULL;
    const json_t *status = asked && q[ASKED_STATUS].status < 400 ? q[ASKED_STATUS].body : NULL;
    int result = say(in, checkline_several(items, health, status, &out), chosen, &out);
    if (asked)
        ask_free(q, ASKED_COUNT);
    return result;
}

static int run_check(const struct invocation *in)
{
    struct question q = {.op = "services"};
    struct ask_trouble t = {0};
    const char *given = in->options[OPTION_TIMEOUT];
    bool filtered = arguments_has(in, OPTION_GROUP) || arguments_has(in, OPTION_TAG);
    int64_t seconds = CHECK_SECONDS;
    if (given != NULL && parse_int(given, 1, CHECK_SECONDS_MAX, &seconds, NULL) < 0)
        return usage_error(in, "--timeout is 1 to 600 seconds");
    if (in->service != NULL && filtered)
        return usage_error(in, "check: --group and --tag choose among all services: leave out "
                               "SERVICE");
    if (in->service != NULL)
        return check_one(in, seconds * 1000);
    mono_ms deadline = mono_add(clock_mono(), seconds * 1000);
    if (ask_quietly(in, &q, 1, seconds * 1000, NULL, NULL, &t) < 0)
        return say_trouble(in, &t);
    bool several = filtered || json_array_size(json_object_get(q.body, "items")) > 1;
    int64_t left = mono_since(deadline, clock_mono());
    int result = q.status < 400 && several ? check_all(in, q.body, deadline)
                                           : check_one(in, left > 1 ? left : 1);
    ask_free(&q, 1);
    return result;
}

const struct verb verbs_check[] = {
    {"check", GROUP_WATCH, "check [SERVICE | --group NAME --tag TAG] [-t SECONDS]",
     "one line in the form of a monitoring plugin",
     "Without SERVICE and with several configured: the worst of all, and how many are\n"
     "in which state. Exit status: 0 healthy; 1 degraded, stopped on purpose, not\n"
     "guarded, or down in a maintenance window; 2 critical; 3 unknown and every error.\n"
     "The line is there in each case.\n",
     .service = true, .options = TAKES(TIMEOUT) | TAKES(GROUP) | TAKES(TAG), .plugin = true,
     .run = run_check},
    {0},
};
