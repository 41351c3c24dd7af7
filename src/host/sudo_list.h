/* What `sudo -n -l` says an account may do, and how that compares with the whitelist. Foreign
 * bytes, fuzzed. The headings are translated on some hosts, so the rules are known by their form:
 * indented lines that begin with "(RUN_AS)"; longer ones go on at a deeper indentation. */
#ifndef RESUS_HOST_SUDO_LIST_H
#define RESUS_HOST_SUDO_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "host/command.h"

#define SUDO_RULES_MAX 128
#define SUDO_COMMAND_MAX HOST_RIGHT_LINE_MAX
#define SUDO_ENTRY_MAX (16 * 1024) /* bytes of one entry with its commands */

struct sudo_rule {
    char run_as[128]; /* as printed: "ALL", "root", "ALL : ALL" */
    bool password;    /* sudo asks for one: of no use to a program, and to a thief of its key */
    bool denied;      /* "!/bin/sh" */
    char command[SUDO_COMMAND_MAX]; /* cleaned and unescaped: "/bin/systemctl start redis", "ALL" */
};

struct sudo_list {
    struct sudo_rule rules[SUDO_RULES_MAX]; /* in the order of sudoers: the last match wins */
    size_t count;
    bool cut; /* there was more than fits: nothing can be said about the rest */
};

void sudo_list_parse(const char *out, size_t length, struct sudo_list *ret);

enum sudo_answer { SUDO_REFUSES, SUDO_ASKS_PASSWORD, SUDO_ALLOWS };
/* What sudo would do with this command line. */
enum sudo_answer sudo_list_allows(const struct sudo_list *list, const struct host_right *right);

enum sudo_verdict {
    SUDO_WITHIN,     /* one of the whitelist's lines, or of no use without a password */
    SUDO_EVERYTHING, /* ALL */
    SUDO_JOURNAL,    /* journalctl with words left open: every log, and journals can be deleted */
    SUDO_OTHER_USER, /* a line of the whitelist, as more users than it needs */
    SUDO_OPEN_ENDED, /* a wildcard, or a program with any arguments */
    SUDO_BEYOND,     /* a command that Resus does not know */
    SUDO_VERDICT_COUNT
};
enum sudo_verdict sudo_rule_judge(const struct sudo_rule *rule, const struct host_right *rights,
                                  size_t count);

#endif
