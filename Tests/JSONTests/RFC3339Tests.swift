import JSON
import TestSupport
import Testing

@Suite("RFC3339")
struct RFC3339Tests {
    @Test(
        "strict date-times are read",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01t00:00:00z", 0), ("1970-01-01T00:00:00.001Z", 1),
            ("1969-12-31T23:59:59.999Z", -1), ("1997-12-04T22:55:49Z", 881_276_149_000),
            ("1985-04-12T23:20:50.52Z", 482_196_050_520), ("1996-12-19T16:39:57-08:00", 851_042_397_000),
            ("1937-01-01T12:00:27.87+00:20", -1_041_337_172_130), ("2000-02-29T00:00:00Z", 951_782_400_000),
            ("2026-03-01T12:30:00.1239999999999Z", 1_772_368_200_123), ("1970-01-01T00:00:00.5Z", 500),
            ("1970-01-01T05:30:00+05:30", 0), ("1969-12-31T18:30:00-05:30", 0), ("1970-01-01T00:00:00-00:00", 0),
            ("1970-01-02T23:59:00+23:59", 86_400_000), ("0000-01-01T00:00:00Z", -62_167_219_200_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999), ("2038-01-19T03:14:08Z", 2_147_483_648_000),
            // Leap seconds: the next day's first moment.
            ("1990-12-31T23:59:60Z", 662_688_000_000), ("1990-12-31T15:59:60-08:00", 662_688_000_000),
            ("1990-12-31T23:59:60.9Z", 662_688_000_000), ("1969-12-31T23:59:60Z", 0),
        ] as [(String, Int64)])
    func parses(text: String, milliseconds: Int64) {
        #expect(RFC3339.parse(text) == milliseconds)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "", "1970", "1970-01-01", "1970-01-01T00:00:00", "1970-01-01T00:00Z", "1970-01-01 00:00:00Z",
            "1970-1-01T00:00:00Z", "70-01-01T00:00:00Z", "19700101T000000Z", "+1970-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "1970-00-01T00:00:00Z", "1970-13-01T00:00:00Z",
            "1970-01-00T00:00:00Z", "1970-01-32T00:00:00Z", "1970-04-31T00:00:00Z", "1970-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2000-02-30T00:00:00Z", "1970-01-01T24:00:00Z",
            "1970-01-01T00:60:00Z", "1970-01-01T00:00:61Z", "1970-01-01T00:00:60Z", "1990-12-31T23:58:60Z",
            "1990-12-31T23:59:60-08:00", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00,5Z", "1970-01-01T00:00:00.5",
            "1970-01-01T00:00:00+0100", "1970-01-01T00:00:00+01", "1970-01-01T00:00:00+24:00",
            "1970-01-01T00:00:00+01:60", "1970-01-01T00:00:00 Z", " 1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z ",
            "1970-01-01T00:00:00Zx", "1970-01-01T00:00:00ZZ", "１970-01-01T00:00:00Z", "1970-01-01T00:00:-1Z",
            "1970-01-01T00:00:00\u{2212}01:00", "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
            "9999-12-31T23:59:60Z", "1970/01/01T00:00:00Z",
        ])
    func refuses(text: String) {
        #expect(RFC3339.parse(text) == nil)
    }

    @Test(
        "milliseconds are written only when there are any",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (1, "1970-01-01T00:00:00.001Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (120, "1970-01-01T00:00:00.120Z"), (951_782_400_000, "2000-02-29T00:00:00Z"),
            (-86_400_000, "1969-12-31T00:00:00Z"), (RFC3339.earliest, "0000-01-01T00:00:00Z"),
            (RFC3339.latest, "9999-12-31T23:59:59.999Z"), (881_250_949_000, "1997-12-04T15:55:49Z"),
        ] as [(Int64, String)])
    func formats(milliseconds: Int64, text: String) {
        #expect(RFC3339.format(milliseconds: milliseconds) == text)
        #expect(RFC3339.parse(text) == milliseconds)
    }

    @Test("every day of the calendar follows the one before, from 0000 to 9999")
    func calendar() {
        // The oracle counts days one by one.
        var expected = RFC3339.earliest
        for year in 0...9999 {
            let isLeap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0)
            for (month, days) in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated() {
                // First and last day of the month are enough: within a month days are added.
                for day in [1, days] {
                    let text = "\(padded(year, 4))-\(padded(month + 1, 2))-\(padded(day, 2))T00:00:00Z"
                    let moment = expected + Int64(day - 1) * 86_400_000
                    if RFC3339.parse(text) != moment || RFC3339.format(milliseconds: moment) != text {
                        Issue.record("\(text) is not \(moment)")
                        return
                    }
                }
                expected += Int64(days) * 86_400_000
            }
        }
        #expect(expected == RFC3339.latest + 1)
    }

    private func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: width - digits.count) + digits
    }

    @Test("what is written reads back as the same moment", arguments: 0..<4)
    func roundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2000 {
            let moment = Int64.random(in: RFC3339.earliest...RFC3339.latest, using: &random)
            #expect(RFC3339.parse(RFC3339.format(milliseconds: moment)) == moment, "seed \(seed)")
        }
    }
}
