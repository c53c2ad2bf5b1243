public import JSON
public import NCF

extension DatasetCleaning {
    /// Writes the members of the report: how often each thing was found, by its name, all of what was found, explained, and what the
    /// dataset is like.
    public func write(into report: inout JSONWriter) {
        report.member("rows", rows)
        for finding in CleaningFinding.allCases { report.member(finding.rawValue, self[finding]) }
        report.key("findings")
        report.array { list in
            for finding in CleaningFinding.allCases where self[finding] > 0 {
                list.object { write(finding, into: &$0) }
            }
        }
        if let figures {
            report.key("figures")
            report.object(figures.write)
        }
    }

    private func write(_ finding: CleaningFinding, into entry: inout JSONWriter) {
        entry.member("finding", finding.rawValue)
        entry.member("count", self[finding])
        entry.member("of", finding.unit)
        entry.member("serious", isSerious(finding))
        entry.member("done", done(finding))
        entry.member("change", finding.change)
        entry.key("examples")
        entry.array { list in
            for example in examples(of: finding) {
                list.object { entry in
                    entry.member("user_id", ifPresent: example.userID)
                    entry.member("item_id", ifPresent: example.itemID)
                    entry.member("detail", example.detail)
                }
            }
        }
    }
}

extension DatasetFigures {
    func write(into answer: inout JSONWriter) {
        answer.member("users", users)
        answer.member("items", items)
        answer.member("interactions", interactions)
        answer.member("density", density)
        answer.member("item_gini", gini)
        answer.member("top_1_percent_share", topShare)
        answer.member("cold_user_share", coldUserShare)
        answer.member("cold_item_share", coldItemShare)
        answer.member("rated_share", ratedShare)
        if let ratingDeviation { answer.member("rating_deviation", ratingDeviation) }
        if let userRatingDeviation { answer.member("user_mean_rating_deviation", userRatingDeviation) }
    }
}
