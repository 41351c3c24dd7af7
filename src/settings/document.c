#include "settings/document.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

int document_error(struct error *err, const char *name, yaml_mark_t mark, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return error_set(err, -EINVAL, "%s:%zu:%zu: %s", name, mark.line + 1, mark.column + 1, text);
}

/* The byte at a mark's line and column, for the commonest slip: a tab that indents. */
static bool tab_at(const char *text, size_t length, yaml_mark_t mark)
{
    const char *line = text;
    const char *end = text + length;
    for (size_t i = 0; i < mark.line && line != NULL; i++) {
        line = memchr(line, '\n', (size_t)(end - line));
        line = line == NULL ? NULL : line + 1;
    }
    return line != NULL && mark.column < (size_t)(end - line) && line[mark.column] == '\t';
}

static yaml_mark_t mark_of_offset(const char *text, size_t length, size_t offset)
{
    yaml_mark_t mark = {0, 0, 0};
    for (size_t i = 0; i < offset && i < length; i++) {
        mark.column = text[i] == '\n' ? 0 : mark.column + 1;
        mark.line += text[i] == '\n';
    }
    return mark;
}

static int parser_error(const yaml_parser_t *parser, const char *name, const char *text,
                        size_t length, struct error *err)
{
    if (parser->error == YAML_MEMORY_ERROR)
        return error_set(err, -ENOMEM, "%s: no memory to read it", name);
    const char *problem = parser->problem == NULL ? "unreadable" : parser->problem;
    if (parser->error == YAML_READER_ERROR)
        return document_error(err, name, mark_of_offset(text, length, parser->problem_offset),
                              "not valid YAML: %s", problem);
    bool tab = tab_at(text, length, parser->problem_mark);
    return document_error(err, name, parser->problem_mark, "not valid YAML: %s%s%s%s%s", problem,
                          parser->context == NULL ? "" : " (", /* "while scanning ..." */
                          parser->context == NULL ? "" : parser->context,
                          parser->context == NULL ? "" : ")",
                          tab ? "; a tab stands here: indent with blanks" : "");
}

struct scan {
    const char *name;
    size_t documents, nodes, depth;
    char anchors[DOCUMENT_DEPTH_MAX][DOCUMENT_ANCHOR_MAX]; /* of the open collections, "" = none */
};

static int scan_count(struct scan *s, const yaml_event_t *event, struct error *err)
{
    if (++s->nodes > DOCUMENT_NODES_MAX)
        return document_error(err, s->name, event->start_mark, "more than %d values",
                              DOCUMENT_NODES_MAX);
    return 0;
}

static int scan_open(struct scan *s, const yaml_event_t *event, const yaml_char_t *anchor,
                     struct error *err)
{
    if (s->depth == DOCUMENT_DEPTH_MAX)
        return document_error(err, s->name, event->start_mark, "nested deeper than %d levels",
                              DOCUMENT_DEPTH_MAX);
    if (!str_copy(s->anchors[s->depth], DOCUMENT_ANCHOR_MAX, (const char *)anchor))
        return document_error(err, s->name, event->start_mark, "an anchor's name is too long");
    s->depth++;
    return scan_count(s, event, err);
}

static int scan_event(struct scan *s, const yaml_event_t *event, struct error *err)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++s->documents > 1)
            return document_error(err, s->name, event->start_mark,
                                  "a second document begins here; one file holds one document");
        return 0;
    case YAML_ALIAS_EVENT:
        for (size_t i = 0; i < s->depth; i++)
            if (str_equal(s->anchors[i], (const char *)event->data.alias.anchor))
                return document_error(err, s->name, event->start_mark,
                                      "the alias `%.60s` contains itself",
                                      (const char *)event->data.alias.anchor);
        return 0;
    case YAML_SEQUENCE_START_EVENT:
        return scan_open(s, event, event->data.sequence_start.anchor, err);
    case YAML_MAPPING_START_EVENT:
        return scan_open(s, event, event->data.mapping_start.anchor, err);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        s->depth--;
        return 0;
    case YAML_SCALAR_EVENT:
        return scan_count(s, event, err);
    default:
        return 0;
    }
}

/* libyaml's loader has none of these limits, so the events are read once before it. */
static int scan(const char *name, const char *text, size_t length, struct error *err)
{
    struct scan s = {.name = name};
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0)
        return error_set(err, -ENOMEM, "%s: no memory to read it", name);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    int r = 0;
    for (bool end = false; !end && r == 0;) {
        yaml_event_t event;
        if (yaml_parser_parse(&parser, &event) == 0) {
            r = parser_error(&parser, name, text, length, err);
            break;
        }
        r = scan_event(&s, &event, err);
        end = event.type == YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return r;
}

int document_load(const char *name, const char *text, size_t length, yaml_document_t *ret,
                  struct error *err)
{
    int r = scan(name, text, length, err);
    if (r < 0)
        return r;
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0)
        return error_set(err, -ENOMEM, "%s: no memory to read it", name);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    yaml_document_t document;
    if (yaml_parser_load(&parser, &document) == 0)
        r = parser_error(&parser, name, text, length, err);
    else
        *ret = document;
    yaml_parser_delete(&parser);
    return r;
}
