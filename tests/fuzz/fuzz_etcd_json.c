/* Answers of etcd and lines of its watches. The first line says which call it answers: a digit of
 * enum etcd_call, `w` for a watch, `e` for a refusal. What is read is whole: a key in each entry, and
 * no right without the number that gives it. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "io/etcd_json.h"
#include "support.h"

static void check_entry(const struct etcd_entry *e)
{
    PROMISE(e->key != NULL && e->key[0] != '\0' && strlen(e->key) < ETCD_KEY_MAX);
    PROMISE(e->value != NULL && e->value_length <= ETCD_VALUE_MAX);
    PROMISE(e->value[e->value_length] == '\0');
    PROMISE(e->mod_revision > 0 && e->create_revision >= 0);
}

static void answer(enum etcd_call call, const char *text, size_t length)
{
    struct etcd_answer a;
    struct error err = {0};
    int r = etcd_read_answer(call, text, length, &a, &err);
    PROMISE((r == 0) == a.good && (r == 0 || err.text[0] != '\0'));
    PROMISE(r < 0 || call != ETCD_GRANT || (a.lease != 0 && a.ttl_ms > 0));
    PROMISE(r < 0 || call != ETCD_KEEP_ALIVE || (a.lease != 0 && a.ttl_ms >= 0));
    for (size_t i = 0; r == 0 && i < a.count; i++)
        check_entry(&a.entries[i]);
    etcd_answer_free(&a);
}

static void line_of_watch(const char *text, size_t length)
{
    struct etcd_line line;
    struct error err = {0};
    int r = etcd_read_line(text, length, &line, &err);
    PROMISE(r == 0 || err.text[0] != '\0');
    PROMISE(str_utf8(line.text, strlen(line.text)));
    for (size_t i = 0; r == 0 && i < line.count; i++)
        check_entry(&line.events[i].entry);
    etcd_line_free(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = input_of(data, size);
    struct input which = input_until(&in, '\n');
    char kind = (char)input_byte(&which);
    char *text = input_text(in);
    if (kind >= '0' && kind - '0' < ETCD_CALL_COUNT) {
        answer((enum etcd_call)(kind - '0'), text, in.left);
    } else if (kind == 'w') {
        line_of_watch(text, in.left);
    } else {
        int code;
        char said[ETCD_TEXT_MAX];
        etcd_read_refusal(text, in.left, &code, said);
        PROMISE(code >= 0 && code <= 16 && str_utf8(said, strlen(said)));
    }
    mem_free(text);
    return 0;
}
