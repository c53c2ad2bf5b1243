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

/// A tape that belongs to whoever took it.
typedef struct nectar_json_document nectar_json_document;

/// Takes the tape that the last nectar_json_parse lent out of the parser, without a copy: it lives until it is destroyed, and
/// the parser makes itself new buffers. NULL when there is no memory, and the tape stays lent.
nectar_json_document *nectar_json_take(nectar_json_parser *parser);

/// Frees a tape; NULL is allowed.
void nectar_json_document_destroy(nectar_json_document *document);

/// How many members a flat object may have.
#define NECTAR_JSON_FLAT_MEMBERS 16

/// The value of one member of a flat object, lent until the next call on the same parser.
typedef struct nectar_json_member {
    const uint8_t *text;  // of a string: its UTF-8, not terminated
    size_t length;        // of a string: its bytes
    uint64_t bits;        // of a number: its bits
    uint8_t type;         // as on the tape: '"', 'l' (64-bit integer) or 'd' (double); 0 where there is no such member
} nectar_json_member;

/// A name that a member of a flat object may have.
typedef struct nectar_json_name {
    const uint8_t *text;
    size_t length;
} nectar_json_name;

/// Parses a text that must be a flat object: one whose members all have different names out of `names`, each a string, a
/// 64-bit integer or a double. Returns `count` members in the order of the names; NULL for every other text, whatever it is.
const nectar_json_member *nectar_json_parse_flat(
    nectar_json_parser *parser, const uint8_t *bytes, size_t length, const nectar_json_name *names, size_t count);

/// Frees the parser's buffers if they were grown for a text longer than `length`; the next parse makes new ones.
void nectar_json_parser_trim(nectar_json_parser *parser, size_t length);

#ifdef __cplusplus
}
#endif
#endif
