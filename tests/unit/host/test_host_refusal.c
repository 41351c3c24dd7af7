/* What sudo, systemd and the login print when they refuse, by versions and languages that were
 * seen, and what looks like it and is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "host/host_refusal.h"

static const struct {
    enum host_command command;
    int code;
    size_t out_length;
    const char *err;
    enum host_refusal refusal;
} rows[] = {
    {HOST_RESTART, 0, 0, "", HOST_NOT_REFUSED},
    {HOST_RESTART, 0, 0, "sudo: unable to resolve host redis\n", HOST_NOT_REFUSED},
    {HOST_RESTART, 1, 0, "", HOST_NOT_REFUSED},
    {HOST_RESTART, 1, 0, "sudo: a password is required\n", HOST_REFUSED_SUDO},
    {HOST_RESTART, 1, 0, "sudo: Ein Passwort ist notwendig\n", HOST_REFUSED_SUDO},
    {HOST_RESTART, 1, 0,
     "sudo: a terminal is required to read the password; either use the -S option to read from "
     "standard input or configure an askpass helper\nsudo: a password is required\n",
     HOST_REFUSED_SUDO},
    {HOST_RESTART, 1, 0,
     "Sorry, user autobot is not allowed to execute '/bin/systemctl restart redis' as root on "
     "redis.\n",
     HOST_REFUSED_SUDO},
    {HOST_RESTART, 1, 0,
     "Leider darf der Benutzer autobot »/bin/systemctl restart redis« als root auf redis nicht "
     "ausführen.\n",
     HOST_REFUSED_SUDO},
    {HOST_RESTART, 1, 0,
     "sudo: unable to resolve host redis: Name or service not known\nsudo: a password is "
     "required\n",
     HOST_REFUSED_SUDO},
    {HOST_RESTART, 1, 0, "sudo: account validation failure, is your account locked?\n",
     HOST_REFUSED_SUDO},
    {HOST_RESTART, 127, 0, "bash: line 1: sudo: command not found\n", HOST_REFUSED_SUDO},
    /* The command ran, and failed: sudo only warned. */
    {HOST_RESTART, 1, 0,
     "sudo: unable to resolve host redis: Name or service not known\nJob for redis.service failed "
     "because the control process exited with error code.\n",
     HOST_NOT_REFUSED},
    {HOST_RESTART, 1, 0, "sudo: unable to resolve host redis\n", HOST_NOT_REFUSED},
    {HOST_RESTART, 1, 0,
     "Job for redis.service failed.\nSee \"systemctl status redis.service\" for details.\n",
     HOST_NOT_REFUSED},
    {HOST_START, 1, 0, "Failed to start redis.service: Unit redis.service is masked.\n",
     HOST_REFUSED_MASKED},
    {HOST_START, 5, 0, "Failed to start redis.service: Unit redis.service not found.\n",
     HOST_REFUSED_UNIT},
    {HOST_STOP, 5, 0, "Failed to stop redis.service: Unit redis.service not loaded.\n",
     HOST_REFUSED_UNIT},
    {HOST_START, 4, 0, "Failed to start redis.service: Interactive authentication required.\n",
     HOST_REFUSED_SUDO},
    {HOST_STATUS, 4, 0, "Unit redis.service could not be found.\n", HOST_NOT_REFUSED},
    {HOST_STATUS, 1, 0,
     "WARNING: Your password has expired.\nPassword change required but no TTY available.\n",
     HOST_REFUSED_LOGIN},
    {HOST_RESTART, 1, 0,
     "WARNING: Your password has expired.\nPassword change required but no TTY available.\n",
     HOST_REFUSED_LOGIN},
    {HOST_RESTART, 1, 0, "Your account has expired; please contact your system administrator.\n",
     HOST_REFUSED_LOGIN},
    {HOST_LOG_TAIL, 1, 0, "sudo: a password is required\n", HOST_REFUSED_SUDO},
    {HOST_LOG_TAIL, 1, 0, "tail: cannot open '/var/log/redis.log': No such file or directory\n",
     HOST_NOT_REFUSED},
    {HOST_JOURNAL, 1, 200, "sudo: a password is required\n", HOST_NOT_REFUSED},
};

static void knows_every_refusal(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        enum host_refusal seen = host_refusal_of(rows[i].command, rows[i].code, rows[i].out_length,
                                                 rows[i].err, strlen(rows[i].err));
        if (seen != rows[i].refusal)
            fail_msg("%s: \"%s\" instead of \"%s\"", rows[i].err, host_refusal_word(seen),
                     host_refusal_word(rows[i].refusal));
    }
    assert_int_equal(host_refusal_of(HOST_START, 1, 0, NULL, 0), HOST_NOT_REFUSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(knows_every_refusal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
