extension WorkProgress {
    /// Shows how it goes with backups that were asked for: the first that is at work.
    package func show(_ answer: ManualAnswer) {
        guard let run = answer.runs.first(where: { $0.end == nil }) else { return }
        let done = answer.runs.count { $0.end != nil }
        let count = answer.runs.count > 1 ? "\(done + 1) of \(answer.runs.count), " : ""
        let name = "\(count)\(run.database): \(run.phase)"
        if step.name != name {
            begin(name, total: nil) { 0 }
        }
        set(bytes: run.plainBytes)
    }
}
