/* resus backup */
#include <string.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/parse.h"
#include "base/str.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_backup.h"

#define NOT_PROVABLE 4 /* made, or read, but it cannot be proved here */
#define DAY_MS (INT64_C(24) * 3600 * 1000)
#define ID_LENGTH 16 /* 20261129T023000Z */

/* A service's id has no capital letters; a backup's has. */
bool verb_is_backup(const char *word)
{
    return strlen(word) == ID_LENGTH && word[8] == 'T' && word[ID_LENGTH - 1] == 'Z';
}

/* The words are at most one service and one backup, in any order. */
static int sort_words(const struct invocation *in, struct invocation *ret, const char **ret_backup)
{
    *ret = *in;
    *ret_backup = NULL;
    for (size_t i = 0; i < in->word_count; i++) {
        const char **to = verb_is_backup(in->words[i]) ? ret_backup : &ret->service;
        if (*to != NULL && to == &ret->service) {
            char why[200];
            (void)str_format(
                why, sizeof why,
                "neither \"%.40s\" nor \"%.40s\" is a BACKUP: resus backup list shows them", *to,
                in->words[i]);
            return usage_error(in, why);
        }
        if (*to != NULL)
            return usage_error(in, "at most one SERVICE and one BACKUP, please");
        *to = in->words[i];
    }
    return 0;
}

static json_t *args_of(const struct invocation *in, const char *backup)
{
    json_t *args = json_object();
    if (backup != NULL)
        (void)json_put_text(args, "b", backup);
    if (arguments_has(in, OPTION_REASON))
        (void)json_put_text(args, "reason", in->options[OPTION_REASON]);
    return args;
}

/* ── what takes long ── */

static int exit_of(const json_t *last)
{
    static const char *const well[] = {"proved", "good"};
    static const char *const open[] = {"not_proved", "cannot_tell"};
    const char *result = json_text_or(last, "result", "");
    if (str_index(well, ARRAY_LENGTH(well), result) >= 0)
        return CLI_DONE;
    if (str_index(open, ARRAY_LENGTH(open), result) >= 0)
        return NOT_PROVABLE;
    return str_equal(json_text_or(last, "cause", ""), "unreachable") ? CLI_UNREACHABLE
                                                                     : CLI_REFUSED;
}

/* Asks until the task has ended; the daemon holds each answer back for some seconds. */
static int await(const struct invocation *in, int64_t number, json_t **ret)
{
    for (;;) {
        struct question q = {.op = "backup_status", .args = json_object()};
        (void)json_put_int(q.args, "task", number);
        int status = ask_all(in, &q, 1, ASK_CHECK_MS, NULL, NULL);
        if (status != 0)
            return status;
        if (q.status >= 400) {
            ask_refusal(in, q.status, q.body);
            status = ask_exit(q.status, q.body);
            ask_free(&q, 1);
            return status;
        }
        const json_t *job = json_object_get(q.body, "job");
        bool over = json_int_or(job, "number", 0) != number;
        if (over)
            *ret = json_incref(json_object_get(q.body, "last"));
        ask_free(&q, 1);
        if (over)
            return 0;
    }
}

static void show_last(const struct invocation *in, const json_t *last)
{
    if (in->json) {
        ask_print_json(last);
        return;
    }
    json_t *body JSON_CLEANUP = page_clean((json_t *)last);
    struct page p = page_new(page_colour(1), (wall_ms){0});
    view_backup_last(&p, body, in);
    page_print(&p, stdout);
}

static int run(const struct invocation *in, const char *op, json_t *args)
{
    struct question q = {.op = op, .args = args};
    int status = ask_all(in, &q, 1, ASK_READ_MS, NULL, NULL);
    if (status != 0)
        return status;
    json_t *last = NULL;
    if (q.status >= 400) {
        if (in->json)
            ask_print_json(q.body);
        else
            ask_refusal(in, q.status, q.body);
        status = ask_exit(q.status, q.body);
        ask_free(&q, 1);
        return status;
    }
    int64_t number = json_int_or(q.body, "number", 0);
    ask_free(&q, 1);
    status = await(in, number, &last);
    if (status != 0)
        return status;
    if (json_int_or(last, "number", 0) != number)
        status = ask_failed(in, CLI_REFUSED, "task_lost",
                            "the daemon was restarted meanwhile: resus backup list shows what is "
                            "there");
    else
        show_last(in, last);
    if (status == 0)
        status = exit_of(last);
    json_decref(last);
    return status;
}

/* Without a word: the newest that was proved. */
static int verify(const struct invocation *in, const char *backup)
{
    if (backup != NULL)
        return run(in, "backup_verify", args_of(in, backup));
    struct question q = {.op = "backup_status"};
    int status = ask_all(in, &q, 1, ASK_READ_MS, NULL, NULL);
    if (status != 0)
        return status;
    const char *latest = json_text_or(q.body, "last_proved", NULL);
    if (q.status >= 400) {
        ask_refusal(in, q.status, q.body);
        status = ask_exit(q.status, q.body);
    } else {
        status = latest == NULL ? ask_failed(in, CLI_REFUSED, "not_found",
                                             "no backup was proved yet: name one, or run resus "
                                             "backup create")
                                : run(in, "backup_verify", args_of(in, latest));
    }
    ask_free(&q, 1);
    return status;
}

/* ── copies elsewhere ── */

static bool all_there(const json_t *status)
{
    const json_t *places = json_object_get(status, "copies");
    size_t i;
    const json_t *place;
    json_array_foreach(places, i, place) {
        if (!str_equal(json_text_or(place, "state", ""), "up_to_date"))
            return false;
    }
    return true;
}

static void show_status(const struct invocation *in, json_t *body)
{
    if (in->json) {
        ask_print_json(body);
        return;
    }
    json_t *clean JSON_CLEANUP = page_clean(body);
    struct page p = page_new(page_colour(1), (wall_ms){0});
    view_backup_status(&p, clean, in);
    page_print(&p, stdout);
}

/* Visits every place and waits: a place is visited until nothing waits for it, or it fails. */
static int copy(const struct invocation *in)
{
    struct question q = {.op = "backup_copy", .args = args_of(in, NULL)};
    int status = ask_all(in, &q, 1, ASK_READ_MS, NULL, NULL);
    bool copying = true;
    while (status == 0 && copying && q.status < 400) {
        ask_free(&q, 1);
        q = (struct question){.op = "backup_status", .args = json_object()};
        (void)json_put_bool(q.args, "copies", true);
        status = ask_all(in, &q, 1, ASK_CHECK_MS, NULL, NULL);
        copying = false;
        for (size_t i = 0; i < json_array_size(json_object_get(q.body, "copies")); i++) {
            const json_t *place = json_array_get(json_object_get(q.body, "copies"), i);
            const char *state = json_text_or(place, "state", "");
            copying |= str_equal(state, "copying") || str_equal(state, "waiting");
        }
    }
    if (status != 0)
        return status;
    if (q.status >= 400) {
        if (in->json)
            ask_print_json(q.body);
        else
            ask_refusal(in, q.status, q.body);
        status = ask_exit(q.status, q.body);
    } else {
        show_status(in, q.body);
        status = all_there(q.body) ? CLI_DONE : CLI_REFUSED;
    }
    ask_free(&q, 1);
    return status;
}

/* The only place, when none is named; NULL after having said why. A new text. */
static char *place_of(const struct invocation *in, int *ret_status)
{
    struct question q = {.op = "backup_status"};
    char *name = NULL;
    if (arguments_has(in, OPTION_PLACE))
        return mem_strdup(in->options[OPTION_PLACE]);
    *ret_status = ask_all(in, &q, 1, ASK_READ_MS, NULL, NULL);
    if (*ret_status != 0)
        return NULL;
    const json_t *places = json_object_get(q.body, "copies");
    if (q.status >= 400) {
        ask_refusal(in, q.status, q.body);
        *ret_status = ask_exit(q.status, q.body);
    } else if (json_array_size(places) == 1) {
        name = mem_strdup(json_text_or(json_array_get(places, 0), "target", ""));
    } else {
        *ret_status = ask_failed(in, CLI_REFUSED, "not_found",
                                 json_array_size(places) == 0
                                     ? "there is no place for copies: name one in backup.copies"
                                     : "there are several places for copies: choose one with "
                                       "--place");
    }
    ask_free(&q, 1);
    return name;
}

static int fetch(const struct invocation *in, const char *backup)
{
    int status = CLI_REFUSED;
    char *place = place_of(in, &status);
    if (place == NULL)
        return status;
    json_t *args = args_of(in, backup);
    (void)json_put_text(args, "target", place);
    mem_free(place);
    return backup != NULL
               ? run(in, "backup_fetch", args)
               : ask_show(in, "backup_elsewhere", args, ASK_OPERATE_MS, view_elsewhere, NULL);
}

/* ── what is done at once ── */

static int pin(const struct invocation *in, const char *backup)
{
    int64_t ms = 0;
    struct error err = {0};
    json_t *args = args_of(in, backup);
    if (arguments_has(in, OPTION_FOR)) {
        if (parse_duration(in->options[OPTION_FOR], &ms, &err) < 0 || ms < DAY_MS) {
            json_decref(args);
            return usage_error(in, "--for takes days, such as 90d");
        }
        (void)json_put_int(args, "days", ms / DAY_MS);
    }
    return ask_show(in, "backup_pin", args, ASK_READ_MS, view_backup, NULL);
}

static int remove_one(const struct invocation *in, const char *backup)
{
    if (!arguments_has(in, OPTION_CONFIRM))
        return usage_error(in, "a removed backup cannot be brought back: add --confirm and the "
                               "BACKUP once more");
    json_t *args = args_of(in, backup);
    (void)json_put_text(args, "confirmation", in->options[OPTION_CONFIRM]);
    return ask_show(in, "backup_delete", args, ASK_CHECK_MS, view_backup_status, NULL);
}

static int prune(const struct invocation *in)
{
    if (!arguments_has(in, OPTION_CONFIRM))
        return ask_show(in, "backup_prunable", NULL, ASK_READ_MS, view_prunable, NULL);
    if (!str_equal(in->options[OPTION_CONFIRM], "PRUNE"))
        return usage_error(in, "--confirm takes the word PRUNE, in capitals");
    return ask_show(in, "backup_prune", args_of(in, NULL), ASK_CHECK_MS, view_backup_status, NULL);
}

static int about_one(const struct invocation *in, const char *backup)
{
    if (backup == NULL)
        return usage_error(in, "one BACKUP, please: `backup list` shows them");
    if (str_equal(in->sub, "pin"))
        return pin(in, backup);
    if (str_equal(in->sub, "delete"))
        return remove_one(in, backup);
    if (str_equal(in->sub, "accept"))
        return ask_show(in, "backup_accept", args_of(in, backup), ASK_READ_MS, view_backup, NULL);
    return ask_show(in, str_equal(in->sub, "unpin") ? "backup_unpin" : "backup",
                    args_of(in, backup), ASK_READ_MS, view_backup, NULL);
}

static int run_backup(const struct invocation *in)
{
    struct invocation own;
    const char *backup;
    if (str_equal(in->sub, "unseal"))
        return verb_backup_unseal(in);
    if (arguments_has(in, OPTION_KEY) || arguments_has(in, OPTION_OUTPUT))
        return usage_error(in, "--key and --output are for backup unseal");
    int status = sort_words(in, &own, &backup);
    if (status != 0)
        return status;
    if (str_equal(in->sub, "verify"))
        return verify(&own, backup);
    if (str_equal(in->sub, "overview"))
        return in->word_count > 0 ? usage_error(in, "this is about every service: name none")
                                  : ask_show(&own, "backup_overview", NULL, ASK_READ_MS,
                                             view_backup_overview, NULL);
    if (str_equal(in->sub, "fetch"))
        return fetch(&own, backup);
    if (arguments_has(in, OPTION_PLACE))
        return usage_error(in, "--place is for backup fetch");
    if (str_equal(in->sub, "rebuild-sheet"))
        return ask_show(&own, "backup_rebuild_sheet", args_of(&own, backup), ASK_READ_MS,
                        view_rebuild_sheet, NULL);
    if (str_equal(in->sub, "drill"))
        return run(&own, "backup_drill", args_of(&own, backup));
    bool alone = str_equal(in->sub, "create") || str_equal(in->sub, "list") ||
                 str_equal(in->sub, "status") || str_equal(in->sub, "prune") ||
                 str_equal(in->sub, "copy") || str_equal(in->sub, "drills");
    if (!alone)
        return about_one(&own, backup);
    if (backup != NULL)
        return usage_error(in, "this is about all backups of a service: name no BACKUP");
    if (str_equal(in->sub, "create"))
        return run(&own, "backup_create", args_of(&own, NULL));
    if (str_equal(in->sub, "prune"))
        return prune(&own);
    if (str_equal(in->sub, "copy"))
        return copy(&own);
    if (str_equal(in->sub, "drills"))
        return ask_show(&own, "backup_drills", NULL, ASK_READ_MS, view_drills, NULL);
    if (str_equal(in->sub, "status"))
        return ask_show(&own, "backup_status", NULL, ASK_READ_MS, view_backup_status, NULL);
    return ask_show(&own, "backups", NULL, ASK_READ_MS, view_backups, NULL);
}

static const char *const subs[] = {"create", "list",   "show",   "status", "verify",        "pin",
                                   "unpin",  "accept", "delete", "prune",  "overview",      "copy",
                                   "fetch",  "unseal", "drill",  "drills", "rebuild-sheet", NULL};

const struct verb verbs_backup[] = {
    {"backup", GROUP_BACKUPS,
     "backup create|list|status|copy|drills [SERVICE] | drill|rebuild-sheet [SERVICE] [BACKUP] | "
     "show|verify|accept|pin|unpin|delete [SERVICE] BACKUP | "
     "prune [SERVICE] | overview [--reason TEXT] [--for DURATION] [--confirm WORD] | fetch "
     "[SERVICE] "
     "[BACKUP] [--place NAME] | unseal FILE --key FILE -o FILE",
     "backups: make, prove, keep, copy and remove them",
     "  create  a backup now; status 0: proved, 4: made but not provable here\n"
     "  verify  proves one again by loading it, the newest proved one unless named\n"
     "  accept  a suspicious one: fewer data were meant, and later ones are compared\n"
     "          with it\n"
     "  pin     keeps one for --for (90d unless given), whatever the rules say\n"
     "  delete  needs --confirm and the BACKUP once more\n"
     "  prune   shows what no rule keeps; --confirm PRUNE removes it\n"
     "  copy    visits the places of backup.copies now; status 0: all is there\n"
     "  overview  one line a service: newest proved, next, what is wrong\n"
     "  fetch   lists the copies at --place NAME; with a BACKUP, brings that one back\n"
     "          and proves it\n"
     "  drill   loads the newest proved one, or BACKUP, and measures the time\n"
     "  drills  what those measured\n"
     "  rebuild-sheet  for a lost host: what is out of reach, and the steps to build\n"
     "          it again with what the backup knows; print it before you need it\n"
     "  unseal  opens a sealed backup (its folder or its file) with the secret key in\n"
     "          --key FILE, into -o FILE; asks no daemon\n",
     .subs = subs, .words = true,
     .options =
         TAKES(REASON) | TAKES(FOR) | TAKES(CONFIRM) | TAKES(KEY) | TAKES(OUTPUT) | TAKES(PLACE),
     .run = run_backup},
    {0},
};
