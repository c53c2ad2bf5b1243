/// The fields that the server adds to nearly every answer, as they stand in it: Date, X-Request-ID and Content-Length.
///
/// Made once a second, so that an answer copies them in one piece and only fills in what is its own.
public struct HTTPCommonFields: Sendable {
    /// Octets of the name of a request that the server made up itself.
    public static var requestIDLength: Int { 32 }

    /// `Date: …`, `X-Request-ID: ` with room for the name, `Content-Length: `, and room for a few octets more.
    ///
    /// In place: an array of them would be one more reference to count in every answer.
    private(set) var octets = InlineArray<112, UInt8>(repeating: 0x30)
    /// The octets that are used.
    let count: Int
    /// The date line with its end.
    let dateLine: Range<Int>
    /// Where the name belongs.
    let requestIDStart: Int

    /// With this IMF-fixdate, which is 29 octets long.
    public init(date: [UInt8]) {
        let dateFields = Array("Date: ".utf8) + date + Array("\r\n".utf8)
        let nameStart = dateFields + Array("X-Request-ID: ".utf8)
        let all =
            nameStart + Array(repeating: 0x30, count: Self.requestIDLength) + Array("\r\nContent-Length: ".utf8)
        precondition(all.count <= octets.count, "an IMF-fixdate has 29 octets")
        for index in all.indices { octets[index] = all[index] }
        count = all.count
        dateLine = 0..<dateFields.count
        requestIDStart = nameStart.count
    }
}
