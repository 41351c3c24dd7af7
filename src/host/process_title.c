/* What `systemctl status` shows of the processes of a unit: which there are, and their titles, into
 * which Redis writes where it listens. */
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

/* Takes a line off the front. False: the list is over, or cut; behind the empty line the journal
 * begins, which may say anything. */
static bool next_line(const char **at, const char *end, char line[TITLE_LINE_MAX], bool *ret_whole)
{
    const char *stop = *at == end ? NULL : memchr(*at, '\n', (size_t)(end - *at));
    if (stop == NULL)
        return false;
    *ret_whole = str_copy_clean(line, TITLE_LINE_MAX, *at, (size_t)(stop - *at));
    *at = stop + 1;
    return line[strspn(line, " \t")] != '\0';
}

static bool begins_group(const char *line)
{
    return strncmp(line + strspn(line, " \t"), "CGroup: ", 8) == 0;
}

int systemctl_listening_port(const char *out, size_t length)
{
    static const char main_pid[] = "Main PID: ";
    char line[TITLE_LINE_MAX], pid[16] = "";
    bool group = false, whole;
    for (const char *at = out; next_line(&at, out + length, line, &whole);) {
        const char *text = line + strspn(line, " \t");
        if (strncmp(text, main_pid, sizeof main_pid - 1) == 0) {
            text += sizeof main_pid - 1;
            (void)str_copy_n(pid, sizeof pid, text, strspn(text, DIGITS));
        }
        const char *title = group && whole && pid[0] != '\0' ? title_of(line, pid) : NULL;
        if (title != NULL)
            return port_of(title);
        group = group || begins_group(line);
    }
    return 0;
}

/* "├─812 "/usr/bin/redis-server"": its number, or 0: the name of a group within, such as
 * "├─812.scope", or of none. */
static int32_t process_of(const char *line)
{
    char number[12];
    int64_t pid;
    for (; *line != '\0' && strchr(DIGITS, *line) == NULL; line++)
        if ((unsigned char)*line < 0x80 && strchr(" \t|-`", *line) == NULL)
            return 0;
    size_t digits = strspn(line, DIGITS);
    if (digits == 0 || digits >= sizeof number || line[digits] != ' ')
        return 0;
    (void)str_copy_n(number, sizeof number, line, digits);
    return parse_int(number, 1, INT32_MAX, &pid, NULL) == 0 ? (int32_t)pid : 0;
}

void systemctl_parse_group(const char *out, size_t length, struct unit_facts *unit)
{
    char line[TITLE_LINE_MAX];
    bool group = false, whole;
    unit->group_count = 0;
    for (const char *at = out; next_line(&at, out + length, line, &whole);) {
        int32_t pid = group ? process_of(line) : 0;
        if (pid > 0 && unit->group_count < UNIT_GROUP_MAX)
            unit->group[unit->group_count++] = pid;
        group = group || begins_group(line);
    }
}
