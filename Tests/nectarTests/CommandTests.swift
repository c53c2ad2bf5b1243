import Foundation
import InteractionStorage
import TestSupport
import Testing

@Suite("Commands")
struct CommandTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    @Test(
        "every command explains itself",
        arguments: ["serve", "train", "evaluate", "inspect", "import", "export", "generate", "healthcheck", "settings"])
    func help(command: String) throws {
        let outcome = try NectarProcess.run(command, "--help")
        #expect(outcome.status == 0 && outcome.errors.isEmpty)
        #expect(outcome.output.contains("OVERVIEW: ") && outcome.output.contains("USAGE: nectar \(command)"))
    }

    @Test(
        "a mistyped command or option is refused with the right one",
        arguments: [
            (["serv"], "'serv'"), (["import"], "<path>"), (["generate", "--user", "3", "x"], "--users"),
            (["train", "--architecture", "nmf"], "neumf"), (["train", "--epochs", "many"], "--epochs"),
            (["train", "--learning-rate=-1"], "--learning-rate must be above 0"),
            (["train", "--epochs=-1"], "--epochs must be 1 to 10000, not -1"),
            (["train", "--epochs", "0"], "--epochs must be 1 to 10000, not 0"),
            (["train", "--architecture", "mf", "--als-sweeps", "0", "--epochs", "0"], "--epochs must be 1 to"),
            (["evaluate", "--threads=-3"], "--threads must be 0 to 1024, not -3"),
            (["train", "--threads", "1025"], "--threads must be 0 to 1024, not 1025"),
            (["train", "--hidden-layers", "8,0"], "--hidden-layers must be 1 to 8192, not 0"),
            (["train", "--hidden-layers", "8,"], "--hidden-layers: \"\" is not a whole number"),
            (
                ["train", "--negatives", "0", "--batch-size", "0"],
                "--batch-size must be 1 to 1048576, not 0; --negatives"
            ),
            (
                ["train", "--negative-sampling", "in_batch"],
                "--negative-sampling can be in_batch only with the objective softmax, not with auto"
            ),
            (
                ["train", "--objective", "cosine_contrastive", "--architecture", "gmf"],
                "--architecture must be mf with the objective cosine_contrastive"
            ),
            (["train", "--dropout", "1"], "--dropout must be 0 to 0.9, not 1.0"),
            (["train", "--momentum", "0.5"], "--momentum can be above 0 only with the optimizer sgd, not with adam"),
            (["train", "--warm-up=-1"], "--warm-up must be 0 to 10000 epochs, not -1.0"),
            (
                ["train", "--rating-output", "bounded"],
                "--rating-output can be bounded only with the objective rating, not with auto"
            ),
            (["evaluate", "--popularity-exponent", "3"], "--popularity-exponent must be 0 to 2, not 3.0"),
            (["evaluate", "--propensity", "2.5"], "--propensity must be 0 to 2, not 2.5"),
            (["train", "--propensity-clip", "5"], "--propensity-clip means nothing unless propensity is above 0"),
            (
                ["inspect", "--minimum-user-interactions", "0"],
                "--minimum-user-interactions must be 1 to 10000, not 0"
            ),
            (["train", "--bots", "remove"], "leave_out"),
            (["train", "--search-seconds", "0"], "--search-seconds must be 1 to 86400, not 0"),
            (["evaluate", "--search", "90000"], "--search-seconds must be 1 to 86400, not 90000"),
            (["evaluate", "--search-trials", "1001"], "--search-trials must be 1 to 1000, not 1001"),
            (["train", "--search-seconds=-1", "--search-trials", "0"], "not -1.0; --search-trials must be 1 to 1000"),
            (["evaluate", "--holdout", "none"], "leave_one_out, temporal or random"),
            (["export", "--format", "xml", "x"], "ndjson or csv"),
        ])
    func mistyped(arguments: [String], words: String) throws {
        let outcome = try NectarProcess.run(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty && outcome.leftovers.isEmpty)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }

    private func generate(_ name: String, _ more: String...) throws -> NectarProcess.Outcome {
        try NectarProcess.run(
            ["generate", "--users", "40", "--items", "30", "--interactions", "800", "--groups", "3"] + more
                + [folder.file(name)])
    }

    @Test("the same seed generates the same files, another seed others")
    func seeds() throws {
        for (name, seed) in [("a", "5"), ("b", "5"), ("c", "6")] {
            let outcome = try generate(name, "--seed", seed)
            #expect(outcome.status == 0 && outcome.output.contains("Wrote 800 interactions of 40 users with 30 items"))
        }
        #expect(try folder.content("a/interactions.csv") == folder.content("b/interactions.csv"))
        #expect(try folder.content("a/items.ndjson") == folder.content("b/items.ndjson"))
        #expect(try folder.content("a/interactions.csv") != folder.content("c/interactions.csv"))
        #expect(try folder.text("a/interactions.csv").split(separator: "\n").count == 801)
    }

    @Test(
        "what cannot be generated is refused",
        arguments: [["--users", "0"], ["--affinity", "2"], ["--interactions", "-1"], ["--zipf", "-1"]])
    func impossible(options: [String]) throws {
        let outcome = try NectarProcess.run(["generate"] + options + [folder.file("out")])
        #expect(outcome.status != 0)
        #expect(outcome.errors.hasPrefix("Error: "))
        #expect(!FileManager.default.fileExists(atPath: folder.file("out")))
    }

    private static let tinyModel = ["--architecture", "mf", "--embedding-dimension", "4", "--epochs", "2"]

    @Test("planted tastes are found: the model ranks above popularity")
    func evaluateFiles() throws {
        let made = try NectarProcess.run(
            "generate", "--users", "150", "--items", "60", "--interactions", "3000", "--groups", "3", "--affinity",
            "0.95", folder.file("in"))
        #expect(made.status == 0)
        let outcome = try NectarProcess.run(
            ["evaluate", "--data", folder.file("data"), "--from", folder.file("in")] + Self.tinyModel)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("leave_one_out: 150 interactions of 150 users held out"))
        let line = try #require(outcome.output.split(separator: "\n").first { $0.hasPrefix("  HR@10 ") })
        // "HR@10  0.6000 [0.5200, 0.6800]  0.2000 [0.1400, 0.2600]": the model's column, then popularity's.
        let figures = line.split(whereSeparator: { " [],".contains($0) }).dropFirst().compactMap { Double($0) }
        try #require(figures.count == 6)
        #expect(figures[0] > figures[3])
        #expect(figures[1] <= figures[0] && figures[0] <= figures[2])
        // Nothing is published, and the store is not touched.
        #expect(!FileManager.default.fileExists(atPath: folder.file("data")))
    }

    @Test("a training leaves no checkpoint once it has a model, and says where it cannot write one")
    func checkpoint() throws {
        #expect(try generate("in").status == 0)
        let data = ["--data", folder.file("data")]
        #expect(try NectarProcess.run(["import"] + data + [folder.file("in")]).status == 0)
        let options = ["train"] + data + Self.tinyModel
        let trained = try NectarProcess.run(options + ["--checkpoint", folder.file("mark")])
        #expect(trained.status == 0 && trained.output.contains("v1 published"), "\(trained.errors)")
        for name in ["mark", "mark.refit"] {
            #expect(!FileManager.default.fileExists(atPath: folder.file(name)))
        }
        let lost = try NectarProcess.run(options + ["--checkpoint", folder.file("none/mark")])
        #expect(lost.status != 0)
        #expect(lost.errors.contains("The checkpoint could not be written: ") && lost.errors.contains("none/mark"))
    }

    @Test("a report as JSON is one document on standard output, and mf stands beside a neural model unless declined")
    func evaluateJSON() throws {
        #expect(try generate("in").status == 0)
        let model = ["--embedding-dimension", "4", "--hidden-layers", "4,2", "--epochs", "1"]
        for (flags, hasYardstick) in [([], true), (["--no-yardstick"], false)] {
            let outcome = try NectarProcess.run(
                ["evaluate", "--from", folder.file("in"), "--json", "--cutoffs", "3,1", "--resamples", "50"] + model
                    + flags,
                environment: hasYardstick ? [:] : ["NECTAR_RECOMMENDATION_TOWER_MULTIPLICATIONS": "1"])
            #expect(outcome.status == 0 && outcome.errors.contains("samples/s"), "\(outcome.errors)")
            let report = try #require(
                JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
            #expect(report["holdout"] as? String == "leave_one_out" && report["cutoffs"] as? [Int] == [1, 3])
            let model = try #require(report["model"] as? [String: Any])
            #expect(model["architecture"] as? String == "neumf")
            let figures = try #require(model["full_catalogue"] as? [String: Double])
            #expect(figures["hit_rate_at_3"] ?? -1 >= figures["hit_rate_at_1"] ?? -1)
            #expect((report["mf"] != nil) == hasYardstick && report["popularity"] != nil)
            // Twice as many as are looked at, where no more are allowed.
            let preselection = model["preselection"] as? [String: Double]
            #expect(preselection?["candidates"] == (hasYardstick ? nil : 6))
            #expect((preselection?["recall_at_3"] != nil) == !hasYardstick)
            #expect(outcome.errors.contains("Trained mf beside it") == hasYardstick)
        }
    }

    @Test(
        "settings of an evaluation that cannot be are refused",
        arguments: [
            ["--cutoffs", "0"], ["--cutoffs", "ten"], ["--cutoffs", ""], ["--holdout", "none"],
            ["--sampled-negatives", "0"], ["--resamples=-1"],
        ])
    func badEvaluation(options: [String]) throws {
        let outcome = try NectarProcess.run(["evaluate", "--from", folder.file("in")] + options)
        #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome.errors)")
    }

    @Test("a prescribed split is measured against its own negatives")
    func evaluateSplit() throws {
        var train = ""
        var held = ""
        var negatives = ""
        for user in 0..<20 {
            let own = (0..<10).filter { $0 % 2 == user % 2 }
            for item in own.dropLast() { train += "\(user)\t\(item)\n" }
            held += "\(user)\t\(own[4])\n"
            negatives +=
                "(\(user),\(own[4]))\t"
                + (0..<10).filter { $0 % 2 != user % 2 }.map(String.init)
                .joined(separator: "\t") + "\n"
        }
        // Every item has to be known: the odd ones out are held out of some and trained on by others.
        train += "0\t9\n1\t8\n"
        let files = try [("train", train), ("held", held), ("negatives", negatives)].map { try folder.write($0, $1) }
        let split = ["--train-pairs", files[0], "--held-out", files[1], "--held-out-negatives", files[2]]
        let outcome = try NectarProcess.run(["evaluate"] + split + Self.tinyModel)
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("20 users, 10 items, 82 interactions to train on, 20 held out."))
        #expect(outcome.output.contains("given negatives") && outcome.output.contains("samples/s"))
        let incomplete = try NectarProcess.run(["evaluate"] + split.prefix(2))
        #expect(incomplete.status == 64 && incomplete.errors.contains("--held-out and --held-out-negatives"))
        try folder.write("negatives", "(0,8)\t1\n(7,7)\t1\n")
        let wrong = try NectarProcess.run(["evaluate"] + split)
        #expect(wrong.status == 1 && wrong.errors.contains("negatives") && wrong.errors.contains("2"))
    }

    @Test("training writes a model that the next evaluation of the store can follow")
    func train() throws {
        #expect(try generate("in").status == 0)
        let data = folder.file("data")
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
        try SQLiteInteractionStore(path: "\(data)/nectar.sqlite").close()
        let nothing = try NectarProcess.run(["train", "--data", data] + Self.tinyModel)
        #expect(nothing.status == 1 && nothing.errors.contains("nothing to train on"))
        #expect(try NectarProcess.run("import", "--data", data, folder.file("in")).status == 0)
        let trained = try NectarProcess.run(["train", "--data", data] + Self.tinyModel)
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(trained.output.contains("v1"))
        let models = try FileManager.default.contentsOfDirectory(atPath: data + "/models")
        #expect(models.contains { $0.hasSuffix(".safetensors") } || !models.isEmpty)
        #expect(try NectarProcess.run(["evaluate", "--data", data] + Self.tinyModel).status == 0)
        // What is measured can be said as of an evaluation.
        #expect(trained.output.contains("In brackets: 95 % of 1000 draws"))
        let measured = try NectarProcess.run(
            ["train", "--data", data, "--resamples", "0", "--measured-users", "3"] + Self.tinyModel)
        #expect(measured.status == 0, "\(measured.errors)")
        #expect(measured.output.contains("Ranked are those of 3 users") && !measured.output.contains("In brackets"))
        for option in [["--resamples", "100001"], ["--resamples=-1"], ["--measured-users", "0"]] {
            let outcome = try NectarProcess.run(["train", "--data", data] + option)
            #expect(outcome.status == 64 && outcome.errors.contains("\(option[0].prefix { $0 != "=" }) must be "))
        }
    }

    @Test("with nothing said about the model settings are chosen, and every trial is told")
    func chosen() throws {
        let made = try NectarProcess.run(
            "generate", "--users", "80", "--items", "60", "--interactions", "1200", "--groups", "4", folder.file("in"))
        #expect(made.status == 0)
        let data = folder.file("data")
        #expect(try NectarProcess.run("import", "--data", data, folder.file("in")).status == 0)
        let trained = try NectarProcess.run("train", "--data", data, "--search-trials", "4")
        #expect(trained.status == 0, "\(trained.errors)")
        let trials = trained.output.split(separator: "\n").filter { $0.hasPrefix("trial ") }
        #expect(trials.count == 4 && trials.allSatisfy { $0.contains("ndcg_at_10 ") && $0.contains("regularization ") })
        #expect(trained.output.contains("Chosen after 4 trials in ") && trained.output.contains("v1 published."))
        let evaluated = try NectarProcess.run("evaluate", "--data", data, "--json", "--resamples", "0")
        #expect(evaluated.status == 0 && evaluated.output.hasPrefix("{"), "\(evaluated.errors)")
        #expect(evaluated.errors.contains("Chosen after ") && evaluated.errors.contains("Training with mf implicit"))
    }

    @Test("mf is trained without an epoch, as its closed form")
    func closedForm() throws {
        #expect(try generate("in").status == 0)
        let data = folder.file("data")
        #expect(try NectarProcess.run("import", "--data", data, folder.file("in")).status == 0)
        let train = ["train", "--data", data, "--architecture", "mf", "--epochs", "0"]
        // So many ratings that the objective is to predict them.
        let ratings = try NectarProcess.run(train)
        #expect(ratings.status == 1 && ratings.errors.contains("ratings, which no closed form knows"))
        let outcome = try NectarProcess.run(train + ["--objective", "implicit"])
        #expect(outcome.status == 0 && outcome.output.contains("v1 published"), "\(outcome.errors)")
    }

    @Test(
        "what cannot be trained on, read or written is told in a sentence, without a name out of the program",
        arguments: [
            (["evaluate", "--data", "none"], "There is no store in the folder none"),
            (["evaluate", "--from", "header.csv"], "There is nothing to train on: there are no interactions."),
            (["evaluate", "--from", "one.csv"], "Nothing could be held out to measure on."),
            (
                ["evaluate", "--from", "one.csv", "--architecture", "neumf"],
                "There is nothing to train on: every user has interacted with every item"
            ),
            (["export", "--data", "data", "one.csv"], "one.csv: File exists"),
            (["export", "--data", "data", "one.csv/x"], "one.csv/x: Not a directory"),
            (["export", "--data", "data", ""], "No such file or directory"),
            (["export", "--data", "data", "full"], "full/interactions.ndjson cannot be written"),
            (
                ["generate", "--interactions", "9", "--users", "3", "--items", "9", "--groups", "1", "one.csv"],
                "one.csv: File exists"
            ),
            (["serve", "--data", "one.csv", "--port", "0"], "one.csv: File exists"),
        ])
    func sentences(arguments: [String], words: String) throws {
        try folder.write("header.csv", "user_id,item_id\n")
        try folder.write("one.csv", "user_id,item_id\na,b\n")
        #expect(try NectarProcess.run("import", "--data", folder.file("data"), folder.file("one.csv")).status == 0)
        try folder.write("full/interactions.ndjson/x", "")
        let paths = arguments.map { argument in
            argument == "data" || argument.contains(".csv") || ["full", "none"].contains(argument)
                ? folder.file(argument) : argument
        }
        let outcome = try NectarProcess.run(paths)
        #expect(outcome.status == 1 && outcome.leftovers.isEmpty)
        let words = words.replacing("folder none", with: "folder \(folder.file("none"))")
        #expect(outcome.errors.hasPrefix("Error: ") && outcome.errors.contains(words), "\(outcome.errors)")
        #expect(!outcome.errors.contains("Domain") && !outcome.errors.contains("(\""), "\(outcome.errors)")
    }

    @Test("a probe of a port where nobody listens fails quickly and says so")
    func probe() throws {
        let outcome = try NectarProcess.run("healthcheck", "--port", "1", "--timeout", "1")
        #expect(outcome.status == 1)
        #expect(outcome.output.contains("http://127.0.0.1:1/readyz: no answer"))
    }

    @Test("a bad setting stops the start, from wherever it comes")
    func badSettings() throws {
        let file = try folder.write("nectar.json", #"{"server": {"prot": 1}}"#)
        let fromFile = try NectarProcess.run("serve", "--config", file)
        #expect(fromFile.status != 0 && fromFile.errors.contains("server.prot"))
        let environment = try NectarProcess.run(["serve"], environment: ["NECTAR_PORT": "http"])
        #expect(environment.status != 0 && environment.errors.contains("NECTAR_PORT"))
        let unknown = try NectarProcess.run(["serve"], environment: ["NECTAR_PROT": "1"])
        #expect(unknown.status != 0 && unknown.errors.contains("NECTAR_PROT"))
        let flag = try NectarProcess.run("serve", "--port", "70000")
        #expect(flag.status != 0 && flag.errors.contains("port"))
    }
}
