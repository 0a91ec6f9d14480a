import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL
import NIOTLS

/// Stands between the HTTP parser and the application on every connection: keeps the deadlines that neither of them has,
/// answers what does not parse, and ends a connection whose request was answered before it was read.
///
/// It lives on its connection's event loop; ``peer`` is what others may have of it.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What this connection is counted as.
    private enum Standing { case new, unproven, anonymous, proven, gone }

    private let limits: ServerLimits
    private let census: ConnectionCensus
    private var standing = Standing.new
    private var origin = ""
    private let presence = PeerPresence()
    private var certificate: [UInt8]?
    private var handshakeDeadline: Scheduled<Void>?
    private var requestDeadline: Scheduled<Void>?
    private var answerDeadline: Scheduled<Void>?
    /// Set while what is left of an answered request is read and dropped.
    private var lingerDeadline: Scheduled<Void>?
    /// A request's head has come, and its end has not.
    private var isReading = false
    /// Requests of which the head has come and the answer has not gone.
    private var open = 0
    /// An answer's head has gone, and its end has not.
    private var isAnswering = false
    private var closesAfterAnswer = false
    private var isClosing = false

    init(limits: ServerLimits, census: ConnectionCensus) { (self.limits, self.census) = (limits, census) }

    var peer: Peer { Peer(certificate: certificate, presence: presence) }

    func handlerAdded(context: ChannelHandlerContext) {
        origin = AddressThrottle.origin(context.remoteAddress?.ipAddress ?? "unknown")
        standing = .unproven
        handshakeDeadline = close(context, after: census.enter(origin) ? limits.handshake : .zero)
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        for deadline in [handshakeDeadline, requestDeadline, answerDeadline, lingerDeadline] { deadline?.cancel() }
        presence.leave()
        if standing == .unproven || standing == .anonymous { census.leave(origin) }
        if standing == .anonymous { census.leaveAnonymous() }
        standing = .gone
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            handshakeDeadline?.cancel()
            do {
                certificate = try context.pipeline.syncOperations.nioSSL_peerCertificate()?.toDERBytes()
                try identify()
            } catch {
                context.close(promise: nil)
            }
        case ChannelEvent.inputClosed:
            presence.leave()
            if lingerDeadline != nil { context.close(promise: nil) }
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Throws when there is no room for one more that does not say who it is.
    private func identify() throws {
        guard standing == .unproven else { return }
        if certificate == nil {
            standing = .anonymous
            guard census.stayAnonymous() else { throw ChannelError.ioOnClosedChannel }
        } else {
            standing = .proven
            census.leave(origin)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else {
            if case .end = unwrapInboundIn(data) { restIsRead(context) }
            return
        }
        switch unwrapInboundIn(data) {
        case .head(let head):
            isReading = true
            open += 1
            requestDeadline?.cancel()
            requestDeadline = refuse(context, after: limits.request)
            if head.headerFields[.expect]?.lowercased() == "100-continue" {
                let proceed = HTTPResponse(status: .continue)
                context.writeAndFlush(wrapOutboundOut(.head(proceed)), promise: nil)
            }
        case .body: break
        case .end:
            isReading = false
            requestDeadline?.cancel()
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow:
            refuse(context, .headersTooLarge)
        case is HTTPParserError, is HTTP1TypeConversionError:
            refuse(context, .malformedRequest)
        default:
            // The transport failed: there is nobody to tell.
            presence.leave()
        }
        // The application's reading ends with this error; whatever it still writes is dropped below.
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isClosing else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(var head):
            isAnswering = true
            answerDeadline = close(context, after: limits.answer)
            // Bytes of the request that nobody wants must not be taken for the next one, nor be waited for.
            if isReading { head.headerFields[.connection] = "close" }
            closesAfterAnswer = head.headerFields[.connection] == "close"
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end: writeEnd(context, data, promise)
        }
    }

    private func writeEnd(_ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?) {
        let gone = promise ?? context.eventLoop.makePromise(of: Void.self)
        let (closes, deadline) = (closesAfterAnswer, answerDeadline)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        gone.futureResult.whenComplete { _ in
            deadline?.cancel()
            let (guardian, context) = bound.value
            if closes { guardian.closeOnceRead(context) }
        }
        isAnswering = false
        open = max(0, open - 1)
        isClosing = closes
        if closes { requestDeadline?.cancel() }
        context.write(data, promise: gone)
        if closes { context.flush() }
    }

    // MARK: Ending

    /// To close while bytes of the request are unread makes the kernel send a reset, which can overtake the answer (RFC 9112,
    /// section 9.6). So they are read and dropped first, for a while.
    private func closeOnceRead(_ context: ChannelHandlerContext) {
        if isReading {
            lingerDeadline = close(context, after: limits.linger)
        } else {
            context.close(promise: nil)
        }
    }

    private func restIsRead(_ context: ChannelHandlerContext) {
        isReading = false
        if lingerDeadline != nil { context.close(promise: nil) }
    }

    // MARK: Refusing

    private func close(_ context: ChannelHandlerContext, after time: Duration) -> Scheduled<Void> {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        return context.eventLoop.scheduleTask(in: TimeAmount(time)) { bound.value.close(promise: nil) }
    }

    private func refuse(_ context: ChannelHandlerContext, after time: Duration) -> Scheduled<Void> {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        return context.eventLoop.scheduleTask(in: TimeAmount(time)) {
            let (guardian, context) = bound.value
            guardian.refuse(context, .requestTooSlow)
        }
    }

    /// Answers in the application's place, when nothing of an answer has gone yet, and ends the connection.
    private func refuse(_ context: ChannelHandlerContext, _ refusal: Refusal) {
        guard !isClosing else { return }
        presence.leave()
        isClosing = true
        // An earlier request is still at work, or half answered: a second answer would be taken for the first.
        guard !isAnswering, open <= (isReading ? 1 : 0) else {
            context.close(promise: nil)
            return
        }
        let (head, body) = refusal.parts
        let gone = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        gone.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        answerDeadline = close(context, after: limits.answer)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: gone)
    }
}

/// What the application may know of the other end.
struct Peer: Sendable {
    /// DER of the certificate that it showed; it was issued by our authority and in its time when the connection began.
    let certificate: [UInt8]?
    let presence: PeerPresence
}
