/* How a message reads, for every channel: its headline, its facts and its parts in the order in
 * which a person who was woken needs them. Severity decides how much is said. Pure. */
#ifndef RESUS_NOTIFY_TEXT_H
#define RESUS_NOTIFY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "notify/message.h"

#define TEXT_HEADLINE_MAX 256
#define TEXT_PARTS_MAX 8
#define TEXT_FACTS_MAX 6
#define TEXT_EVIDENCE_SHORT 3 /* lines of evidence below P2 */

/* One of `text` and `lines`. */
struct text_part {
    const char *heading; /* NULL = none */
    const char *text;
    const struct message_lines *lines;
    size_t line_count; /* of the lines, so many are said */
    bool code;         /* as it is typed or was logged */
};

struct text_fact {
    const char *label;
    char value[272];
};

/* What is said of a message; points into it. */
struct text {
    struct text_part parts[TEXT_PARTS_MAX];
    size_t part_count;
    struct text_fact facts[TEXT_FACTS_MAX];
    size_t fact_count;
    char stake[MESSAGE_LINE_MAX + 128];
};

/* "P1 Redis Service on 10.0.0.5: Redis has crashed"; one line if the message's texts are. */
void text_headline(const struct message *m, char to[TEXT_HEADLINE_MAX]);
/* `log_lines`: may the reader see lines of Redis' log? */
void text_make(const struct message *m, bool log_lines, struct text *ret);
/* The whole message as plain text with LF line ends; foreign bytes are cleaned. */
int text_plain(const struct message *m, bool log_lines, struct buf *to) ATTR_MUST_USE;

/* Is it an address that a receiver takes as a link: http or https, without blanks, control bytes
 * and what ends a link in Slack (< > |)? */
bool text_link_good(const char *link);

/* Appends the text with control bytes and marks of direction replaced; line ends stay. At most
 * `most` characters, then "...". */
int text_append(struct buf *to, const char *text, size_t most) ATTR_MUST_USE;

#endif
