/* Hostile bytes as a line that is read (and as the texts of a seal and of a head), and as the texts
 * of a line that is written: that one must be one sound line of UTF-8 whatever they are. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "store/audit_line.h"
#include "store/audit_seal.h"
#include "store/audit_verify.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void fill(char *to, size_t size, const unsigned char **data, size_t *left)
{
    size_t n = *left < size - 1 ? *left : size - 1;
    memcpy(to, *data, n);
    to[n] = '\0';
    *data += n;
    *left -= n;
}

/* A seal that is accepted has a text again. */
static void read_words(const char *text)
{
    struct audit_seal_said said;
    struct audit_head head;
    char again[256];
    (void)!audit_head_read(text, &head, NULL);
    if (audit_seal_read(text, &said) < 0)
        return;
    if (!str_format(again, sizeof again, "key %s number %" PRIu64 " mac %s", said.id, said.number,
                    said.mac))
        abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    struct audit_link link;
    struct audit_line line = {.event = AUDIT_INTENT, .ssh_key_used = -1, .duration_seconds = -1};
    struct buf out = BUF_LIMIT(AUDIT_LINE_MAX);
    char text[512];
    if (audit_line_read((const char *)data, size, &link) == AUDIT_FLAW_NONE)
        read_words(link.said);
    (void)str_copy_n(text, sizeof text, (const char *)data, size);
    read_words(text);
    fill(line.operation, sizeof line.operation, &data, &size);
    fill(line.user_email, sizeof line.user_email, &data, &size);
    fill(line.reason, sizeof line.reason, &data, &size);
    fill(line.error, sizeof line.error, &data, &size);
    line.has_result = size > 0;
    line.at.ms = (int64_t)size * 1000003;
    if (audit_line_json(&line, 1, AUDIT_HASH_NONE, &out) < 0)
        abort();
    if (audit_line_read(out.data, out.length, &link) != AUDIT_FLAW_NONE || link.seq != 1)
        abort();
    if (!str_utf8(out.data, out.length) || strlen(out.data) != out.length ||
        strstr(out.data, "service_operation") != NULL || strstr(out.data, "auto_recovery") != NULL)
        abort();
    for (size_t i = 0; i < out.length; i++)
        if ((unsigned char)out.data[i] < 0x20 || out.data[i] == 0x7f)
            abort();
    buf_free(&out);
    return 0;
}
