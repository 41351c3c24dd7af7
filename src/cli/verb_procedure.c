/* resus procedure */
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_procedure.h"
#include "core/procedure.h"

static bool works(const json_t *body)
{
    const char *phase = json_text_or(body, "phase", "");
    for (int i = 0; i < PROCEDURE_PHASE_COUNT; i++)
        if (str_equal(phase, procedure_phase_word((enum procedure_phase)i)))
            return procedure_works((enum procedure_phase)i);
    return false;
}

/* Asks until Resus has done its part; the daemon holds each answer back for some seconds. */
static int await(const struct invocation *in, json_t **body)
{
    while (works(*body)) {
        struct question q = {.op = "procedure", .args = json_object()};
        (void)json_put_int(q.args, "n", json_int_or(*body, "number", 0));
        (void)json_put_bool(q.args, "wait", true);
        int status = ask_all(in, &q, 1, ASK_CHECK_MS, NULL, NULL);
        if (status != 0)
            return status;
        if (q.status >= 400) {
            ask_refusal(in, q.status, q.body);
            status = ask_exit(q.status, q.body);
            ask_free(&q, 1);
            return status;
        }
        json_decref(*body);
        *body = json_incref(q.body);
        ask_free(&q, 1);
    }
    return 0;
}

static int run(const struct invocation *in, const char *op, json_t *args)
{
    struct question q = {.op = op, .args = args};
    if (arguments_has(in, OPTION_REASON))
        (void)json_put_text(args, "reason", in->options[OPTION_REASON]);
    int status = ask_all(in, &q, 1, ASK_READ_MS, NULL, NULL);
    if (status != 0)
        return status;
    if (q.status >= 400) {
        if (in->json)
            ask_print_json(q.body);
        else
            ask_refusal(in, q.status, q.body);
        status = ask_exit(q.status, q.body);
        ask_free(&q, 1);
        return status;
    }
    json_t *body = json_incref(q.body);
    ask_free(&q, 1);
    status = await(in, &body);
    if (status == 0 && in->json) {
        ask_print_json(body);
    } else if (status == 0) {
        json_t *clean JSON_CLEANUP = page_clean(body);
        struct page p = page_new(page_colour(1), (wall_ms){0});
        view_procedure(&p, clean, in);
        page_print(&p, stdout);
    }
    if (status == 0)
        status = view_procedure_bad(body) ? CLI_REFUSED : CLI_DONE;
    json_decref(body);
    return status;
}

/* Takes the first word as the service when there is one more than are needed. */
static int words_of(const struct invocation *in, size_t needed, const char *usage,
                    struct invocation *ret)
{
    *ret = *in;
    if (in->word_count != needed && in->word_count != needed + 1)
        return usage_error(in, usage);
    if (in->word_count == needed + 1) {
        ret->service = in->words[0];
        for (size_t i = 0; i < needed; i++)
            ret->words[i] = in->words[i + 1];
        ret->word_count = needed;
    }
    return 0;
}

static int number_of(const struct invocation *in, size_t word, const char *key, json_t *args)
{
    int64_t number;
    struct error err = {0};
    if (parse_int(in->words[word], 1, INT64_MAX, &number, &err) < 0)
        return usage_error(in, err.text);
    (void)json_put_int(args, key, number);
    return 0;
}

static int begin(const struct invocation *in)
{
    struct invocation own;
    bool config = str_equal(in->sub, "config");
    int status = words_of(in, config ? 2 : 0,
                          config ? "procedure config: NAME and VALUE, please, a service in front"
                                 : "procedure update takes a service at most",
                          &own);
    if (status != 0)
        return status;
    json_t *args = json_object();
    (void)json_put_text(args, "kind", in->sub);
    if (config) {
        (void)json_put_text(args, "name", own.words[0]);
        (void)json_put_text(args, "value", own.words[1]);
    }
    return run(&own, "procedure_begin", args);
}

static int about_one(const struct invocation *in)
{
    struct invocation own;
    bool checks = str_equal(in->sub, "check");
    int status = words_of(in, checks ? 2 : 1,
                          checks ? "procedure check: N and ITEM, please, a service in front"
                                 : "one number, please: `procedure list` shows them",
                          &own);
    if (status != 0)
        return status;
    json_t *args = json_object();
    status = number_of(&own, 0, "n", args);
    if (status == 0 && checks)
        status = number_of(&own, 1, "item", args);
    if (status != 0) {
        json_decref(args);
        return status;
    }
    if (checks) {
        (void)json_put_bool(args, "done", !arguments_has(in, OPTION_UNDO));
        if (arguments_has(in, OPTION_NOTE))
            (void)json_put_text(args, "note", in->options[OPTION_NOTE]);
        return ask_show(&own, "procedure_checklist", args, ASK_READ_MS, view_procedure, NULL);
    }
    if (str_equal(in->sub, "show"))
        return ask_show(&own, "procedure", args, ASK_READ_MS, view_procedure, NULL);
    (void)json_put_text(args, "order", in->sub);
    return run(&own, "procedure_order", args);
}

static int run_procedure(const struct invocation *in)
{
    struct invocation own;
    if (str_equal(in->sub, "update") || str_equal(in->sub, "config"))
        return begin(in);
    if (!str_equal(in->sub, "list"))
        return about_one(in);
    int status = words_of(in, 0, "procedure list takes a service at most", &own);
    return status != 0 ? status
                       : ask_show(&own, "procedures", NULL, ASK_READ_MS, view_procedures, NULL);
}

static const char *const subs[] = {"update", "config", "list",   "show",  "go", "recheck",
                                   "accept", "undo",   "cancel", "check", NULL};

const struct verb verbs_procedure[] = {
    {"procedure", GROUP_BACKUPS,
     "procedure update [SERVICE] | config [SERVICE] NAME VALUE | list [SERVICE] | "
     "show|go|recheck|accept|undo|cancel [SERVICE] N | check [SERVICE] N ITEM [--note TEXT] "
     "[--undo] [--reason TEXT]",
     "guided updates of Redis and changes of its settings",
     "  update   checks, a safety backup, and a rehearsal by backup.next_server\n"
     "  config   the same for one setting, without a rehearsal\n"
     "  go       config: sets it and has Redis write it into its file;\n"
     "           update: you have installed it. Then it is verified and watched\n"
     "  recheck  looks again\n"
     "  accept   goes on all the same, or ends the watch\n"
     "  undo     config: the value of before; update: you have gone back\n"
     "  cancel   as long as nothing was changed\n"
     "  check    ticks an item of the checklist\n"
     "Exit status 1 when something stands in the way or is wrong.\n",
     .subs = subs, .words = true, .options = TAKES(REASON) | TAKES(NOTE) | TAKES(UNDO),
     .run = run_procedure},
    {0},
};
