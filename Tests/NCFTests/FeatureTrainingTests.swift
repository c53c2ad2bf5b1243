import TestSupport
import Testing

@testable import NCF

@Suite("What features say of items and users that a model does not know")
struct FeatureTrainingTests {
    static let models: [(Architecture, rated: Bool, histories: Bool)] = [
        (.mf, false, false), (.mf, false, true), (.mf, true, false), (.neumf, false, true), (.mlp, false, false),
        (.gmf, true, false),
    ]

    @Test("whoever likes red things gets the unseen red ones before the unseen blue ones", arguments: models)
    func tasteFollowsTag(architecture: Architecture, rated: Bool, histories: Bool) throws {
        let data = TagsDecide()
        let (plain, model) = try data.model(architecture, rated: rated, histories: histories)
        // Shapes and prices as in training, in every combination.
        for user in 0..<data.users {
            guard let index = plain.users.index(of: "u\(user)") else { continue }
            let vector = model.vector(ofUser: index)
            let newcomers = (100..<114).compactMap { item in
                model.item(with: data.record(item: item)).map { (item, $0) }
            }
            #expect(newcomers.count == 14)
            let scores = model.score(vector, FeaturedItems(newcomers.map(\.1)))
            func of(red: Bool) -> [Float] { zip(newcomers, scores).filter { data.isRed($0.0.0) == red }.map(\.1) }
            let (liked, others) = (of(red: data.likesRed(user)), of(red: !data.likesRed(user)))
            let pairs = liked.flatMap { one in others.map { one > $0 } }
            let share = Double(pairs.count { $0 }) / Double(pairs.count)
            // Who also took two and more of what others like may have a doubt about the odd one out.
            let isSure = rated || data.strays(of: user) < 2
            #expect(share >= (isSure ? 1 : 0.9), "user \(user): \(liked) and \(others)")
            // Without features all are the mean item.
            let prediction = plain.predict(user: index, item: nil)
            #expect(prediction.basis == .userOnly)
        }
    }

    @Test("a user of whom only the team is known gets what the team likes", arguments: models)
    func usersFollowAttribute(architecture: Architecture, rated: Bool, histories: Bool) throws {
        let data = TagsDecide()
        let (_, model) = try data.model(architecture, rated: rated, histories: histories)
        for likesRed in [true, false] {
            let features = try #require(model.userFeatures(of: data.record(user: likesRed ? 0 : 1)))
            let vector = try #require(model.user(with: features))
            let best = model.recommend(for: vector, limit: 5)
            #expect(best.count == 5)
            for item in best { #expect(data.isRed(Int(model.items[item.item].dropFirst()) ?? -1) == likesRed) }
        }
        #expect(model.userFeatures(of: FeatureRecord()) == nil)
    }

    @Test("what was trained is served as before, bit for bit", arguments: models)
    func warmScoresStay(architecture: Architecture, rated: Bool, histories: Bool) throws {
        let (plain, model) = try TagsDecide().model(architecture, rated: rated, histories: histories)
        #expect(plain.features == nil && model.features?.items != nil && model.features?.users != nil)
        for user in 0..<plain.userCount { #expect(plain.scores(user: user) == model.scores(user: user)) }
        #expect(plain.foldIn(items: [1, 2]) == model.foldIn(items: [1, 2]))
    }

    @Test("a model without some of its users knows the same of features")
    func erased() throws {
        let data = TagsDecide()
        let (_, model) = try data.model(.neumf, histories: true)
        let rest = model.removing(users: [0, 3])
        #expect(rest.item(with: data.record(item: 100)) == model.item(with: data.record(item: 100)))
        let features = try #require(rest.userFeatures(of: data.record(user: 1)))
        #expect(rest.user(with: features) == model.user(with: features))
    }

    @Test("features of random nature tell nothing, and move nothing")
    func noise() throws {
        let data = TagsDecide()
        let (plain, _) = try data.model(.mf)
        var random = SplitMix64(seed: 3)
        var records: [Int: FeatureRecord] = [:]
        for item in 0..<plain.itemCount {
            records[item] = FeatureRecord()
            records[item]?.add(.tags, "", .labels(["a\(random.below(2))"]))
        }
        let model = try #require(
            FeatureTraining(model: plain, dataset: data.dataset).train(
                items: records, itemSettings: FeatureSettings(minimumCount: 1), users: [:],
                userSettings: FeatureSettings()))
        let side = try #require(model.features?.items)
        #expect(side.explained.gmf < 0.2 && model.features?.users == nil)
    }

    @Test("a fold-in begins where such users are", arguments: [false, true])
    func foldIn(histories: Bool) throws {
        let data = TagsDecide()
        let (_, model) = try data.model(.mf, histories: histories)
        // One red item, which everybody may have touched, tells less than the team.
        let red = try #require(model.items.index(of: "i2"))
        let features = try #require(model.userFeatures(of: data.record(user: 1)))
        let blue = (0..<data.items).filter { !data.isRed($0) }.compactMap {
            model.items.index(of: "i\($0)").map(Int32.init)
        }
        func total(_ vector: UserVector) -> Float { model.model.score(vector, items: blue).reduce(0, +) }
        let plain = model.foldIn(items: [Int32(red)])
        let informed = model.foldIn(items: [Int32(red)], features: features)
        #expect(total(informed) > total(plain))
    }

    @Test("cosines are compared with an item of the same length as all others")
    func cosines() throws {
        let data = TagsDecide()
        let (plain, model) = try data.model(.mf, objective: .cosineContrastive)
        let item = try #require(model.item(with: data.record(item: 100)))
        func length(_ row: [Float]) -> Float { row.reduce(0) { $0 + $1 * $1 }.squareRoot() }
        #expect(abs(length(item.gmf) - length(Array(plain.model.itemGMF[0..<plain.model.gmfWidth]))) < 1e-5)
    }

    @Test("the same bytes for any number of threads", arguments: [Architecture.mf, .neumf])
    func threads(architecture: Architecture) throws {
        let data = TagsDecide()
        let models = try [1, 2, 3].map { try data.model(architecture, histories: true, threads: $0).knowing }
        let tensors = models.map { $0.tensors().map { ($0.name, Array($0.bytes)) } }
        for other in tensors.dropFirst() {
            #expect(other.map(\.0) == tensors[0].map(\.0))
            for (left, right) in zip(other, tensors[0]) { #expect(left.1 == right.1, "\(left.0)") }
        }
        #expect(
            tensors[0].contains { $0.0 == "features.items" }
                && tensors[0].contains { $0.0 == "features.users_histories" })
    }

    @Test("nobody with features, or too few to learn from, leaves the model as it is")
    func nothingToLearn() throws {
        let data = TagsDecide()
        let (plain, _) = try data.model(.mf)
        let training = FeatureTraining(model: plain, dataset: data.dataset)
        for count in [0, 4] {
            let records = data.records(of: data.dataset).items.filter { $0.key < count }
            let model = training.train(
                items: records, itemSettings: FeatureSettings(minimumCount: 1), users: [:],
                userSettings: FeatureSettings())
            #expect(model === plain)
            #expect(model?.item(with: data.record(item: 0)) == nil)
        }
        let cancelled = training.train(
            items: data.records(of: data.dataset).items, itemSettings: FeatureSettings(), users: [:],
            userSettings: FeatureSettings(), isCancelled: { true })
        #expect(cancelled == nil)
    }
}
