import Glibc
import TestSupport
import Testing

@testable import NCF

@Suite("Dislikes in serving")
struct DislikeServingTests {
    private let scratch = ScratchDirectory()
    private let undecided = DislikeTrainingTests.undecided(0)

    private func snapshot(
        _ data: InteractionDataset, histories: Bool = true, architecture: Architecture = .mf, epochs: Int = 4
    ) throws -> ModelSnapshot {
        var settings = DislikeTrainingTests.settings(.implicit, .uniform, epochs: epochs)
        settings.architecture = architecture
        settings.mlpEmbeddingDimension = 4
        settings.hiddenLayerSizes = [6]
        if !histories { settings.history = .none }
        let parameters = try Trainer(dataset: data, hyperparameters: settings).train().parameters
        var lineage = ServingFixture.lineage(.implicit)
        lineage.hyperparameters = settings
        return ModelSnapshot(version: 1, dataset: data, parameters: parameters, lineage: lineage)
    }

    private func items(_ snapshot: ModelSnapshot, _ names: some Sequence<Int>) throws -> [Int32] {
        try names.map { Int32(try #require(snapshot.items.index(of: "\($0)"))) }
    }

    /// The mean logit of some items.
    private func mean(_ snapshot: ModelSnapshot, _ user: UserVector, _ items: [Int32]) -> Float {
        items.reduce(0) { $0 + snapshot.predict(foldedIn: user, item: Int($1)).logit } / Float(items.count)
    }

    @Test("a disliked item is seen, never recommended, no reason, not popular and in no bag; on disk too")
    func snapshot() throws {
        let data = DislikeTrainingTests.colours(dislikes: true)
        let made = try snapshot(data)
        let store = try ModelStore(directory: scratch.path)
        try store.publish(made)
        let restarted = try ModelStore(directory: scratch.path)
        #expect(restarted.loadNewestValid().refused.isEmpty)
        for snapshot in [made, try #require(restarted.current)] {
            let user = try #require(snapshot.users.index(of: "undecided 0"))
            let (liked, disliked) = (
                try items(snapshot, undecided.likes), try items(snapshot, undecided.dislikes)
            )
            #expect(snapshot.hasUnlikedItems && snapshot.likedItems(of: user) == liked)
            #expect(snapshot.dislikedItems(of: user) == disliked)
            #expect(snapshot.seenItems(of: user) == liked + disliked)
            let best = snapshot.recommend(user: user, limit: 99).map { Int32($0.item) }
            #expect(best.count == 12 && Set(best).isDisjoint(with: liked + disliked))
            let reasons = snapshot.explain(user: user, items: best, reasons: 99).flatMap(\.becauseOf)
            #expect(!reasons.isEmpty && reasons.allSatisfy { liked.contains(Int32($0.item)) })
            for item in 0..<snapshot.itemCount {
                let likes = (0..<data.interactionCount).count { data.items[$0] == item && data.weights[$0] > 0 }
                #expect(snapshot.interactionCount(ofItem: item) == likes)
            }
        }
        // Given out and taken back.
        scratch.write(made.exportedWeights().bytes(from: 0, limit: .max), to: "weights")
        let descriptor = try SnapshotFile.open("\(scratch.path)/weights", O_RDONLY)
        defer { close(descriptor) }
        let back = try ImportedModel(weightsIn: descriptor).snapshot(
            version: 2, stored: InteractionDataset.Builder().build(), watermark: 0, createdAt: 0)
        for user in 0..<made.userCount {
            #expect(back.likedItems(of: user) == made.likedItems(of: user))
            #expect(back.dislikedItems(of: user) == made.dislikedItems(of: user))
        }
        // What is left when somebody is erased.
        let gone = try #require(made.users.index(of: "undecided 1"))
        let rest = made.removing(users: [gone])
        let user = try #require(rest.users.index(of: "undecided 2"))
        let before = try #require(made.users.index(of: "undecided 2"))
        #expect(rest.likedItems(of: user) == made.likedItems(of: before))
        #expect(rest.dislikedItems(of: user) == made.dislikedItems(of: before))
        for item in 0..<made.itemCount {
            let less = made.likedItems(of: gone).contains(Int32(item)) ? 1 : 0
            #expect(rest.interactionCount(ofItem: item) == made.interactionCount(ofItem: item) - less)
        }
        let without = try snapshot(DislikeTrainingTests.colours(dislikes: false))
        #expect(!without.hasUnlikedItems && without.tensors().allSatisfy { $0.name != "seen.disliked" })
    }

    @Test(
        "what counts for nothing is seen, and in no history: no reason, and to like it is news; on disk too",
        arguments: [0, 3.0])
    func indifference(halfLife: Double) throws {
        // The ratings of thumbs: 1 says no, and trains as nothing.
        var builder = InteractionDataset.Builder()
        for user in 0..<40 {
            for item in 0..<20 where (user / 2 + item / 2) % 5 != 0 {
                let isLiked = item % 2 == user % 2
                guard isLiked || (user + item) % 3 == 0 else { continue }
                builder.add(userID: "\(user)", itemID: "\(item)", rating: isLiked ? 5 : 1, timestamp: Int64(item) + 1)
            }
        }
        let data = builder.build().prepared(for: .implicit)
        var settings = DislikeTrainingTests.settings(.implicit, .uniform, epochs: 4)
        settings.architecture = .mf
        settings.history.halfLife = halfLife
        let parameters = try Trainer(dataset: data, hyperparameters: settings).train().parameters
        var lineage = ServingFixture.lineage(.implicit)
        lineage.hyperparameters = settings
        let made = ModelSnapshot(version: 1, dataset: data, parameters: parameters, lineage: lineage)
        let store = try ModelStore(directory: scratch.path)
        try store.publish(made)
        let restarted = try ModelStore(directory: scratch.path)
        #expect(restarted.loadNewestValid().refused.isEmpty)
        for snapshot in [made, try #require(restarted.current)] {
            for user in 0..<snapshot.userCount {
                let places = data.interactions(of: user)
                let liked = places.filter { data.ratings[$0] == 5 }.map { data.items[$0] }
                let refused = places.filter { data.ratings[$0] == 1 }.map { data.items[$0] }
                #expect(snapshot.likedItems(of: user) == liked && snapshot.dislikedItems(of: user).isEmpty)
                #expect(snapshot.seenItems(of: user) == places.map { data.items[$0] })
                let items = (0..<Int32(snapshot.itemCount)).map { $0 }
                let reasons = snapshot.explain(user: user, items: items, reasons: 99).flatMap(\.becauseOf)
                #expect(reasons.allSatisfy { liked.contains(Int32($0.item)) })
                guard let changed = refused.first else { continue }
                // To refuse it again takes nothing out of the history that was never in it.
                let known = snapshot.foldIn(user: user, newer: [])
                let history = try #require(snapshot.model.history)
                let fond = snapshot.foldIn(user: user, newer: [changed])
                #expect(fond == history.adding([changed].history, to: known, after: liked.history))
                #expect(fond != known)
            }
        }
    }

    @Test(
        "folding a new user in with dislikes lowers what is like them",
        arguments: [Architecture.mf, .gmf, .mlp, .neumf], [false, true])
    func newUser(architecture: Architecture, histories: Bool) throws {
        let snapshot = try snapshot(
            DislikeTrainingTests.colours(dislikes: false), histories: histories && architecture != .mlp,
            architecture: architecture, epochs: 12)
        let (likes, dislikes) = (try items(snapshot, undecided.likes), try items(snapshot, undecided.dislikes))
        let (same, other) = (try items(snapshot, undecided.alike), try items(snapshot, undecided.others))
        func lead(_ items: [Int32], _ weights: [Float]) -> Float {
            let user = snapshot.foldIn(items: items, weights: weights)
            return mean(snapshot, user, other) - mean(snapshot, user, same)
        }
        let ones = [Float](repeating: 1, count: 4)
        let indifferent = lead(likes, ones)
        let averse = lead(likes + dislikes, ones + [-1, -1, -1, -1])
        #expect(averse > indifferent)
        // What was said last of an item counts, and dislikes alone are enough.
        let changed = snapshot.foldIn(items: dislikes + likes + dislikes, weights: ones + ones + [-1, -1, -1, -1])
        #expect(changed == snapshot.foldIn(items: likes + dislikes, weights: ones + [-1, -1, -1, -1]))
        #expect(lead(dislikes, [-1, -1, -1, -1]) > lead([], []))
    }

    @Test(
        "what a known user dislikes after the training lowers what is like it",
        arguments: [Architecture.mf, .gmf, .mlp, .neumf], [false, true])
    func knownUser(architecture: Architecture, histories: Bool) throws {
        let snapshot = try snapshot(
            DislikeTrainingTests.colours(dislikes: false), histories: histories && architecture != .mlp,
            architecture: architecture, epochs: 12)
        let user = try #require(snapshot.users.index(of: "undecided 0"))
        let dislikes = try items(snapshot, undecided.dislikes)
        let (same, other) = (try items(snapshot, undecided.alike), try items(snapshot, undecided.others))
        func lead(_ user: UserVector) -> Float { mean(snapshot, user, other) - mean(snapshot, user, same) }
        let known = snapshot.foldIn(user: user, newer: [])
        let averse = snapshot.foldIn(user: user, newer: dislikes, weights: [-1, -1, -1, -1])
        #expect(lead(averse) > lead(known))
        #expect(snapshot.foldIn(user: user, newer: dislikes, weights: [0, 0, 0, 0]) == known)
        // To dislike what was liked is more than to forget it.
        let liked = try items(snapshot, undecided.likes.filter { $0 % 2 == 0 })
        #expect(lead(snapshot.foldIn(user: user, newer: liked, weights: [-1, -1])) > lead(known))
        #expect(snapshot.foldIn(user: user, newer: liked, weights: [1, 1]) == known)
        #expect(snapshot.foldIn(user: user, newer: liked + liked, weights: [-1, -1, 1, 1]) == known)
    }

    @Test(
        "a dislike that the training knew says nothing new, and liking the item takes it back",
        arguments: [false, true])
    func takenBack(histories: Bool) throws {
        let snapshot = try snapshot(DislikeTrainingTests.colours(dislikes: true), histories: histories)
        let user = try #require(snapshot.users.index(of: "undecided 0"))
        let dislikes = try items(snapshot, undecided.dislikes)
        let known = snapshot.foldIn(user: user, newer: [])
        #expect(snapshot.foldIn(user: user, newer: dislikes, weights: [-1, -3, -1, -1]) == known)
        let same = try items(snapshot, undecided.alike)
        let fond = snapshot.foldIn(user: user, newer: dislikes)
        #expect(mean(snapshot, fond, same) > mean(snapshot, known, same))
    }

    @Test("for a model of ratings a dislike without a rating counts as rated one fifth up the scale")
    func ratings() {
        let snapshot = ServingFixture.snapshot(.mf, objective: .rating)
        let range = snapshot.ratingRange ?? 0...0
        let low = range.lowerBound + 0.2 * (range.upperBound - range.lowerBound)
        #expect(
            snapshot.foldIn(items: [1, 2], weights: [1, -1])
                == snapshot.foldIn(items: [2, 1], weights: nil, ratings: [low, .nan]))
    }
}
