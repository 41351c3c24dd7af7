#include "notify/smtp_session.h"

#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/attr.h"
#include "base/str.h"

#define GO_AHEAD 354

static bool begins(const char *line, size_t length, const char *word)
{
    size_t n = strlen(word);
    return length >= n && strncasecmp(line, word, n) == 0 &&
           (length == n || !isalnum((unsigned char)line[n]));
}

void smtp_session_command(struct smtp_session *s, const char *line, size_t length)
{
    static const struct {
        const char *word;
        enum smtp_stage stage;
    } commands[] = {
        {"EHLO", SMTP_HELLO}, {"HELO", SMTP_HELLO}, {"STARTTLS", SMTP_STARTTLS},
        {"AUTH", SMTP_LOGIN}, {"MAIL", SMTP_MAIL},  {"RCPT", SMTP_RCPT},
        {"DATA", SMTP_DATA},  {"QUIT", SMTP_OVER},
    };
    if (s->codes[SMTP_MESSAGE] != 0)
        return; /* the mail's fate is known */
    /* The lines of a login that follow AUTH are any text. */
    if (s->stage == SMTP_LOGIN && s->codes[SMTP_LOGIN] == 334) {
        s->codes[SMTP_LOGIN] = 0;
        return;
    }
    for (size_t i = 0; i < ARRAY_LENGTH(commands); i++)
        if (begins(line, length, commands[i].word)) {
            s->stage = commands[i].stage;
            if (s->stage == SMTP_RCPT && s->recipient_count < SMTP_RECIPIENTS_MAX)
                s->recipient_count++;
            return;
        }
}

/* "250 2.0.0 Ok: queued as 4Xy" gives "4Xy". Another text is the receipt itself. */
static void keep_receipt(struct smtp_session *s, const char *text, size_t length)
{
    static const char mark[] = "queued as ";
    const char *id = str_find(text, length, mark);
    if (id == NULL) {
        (void)str_copy_clean(s->receipt, sizeof s->receipt, text, length);
        return;
    }
    id += sizeof mark - 1;
    size_t left = length - (size_t)(id - text), n = 0;
    while (n < left &&
           (isalnum((unsigned char)id[n]) || id[n] == '.' || id[n] == '_' || id[n] == '-'))
        n++;
    (void)str_copy_clean(s->receipt, sizeof s->receipt, id, n);
}

static void take_code(struct smtp_session *s, int code, const char *text, size_t length)
{
    s->codes[s->stage] = code;
    if (code >= 400) {
        char clean[SMTP_TEXT_MAX - 8];
        (void)str_copy_clean(clean, sizeof clean, text, length);
        (void)str_format(s->refusal, sizeof s->refusal, "%d %s", code, clean);
        s->refused = s->stage;
    }
    if (s->stage == SMTP_RCPT && s->recipient_count > 0)
        s->recipients[s->recipient_count - 1] = code;
    else if (s->stage == SMTP_DATA && code == GO_AHEAD)
        s->stage = SMTP_MESSAGE;
    else if (s->stage == SMTP_MESSAGE) {
        if (code / 100 == 2)
            keep_receipt(s, text, length);
        s->stage = SMTP_OVER;
    }
}

void smtp_session_reply(struct smtp_session *s, const char *line, size_t length)
{
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        length--;
    if (length < 3 || line[0] < '2' || line[0] > '5' || !isdigit((unsigned char)line[1]) ||
        !isdigit((unsigned char)line[2]) || (length > 3 && line[3] != ' '))
        return; /* no reply, or a line of one that goes on */
    int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    if (s->stage != SMTP_OVER)
        take_code(s, code, line + (length > 3 ? 4 : 3), length - (length > 3 ? 4 : 3));
}

/* The reply that decides about recipients of whom none was taken: one that may be taken later
 * counts before one that never will. 0: not all have been answered. */
static int refused_recipients(const struct smtp_session *s)
{
    int decides = 0;
    for (size_t i = 0; i < s->recipient_count; i++) {
        int code = s->recipients[i];
        if (code < 400)
            return 0;
        if (decides == 0 || (decides >= 500 && code < 500))
            decides = code;
    }
    return decides;
}

enum retry_end smtp_session_end(const struct smtp_session *s, int *ret_code)
{
    int refused = refused_recipients(s);
    *ret_code = 0;
    if (s->codes[SMTP_MESSAGE] != 0)
        *ret_code = s->codes[SMTP_MESSAGE];
    else if (s->codes[SMTP_DATA] == GO_AHEAD)
        return RETRY_NO_ANSWER;
    else if (refused != 0)
        *ret_code = refused;
    else if (s->codes[SMTP_DATA] >= 400)
        *ret_code = s->codes[SMTP_DATA];
    else if (s->codes[SMTP_MAIL] >= 400)
        *ret_code = s->codes[SMTP_MAIL];
    if (*ret_code != 0)
        return RETRY_ANSWERED;
    for (int stage = SMTP_GREETING; stage <= SMTP_LOGIN; stage++)
        if (s->codes[stage] >= 400)
            *ret_code = s->codes[stage];
    return RETRY_NOT_SENT;
}

const char *smtp_stage_word(enum smtp_stage stage)
{
    static const char *const words[] = {
        [SMTP_GREETING] = "the greeting",
        [SMTP_HELLO] = "the greeting",
        [SMTP_STARTTLS] = "the start of TLS",
        [SMTP_LOGIN] = "the login",
        [SMTP_MAIL] = "the sender",
        [SMTP_RCPT] = "the recipients",
        [SMTP_DATA] = "the mail",
        [SMTP_MESSAGE] = "the mail",
        [SMTP_OVER] = "the end",
    };
    static_assert(ARRAY_LENGTH(words) == SMTP_STAGE_COUNT, "a word for every stage");
    return words[stage];
}
