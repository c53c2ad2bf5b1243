/// The fields that the server adds to nearly every answer, as they stand in it: Date, X-Request-ID and Content-Length.
///
/// Made once a second, so that an answer copies them in one piece and only fills in what is its own.
public struct HTTPCommonFields: Sendable {
    /// Octets of the name of a request that the server made up itself.
    public static var requestIDLength: Int { 32 }

    /// `Date: …`, `X-Request-ID: ` with room for the name, `Content-Length: `.
    let octets: [UInt8]
    /// The date line with its end.
    let dateLine: Range<Int>
    /// Where the name belongs.
    let requestIDStart: Int

    /// With this IMF-fixdate.
    public init(date: [UInt8]) {
        var octets = Array("Date: ".utf8) + date + Array("\r\n".utf8)
        dateLine = 0..<octets.count
        octets += Array("X-Request-ID: ".utf8)
        requestIDStart = octets.count
        octets += Array(repeating: 0x30, count: Self.requestIDLength)
        octets += Array("\r\nContent-Length: ".utf8)
        self.octets = octets
    }
}
