import Foundation
import NCF
import RecommendationService

extension Report {
    private static let nameWidth = 20
    private static let countWidth = 12

    /// What was found in a dataset: a finding a line, with one example and what was done; then what the data are like.
    static func inspection(_ summary: DataSummary, unreadable: Int) {
        let cleaning = summary.cleaning
        print(
            "\(cleaning.rows) rows: \(summary.interactions) pairs of \(summary.users) users and \(summary.items) items."
        )
        if unreadable > 0 { print("\(unreadable) more rows cannot be read: nectar import --dry-run names them.") }
        let found = CleaningFinding.allCases.filter { cleaning[$0] > 0 }
        if found.isEmpty, unreadable == 0 { print("Nothing was found.") }
        for finding in found {
            let mark = cleaning.isSerious(finding) ? "!" : " "
            print("")
            print("\(mark) \(padded(finding.title, nameWidth))\(right(cleaning[finding])) \(finding.unit)")
            if let example = cleaning.examples(of: finding).first { print("    such as: \(text(example))") }
            print("    \(cleaning.done(finding))")
            print("    to change it: \(finding.change)")
        }
        if let figures = cleaning.figures { self.figures(figures) }
    }

    private static func figures(_ figures: DatasetFigures) {
        print("")
        let cold = DatasetFigures.coldBelow
        var lines = [
            ("filled cells", percent(figures.density)), ("Gini of the items", String(format: "%.3f", figures.gini)),
            ("top 1 % of items", percent(figures.topShare) + " of the interactions"),
            ("cold users", percent(figures.coldUserShare) + " have fewer than \(cold) interactions"),
            ("cold items", percent(figures.coldItemShare) + " have fewer than \(cold) interactions"),
            ("rated", percent(figures.ratedShare) + " of the interactions"),
        ]
        if let deviation = figures.ratingDeviation {
            lines.append(("ratings deviate by", String(format: "%.3f", deviation)))
        }
        if let deviation = figures.userRatingDeviation {
            lines.append(("users' means by", String(format: "%.3f", deviation)))
        }
        for (name, value) in lines { print("  \(padded(name, nameWidth))\(value)") }
    }

    private static func text(_ example: DatasetCleaning.Example) -> String {
        var parts: [String] = []
        if let user = example.userID { parts.append("user \(user)") }
        if let item = example.itemID { parts.append("item \(item)") }
        return (parts + [example.detail]).joined(separator: ", ")
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func right(_ number: Int) -> String {
        let text = "\(number)"
        return String(repeating: " ", count: max(0, countWidth - text.count)) + text
    }

    private static func percent(_ share: Double) -> String {
        String(format: share > 0 && share < 0.001 ? "%.4f %%" : "%.1f %%", share * 100)
    }
}
