import HTTP
import HTTPServer
import InteractionStorage
import JSON
import Locking
import Logging

/// `/admin`: for those who look after the data.
struct AdminRoutes: Sendable {
    let store: any InteractionStore
    let backups: BackupFolder
    let clock: WallClock
    let logger: Logger
    let reserve: DiskReserve
    private let isBackingUp = Lock(false)

    init(store: any InteractionStore, backups: BackupFolder, clock: WallClock, logger: Logger, reserve: DiskReserve) {
        self.reserve = reserve
        self.store = store
        self.backups = backups
        self.clock = clock
        self.logger = logger
    }

    func register(in router: inout Router) {
        router.addOffloaded(.post, "/admin/backup", as: .bulk, refusing: RequestBody.refusal, backUp)
    }

    /// One at a time: two would only take twice as long. Answers when the backup has been verified.
    private func backUp(_ request: ServerRequest) throws(Problem) -> HTTPResponse {
        try QueryParameters.refuse(in: request)
        guard request.body.isEmpty else { throw Problem(.badRequest, "A backup takes no body.") }
        try reserve.check()
        let isFirst = isBackingUp.withLock { isBackingUp in
            defer { isBackingUp = true }
            return !isBackingUp
        }
        guard isFirst else {
            throw Problem(.serviceUnavailable, "A backup is being made already.", retryAfterSeconds: 10)
        }
        defer { isBackingUp.withLock { $0 = false } }
        let (path, backup) = try Answer.storing { () throws(StoreError) in try backups.backUp(store, clock: clock) }
        logger.notice("The store was backed up.", metadata: ["file": "\(path)"])
        return Answer.json(.created) { writer in
            writer.object { answer in
                answer.member("file", path)
                answer.member("bytes", backup.bytes)
                answer.member("checksum", backup.checksum)
                answer.member("watermark", backup.watermark)
                answer.member("interactions", backup.interactions)
                answer.member("users", backup.users)
                answer.member("items", backup.items)
                answer.member("user_records", backup.userRecords)
                answer.member("catalogue_items", backup.catalogueItems)
            }
        }
    }
}
