/* resus restore */
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_restore.h"

#define WAIT_S 2 /* the daemon holds an answer back for so long: the line moves on */
#define DB_MAX 1023

static bool is_number(const char *word)
{
    return word[0] != '\0' && strspn(word, "0123456789") == strlen(word);
}

/* At most one service and one word of the other kind, in any order. */
static int sort_words(const struct invocation *in, bool (*is_other)(const char *word),
                      const char *name, struct invocation *ret, const char **ret_other)
{
    char why[200];
    *ret = *in;
    *ret_other = NULL;
    for (size_t i = 0; i < in->word_count; i++) {
        const char **to = is_other(in->words[i]) ? ret_other : &ret->service;
        if (*to != NULL) {
            if (to == &ret->service)
                (void)str_format(
                    why, sizeof why,
                    "neither \"%.40s\" nor \"%.40s\" is a %s: resus %s list shows them", *to,
                    in->words[i], str_equal(name, "BACKUP") ? name : "number",
                    str_equal(name, "BACKUP") ? "backup" : in->verb->name);
            else
                (void)str_format(why, sizeof why, "at most one SERVICE and one %s, please", name);
            return usage_error(in, why);
        }
        *to = in->words[i];
    }
    return 0;
}

/* ── until its end ── */

static int show_end(const struct invocation *in, const json_t *body, const char *wanted)
{
    if (in->json) {
        ask_print_json(body);
    } else {
        json_t *clean JSON_CLEANUP = page_clean(body);
        struct page p = page_new(page_colour(STDOUT_FILENO), (wall_ms){0});
        view_restore(&p, clean, in);
        page_print(&p, stdout);
    }
    return str_equal(json_text_or(body, "state", ""), wanted) ? CLI_DONE : CLI_REFUSED;
}

static void show_stage(struct progress *line, const json_t *body)
{
    json_t *now JSON_CLEANUP = json_object();
    int64_t keys = json_int_or(body, "keys", 0);
    int64_t done = json_int_or(body, "restored", 0) + json_int_or(body, "kept", 0);
    (void)json_put_text(now, "phase", json_text_or(body, "stage", "running"));
    if (keys > 0 && done > 0)
        (void)json_put_real(now, "percent", 100.0 * (double)done / (double)keys);
    progress_line(line, now);
}

/* The restore belongs to the service that gets the data. */
static int await(const struct invocation *in, const json_t *begun, const char *wanted)
{
    struct invocation own = *in;
    struct progress line = progress_new(!in->json && isatty(STDERR_FILENO) == 1, "restore");
    int64_t number = json_int_or(begun, "number", 0);
    own.service = json_text_or(begun, "service", NULL);
    for (;;) {
        struct question q = {.op = "restore_show", .args = json_object()};
        (void)json_put_int(q.args, "n", number);
        (void)json_put_int(q.args, "wait", WAIT_S);
        int status = ask_all(&own, &q, 1, ASK_READ_MS, NULL, NULL);
        if (status != 0) {
            progress_end(&line);
            return status;
        }
        bool runs = q.status < 400 && str_equal(json_text_or(q.body, "state", ""), "running");
        if (runs) {
            show_stage(&line, q.body);
            ask_free(&q, 1);
            continue;
        }
        progress_end(&line);
        if (q.status >= 400) {
            ask_refusal(in, q.status, q.body);
            status = ask_exit(q.status, q.body);
        } else {
            status = show_end(in, q.body, wanted);
        }
        ask_free(&q, 1);
        return status;
    }
}

/* Takes `args`. */
static int order(const struct invocation *in, const char *op, json_t *args, const char *wanted)
{
    struct question q = {.op = op, .args = args};
    int status = ask_all(in, &q, 1, ASK_CHECK_MS, NULL, NULL);
    if (status != 0)
        return status;
    if (q.status < 400) {
        status = await(in, q.body, wanted);
    } else {
        if (in->json)
            ask_print_json(q.body);
        else
            ask_refusal(in, q.status, q.body);
        status = ask_exit(q.status, q.body);
    }
    ask_free(&q, 1);
    return status;
}

/* ── a new one ── */

static int fill(const struct invocation *in, const char *backup, json_t *args)
{
    static const struct {
        enum option_id option;
        const char *key;
    } texts[] = {{OPTION_METHOD, "method"}, {OPTION_TO, "to"},
                 {OPTION_MODE, "mode"},     {OPTION_MATCH, "match"},
                 {OPTION_REASON, "reason"}, {OPTION_CONFIRM, "confirmation"}};
    int64_t db = 0;
    (void)json_put_text(args, "b", backup);
    for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
        if (arguments_has(in, texts[i].option))
            (void)json_put_text(args, texts[i].key, in->options[texts[i].option]);
    if (arguments_has(in, OPTION_UNPROVED))
        (void)json_put_bool(args, "force", true);
    if (arguments_has(in, OPTION_UNGUARDED))
        (void)json_put_bool(args, "unguarded", true);
    if (!arguments_has(in, OPTION_DB))
        return 0;
    if (parse_int(in->options[OPTION_DB], 0, DB_MAX, &db, NULL) < 0)
        return usage_error(in, "--db takes the number of a database");
    (void)json_put_int(args, "db", db);
    return 0;
}

static int plan(const struct invocation *in, json_t *args)
{
    json_t *body = NULL;
    (void)json_object_del(args, "confirmation");
    (void)json_object_del(args, "reason");
    int status = ask_show(in, "restore_plan", args, ASK_CHECK_MS, view_restore_plan, &body);
    if (status == CLI_DONE && !json_bool_or(body, "allowed", false))
        status = CLI_REFUSED;
    json_decref(body);
    return status;
}

static int begin(const struct invocation *in)
{
    struct invocation own;
    const char *backup;
    int status = sort_words(in, verb_is_backup, "BACKUP", &own, &backup);
    if (status != 0)
        return status;
    if (backup == NULL)
        return usage_error(in, "one BACKUP, please: `resus backup list` shows them");
    if (!arguments_has(in, OPTION_DRY_RUN) && !arguments_has(in, OPTION_CONFIRM))
        return usage_error(in, "a restore replaces data: see the plan with --dry-run, then add "
                               "--confirm and the name of the service that gets the data");
    json_t *args = json_object();
    status = fill(in, backup, args);
    if (status != 0) {
        json_decref(args);
        return status;
    }
    return arguments_has(in, OPTION_DRY_RUN) ? plan(&own, args)
                                             : order(&own, "restore", args, "done");
}

/* ── those that are there ── */

/* Without a number: the newest. 0 or the exit status. */
static int number_of(const struct invocation *in, const char *word, int64_t *ret)
{
    if (word != NULL)
        return parse_int(word, 1, INT64_MAX, ret, NULL) < 0
                   ? usage_error(in, "N is the number of a restore")
                   : 0;
    struct question q = {.op = "restores"};
    int status = ask_all(in, &q, 1, ASK_READ_MS, NULL, NULL);
    if (status != 0)
        return status;
    *ret = json_int_or(json_array_get(json_object_get(q.body, "items"), 0), "number", 0);
    if (q.status >= 400) {
        ask_refusal(in, q.status, q.body);
        status = ask_exit(q.status, q.body);
    } else if (*ret == 0) {
        status = ask_failed(in, CLI_REFUSED, "not_found", "nothing was restored yet");
    }
    ask_free(&q, 1);
    return status;
}

static int about_one(const struct invocation *in)
{
    struct invocation own;
    const char *word;
    int64_t number = 0;
    int status = sort_words(in, is_number, "N", &own, &word);
    if (status == 0)
        status = number_of(&own, word, &number);
    if (status != 0)
        return status;
    json_t *args = json_object();
    (void)json_put_int(args, "n", number);
    if (str_equal(in->sub, "undo"))
        return order(&own, "restore_undo", args, "undone");
    if (str_equal(in->sub, "resume"))
        return order(&own, "restore_resume", args, "done");
    if (str_equal(in->sub, "cancel"))
        return order(&own, "restore_cancel", args, "cancelled");
    return ask_show(&own, "restore_show", args, ASK_READ_MS, view_restore, NULL);
}

static int run_restore(const struct invocation *in)
{
    if (in->sub == NULL)
        return begin(in);
    if (!str_equal(in->sub, "list"))
        return about_one(in);
    struct invocation own;
    const char *word;
    int status = sort_words(in, is_number, "N", &own, &word);
    if (status != 0 || word != NULL)
        return status != 0 ? status : usage_error(in, "the list takes no number");
    return ask_show(&own, "restores", NULL, ASK_READ_MS, view_restores, NULL);
}

static const char *const subs[] = {"list", "show", "undo", "resume", "cancel", NULL};

const struct verb verbs_restore[] = {
    {"restore", GROUP_BACKUPS,
     "restore [SERVICE] BACKUP [--method file|replicate|keys] [--to SERVICE] [--mode "
     "exact|overwrite|missing] "
     "[--db N] [--match GLOB] [--dry-run] [--unguarded] [--unproved] [--reason TEXT] --confirm "
     "SERVICE "
     "| list [SERVICE] | show|undo|resume|cancel [SERVICE] [N]",
     "bring the data of a backup back",
     "  --dry-run shows what would be done and what stands in the way.\n"
     "  file    Redis stops, the backup takes the place of its files, Redis starts;\n"
     "          the old files are kept. For `control: process`, and for units with\n"
     "          `restore_helper`\n"
     "  replicate  Redis becomes the replica of a server of Resus, without writes\n"
     "          meanwhile, and has all data at one moment\n"
     "  keys    copied into Redis as it runs, whatever way Resus reaches it\n"
     "  exact      keys that the backup does not have are removed after the copy\n"
     "  overwrite  keys of the backup replace those that are there\n"
     "  missing    keys that are there stay as they are\n"
     "A safety backup is made first.\n"
     "  list    restores, the newest first\n"
     "  undo    brings the data from before the newest restore by file back\n"
     "  resume  goes on with one that waits for a person\n"
     "  cancel  ends one that has not exchanged the data yet, or that copies keys\n",
     .subs = subs, .sub_may_lack = true, .words = true,
     .options = TAKES(METHOD) | TAKES(TO) | TAKES(MODE) | TAKES(DB) | TAKES(MATCH) |
                TAKES(DRY_RUN) | TAKES(UNGUARDED) | TAKES(UNPROVED) | TAKES(REASON) |
                TAKES(CONFIRM),
     .run = run_restore},
    {0},
};
