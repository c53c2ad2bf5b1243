import Foundation
import RecommendationService
import Testing

@testable import nectar

@Suite("Configuration")
struct ConfigurationLoaderTests {
    private func load(
        file: String? = nil, environment: [String: String] = [:], flags: [String: Setting.Value] = [:]
    ) throws -> ServiceConfiguration {
        guard let file else { return try ConfigurationLoader(environment: environment, flags: flags).load() }
        let path = NSTemporaryDirectory() + "nectar-\(UUID().uuidString).json"
        try Data(file.utf8).write(to: URL(fileURLWithPath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try ConfigurationLoader(file: path, environment: environment, flags: flags).load()
    }

    @Test("without anything said, every setting has its default")
    func defaults() throws {
        #expect(try load() == ServiceConfiguration())
    }

    @Test("the environment goes over the file, and a flag over both")
    func precedence() throws {
        let file = #"{"server": {"port": 1, "backlog": 7, "idle_seconds": 3}}"#
        let configuration = try load(
            file: file, environment: ["NECTAR_PORT": "2", "NECTAR_SERVER_BACKLOG": "8"],
            flags: ["server.port": .integer(3)])
        #expect(configuration.server.port == 3)
        #expect(configuration.server.backlog == 8)
        #expect(configuration.server.idleSeconds == 3)
    }

    @Test("a switch is true or false in the file, and in words or digits in the environment")
    func switches() throws {
        #expect(try load(file: #"{"log": {"access": true}}"#).log.access)
        #expect(try !load(file: #"{"log": {"access": true}}"#, environment: ["NECTAR_LOG_ACCESS": "false"]).log.access)
        #expect(try load(environment: ["NECTAR_LOG_PERSONAL_IDS": "1"]).log.personalIDs)
    }

    @Test(
        "what is not understood stops the start with a sentence that names it",
        arguments: [
            (#"{"server": {"prot": 1}}"#, "server.prot is not a setting; did you mean"),
            (#"{"server": {"port": 70000}}"#, "server.port must be a whole number from 0 to 65535, not 70000"),
            (#"{"server": {"port": "x"}}"#, "server.port must be a whole number from 0 to 65535"),
            (#"{"server": {"port": null}}"#, "server.port has no value"),
            (#"{"server": {"port": 1, "port": 2}}"#, "server.port is given twice"),
            (#"{"log": {"level": "loud"}}"#, "log.level must be one of trace"),
            (#"{"server": "#, "is not valid JSON"),
            (#"{"log": {"access": "yes"}}"#, "log.access must be true or false"),
            ("[]", "must hold one JSON object"),
        ])
    func refusals(file: String, sentence: String) {
        let failure = #expect(throws: ConfigurationLoader.Failure.self) { try load(file: file) }
        #expect(failure?.description.contains(sentence) == true, "\(failure?.description ?? "")")
    }

    @Test("an unknown variable, a bad value and an unreadable file are named")
    func environmentRefusals() {
        for (environment, sentence) in [
            (["NECTAR_PROT": "1"], "NECTAR_PROT is not a setting; did you mean \"NECTAR_PORT\"?"),
            (["NECTAR_LOG_ACCESS": "loud"], "NECTAR_LOG_ACCESS: log.access must be true or false"),
            (["NECTAR_PORT": "many"], "NECTAR_PORT: server.port must be a whole number from 0 to 65535"),
            (["NECTAR_CONFIG": "/nowhere/nectar.json"], "/nowhere/nectar.json cannot be read"),
        ] {
            let failure = #expect(throws: ConfigurationLoader.Failure.self) { try load(environment: environment) }
            #expect(failure?.description.contains(sentence) == true, "\(failure?.description ?? "")")
        }
    }

    @Test("the file and the page of the repository say what the program says")
    func repositoryAgrees() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..")
        let file = try String(contentsOf: root.appendingPathComponent("config/nectar.json"), encoding: .utf8)
        let page = try String(contentsOf: root.appendingPathComponent("docs/configuration.md"), encoding: .utf8)
        #expect(file == Settings.file())
        #expect(page.contains(Settings.table()))
        #expect(try load(file: file) == ServiceConfiguration())
    }
}
