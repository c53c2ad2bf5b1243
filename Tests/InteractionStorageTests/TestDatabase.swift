#if PostgreSQL
    import Foundation
    import Testing

    @testable import InteractionStorage

    /// A schema of a test's own in the database that `scripts/test` has started; it goes with the last reference.
    final class TestDatabase: Sendable {
        let address: PostgreSQLAddress
        let schema = "test_\(UInt64.random(in: 0...UInt64.max))"

        /// - Throws: Where no database was named: tests that need one may not pass without.
        init() throws {
            let url = try #require(
                ProcessInfo.processInfo.environment["TEST_POSTGRESQL"],
                "TEST_POSTGRESQL is the URL of a database for tests; scripts/test starts one.")
            address = try PostgreSQLAddress(url: url)
        }

        deinit {
            _ = try? connect().run("DROP SCHEMA IF EXISTS \(schema) CASCADE")
        }

        var configuration: PostgreSQLInteractionStore.Configuration {
            var configuration = PostgreSQLInteractionStore.Configuration()
            configuration.schema = schema
            return configuration
        }

        /// A session beside the store's.
        func connect() throws -> PostgreSQLConnection {
            let connection = try PostgreSQLConnection(to: address, connectTimeout: .seconds(5), patience: .seconds(30))
            try connection.run("SET search_path = \(schema)")
            return connection
        }
    }
#endif
