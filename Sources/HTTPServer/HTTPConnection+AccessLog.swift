import HTTP
import Networking

// What is said of requests to who keeps a line about each; only where somebody does.
extension HTTPConnection {
    /// A request that was answered, or whose client went away before.
    func log(_ exchange: borrowing Exchange, lasting duration: Duration, to accessLog: any AccessLog) {
        var record = AccessRecord(status: exchange.status, identifier: exchange.request.identifier)
        describe(exchange, in: &record, accessLog)
        record.duration = duration
        record.bytesOut = exchange.bytesOut
        record.notedValue = exchange.notedValue
        accessLog.record(record)
    }

    /// A request that was refused as malformed or too slow: in its head, or in the content of the present exchange.
    func logRefusal(_ status: Int, _ identifier: RequestID, bytesOut: Int, to accessLog: any AccessLog) {
        var record = AccessRecord(status: status, identifier: identifier)
        if let exchange = exchange.take() {
            describe(exchange, in: &record, accessLog)
            record.duration = server.loop.readClock().duration(since: exchange.begin)
            self.exchange = consume exchange
        } else {
            // What the parser has understood of it stays unsaid: it may be anything.
            record.bytesIn = input.end - input.start
        }
        record.bytesOut = bytesOut
        accessLog.record(record)
    }

    private func describe(
        _ exchange: borrowing Exchange, in record: inout AccessRecord, _ accessLog: any AccessLog
    ) {
        record.method = requestStorage.head.method
        record.version = requestStorage.head.version
        record.route = exchange.request.route
        record.target = accessLog.wantsTargets ? requestStorage.head.target : nil
        record.bytesIn = exchange.bytesIn
    }
}
