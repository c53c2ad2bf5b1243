@testable import NCF

/// A known answer: users like the items of their own colour, and some squares are kept from training.
struct Checkerboard {
    var side = 32

    /// Whether a square is kept from training: about one in twelve, without a pattern that could be learned in its turn
    /// (to implicit training a withheld black square looks like a white one).
    private func isWithheld(_ user: Int, _ item: Int) -> Bool {
        var random = SplitMix64(seed: 17, user, item)
        return random.below(12) == 0
    }

    private func isBlack(_ user: Int, _ item: Int) -> Bool { (user + item) % 2 == 0 }

    /// For ratings both colours are in the data, for implicit feedback only one.
    func dataset(_ objective: Objective = .implicit) -> InteractionDataset {
        var builder = InteractionDataset.Builder()
        for user in 0..<side {
            for item in 0..<side where !isWithheld(user, item) {
                let isBlack = isBlack(user, item)
                guard isBlack || objective == .rating else { continue }
                builder.add(userID: "\(user)", itemID: "\(item)", rating: isBlack ? 5 : 1)
            }
        }
        return builder.build()
    }

    /// Of each user's withheld squares, how many pairs of a black and a white one are ranked right.
    func compare(_ parameters: ModelParameters, _ data: InteractionDataset) -> (right: Int, of: Int) {
        var right = 0
        var comparisons = 0
        for user in 0..<side {
            guard let userIndex = data.userIDs.index(of: "\(user)") else { continue }
            let withheld = (0..<side).filter { isWithheld(user, $0) }
            func scores(black: Bool) -> [Float] {
                withheld.filter { isBlack(user, $0) == black }.compactMap { data.itemIDs.index(of: "\($0)") }
                    .map { parameters.logit(user: userIndex, item: $0) }
            }
            for black in scores(black: true) {
                for white in scores(black: false) {
                    comparisons += 1
                    right += black > white ? 1 : 0
                }
            }
        }
        return (right, comparisons)
    }
}
