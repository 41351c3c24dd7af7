/* What a cause means here: the texts of the table, or more exact ones where the evidence allows. */
#ifndef RESUS_CORE_CAUSE_WORDS_H
#define RESUS_CORE_CAUSE_WORDS_H

#include "core/cause.h"

struct cause_words {
    const char *summary, *advice;
};

struct cause_words cause_words(enum cause cause, const struct sight *sight);

#endif
