import InteractionStorage
import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("/predict: what the model says of a user and an item", .timeLimit(.minutes(1)))
struct PredictionTests {
    private func predictions(_ reply: Reply) -> [JSONValue] {
        Array(reply.json["predictions"]?.elements.map { $0 } ?? [])
    }

    @Test(
        "the three forms of a question give the same figures",
        arguments: [
            #"{"user_id": "u3", "item_ids": ["i3", "i4"]}"#,
            #"{"pairs": [{"user_id": "u3", "item_id": "i3"}, {"user_id": "u3", "item_id": "i4"}]}"#,
        ])
    func forms(body: String) throws {
        let service = try TestService.trained()
        let several = try service.post("/predict", body)
        #expect(several.status == 200)
        #expect(several.field("Nectar-Model") == "v1")
        #expect(several.json["model"]?.string == "v1")
        #expect(predictions(several).map { $0["item_id"]?.string } == ["i3", "i4"])
        for (prediction, item) in zip(predictions(several), ["i3", "i4"]) {
            let query = predictions(try service.get("/predict?user_id=u3&item_id=\(item)"))
            let single = predictions(try service.post("/predict", "{\"user_id\": \"u3\", \"item_id\": \"\(item)\"}"))
            #expect(query.count == 1 && single.count == 1)
            #expect(prediction["user_id"]?.string == "u3")
            #expect(prediction["basis"]?.string == "model")
            #expect(prediction["score"]?.double.map { (0...1).contains($0) } == true)
            #expect(prediction["score"]?.double == query.first?["score"]?.double)
            #expect(prediction["score"]?.double == single.first?["score"]?.double)
            #expect(prediction["rating"] == nil)
        }
    }

    @Test(
        "what the model does not know is predicted from what is known, and says so",
        arguments: [
            ("u3", "i3", "model"), ("u3", "new", "user_only"), ("new", "i3", "item_only"), ("new", "new", "prior"),
            ("visitor", "i3", "fold_in"), ("visitor", "new", "user_only"), ("u5", "i4", "fold_in"),
            ("u5", "new", "user_only"),
        ])
    func basis(user: String, item: String, basis: String) throws {
        let service = try TestService.trained()
        // Whom the model has never heard of, and who has done something since.
        for user in ["visitor", "u5"] {
            _ = try service.post("/interactions", "{\"user_id\": \"\(user)\", \"item_id\": \"i2\"}")
        }
        let reply = try service.get("/predict?user_id=\(user)&item_id=\(item)")
        #expect(predictions(reply).first?["basis"]?.string == basis)
        #expect(predictions(reply).first?["score"]?.double.map { (0...1).contains($0) } == true)
        let strict = try service.get("/predict?user_id=\(user)&item_id=\(item)&strict=true")
        #expect(strict.status == (user.hasPrefix("u") && item != "new" ? 200 : 404))
        if strict.status == 404 { strict.expectProblem(404) }
        let body = "{\"user_id\": \"\(user)\", \"item_id\": \"\(item)\", \"strict\": true}"
        #expect(try service.post("/predict", body).status == strict.status)
    }

    @Test("trained on ratings, a prediction has a rating on the data's scale", arguments: ["linear", "bounded"])
    func ratings(output: String) throws {
        let service = try TestService()
        let rows = Checkerboard.interactions.enumerated().map { index, interaction in
            var interaction = interaction
            interaction.rating = Double(index % 5 + 1)
            return
                "{\"user_id\": \"\(interaction.userID)\", \"item_id\": \"\(interaction.itemID)\", \"rating\": \(index % 5 + 1)}\n"
        }
        _ = try service.post("/interactions", rows.joined(), type: "application/x-ndjson")
        let job = try service.train(#""objective": "rating", "rating_output": "\#(output)""#)
        #expect(job.json["configuration"]?["objective"]?.string == "rating")
        #expect(job.json["configuration"]?["rating_output"]?.string == output)
        let model = try service.get("/models/v1").json["configuration"]
        #expect(model?["rating_output"]?.string == output)
        #expect(job.json["evaluation"]?["model"]?["rating"]?["rmse"]?.double != nil)
        let prediction = predictions(try service.get("/predict?user_id=u3&item_id=i3")).first
        #expect(prediction?["rating"]?.double.map { (1...5).contains($0) } == true)
        let item = try service.get("/recommend?user_id=u3").json["items"]?[0]
        #expect(item?["rating"]?.double.map { (1...5).contains($0) } == true)
    }

    @Test("an empty list of questions has an empty list of answers")
    func empty() throws {
        let service = try TestService.trained()
        for body in [#"{"pairs": []}"#, #"{"user_id": "u3", "item_ids": []}"#] {
            let reply = try service.post("/predict", body)
            #expect(reply.status == 200 && reply.json["predictions"]?.count == 0)
        }
    }
}
