import Foundation
import NCF
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

    @Test("the URL of a database is never complained about here, where it would be repeated with its password")
    func secrets() throws {
        for url in ["postgresql://ada:s3cret@db/shop", "s3cret", ""] {
            #expect(try load(environment: ["NECTAR_STORAGE_URL": url]).storage.url == url)
            #expect(try load(file: #"{"storage": {"url": "\#(url)"}}"#).storage.url == url)
        }
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
            (#"{"interactions": {"kind": {}}}"#, "interactions.kind is not a setting; did you mean"),
            (#"{"interactions": {"kinds": 3}}"#, "interactions.kinds: expected an object"),
            (
                #"{"interactions": {"kinds": {"view": {"wieght": 3}}}}"#,
                #"interactions.kinds.view.wieght: unknown member "wieght"; did you mean "weight"?"#
            ),
            (#"{"interactions": {"kinds": {"view": {"weight": -1}}}}"#, "interactions.kinds.view.weight: "),
            (#"{"interactions": {"kinds": {"view": {"weight": 1001}}}}"#, "interactions.kinds.view.weight: "),
            (#"{"interactions": {"kinds": {"view": {"sign": "negativ"}}}}"#, "interactions.kinds.view.sign: "),
            (
                #"{"interactions": {"kinds": {"view": {"half_life_days": 0}}}}"#,
                "interactions.kinds.view.half_life_days: "
            ),
            (#"{"interactions": {"kinds": {"a/b": {"weight": "1"}}}}"#, "interactions.kinds.a/b.weight: "),
            (#"{"interactions": {"kinds": {"a": {}, "a": {}}}}"#, "interactions.kinds.a: is given twice"),
            (#"{"interactions": {"kinds": {"": {}}}}"#, "interactions.kinds."),
            (#"{"interactions": {"unknown_kinds": "refus"}}"#, #"interactions.unknown_kinds: must be "refuse""#),
            (
                #"{"interactions": {"unknown_kinds": {"weigth": 1}}}"#,
                "interactions.unknown_kinds.weigth: unknown member"
            ),
            ("[]", "must hold one JSON object"),
        ])
    func refusals(file: String, sentence: String) {
        let failure = #expect(throws: ConfigurationLoader.Failure.self) { try load(file: file) }
        #expect(failure?.description.contains(sentence) == true, "\(failure?.description ?? "")")
    }

    @Test("kinds of interaction are changed member by member, in the file and then in the environment")
    func kinds() throws {
        let configuration = try load(
            file: #"{"interactions": {"kinds": {"view": {"half_life_days": 30}, "listen": {"weight": 2}}}}"#,
            environment: [
                "NECTAR_INTERACTIONS_KINDS": #"{"view": {"weight": 0.5}, "dislike": {"weight": 4}}"#,
                "NECTAR_INTERACTIONS_UNKNOWN_KINDS": "refuse",
            ])
        let kinds = configuration.kinds
        #expect(kinds["view"] == FeedbackKind(weight: 0.5, halfLifeDays: 30))
        #expect(kinds["listen"] == FeedbackKind(weight: 2))
        #expect(kinds["dislike"] == FeedbackKind(weight: 4, sign: .negative))
        #expect(kinds["purchase"] == InteractionKinds.defaults["purchase"])
        #expect(kinds.unknown == nil && kinds.meaning(of: nil) == .plain && kinds.meaning(of: "veiw") == nil)
        let lenient = try load(environment: ["NECTAR_INTERACTIONS_UNKNOWN_KINDS": #"{"weight": 0.25}"#]).kinds
        #expect(lenient.meaning(of: "veiw") == FeedbackKind(weight: 0.25))
        #expect(throws: ConfigurationLoader.Failure.self) { try load(environment: ["NECTAR_INTERACTIONS_KINDS": "{"]) }
    }

    @Test("no more kinds are described than have a line each in the metrics")
    func kindLimit() throws {
        func kinds(_ count: Int) -> String {
            let names = (0..<count - InteractionKinds.defaults.names.count).map { #""kind \#($0)": {}"# }
            return #"{"interactions": {"kinds": {\#(names.joined(separator: ", "))}}}"#
        }
        #expect(try load(file: kinds(InteractionKinds.limit)).kinds.names.count == InteractionKinds.limit)
        #expect(throws: ConfigurationLoader.Failure.self) { try load(file: kinds(InteractionKinds.limit + 1)) }
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
