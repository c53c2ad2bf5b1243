internal import Locking

extension JSONParser {
    /// Of a parser that waits, the buffers for texts of so many bytes are kept: about fifteen times as much.
    private static let idleCapacity = 1 << 14
    private static let idle = LendingPool(limit: 16) { JSONParser() }

    /// Lends a parser of the default depth to `body`, which must not keep it; any thread may ask.
    ///
    /// For single texts: with a parser of its own a short one would mostly pay for the making of buffers.
    public static func lent<Result, Failure: Error>(
        to body: (JSONParser) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try idle.lend(tidy: { $0.trim(to: idleCapacity) }, to: body)
    }
}
