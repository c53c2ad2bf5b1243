extension SearchRun {
    /// Whether the best trial is clearly better than popularity, or for ratings than the items' means.
    var beatsYardstick: Bool {
        guard let best, let yardstick else { return false }
        return best.gains.areClearlyBetter(than: yardstick)
    }

    /// Whether a model of ratings ranks the catalogue no worse than popularity does: what is predicted well may still be what
    /// nobody takes. To be found is what was held out and not disliked.
    func ranksLikePopularity(
        _ variation: SettingsVariation, on fold: HeldOutData, dislikesUpTo most: Float?
    ) throws(TrainingError) -> Bool {
        do throws(End) {
            guard let model = try train(variation, on: fold, validate: nil) else { return false }
            let liked = HeldOutData(
                train: fold.train.discountingDislikes(),
                holdout: fold.holdout.withoutDislikes(upTo: most))
            let popularity = arena.rankingGains(of: PopularityScorer(dataset: liked.train), on: liked)
            let own = arena.rankingGains(of: ScoringModel(model.parameters, of: fold.train), on: liked)
            try checkEnd()
            return !popularity.areClearlyBetter(than: own)
        } catch {
            if error == .cancelled { throw .cancelled }
            return false
        }
    }
}
