/// Lets a few through at a time, in the order in which they came.
actor Slots {
    private var taken = 0
    /// As the last who came said; it may change meanwhile.
    private var most = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Waits until fewer than `count` are within.
    func take(of count: Int) async {
        most = count
        letIn()
        if taken < most, waiting.isEmpty {
            taken += 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func give() {
        taken -= 1
        letIn()
    }

    private func letIn() {
        while taken < most, !waiting.isEmpty {
            taken += 1
            waiting.removeFirst().resume()
        }
    }
}
