import HTTP
import HTTPServer
import Logging

/// A record as a line of the log says it.
struct AccessLine {
    let metadata: Logger.Metadata
    let message: Logger.Message

    /// Everything that is not known is `-`. What clients have a say in is escaped.
    init(_ record: AccessRecord) {
        let method = record.method?.rawValue ?? "-"
        let route = record.route.isEmpty ? "-" : Self.escaped(record.route)
        let status = record.status == 0 ? "-" : "\(record.status)"
        var metadata: Logger.Metadata = [
            "method": "\(method)", "route": "\(route)", "status": "\(status)",
            "duration_ms": "\(record.duration.map(Self.milliseconds) ?? "-")",
            "bytes_in": "\(record.bytesIn)", "bytes_out": "\(record.bytesOut)",
            "request_id": "\(Self.escaped(record.requestID))",
            "http": "\(record.version.map { "\($0.major).\($0.minor)" } ?? "-")",
            "model": "\(record.notedValue.map(Self.escaped) ?? "-")",
        ]
        if let target = record.target { metadata["target"] = "\(Self.escaped(target))" }
        self.metadata = metadata
        message = "\(method) \(route) \(status)"
    }

    /// Milliseconds to the microsecond: `0.042`.
    static func milliseconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let microseconds = max(0, seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        let fraction = "\(microseconds % 1000)"
        return "\(microseconds / 1000).\(String(repeating: "0", count: 3 - fraction.utf8.count))\(fraction)"
    }

    /// `text` with quotes and backslashes escaped, and every octet that is no visible ASCII as `\xHH`: nothing in it can
    /// end a line, or be taken for the member beside it.
    static func escaped(_ text: String) -> String {
        func isPlain(_ octet: UInt8) -> Bool {
            (0x21...0x7E).contains(octet) && octet != UInt8(ascii: "\"") && octet != UInt8(ascii: "\\")
        }
        guard !text.utf8.allSatisfy(isPlain) else { return text }
        var escaped = ""
        for octet in text.utf8 {
            let scalar = Unicode.Scalar(octet)
            if isPlain(octet) {
                escaped.unicodeScalars.append(scalar)
            } else if octet == UInt8(ascii: "\"") || octet == UInt8(ascii: "\\") {
                escaped += "\\\(scalar)"
            } else {
                escaped += "\\x\(octet < 16 ? "0" : "")\(String(octet, radix: 16))"
            }
        }
        return escaped
    }
}
