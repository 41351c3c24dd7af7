#include "accounts/password_words.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/attr.h"
#include "base/mem.h"
#include "base/str.h"

#define TEXT_MAX 256
#define NAMES_MAX 16 /* parts of an e-mail address */
#define NAME_LEAST 3 /* letters of such a part */
#define UNCOVERED_MAX 1

/* Between blanks. */
static const char words[] =
    /* what people call a secret */
    "password passwort passwd passw pass passphrase secret geheim kennwort login logon access "
    "zugang changeme change letmein welcome willkommen hello hallo please default standard "
    "temp temporary initial start "
    /* who they are */
    "admin administrator root user guest gast operator viewer owner master super superuser "
    "system service support test tester testing demo dev prod production staging backup "
    "manager boss chef office company firma business team internal corp "
    /* what this is about */
    "resus redis valkey autobot server cache database data debian linux systemd cloud host "
    "node cluster sentinel "
    /* keys beside each other */
    "qwerty qwertyuiop qwertz qwertzuiop azerty asdf asdfgh asdfghjkl yxcv zxcv zxcvbn "
    "zxcvbnm qaz wsx edc qazwsx qazwsxedc abc abcd abcde abcdef abcdefg xyz aaa xxx "
    /* when */
    "spring summer autumn fall winter fruehling fruhling sommer herbst january february march "
    "april may june july august september october november december januar februar maerz mai "
    "juni juli oktober dezember monday tuesday wednesday thursday friday saturday sunday "
    "montag dienstag mittwoch donnerstag freitag samstag sonntag today year jahr "
    /* what many like */
    "iloveyou love trust trustno trustnoone monkey dragon football fussball baseball princess "
    "sunshine shadow batman superman starwars pokemon michael jordan hunter ninja hacker "
    "matrix freedom whatever flower cookie chocolate computer internet google "
    "correcthorsebatterystaple ";

/* What stands for a letter; `one` is what 1, ! and | are taken for. NUL: for none. */
static char letter_of(unsigned char c, char one)
{
    static const char signs[] = "0o3e4a5s7t8b9g2z@a$s+t(c{c<c6g";
    if (isalpha(c))
        return (char)tolower(c);
    if (c >= 0x80)
        return (char)c;
    if (c == '1' || c == '!' || c == '|')
        return one;
    for (size_t i = 0; i + 1 < sizeof signs; i += 2)
        if ((unsigned char)signs[i] == c)
            return signs[i + 1];
    return '\0';
}

static bool is_letter(unsigned char c)
{
    return isalpha(c) || c >= 0x80;
}

struct names {
    char text[NAMES_MAX][64];
    size_t count;
};

static size_t letters_at(const char *text)
{
    size_t length = 0;
    while (is_letter((unsigned char)text[length]))
        length++;
    return length;
}

static void keep_name(struct names *names, const char *at, size_t length)
{
    char *name = names->text[names->count];
    if (length < NAME_LEAST || !str_copy_n(name, sizeof names->text[0], at, length))
        return;
    for (size_t i = 0; i < length; i++)
        name[i] = (char)tolower((unsigned char)name[i]);
    names->count++;
}

/* The words of an address, all but the last one of the domain. */
static void read_names(const char *email, struct names *ret)
{
    const char *last = strrchr(email, '.');
    ret->count = 0;
    for (const char *at = email; *at != '\0' && at != last && ret->count < NAMES_MAX;) {
        size_t length = letters_at(at);
        keep_name(ret, at, length);
        at += length > 0 ? length : 1;
    }
}

/* `fewest` has, for each place, the letters before it that are in no word. */
static void cover(const char *text, size_t at, const char *word, size_t length,
                  size_t fewest[TEXT_MAX])
{
    if (strncmp(text + at, word, length) == 0 && fewest[at] < fewest[at + length])
        fewest[at + length] = fewest[at];
}

static void cover_from(const char *text, size_t at, const struct names *names,
                       size_t fewest[TEXT_MAX])
{
    for (const char *word = words; *word != '\0';) {
        size_t length = strcspn(word, " ");
        cover(text, at, word, length, fewest);
        word += length + 1;
    }
    for (size_t i = 0; i < names->count; i++)
        cover(text, at, names->text[i], strlen(names->text[i]), fewest);
    if (fewest[at] + 1 < fewest[at + 1])
        fewest[at + 1] = fewest[at] + 1;
}

/* Is it words, and at most UNCOVERED_MAX letters besides? */
static bool covered(const char *text, const struct names *names)
{
    size_t fewest[TEXT_MAX] = {0};
    size_t length = strlen(text);
    for (size_t i = 0; i <= length; i++)
        fewest[i] = i;
    for (size_t at = 0; at < length; at++)
        cover_from(text, at, names, fewest);
    bool result = length > UNCOVERED_MAX && fewest[length] <= UNCOVERED_MAX;
    mem_wipe(fewest, sizeof fewest);
    return result;
}

/* Signs and digits at both ends are decoration, in the middle they may stand for letters. */
static bool reads_as_words(const char *password, size_t begin, size_t end, char one,
                           const struct names *names)
{
    char text[TEXT_MAX];
    size_t n = 0;
    for (size_t i = begin; i < end && n + 1 < sizeof text; i++) {
        unsigned char c = (unsigned char)password[i];
        char letter = one == '\0' && !is_letter(c) ? '\0' : letter_of(c, one);
        if (letter != '\0')
            text[n++] = letter;
    }
    text[n] = '\0';
    bool result = covered(text, names);
    mem_wipe(text, sizeof text);
    return result;
}

bool password_is_words(const char *password, const char *email)
{
    static const char ones[] = {'i', 'l', '\0'}; /* NUL: letters alone */
    struct names names;
    size_t whole = strlen(password), begin = 0, end = whole;
    read_names(email, &names);
    while (begin < end && !is_letter((unsigned char)password[begin]))
        begin++;
    while (end > begin && !is_letter((unsigned char)password[end - 1]))
        end--;
    for (size_t i = 0; i < sizeof ones; i++)
        if (reads_as_words(password, begin, end, ones[i], &names) ||
            reads_as_words(password, 0, end, ones[i], &names) ||
            reads_as_words(password, begin, whole, ones[i], &names))
            return true;
    return false;
}
