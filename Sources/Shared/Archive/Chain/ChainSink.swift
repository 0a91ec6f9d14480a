package import Domain

/// One destination's end of a chain: takes the stored bytes in order.
///
/// Used by one thread of its own until ``Chain/run(from:to:stop:)`` returns, then again by the caller, who completes or
/// aborts what the sink writes to. Blocking in `write` is right, and is how a slow destination slows the dump; but it
/// must end soon after the run was told to stop, since the run waits for it.
package protocol ChainSink: AnyObject {
    /// Takes the next bytes, valid only during the call. After it threw, it is not called again.
    func write(_ bytes: UnsafeRawBufferPointer) throws(BackupError)
}
