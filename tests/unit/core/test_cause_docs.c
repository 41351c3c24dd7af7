/* docs/causes.md explains every cause of the table, and agrees with it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/cause.h"

#define PAGE_MAX (1 << 17)

static char page[PAGE_MAX];

static int read_page(void **state)
{
    (void)state;
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/docs/causes.md", getenv("RESUS_SOURCE"));
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return -1;
    size_t length = fread(page, 1, sizeof page - 1, file);
    page[length] = '\0';
    return fclose(file) == 0 && length > 0 && length < sizeof page - 1 ? 0 : -1;
}

static void every_cause_has_its_row(void **state)
{
    (void)state;
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
        const struct cause_row *row = cause_row((enum cause)i);
        char wanted[256];
        (void)snprintf(wanted, sizeof wanted, "\n| [`%s`](#%s) | %s | %s | ", row->code, row->code,
                       overall_word(row->overall), restart_word(row->restart));
        if (strstr(page, wanted) == NULL)
            fail_msg("docs/causes.md: the table has no row that begins: %s", wanted + 1);
    }
}

/* What it means, what Resus does and what the reader does, with a command to begin with. */
static void every_cause_is_explained(void **state)
{
    (void)state;
    for (int i = CAUSE_NONE + 1; i < CAUSE_COUNT; i++) {
        const struct cause_row *row = cause_row((enum cause)i);
        char heading[128], entry[4096];
        (void)snprintf(heading, sizeof heading, "\n#### `%s`\n", row->code);
        const char *begin = strstr(page, heading);
        if (begin == NULL)
            fail_msg("docs/causes.md does not explain `%s`", row->code);
        begin += strlen(heading);
        const char *end = strstr(begin, "\n#");
        assert_non_null(end);
        (void)snprintf(entry, sizeof entry, "%.*s", (int)(end - begin), begin);
        const char *resus = strstr(entry, "\n- **Resus** ");
        const char *you = strstr(entry, "\n- **You** ");
        if (resus == NULL || resus == entry)
            fail_msg("docs/causes.md: `%s` does not say what Resus does", row->code);
        if (row->advice[0] != '\0' && (you == NULL || strchr(you, '`') == NULL))
            fail_msg("docs/causes.md: `%s` names no command for the reader", row->code);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause_has_its_row),
        cmocka_unit_test(every_cause_is_explained),
    };
    return cmocka_run_group_tests(tests, read_page, NULL);
}
