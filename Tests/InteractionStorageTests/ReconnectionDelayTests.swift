import TestSupport
import Testing

@testable import InteractionStorage

@Suite("When a server is tried again")
struct ReconnectionDelayTests {
    @Test("delays double up to a limit, each between a half and the whole, and a success begins anew")
    func doubling() {
        var random = SeededGenerator(seed: 1)
        var delay = ReconnectionDelay()
        var now = ContinuousClock.now
        #expect(delay.refusal(at: now) == nil)
        for whole in [100, 200, 400, 800, 1600, 3000, 3000, 3000] {
            delay.failed("why \(whole)", at: now, using: &random)
            #expect(delay.refusal(at: now + .milliseconds(whole) / 2 - .microseconds(1)) == "why \(whole)")
            #expect(delay.refusal(at: now + .milliseconds(whole)) == nil)
            now += .seconds(10)
        }
        delay.succeeded()
        #expect(delay.refusal(at: now) == nil)
        delay.failed("again", at: now, using: &random)
        #expect(delay.refusal(at: now + .milliseconds(100)) == nil)
    }

    @Test("who fails at one moment does not come back at one moment")
    func jitter() {
        var random = SeededGenerator(seed: 2)
        let now = ContinuousClock.now
        let waiting = (0..<1000).count { _ in
            var delay = ReconnectionDelay()
            delay.failed("why", at: now, using: &random)
            return delay.refusal(at: now + .milliseconds(75)) != nil
        }
        #expect((400...600).contains(waiting), "\(waiting)")
    }
}
