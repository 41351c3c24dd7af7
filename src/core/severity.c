#include "core/severity.h"

#include <assert.h>

#include "base/attr.h"
#include "base/str.h"

static const char *const severity_words[] = {
    [SEVERITY_NONE] = "none", [SEVERITY_P4] = "P4", [SEVERITY_P3] = "P3",
    [SEVERITY_P2] = "P2",     [SEVERITY_P1] = "P1",
};
static_assert(ARRAY_LENGTH(severity_words) == SEVERITY_COUNT, "a word for every severity");

static const char *const class_words[] = {
    [CLASS_NONE] = "none",         [CLASS_AVAILABILITY] = "availability",
    [CLASS_WRITES] = "writes",     [CLASS_PERFORMANCE] = "performance",
    [CLASS_ACCESS] = "access",     [CLASS_HOST] = "host",
    [CLASS_SECURITY] = "security", [CLASS_BACKUP] = "backup",
    [CLASS_SELF] = "self",
};
static_assert(ARRAY_LENGTH(class_words) == ALERT_CLASS_COUNT, "a word for every class");

const char *severity_word(enum severity severity)
{
    assert(severity < SEVERITY_COUNT);
    return severity_words[severity];
}

enum severity severity_by_word(const char *word)
{
    int i = str_index(severity_words, SEVERITY_COUNT, word);
    return i < 0 ? SEVERITY_NONE : (enum severity)i;
}

const char *alert_class_word(enum alert_class class)
{
    assert(class < ALERT_CLASS_COUNT);
    return class_words[class];
}

enum alert_class alert_class_by_word(const char *word)
{
    int i = str_index(class_words, ALERT_CLASS_COUNT, word);
    return i < 0 ? CLASS_NONE : (enum alert_class)i;
}
