#include "host/host_refusal.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"
#include "base/str.h"

#define EXIT_NOT_FOUND 127 /* the shell's: there is no such program */

static bool has(const char *text, size_t length, const char *needle)
{
    return str_find(text, length, needle) != NULL;
}

/* sshd and PAM refuse after the login, and in English. */
static bool login_refused(const char *err, size_t length)
{
    static const char *const signs[] = {
        "password has expired",
        "account has expired",
        "Password change required",
        "password must be changed",
        "account is currently not available",
        "account is locked",
    };
    for (size_t i = 0; i < ARRAY_LENGTH(signs); i++)
        if (has(err, length, signs[i]))
            return true;
    return false;
}

static bool is_warning(const char *line, size_t length)
{
    return has(line, length, "unable to resolve host") || has(line, length, "setrlimit");
}

/* Every line is sudo's own, and one of them is no mere warning: the command behind it, which speaks
 * when it fails, has not run. "Sorry, user X is not allowed to execute '/bin/systemctl start Y'"
 * lacks sudo's name in every language, but names our own path. */
static bool sudo_refused(int code, const char *err, size_t length)
{
    bool refused = false;
    const char *end = err + length;
    for (const char *line = err; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t n = (size_t)((stop == NULL ? end : stop) - line);
        bool own = n > 5 && memcmp(line, "sudo:", 5) == 0;
        bool names_us = has(line, n, "/bin/systemctl ") || has(line, n, "/bin/journalctl ") ||
                        has(line, n, "/usr/bin/tail ");
        bool missing = code == EXIT_NOT_FOUND && has(line, n, "sudo");
        if (n > 0 && !own && !names_us && !missing)
            return false;
        refused = refused || (n > 0 && !is_warning(line, n));
        line = stop == NULL ? end : stop + 1;
    }
    return refused && (code == 1 || code == EXIT_NOT_FOUND);
}

enum host_refusal host_refusal_of(enum host_command command, int code, size_t out_length,
                                  const char *err, size_t length)
{
    if (code == 0 || err == NULL || length == 0)
        return HOST_NOT_REFUSED;
    if (login_refused(err, length))
        return HOST_REFUSED_LOGIN;
    if (out_length == 0 && sudo_refused(code, err, length))
        return HOST_REFUSED_SUDO;
    if (!host_command_acts(command))
        return HOST_NOT_REFUSED;
    if (has(err, length, " is masked"))
        return HOST_REFUSED_MASKED;
    if (has(err, length, ".service not found") || has(err, length, ".service not loaded"))
        return HOST_REFUSED_UNIT;
    /* polkit's, where no sudo stands before systemctl */
    if (has(err, length, "Interactive authentication required") ||
        has(err, length, "Access denied"))
        return HOST_REFUSED_SUDO;
    return HOST_NOT_REFUSED;
}

const char *host_refusal_word(enum host_refusal refusal)
{
    static const char *const words[] = {
        [HOST_NOT_REFUSED] = "",          [HOST_REFUSED_SUDO] = "sudo",
        [HOST_REFUSED_MASKED] = "masked", [HOST_REFUSED_UNIT] = "unit",
        [HOST_REFUSED_LOGIN] = "login",
    };
    static_assert(ARRAY_LENGTH(words) == HOST_REFUSAL_COUNT, "a word for every refusal");
    return words[refusal];
}
