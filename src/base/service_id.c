#include "base/service_id.h"

#include <string.h>

#define FIRST "abcdefghijklmnopqrstuvwxyz0123456789"

bool service_id_good(const char *text)
{
    return text != NULL && text[0] != '\0' && strchr(FIRST, text[0]) != NULL &&
           text[strspn(text, FIRST "_-")] == '\0' && strlen(text) < SERVICE_ID_SIZE;
}
