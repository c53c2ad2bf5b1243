import InteractionStorage
import JSON
import TestSupport
import Testing

@Suite("/users: what is known of people", .timeLimit(.minutes(1)))
struct UserTests {
    @Test("a user is created, read, replaced, changed and listed")
    func life() throws {
        let service = try TestService()
        let created = try service.ask(
            "PUT", "/users/7", #"{"tags": ["vip"], "attributes": {"age": 33, "city": "Turin"}}"#)
        #expect(created.status == 201)
        #expect(created.json["user_id"]?.string == "7")
        #expect(try service.get("/users/7").text == created.text)
        let replaced = try service.ask("PUT", "/users/7", #"{"attributes": {"age": 34, "city": "Turin"}}"#)
        #expect(replaced.status == 200 && replaced.json["tags"] == nil)
        let patched = try service.ask("PATCH", "/users/7", #"{"tags": ["new"], "attributes": {"city": null}}"#)
        #expect(patched.json["tags"]?.elements.map(\.string) == ["new"])
        #expect(patched.json["attributes"]?["age"]?.double == 34 && patched.json["attributes"]?["city"] == nil)
        let many = try service.post("/users", #"{"users": [{"user_id": "8"}, {"user_id": 9}, {"user_id": "7"}]}"#)
        #expect(many.json["stored"]?.int == 3 && many.json["created"]?.int == 2)
        let first = try service.get("/users?limit=2")
        #expect(first.json["users"]?.elements.map { $0["user_id"]?.string } == ["7", "8"])
        #expect(first.json["next"]?.string == "8")
        let second = try service.get("/users?limit=2&cursor=8")
        #expect(second.json["users"]?.elements.map { $0["user_id"]?.string } == ["9"])
        #expect(second.json["next"]?.kind == .null)
    }

    @Test("what is wrong is named, and nothing of it is kept")
    func faults() throws {
        let service = try TestService()
        try service.get("/users/nobody").expectProblem(404)
        try service.ask("PATCH", "/users/nobody", "{}").expectProblem(404)
        let typo = try service.ask("PUT", "/users/1", #"{"tag": ["a"]}"#)
        typo.expectProblem(422)
        #expect(typo.faults.first?.pointer == "/tag")
        let list = try service.post(
            "/users", #"{"users": [{"user_id": "1"}, {"tags": []}, {"user_id": "2", "tags": 5}]}"#)
        list.expectProblem(422)
        #expect(list.faults.map(\.pointer) == ["/users/1/user_id", "/users/2/tags"])
        try service.ask("PUT", "/users/1?partial=true", "{}").expectProblem(400)
        try service.ask("DELETE", "/users/%07").expectProblem(400)
        #expect(try service.store.counts == StoreCounts())
    }

    @Test("an export holds the record, everything done, and the model that knows the person")
    func export() throws {
        let service = try TestService.trained()
        _ = try service.ask("PUT", "/users/u3", #"{"tags": ["vip"]}"#)
        let export = try service.get("/users/u3/export")
        #expect(export.json["user"]?["tags"]?.elements.map(\.string) == ["vip"])
        let items = export.json["interactions"]?.elements.compactMap { $0["item_id"]?.string } ?? []
        #expect(Set(items) == Checkerboard.items(of: 3))
        #expect(export.json["model"]?.string == "v1")
        try service.get("/users/nobody/export").expectProblem(404)
    }
}
