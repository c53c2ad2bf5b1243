import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("/recommend and /predict: what is refused", .timeLimit(.minutes(1)))
struct RecommendationRefusalTests {
    private static func recommend(_ body: String, _ faults: (pointer: String, words: String)...) -> Refusal {
        Refusal("POST", "/recommend", body, 422, faults)
    }

    private static func conditions(_ count: Int) -> String {
        Array(repeating: #"{"attribute": "x", "at_least": 1}"#, count: count).joined(separator: ",")
    }

    private static func groups(_ count: Int, of empty: Int) -> String {
        let group = "{\"all\": [\(Array(repeating: "{\"all\": []}", count: empty).joined(separator: ","))]}"
        return Array(repeating: group, count: count).joined(separator: ",")
    }

    private static func predict(_ body: String, _ faults: (pointer: String, words: String)...) -> Refusal {
        Refusal("POST", "/predict", body, 422, faults)
    }

    private static func get(
        _ target: String, _ faults: (pointer: String, words: String)..., says: String = ""
    ) -> Refusal {
        Refusal("GET", target, nil, 400, faults, says: says)
    }

    @Test(
        "POST /recommend",
        arguments: [
            Refusal("POST", "/recommend", "", 400, says: "empty"),
            Refusal("POST", "/recommend", "{", 400, says: "JSON"),
            Refusal("POST", "/recommend", "{}", 415, type: "text/csv"),
            Refusal("POST", "/recommend?limit=5", #"{"user_id": "a"}"#, 400, [("?limit", "unknown parameter")]),
            recommend("[]", ("", "expected an object")),
            recommend("{}", ("", "for whom")),
            recommend(#"{"history": []}"#, ("", "for whom")),
            recommend(#"{"user": "a"}"#, ("/user", "did you mean"), ("", "for whom")),
            recommend(#"{"user_id": "a", "user_id": "a"}"#, ("/user_id", "more than once")),
            recommend(#"{"user_id": []}"#, ("/user_id", "array")),
            recommend(#"{"user_id": "a", "limit": -1}"#, ("/limit", "1 to 1000")),
            recommend(#"{"user_id": "a", "limit": 0}"#, ("/limit", "1 to 1000")),
            recommend(#"{"user_id": "a", "limit": 1001}"#, ("/limit", "1 to 1000")),
            recommend(#"{"user_id": "a", "limit": 2.5}"#, ("/limit", "2.5")),
            recommend(#"{"user_id": "a", "limit": "10"}"#, ("/limit", "integer")),
            recommend(#"{"user_id": "a", "exclude_seen": "no"}"#, ("/exclude_seen", "true or false")),
            recommend(#"{"user_id": "a", "candidates": "b"}"#, ("/candidates", "array")),
            recommend(#"{"user_id": "a", "exclude": ["b", {}]}"#, ("/exclude/1", "object")),
            recommend(
                #"{"user_id": "a", "history": ["", 1, "x\u0001"]}"#, ("/history/0", "empty"), ("/history/2", "control")),
            recommend(#"{"user_id": "a", "fields": ["title", 1]}"#, ("/fields/1", "string")),
            recommend(#"{"user_id": "a", "filter": []}"#, ("/filter", "expected an object")),
            recommend(#"{"user_id": "a", "filter": {}}"#, ("/filter", "found none of them")),
            recommend(
                #"{"user_id": "a", "filter": {"al": []}}"#, ("/filter/al", "did you mean \"all\""),
                ("/filter", "expected")),
            recommend(#"{"user_id": "a", "filter": {"all": [], "not": {}}}"#, ("/filter", "found \"all\" and \"not\"")),
            recommend(#"{"user_id": "a", "filter": {"any": []}}"#, ("/filter/any", "from 1 to")),
            recommend(#"{"user_id": "a", "filter": {"all": {}}}"#, ("/filter/all", "array")),
            recommend(#"{"user_id": "a", "filter": {"not": 5}}"#, ("/filter/not", "object")),
            recommend(
                #"{"user_id": "a", "filter": {"all": [{"attribute": "x"}, {"attribute": 1, "any_of": [1]}]}}"#,
                ("/filter/all/0", "found none of them"), ("/filter/all/1/attribute", "string")),
            recommend(
                #"{"user_id": "a", "filter": {"all": [], "any_of": ["x"]}}"#, ("/filter/any_of", "for an \"attribute\"")
            ),
            recommend(
                #"{"user_id": "a", "filter": {"attribute": "x", "any_of": ["y"], "at_least": 1}}"#,
                ("/filter", "found \"any_of\" and \"at_least\"")),
            recommend(
                #"{"user_id": "a", "filter": {"attribute": "x", "any_of": ["y", [], null]}}"#,
                ("/filter/any_of/1", "expected a text"), ("/filter/any_of/2", "expected a text")),
            recommend(
                #"{"user_id": "a", "filter": {"attribute": "x", "all_of": []}}"#, ("/filter/all_of", "from 1 to 1000")),
            recommend(
                #"{"user_id": "a", "filter": {"attribute": "x", "at_least": "tomorrow"}}"#,
                ("/filter/at_least", "RFC 3339")),
            recommend(
                #"{"user_id": "a", "filter": {"attribute": "x", "at_most": true}}"#, ("/filter/at_most", "number")),
            recommend(
                #"{"user_id": "a", "filter": {"attribute": "x", "at_least": 2, "at_most": 1}}"#,
                ("/filter", "nothing is")),
            recommend(
                #"{"user_id": "a", "filter": {"attribute": "x", "at_least": 2, "at_most": "2026-01-01T00:00:00Z"}}"#,
                ("/filter", "two numbers or two times")),
            recommend(
                "{\"user_id\": \"a\", \"filter\": \(String(repeating: "{\"not\":", count: 16)){}\(String(repeating: "}", count: 17))",
                ("/filter/not/not/not/not/not/not/not/not/not/not/not/not/not/not/not/not", "16 deep")),
            recommend(
                "{\"user_id\": \"a\", \"filter\": {\"any\": [{\"any\": [\(Self.conditions(60))]}, {\"any\": [\(Self.conditions(60))]}]}}",
                ("/filter/any/1/any/40", "at most 100 conditions")),
            recommend(
                "{\"user_id\": \"a\", \"filter\": {\"all\": [\(Self.groups(3, of: 80))]}}",
                ("/filter/all/2/all/36", "at most 200 filters")),
            recommend(
                "{\"user_id\": \"a\", \"filter\": {\"attribute\": \"x\", \"any_of\": [\"\(String(repeating: "y", count: 65_537))\"]}}",
                ("/filter/any_of/0", "65536")),
            recommend(
                #"{"user_id": "a", "filter": {"attribute": "x", "all_of": [9007199254740993]}}"#,
                ("/filter/all_of/0", "beyond 2^53")),
            recommend(
                #"{"user_id": "a", "boost": [{"factor": 2}, {"filter": {"all": []}}, 5, {"filter": {"any": []}, "factor": "x"}]}"#,
                ("/boost/0/filter", "required"), ("/boost/1/factor", "required"), ("/boost/2", "object"),
                ("/boost/3/filter/any", "1"), ("/boost/3/factor", "number")),
            recommend(
                #"{"user_id": "a", "boost": [{"filter": {"all": []}, "factor": 0}, {"filter": {"all": []}, "factor": -1}]}"#,
                ("/boost/0/factor", "above 0"), ("/boost/1/factor", "0")),
            recommend(
                "{\"user_id\": \"a\", \"boost\": [\(Array(repeating: "{}", count: 5).joined(separator: ","))]}",
                ("/boost", "4")),
            recommend(
                "{\"user_id\": \"a\", \"filter\": {\"any\": [\(Self.conditions(60))]}, \"boost\": [{\"filter\": {\"any\": [\(Self.conditions(60))]}, \"factor\": 2}]}",
                ("/boost/0/filter/any/40", "at most 100 conditions")),
            recommend(
                "{\"user_id\": \"a\", \"boost\": [{\"filter\": {\"attribute\": \"x\", \"any_of\": [\"\(String(repeating: "y", count: 40_000))\", \"\(String(repeating: "z", count: 40_000))\"]}, \"factor\": 2}]}",
                ("/boost", "65536 bytes")),
            recommend(#"{"user_id": "a", "diversity": 1.1}"#, ("/diversity", "from 0 to 1")),
            recommend(#"{"user_id": "a", "diversity": 0.1, "limit": 101}"#, ("/limit", "at most 100")),
            recommend(
                "{\"users\": [\(Array(repeating: "{\"user_id\": 1}", count: 101).joined(separator: ","))], \"diversity\": 1}",
                ("/diversity", "1000 items in all, not 1010")),
            recommend(#"{"user_id": "a", "diversity": false}"#, ("/diversity", "number")),
            recommend(#"{"users": [{"user_id": "a"}], "explain": true, "limit": 101}"#, ("/limit", "at most 100")),
            recommend(
                "{\"users\": [\(Array(repeating: "{\"user_id\": 1}", count: 101).joined(separator: ","))], \"explain\": true}",
                ("/explain", "1000 items in all, not 1010")),
            recommend(#"{"user_id": "a", "explain": true, "limit": 101}"#, ("/limit", "at most 100")),
            recommend(#"{"user_id": "a", "explain": 0}"#, ("/explain", "true or false")),
            recommend(#"{"user_id": "a", "cursor": false}"#, ("/cursor", "string")),
            recommend(#"{"user_id": "a", "cursor": ""}"#, ("/cursor", "next")),
            recommend(#"{"user_id": "a", "cursor": "abcdefg"}"#, ("/cursor", "next")),
            recommend(#"{"user_id": "a", "cursor": "abcde+"}"#, ("/cursor", "next")),
            recommend(
                "{\"user_id\": \"a\", \"cursor\": \"\(String(repeating: "abcdef", count: 995))\"}",
                ("/cursor", "1000 items far: 995 were shown, and 10")),
            recommend(#"{"users": [{"user_id": "a"}], "cursor": "abcdef"}"#, ("/cursor", "one user")),
            recommend(#"{"users": [{"user_id": "a", "cursor": "abcdef"}]}"#, ("/users/0/cursor", "unknown")),
            recommend(#"{"user_id": "a", "deadline_ms": -1}"#, ("/deadline_ms", "from 0 to 60000")),
            recommend(#"{"user_id": "a", "deadline_ms": 0.5}"#, ("/deadline_ms", "integer")),
            recommend(#"{"users": {}}"#, ("/users", "array")),
            recommend(#"{"users": [{"user_id": "a"}], "user_id": "b"}"#, ("/users", "not both")),
            recommend(
                #"{"users": [{"user_id": "a"}, 5, {"limit": 1}]}"#,
                ("/users/1", "object"), ("/users/2/limit", "unknown"), ("/users/2", "for whom")),
            recommend(#"{"users": [{}]}"#, ("/users/0", "for whom")),
        ])
    func recommendBody(refusal: Refusal) throws {
        try refusal.check(with: TestService())
    }

    @Test(
        "GET /recommend",
        arguments: [
            get("/recommend", says: "user_id"),
            get("/recommend?user_id=", ("?user_id", "empty")),
            get("/recommend?user_id=\(String(repeating: "u", count: 257))", ("?user_id", "257")),
            get("/recommend?user_id=a%01", ("?user_id", "control")),
            get("/recommend?user_id=a&limit=-1", ("?limit", "1 to 1000")),
            get("/recommend?user_id=a&limit=0", ("?limit", "1 to 1000")),
            get("/recommend?user_id=a&limit=1001", ("?limit", "1 to 1000")),
            get("/recommend?user_id=a&limit=1e2", ("?limit", "whole number")),
            get("/recommend?user_id=a&exclude_seen=perhaps", ("?exclude_seen", "perhaps")),
            get("/recommend?userid=a", ("?userid", "did you mean \"user_id\"?")),
            get("/recommend?user_id=a&user_id=a", ("?user_id", "twice")),
            get("/recommend?user_id=%a"),
            get("/recommend?user_id=%ff", ("?", "percent")),
            get("/recommend?history=a,%01", ("?history", "control")),
            get("/recommend?user_id=a&exclude=b%7f", ("?exclude", "control")),
        ])
    func recommendQuery(refusal: Refusal) throws {
        try refusal.check(with: TestService())
    }

    @Test(
        "POST /predict",
        arguments: [
            Refusal("POST", "/predict", "", 400, says: "empty"),
            Refusal("POST", "/predict", "nope", 400),
            Refusal("POST", "/predict", "{}", 415, type: "application/x-ndjson"),
            Refusal(
                "POST", "/predict?strict=true", #"{"user_id": "a", "item_id": "b"}"#, 400, [("?strict", "unknown")]),
            predict("3", ("", "expected an object")),
            predict("{}", ("", "expected \"user_id\" with")),
            predict(#"{"user_id": "a"}"#, ("", "expected \"user_id\" with")),
            predict(#"{"item_id": "a"}"#, ("", "expected \"user_id\" with")),
            predict(#"{"user_id": "a", "itemid": "b"}"#, ("/itemid", "did you mean \"item_id")),
            predict(#"{"user_id": "a", "item_id": "b", "item_ids": ["c"]}"#, ("/item_ids", "not both")),
            predict(#"{"user_id": "a", "item_ids": "b"}"#, ("/item_ids", "array")),
            predict(#"{"user_id": "a", "item_ids": ["b", null]}"#, ("/item_ids/1", "null")),
            predict(#"{"user_id": "a", "item_id": "b", "strict": 1}"#, ("/strict", "true or false")),
            predict(#"{"pairs": [{"user_id": "a"}]}"#, ("/pairs/0/item_id", "required")),
            predict(#"{"pairs": [{}]}"#, ("/pairs/0/user_id", "required"), ("/pairs/0/item_id", "required")),
            predict(#"{"pairs": [7]}"#, ("/pairs/0", "object")),
            predict(#"{"pairs": [], "user_id": "a"}"#, ("/pairs", "not both")),
        ])
    func predictBody(refusal: Refusal) throws {
        try refusal.check(with: TestService())
    }

    @Test(
        "GET /predict",
        arguments: [
            get("/predict", says: "of whom"),
            get("/predict?user_id=a", says: "of what"),
            get("/predict?user_id=a&item_id=", ("?item_id", "empty")),
            get("/predict?user_id=a&item_id=b&strict=2", ("?strict", "true or false")),
            get("/predict?user_id=a&item=b", ("?item", "unknown parameter")),
        ])
    func predictQuery(refusal: Refusal) throws {
        try refusal.check(with: TestService())
    }

    @Test("without a model there is no prediction, and the answer says when to ask again", arguments: ["GET", "POST"])
    func noModel(method: String) throws {
        let service = try TestService()
        let reply =
            method == "GET"
            ? try service.get("/predict?user_id=a&item_id=b")
            : try service.post("/predict", #"{"user_id": "a", "item_id": "b"}"#)
        reply.expectProblem(503)
        #expect(reply.field("Retry-After") != nil)
    }
}
