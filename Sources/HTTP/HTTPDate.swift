/// Moments as HTTP writes them: IMF-fixdate, always GMT (RFC 9110, section 5.6.7).
public enum HTTPDate {
    /// How many octets a date takes.
    public static var length: Int { 29 }

    /// `Sun, 06 Nov 1994 08:49:37 GMT` for these seconds since 1970, which are kept within the years 0 to 9999.
    public static func format(secondsSince1970 seconds: Int64) -> [UInt8] {
        let seconds = min(max(seconds, -62_167_219_200), 253_402_300_799)
        let (days, second) = floorDivide(seconds, by: 86_400)
        let date = civilDate(daysSince1970: days)
        let weekday = Int(floorDivide(days + 4, by: 7).remainder)
        var text: [UInt8] = []
        text.reserveCapacity(length)
        text.append(contentsOf: weekdayName(weekday).utf8)
        text.append(contentsOf: ", ".utf8)
        appendDigits(date.day, 2, to: &text)
        text.append(Octets.space)
        text.append(contentsOf: monthName(date.month).utf8)
        text.append(Octets.space)
        appendDigits(date.year, 4, to: &text)
        text.append(Octets.space)
        appendDigits(second / 3600, 2, to: &text)
        text.append(Octets.colon)
        appendDigits(second / 60 % 60, 2, to: &text)
        text.append(Octets.colon)
        appendDigits(second % 60, 2, to: &text)
        text.append(contentsOf: " GMT".utf8)
        return text
    }

    // Years begin in March, so that the leap day is the last one, and 400 of them have 146,097 days.
    private static func civilDate(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    private static func floorDivide(_ value: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private static func appendDigits(_ value: Int64, _ width: Int, to text: inout [UInt8]) {
        var divisor: Int64 = width == 4 ? 1000 : 10
        while divisor > 0 {
            text.append(0x30 + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    private static func weekdayName(_ weekday: Int) -> String {
        ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][weekday]
    }

    private static func monthName(_ month: Int64) -> String {
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][Int(month) - 1]
    }
}
