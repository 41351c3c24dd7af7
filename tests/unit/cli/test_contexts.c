/* Which daemon is asked, and the file of contexts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/json.h"
#include "base/str.h"
#include "cli/contexts.h"
#include "cli/verb.h"
#include "io/file.h"

static const char *const variables[] = {"RESUS_URL", "RESUS_TOKEN_FILE", "RESUS_CA_FILE",
                                        "RESUS_PIN", "RESUS_CONTEXT",    "RESUS_CONFIG"};

struct world {
    char folder[64], file[128];
};

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    (void)str_copy(w->folder, sizeof w->folder, "/tmp/resus-contexts-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    (void)str_format(w->file, sizeof w->file, "%s/resus/contexts.json", w->folder);
    for (size_t i = 0; i < ARRAY_LENGTH(variables); i++)
        (void)unsetenv(variables[i]);
    (void)setenv("XDG_CONFIG_HOME", w->folder, 1);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    char folder[80];
    (void)str_format(folder, sizeof folder, "%s/resus", w->folder);
    (void)unlink(w->file);
    (void)rmdir(folder);
    assert_int_equal(rmdir(w->folder), 0);
    free(w);
    return 0;
}

/* Two contexts; prod is the current one. */
static void write_two(void)
{
    struct error err = {0};
    JSON_CLEANUP json_t *all =
        json_pack("{s:s, s:{s:{s:s,s:s,s:s}, s:{s:s}}}", "current", "prod", "contexts", "prod",
                  "url", "https://prod:8443", "token_file", "/t/prod", "ca_file", "/c/prod", "lab",
                  "url", "https://lab:8443");
    assert_int_equal(contexts_write(all, &err), 0);
}

struct row {
    const char *options[4]; /* context, url, config, token_file */
    const char *variable[2][2];
    const char *url, *token_file; /* what is asked; NULL: this machine's */
    bool saved;
    const char *error;
};

static void who_is_asked_follows_from_options_then_variables_then_the_file(void **state)
{
    static const struct row rows[] = {
        {.url = "https://prod:8443", .token_file = "/t/prod", .saved = true},
        {.options = {"lab"}, .url = "https://lab:8443"},
        {.options = {"lab", NULL, NULL, "/mine"}, .url = "https://lab:8443", .token_file = "/mine"},
        {.options = {"local"}},
        {.options = {"nope"}, .error = "no context \"nope\""},
        {.options = {NULL, "https://x"}, .url = "https://x"},
        {.options = {NULL, NULL, "/etc/x.yaml"}},
        {.options = {NULL, NULL, "/etc/x.yaml"}, .variable = {{"RESUS_URL", "https://env"}}},
        {.variable = {{"RESUS_URL", "https://env"}, {"RESUS_TOKEN_FILE", "/t/env"}},
         .url = "https://env",
         .token_file = "/t/env"},
        {.variable = {{"RESUS_URL", "http://env"}}, .error = "$RESUS_URL: "},
        {.variable = {{"RESUS_CONTEXT", "lab"}}, .url = "https://lab:8443"},
        {.variable = {{"RESUS_CONTEXT", "local"}}},
        {.variable = {{"RESUS_CONTEXT", "lab"}, {"RESUS_URL", "https://env"}},
         .url = "https://env"},
        {.variable = {{"RESUS_CONFIG", "/etc/x.yaml"}}},
        {.variable = {{"RESUS_CONFIG", "/etc/x.yaml"}, {"RESUS_CONTEXT", "lab"}},
         .url = "https://lab:8443"},
    };
    (void)state;
    write_two();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct row *row = &rows[i];
        struct invocation in = {.context = row->options[0],
                                .url = row->options[1],
                                .config = row->options[2],
                                .token_file = row->options[3]};
        json_t *kept = NULL;
        bool saved = false;
        struct error err = {0};
        for (size_t v = 0; v < 2 && row->variable[v][0] != NULL; v++)
            (void)setenv(row->variable[v][0], row->variable[v][1], 1);
        int rc = context_choose(&in, &kept, &saved, &err);
        if ((rc < 0) != (row->error != NULL) || (rc < 0 && strstr(err.text, row->error) == NULL))
            fail_msg("row %zu: %d %s", i, rc, err.text);
        if (rc == 0 &&
            (!str_equal(in.url == NULL ? "" : in.url, row->url == NULL ? "" : row->url) ||
             !str_equal(in.token_file == NULL ? "" : in.token_file,
                        row->token_file == NULL ? "" : row->token_file) ||
             saved != row->saved))
            fail_msg("row %zu: %s %s", i, in.url, in.token_file);
        json_decref(kept);
        for (size_t v = 0; v < ARRAY_LENGTH(variables); v++)
            (void)unsetenv(variables[v]);
    }
}

static void what_is_not_the_users_own_or_not_well_formed_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"contexts\": {\"a\": {}}}",
        "{\"contexts\": {\"a b\": {\"url\": \"https://h\"}}}",
        "{\"contexts\": {\"a\": {\"url\": \"https://h\", \"token_file\": 1}}}",
        "{\"current\": 1, \"contexts\": {}}",
    };
    struct world *w = *state;
    struct error err = {0};
    struct stat info;
    json_t *all = NULL;
    write_two();
    assert_int_equal(stat(w->file, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(chmod(w->file, 0644), 0);
    assert_true(contexts_read(&all, &err) < 0);
    for (size_t i = 0; i < ARRAY_LENGTH(bad); i++) {
        assert_int_equal(file_write_atomic(w->file, bad[i], strlen(bad[i]), 0600, &err), 0);
        if (contexts_read(&all, &err) == 0)
            fail_msg("taken: %s", bad[i]);
    }
}

static void without_a_home_there_are_no_contexts(void **state)
{
    (void)state;
    struct invocation in = {0};
    json_t *kept = NULL;
    bool saved;
    struct error err = {0};
    (void)unsetenv("XDG_CONFIG_HOME");
    (void)unsetenv("HOME");
    assert_int_equal(context_choose(&in, &kept, &saved, &err), 0);
    assert_null(in.url);
    in.context = "prod";
    assert_true(context_choose(&in, &kept, &saved, &err) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            who_is_asked_follows_from_options_then_variables_then_the_file, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_not_the_users_own_or_not_well_formed_is_refused,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_a_home_there_are_no_contexts, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("contexts", tests, NULL, NULL);
}
