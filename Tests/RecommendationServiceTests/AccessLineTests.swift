import HTTP
import HTTPServer
import Logging
import Testing

@testable import RecommendationService

@Suite("Access log: a line")
struct AccessLineTests {
    private func metadata(of record: AccessRecord) -> [String: String] {
        AccessLine(record).metadata.mapValues { "\($0)" }
    }

    @Test("a line says what the record says")
    func members() {
        var record = AccessRecord(status: 200, requestID: "r1")
        record.method = .get
        record.version = .http11
        record.route = "/items/{id}"
        record.duration = .microseconds(1042)
        record.bytesIn = 80
        record.bytesOut = 300
        record.notedValue = "v7"
        let expected = [
            "method": "GET", "route": "/items/{id}", "status": "200", "duration_ms": "1.042", "bytes_in": "80",
            "bytes_out": "300", "request_id": "r1", "http": "1.1", "model": "v7",
        ]
        #expect(metadata(of: record) == expected)
        #expect(AccessLine(record).message == "GET /items/{id} 200")
        record.target = "/items/50?full=1"
        #expect(metadata(of: record)["target"] == "/items/50?full=1")
    }

    @Test("what is not known is a dash")
    func unknown() {
        let members = metadata(of: AccessRecord(status: 0, requestID: "r1"))
        for name in ["method", "route", "status", "duration_ms", "http", "model"] { #expect(members[name] == "-") }
        #expect(members["target"] == nil)
    }

    @Test(
        "nothing that a client sends can end a line or pass for another member",
        arguments: [
            ("plain-1.0~/", "plain-1.0~/"), ("a\nb", "a\\x0ab"), ("a\r\n\tb", "a\\x0d\\x0a\\x09b"),
            ("a status=500", "a\\x20status=500"), ("\"\\", "\\\"\\\\"), ("\u{7F}\u{1B}[2J\0", "\\x7f\\x1b[2J\\x00"),
            ("\u{85}\u{2028}é", "\\xc2\\x85\\xe2\\x80\\xa8\\xc3\\xa9"), ("", ""),
        ])
    func escaping(text: String, escaped: String) {
        #expect(AccessLine.escaped(text) == escaped)
        var record = AccessRecord(status: 200, requestID: text)
        record.route = "/x" + text
        record.target = text
        record.notedValue = text
        let members = metadata(of: record)
        #expect(members["route"] == "/x" + escaped)
        for name in ["request_id", "target", "model"] { #expect(members[name] == escaped) }
    }

    @Test(
        "durations are milliseconds to the microsecond",
        arguments: [
            (Duration.zero, "0.000"), (.nanoseconds(999), "0.000"), (.microseconds(1), "0.001"),
            (.microseconds(999), "0.999"), (.milliseconds(1), "1.000"), (.seconds(61) + .microseconds(20), "61000.020"),
            (.nanoseconds(-5), "0.000"),
        ])
    func durations(duration: Duration, text: String) {
        #expect(AccessLine.milliseconds(duration) == text)
    }
}
