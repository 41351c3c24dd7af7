/* How a unit is set up, as systemctl tells it: what the watch need not know and the doctor asks.
 * Foreign bytes. */
#ifndef RESUS_HOST_UNIT_FILE_H
#define RESUS_HOST_UNIT_FILE_H

#include <stddef.h>

struct unit_file {
    char state[24];   /* systemd's word: enabled, disabled, static, masked ...; "" = not told */
    char restart[24]; /* Restart=: always, no, on-failure ...; "" = not told */
};

/* Each fills what the text tells and leaves the rest. */
void unit_file_parse_status(const char *out, size_t length, struct unit_file *unit);
void unit_file_parse_show(const char *out, size_t length, struct unit_file *unit);

#endif
