extension SearchRun {
    /// Whether the best trial is clearly better than popularity, or for ratings than the items' means.
    var beatsYardstick: Bool {
        guard let best, let yardstick else { return false }
        return best.gains.areClearlyBetter(than: yardstick)
    }

    /// Whether a model of ratings ranks the catalogue no worse than popularity does: what is predicted well may still be what
    /// nobody takes.
    func ranksLikePopularity(_ variation: SettingsVariation) throws(TrainingError) -> Bool {
        let fold = arena.data(arena.rungs - 1)[0]
        do throws(End) {
            guard let model = try train(variation, on: fold, validate: nil) else { return false }
            let popularity = arena.rankingGains(of: PopularityScorer(dataset: fold.train), on: fold)
            let own = arena.rankingGains(of: ScoringModel(model.parameters), on: fold)
            try checkEnd()
            return !popularity.areClearlyBetter(than: own)
        } catch {
            if error == .cancelled { throw .cancelled }
            return false
        }
    }
}
