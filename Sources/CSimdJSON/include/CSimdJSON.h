#ifndef NECTAR_CSIMDJSON_H
#define NECTAR_CSIMDJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A reusable simdjson parser with its input copy, tape and string buffer. For one thread at a time.
typedef struct nectar_json_parser nectar_json_parser;

/// What went wrong, in terms that do not change with simdjson's version.
typedef enum nectar_json_status {
    NECTAR_JSON_OK = 0,
    NECTAR_JSON_OUT_OF_MEMORY,
    NECTAR_JSON_TOO_LARGE,  // more than 4 GiB, simdjson's bound
    NECTAR_JSON_TOO_DEEP,
    NECTAR_JSON_INVALID_UTF8,
    NECTAR_JSON_INVALID_NUMBER,
    NECTAR_JSON_EMPTY,
    NECTAR_JSON_MALFORMED,
} nectar_json_status;

/// The tape of a parsed text (format: simdjson's doc/tape.md), lent until the next call on the same parser.
typedef struct nectar_json_tape {
    const uint64_t *words;
    size_t word_count;
    const uint8_t *strings;  // each: 32-bit length, bytes, NUL; the tape holds the offset of the length
    size_t string_byte_count;
} nectar_json_tape;

/// A parser that accepts `maximum_depth` nested arrays and objects; NULL when there is no memory.
nectar_json_parser *nectar_json_parser_create(size_t maximum_depth);

/// Frees the parser and every tape it lent; NULL is allowed.
void nectar_json_parser_destroy(nectar_json_parser *parser);

/// Parses `length` bytes, copied first, so they need no padding. `message` (never NULL, static) is simdjson's own word
/// for the status; `tape` is written only on NECTAR_JSON_OK.
nectar_json_status nectar_json_parse(
    nectar_json_parser *parser, const uint8_t *bytes, size_t length, nectar_json_tape *tape, const char **message);

/// Frees the parser's buffers if they were grown for a text longer than `length`; the next parse makes new ones.
void nectar_json_parser_trim(nectar_json_parser *parser, size_t length);

#ifdef __cplusplus
}
#endif
#endif
