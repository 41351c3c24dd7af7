/* Compiler attributes the house uses. GCC and Clang only (scope cleanup needs them:
 * CONTRIBUTING.md). */
#ifndef RESUS_BASE_ATTR_H
#define RESUS_BASE_ATTR_H

#define ATTR_MUST_USE __attribute__((warn_unused_result))
#define ATTR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ATTR_CLEANUP(function) __attribute__((cleanup(function)))

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

#endif
