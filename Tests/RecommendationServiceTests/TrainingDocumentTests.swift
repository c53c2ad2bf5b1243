import Foundation
import Testing

@testable import RecommendationService

@Suite("What the documents say of training")
struct TrainingDocumentTests {
    @Test("every member of a request is named", arguments: TrainingRequest.members)
    func members(name: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try ["training.md", "training-methods.md"]
            .map { try String(contentsOf: root.appending(path: "docs/\($0)"), encoding: .utf8) }.joined()
        #expect(text.contains("`\(name)`"))
    }
}
