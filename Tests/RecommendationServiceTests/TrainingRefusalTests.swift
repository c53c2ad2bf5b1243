import JSON
import RecommendationService
import TestSupport
import Testing

@Suite("POST /train: what is refused", .timeLimit(.minutes(1)))
struct TrainingRefusalTests {
    private static func train(_ body: String, _ faults: (pointer: String, words: String)...) -> Refusal {
        Refusal("POST", "/train", body, 422, faults)
    }

    @Test(
        "a body that is not as the route takes it starts no job and stores nothing",
        arguments: [
            Refusal("POST", "/train", "{", 400, says: "JSON"),
            Refusal("POST", "/train", "{}", 415, type: "text/csv"),
            Refusal("POST", "/train?wait=true", "{}", 400, [("?wait", "unknown parameter")]),
            train("[]", ("", "expected an object")),
            train(#"{"epoch": 5}"#, ("/epoch", "did you mean \"epochs\"?")),
            train(#"{"epochs": 5, "epochs": 6}"#, ("/epochs", "more than once")),
            train(#"{"architecture": "svd"}"#, ("/architecture", "\"mf\", \"gmf\", \"mlp\", \"neumf\"")),
            train(#"{"architecture": 1}"#, ("/architecture", "string")),
            train(#"{"objective": "warp"}"#, ("/objective", "must be one of")),
            train(#"{"objective": "best"}"#, ("/objective", "must be one of")),
            train(#"{"objective": true}"#, ("/objective", "string")),
            train(#"{"embedding_dimension": 0}"#, ("/embedding_dimension", "1 to 4096")),
            train(#"{"embedding_dimension": 4097}"#, ("/embedding_dimension", "1 to 4096")),
            train(#"{"embedding_dimension": 1.5}"#, ("/embedding_dimension", "integer")),
            train(#"{"mlp_embedding_dimension": 0}"#, ("/mlp_embedding_dimension", "1 to 4096")),
            train(#"{"hidden_layers": []}"#, ("/hidden_layers", "1 to 16")),
            train(#"{"hidden_layers": [8, 0, 9000]}"#, ("/hidden_layers/1", "8192"), ("/hidden_layers/2", "8192")),
            train(#"{"hidden_layers": [8, "4"]}"#, ("/hidden_layers/1", "integer")),
            train(#"{"hidden_layers": 8}"#, ("/hidden_layers", "array")),
            train(#"{"epochs": 0, "batch_size": 0}"#, ("/epochs", "1 to"), ("/batch_size", "1 to")),
            train(#"{"architecture": "gmf", "epochs": 0}"#, ("/epochs", "1 to")),
            train(#"{"architecture": "mf", "objective": "rating", "epochs": 0}"#, ("/epochs", "1 to")),
            train(#"{"architecture": "mf", "epochs": 0, "als_sweeps": 0}"#, ("/epochs", "1 to")),
            train(#"{"architecture": "mf", "epochs": -1}"#, ("/epochs", "1 to")),
            train(#"{"epochs": 10001}"#, ("/epochs", "1 to 10000")),
            train(#"{"epochs": 1e300}"#, ("/epochs", "out of range")),
            train(#"{"batch_size": 1048577}"#, ("/batch_size", "1048576")),
            train(#"{"learning_rate": 0}"#, ("/learning_rate", "above 0")),
            train(#"{"learning_rate": 10.5}"#, ("/learning_rate", "at most 10")),
            train(#"{"learning_rate": "fast"}"#, ("/learning_rate", "number")),
            train(#"{"weight_decay": -1}"#, ("/weight_decay", "0 to 10")),
            train(#"{"negatives_per_positive": 0}"#, ("/negatives_per_positive", "1 to 1000")),
            train(#"{"negative_sampling": "popular"}"#, ("/negative_sampling", "\"popularity\", \"in_batch\"")),
            train(#"{"negative_sampling": "in_batch"}"#, ("/negative_sampling", "only with the objective softmax")),
            train(
                #"{"negative_sampling": "in_batch", "objective": "softmax", "negatives_per_positive": 9, "batch_size": 19}"#,
                ("/batch_size", "at least 20")),
            train(#"{"popularity_exponent": 2.01}"#, ("/popularity_exponent", "0 to 2")),
            train(#"{"popularity_exponent": -0.1}"#, ("/popularity_exponent", "0 to 2")),
            train(#"{"objective": "cosine_contrastive", "architecture": "neumf"}"#, ("/architecture", "must be mf")),
            train(
                #"{"objective": "cosine_contrastive", "architecture": "mf", "history_dimension": 8, "als_sweeps": 1}"#,
                ("/als_sweeps", "must be 0"), ("/history_dimension", "must be 0")),
            train(
                #"{"objective": "cosine_contrastive", "architecture": "mf", "contrastive_margin": 2}"#,
                ("/contrastive_margin", "-1 to 1")),
            train(
                #"{"objective": "cosine_contrastive", "architecture": "mf", "contrastive_weight": 0}"#,
                ("/contrastive_weight", "above 0")),
            train(#"{"dropout": 0.91}"#, ("/dropout", "0 to 0.9")),
            train(#"{"dropout": -0.1}"#, ("/dropout", "0 to 0.9")),
            train(#"{"optimizer": "adamw"}"#, ("/optimizer", "\"adam\", \"adagrad\", \"sgd\"")),
            train(#"{"momentum": 0.9}"#, ("/momentum", "only with the optimizer sgd")),
            train(#"{"optimizer": "sgd", "momentum": 1}"#, ("/momentum", "below 1")),
            train(#"{"warm_up": -0.5}"#, ("/warm_up", "0 to 10000")),
            train(#"{"history_half_life": -1}"#, ("/history_half_life", "0 to 1000000 items")),
            train(#"{"history_backward": 1.5}"#, ("/history_backward", "0 to 1, not 1.5")),
            train(#"{"history_evidence": -0.5}"#, ("/history_evidence", "0 to 1, not -0.5")),
            train(
                #"{"architecture": "mf", "epochs": 0, "history_neighbours": 1001, "history_neighbour_share": 2}"#,
                ("/history_neighbours", "0 to 1000, not 1001"), ("/history_neighbour_share", "0 to 1, not 2.0")),
            train(
                #"{"architecture": "neumf", "history_neighbours": 50}"#, ("/history_neighbours", "mf in closed form")),
            train(#"{"history_features": -1}"#, ("/history_features", "0 to 100000, not -1.0")),
            train(#"{"learning_rate_schedule": "step"}"#, ("/learning_rate_schedule", "\"cosine\"")),
            train(#"{"seed": -1}"#, ("/seed", "at least 0")),
            train(#"{"seed": 9223372036854775808}"#, ("/seed", "from 0 to 9223372036854775807")),
            train(#"{"seed": 1e30}"#, ("/seed", "from 0 to 9223372036854775807")),
            train(#"{"architecture": "mf", "dropout": 0.1}"#, ("/dropout", "no dense layers")),
            train(#"{"popularity_exponent": 0.5}"#, ("/popularity_exponent", "negative_sampling is popularity")),
            train(
                #"{"contrastive_margin": 0.5, "contrastive_weight": 5}"#,
                ("/contrastive_margin", "objective is cosine_contrastive"),
                ("/contrastive_weight", "objective is cosine_contrastive")),
            train(
                #"{"objective": "rating", "rating_output": "clipped"}"#, ("/rating_output", "\"linear\", \"bounded\"")),
            train(#"{"rating_output": "linear"}"#, ("/rating_output", "objective is rating")),
            train(
                #"{"objective": "implicit", "rating_output": "bounded"}"#,
                ("/rating_output", "only with the objective rating, not with implicit")),
            train(#"{"early_stopping": -1}"#, ("/early_stopping", "0 to")),
            train(#"{"holdout": "half"}"#, ("/holdout", "\"leave_one_out\"")),
            train(#"{"publish": "yes"}"#, ("/publish", "\"if_better\"")),
            train(#"{"refit": 1, "wait": "true"}"#, ("/refit", "true or false"), ("/wait", "true or false")),
            train(#"{"interactions": {}}"#, ("/interactions", "array")),
            train(
                #"{"interactions": [{"user_id": "a", "item_id": "b"}, {"user_id": "a"}]}"#,
                ("/interactions/1/item_id", "required")),
            train(#"{"interactions": [{"user_id": "a", "item_id": "b"}], "epochs": 0}"#, ("/epochs", "1 to")),
            train(#"{"epochs": 0, "holdout": "half"}"#, ("/holdout", "must be one of"), ("/epochs", "1 to")),
        ])
    func refused(refusal: Refusal) throws {
        try refusal.check(with: TestService())
    }
}
