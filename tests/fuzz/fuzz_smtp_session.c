/* A session with a mail server: lines of ours and of the server's in any order. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "notify/smtp_session.h"
#include "support.h"

static void check(const struct smtp_session *s)
{
    int code = -1;
    enum retry_end end = smtp_session_end(s, &code);
    PROMISE(s->stage < SMTP_STAGE_COUNT && s->recipient_count <= SMTP_RECIPIENTS_MAX);
    PROMISE(str_utf8(s->receipt, strlen(s->receipt)) && str_utf8(s->refusal, strlen(s->refusal)));
    PROMISE(code == 0 || (code >= 200 && code <= 599));
    /* Delivered only when the server said so after the mail. */
    if (retry_classify(CHANNEL_SMTP, end, code) == RETRY_DELIVERED)
        PROMISE(s->codes[SMTP_MESSAGE] == code && s->codes[SMTP_DATA] == 354);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct smtp_session s = {0};
    struct input in = input_of(data, size);
    while (in.left > 0) {
        struct input line = input_until(&in, '\n');
        char *text = input_text(line);
        if (text[0] == '>')
            smtp_session_command(&s, text + 1, line.left - 1);
        else
            smtp_session_reply(&s, text, line.left);
        check(&s);
        mem_free(text);
    }
    return 0;
}
