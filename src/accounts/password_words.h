/* Passwords that are words in disguise: P@ssw0rd12345, Summer2025!!!, resus-admin-1. By rules and a
 * short list, because it is asked on the loop, where no dictionary can be read. */
#ifndef RESUS_ACCOUNTS_PASSWORD_WORDS_H
#define RESUS_ACCOUNTS_PASSWORD_WORDS_H

#include <stdbool.h>

/* Is there nothing (but one letter) in it besides words of the list, the parts of the e-mail
 * address, digits and signs, also when digits and signs stand for letters? */
bool password_is_words(const char *password, const char *email);

#endif
