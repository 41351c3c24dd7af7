/* What a mail server said, command by command, and what it means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"
#include "notify/smtp_session.h"

/* "C:" is a line of ours, "S:" one of the server's; "|" ends it. */
static struct smtp_session play(const char *script)
{
    struct smtp_session s = {0};
    while (script[0] != '\0') {
        size_t length = strcspn(script, "|");
        if (str_starts(script, "C:"))
            smtp_session_command(&s, script + 2, length - 2);
        else
            smtp_session_reply(&s, script + 2, length - 2);
        script += length + (script[length] == '|');
    }
    return s;
}

#define HELLO "S:220 mx ESMTP\r\n|C:EHLO resus\r\n|S:250-mx\r\n|S:250 SIZE 1\r\n|"
#define TO_MAIL HELLO "C:MAIL FROM:<a@b>\r\n|S:250 ok\r\n|"
#define TO_DATA TO_MAIL "C:RCPT TO:<c@d>\r\n|S:250 ok\r\n|C:DATA\r\n|S:354 go\r\n|"

static const struct {
    const char *script;
    enum retry_end end;
    int code;
    const char *receipt;
} sessions[] = {
    {TO_DATA "S:250 2.0.0 Ok: queued as 4Xy12Z\r\n|C:QUIT\r\n|S:221 bye\r\n|", RETRY_ANSWERED, 250,
     "4Xy12Z"},
    {TO_DATA "S:250-part\r\n|S:250 2.0.0 accepted\r\n|", RETRY_ANSWERED, 250, "2.0.0 accepted"},
    {TO_DATA, RETRY_NO_ANSWER, 0, ""},
    {TO_DATA "S:250-not the end\r\n|", RETRY_NO_ANSWER, 0, ""},
    {TO_DATA "C:QUIT\r\n|S:221 bye\r\n|", RETRY_NO_ANSWER, 0, ""},
    {TO_DATA "S:451 try later\r\n|", RETRY_ANSWERED, 451, ""},
    {TO_DATA "S:554 spam\r\n|", RETRY_ANSWERED, 554, ""},
    {TO_MAIL "C:RCPT TO:<c@d>\r\n|S:250 ok\r\n|C:DATA\r\n|S:451 no\r\n|", RETRY_ANSWERED, 451, ""},
    {TO_MAIL "C:RCPT TO:<c@d>\r\n|S:550 no\r\n|C:QUIT\r\n|S:221 bye\r\n|", RETRY_ANSWERED, 550, ""},
    {TO_MAIL "C:RCPT TO:<c@d>\r\n|S:550 no\r\n|C:RCPT TO:<e@f>\r\n|S:450 later\r\n|",
     RETRY_ANSWERED, 450, ""},
    {TO_MAIL "C:RCPT TO:<c@d>\r\n|S:450 later\r\n|C:RCPT TO:<e@f>\r\n|S:550 no\r\n|",
     RETRY_ANSWERED, 450, ""},
    {TO_MAIL "C:RCPT TO:<c@d>\r\n|S:550 no\r\n|C:RCPT TO:<e@f>\r\n|", RETRY_NOT_SENT, 0, ""},
    {TO_MAIL "C:RCPT TO:<c@d>\r\n|S:421 closing\r\n|", RETRY_ANSWERED, 421, ""},
    {HELLO "C:MAIL FROM:<a@b>\r\n|S:550 no\r\n|", RETRY_ANSWERED, 550, ""},
    {HELLO "C:AUTH PLAIN\r\n|S:334 \r\n|C:ZGF0YQ==\r\n|S:535 no\r\n|", RETRY_NOT_SENT, 535, ""},
    {HELLO "C:AUTH PLAIN\r\n|S:334 \r\n|C:RCPT\r\n|S:235 in\r\n|C:MAIL FROM:<a@b>\r\n|S:451 x\r\n|",
     RETRY_ANSWERED, 451, ""},
    {HELLO "C:STARTTLS\r\n|S:454 no\r\n|", RETRY_NOT_SENT, 454, ""},
    {"S:554 go away\r\n|", RETRY_NOT_SENT, 554, ""},
    {"", RETRY_NOT_SENT, 0, ""},
    {"S:SSH-2.0-x\r\n|S:99 \r\n|S:2500 x\r\n|S:\r\n|S:2|", RETRY_NOT_SENT, 0, ""},
};

static void every_session_ends_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(sessions); i++) {
        int code = -1;
        struct smtp_session s = play(sessions[i].script);
        enum retry_end end = smtp_session_end(&s, &code);
        if (end != sessions[i].end || code != sessions[i].code ||
            !str_equal(s.receipt, sessions[i].receipt))
            fail_msg("%s: end %d code %d receipt %s", sessions[i].script, (int)end, code,
                     s.receipt);
    }
}

static void each_recipient_has_its_own_reply(void **state)
{
    (void)state;
    struct smtp_session s = play(TO_MAIL "C:RCPT TO:<a>|S:250 ok|C:RCPT TO:<b>|S:550-no|S:550 no|"
                                         "C:RCPT TO:<c>|S:450 later|C:DATA|S:354 go|S:250 ok|");
    assert_int_equal(s.recipient_count, 3);
    assert_int_equal(s.recipients[0], 250);
    assert_int_equal(s.recipients[1], 550);
    assert_int_equal(s.recipients[2], 450);
    assert_string_equal(s.refusal, "450 later");
    assert_int_equal(s.refused, SMTP_RCPT);
}

static void more_recipients_than_fit_overrun_nothing(void **state)
{
    (void)state;
    struct smtp_session s = {0};
    for (int i = 0; i < 3 * SMTP_RECIPIENTS_MAX; i++) {
        smtp_session_command(&s, "RCPT TO:<a>", 11);
        smtp_session_reply(&s, "250 ok", 6);
    }
    assert_int_equal(s.recipient_count, SMTP_RECIPIENTS_MAX);
}

static void what_a_server_says_is_cleaned(void **state)
{
    (void)state;
    struct smtp_session s = play(TO_DATA "S:550 \x1b[31mno\xff\r\n|");
    assert_string_equal(s.refusal, "550 ?[31mno?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_session_ends_as_written),
        cmocka_unit_test(each_recipient_has_its_own_reply),
        cmocka_unit_test(more_recipients_than_fit_overrun_nothing),
        cmocka_unit_test(what_a_server_says_is_cleaned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
