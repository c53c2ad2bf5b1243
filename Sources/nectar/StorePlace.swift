import Foundation
import InteractionStorage
import RecommendationService

/// Where the record is: a SQLite file in the data folder, or the PostgreSQL database that `storage.url` names.
enum StorePlace {
    /// The path of a file.
    case file(String)
    /// A database, and which part of it.
    case database(ServiceConfiguration.Storage)

    /// What a command does with the store.
    enum Use {
        /// Serving from it, or putting another in its place: nobody else may.
        case serving
        /// Importing, beside other imports.
        case importing
        /// Reading, beside whatever there is.
        case reading
    }

    init(_ configuration: ServiceConfiguration) {
        self =
            configuration.storage.url.isEmpty
            ? .file("\(configuration.dataDirectory)/nectar.sqlite") : .database(configuration.storage)
    }

    /// Opens the store, making one where there is none.
    ///
    /// Of a file, who may serve is settled by ``ServingLock`` alone; a database is asked, for it may have other machines' programs.
    func open(for use: Use) throws -> any InteractionStore {
        switch self {
        case .file(let path):
            do throws(StoreError) {
                return try SQLiteInteractionStore(path: path)
            } catch {
                // SQLite tells no reason.
                if case .unavailable = error { try WritableFolder.check([Self.folder(of: path), path]) }
                throw Fatal(description: "\(error).\(Self.advice(on: error))")
            }
        case .database(let storage): return try Self.open(storage, for: use)
        }
    }

    static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    /// What to do about a store that cannot be opened; it has been left as it is.
    private static func advice(on error: StoreError) -> String {
        switch error {
        case .corrupt:
            " Nothing was changed. Restore a backup with nectar restore: it reads from what is there who has been erased, and keeps it "
                + "under another name, so leave it where it is. Or let --data name another folder."
        case .newerSchema:
            " Nothing was changed. Run the newer version, or restore a backup that this one has made with nectar restore, leaving what "
                + "is there where it is."
        case .noSpace: " Make space on the disk and start again."
        case .unavailable, .unusableBackup, .outcomeUnknown, .full, .keyReused, .failed: ""
        }
    }

    #if PostgreSQL
        private static func open(_ storage: ServiceConfiguration.Storage, for use: Use) throws -> any InteractionStore {
            try connect(storage, for: use)
        }

        /// The store in a database.
        static func connect(
            _ storage: ServiceConfiguration.Storage, for use: Use
        ) throws -> PostgreSQLInteractionStore {
            var configuration = PostgreSQLInteractionStore.Configuration()
            configuration.schema = storage.schema
            configuration.maximumReaders = storage.connections
            configuration.statementTimeout = .seconds(storage.statementSeconds)
            configuration.use =
                switch use {
                case .serving: .serving
                case .importing: .importing
                case .reading: .beside
                }
            let password = try storage.passwordFile.isEmpty ? nil : readPassword(storage.passwordFile)
            return try Fatal.unless {
                try PostgreSQLInteractionStore(
                    at: address(storage.url, password), configuration: configuration)
            }
        }

        private static func address(_ url: String, _ password: String?) throws -> PostgreSQLAddress {
            do {
                return try PostgreSQLAddress(url: url, password: password)
            } catch {
                guard case .failed(_, let reason) = error else { throw error }
                throw Fatal(description: "storage.url: \(reason).")
            }
        }

        /// The first line of a file.
        private static func readPassword(_ path: String) throws -> String {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw Fatal(description: "storage.password_file: \(path) cannot be read.")
            }
            let line = data.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
            guard let password = String(validating: line, as: UTF8.self), !password.isEmpty,
                !password.utf8.contains(0)
            else { throw Fatal(description: "storage.password_file: \(path) does not begin with a password.") }
            return password
        }
    #else
        private static func open(_ storage: ServiceConfiguration.Storage, for use: Use) throws -> any InteractionStore {
            throw Fatal(
                description: "storage.url names a PostgreSQL database, and this nectar was built without PostgreSQL: "
                    + "build it with `swift build --traits default,PostgreSQL` (it needs libpq-dev).")
        }
    #endif
}
