extension SearchRun {
    /// Goes on where the edge of what was tried is the best: first by the regularisation of histories, in whichever direction the
    /// closer neighbours led what they depart from, also where a model without histories led them all; then by that of the
    /// factorisation; then by the settings of histories whose order matters; then by the share of the factorisation; then by the
    /// dimension of histories, of which as many are wanted as there are items that go together. Wider ones serve slower, so they have
    /// to lead by as much as another model.
    ///
    /// Each step is one trial, on the least sample that shows it beside the one before, so that large data pays for a third of
    /// a trial; where a line ends is measured on the largest.
    func takeSteps(_ round: Int) throws(End) {
        guard rules.objective != .rating else { return try takeLongerSteps(round) }
        guard let base = baseOfNeighbours else { return }
        for first in firstTrial..<variations.count where variations[first].historyShare != 0 {
            let (from, to) = (variations[base], variations[first])
            guard let line = SettingsLine.histories(from: from, to: to), leads(first, base) else { continue }
            try walk(line, from: first, round)
        }
        adopt(errors: Self.errors.neighbour)
        if let end = best?.trial, let line = SettingsLine.regularization(to: variations[end], tried: variations) {
            try walk(line, from: end, round)
            adopt(errors: Self.errors.neighbour)
        }
        try walkTowardsTheEnd(round)
        for line in proposals.hasFeatures ? [SettingsLine.told, .untold] : [] { try follow(line, round) }
        for line in [SettingsLine.nearer, .farther] { try follow(line, round) }
        try follow(.related, round)
        try follow(.wider, round, errors: Self.errors.other)
    }

    /// Of a model of ratings: the same epochs with steps of twice the length, as long as that leads, and then its regularisation. A few
    /// epochs of short steps may end long before there is nothing more to learn.
    private func takeLongerSteps(_ round: Int) throws(End) {
        guard let best, !search.given.contains(.learningRate) else { return }
        try walk(.faster, from: best.trial, round)
        adopt(errors: Self.errors.neighbour)
        guard let end = self.best?.trial, end != best.trial else { return }
        for line in [SettingsLine.firmer, .freer] {
            try walk(line, from: end, round)
            adopt(errors: Self.errors.neighbour)
        }
    }

    /// Times that the settings of an order are gone through at most.
    private static let greatestTurns = 2

    /// Where the order of histories matters: how much, how little items say of those before them, and how much they say of what comes
    /// next. Each was tried without the others, so that all are gone through again where that found a better one.
    private func walkTowardsTheEnd(_ round: Int) throws(End) {
        guard proposals.hasTimes else { return }
        for _ in 0..<Self.greatestTurns {
            let start = best?.trial
            try follow(.shorter, round)
            guard let best, hasOrder(best.trial) else { return }
            for line in [SettingsLine.looser, .onward, .backward] { try follow(line, round) }
            guard self.best?.trial != start else { return }
        }
    }

    /// Takes steps from the best, if it has histories, and makes the last of them the best where it leads.
    private func follow(
        _ line: SettingsLine, _ round: Int, errors: Double = SearchRun.errors.neighbour
    ) throws(End) {
        guard let end = best?.trial, variations[end].historyShare != 0 else { return }
        try walk(line, from: end, round, errors: errors)
        adopt(errors: errors)
    }

    /// Takes steps along `line` while they lead.
    private func walk(
        _ line: SettingsLine, from first: Int, _ round: Int, errors: Double = SearchRun.errors.neighbour
    ) throws(End) {
        guard let rung = known[first]?.keys.min() else { return }
        var last = first
        for _ in 0..<SettingsLine.greatestSteps {
            guard let trial = propose(line.step(from: variations[last]), round) else { break }
            known[trial] = [rung: try compete(trial, rung: rung).gains]
            guard leads(trial, last, errors: errors) else { break }
            last = trial
        }
        let highest = arena.rungs - 1
        guard last != first, rung < highest else { return }
        try compete(last, rung: highest)
    }

    /// Whether a trial leads another by `errors`, on the least sample that both were measured on.
    private func leads(_ trial: Int, _ other: Int, errors: Double = SearchRun.errors.neighbour) -> Bool {
        let common = Set(known[trial, default: [:]].keys).intersection(known[other, default: [:]].keys)
        guard let rung = common.min(), let own = known[trial]?[rung], let others = known[other]?[rung] else {
            return false
        }
        // One that failed has gained nothing.
        guard !own.mean.isNaN, !others.mean.isNaN else { return false }
        guard isAboutTheEnd(trial, other) else { return own.areClearlyBetter(than: others, errors: errors) }
        return isBetterAtTheEnd(own, than: others, rung: rung, errors: errors)
    }
}
