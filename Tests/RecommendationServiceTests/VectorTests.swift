import InteractionStorage
import JSON
import TestSupport
import Testing

@Suite("Content vectors of items", .timeLimit(.minutes(1)))
struct VectorTests {
    private func expectMisfit(
        _ service: TestService, _ method: String, _ item: String, _ vectors: String, words: String
    ) throws {
        let refusal = Refusal(
            method, "/items/\(item)", "{\"vectors\": \(vectors)}", 422, [("/vectors/v", words)])
        try refusal.check(with: service)
    }

    @Test("a vector is given back as it came, merged by name, and taken away by null")
    func merged() throws {
        let service = try TestService()
        let put = try service.ask("PUT", "/items/a", #"{"vectors": {"text": [0.1, -2, 1e-30], "image": [3]}}"#)
        #expect(put.status == 201)
        #expect(put.json["vectors"]?["text"]?.elements.compactMap(\.double).map { Float($0) } == [0.1, -2, 1e-30])
        _ = try service.ask("PATCH", "/items/a", #"{"vectors": {"text": null, "image": [4]}}"#)
        let item = try service.get("/items/a").json
        #expect(item["vectors"]?["text"] == nil && item["vectors"]?["image"]?[0]?.double == 4)
        _ = try service.ask("PATCH", "/items/a", #"{"vectors": null}"#)
        #expect(try service.get("/items/a").json["vectors"] == nil)
    }

    @Test("vectors of one name have one length; who alone has one may change it")
    func dimensions() throws {
        let service = try TestService()
        #expect(try service.ask("PUT", "/items/a", #"{"vectors": {"v": [1, 2]}}"#).status == 201)
        try expectMisfit(service, "PUT", "b", #"{"v": [1, 2, 3]}"#, words: "have 2")
        #expect(try service.ask("PATCH", "/items/a", #"{"vectors": {"v": [1, 2, 3]}}"#).status == 200)
        #expect(try service.ask("PUT", "/items/b", #"{"vectors": {"v": [1, 2, 3]}}"#).status == 201)
        try expectMisfit(service, "PATCH", "b", #"{"v": [1]}"#, words: "have 3")
        for item in ["a", "b"] { _ = try service.ask("DELETE", "/items/\(item)") }
        #expect(try service.ask("PUT", "/items/b", #"{"vectors": {"v": [1]}}"#).status == 201)
    }

    @Test("after a restart lengths are known as before")
    func restarted() throws {
        let store = InMemoryInteractionStore()
        try store.putItems([Item(id: "a", vectors: ["v": [1, 2]])])
        try expectMisfit(TestService(store: store), "PUT", "b", #"{"v": [1]}"#, words: "have 2")
    }
}
