extension ModelSnapshot {
    /// The vector of a user that a rating model knows who has rated `items` since it was trained, known ones or others.
    ///
    /// Where the model knows histories, new items come into the user's bag, rated or not. From there the vector moves by what the
    /// ratings say: the most probable one around the trained vector, with the users' variance, of the new ratings and of
    /// known items rated as the model has them. Those hold the vector where training found it; what they were rated is not in
    /// a snapshot. Without ratings an item counts as chosen, as in folding in; known items without a new rating are no news.
    ///
    /// p_G and β_u move; the tower's embedding where there is nothing else.
    func rated(
        user: Int, newer items: [Int32], weights: [Float]?, ratings: [Float], late: Int
    ) -> UserVector {
        precondition(ratings.count == items.count)
        let liked = likedItems(of: user)
        let known = ItemSet(itemCount: itemCount, items: liked.map(Int.init))
        let fresh = items.indices.filter { index in
            let item = items[index]
            guard item >= 0, item < itemCount else { return false }
            return ratings[index].isFinite || !known.contains(Int(item))
        }
        let news = (items: fresh.map { items[$0] }, weights: weights.map { all in fresh.map { all[$0] } })
        var samples = foldInSamples(
            items: news.items, weights: news.weights, ratings: fresh.map { ratings[$0] }
        ).all
        let own = model.vector(of: user)
        guard !samples.isEmpty else { return own }
        let lateCount = fresh.count { $0 < late }
        let around = adding(news, lateCount: lateCount, to: own, after: history(of: user))
        if model.history?.recency.isOn == true {
            // Only the last places are the new items' own; what counts less with its place is left in.
            let earlier = liked + news.items.prefix(lateCount)
            let before = ItemSet(itemCount: itemCount, items: earlier.map(Int.init))
            for index in samples.indices where before.contains(Int(samples[index].item)) {
                samples[index].isInBag = false
            }
        }
        samples += remembered(liked, but: news.items, as: around)
        return foldIn(around: ModelPrior(user: around, userVariance: prior.userVariance, item: prior.item))
            .vector(samples: samples, movesTower: !model.architecture.hasGMF)
    }

    /// `own` with what is new to the user in its bag.
    private func adding(
        _ news: (items: [Int32], weights: [Float]?), lateCount: Int, to own: UserVector, after liked: [HistoryItem]
    ) -> UserVector {
        guard let history = model.history else { return own }
        let known = ItemSet(itemCount: itemCount, items: liked.map { Int($0.item) })
        let late = ItemSet(itemCount: itemCount, items: news.items.prefix(lateCount).map(Int.init))
        let new = self.history(news.items, news.weights).filter { !known.contains(Int($0.item)) }
        guard history.recency.isOn, lateCount > 0 else { return history.adding(new, to: own, after: liked) }
        let before = new.filter { late.contains(Int($0.item)) }
        let after = new.filter { !late.contains(Int($0.item)) }
        return history.replacing(liked, by: before + liked + after, in: own)
    }

    /// The end of the known history, each item rated as `user` has it.
    private func remembered(_ liked: [Int32], but rated: [Int32], as user: UserVector) -> [FoldIn.Sample] {
        let rated = ItemSet(itemCount: itemCount, items: rated.filter { $0 >= 0 && $0 < itemCount }.map(Int.init))
        let kept = Array(liked.filter { !rated.contains(Int($0)) }.suffix(Self.rememberedHistory))
        guard !kept.isEmpty else { return [] }
        return zip(kept, model.score(user, model.gather(kept))).map { item, logit in
            FoldIn.Sample(item: item, target: bounded?.rating(logit) ?? logit, weight: 1)
        }
    }
}
