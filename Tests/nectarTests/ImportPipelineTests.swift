import InteractionFormats
import TestSupport
import Testing

@testable import nectar

@Suite("The pipeline of an import", .timeLimit(.minutes(1)))
struct ImportPipelineTests {
    private struct Full: Error {}

    @Test("whoever takes its pieces may stop at any of them, and it is let go of", arguments: 0...8)
    func abandoned(pieces: Int) throws {
        let folder = try TemporaryDirectory()
        let rows = (0..<100_000).map { "{\"user_id\": \($0), \"item_id\": 1}\n" }.joined()
        try folder.write("rows.ndjson", rows)
        var taken = 0
        #expect(throws: Full.self) {
            try ImportPipeline(DatasetReader(layout: .ndjson, path: folder.file("rows.ndjson"))).run { _ in
                guard taken < pieces else { throw Full() }
                taken += 1
            }
        }
        #expect(taken == pieces)
    }
}
