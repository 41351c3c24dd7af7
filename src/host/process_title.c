/* Redis writes where it listens into the title of its process, and `systemctl status` shows that. */
#include <string.h>

#include "base/parse.h"
#include "base/str.h"
#include "host/systemctl.h"

#define DIGITS "0123456789"
#define TITLE_LINE_MAX 512 /* a longer line is no title of Redis */

/* "redis-server 127.0.0.1:6379 [cluster]", with or without quotes: the port, or 0. */
static int port_of(const char *title)
{
    char number[8];
    int64_t port;
    const char *address = strchr(title, ' ');
    if (address == NULL)
        return 0;
    address++;
    size_t length = strcspn(address, " \"");
    const char *colon = memrchr(address, ':', length);
    if (colon == NULL)
        return 0;
    size_t digits = strspn(colon + 1, DIGITS);
    if (digits == 0 || digits >= sizeof number || colon + 1 + digits != address + length)
        return 0;
    (void)str_copy_n(number, sizeof number, colon + 1, digits);
    return parse_int(number, 1, UINT16_MAX, &port, NULL) == 0 ? (int)port : 0;
}

/* "     └─812 "/usr/bin/redis-server 127.0.0.1:6379"": what stands behind the number, if that is
 * `pid`. The drawing in front of it depends on the locale. */
static const char *title_of(const char *line, const char *pid)
{
    const char *number = line + strcspn(line, DIGITS);
    size_t digits = strspn(number, DIGITS);
    if (digits != strlen(pid) || strncmp(number, pid, digits) != 0 || number[digits] != ' ')
        return NULL;
    return number + digits + 1;
}

int systemctl_listening_port(const char *out, size_t length)
{
    static const char main_pid[] = "Main PID: ";
    char line[TITLE_LINE_MAX], pid[16] = "";
    bool group = false;
    const char *end = out + length;
    for (const char *at = out; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (stop == NULL) /* cut */
            return 0;
        bool whole = str_copy_clean(line, sizeof line, at, (size_t)(stop - at));
        at = stop + 1;
        const char *text = line + strspn(line, " \t");
        if (text[0] == '\0') /* the lines of the journal begin, which may say anything */
            return 0;
        if (strncmp(text, main_pid, sizeof main_pid - 1) == 0) {
            text += sizeof main_pid - 1;
            (void)str_copy_n(pid, sizeof pid, text, strspn(text, DIGITS));
        }
        const char *title = group && whole && pid[0] != '\0' ? title_of(line, pid) : NULL;
        if (title != NULL)
            return port_of(title);
        group = group || strncmp(text, "CGroup: ", 8) == 0;
    }
    return 0;
}
