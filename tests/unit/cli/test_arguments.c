/* Reading the command line, row by row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/str.h"
#include "cli/arguments.h"
#include "cli/times.h"
#include "cli/usage.h"
#include "cli/verb.h"
#include "cli/view_help.h"

#define WORDS_MAX 12

struct row {
    const char *line;  /* words parted by blanks */
    const char *error; /* part of the sentence, NULL = taken */
    const char *verb, *sub, *service;
    int option; /* -1 none */
    const char *value;
};

static const struct row rows[] = {
    {"status", NULL, "status", NULL, NULL, -1, NULL},
    {"status redis", NULL, "status", NULL, "redis", -1, NULL},
    {"--json status redis", NULL, "status", NULL, "redis", -1, NULL},
    {"status --json redis", NULL, "status", NULL, "redis", -1, NULL},
    {"restart --reason slow redis", NULL, "restart", NULL, "redis", OPTION_REASON, "slow"},
    {"restart --reason=slow=er", NULL, "restart", NULL, NULL, OPTION_REASON, "slow=er"},
    {"restart --reason=", NULL, "restart", NULL, NULL, OPTION_REASON, ""},
    {"restart --reason --force", NULL, "restart", NULL, NULL, OPTION_REASON, "--force"},
    {"logs -n 50", NULL, "logs", NULL, NULL, OPTION_LINES, "50"},
    {"logs -n50", NULL, "logs", NULL, NULL, OPTION_LINES, "50"},
    {"logs --lines=50 -f", NULL, "logs", NULL, NULL, OPTION_FOLLOW, ""},
    {"--force start", NULL, "start", NULL, NULL, OPTION_FORCE, ""},
    {"status -- -odd", NULL, "status", NULL, "-odd", -1, NULL},
    {"recovery status", NULL, "recovery", "status", NULL, -1, NULL},
    {"recovery set redis max_attempts=2 enabled=true", NULL, "recovery", "set", "redis", -1, NULL},
    {"preflight stop redis", NULL, "preflight", "stop", "redis", -1, NULL},
    {"help restart", NULL, "help", "restart", NULL, -1, NULL},
    {"--config /x check", NULL, "check", NULL, NULL, -1, NULL},
    {"key check", NULL, "key", "check", NULL, -1, NULL},
    {"statu", "did you mean status?", NULL, NULL, NULL, -1, NULL},
    {"frobnicate", "resus help", NULL, NULL, NULL, -1, NULL},
    {"status a b", "one word too many", "status", NULL, "a", -1, NULL},
    {"list shop", NULL, "list", "shop", NULL, -1, NULL},
    {"services shop x", "one word too many", "services", "shop", NULL, -1, NULL},
    {"top --state critical,unknown", NULL, "top", NULL, NULL, OPTION_STATE, "critical,unknown"},
    {"context use prod", NULL, "context", "use", NULL, -1, NULL},
    {"status --context prod --token-file /t", NULL, "status", NULL, NULL, -1, NULL},
    {"status --context prod --url https://h", "give one", "status", NULL, NULL, -1, NULL},
    {"serve --context prod", "without --context", "serve", NULL, NULL, -1, NULL},
    {"status --force", "status does not take --force", "status", NULL, NULL, -1, NULL},
    {"restart --reasn x", "did you mean --reason?", "restart", NULL, NULL, -1, NULL},
    {"restart --reasn=a_long_text", "did you mean --reason?", "restart", NULL, NULL, -1, NULL},
    {"status --jsn", "did you mean --json?", "status", NULL, NULL, -1, NULL},
    {"status --confg=/x", "did you mean --config?", "status", NULL, NULL, -1, NULL},
    {"status --token_file x", "did you mean --token-file?", "status", NULL, NULL, -1, NULL},
    {"sudoers --ca_file x", "`resus help sudoers` lists them", "sudoers", NULL, NULL, -1, NULL},
    {"--versoin", "did you mean --version?", NULL, NULL, NULL, -1, NULL},
    {"restart --reason", "--reason needs a value", "restart", NULL, NULL, -1, NULL},
    {"restart --force=1", "--force takes no value", "restart", NULL, NULL, -1, NULL},
    {"restart --force --force", "there twice", "restart", NULL, NULL, -1, NULL},
    {"logs -fx", "unknown option -fx", "logs", NULL, NULL, -1, NULL},
    {"logs -x", "unknown option -x", "logs", NULL, NULL, -1, NULL},
    {"--json=1 status", "--json takes no value", NULL, NULL, NULL, -1, NULL},
    {"--config", "--config needs a value", NULL, NULL, NULL, -1, NULL},
    {"status --token-file=/t", "go with --url", "status", NULL, NULL, -1, NULL},
    {"status --pin sha256/x", "go with --url", "status", NULL, NULL, -1, NULL},
    {"status --url", "--url needs a value", "status", NULL, NULL, -1, NULL},
    {"status --url http://h", "must be https://", "status", NULL, NULL, -1, NULL},
    {"status --url https://", "must be https://", "status", NULL, NULL, -1, NULL},
    {"status --url https:///x", "must be https://", "status", NULL, NULL, -1, NULL},
    {"status --url https://user@h", "without user", "status", NULL, NULL, -1, NULL},
    {"status --url https://h/?x", "without user", "status", NULL, NULL, -1, NULL},
    {"status --url https://h --pin sha1/x", "--pin must be", "status", NULL, NULL, -1, NULL},
    {"status --url https://h --pin sha256/x", "--pin must be", "status", NULL, NULL, -1, NULL},
    {"serve --url https://h", "works on its own machine", "serve", NULL, NULL, -1, NULL},
    {"recovery", "a word is missing", "recovery", NULL, NULL, -1, NULL},
    {"recovery statsu", "did you mean status?", "recovery", NULL, NULL, -1, NULL},
    {"recovery set", "KEY=VALUE is missing", "recovery", "set", NULL, -1, NULL},
    {"recovery status a=b c", "one word too many", "recovery", "status", "a=b", -1, NULL},
    {"preflight reload", "unknown word \"reload\"", "preflight", NULL, NULL, -1, NULL},
};

/* Splits `line` into `words`; `text` holds them. */
static int split(const char *line, char *text, size_t size, char *words[WORDS_MAX])
{
    int count = 0;
    words[count++] = (char *)(uintptr_t) "resus";
    (void)str_copy(text, size, line);
    for (char *rest = text, *word; (word = strsep(&rest, " ")) != NULL;) {
        if (word[0] == '\0')
            continue;
        assert_true(count < WORDS_MAX);
        words[count++] = word;
    }
    return count;
}

static void expect_word(const char *got, const char *wanted)
{
    if (got == NULL || wanted == NULL)
        assert_ptr_equal(got, wanted);
    else
        assert_string_equal(got, wanted);
}

static void every_row_is_read_or_refused_as_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct row *row = &rows[i];
        char text[256], *words[WORDS_MAX];
        int count = split(row->line, text, sizeof(text), words);
        struct invocation in;
        struct error err = {0};
        int rc = arguments_parse(count, words, &in, &err);
        if ((rc == 0) != (row->error == NULL))
            fail_msg("%s: %s", row->line, rc == 0 ? "taken" : err.text);
        if (row->error != NULL && strstr(err.text, row->error) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", err.text, row->error);
        expect_word(in.verb == NULL ? NULL : in.verb->name, row->verb);
        expect_word(in.sub, row->sub);
        expect_word(in.service, row->service);
        if (row->option >= 0)
            assert_string_equal(in.options[row->option], row->value);
    }
}

static void assignments_are_kept_in_order_and_bounded(void **state)
{
    (void)state;
    char *words[4 + ARGUMENTS_ASSIGNMENTS_MAX];
    char assignment[] = "max_attempts=1", resus[] = "resus", recovery[] = "recovery", set[] = "set";
    words[0] = resus;
    words[1] = recovery;
    words[2] = set;
    for (int i = 0; i <= ARGUMENTS_ASSIGNMENTS_MAX; i++)
        words[3 + i] = assignment;
    struct invocation in;
    struct error err = {0};
    assert_int_equal(arguments_parse(3 + ARGUMENTS_ASSIGNMENTS_MAX, words, &in, &err), 0);
    assert_int_equal(in.assignment_count, ARGUMENTS_ASSIGNMENTS_MAX);
    assert_true(arguments_parse(4 + ARGUMENTS_ASSIGNMENTS_MAX, words, &in, &err) < 0);
}

static void times_are_ago_a_day_or_a_moment(void **state)
{
    (void)state;
    const wall_ms now = {1760106600000}; /* 2025-10-10T14:30:00Z */
    wall_ms t;
    struct error err = {0};
    (void)setenv("TZ", "UTC", 1);
    assert_int_equal(times_read("2h", now, &t, &err), 0);
    assert_int_equal(t.ms, now.ms - 7200000);
    assert_int_equal(times_read("2025-10-10", now, &t, &err), 0);
    assert_int_equal(t.ms, 1760054400000);
    assert_int_equal(times_read("2025-10-10T14:30:00Z", now, &t, &err), 0);
    assert_int_equal(t.ms, now.ms);
    static const char *const bad[] = {"",           "yesterday", "2025-13-10",
                                      "2025-10-1x", "-2h",       "999999999d"};
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++)
        assert_true(times_read(bad[i], now, &t, &err) < 0);
}

/* ---- the table of verbs agrees with itself ------------------------------- */

static void usage_lines_name_the_options_that_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < verb_count(); i++)
        for (int id = 0; id < OPTION_COUNT; id++) {
            const struct option_row *row = &option_rows[id];
            bool named = strstr(verb_at(i)->usage, row->name) != NULL ||
                         (row->letter != NULL && strstr(verb_at(i)->usage, row->letter) != NULL);
            if (!named && (verb_at(i)->options & OPTION_BIT(id)) != 0)
                fail_msg("%s: %s is not in its usage line", verb_at(i)->name, row->name);
        }
}

static void assert_narrow(struct page *p, const char *what)
{
    assert_non_null(p->text.data);
    for (char *save = NULL, *line = strtok_r(p->text.data, "\n", &save); line != NULL;
         line = strtok_r(NULL, "\n", &save))
        if (page_width(line) > USAGE_COLUMNS_MAX)
            fail_msg("help %s has a line of %zu columns: %s", what, page_width(line), line);
    buf_free(&p->text);
}

static void help_fits_a_terminal_of_80_columns(void **state)
{
    (void)state;
    struct page p = page_new(false, (wall_ms){0});
    view_verbs(&p);
    assert_narrow(&p, "");
    for (size_t i = 0; i < verb_count(); i++) {
        p = page_new(false, (wall_ms){0});
        view_verb(&p, verb_at(i));
        assert_narrow(&p, verb_at(i)->name);
    }
}

static void usage_has_a_line_for_each_alternative(void **state)
{
    (void)state;
    struct page p = page_new(false, (wall_ms){0});
    usage_put(&p, "audit list [-n N | -f] | key");
    assert_string_equal(p.text.data,
                        "usage: resus audit list [-n N | -f]\n       resus audit key\n");
    buf_free(&p.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_read_or_refused_as_it_says),
        cmocka_unit_test(assignments_are_kept_in_order_and_bounded),
        cmocka_unit_test(times_are_ago_a_day_or_a_moment),
        cmocka_unit_test(usage_lines_name_the_options_that_are_taken),
        cmocka_unit_test(help_fits_a_terminal_of_80_columns),
        cmocka_unit_test(usage_has_a_line_for_each_alternative),
    };
    return cmocka_run_group_tests_name("arguments", tests, NULL, NULL);
}
