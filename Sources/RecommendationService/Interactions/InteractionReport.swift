import HTTP
import JSON

/// What became of the interactions of a request.
struct InteractionReport {
    var stored: Int
    var duplicates: Int
    /// Left out because they are of users who were erased.
    var erased = 0
    var rejected = 0
    /// Where those rejected are kept; nil where they are not.
    var quarantined: Quarantined?
    /// What was wrong with those rejected, where the request asked to keep the rest.
    var faults: [JSONFault] = []

    /// Under which name rows are in quarantine, and how many.
    struct Quarantined {
        var upload: String
        var rows: Int
    }

    /// The counts, as members of an object.
    func writeCounts(to object: inout JSONWriter) {
        object.member("stored", stored)
        object.member("duplicates", duplicates)
        if erased > 0 { object.member("erased", erased) }
        object.member("rejected", rejected)
        if let quarantined, rejected > 0 {
            object.member("quarantined", quarantined.rows)
            object.member("upload", quarantined.upload)
        }
    }

    /// What nearly all are told.
    private static let oneStored = InteractionReport(stored: 1, duplicates: 0).written()

    func response() -> HTTPResponse {
        let isOneStored = stored == 1 && duplicates + erased + rejected == 0 && faults.isEmpty
        return isOneStored ? Self.oneStored : written()
    }

    private func written() -> HTTPResponse {
        Answer.json { writer in
            writer.object { report in
                writeCounts(to: &report)
                guard !faults.isEmpty else { return }
                report.key("errors")
                report.array { list in
                    for fault in faults {
                        list.object { entry in
                            entry.member("pointer", fault.pointer)
                            entry.member("detail", fault.detail)
                        }
                    }
                }
            }
        }
    }
}
