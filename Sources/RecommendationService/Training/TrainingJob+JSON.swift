public import JSON
import NCF

extension TrainingJob {
    /// The job as `GET /train/{job}` answers it.
    func write(into writer: inout JSONWriter, now: Int64) {
        write(current, into: &writer, now: now)
    }

    /// The job as it was when it had come as far as `progress` tells.
    func write(_ progress: Progress, into writer: inout JSONWriter, now: Int64) {
        writer.object { answer in
            answer.member("job", id)
            answer.member("state", progress.state.rawValue)
            answer.member("kind", request.purpose == .model ? "training" : "evaluation")
            answer.member("stage", ifPresent: progress.state == .running ? progress.stage?.rawValue : nil)
            answer.member("message", ifPresent: progress.message)
            answer.member("created_at", milliseconds: createdAt)
            answer.member("started_at", ifPresentMilliseconds: progress.startedAt)
            answer.member("ended_at", ifPresentMilliseconds: progress.endedAt)
            answer.member("model", ifPresent: progress.version.map(ModelVersion.name))
            if progress.state == .succeeded && request.purpose == .model {
                answer.member("published", progress.isPublished)
            }
            if case .evaluation(let version?) = request.purpose {
                answer.member("evaluated_model", ModelVersion.name(of: version))
            }
            Self.write(progress, now: now, into: &answer)
            if let data = progress.data { data.write(into: &answer) }
            if let search = progress.search {
                answer.key("search")
                search.write(into: &answer)
            }
            if let settings = progress.hyperparameters {
                answer.key("configuration")
                settings.write(into: &answer)
            }
            if let evaluation = progress.evaluation {
                answer.key("evaluation")
                evaluation.write(into: &answer)
            }
        }
    }

    private static func write(_ progress: Progress, now: Int64, into writer: inout JSONWriter) {
        guard let epochs = progress.hyperparameters?.epochs else { return }
        writer.key("progress")
        writer.object { answer in
            answer.member("epoch", progress.epoch)
            answer.member("epochs", progress.epochs == 0 ? epochs : progress.epochs)
            answer.member("samples_of_epoch", progress.samplesDone)
            if let last = progress.refitReports.last ?? progress.reports.last, !last.isClosedForm {
                answer.member("samples_per_second", last.samplesPerSecond.rounded())
                let secondsAnEpoch = last.seconds + last.validationSeconds
                let left = Double(max(0, progress.epochs - progress.epoch)) * secondsAnEpoch
                if progress.stage == .training || progress.stage == .refitting {
                    answer.member("seconds_left", (left * 10).rounded() / 10)
                }
            }
            Self.write(progress.reports, as: "losses", into: &answer)
            if !progress.refitReports.isEmpty { Self.write(progress.refitReports, as: "refit_losses", into: &answer) }
        }
    }

    private static func write(_ reports: [EpochReport], as name: String, into writer: inout JSONWriter) {
        writer.key(name)
        writer.array { losses in
            for report in reports {
                losses.object { entry in
                    entry.member("epoch", report.epoch)
                    entry.member("loss", report.loss)
                    if let validation = report.validation { entry.member(validation.criterion, validation.value) }
                }
            }
        }
    }
}

extension DataSummary {
    /// Writes the members `data` and `cleaning`.
    public func write(into writer: inout JSONWriter) {
        writer.key("data")
        writer.object { answer in
            answer.member("users", users)
            answer.member("items", items)
            answer.member("interactions", interactions)
            answer.member("watermark", ifPresent: watermark)
        }
        writer.key("cleaning")
        writer.object(cleaning.write)
    }
}

extension Hyperparameters {
    /// The settings that say what a model is, rather than how it was trained.
    func writeForm(into answer: inout JSONWriter) {
        answer.member("architecture", architecture.rawValue)
        answer.member("objective", objective.rawValue)
        if objective == .rating { answer.member("rating_output", ratingOutput.rawValue) }
        answer.member("embedding_dimension", embeddingDimension)
        guard architecture.hasMLP else { return }
        answer.member("mlp_embedding_dimension", resolvedMLPEmbeddingDimension)
        answer.key("hidden_layers")
        answer.array { layers in
            for size in hiddenLayerSizes { layers.value(size) }
        }
    }

    func write(into writer: inout JSONWriter) {
        writer.object { answer in
            writeForm(into: &answer)
            answer.member("als_sweeps", start.sweeps)
            answer.member("als_regularization", start.regularization)
            answer.member("als_unobserved_weight", start.unobservedWeight)
            answer.member("history_dimension", history.dimension)
            answer.member("history_regularization", history.regularization)
            answer.member("history_share", history.share)
            answer.member("history_half_life", history.halfLife)
            if history.length > 0 { answer.member("history_length", history.length) }
            answer.member("history_backward", history.backward)
            answer.member("history_evidence", history.evidence)
            answer.member("history_features", history.features)
            answer.member("history_neighbours", history.neighbours)
            answer.member("history_neighbour_share", history.neighbourShare)
            answer.member("epochs", epochs)
            answer.member("batch_size", batchSize)
            answer.member("optimizer", optimizer.rawValue)
            if optimizer == .sgd { answer.member("momentum", momentum) }
            answer.member("learning_rate", learningRate)
            answer.member("learning_rate_schedule", learningRateSchedule.rawValue)
            answer.member("warm_up", warmUp)
            answer.member("weight_decay", weightDecay)
            if architecture.hasMLP { answer.member("dropout", dropout) }
            answer.member("negatives_per_positive", negativesPerPositive)
            answer.member("negative_sampling", negativeSampling.rawValue)
            if negativeSampling == .popularity { answer.member("popularity_exponent", popularityExponent) }
            if objective == .cosineContrastive {
                answer.member("contrastive_margin", contrast.margin)
                answer.member("contrastive_weight", contrast.negativeWeight)
            }
            if propensity.isOn {
                answer.member("propensity", propensity.exponent)
                answer.member("propensity_clip", propensity.clip)
            }
            if cleaning.minimumUserInteractions > 1 {
                answer.member("minimum_user_interactions", cleaning.minimumUserInteractions)
            }
            if cleaning.minimumItemInteractions > 1 {
                answer.member("minimum_item_interactions", cleaning.minimumItemInteractions)
            }
            if cleaning.bots != .keep { answer.member("bots", cleaning.bots.rawValue) }
            answer.member("seed", seed)
            answer.member("early_stopping", earlyStopping)
        }
    }
}
