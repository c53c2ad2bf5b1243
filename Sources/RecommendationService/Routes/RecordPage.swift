import HTTP
import HTTPServer
import JSON

/// One page of a list that is ordered by ID: `?cursor` names the last one of the page before, `?limit` how many.
struct RecordPage {
    let cursor: String?
    let limit: Int

    private static let usualLimit = 100

    /// Reads a request's query.
    init(_ request: ServerRequest, maximumLimit: Int) throws(Problem) {
        var query = QueryParameters(request, known: ["cursor", "limit"])
        cursor = query.identifier("cursor")
        limit = query.integer("limit", in: 1...maximumLimit) ?? min(Self.usualLimit, maximumLimit)
        try query.check()
    }

    /// `{"items": […], "next": "…"}`; next is null on a page that is not full.
    func answer<Record>(
        _ name: String, _ records: [Record], id: KeyPath<Record, String>,
        _ encode: (Record, inout JSONWriter) -> Void
    ) -> HTTPResponse {
        Answer.json { writer in
            writer.object { answer in
                answer.key(name)
                answer.array { list in
                    for record in records { encode(record, &list) }
                }
                answer.key("next")
                if records.count == limit, let last = records.last {
                    answer.value(last[keyPath: id])
                } else {
                    answer.null()
                }
            }
        }
    }
}

/// The body of `POST /items` and `POST /users`: one record, or `{"items": […]}`; all or nothing.
enum RecordList {
    static func decode<Record>(
        _ request: ServerRequest, _ name: String, _ decode: (JSONValue, inout JSONFaults) -> Record?
    ) throws(Problem) -> [Record] {
        let document = try RequestBody.json(of: request)
        var faults = JSONFaults()
        var records: [Record] = []
        if document.root.kind == .object, document.root[name] != nil {
            let body = JSONObjectDecoder(document.root, knownMembers: [name], faults: &faults)
            if let list = body?.require(name, &faults)?.decodeArray(&faults) {
                records = list.elements.compactMap { decode($0, &faults) }
            }
        } else if let record = decode(document.root, &faults) {
            records.append(record)
        }
        guard faults.isEmpty else { throw Problem(faults: faults) }
        return records
    }

    static func answer(stored: Int, created: Int, erased: Int = 0, withdrawn: Int = 0) -> HTTPResponse {
        Answer.json { writer in
            writer.object { answer in
                answer.member("stored", stored)
                answer.member("created", created)
                if erased > 0 { answer.member("erased", erased) }
                if withdrawn > 0 { answer.member("withdrawn", withdrawn) }
            }
        }
    }
}
