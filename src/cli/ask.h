/* Asking the daemon: from an invocation to answers, with every way it can fail said once, in one
 * place. */
#ifndef RESUS_CLI_ASK_H
#define RESUS_CLI_ASK_H

#include <jansson.h>
#include <stdint.h>

#include "base/attr.h"
#include "cli/arguments.h"
#include "cli/client.h"
#include "cli/page.h"

/* Without --url the control socket of this machine is asked, with it a daemon elsewhere, one
 * question after the other. */
#define ASK_AT_ONCE_MAX 4
#define ASK_DEFAULT_CONFIG "/etc/resus/resus.yaml"
#define ASK_DEFAULT_SOCKET "/run/resus/control.sock"
/* Reading answers from snapshots: at once. */
#define ASK_READ_MS 20000
/* A full check: 5 s + 10 s + 15 s, doubled. */
#define ASK_CHECK_MS 60000
/* 60 s of saving, 30 s of loading before 202, systemd's own 90 s, and some air. */
#define ASK_OPERATE_MS 240000

struct question {
    const char *op;
    json_t *args; /* taken; NULL = none */
    /* filled by ask_all */
    int status; /* 0: not answered */
    json_t *body;
};

typedef void ask_line(void *context, json_t *line); /* borrowed */

/* The path of the configuration: --config, $RESUS_CONFIG, the default. */
const char *ask_config(const struct invocation *in);
/* Asks all at once on one connection, waits for all answers. 0, or the exit status after having
 * said why (then nothing is left to free). Pushed lines go to `each` (may be NULL).
 * `deadline_ms` 0: without end. */
int ask_all(const struct invocation *in, struct question *questions, size_t count,
            int64_t deadline_ms, ask_line *each, void *context) ATTR_MUST_USE;
/* The same for those who say it in their own way: 0, or -1 and what is wrong in `ret`. */
struct ask_trouble {
    int exit_status;
    const char *code; /* as in the error object of --json */
    struct error error;
};
int ask_quietly(const struct invocation *in, struct question *questions, size_t count,
                int64_t deadline_ms, ask_line *each, void *context,
                struct ask_trouble *ret) ATTR_MUST_USE;
void ask_free(struct question *questions, size_t count);

/* The usual verb: one question; --json prints the body as it is, otherwise a refusal goes to stderr
 * and anything else through `view`. Takes `args`. Returns the exit status; `ret_body` (may be NULL)
 * gets a reference to the body. */
typedef void ask_view(struct page *page, const json_t *body, const struct invocation *in);
int ask_show(const struct invocation *in, const char *op, json_t *args, int64_t deadline_ms,
             ask_view *view, json_t **ret_body);

/* The exit status that an answer's status means. */
int ask_exit(int status, const json_t *body);
/* "resus: restart refused: ..." with what can be done, on stderr. */
void ask_refusal(const struct invocation *in, int status, const json_t *body);
/* One line "resus: ..." on stderr (cleaned); with --json an error object on stdout instead. */
int ask_failed(const struct invocation *in, int exit_status, const char *code, const char *format,
               ...) ATTR_PRINTF(4, 5);
/* Exactly the body and a newline. */
void ask_print_json(const json_t *body);

#endif
