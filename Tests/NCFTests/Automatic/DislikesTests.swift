import Testing

@testable import NCF

@Suite("Dislikes among interactions")
struct DislikesTests {
    @Test(
        "the lower of two far apart levels is a dislike, and so is what lies below 0 beside what lies above",
        arguments: [
            ([0, 1], 0), ([1, 5], 1), ([-1, 1], -1), ([-3, -1, 0, 2], -1), ([4, 5], nil), ([1, 2], nil), ([3], nil),
            ([0, 0.5, 1], nil), ([1, 2, 3, 4, 5], nil), ([-2, -1], nil), ([], nil),
        ] as [([Float], Float?)])
    func dislikes(levels: [Float], most: Float?) {
        var builder = InteractionDataset.Builder()
        for item in 0..<20 {
            builder.add(
                userID: "u", itemID: "\(item)", rating: levels.isEmpty ? nil : levels[item % levels.count], weight: 2)
        }
        let data = builder.build()
        #expect(data.dislikesUpTo == most)
        let discounted = data.discountingDislikes()
        for place in 0..<data.interactionCount {
            let isDisliked = most.map { data.ratings[place] <= $0 } ?? false
            #expect(discounted.weights[place] == (isDisliked ? 0 : 2))
        }
        #expect(discounted.items == data.items)
        #expect(data.prepared(for: .implicit).weights == discounted.weights)
        #expect(data.prepared(for: .rating).weights == data.weights)
        // What has no rating changes nothing about those that have one.
        builder.add(userID: "v", itemID: "0", rating: nil)
        let mixed = builder.build()
        #expect(mixed.dislikesUpTo == most)
        #expect(mixed.discountingDislikes().weights == discounted.weights + [1])
    }

    @Test("what counts for nothing says of no items that they go together, and is not popular")
    func indifference() throws {
        var (with, without) = (InteractionDataset.Builder(), InteractionDataset.Builder())
        var random = SplitMix64(seed: 4)
        for user in 0..<80 {
            for item in 0..<12 {
                // All items are known to both.
                let isLiked = user == 0 || random.below(3) == 0
                guard isLiked || random.below(2) == 0 else { continue }
                with.add(userID: "\(user)", itemID: "\(item)", rating: nil, weight: isLiked ? 1 : 0)
                if isLiked { without.add(userID: "\(user)", itemID: "\(item)", rating: nil) }
            }
        }
        let (all, likes) = (with.build(), without.build())
        #expect(all.positivesAlone().items == likes.items && likes.positivesAlone().items == likes.items)
        #expect(PopularityScorer(dataset: all).scores(user: 0) == PopularityScorer(dataset: likes).scores(user: 0))
        let (profile, own) = (DatasetProfile(all), DatasetProfile(likes))
        #expect(profile.interactions == own.interactions && profile.meanWeight == own.meanWeight)
        var settings = DislikeTrainingTests.settings(.implicit, .uniform, epochs: 0)
        settings.architecture = .mf
        let models = try [all, likes].map { try Trainer(dataset: $0, hyperparameters: settings).train().parameters }
        let histories = try models.map { try #require($0.history) }
        #expect(histories[0].gmf.count > 0)
        // Up to the scale, which samples of what nobody has seen decide.
        let scales = zip(histories[0].gmf, histories[1].gmf).filter { abs($1) > 1e-3 }.map { $0 / $1 }
        let scale = try #require(scales.first)
        #expect(scales.count > 20 && scales.allSatisfy { abs($0 / scale - 1) < 1e-2 })
    }
}
