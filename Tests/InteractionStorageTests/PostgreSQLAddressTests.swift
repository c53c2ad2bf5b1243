#if PostgreSQL
    import Testing

    @testable import InteractionStorage

    @Suite("PostgreSQL store: where it is")
    struct PostgreSQLAddressTests {
        @Test("a description names the place and the user, and never a password")
        func description() throws {
            for (url, expected) in [
                ("postgresql://ada:s3cret@db.example:5433/shop?connect_timeout=3", "ada@db.example:5433/shop"),
                ("postgres://db.example/shop?user=ada&password=s3cret", "ada@db.example/shop"),
                ("postgresql://ada:s3cret%40%2F@db.example/shop", "ada@db.example/shop"),
                ("postgresql:///shop?host=/run/postgresql", "/run/postgresql/shop"),
            ] {
                let address = try PostgreSQLAddress(url: url, password: "s3cret")
                #expect(address.description == expected)
            }
        }

        @Test(
            "what is no such URL is refused without being repeated",
            arguments: [
                "", "shop", "mysql://ada:s3cret@db/shop", "postgresql://ada:s3cret%zz@db/shop",
                "postgresql://ada:s3cret@db/shop?colour=s3cret", "postgresql://ada:s3cret@[::1/shop",
                "postgresql://ada:s3cret@db/shop\0", "postgresql://ada:pass@s3cret@db/shop",
                "postgresql://ada:pass/s3cret@db/shop", "postgresql://ada:1/s3cret@db", "postgresql://ada:s3cret/shop",
            ])
        func refusals(url: String) throws {
            let error = try #require(throws: StoreError.self) { try PostgreSQLAddress(url: url) }
            #expect("\(error)".contains("postgresql://USER@HOST:PORT/DATABASE"))
            #expect(!"\(error)".contains("s3cret"))
        }

        @Test("who is turned away is told why, and where, without the password")
        func wrongPassword() throws {
            let database = try TestDatabase()
            let address = try PostgreSQLAddress(url: database.address.url, password: "s3cret")
            let error = try #require(throws: StoreError.self) {
                try PostgreSQLInteractionStore(at: address, configuration: database.configuration)
            }
            guard case .unavailable(let reason) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains("password authentication failed") && reason.contains("127.0.0.1"))
            #expect(!reason.contains("s3cret") && !reason.contains("postgresql://"))
        }

        @Test("a place where nobody answers is told")
        func nobody() throws {
            let address = try PostgreSQLAddress(url: "postgresql://ada@127.0.0.1:1/shop")
            let error = try #require(throws: StoreError.self) { try PostgreSQLInteractionStore(at: address) }
            #expect("\(error)".contains("Connection refused") && "\(error)".contains("port 1"))
        }
    }
#endif
