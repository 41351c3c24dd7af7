#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_service.h"
#include "io/clock.h"

/* The name of the service in the list of all; with none named, of the only one. */
static void name_subject(struct view_subject *s, const json_t *services)
{
    const json_t *items = json_object_get(services, "items");
    size_t i;
    json_t *item;
    json_array_foreach(items, i, item) {
        const char *id = json_text_or(item, "id", "");
        if (s->id == NULL ? json_array_size(items) == 1 : str_equal(id, s->id)) {
            s->id = id;
            s->name = json_text_or(item, "name", NULL);
            return;
        }
    }
}

enum { ASKED_STATUS, ASKED_HEALTH, ASKED_SERVICES, ASKED_COUNT };

static void show_subject(const struct invocation *in, struct question *q,
                         void (*view)(struct page *, const struct view_subject *))
{
    json_t *status JSON_CLEANUP = page_clean(q[ASKED_STATUS].body);
    json_t *health JSON_CLEANUP = page_clean(q[ASKED_HEALTH].body);
    json_t *services JSON_CLEANUP = page_clean(q[ASKED_SERVICES].body);
    char *id = in->service == NULL ? NULL : page_clean_text(in->service);
    struct view_subject s = {
        .id = id, .status = status, .health = q[ASKED_HEALTH].status < 400 ? health : NULL};
    name_subject(&s, services);
    struct page p = page_new(page_colour(STDOUT_FILENO), clock_wall());
    view(&p, &s);
    page_print(&p, stdout);
    mem_free(id);
}

/* `main` is the question whose answer decides; the others only add to the page. */
static int show_service(const struct invocation *in, size_t main, bool refresh,
                        void (*view)(struct page *, const struct view_subject *))
{
    struct question q[ASKED_COUNT] = {{.op = "status"}, {.op = "health"}, {.op = "services"}};
    int exit_status = 0;
    if (refresh) {
        struct question fresh = {.op = "refresh"};
        exit_status = ask_all(in, &fresh, 1, ASK_CHECK_MS, NULL, NULL);
        if (exit_status != 0)
            return exit_status;
        exit_status = ask_exit(fresh.status, fresh.body);
        if (in->json)
            ask_print_json(fresh.body);
        else if (fresh.status >= 400)
            ask_refusal(in, fresh.status, fresh.body);
        bool done = in->json || fresh.status >= 400;
        ask_free(&fresh, 1);
        if (done)
            return exit_status;
    }
    if (in->json) {
        struct question *only = &q[main];
        exit_status = ask_all(in, only, 1, ASK_READ_MS, NULL, NULL);
        if (exit_status != 0)
            return exit_status;
        ask_print_json(only->body);
        exit_status = ask_exit(only->status, only->body);
        ask_free(only, 1);
        return exit_status;
    }
    exit_status = ask_all(in, q, ASKED_COUNT, ASK_READ_MS, NULL, NULL);
    if (exit_status != 0)
        return exit_status;
    exit_status = ask_exit(q[main].status, q[main].body);
    /* 503 still tells a status: "unknown", with the reason. */
    if (q[main].status < 400 || q[main].status == 503)
        show_subject(in, q, view);
    if (q[main].status >= 400)
        ask_refusal(in, q[main].status, q[main].body);
    ask_free(q, ASKED_COUNT);
    return exit_status;
}

/* Of several services without a name: the overview. */
static int run_status(const struct invocation *in)
{
    bool filtered = arguments_has(in, OPTION_STATE) || arguments_has(in, OPTION_GROUP) ||
                    arguments_has(in, OPTION_TAG);
    if (in->service != NULL && filtered)
        return usage_error(in, "status: --state, --group and --tag choose among all services: "
                               "leave out SERVICE");
    if (in->service != NULL)
        return show_service(in, ASKED_STATUS, false, view_status);
    struct question q = {.op = "services"};
    int status = ask_all(in, &q, 1, ASK_READ_MS, NULL, NULL);
    if (status != 0)
        return status;
    bool several = json_array_size(json_object_get(q.body, "items")) > 1;
    if (q.status < 400 && (several || filtered))
        status = verb_overview_show(in, q.body);
    else
        status = show_service(in, ASKED_STATUS, false, view_status);
    ask_free(&q, 1);
    return status;
}

static int run_health(const struct invocation *in)
{
    return show_service(in, ASKED_HEALTH, false, view_health);
}

static int run_refresh(const struct invocation *in)
{
    return show_service(in, ASKED_STATUS, true, view_status);
}

const struct verb verbs_watch[] = {
    {"status", GROUP_WATCH, "status [SERVICE | --state STATE,STATE --group NAME --tag TAG]",
     "what a service does now; of several, the worst first",
     "Without SERVICE and with several configured: one line each, as `resus list`.\n",
     .service = true, .options = TAKES(STATE) | TAKES(GROUP) | TAKES(TAG), .run = run_status},
    {"health", GROUP_WATCH, "health [SERVICE]",
     "its checks, their figures and limits, and what they mean", .service = true,
     .run = run_health},
    {0},
};

const struct verb verbs_refresh[] = {
    {"refresh", GROUP_WATCH, "refresh [SERVICE]", "check now, then show the status",
     .service = true, .run = run_refresh},
    {0},
};
