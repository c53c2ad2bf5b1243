#include "CSimdJSON.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>

namespace {

using namespace simdjson;

nectar_json_status status_of(error_code code) {
    switch (code) {
    case SUCCESS: return NECTAR_JSON_OK;
    case MEMALLOC: return NECTAR_JSON_OUT_OF_MEMORY;
    case CAPACITY: return NECTAR_JSON_TOO_LARGE;
    case DEPTH_ERROR: return NECTAR_JSON_TOO_DEEP;
    case UTF8_ERROR: return NECTAR_JSON_INVALID_UTF8;
    case NUMBER_ERROR: return NECTAR_JSON_INVALID_NUMBER;
    case NUMBER_OUT_OF_RANGE: return NECTAR_JSON_INVALID_NUMBER;
    case EMPTY: return NECTAR_JSON_EMPTY;
    default: return NECTAR_JSON_MALFORMED;
    }
}

// What simdjson does not record: how much of the string buffer is in use, which the last string on the tape tells, and
// the true depth, from which simdjson leaves out empty arrays and objects. The tape can only be walked forwards,
// because the second word of a number may look like anything.
struct extent {
    size_t string_bytes;
    size_t depth;
};

extent measure(const uint64_t *words, size_t count, const uint8_t *strings) {
    uint64_t last = 0;
    bool any = false;
    size_t depth = 0, deepest = 0;
    for (size_t index = 1; index < count; index++) {
        switch (uint8_t(words[index] >> 56)) {
        case '"':
            last = words[index] & 0x00FFFFFFFFFFFFFF;
            any = true;
            break;
        case 'l': case 'u': case 'd': index++; break;
        case '[': case '{': deepest = std::max(deepest, ++depth); break;
        case ']': case '}': depth--; break;
        default: break;
        }
    }
    if (!any) return {0, deepest};
    uint32_t length;
    std::memcpy(&length, strings + last, sizeof length);
    return {size_t(last) + sizeof length + length + 1, deepest};
}

} // namespace

struct nectar_json_parser {
    size_t maximum_depth = 0;
    size_t capacity = 0;
    std::unique_ptr<uint8_t[]> input;
    std::unique_ptr<dom::parser> parser;
    dom::document document;
    nectar_json_member flat[NECTAR_JSON_FLAT_MEMBERS];

    // Powers of two, so that a run of slowly growing texts does not allocate for each.
    error_code grow(size_t length) noexcept {
        if (parser && length <= capacity) return SUCCESS;
        if (length > SIMDJSON_MAXSIZE_BYTES - SIMDJSON_PADDING) return CAPACITY;
        size_t wanted = 4096;
        while (wanted < length) wanted *= 2;
        if (wanted > SIMDJSON_MAXSIZE_BYTES) wanted = SIMDJSON_MAXSIZE_BYTES;
        release();
        input.reset(new (std::nothrow) uint8_t[wanted + SIMDJSON_PADDING]);
        parser.reset(new (std::nothrow) dom::parser(SIMDJSON_MAXSIZE_BYTES));
        if (!input || !parser) return MEMALLOC;
        // simdjson counts the document itself as a level.
        error_code code = parser->allocate(wanted, maximum_depth + 1);
        if (!code) code = document.allocate(wanted);
        if (code) { release(); return code; }
        capacity = wanted;
        return SUCCESS;
    }

    void release() noexcept {
        capacity = 0;
        input.reset();
        parser.reset();
        document = dom::document();
    }

    error_code parse(const uint8_t *bytes, size_t length) noexcept {
        error_code code = grow(length);
        if (code) return code;
        if (length) std::memcpy(input.get(), bytes, length);
        std::memset(input.get() + length, ' ', SIMDJSON_PADDING);
        return parser->parse_into_document(document, input.get(), length, false).error();
    }
};

nectar_json_parser *nectar_json_parser_create(size_t maximum_depth) {
    auto *parser = new (std::nothrow) nectar_json_parser();
    if (parser) parser->maximum_depth = maximum_depth;
    return parser;
}

void nectar_json_parser_destroy(nectar_json_parser *parser) { delete parser; }

nectar_json_status nectar_json_parse(
    nectar_json_parser *parser, const uint8_t *bytes, size_t length, nectar_json_tape *tape, const char **message) {
    const error_code code = parser->parse(bytes, length);
    *message = error_message(code);
    if (code) {
        if (code == MEMALLOC) parser->release();
        return status_of(code);
    }
    const uint64_t *words = parser->document.tape.get();
    const size_t count = size_t(words[0] & 0x00FFFFFFFFFFFFFF);
    const uint8_t *strings = parser->document.string_buf.get();
    const extent size = measure(words, count, strings);
    if (size.depth > parser->maximum_depth) {
        *message = error_message(DEPTH_ERROR);
        return NECTAR_JSON_TOO_DEEP;
    }
    *tape = {words, count, strings, size.string_bytes};
    return NECTAR_JSON_OK;
}

struct nectar_json_document {
    dom::document document;
};

nectar_json_document *nectar_json_take(nectar_json_parser *parser) {
    auto *taken = new (std::nothrow) nectar_json_document();
    if (!taken) return nullptr;
    taken->document = std::move(parser->document);
    parser->release();
    return taken;
}

void nectar_json_document_destroy(nectar_json_document *document) { delete document; }

// Members mostly come in the order of the names, so the search begins after the last one found.
static size_t find_name(
    const uint8_t *text, size_t length, const nectar_json_name *names, size_t count, size_t expected) {
    for (size_t step = 0; step < count; step++, expected++) {
        if (expected == count) expected = 0;
        if (names[expected].length == length && std::memcmp(names[expected].text, text, length) == 0) return expected;
    }
    return count;
}

const nectar_json_member *nectar_json_parse_flat(
    nectar_json_parser *parser, const uint8_t *bytes, size_t length, const nectar_json_name *names, size_t count) {
    if (count > NECTAR_JSON_FLAT_MEMBERS || parser->parse(bytes, length)) return nullptr;
    const uint64_t *words = parser->document.tape.get();
    const uint8_t *strings = parser->document.string_buf.get();
    if (uint8_t(words[1] >> 56) != '{') return nullptr;
    std::memset(parser->flat, 0, count * sizeof parser->flat[0]);
    const auto string_at = [strings](uint64_t word, uint32_t &length) {
        const uint8_t *start = strings + (word & 0x00FFFFFFFFFFFFFF);
        std::memcpy(&length, start, sizeof length);
        return start + sizeof length;
    };
    size_t index = 2, expected = 0;
    while (uint8_t(words[index] >> 56) == '"') {
        uint32_t size;
        const uint8_t *name = string_at(words[index], size);
        const size_t slot = find_name(name, size, names, count, expected);
        if (slot == count || parser->flat[slot].type) return nullptr;
        nectar_json_member &member = parser->flat[slot];
        const uint64_t word = words[++index];
        member.type = uint8_t(word >> 56);
        switch (member.type) {
        case '"':
            member.text = string_at(word, size);
            member.length = size;
            index += 1;
            break;
        case 'l': case 'd':
            member.bits = words[index + 1];
            index += 2;
            break;
        default: return nullptr;
        }
        expected = slot + 1;
    }
    return parser->flat;
}

void nectar_json_parser_trim(nectar_json_parser *parser, size_t length) {
    if (parser->capacity > length) parser->release();
}
