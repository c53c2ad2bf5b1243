extension ModelSnapshot {
    /// Items of the known history that new ones are set against, where there are no bags. As good as the whole history,
    /// and cheaper.
    static let rememberedHistory = 50

    /// The vector of a user the model knows who has interacted with `items` since it was trained.
    ///
    /// Where the model knows histories, what training found with the new items in the user's bag as well: exactly what the
    /// model itself says of such a user, all else being as it was trained; O(items · width).
    ///
    /// Otherwise what training found, moved by what the new items change about a fold-in: the difference between folding in
    /// the end of the known history with and without them, in which all cancels that a fold-in sees otherwise than training.
    /// Folding in everything in the vector's place would lose what training knows. p_G and β_u move. The tower's
    /// embedding, whose fold-in costs more, stays as it was trained, unless there is nothing else. Costs two linear
    /// fold-ins, well below a millisecond.
    ///
    /// New dislikes move a vector by that difference with histories too: they are in no bag. What was liked before leaves the bag.
    ///
    /// Without new items it is the trained vector to the bit.
    ///
    /// - Parameters:
    ///   - items: Oldest first; those of which the model knows as much, those outside the catalogue, and repetitions change
    ///     nothing.
    ///   - weights: How much each counts, below 0 for a dislike; 1 each if nil. Of repetitions the newest says which it is.
    ///   - ratings: What each was rated, for a rating model (``rated(user:newer:weights:ratings:late:)``); NaN where it was not.
    ///   - late: How many of the first of them happened before the known history's end, where its order matters: they go before
    ///     it, and push nothing away.
    public func foldIn(
        user: Int, newer items: [Int32], weights: [Float]? = nil, ratings: [Float]? = nil, late: Int = 0
    ) -> UserVector {
        precondition((0...items.count).contains(late))
        if let ratings, objective == .rating {
            return rated(user: user, newer: items, weights: weights, ratings: ratings, late: late)
        }
        let own = model.vector(of: user)
        let change = change(of: user, items, weights, late: late)
        guard !change.items.isEmpty || change.isStrengthened else { return own }
        guard model.architecture.hasGMF || model.history != nil else { return descended(own, change) }
        if let training = cosineTraining { return turned(own, change, training) }
        let remembered = change.remembered.suffix(Self.rememberedHistory).map(\.item)
        guard let history = model.history else {
            let before = remembered + change.withdrawn.map(\.item)
            return moved(own, from: (Array(before), nil), to: change.after(remembered), bag: [])
        }
        var moved = own
        let isMoved = history.recency.isOn && (!change.withdrawn.isEmpty || change.lateCount > 0)
        if isMoved || change.isStrengthened {
            // What lay before a withdrawn item moves up.
            moved = history.replacing(change.known, by: change.history, in: moved)
        } else {
            if !change.liked.isEmpty { moved = history.adding(change.news, to: moved, after: change.known) }
            if !change.withdrawn.isEmpty { moved = history.removing(change.withdrawn, from: moved) }
        }
        guard !change.disliked.isEmpty else { return moved }
        guard model.architecture.hasGMF else { return descended(moved, change.dislikesAlone) }
        let bag = change.remembered.suffix(Self.rememberedHistory) + change.news
        let known = bag.map(\.item)
        return self.moved(moved, from: (known, nil), to: change.dislikesAlone.after(known), bag: Array(bag))
    }

    /// `own` by as much as p_G and β_u differ between folding in one history and another.
    private func moved(
        _ own: UserVector, from: (items: [Int32], weights: [Float]?), to: (items: [Int32], weights: [Float]?),
        bag: [HistoryItem]
    ) -> UserVector {
        let before = linearFoldIn(from.items, from.weights, bag, tower: own.mlp)
        let after = linearFoldIn(to.items, to.weights, bag, tower: own.mlp)
        var moved = own
        for k in moved.gmf.indices { moved.gmf[k] += after.gmf[k] - before.gmf[k] }
        moved.bias += after.bias - before.bias
        return moved
    }

    /// On the sphere: the direction that is best for the new items beside the trained one, which counts as many positives as it was
    /// learned from (``rememberedHistory`` where nobody knows); what is withdrawn pulls no more. The length stays.
    private func turned(_ own: UserVector, _ change: TasteChange, _ training: CosineFit.Training) -> UserVector {
        let (items, weights) = change.after([])
        let samples = unseenSamples(items, weights, change)
        let fit = CosineFit(samples, rows: model.gather(samples.map(\.item)).gmf, width: model.gmfWidth, training)
        guard let direction = CosineFit.unit(own.gmf) else { return own }
        let count = Float(change.known.isEmpty ? Self.rememberedHistory : change.known.count)
        var pull = direction.map { count * $0 }
        for item in change.withdrawn {
            for k in pull.indices { pull[k] -= model.itemGMF[Int(item.item) * pull.count + k] }
        }
        var turned = own
        let length = CosineFit.length(of: own.gmf)
        turned.gmf = (fit.direction(pull: pull) ?? direction).map { length * $0 }
        return turned
    }

    /// A fold-in of p_G and β_u beside a tower whose embedding is given, around the history in `bag` whatever was disliked.
    private func linearFoldIn(
        _ items: [Int32], _ weights: [Float]?, _ bag: [HistoryItem], tower: [Float]
    ) -> UserVector {
        let prior = prior.around(bag, of: model)
        let factors = Dictionary(bag.map { ($0.item, $0.factor) }) { $1 }
        var samples = foldInSamples(items: items, weights: weights, ratings: nil).all
        for index in samples.indices { samples[index].bagFactor = factors[samples[index].item] ?? 1 }
        var around = prior.user
        around.mlp = tower
        return foldIn(around: ModelPrior(user: around, userVariance: prior.userVariance, item: prior.item))
            .vector(samples: samples, movesTower: false)
    }

    /// Down the new items' loss from the trained vector: in a tower the difference of two fold-ins means nothing.
    private func descended(_ own: UserVector, _ change: TasteChange) -> UserVector {
        let prior = ModelPrior(user: own, userVariance: prior.userVariance, item: prior.item)
        let (items, weights) = change.after([])
        return foldIn(around: prior).vector(samples: unseenSamples(items, weights, change))
    }

    /// What new items are folded in from: what the user has seen is no negative of what came after it, unless it is disliked now.
    private func unseenSamples(_ items: [Int32], _ weights: [Float]?, _ change: TasteChange) -> [FoldIn.Sample] {
        let known = ItemSet(itemCount: itemCount, items: change.seen.map(Int.init))
        return foldInSamples(items: items, weights: weights, ratings: nil).all
            .filter { $0.target != 0 || $0.isDisliked || !known.contains(Int($0.item)) }
    }

    /// What `items` say that the model does not know of the user.
    private func change(of user: Int, _ items: [Int32], _ weights: [Float]?, late: Int) -> TasteChange {
        let (liked, disliked) = (history(of: user), dislikedItems(of: user))
        let evidence = model.history?.evidence ?? .none
        let turned = newlyDisliked(items, weights)
        var known = ItemSet(itemCount: itemCount, items: (liked.map(\.item) + turned.map { items[$0] }).map(Int.init))
        var change = TasteChange(seen: seenItems(of: user), known: liked)
        change.strengthen(by: items, weights, evidence)
        for (index, item) in items.enumerated() {
            let weight = weights?[index] ?? 1
            guard item >= 0, item < itemCount, weight > 0, !known.contains(Int(item)) else { continue }
            known.insert(Int(item))
            change.liked.append(item)
            if index < late { change.lateCount += 1 }
            change.likes.append(weight)
            change.news.append(HistoryItem(item: item, factor: evidence.factor(of: weight)))
        }
        guard !turned.isEmpty, let weights else { return change }
        var isLiked = ItemSet(itemCount: itemCount, items: liked.map { Int($0.item) })
        let isDisliked = ItemSet(itemCount: itemCount, items: disliked.map(Int.init))
        for (item, weight) in turned.map({ (items[$0], weights[$0]) }) where !isDisliked.contains(Int(item)) {
            change.disliked.append(item)
            change.dislikes.append(weight)
            if isLiked.contains(Int(item)), let old = liked.first(where: { $0.item == item }) {
                change.withdrawn.append(old)
            }
            isLiked.remove(Int(item))
        }
        change.remembered.removeAll { !isLiked.contains(Int($0.item)) }
        return change
    }
}

/// What a user did since the model was trained, as far as it is new to the model.
private struct TasteChange {
    /// Everything the model knows the user to have seen.
    var seen: [Int32]
    /// What the model knows the user to have liked, oldest first.
    let known: [HistoryItem]
    /// What of that the user still does.
    var remembered: [HistoryItem]
    /// Whether some of that counts more by now.
    var isStrengthened = false
    /// New positives, and what they count.
    var liked: [Int32] = []
    var likes: [Float] = []
    /// The same as items of a history.
    var news: [HistoryItem] = []
    /// How many of the first of them lie before what is remembered.
    var lateCount = 0
    /// New dislikes, and what they count: below 0.
    var disliked: [Int32] = []
    var dislikes: [Float] = []
    /// Of the dislikes those that the user had liked.
    var withdrawn: [HistoryItem] = []

    init(seen: [Int32], known: [HistoryItem]) {
        (self.seen, self.known, remembered) = (seen, known, known)
    }

    var items: [Int32] { liked + disliked }

    /// What is liked in the end, oldest first.
    var history: [HistoryItem] { news.prefix(lateCount) + remembered + news.dropFirst(lateCount) }

    var dislikesAlone: TasteChange {
        var change = self
        (change.liked, change.likes, change.news) = ([], [], [])
        return change
    }

    /// Has known items of which something stronger was said count by that, where they are: a purchase of what had been looked at.
    mutating func strengthen(by items: [Int32], _ weights: [Float]?, _ evidence: HistoryEvidence) {
        guard evidence.isOn, let weights else { return }
        var factors: [Int32: Float] = [:]
        for (item, weight) in zip(items, weights) where weight > 0 {
            factors[item] = max(factors[item] ?? 0, evidence.factor(of: weight))
        }
        for place in remembered.indices {
            guard let factor = factors[remembered[place].item], factor > remembered[place].factor else { continue }
            remembered[place].factor = factor
            isStrengthened = true
        }
    }

    /// `history`, and the new items after it.
    func after(_ history: [Int32]) -> (items: [Int32], weights: [Float]?) {
        (history + liked + disliked, Array(repeating: 1, count: history.count) + likes + dislikes)
    }
}
