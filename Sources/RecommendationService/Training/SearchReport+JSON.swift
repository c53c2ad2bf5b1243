import JSON
import NCF

extension SearchReport {
    /// The report as `GET /train/{job}` answers it; what could not be measured is left out.
    func write(into writer: inout JSONWriter) {
        writer.object { answer in
            answer.member("criterion", criterion)
            if let budget {
                answer.key("budget")
                answer.object { limits in
                    limits.member("seconds", ifPresent: budget.seconds)
                    limits.member("trials", ifPresent: budget.trials)
                }
            }
            answer.member("seconds", Self.rounded(seconds))
            if let yardstick, yardstick.isFinite { answer.member("yardstick", yardstick) }
            answer.member("verdict", ifPresent: verdict)
            answer.key("trials")
            answer.array { list in for trial in trials { trial.write(into: &list) } }
        }
    }

    fileprivate static func rounded(_ seconds: Double) -> Double { (seconds * 100).rounded() / 100 }
}

extension SearchReport.Trial {
    fileprivate func write(into writer: inout JSONWriter) {
        writer.object { answer in
            answer.member("trial", number)
            answer.member("round", round)
            answer.member("outcome", outcome.rawValue)
            answer.member("criterion", criterion)
            answer.key("measurements")
            answer.array { list in
                for measurement in measurements {
                    list.object { entry in
                        entry.member("interactions", measurement.interactions)
                        entry.member("users", measurement.users)
                        if measurement.value.isFinite { entry.member("value", measurement.value) }
                        entry.member("epochs", measurement.epochs)
                        entry.member("seconds", SearchReport.rounded(measurement.seconds))
                    }
                }
            }
            answer.key("configuration")
            settings.write(into: &answer)
        }
    }
}
