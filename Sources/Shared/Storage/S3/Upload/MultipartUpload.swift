import Domain
import Synchronization
import Threads
import Transfer

/// A multipart upload under way: full buffers go to a few threads, which send them as parts.
///
/// The first part that fails for good ends it: from then on every call throws that error, and it cannot be completed.
/// Used by one thread.
final class MultipartUpload {
    let id: String
    private let key: String
    private let session: S3Session
    private let journal: any UploadJournal
    private let plan: PartPlan
    private let senders: ThreadGroup<BackupError>
    private let filled: BoundedQueue<Part>
    private let free: BoundedQueue<TransferBuffer>
    private let receipts = ReceiptBook()
    private let sender: PartSender
    /// Buffers that exist, the one that is being filled included.
    private var buffers = 1
    private var threads = 0
    private var parts = 0
    private var isOver = false
    /// The answer to Create was lost once, so there may be a second upload that nobody knows the id of.
    private let mayHaveTwin: Bool

    struct Part: Sendable {
        let number: Int
        let buffer: TransferBuffer
    }

    init(
        key: String, nonce: String, session: S3Session, client: TransferClient, journal: any UploadJournal,
        stop: StopSignal?
    ) throws(BackupError) {
        self.key = key
        self.session = session
        self.journal = journal
        plan = session.configuration.parts
        // What Create makes must be found again, whatever becomes of its answer.
        try journal.write(UploadRecord(store: session.identity, key: key, uploadID: nil))
        do throws(BackupError) {
            (id, mayHaveTwin) = try session.createUpload(key, nonce: nonce, stop: stop)
        } catch {
            // Its answer may have been lost. The record is there already: this only lets it be looked at sooner.
            try? journal.write(UploadRecord(store: session.identity, key: key, uploadID: nil, isGivenUp: true))
            throw error
        }
        senders = ThreadGroup(following: stop ?? StopSignal())
        filled = BoundedQueue(capacity: 4, stop: senders.stop)
        free = BoundedQueue(capacity: 8, stop: senders.stop)
        sender = PartSender(key: key, uploadID: id, session: session, client: client, stop: senders.stop)
        try journal.write(UploadRecord(store: session.identity, key: key, uploadID: id))
    }

    /// Takes a full buffer, and gives an empty one of the next part's size. Blocks while all are on their way.
    func exchange(_ full: TransferBuffer) throws(BackupError) -> TransferBuffer {
        try submit(full)
        guard let size = plan.size(ofPart: parts + 1) else {
            throw BackupError(
                .storageRefused, "\(key) has more than \(PartPlan.mostParts) parts; a larger part size is needed")
        }
        while buffers >= plan.buffers(ofSize: size) {
            guard let buffer = free.pop() else { throw failure() }
            if buffer.capacity == size { return buffer }
            buffers -= 1  // one of a smaller part size goes
        }
        buffers += 1
        return TransferBuffer(capacity: size)
    }

    func sendLast(_ buffer: TransferBuffer) throws(BackupError) { try submit(buffer) }

    /// Waits until every part is stored. The receipts are in order and complete.
    func finish() throws(BackupError) -> [PartReceipt] {
        filled.close()
        try senders.join()
        guard !senders.stop.isStopped else { throw BackupError(.cancelled, "the upload of \(key) was stopped") }
        let all = receipts.inOrder
        guard all.map(\.number) == Array(1...max(parts, 1)) else {
            throw BackupError(.bug, "\(key): \(parts) parts were sent, and \(all.count) have a receipt")
        }
        return all
    }

    /// It was completed.
    func forget() {
        isOver = true
        // A record that stays only means that the next start looks for uploads that are not there.
        if mayHaveTwin { try? session.abortUploads(of: key, stop: nil, retry: session.configuration.retry.forAbort) }
        try? journal.remove(store: session.identity, key: key)
    }

    /// Ends the threads and removes what lies at the store. What cannot be removed now stays in the journal.
    func abort() {
        guard !isOver else { return }
        isOver = true
        senders.stop.stop()
        filled.abandon()
        try? senders.join()  // its error is known already
        do throws(BackupError) {
            let retry = session.configuration.retry.forAbort
            try session.abortUpload(key, id, stop: nil, retry: retry)
            if mayHaveTwin { try session.abortUploads(of: key, stop: nil, retry: retry) }
            try journal.remove(store: session.identity, key: key)
        } catch {
            // The journal still has it; this only lets it be removed before the next start.
            try? journal.write(UploadRecord(store: session.identity, key: key, uploadID: id, isGivenUp: true))
        }
    }

    private func submit(_ buffer: TransferBuffer) throws(BackupError) {
        parts += 1
        // Threads start when there is work for them; with a limit on bandwidth one is enough.
        if threads < (session.configuration.bandwidth > 0 ? 1 : 3) {
            threads += 1
            senders.spawn("s3-part-\(threads)") { [filled, free, receipts, sender] () throws(BackupError) in
                while let part = filled.pop() {
                    receipts.add(try sender.send(part))
                    part.buffer.clear()
                    _ = free.push(part.buffer)
                }
            }
        }
        guard filled.push(Part(number: parts, buffer: buffer)) else { throw failure() }
    }

    /// Why the queues no longer move: the first error of a sender, or the caller's own wish.
    private func failure() -> BackupError {
        do throws(BackupError) {
            try senders.join()
            return BackupError(.cancelled, "the upload of \(key) was stopped")
        } catch {
            return error
        }
    }
}

/// The receipts as they come in, from several threads.
private final class ReceiptBook: Sendable {
    private let receipts = Mutex<[PartReceipt]>([])

    func add(_ receipt: PartReceipt) { receipts.withLock { $0.append(receipt) } }

    var inOrder: [PartReceipt] { receipts.withLock { $0.sorted { $0.number < $1.number } } }
}

extension S3Session {
    /// Begins a multipart upload. Its id, and whether it was tried more than once.
    fileprivate func createUpload(_ key: String, nonce: String, stop: StopSignal?) throws(BackupError) -> (String, Bool)
    {
        var operation = S3Operation("begin the upload of \(key)", "POST", key: key, query: [("uploads", "")])
        operation.isSentOnce = true
        operation.headers = configuration.objectHeaders + [(Self.nonceHeader, nonce)]
        if configuration.sendsChecksums { operation.headers.append(("x-amz-checksum-algorithm", "SHA256")) }
        var wasRepeated = false
        do throws(S3Problem) {
            let id = try perform(
                operation, stop: stop, read: { (answer) throws(S3Failure) in try S3Answers.uploadID(answer) },
                beforeRetry: { _, _ in
                    wasRepeated = true
                    return nil
                })
            return (id, wasRepeated)
        } catch {
            throw error.meaning.asRefusal
        }
    }
}

extension BackupError {
    /// What is "not found" when something is to be written is the bucket, and that is a refusal.
    var asRefusal: BackupError { code == .notFound ? BackupError(.storageRefused, message, cause: cause) : self }
}
