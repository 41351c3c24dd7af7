#include "engine/service.h"

#include <stdarg.h>
#include <stdio.h>

void service_log(const struct service *s, bool warning, const char *format, ...)
{
    char text[480];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    s->engine->ports.log(s->engine->ports.context, s->index, warning, text);
}
