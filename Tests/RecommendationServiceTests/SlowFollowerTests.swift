import Testing

@testable import HTTPServer
@testable import RecommendationService

@Suite("Who follows a job too slowly")
struct SlowFollowerTests {
    @Test("is cut off rather than left waiting for an end that was thrown away")
    func cutOff() {
        let job = TrainingJob(id: "1", request: TrainingRequest(), createdAt: 0)
        let events = TrainingEvents(of: job, clock: WallClock { 0 }, bufferLimit: 10)
        events.begin()
        job.flushNotices()
        let portion = events.stream.take()
        #expect(portion.isAborted && portion.bytes.isEmpty)
    }

    @Test("gets what fits, and one end however often it is told")
    func fits() {
        let job = TrainingJob(id: "1", request: TrainingRequest(), createdAt: 0)
        let events = TrainingEvents(of: job, clock: WallClock { 0 })
        events.begin()
        job.update { $0.state = .running }
        job.update { $0.state = .cancelled }
        job.update { $0.state = .failed }
        job.flushNotices()
        let portion = events.stream.take()
        let text = String(decoding: portion.bytes, as: UTF8.self)
        #expect(!portion.isAborted && portion.isFinished)
        #expect(text.ranges(of: "event: end\n").count == 1 && text.hasSuffix("\nid: 2\n\n"), "\(text)")
    }
}
