/* What the fuzz targets share: how an input is cut, where files go, how a token is signed. */
#ifndef RESUS_TESTS_FUZZ_SUPPORT_H
#define RESUS_TESTS_FUZZ_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Every target is this one function. libFuzzer calls it, or replay.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Also without assert(): a broken promise is a crash in every build. */
#define PROMISE(holds)                                                                             \
    do {                                                                                           \
        if (!(holds))                                                                              \
            promise_broken(#holds, __FILE__, __LINE__);                                            \
    } while (0)
_Noreturn void promise_broken(const char *what, const char *file, int line);

/* ── an input ── */

/* What is decided by chance, the same for the same seed. */
struct dice {
    uint32_t state; /* 0: every throw is 0 */
};
uint32_t dice_throw(struct dice *d, uint32_t sides); /* 0 .. sides - 1 */

/* The rest of an input; everything is taken from its front. */
struct input {
    const char *at;
    size_t left;
};
struct input input_of(const uint8_t *data, size_t size);
uint8_t input_byte(struct input *in); /* 0 behind the end */
/* Up to the next `end`, which is taken as well. */
struct input input_until(struct input *in, char end);
/* Up to a line that is "--", which is taken as well. */
struct input input_section(struct input *in);
/* A piece of a stream: of a length that the dice give; all of it when their state is 0. */
struct input input_piece(struct input *in, struct dice *d);
/* A copy of its own size with a NUL behind it: mem_free(). A byte too far is found. */
char *input_text(struct input in);
bool input_starts(struct input in, const char *word);

/* Appends each line with the head of a frame (api/frame.h) before it; `lines` false: the bytes as
 * they are. */
void frames_of_lines(bool lines, struct input in, struct buf *out);

/* ── files ── */

/* A folder in memory, gone when the program ends; the path of `name` in it. */
const char *fuzz_path(const char *name, char ret[128]);
void fuzz_write(const char *path, const void *bytes, size_t length);

/* ── tokens ── */

/* A key on P-256, made once. */
const char *signer_public_pem(void);
void signer_public_point(uint8_t ret[64]); /* x and y */
/* Appends `head` and `payload` in base64url and their ES256 signature, in which the bits of
 * `spoil` are turned (0: it is right). */
void signer_token(struct input head, struct input payload, uint8_t spoil, struct buf *out);
void base64url(const void *bytes, size_t length, struct buf *out);

#endif
