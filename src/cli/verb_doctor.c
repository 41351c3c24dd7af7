/* resus doctor */
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/overview.h"
#include "cli/verb.h"
#include "cli/view_doctor.h"
#include "io/clock.h"

/* The doctor walks over every host. */
#define DOCTOR_MS 180000

/* Without SERVICE and with several configured: they, the worst first (to json_decref). */
static int several(const struct invocation *in, json_t **ret)
{
    struct question q = {.op = "services"};
    if (in->service != NULL)
        return CLI_DONE;
    int status = ask_all(in, &q, 1, ASK_READ_MS, NULL, NULL);
    if (status != CLI_DONE)
        return status;
    const json_t *items = json_object_get(q.body, "items");
    if (q.status < 400 && json_array_size(items) > 1) {
        JSON_CLEANUP json_t *sorted = overview_select(q.body, &(struct overview_filter){0});
        *ret = json_incref(json_object_get(sorted, "items"));
    }
    ask_free(&q, 1);
    return CLI_DONE;
}

/* Takes out of `body` what was said of a service before in the same words: the daemon itself is every
 * service's. Adds the rest to `said`. */
static void leave_out_said(json_t *body, json_t *said)
{
    json_t *items = json_object_get(body, "items");
    for (size_t i = json_array_size(items); i > 0; i--) {
        json_t *item = json_array_get(items, i - 1);
        bool known = false;
        for (size_t at = 0; at < json_array_size(said) && !known; at++)
            known = json_equal(json_array_get(said, at), item) == 1;
        if (known)
            (void)json_array_remove(items, i - 1);
        else
            (void)json_array_append(said, item);
    }
}

static void view_doctor_of(const struct invocation *in, size_t number, const struct question *q)
{
    struct page p = page_new(page_colour(STDOUT_FILENO), clock_wall());
    char *id = page_clean_text(in->service);
    JSON_CLEANUP json_t *body = page_clean(q->body);
    page_put(&p, number == 0 ? "" : "\n");
    page_tone(&p, TONE_BOLD, "%s", id == NULL ? "" : id);
    page_put(&p, "\n");
    if (q->status < 400)
        view_doctor(&p, body, in);
    page_print(&p, stdout);
    if (q->status >= 400)
        ask_refusal(in, q->status, q->body);
    mem_free(id);
}

/* The refusal of one service does not keep the others from being examined; a caller who may ask
 * nothing gets one refusal. */
static int doctor_each(const struct invocation *in, const json_t *items)
{
    size_t i, bad = 0, findings = 0;
    int worst = CLI_DONE;
    json_t *item;
    JSON_CLEANUP json_t *all = json_array();
    JSON_CLEANUP json_t *said = json_array();
    json_array_foreach(items, i, item) {
        struct invocation one = *in;
        struct question q = {.op = "doctor"};
        one.service = json_text_or(item, "id", "");
        int status = ask_all(&one, &q, 1, DOCTOR_MS, NULL, NULL);
        if (status != 0)
            return status;
        if (!in->json && q.status < 400)
            leave_out_said(q.body, said);
        size_t found = q.status < 400 ? view_doctor_findings(q.body) : 0;
        status = q.status >= 400 ? ask_exit(q.status, q.body) : found > 0 ? CLI_REFUSED : CLI_DONE;
        worst = status > worst ? status : worst;
        findings += found;
        bad += status != CLI_DONE;
        if (in->json) {
            json_t *copy = json_copy(q.body);
            (void)json_put_text(copy, "service", one.service);
            (void)json_array_append_new(all, copy);
        } else {
            view_doctor_of(&one, i, &q);
        }
        bool stop = q.status == 401 || q.status == 403;
        ask_free(&q, 1);
        if (stop)
            return worst;
    }
    if (in->json) {
        JSON_CLEANUP json_t *body = json_object();
        (void)json_put(body, "services", json_incref(all));
        ask_print_json(body);
    } else {
        (void)printf("\n%zu services: %zu finding%s in %zu of them.\n", json_array_size(items),
                     findings, findings == 1 ? "" : "s", bad);
    }
    return worst;
}

static int run_doctor(const struct invocation *in)
{
    JSON_CLEANUP json_t *items = NULL;
    int listed = several(in, &items);
    if (listed != CLI_DONE)
        return listed;
    if (items != NULL)
        return doctor_each(in, items);
    json_t *body = NULL;
    int status = ask_show(in, "doctor", NULL, DOCTOR_MS, view_doctor, &body);
    if (status == CLI_DONE && view_doctor_findings(body) > 0)
        status = CLI_REFUSED;
    json_decref(body);
    return status;
}

const struct verb verbs_doctor[] = {
    {"doctor", GROUP_WATCH, "doctor [SERVICE]",
     "check the set-up itself and print the fix for each finding",
     "Without SERVICE: all, one after the other. Exit status: 0 nothing found,\n"
     "1 findings.\n",
     .service = true, .run = run_doctor},
    {0},
};
