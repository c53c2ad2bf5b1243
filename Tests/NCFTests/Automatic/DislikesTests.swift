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
    }
}
