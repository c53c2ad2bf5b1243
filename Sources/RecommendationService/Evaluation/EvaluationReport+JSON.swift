import JSON
import NCF

extension EvaluationReport {
    /// The report as answers and `nectar evaluate --json` hold it.
    public func json() -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 16_384)
        write(into: &writer)
        return writer.bytes
    }

    func write(into writer: inout JSONWriter) {
        writer.object { answer in
            answer.member("holdout", holdout)
            answer.member("users", users)
            answer.member("measured_users", measuredUsers)
            answer.member("held_out", heldOut)
            answer.member("trained_on", trainedOn)
            answer.key("cutoffs")
            answer.array { list in for cutoff in settings.cutoffs { list.value(cutoff) } }
            answer.member("sampled_negatives", ifPresent: hasGivenNegatives ? nil : settings.sampledNegatives)
            answer.member("seed", settings.seed)
            if settings.bootstrap != nil {
                answer.member("resamples", settings.resamples)
                answer.member("confidence", EvaluationSettings.confidence)
            }
            answer.key("model")
            model.write(into: &answer, architecture: architecture, preselection: preselection)
            for yardstick in scorers.dropFirst() {
                answer.key(yardstick.name)
                yardstick.write(into: &answer)
            }
        }
    }
}

extension ScorerEvaluation {
    fileprivate func write(
        into writer: inout JSONWriter, architecture: String? = nil, preselection: PreselectionRecall? = nil
    ) {
        writer.object { answer in
            answer.member("architecture", ifPresent: architecture)
            Self.write("full_catalogue", fullCatalogue?.byName, into: &answer)
            Self.write("sampled", sampled?.byName, into: &answer)
            Self.write("beyond_accuracy", beyondAccuracy?.byName, into: &answer)
            if let preselection {
                answer.key("preselection")
                answer.object { entry in
                    entry.member("candidates", preselection.candidates)
                    entry.member("recall_at_\(preselection.listLength)", preselection.recall)
                    entry.member("users", preselection.users)
                }
            }
            Self.write("rating", rating?.byName, into: &answer)
            if let calibration {
                answer.key("calibration")
                answer.object { entry in
                    entry.member("slope", calibration.logits.slope)
                    entry.member("offset", calibration.logits.offset)
                    entry.member("expected_error", calibration.expectedError)
                    entry.member("negatives_per_positive", ScoreCalibration.negativesPerPositive)
                }
            }
            writeIntervals(into: &answer)
        }
    }

    private static func write(_ name: String, _ figures: [String: Double]?, into answer: inout JSONWriter) {
        guard let figures, !figures.isEmpty else { return }
        answer.key(name)
        answer.object { entry in
            for (metric, value) in figures.sorted(by: { $0.key < $1.key }) { entry.member(metric, value) }
        }
    }

    /// `"intervals": {"full_catalogue": {"ndcg_at_10": [0.41, 0.44], …}, …}`.
    private func writeIntervals(into answer: inout JSONWriter) {
        guard !intervals.isEmpty else { return }
        answer.key("intervals")
        answer.object { groups in
            for (group, figures) in intervals.sorted(by: { $0.key < $1.key }) {
                groups.key(group)
                groups.object { entry in
                    for (metric, interval) in figures.sorted(by: { $0.key < $1.key }) {
                        entry.key(metric)
                        entry.array { ends in
                            ends.value(interval.low)
                            ends.value(interval.high)
                        }
                    }
                }
            }
        }
    }
}
