/// Moments as text (RFC 3339, "Date and Time on the Internet"), in Unix milliseconds.
public struct RFC3339: Sendable {
    /// 0000-01-01T00:00:00Z.
    public static let earliest: Int64 = -62_167_219_200_000
    /// 9999-12-31T23:59:59.999Z.
    public static let latest: Int64 = 253_402_300_799_999

    /// The moment `text` names, nil when it is not exactly an RFC 3339 `date-time`.
    ///
    /// `T` and `Z` may be lower case; a space for `T` is refused. Digits of the fraction beyond milliseconds are cut off.
    /// Second 60 is accepted only where a leap second can be, at 23:59:60 UTC, and means the next day's 00:00:00,
    /// its fraction ignored, since Unix time has no number for it. An offset may carry the moment out of the years
    /// 0000 to 9999; then it is refused.
    public static func parse(_ text: String) -> Int64? {
        var text = text
        return text.withUTF8 { unsafe parse($0.span) }
    }

    /// The moment `utf8` names; see ``parse(_:)-(String)``.
    public static func parse(_ utf8: Span<UInt8>) -> Int64? {
        var scanner = Scanner()
        guard let year = scanner.digits(4, utf8), scanner.take("-", utf8),
            let month = scanner.digits(2, utf8), scanner.take("-", utf8), let day = scanner.digits(2, utf8),
            scanner.take("T", utf8) || scanner.take("t", utf8),
            let hour = scanner.digits(2, utf8), scanner.take(":", utf8), let minute = scanner.digits(2, utf8),
            scanner.take(":", utf8),
            let second = scanner.digits(2, utf8), let millisecond = scanner.fraction(utf8),
            let offset = scanner.offsetMinutes(utf8),
            scanner.position == utf8.count
        else { return nil }
        guard 1...12 ~= month, 1...daysInMonth(month, of: year) ~= day, hour < 24, minute < 60, second <= 60 else {
            return nil
        }
        let minutes = (Int64(daysSinceEpoch(year, month, day)) * 24 + Int64(hour)) * 60 + Int64(minute) - Int64(offset)
        if second == 60 {
            guard minutes % 1440 == 1439 || minutes % 1440 == -1 else { return nil }
            return inRange((minutes + 1) * 60_000)
        }
        return inRange(minutes * 60_000 + Int64(second) * 1000 + Int64(millisecond))
    }

    private static func inRange(_ milliseconds: Int64) -> Int64? {
        earliest...latest ~= milliseconds ? milliseconds : nil
    }

    /// The moment as UTC text, `2026-03-01T12:30:00Z`, with three digits of fraction only when there are milliseconds.
    ///
    /// `milliseconds` is within the years 0000 to 9999.
    public static func format(milliseconds: Int64) -> String {
        String(decoding: formatted(milliseconds), as: UTF8.self)
    }

    static func formatted(_ milliseconds: Int64) -> [UInt8] {
        precondition(earliest...latest ~= milliseconds, "\(milliseconds) ms is outside the years 0000 to 9999")
        let dayLength: Int64 = 86_400_000
        let days = milliseconds >= 0 ? milliseconds / dayLength : (milliseconds - dayLength + 1) / dayLength
        let rest = Int(milliseconds - days * dayLength)
        let (year, month, day) = date(daysSinceEpoch: Int(days))
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        let parts = [
            (year, 4, "-"), (month, 2, "-"), (day, 2, "T"), (rest / 3_600_000, 2, ":"), (rest / 60_000 % 60, 2, ":"),
            (rest / 1000 % 60, 2, rest % 1000 == 0 ? "Z" : "."),
        ]
        for (number, width, separator) in parts { append(number, width, separator, to: &bytes) }
        if rest % 1000 != 0 { append(rest % 1000, 3, "Z", to: &bytes) }
        return bytes
    }

    private static func append(_ number: Int, _ width: Int, _ separator: String, to bytes: inout [UInt8]) {
        var divisor = [1, 10, 100, 1000][width - 1]
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
        bytes.append(contentsOf: separator.utf8)
    }

    static func daysInMonth(_ month: Int, of year: Int) -> Int {
        if month == 2 { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28 }
        return [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    // Proleptic Gregorian calendar with years that begin in March, so that the leap day comes last: day 0 of an era of
    // 400 years (146 097 days) is March 1; 719 468 days lie between 0000-03-01 and 1970-01-01.

    static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    static func date(daysSinceEpoch days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    /// Takes the grammar's pieces off the front of a text.
    private struct Scanner {
        var position = 0

        mutating func digit(_ bytes: Span<UInt8>) -> Int? {
            guard position < bytes.count, case let byte = bytes[position], byte &- 0x30 < 10 else { return nil }
            position += 1
            return Int(byte - 0x30)
        }

        mutating func digits(_ count: Int, _ bytes: Span<UInt8>) -> Int? {
            var number = 0
            for _ in 0..<count {
                guard let digit = digit(bytes) else { return nil }
                number = number * 10 + digit
            }
            return number
        }

        mutating func take(_ character: Unicode.Scalar, _ bytes: Span<UInt8>) -> Bool {
            guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
            position += 1
            return true
        }

        /// Milliseconds of an optional fraction; nil when there is a point and no digit.
        mutating func fraction(_ bytes: Span<UInt8>) -> Int? {
            guard take(".", bytes) else { return 0 }
            guard var milliseconds = digit(bytes) else { return nil }
            var count = 1
            while let digit = digit(bytes) {
                if count < 3 { milliseconds = milliseconds * 10 + digit }
                count += 1
            }
            while count < 3 {
                milliseconds *= 10
                count += 1
            }
            return milliseconds
        }

        mutating func offsetMinutes(_ bytes: Span<UInt8>) -> Int? {
            if take("Z", bytes) || take("z", bytes) { return 0 }
            let isWest = take("-", bytes)
            guard isWest || take("+", bytes) else { return nil }
            guard let hours = digits(2, bytes), take(":", bytes), let minutes = digits(2, bytes), hours < 24,
                minutes < 60
            else { return nil }
            return isWest ? -(hours * 60 + minutes) : hours * 60 + minutes
        }
    }
}
