import Foundation
import NCF

/// What a trained model's shortcuts miss, and what they cost: recall of the preselection against the exact answer, and
/// whether answers from compact items are the same.
struct TrainedModel {
    let snapshot: ModelSnapshot
    /// Who is asked about: up to 2,000 users, evenly spread.
    private let users: [Int]

    init(directory: String) throws {
        let store = try ModelStore(directory: directory)
        _ = store.loadNewestValid()
        guard let snapshot = store.current else { fatalError("there is no valid model in \(directory)") }
        self.snapshot = snapshot
        users = Array(stride(from: 0, to: snapshot.userCount, by: max(1, snapshot.userCount / 2000)))
    }

    func measure() {
        print("\(snapshot.userCount) users, \(snapshot.itemCount) items, \(users.count) users asked about")
        let exact = answers(of: snapshot, "exact top 10")
        ServingSpeed.measure("ten items explained", rounds: users.count) { round in
            snapshot.explain(user: users[round], items: exact[round].map { Int32($0.item) }).count
        }
        if snapshot.lineage.hyperparameters.architecture.hasMLP {
            for items in [20, 50, 100, 200, 400, 800, 1600] where items < snapshot.itemCount {
                let options = ServingOptions(towerMultiplications: items * snapshot.towerMultiplications)
                let preselecting = snapshot.serving(options)
                _ = answers(of: preselecting, "the best 10 of \(items) preselected")
                print("    recall against exact: \(preselecting.recallOfPreselection(users: users, limit: 10))")
            }
        } else {
            let compact = answers(of: snapshot.serving(ServingOptions(compactItems: true)), "compact items, top 10")
            let same = zip(compact, exact).count { $0 == $1 }
            print("    the same list, scores to the last bit, \(same) times of \(exact.count)")
        }
    }

    /// How often folding in the history of a user finds its held-out item, beside the user's own vector and popularity: among
    /// given negatives (`file` has lines of `(user,item)` and their IDs, as the NCF paper's authors wrote them), and in the
    /// whole catalogue.
    func measureFoldIn(file: String) throws {
        ServingSpeed.measure("fold-in of what a user has seen", rounds: users.count) { round in
            snapshot.foldIn(items: snapshot.seenItems(of: users[round])).gmf.count
        }
        var (sampled, full) = ([0, 0, 0], [0, 0, 0])
        var count = 0
        for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
            let fields = line.split { "(,)\t".contains($0) }
            let items = fields.dropFirst().compactMap { snapshot.items.index(of: String($0)) }
            guard let user = snapshot.users.index(of: String(fields[0])), let wanted = items.first else { continue }
            let seen = snapshot.seenItems(of: user)
            let vector = snapshot.foldIn(items: seen)
            let scores = [
                snapshot.score(user: user, items: items.map(Int32.init)),
                items.map { snapshot.predict(foldedIn: vector, item: $0).logit },
                items.map { Float(snapshot.interactionCount(ofItem: $0)) },
            ]
            let lists = [
                snapshot.recommend(user: user, limit: 10), snapshot.recommend(for: vector, limit: 10, hiding: seen),
                snapshot.popular(
                    limit: 10, excluding: ItemSet(itemCount: snapshot.itemCount, items: seen.map(Int.init))),
            ]
            for way in 0..<3 {
                sampled[way] += scores[way].dropFirst().count { $0 >= scores[way][0] } < 10 ? 1 : 0
                full[way] += lists[way].contains { $0.item == wanted } ? 1 : 0
            }
            count += 1
        }
        for (way, name) in ["own vector", "folded in", "popularity"].enumerated() {
            let rates = [sampled[way], full[way]].map { ServingSpeed.rounded(Double($0) / Double(count), 10_000) }
            print("HR@10 by \(name): \(rates[0]), full catalogue \(rates[1])")
        }
    }

    private func answers(of snapshot: ModelSnapshot, _ name: String) -> [[ScoredItem]] {
        var answers: [[ScoredItem]] = []
        ServingSpeed.measure(name, rounds: users.count) { round in
            let answer = snapshot.recommend(user: users[round], limit: 10)
            if round == 0 { answers = [] }
            answers.append(answer)
            return answer.count
        }
        return answers
    }
}
