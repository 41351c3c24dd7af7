/* What a mail server said in one session, command by command: which recipients it took, whether
 * the mail is in its hands, and its receipt. Pure; reads bytes of strangers. */
#ifndef RESUS_NOTIFY_SMTP_SESSION_H
#define RESUS_NOTIFY_SMTP_SESSION_H

#include <stddef.h>

#include "core/retry.h"

#define SMTP_RECIPIENTS_MAX 32
#define SMTP_TEXT_MAX 160

enum smtp_stage {
    SMTP_GREETING,
    SMTP_HELLO,
    SMTP_STARTTLS,
    SMTP_LOGIN,
    SMTP_MAIL,
    SMTP_RCPT,
    SMTP_DATA,
    SMTP_MESSAGE, /* the mail is on its way: the reply after the final dot is due */
    SMTP_OVER,
    SMTP_STAGE_COUNT
};

struct smtp_session {
    enum smtp_stage stage;               /* whose reply is due, or was the last */
    int codes[SMTP_STAGE_COUNT];         /* the last reply of each stage, 0 = none */
    int recipients[SMTP_RECIPIENTS_MAX]; /* replies to RCPT, in order of sending; 0 = none */
    size_t recipient_count;              /* RCPT commands that were sent */
    char receipt[SMTP_TEXT_MAX];         /* the server's name for the mail, or what it said */
    char refusal[SMTP_TEXT_MAX];         /* the last reply of 400 and above, cleaned; */
    enum smtp_stage refused;             /* and what it was about */
};

/* A line that we send, with or without its end. It may hold a secret (AUTH): nothing is kept. */
void smtp_session_command(struct smtp_session *s, const char *line, size_t length);
/* A line of the server's. */
void smtp_session_reply(struct smtp_session *s, const char *line, size_t length);

/* How the session ended, with the code that decides (0 = none). RETRY_ANSWERED and a code of
 * success: at least one recipient has the mail, `recipients` says which. */
enum retry_end smtp_session_end(const struct smtp_session *s, int *ret_code);
const char *smtp_stage_word(enum smtp_stage stage); /* "the login" */

#endif
