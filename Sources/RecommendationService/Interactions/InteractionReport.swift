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

    func response() -> HTTPResponse {
        Answer.json { writer in
            writer.object { report in
                report.member("stored", stored)
                report.member("duplicates", duplicates)
                if erased > 0 { report.member("erased", erased) }
                report.member("rejected", rejected)
                if let quarantined, rejected > 0 {
                    report.member("quarantined", quarantined.rows)
                    report.member("upload", quarantined.upload)
                }
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
