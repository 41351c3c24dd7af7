/* A page of text for a person: built in memory, then printed in one go. Knows colours, aligned
 * labels and tables, relative times, and how foreign text is made harmless. */
#ifndef RESUS_CLI_PAGE_H
#define RESUS_CLI_PAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/time.h"

#define PAGE_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define PAGE_LABEL_WIDTH 19 /* "Recent Recoveries" and two blanks */

enum tone {
    TONE_PLAIN,
    TONE_BOLD,
    TONE_DIM,
    TONE_GOOD,    /* green: healthy */
    TONE_WARNING, /* yellow: degraded */
    TONE_BAD,     /* red: critical */
    TONE_BUSY,    /* blue: in progress */
    TONE_COUNT
};

struct page {
    struct buf text;
    bool colour;
    bool cut;    /* the limit was reached */
    bool narrow; /* prose: on a terminal long lines are broken between words, not by the terminal.
                  * Not for what is copied from it, such as commands */
    wall_ms now;
    bool clocks;    /* a time of day is on it: page_print() adds the time zone */
    bool zone_told; /* by a page before: not again */
};

struct page page_new(bool colour, wall_ms now);
/* Colour is for terminals without NO_COLOR (no-color.org: set and not empty). */
bool page_colour(int fd);

void page_put(struct page *p, const char *format, ...) ATTR_PRINTF(2, 3);
void page_tone(struct page *p, enum tone tone, const char *format, ...) ATTR_PRINTF(3, 4);
/* "  Label          text\n" */
void page_field(struct page *p, const char *label, const char *format, ...) ATTR_PRINTF(3, 4);
/* Begins such a line and leaves its end to the caller. */
void page_label(struct page *p, const char *label);
/* Cells of the screen, not bytes. */
void page_pad(struct page *p, size_t used, size_t width);
size_t page_width(const char *text);
/* "2 s ago", "5 min ago", "3 h ago", "2 days ago"; "never" for NULL or what is no time. */
const char *page_ago(const struct page *p, const char *rfc3339, char buffer[64]);
/* Local time "14:02:11", with the date in front when it is not today's, and with the zone behind when
 * that is not the one of now. */
const char *page_clock(struct page *p, const char *rfc3339, char buffer[64]);
/* The page's own time with its zone: "14:02:11 CET (UTC+01:00)". */
const char *page_time(const struct page *p, char buffer[64]);
/* "1d 4h 32m", "4h 32m", "32m 5s", "5s": the guide's way. */
const char *page_uptime(int64_t seconds, char buffer[64]);
/* "1 234 567" with commas. */
const char *page_count(int64_t value, char buffer[64]);

/* Breaks lines of more than `columns` cells between words; what follows stands below the text of a
 * field, else two cells further in. Words that are longer stay whole. */
void page_wrap(struct page *p, size_t columns);
/* "Times are CET (UTC+01:00).\n", where there are any and nothing has said it before. */
void page_zone(struct page *p);
/* Prints to `to`, with the zone of the times on it, and frees. */
void page_print(struct page *p, FILE *to);

/* Replaces what could move a cursor, recolour a terminal or turn the reading direction, in every
 * text of `value` (names of members too): returns a clean copy, NULL on lack of memory. */
json_t *page_clean(const json_t *value) ATTR_MUST_USE;
/* The same for one text: a copy to mem_free. */
char *page_clean_text(const char *text) ATTR_MUST_USE;

#endif
