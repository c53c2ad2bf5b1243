import Foundation
import TestSupport
import Testing

@Suite("The store that storage.url names")
struct DatabaseTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private var data: String { folder.file("data") }

    private func run(_ arguments: [String], _ environment: [String: String]) throws -> NectarProcess.Outcome {
        try NectarProcess.run(arguments, environment: environment)
    }

    #if PostgreSQL
        /// A schema of the database that `scripts/test` has started, and what a process is told of it.
        private func environment() throws -> [String: String] {
            let url = try #require(ProcessInfo.processInfo.environment["TEST_POSTGRESQL"])
            return ["NECTAR_STORAGE_URL": url, "NECTAR_STORAGE_SCHEMA": "test_\(UInt64.random(in: 0...UInt64.max))"]
        }

        @Test("commands import into it, export from it, back it up and restore it; no file is made for it")
        func commands() throws {
            let environment = try environment()
            let made = try run(
                ["generate", "--users", "20", "--items", "10", "--interactions", "100", folder.file("in")], [:])
            #expect(made.status == 0)
            let imported = try run(["import", "--data", data, folder.file("in")], environment)
            #expect(imported.status == 0 && imported.output.contains("Stored 100 interactions"), "\(imported.errors)")
            let backup = try run(["backup", "--data", data, folder.file("b.sqlite")], environment)
            #expect(backup.status == 0 && backup.output.contains("Backed up 100 interactions"), "\(backup.errors)")
            let restored = try run(["restore", "--data", data, folder.file("b.sqlite")], environment)
            #expect(restored.status == 0 && restored.output.contains("_replaced_"), "\(restored.errors)")
            let exported = try run(["export", "--data", data, folder.file("out")], environment)
            #expect(exported.status == 0 && exported.output.contains("Wrote 100 interactions"), "\(exported.errors)")
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: data).allSatisfy { !$0.hasPrefix("nectar.sqlite") })
        }

        @Test("the password comes from a file, and is in no complaint")
        func password() throws {
            var environment = try environment()
            let url = try #require(environment["NECTAR_STORAGE_URL"].flatMap { URLComponents(string: $0) })
            let secret = try #require(url.password)
            environment["NECTAR_STORAGE_URL"] = "postgresql://nectar@127.0.0.1:\(url.port ?? 0)/postgres"
            environment["NECTAR_STORAGE_PASSWORD_FILE"] = try folder.write("password", "\(secret)\nmore\n")
            let sound = try run(["export", "--data", data, folder.file("out")], environment)
            #expect(sound.status == 0, "\(sound.errors)")
            environment["NECTAR_STORAGE_PASSWORD_FILE"] = try folder.write("wrong", "s3cret\n")
            let wrong = try run(["export", "--data", data, folder.file("out2")], environment)
            #expect(wrong.status == 1 && wrong.errors.contains("password authentication failed"), "\(wrong.errors)")
            #expect(!wrong.errors.contains("s3cret"))
            environment["NECTAR_STORAGE_PASSWORD_FILE"] = folder.file("none")
            #expect(try run(["export", folder.file("out3")], environment).errors.contains("storage.password_file"))
            let no = try run(["export", folder.file("out4")], ["NECTAR_STORAGE_URL": "mysql://ada:s3cret@db/shop"])
            #expect(
                no.status == 1 && no.errors.contains("storage.url") && !no.errors.contains("s3cret"), "\(no.errors)")
        }
    #else
        @Test("without PostgreSQL built in, the complaint says how it is, and nothing else happens")
        func notBuiltIn() throws {
            for arguments in [["serve"], ["export", folder.file("out")], ["backup"]] {
                let outcome = try run(
                    arguments + ["--data", data], ["NECTAR_STORAGE_URL": "postgresql://ada:s3cret@127.0.0.1/shop"])
                #expect(outcome.status == 1 && outcome.errors.contains("swift build --traits default,PostgreSQL"))
                #expect(!outcome.errors.contains("s3cret"))
                #expect(!FileManager.default.fileExists(atPath: "\(data)/nectar.sqlite"))
            }
        }
    #endif
}
