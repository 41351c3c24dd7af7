#include "host/sudo_list.h"

#include <string.h>

#include "base/str.h"

#define INDENT_CONTINUED 8 /* sudo breaks lines at 80 columns unless it writes into a pipe */

/* ── reading ── */

struct entry {
    char text[SUDO_ENTRY_MAX];
    size_t length;
    bool open;
};

static void add(struct sudo_list *list, struct entry *e, const char *p, size_t n)
{
    if (n > sizeof e->text - e->length - 1) {
        list->cut = true;
        return;
    }
    memcpy(e->text + e->length, p, n);
    e->length += n;
    e->text[e->length] = '\0';
}

/* The characters that sudo escapes when it lists (its SUDOERS_QUOTED). */
static void unescape(char *text)
{
    char *to = text;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\\' && p[1] != '\0' && strchr(":\\,=#\"", p[1]) != NULL)
            p++;
        *to++ = *p;
    }
    *to = '\0';
}

static bool capital(char c)
{
    return (c >= 'A' && c <= 'Z') || c == '_';
}

static const char *skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

static const char *skip_word(const char *p)
{
    while (*p != '\0' && *p != ' ')
        p++;
    return skip_blanks(p);
}

/* "NOPASSWD: ", "CWD=/ ", "sha256:... " before a command. NULL when no other is left. */
static const char *skip_tag(const char *p, bool *password)
{
    const char *end = p;
    while (capital(*end))
        end++;
    if (end > p && *end == ':') {
        size_t length = (size_t)(end - p);
        if (length == 8 && memcmp(p, "NOPASSWD", length) == 0)
            *password = false;
        else if (length == 6 && memcmp(p, "PASSWD", length) == 0)
            *password = true;
        return skip_blanks(end + 1);
    }
    if ((end > p && *end == '=') || (str_starts(p, "sha") && p[strcspn(p, " :")] == ':'))
        return skip_word(p);
    return NULL;
}

static void take_command(struct sudo_list *list, const char *run_as, char *text, bool *password)
{
    const char *p = skip_blanks(text);
    for (const char *next; (next = skip_tag(p, password)) != NULL;)
        p = next;
    bool denied = false;
    for (; *p == '!'; p++)
        denied = !denied;
    if (*p == '\0')
        return;
    if (list->count == SUDO_RULES_MAX) {
        list->cut = true;
        return;
    }
    struct sudo_rule *rule = &list->rules[list->count];
    *rule = (struct sudo_rule){.password = *password, .denied = denied};
    unescape(text + (p - text));
    size_t length = strlen(p);
    while (length > 0 && p[length - 1] == ' ')
        length--;
    if (!str_copy_clean(rule->command, sizeof rule->command, p, length) ||
        !str_copy_clean(rule->run_as, sizeof rule->run_as, run_as, strlen(run_as)))
        list->cut = true;
    list->count++;
}

/* Cuts `text` at the first `stop` that is not escaped. Returns what is behind it, NULL at the end.
 */
static char *cut_at(char *text, char stop)
{
    for (char *p = text; *p != '\0'; p++) {
        if (*p == '\\' && p[1] != '\0') {
            p++;
        } else if (*p == stop) {
            *p = '\0';
            return p + 1;
        }
    }
    return NULL;
}

/* "(RUN_AS) NOPASSWD: command, command" */
static void take_entry(struct sudo_list *list, struct entry *e)
{
    if (!e->open)
        return;
    bool password = true;
    char *run_as = e->text + 1;
    char *command = cut_at(run_as, ')');
    if (command == NULL)
        list->cut = true; /* a rule without its end says nothing, and must not pass as none */
    unescape(run_as);
    while (command != NULL) {
        char *next = cut_at(command, ',');
        take_command(list, run_as, command, &password);
        command = next;
    }
    e->open = false;
}

static void take_line(struct sudo_list *list, struct entry *e, const char *line, size_t length)
{
    while (length > 0 && (line[length - 1] == '\r' || line[length - 1] == ' '))
        length--;
    size_t indent = 0;
    while (indent < length && line[indent] == ' ')
        indent++;
    const char *text = line + indent;
    if (memchr(line, '\0', length) != NULL) {
        list->cut = true; /* no text: not sudo's */
    } else if (e->open && indent >= INDENT_CONTINUED) {
        add(list, e, " ", 1);
        add(list, e, text, length - indent);
    } else {
        take_entry(list, e);
        e->open = indent > 0 && indent < length && text[0] == '(';
        e->length = 0;
        if (e->open)
            add(list, e, text, length - indent);
        e->open = e->open && e->length > 0;
    }
}

void sudo_list_parse(const char *out, size_t length, struct sudo_list *ret)
{
    struct entry entry = {.open = false};
    ret->count = 0;
    ret->cut = false;
    for (size_t at = 0; at < length;) {
        const char *newline = memchr(out + at, '\n', length - at);
        size_t n = newline == NULL ? length - at : (size_t)(newline - out) - at;
        take_line(ret, &entry, out + at, n);
        at += n + 1;
    }
    take_entry(ret, &entry);
    /* Defaults that take every password away, with or without the tag. */
    if (str_find(out, length, "!authenticate") != NULL)
        for (size_t i = 0; i < ret->count; i++)
            ret->rules[i].password = false;
}

/* ── comparing ── */

static bool in_class(const char *class, const char *end, char c)
{
    bool wanted = true;
    if (class < end && (*class == '!' || *class == '^')) {
        wanted = false;
        class ++;
    }
    for (; class < end; class ++) {
        bool range = end - class > 2 && class[1] == '-';
        if (range ? c >= class[0] && c <= class[2] : c == *class)
            return wanted;
        if (range)
            class += 2;
    }
    return !wanted;
}

/* One character of the pattern against one of the text; *next is what follows in the pattern. */
static bool matches_one(const char *pattern, char c, const char **next)
{
    const char *close = pattern[0] == '[' && pattern[1] != '\0' ? strchr(pattern + 2, ']') : NULL;
    if (close != NULL) {
        *next = close + 1;
        return in_class(pattern + 1, close, c);
    }
    bool escaped = pattern[0] == '\\' && pattern[1] != '\0';
    *next = pattern + (escaped ? 2 : 1);
    return escaped ? pattern[1] == c : pattern[0] == '?' || pattern[0] == c;
}

/* fnmatch(3) without its exponential corner: at most the product of both lengths. */
static bool matches(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *star_text = NULL;
    while (*text != '\0') {
        const char *next = NULL;
        if (*pattern == '*') {
            star = ++pattern;
            star_text = text;
        } else if (*pattern != '\0' && matches_one(pattern, *text, &next)) {
            pattern = next;
            text++;
        } else if (star != NULL) {
            pattern = star;
            text = ++star_text;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

/* sudo compares files and not names, and /bin is /usr/bin on both Debians. */
static const char *without_usr(const char *path)
{
    return str_starts(path, "/usr/") ? path + 4 : path;
}

static bool same_program(const char *a, size_t a_length, const char *b, size_t b_length)
{
    const char *x = without_usr(a);
    const char *y = without_usr(b);
    a_length -= (size_t)(x - a);
    b_length -= (size_t)(y - b);
    return a_length == b_length && memcmp(x, y, a_length) == 0;
}

static size_t program_length(const char *command)
{
    return strcspn(command, " ");
}

/* Is `user` among "root, ALL : ALL"? What is behind the colon are groups. */
static bool runs_as(const char *run_as, const char *user)
{
    bool found = false;
    size_t n = strlen(user);
    for (const char *p = run_as; *p != '\0' && *p != ':';) {
        p += strspn(p, ", ");
        bool denied = *p == '!';
        p += denied;
        size_t length = strcspn(p, ", :");
        if ((length == 3 && memcmp(p, "ALL", 3) == 0) || (length == n && memcmp(p, user, n) == 0))
            found = !denied;
        p += length;
        p += strspn(p, ", ");
    }
    return found;
}

static bool rule_matches(const struct sudo_rule *rule, const struct host_right *right)
{
    if (!runs_as(rule->run_as, right->run_as))
        return false;
    if (str_equal(rule->command, "ALL"))
        return true;
    size_t mine = program_length(rule->command);
    size_t wanted = program_length(right->line);
    if (!same_program(rule->command, mine, right->line, wanted))
        return false;
    const char *pattern = skip_blanks(rule->command + mine);
    const char *arguments = skip_blanks(right->line + wanted);
    if (*pattern == '\0')
        return true; /* no arguments in sudoers: any */
    return matches(pattern, arguments);
}

enum sudo_answer sudo_list_allows(const struct sudo_list *list, const struct host_right *right)
{
    for (size_t i = list->count; i > 0; i--) {
        const struct sudo_rule *rule = &list->rules[i - 1];
        if (rule_matches(rule, right))
            return rule->denied ? SUDO_REFUSES : rule->password ? SUDO_ASKS_PASSWORD : SUDO_ALLOWS;
    }
    return SUDO_REFUSES;
}

static bool same_line(const char *a, const char *b)
{
    return str_equal(without_usr(a), without_usr(b));
}

/* Words left open: a wildcard, a regular expression (sudo 1.9.10), or no arguments at all. */
static bool open_ended(const char *command)
{
    return strpbrk(command, "*?[^") != NULL || command[program_length(command)] == '\0';
}

enum sudo_verdict sudo_rule_judge(const struct sudo_rule *rule, const struct host_right *rights,
                                  size_t count)
{
    if (rule->password || rule->denied)
        return SUDO_WITHIN;
    if (str_equal(rule->command, "ALL"))
        return SUDO_EVERYTHING;
    for (size_t i = 0; i < count; i++)
        if (same_line(rule->command, rights[i].line))
            return str_equal(rights[i].run_as, "root") || str_equal(rule->run_as, rights[i].run_as)
                       ? SUDO_WITHIN
                       : SUDO_OTHER_USER;
    if (!open_ended(rule->command))
        return SUDO_BEYOND;
    const char *program = without_usr(rule->command);
    bool journal = same_program(program, program_length(program), "/bin/journalctl", 15);
    return journal ? SUDO_JOURNAL : SUDO_OPEN_ENDED;
}
